"""Keeps the lines that an import could not take in a file of their own, to be mended and imported by itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyanamo_tui.errors import BadInput
from pyanamo_tui.workflow.importfile import ProblemLine
from pyanamo_tui.workflow.importheader import Header


@contextmanager
def rejects_file(path: str | Path | None, header: Header) -> Iterator[Callable[[ProblemLine], None] | None]:
    """Writes rejected lines beside the file, whole or not at all; no file where there is none.

    Raises:
        BadInput: it cannot be written.
    """
    if path is None:
        yield None
        return
    final = Path(path)
    new = final.with_name(f".{final.name}.{os.getpid()}-{threading.get_ident()}.new")
    count = 0
    try:
        with new.open("wb") as file:
            file.write(header.delimiter.join(header.columns).encode() + b"\n")

            def rejected(line: ProblemLine) -> None:
                nonlocal count
                count += 1
                file.write(line.raw.rstrip(b"\r\n") + b"\n")

            yield rejected
        if count:
            new.replace(final)
    except OSError as error:
        raise BadInput(
            f"{final} cannot be written: {error.strerror or error}", "Name another file for rejects."
        ) from error
    finally:
        new.unlink(missing_ok=True)

"""Keeps the lines that an import could not take in a file of their own, to be mended and imported by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from pyanamo_tui.core.importresult import ImportRefused
from pyanamo_tui.core.wholefile import whole_file
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
    with ExitStack() as stack:
        file: IO[bytes] | None = None

        def rejected(line: ProblemLine) -> None:
            nonlocal file
            if file is None:
                file = stack.enter_context(whole_file(path))
                file.write(header.delimiter.join(header.columns).encode() + b"\n")
            file.write(line.raw.rstrip(b"\r\n") + b"\n")

        try:
            yield rejected
        except ImportRefused:
            # The file was read to its end: these are all of its lines that need mending.
            stack.close()
            raise

"""Writes a file whole or not at all: a crash, a full disk or Ctrl-C never leaves half of one under its name."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pyanamo_tui.errors import BadInput


@contextmanager
def whole_file(path: str | Path, *, overwrite: bool = True) -> Iterator[IO[bytes]]:
    """A new binary file that takes its name only when everything is in it and on the disk.

    Args:
        path: its name. A pipe or device of this name is written to as it is.
        overwrite: replace a file that is there.

    Raises:
        BadInput: there is one already, it is a folder, or it cannot be written.
    """
    final = Path(path)
    try:
        if final.is_dir():
            raise BadInput(f"{final} is a folder", "Name a file in it.")
        if final.exists() and not final.is_file():
            with final.open("wb") as file:
                yield file
            return
        if final.exists() and not overwrite:
            raise BadInput(f"There is a file {final} already", "Name another one, or remove it.")
        new = final.with_name(f".{final.name[:200]}.{os.getpid()}-{threading.get_ident()}.new")
        try:
            with new.open("w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            new.replace(final)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{final} cannot be written: {error.strerror or error}", "Name another file.") from error

"""Opens what is to be imported so that it can be read twice, and knows it again after a crash.

A regular file is read in place. Standard input and pipes are first copied to a temporary file, since a file is checked
whole before the first item of it is written.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from pyanamo_tui.errors import BadInput

STANDARD_INPUT: Final = "-"
LINE_BYTES: Final = 4 * 1024 * 1024
"""Bytes of a line that are looked at. An item of 400 KB takes six times that in an export at the most."""
_HEAD_BYTES: Final = 64 * 1024
_PACKED: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_UNPACK: Final = {"gzip": "gzip -dc", "bzip2": "bzip2 -dc", "xz": "xz -dc", "zip": "unzip -p", "zstd": "zstd -dc"}

_EMPTY_HINT: Final = {
    "import": "It needs a header line: itemID|TaskID|TaskScript",
    "restore": "Give a file that `pyanamo-tui export` wrote.",
}


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Which file, and whether it is still the one it was: resolved path, bytes, time of change, digest of its head."""

    path: str
    size: int
    changed_ns: int
    head: str


@dataclass(frozen=True, slots=True)
class Source:
    """An open input. `identity` is None for standard input and pipes, which cannot be resumed."""

    name: str
    size: int
    identity: FileIdentity | None
    file: IO[bytes]

    def lines(self) -> Iterator[bytes]:
        """Every line from the start, with its end. Of a line over 4 MB only the first part is given."""
        self.file.seek(0)
        while line := self.file.readline(LINE_BYTES):
            yield line
            while len(line) == LINE_BYTES and not line.endswith(b"\n"):
                line = self.file.readline(LINE_BYTES)

    def unchanged(self) -> bool:
        """Whether the file is the one that was opened, so far as its size and time tell."""
        if self.identity is None:
            return True
        now = os.fstat(self.file.fileno())
        return (now.st_size, now.st_mtime_ns) == (self.identity.size, self.identity.changed_ns)


@contextmanager
def opened(path: str | Path, command: str = "import") -> Iterator[Source]:
    """Open a file, or standard input for `-`. `command` is what reads it, for hints.

    Raises:
        BadInput: it is not there, is a folder, cannot be read, is empty or compressed; says which and what to do.
    """
    if str(path) == STANDARD_INPUT:
        with _copied(sys.stdin.buffer, "standard input") as source:
            yield _checked(source, command)
        return
    with _open(Path(path)) as file:
        told = os.fstat(file.fileno())
        if not stat.S_ISREG(told.st_mode):
            with _copied(file, str(path)) as source:
                yield _checked(source, command)
            return
        head = hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()
        identity = FileIdentity(str(Path(path).resolve()), told.st_size, told.st_mtime_ns, head)
        yield _checked(Source(str(path), told.st_size, identity, file), command)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise BadInput(f"There is no file {path}", "Check the path.") from None
    except IsADirectoryError:
        raise BadInput(f"{path} is a folder", "Name one file in it.") from None
    except PermissionError:
        raise BadInput(f"{path} may not be read", f"Check its permissions: ls -l {path}") from None
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", "Check the path."
        ) from None


@contextmanager
def _copied(stream: IO[bytes], name: str) -> Iterator[Source]:
    with tempfile.TemporaryFile(prefix="pyanamo-import-") as copy:
        try:
            shutil.copyfileobj(stream, copy)
            size = copy.tell()
        except OSError as error:
            raise BadInput(f"{name} cannot be read: {error.strerror or error}", "Give it as a file.") from error
        yield Source(name, size, None, copy)


def _checked(source: Source, command: str) -> Source:
    source.file.seek(0)
    head = source.file.read(8)
    if not head:
        raise BadInput(f"{source.name} is empty", _EMPTY_HINT.get(command, ""))
    packed = next((kind for mark, kind in _PACKED.items() if head.startswith(mark)), None)
    if packed is not None:
        raise BadInput(
            f"{source.name} is compressed ({packed})",
            f"Unpack it on the way: {_UNPACK[packed]} FILE | pyanamo-tui {command} -",
        )
    return source

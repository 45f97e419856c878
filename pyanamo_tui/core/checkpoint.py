"""Remembers how far an import has come, so that the same command goes on from there after a crash.

One small file of JSON in the state folder for each input file and table, replaced atomically, and gone when the import
is complete. It counts only for the very same file (size, time, head) and the very same table (ARN and time of making).
Beside it a lock file keeps a second import of the same file on this host away; it ends with its process.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from pyanamo_tui.core.importsource import FileIdentity
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.settings import state_path

_FORMAT: Final = 1


class ImportRunning(PyanamoError):
    """Another process of this host imports the same file into the same table."""

    def __init__(self, path: str, pid: str) -> None:
        super().__init__(
            f"{path} is being imported into this table already" + (f", by process {pid}" if pid else ""),
            "Wait until it has ended; then the same command goes on with what is left.",
        )


class CheckpointUnwritable(PyanamoError):
    """The state folder cannot be written, so that an import could not be resumed."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"{path} cannot be written: {error.strerror or error}",
            "Free some disk space or mend its permissions, or set XDG_STATE_HOME to another folder.",
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an import has come.

    Attributes:
        line, end: everything up to this line, and up to this byte, is dealt with.
        sent_to: lines after this one were never sent.
        written, skipped, failed: what came of the items up to `line`, over all runs.
        actions: these runs in the journal.
    """

    line: int = 0
    end: int = 0
    sent_to: int = 0
    written: int = 0
    skipped: int = 0
    failed: int = 0
    actions: tuple[str, ...] = ()


class Checkpoint:
    """Where an import of one file into one table stands. Hold it with `held` while writing.

    Args:
        identity: the file.
        table: what tells the table from every other: its ARN, time of making and endpoint.
        terms: how the file is read and what becomes of existing items: an import on other terms begins anew.
        folder: where checkpoints are; None for the state folder.
    """

    def __init__(
        self,
        identity: FileIdentity,
        table: tuple[str, ...],
        *,
        terms: tuple[str, ...] = (),
        folder: Path | None = None,
    ) -> None:
        self._terms = list(terms)
        self._identity = identity
        self._table = table
        self._folder = folder or state_path() / "imports"
        key = hashlib.sha256("\0".join((identity.path, *table)).encode(errors="surrogateescape")).hexdigest()[:32]
        self.path = self._folder / f"{key}.json"
        self._lock_path = self._folder / f"{key}.lock"

    def read(self) -> Mark | None:
        """How far an earlier run came; None if there was none, or the file has changed since."""
        try:
            held = json.loads(self.path.read_bytes())
            if held.get("format") != _FORMAT or held.get("file") != asdict(self._identity):
                return None
            if held.get("terms") != self._terms:
                return None
            mark = Mark(**held["mark"])
            return replace(mark, actions=tuple(mark.actions))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            # No checkpoint that could be used: the import begins at the first line, and finds what is there.
            return None

    def write(self, mark: Mark) -> None:
        """Remember this from now on, also after a crash of the machine.

        Raises:
            CheckpointUnwritable: it cannot be kept.
        """
        held = {
            "format": _FORMAT,
            "file": asdict(self._identity),
            "table": self._table,
            "terms": self._terms,
            "mark": asdict(mark),
        }
        try:
            descriptor, name = tempfile.mkstemp(prefix=self.path.stem, suffix=".new", dir=self._folder)
            try:
                with os.fdopen(descriptor, "w") as file:
                    json.dump(held, file)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            raise CheckpointUnwritable(self.path, error) from error

    def clear(self) -> None:
        """Forget it: the import is complete."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process of this host from importing this file into this table.

        Raises:
            ImportRunning: one does.
            CheckpointUnwritable: the state folder cannot be used.
        """
        descriptor = self._take()
        try:
            yield
        finally:
            with suppress(OSError):
                self._lock_path.unlink()
            os.close(descriptor)

    def _take(self) -> int:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            while True:
                descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pid = os.read(descriptor, 20).decode("ascii", "replace").strip()
                    os.close(descriptor)
                    raise ImportRunning(self._identity.path, pid) from None
                except OSError:
                    # A file system without locks: two imports at once share the work, and overwrite nothing.
                    return descriptor
                if self._is_still(descriptor):
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, str(os.getpid()).encode())
                    return descriptor
                os.close(descriptor)
        except OSError as error:
            raise CheckpointUnwritable(self._lock_path, error) from error

    def _is_still(self, descriptor: int) -> bool:
        """Whether the lock file is the one that was opened: whoever held it before may have removed it."""
        try:
            return os.stat(self._lock_path).st_ino == os.fstat(descriptor).st_ino
        except FileNotFoundError:
            return False

"""One action's file in the journal: how it is written so that a crash loses nothing, and how it is read back.

Lines of JSON, in this order, each kind many times but the first and last:

    {"journal":1,"id":...,"action":...,...}        what, when, who, how many
    {"p":7,"item":id,"before":{...},"set":{...},"remove":[...]}   item as it was, and what the write leaves of it:
        before null: there was none; "gone":true in place of "set": it is deleted
    {"o":[[7,"changed"],[8,"skipped","why"],[null,"skipped","why","id"]]}   what came of it
    {"end":{"status":"finished","changed":...}}

Pre-images are on the disk (fsync) before their writes are sent, a batch at a time. Outcomes are not waited for: an
item with a pre-image and no outcome is decided by looking at the item. While an action runs its file is locked
(flock), which ends with the process however it ends.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from pyanamo_tui.core.plan import Step, asked_words
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.workflow import dynamojson
from pyanamo_tui.workflow.schema import Record

_FORMAT: Final = 1
_TAIL_BYTES: Final = 4096


class JournalUnwritable(PyanamoError):
    """The journal cannot be written, so that nothing (more) may be changed."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"The journal {path} cannot be written: {error.strerror or error}",
            "Nothing is changed without it: free some disk space or mend its permissions, then run it again.",
        )


class ActionStatus(StrEnum):
    """How an action stands."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    STOPPED = "stopped by an error"
    INTERRUPTED = "interrupted"


class Fate(StrEnum):
    """What came of one item of an action."""

    CHANGED = "changed"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNSENT = "not started"


@dataclass(frozen=True, slots=True)
class ActionHeader:
    """What was asked, when (epoch seconds) and by whom."""

    id: str
    at: float
    who: str
    action: str
    detail: Mapping[str, str]
    total: int
    table: str
    region: str
    account: str | None = None
    undoes: str | None = None

    @property
    def words(self) -> str:
        """What was done, when (local time), by whom, and what was asked: for somebody who may take it back."""
        asked = asked_words(self.detail)
        made = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.at))
        return f"{self.action}, {made}, by {self.who}" + (f": {asked}" if asked else "")


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of an action: as it was, and as the action's write leaves it; None: no such item."""

    number: int
    item_id: str
    before: Record | None
    after: Record | None


@dataclass(frozen=True, slots=True)
class Noted:
    """The outcome of one item: `number` is its Entry's, None where there was nothing to write."""

    number: int | None
    item_id: str
    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True)
class ActionCounts:
    """Items by outcome; `unknown` have a pre-image and no outcome."""

    status: ActionStatus
    changed: int = 0
    skipped: int = 0
    failed: int = 0
    not_started: int = 0
    unknown: int = 0


class ActionWriter:
    """Appends to one action's file. Safe to use from several threads."""

    _open: ClassVar[set[str]] = set()

    def __init__(self, path: Path, descriptor: int, header: ActionHeader) -> None:
        self.id = header.id
        self.path = path
        self._file = descriptor
        self._lock = threading.Lock()
        self._next = 0
        self._size = 0
        self._open.add(self.id)

    @classmethod
    def any_open(cls) -> bool:
        """Whether any action of this process is under way."""
        return bool(cls._open)

    @classmethod
    def create(cls, path: Path, header: ActionHeader) -> ActionWriter:
        """Make the file, locked and on the disk.

        Raises:
            JournalUnwritable: it cannot be made or written.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalUnwritable(path, error) from error
        _lock(descriptor, fcntl.LOCK_EX)
        writer = cls(path, descriptor, header)
        try:
            writer._append([{"journal": _FORMAT, **asdict(header)}])
            writer._sync()
            folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            writer.close()
            raise JournalUnwritable(path, error) from error
        except JournalUnwritable:
            writer.close()
            raise
        return writer

    def before(self, steps: Sequence[Step]) -> range:
        """Note the items as they are, on the disk before this returns; gives the steps' numbers, in their order.

        Raises:
            JournalUnwritable: none of these writes may be sent.
        """
        with self._lock:
            numbers = range(self._next, self._next + len(steps))
            self._next = numbers.stop
            self._append(_pre_image(number, step) for number, step in zip(numbers, steps, strict=True))
        self._sync()
        return numbers

    def outcomes(self, noted: Iterable[Noted]) -> None:
        """Note what came of some items.

        Raises:
            JournalUnwritable: it could not be noted; undo will look at the items instead.
        """
        told: list[list[object]] = []
        for one in noted:
            line: list[object] = [one.number, one.fate]
            if one.why or one.number is None:
                line.append(one.why)
            if one.number is None:
                line.append(one.item_id)
            told.append(line)
        if told:
            with self._lock:
                self._append([{"o": told}])

    def end(self, counts: ActionCounts) -> None:
        """Note the end and close the file.

        Raises:
            JournalUnwritable: the action will be listed as interrupted.
        """
        try:
            with self._lock:
                self._append([{"end": asdict(counts)}])
            self._sync()
        finally:
            self.close()

    def close(self) -> None:
        """Give the file and its lock back."""
        self._open.discard(self.id)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def size_bytes(self) -> int:
        """Bytes written so far."""
        return self._size

    def _append(self, lines: Iterable[object]) -> None:
        data = "".join(dynamojson.dumps(line) + "\n" for line in lines).encode("ascii")
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            # A line cut short by a full disk would swallow the next one.
            os.ftruncate(self._file, self._size)
            raise JournalUnwritable(self.path, error) from error
        self._size += len(data)

    def _sync(self) -> None:
        try:
            os.fsync(self._file)
        except OSError as error:
            raise JournalUnwritable(self.path, error) from error


def _lock(descriptor: int, kind: int) -> bool:
    """Lock a file; False if another process holds it and `kind` does not wait."""
    try:
        fcntl.flock(descriptor, kind)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: a running action is then listed as interrupted, and nothing else differs.
        return True
    return True


def _pre_image(number: int, step: Step) -> dict[str, object]:
    line: dict[str, object] = {"p": number, "item": step.item_id, "before": step.before}
    if step.after is None:
        return {**line, "gone": True}
    before = step.before or {}
    changed = {name: value for name, value in step.after.items() if before.get(name) != value}
    return {**line, "set": changed, "remove": [name for name in before if name not in step.after]}


def _entry(line: dict[str, Any]) -> Entry:
    before = cast("Record | None", line["before"])
    after: Record | None = None
    if not line.get("gone"):
        gone = set(line["remove"])
        after = {name: value for name, value in (before or {}).items() if name not in gone}
        after.update(cast("Record", line["set"]))
    return Entry(number=line["p"], item_id=line["item"], before=before, after=after)


class ActionFile:
    """One action as the journal holds it. Whatever its size, reading it takes memory for its ids and outcomes only."""

    def __init__(self, path: Path, header: ActionHeader) -> None:
        self.path = path
        self.header = header

    @classmethod
    def open(cls, path: Path) -> ActionFile | None:
        """The action of a file, or None if there is no such file or its first line never reached the disk."""
        try:
            with path.open("rb") as file:
                first = file.readline()
        except FileNotFoundError:
            return None
        line = _parsed(first)
        if line is None or line.pop("journal", None) != _FORMAT:
            return None
        try:
            return cls(path, ActionHeader(**line))
        except TypeError:
            # A header with other fields is none of ours.
            return None

    @property
    def size_bytes(self) -> int:
        """What it takes on disk."""
        return self.path.stat().st_size

    def running(self) -> bool:
        """Whether the process that makes this action is still at it."""
        with self.path.open("rb") as file:
            return not _lock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)

    def counts(self) -> ActionCounts:
        """Items by outcome: from the end line where there is one, else counted."""
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
        last = _parsed(tail.rstrip(b"\n").rpartition(b"\n")[2]) if tail.endswith(b"\n") else None
        if last is not None and "end" in last:
            ended = dict(last["end"])
            return ActionCounts(**{**ended, "status": ActionStatus(ended["status"])})
        return self._counted()

    def _counted(self) -> ActionCounts:
        known: dict[Fate, int] = dict.fromkeys(Fate, 0)
        prepared = decided = 0
        for _, line in self._lines():
            if "p" in line:
                prepared += 1
            for told in line.get("o", ()):
                known[Fate(told[1])] += 1
                decided += told[0] is not None
        status = ActionStatus.RUNNING if self.running() else ActionStatus.INTERRUPTED
        unknown = prepared - decided
        seen = known[Fate.CHANGED] + known[Fate.SKIPPED] + known[Fate.FAILED] + unknown
        return ActionCounts(
            status=status,
            changed=known[Fate.CHANGED],
            skipped=known[Fate.SKIPPED],
            failed=known[Fate.FAILED],
            not_started=max(0, self.header.total - seen),
            unknown=unknown,
        )

    def fates(self) -> dict[int, Fate]:
        """The outcome of each Entry by its number; an Entry that is not in it has none."""
        told = (told for _, line in self._lines() for told in line.get("o", ()))
        return {number: Fate(fate) for number, fate, *_ in told if number is not None}

    def outcomes(self) -> Iterator[Noted]:
        """The outcome of each item, as it was noted; `item_id` only where there was nothing to write."""
        for _, line in self._lines():
            for number, fate, *more in line.get("o", ()):
                why, item_id = (*more, "", "")[:2]
                yield Noted(number, item_id, Fate(fate), why)

    def entries(self) -> Iterator[Entry]:
        """Every item that had a pre-image, in the order of writing."""
        return (_entry(line) for _, line in self._lines() if "p" in line)

    def offsets(self) -> dict[int, tuple[str, int]]:
        """For each Entry by its number: the item's id, and where in the file its line begins."""
        return {line["p"]: (line["item"], offset) for offset, line in self._lines() if "p" in line}

    def entry_at(self, offset: int) -> Entry:
        """The Entry whose line begins there (from `offsets`)."""
        with self.path.open("rb") as file:
            file.seek(offset)
            line = _parsed(file.readline())
        if line is None or "p" not in line:
            raise ValueError(f"No entry begins at {offset} of {self.path}")
        return _entry(line)

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each whole line with its place; a torn one is passed over."""
        offset = 0
        with self.path.open("rb") as file:
            for raw in file:
                line = _parsed(raw)
                if line is not None:
                    yield offset, line
                offset += len(raw)


def _parsed(raw: bytes) -> dict[str, Any] | None:
    if not raw.strip():
        return None
    try:
        line = dynamojson.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None

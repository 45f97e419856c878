"""Keeps the log of one run: whole in the item when small, else its tail there and the whole where large logs are kept.

Nothing here may fail an item or a worker: where a store refuses, the log's `Status` says what is not kept and why.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pyanamo_tui.aws.logstore import LogStore
from pyanamo_tui.engine.runner import Ended, Ending, Output, read_tail
from pyanamo_tui.errors import Interrupted, PyanamoError
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import LogEntry
from pyanamo_tui.workflow.printable import decode_output
from pyanamo_tui.workflow.sizes import value_bytes

IN_ITEM: Final = 2_000
"""Bytes of a stream that stay in the item, whole or as its tail (docs/wire-format.md, "Logs")."""
IN_CLOUDWATCH: Final = 10_000_000
"""Bytes of a stream that go to CloudWatch Logs; above, to S3."""
ENTRY_ROOM: Final = 8_000
"""Bytes of a log entry of a single item: both tails, and where the whole is."""
_ENTRY_OVERHEAD: Final = 700
"""Bytes of an entry besides its two texts, where it names two stores."""
_SPARE_AFTER_REFUSAL: Final = 60.0
_LOOK_EVERY: Final = 0.2
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A log as it goes into the item; `lines` of the whole stdout; `stderr_tail` for the failure's signature."""

    log: LogEntry
    lines: int = 0
    stderr_tail: str = ""


def status_of(ended: Ended) -> str:
    """How a run ended, in one sentence for `Status`."""
    code = f"(exit code {ended.exit_code})"
    match ended.ending:
        case Ending.EXITED if ended.ok:
            return "Done: exit code 0"
        case Ending.EXITED:
            return f"Failed: exit code {ended.exit_code}"
        case Ending.SIGNALLED:
            return f"Failed: killed by {ended.detail} {code}"
        case Ending.TIMED_OUT:
            return f"Failed: timed out after {ended.detail} {code}"
        case Ending.UNUSABLE:
            return f"Failed: {ended.detail}"
        case _:
            return f"Failed: {ended.ending}: {ended.detail} {code}"


def reason_of(ended: Ended) -> str:
    """How a run ended when not by exiting, as failures are grouped by; empty when it exited or was killed."""
    if ended.ending == Ending.TIMED_OUT:
        return f"timed out after {ended.detail}"
    if ended.ending in {Ending.EXITED, Ending.SIGNALLED}:
        return ""
    return f"{ended.ending}: {ended.detail}"


def cut_front(text: str, limit: int) -> str:
    """The end of a text that fits so many bytes of UTF-8, from the start of a line where there is one."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    if limit <= 0:
        return ""
    end = encoded[-limit:].decode(errors="ignore")
    _, newline, whole_lines = end.partition("\n")
    return whole_lines if newline and whole_lines else end


def count_lines(path: Path) -> int:
    """Lines of a file, an unfinished last one included; reads it in pieces."""
    lines, last = 0, b"\n"
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_READ_BYTES):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines + (last != b"\n")


def fitted(log: LogEntry, room: int) -> LogEntry:
    """A log entry cut to so many bytes of the item: earlier attempts go first, places of logs last."""
    over = value_bytes(schema.write_log(log)) - room
    if over > 0 and log.earlier:
        log = replace(log, earlier=())
        over = value_bytes(schema.write_log(log)) - room
    if over > 0:
        out, err = len(log.stdout.encode()), len(log.stderr.encode())
        keep = max(0, out + err - over)
        kept_err = min(err, max(keep // 2, keep - out))
        log = replace(log, stderr=cut_front(log.stderr, kept_err), stdout=cut_front(log.stdout, keep - kept_err))
        over = value_bytes(schema.write_log(log)) - room
    for shorter in (
        {"status": log.status[:80]},
        {"stderr_uri": None},
        {"uri": None, "started_at": None, "status": log.status[:24]},
    ):
        if over > 0:
            log = replace(log, **shorter)
            over = value_bytes(schema.write_log(log)) - room
    return log


class LogKeeper:
    """Decides where each log goes. Safe to share between threads.

    Args:
        store: where large logs go.
        cancelled: whether an upload must stop now.
        clock: monotonic seconds.
    """

    def __init__(
        self, store: LogStore, cancelled: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._cancelled = cancelled
        self._clock = clock
        self._lock = threading.Lock()
        self._refusals: dict[str, tuple[float, str]] = {}

    def without_output(self, ended: Ended, attempt: int) -> Kept:
        """The log of a command that never started."""
        return Kept(_entry(status_of(ended), ended, attempt))

    def keep(self, ended: Ended, output: Output, names: Sequence[str], *, attempt: int, room: int = ENTRY_ROOM) -> Kept:
        """Keep what a run wrote.

        Args:
            ended: how it ended.
            output: its files.
            names: what makes the names of stored logs unique: table, item, task, attempt.
            attempt: the item's attempt, from 1.
            room: bytes of the item that the entry may take.
        """
        out_size, err_size = (os.fstat(descriptor).st_size for descriptor in output.descriptors)
        out_tail, err_tail = (decode_output(tail) for tail in output.tail(IN_ITEM + 1))
        out_room, err_room = _rooms(room, len(out_tail.encode()), len(err_tail.encode()))
        notes: list[str] = [] if ended.ok or output.has_room else ["the disk for its output is full"]
        out_uri = err_uri = None
        if out_size > IN_ITEM or len(out_tail.encode()) > out_room:
            out_uri, note = self._put([*names, "stdout"], output.stdout, out_size)
            notes.append(note)
        if err_size > IN_ITEM or len(err_tail.encode()) > err_room:
            err_uri, note = self._put([*names, "stderr"], output.stderr, err_size)
            notes.append(note)
        entry = replace(
            _entry("; ".join([status_of(ended), *filter(None, notes)]), ended, attempt),
            stdout=cut_front(out_tail, out_room),
            stderr=cut_front(err_tail, err_room),
            uri=out_uri,
            stderr_uri=err_uri,
        )
        lines = _lines_of(output.stdout, out_size, out_tail)
        return Kept(fitted(entry, room), lines, err_tail or out_tail)

    def _put(self, names: Sequence[str], path: Path, size: int) -> tuple[str | None, str]:
        """Store one stream; gives where it is, and a note on what is not kept (empty when all is)."""
        what = names[-1]
        note = ""
        if size > IN_CLOUDWATCH and self._store.bucket is not None:
            uri, why = self._try("S3", lambda: self._store.to_s3(names, path, cancelled=self._cancelled))
            if uri is not None:
                return uri, ""
            note = f"S3: {why}; "
        start = max(0, size - IN_CLOUDWATCH)
        uri, why = self._try(
            "CloudWatch Logs",
            lambda: self._store.to_cloudwatch(names, path, start=start, cancelled=self._cancelled),
        )
        if uri is None:
            return None, f"{what} ({_size(size)}) is kept by its last lines only: {note}CloudWatch Logs: {why}"
        if start:
            why = note or "no bucket is given, "
            return uri, f"{what} ({_size(size)}) is kept by its last {_size(IN_CLOUDWATCH)} only: {why}see Log_URI"
        return uri, ""

    def _try(self, store: str, put: Callable[[], str]) -> tuple[str | None, str]:
        """Try a store, but not again for a minute after it refused: each refusal can cost many seconds."""
        with self._lock:
            until, why = self._refusals.get(store, (0.0, ""))
        if self._clock() < until:
            return None, why
        try:
            return self._unless_cancelled(put), ""
        except Interrupted as stopped:
            return None, stopped.message
        except PyanamoError as error:
            why = error.message
        except OSError as error:
            return None, f"it could not be read back: {error.strerror}"
        with self._lock:
            self._refusals[store] = (self._clock() + _SPARE_AFTER_REFUSAL, why)
        return None, why

    def _unless_cancelled(self, put: Callable[[], str]) -> str:
        """Put a log, but do not wait for a store that does not answer when the engine has to stop."""
        answer: Future[str] = Future()

        def work() -> None:
            try:
                answer.set_result(put())
            except BaseException as problem:
                # Raised again where it is waited for.
                answer.set_exception(problem)

        threading.Thread(target=work, name="log-upload", daemon=True).start()
        while not wait([answer], _LOOK_EVERY).done:
            if self._cancelled():
                raise Interrupted("The log was not kept whole: the engine had to stop")
        return answer.result()


def _entry(status: str, ended: Ended, attempt: int) -> LogEntry:
    return LogEntry(
        status=status,
        exit_code=ended.exit_code,
        attempt=attempt,
        started_at=round(ended.started_at, 3),
        finished_at=round(ended.finished_at, 3),
    )


def _rooms(room: int, out: int, err: int) -> tuple[int, int]:
    """Bytes for the tails of stdout and stderr: half each, and what one does not need goes to the other."""
    total = max(0, min(2 * IN_ITEM, room - _ENTRY_OVERHEAD))
    half = total // 2
    out_room = min(IN_ITEM, max(half, total - err))
    return out_room, min(IN_ITEM, max(half, total - min(out, out_room)))


def _lines_of(path: Path, size: int, tail: str) -> int:
    if size <= IN_ITEM:
        return tail.count("\n") + (bool(tail) and not tail.endswith("\n"))
    try:
        return count_lines(path)
    except OSError:
        # The disk failed under us; the count is a convenience and the outcome is not.
        return tail.count("\n")


def _size(size: int) -> str:
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def last_lines(descriptor: int, limit: int) -> str:
    """The end of a running task's stream as text, in so many bytes of UTF-8."""
    return cut_front(decode_output(read_tail(descriptor, limit)), limit)

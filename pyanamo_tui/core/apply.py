"""Applies a Plan: reads items, journals them as they are, writes them, a batch at a time in several threads.

Every item gets an outcome; a changed one is skipped; what AWS refuses or cannot be asked fails and can be run again.
Memory is bounded by the batches in flight, whatever the number of items.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pyanamo_tui.aws.items import GET_BATCH, ItemChanged, Items
from pyanamo_tui.core.journalfile import ActionCounts, ActionStatus, ActionWriter, Fate, JournalUnwritable, Noted
from pyanamo_tui.core.plan import ActionResult, Cancelled, ItemOutcome, Plan, Progress, Step
from pyanamo_tui.errors import (
    CredentialsError,
    PermissionDenied,
    PyanamoError,
    ReadOnly,
    ServiceUnavailable,
    TableNotFound,
    Throttled,
)
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.dynamojson import same
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.transitions import Refused

WORKERS: Final = 16
FIRST_BATCH: Final = 25
BATCH_BYTES: Final = 2 * 1024 * 1024
PATIENCE: Final = 60.0
"""Seconds that throttled writes are tried again for while no other write succeeds."""
FAILURES_IN_A_ROW: Final = 24
"""Items that AWS could not be reached for, one after the other, before the rest is not tried."""
_BATCH_COUNTS_AS: Final = 8
_PAUSE: Final = 0.5
_PAUSE_MAX: Final = 8.0
_ENDS_IT: Final = (CredentialsError, PermissionDenied, TableNotFound, ReadOnly, JournalUnwritable)
"""What every other item would meet too."""
NO_SUCH_ITEM: Final = "there is no such item"
GONE: Final = "it was deleted meanwhile"
_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class _Tally:
    changed: list[str] = field(default_factory=list)
    skipped: list[ItemOutcome] = field(default_factory=list)
    failed: list[ItemOutcome] = field(default_factory=list)
    unsent: int = 0

    def add(self, other: _Tally) -> None:
        self.changed += other.changed
        self.skipped += other.skipped
        self.failed += other.failed
        self.unsent += other.unsent

    @property
    def done(self) -> int:
        return len(self.changed) + len(self.skipped) + len(self.failed) + self.unsent

    def note(self, fate: Fate, item_id: str, why: str) -> None:
        match fate:
            case Fate.CHANGED:
                self.changed.append(item_id)
            case Fate.SKIPPED:
                self.skipped.append(ItemOutcome(item_id, why))
            case Fate.FAILED:
                self.failed.append(ItemOutcome(item_id, why))
            case Fate.UNSENT:
                self.unsent += 1


class Application:
    """One Plan being applied. Made for one `run`.

    Args:
        items: the table's items.
        log: the action's journal, open; `run` ends it.
        clock: epoch seconds, for the items.
        workers: batches at once.
        pace: seconds that only ever grow, for patience.
    """

    def __init__(
        self,
        items: Items,
        log: ActionWriter,
        plan: Plan,
        *,
        clock: Callable[[], float] = time.time,
        workers: int = WORKERS,
        pace: Callable[[], float] = time.monotonic,
    ) -> None:
        self._items = items
        self._log = log
        self._plan = plan
        self._clock = clock
        self._workers = workers
        self._pace = pace
        self._stopping = threading.Event()
        self._cancelled = False
        self._error: PyanamoError | None = None
        self._last_success = pace()
        self._failures = 0
        self._mean_bytes = 0.0

    def run(self, progress: Progress | None = None, cancelled: Cancelled | None = None) -> ActionResult:
        """Do it all, and say what came of each item.

        Raises:
            PyanamoError: it stopped before anything was changed, for a reason that every item would meet.
        """
        tally = _Tally()
        asked = cancelled or (lambda: False)
        try:
            self._work(tally, progress, asked)
        finally:
            # Also on Ctrl-C: what was under way has ended and is noted by now.
            counts = self._counts(tally)
            with suppress(JournalUnwritable):
                # The pre-images are there, and listing it as interrupted is the truth.
                self._log.end(counts)
        if self._error is not None and not tally.changed:
            raise self._error
        return ActionResult(
            action=self._plan.action,
            id=self._log.id,
            changed=len(tally.changed),
            skipped=tuple(tally.skipped),
            failed=tuple(tally.failed),
            cancelled=self._cancelled,
            not_started=counts.not_started,
            changed_ids=tuple(tally.changed),
            error=self._error,
        )

    def _counts(self, tally: _Tally) -> ActionCounts:
        unsent = self._plan.total - len(tally.changed) - len(tally.skipped) - len(tally.failed)
        status = ActionStatus.FINISHED
        if self._error is not None:
            status = ActionStatus.STOPPED
        elif self._cancelled or unsent:
            status = ActionStatus.CANCELLED
        return ActionCounts(
            status=status,
            changed=len(tally.changed),
            skipped=len(tally.skipped),
            failed=len(tally.failed),
            not_started=unsent,
        )

    def _work(self, tally: _Tally, progress: Progress | None, cancelled: Cancelled) -> None:
        pending: set[Future[_Tally]] = set()

        def collect() -> None:
            nonlocal pending
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                tally.add(future.result())
            if progress is not None:
                progress(tally.done, self._plan.total, len(tally.changed), len(tally.skipped), len(tally.failed))

        with ThreadPoolExecutor(self._workers, thread_name_prefix="pyanamo-action") as pool:
            try:
                for batch in self._batches():
                    if self._told_to_stop(cancelled):
                        break
                    pending.add(pool.submit(self._batch, batch, cancelled))
                    if len(pending) >= self._workers:
                        collect()
                while pending:
                    collect()
            except BaseException:
                # Whatever came, Ctrl-C included: nothing more is sent, and what was done is counted before it goes up.
                self._abandon(pending, tally)
                raise

    def _abandon(self, pending: set[Future[_Tally]], tally: _Tally) -> None:
        self._stopping.set()
        self._cancelled = True
        for future in wait(pending).done:
            if future.exception() is None:
                tally.add(future.result())

    def _batches(self) -> Iterator[tuple[str, ...]]:
        ids = self._plan.item_ids
        fair = max(1, -(-len(ids) // self._workers))
        start = 0
        while start < len(ids):
            mean = self._mean_bytes
            fits = FIRST_BATCH if not mean else int(BATCH_BYTES / mean)
            size = max(1, min(GET_BATCH, fair, fits))
            yield ids[start : start + size]
            start += size

    def _told_to_stop(self, cancelled: Cancelled) -> bool:
        if self._stopping.is_set():
            return True
        if cancelled():
            self._cancelled = True
            self._stopping.set()
        return self._stopping.is_set()

    def _batch(self, batch: tuple[str, ...], cancelled: Cancelled) -> _Tally:
        tally = _Tally()
        if self._told_to_stop(cancelled):
            tally.unsent = len(batch)
            return tally
        try:
            records = self._patiently(lambda: self._items.get_many(batch), cancelled)
        except PyanamoError as error:
            self._failed(error, _BATCH_COUNTS_AS)
            noted = [Noted(None, item_id, Fate.FAILED, _why(error)) for item_id in batch]
            return self._tell(noted, tally)
        steps, noted = self._decide(batch, records)
        try:
            numbers = self._log.before(steps)
        except JournalUnwritable as error:
            self._failed(error)
            tally.unsent = len(batch)
            return tally
        self._weigh(numbers, len(steps))
        for number, step in zip(numbers, steps, strict=True):
            fate, why = self._send(step, cancelled)
            noted.append(Noted(number, step.item_id, fate, why))
        return self._tell(noted, tally)

    def _decide(self, batch: tuple[str, ...], records: dict[str, Record]) -> tuple[list[Step], list[Noted]]:
        steps: list[Step] = []
        noted: list[Noted] = []
        now = self._clock()
        for item_id in batch:
            try:
                steps.append(self._plan.decide(item_id, records.get(item_id), now))
            except Refused as refused:
                noted.append(Noted(None, item_id, Fate.SKIPPED, str(refused)))
        return steps, noted

    def _weigh(self, numbers: range, steps: int) -> None:
        """Learn how large the items are, from what the journal took for them."""
        if steps:
            self._mean_bytes = self._log.size_bytes / numbers.stop

    def _tell(self, noted: list[Noted], tally: _Tally) -> _Tally:
        for one in noted:
            tally.note(one.fate, one.item_id, one.why)
        try:
            self._log.outcomes(one for one in noted if one.fate != Fate.UNSENT or one.number is not None)
        except JournalUnwritable as error:
            self._failed(error)
        return tally

    def _send(self, step: Step, cancelled: Cancelled) -> tuple[Fate, str]:
        if self._told_to_stop(cancelled):
            return Fate.UNSENT, ""
        try:
            self._patiently(lambda: self._write(step), cancelled)
        except ItemChanged as changed:
            return self._refused(step, changed)
        except PyanamoError as error:
            self._failed(error)
            return Fate.FAILED, _why(error)
        return Fate.CHANGED, ""

    def _write(self, step: Step) -> None:
        if step.change is not None:
            self._items.update(step.item_id, step.change, explain=True)
        elif step.after is not None:
            self._items.put(step.after, step.conditions)
        else:
            self._items.delete(step.item_id, step.conditions)

    def _refused(self, step: Step, changed: ItemChanged) -> tuple[Fate, str]:
        """What a refused write means: it was another's change, or our own, of which the first answer was lost."""
        try:
            current = changed.current or self._items.get(step.item_id)
        except PyanamoError as error:
            self._failed(error)
            return Fate.FAILED, f"it changed meanwhile, and could not be read: {error.message}"
        if current is None:
            ours = step.after is None and changed.retried
            return (Fate.CHANGED, "") if ours else (Fate.SKIPPED, GONE)
        if same(current, step.after):
            return Fate.CHANGED, ""
        return Fate.SKIPPED, changed_meanwhile(step.before, current)

    def _patiently(self, call: Callable[[], _Answer], cancelled: Cancelled) -> _Answer:
        """A call, made again while DynamoDB says that we are too fast, for as long as others get through."""
        pause = _PAUSE
        while True:
            try:
                result = call()
            except Throttled:
                if self._pace() - self._last_success > PATIENCE or self._told_to_stop(cancelled):
                    raise
                self._stopping.wait(random.uniform(pause / 2, pause))
                pause = min(_PAUSE_MAX, pause * 2)
            else:
                self._last_success = self._pace()
                self._failures = 0
                return result

    def _failed(self, error: PyanamoError, weight: int = 1) -> None:
        self._failures += weight
        unreachable = isinstance(error, ServiceUnavailable) and self._failures >= FAILURES_IN_A_ROW
        if isinstance(error, _ENDS_IT) or unreachable:
            self._error = self._error or error
            self._stopping.set()


def _why(error: PyanamoError) -> str:
    return error.message


def changed_meanwhile(before: Record | None, current: Record) -> str:
    """Why a changed item was left alone, with what it is now where that says something."""
    state = schema.string_of(current, schema.STATE)
    if before is None:
        return "there is an item of this id again"
    if state is not None and state != schema.string_of(before, schema.STATE):
        return f"it changed meanwhile: it is {state} now"
    return "it changed meanwhile"

"""Writes whole items by the thousand for import and restore: several batches at once, an outcome for every item.

Nothing is overwritten by accident: a new item is written on the condition that there is none of its id, a replaced one
on the condition that it still is exactly what the journal holds. Each is in the journal before it is sent, so that undo
can take it out again. Memory is bounded by the batches in flight.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from pyanamo_tui.aws.inserts import Inserts
from pyanamo_tui.aws.items import ItemChanged, Items
from pyanamo_tui.core.journalfile import Fate, JournalUnwritable, Noted
from pyanamo_tui.core.plan import Cancelled, ItemOutcome, Step
from pyanamo_tui.errors import (
    CredentialsError,
    PermissionDenied,
    PyanamoError,
    ReadOnly,
    ServiceUnavailable,
    TableNotFound,
)
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Absent
from pyanamo_tui.workflow.dynamojson import same
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.transitions import exactly

WORKERS: Final = 8
PATIENCE: Final = 60.0
"""Seconds that unanswered or throttled writes are tried again for while no other write succeeds."""
_PAUSE: Final = 0.1
_PAUSE_MAX: Final = 5.0
_ENDS_IT: Final = (CredentialsError, PermissionDenied, TableNotFound, ReadOnly, JournalUnwritable)
"""What every other item would meet too."""

_Answer = TypeVar("_Answer")

THERE_ALREADY: Final = "there is an item of this id already"
HELD: Final = "a worker holds it"
SAME: Final = "it is the same already"
EARLIER: Final = "an interrupted run of this import wrote it"
CHANGED: Final = "it changed meanwhile"


class _Stopped(Exception):
    """All is to stop; what a batch has not sent by then is not sent."""


class Existing(StrEnum):
    """What becomes of an id that the table holds already."""

    SKIP = "skip"
    REPLACE = "replace"
    FAIL = "fail"


class PreImages(Protocol):
    """Where items are noted before they are written; `core.journalfile.ActionWriter` is one."""

    def before(self, steps: Sequence[Step]) -> range:
        """Note items as they are, on the disk before this returns; gives the steps' numbers."""
        ...

    def outcomes(self, noted: Iterable[Noted]) -> None:
        """Note what came of them."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 25 records. `sent_before`: an interrupted run may have written them, so that being there is no surprise."""

    records: tuple[Record, ...]
    sent_before: bool = False


@dataclass(slots=True)
class BatchOutcome:
    """What came of one batch.

    Attributes:
        written: ids of items that did not exist and do now.
        earlier: ids of items that an interrupted run had written.
        replaced: ids of items that were replaced.
        skipped: items left alone on purpose.
        failed: items that AWS refused.
        unsent: items that nothing is known of: not sent, or AWS could not be reached. They can be sent again.
    """

    written: list[str] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    skipped: list[ItemOutcome] = field(default_factory=list)
    failed: list[ItemOutcome] = field(default_factory=list)
    unsent: int = 0

    @property
    def known(self) -> int:
        """Items of which it is known what came of them."""
        return len(self.written) + len(self.earlier) + len(self.replaced) + len(self.skipped) + len(self.failed)


class BulkWriter:
    """Writes batches of records. Made for one `run`.

    Args:
        items, inserts: the table's.
        existing: what becomes of ids that are there already. FAIL makes each a failed item, and stops.
        pre_images: the journal.
        workers: batches at once.
        pace: seconds that only ever grow, for patience.
    """

    def __init__(
        self,
        items: Items,
        inserts: Inserts,
        *,
        pre_images: PreImages,
        existing: Existing = Existing.SKIP,
        workers: int = WORKERS,
        pace: Callable[[], float] = time.monotonic,
    ) -> None:
        self._items = items
        self._inserts = inserts
        self._existing = existing
        self._journal = pre_images
        self._workers = workers
        self._pace = pace
        self._stopping = threading.Event()
        self._cancelled: Cancelled = lambda: False
        self._last_success = pace()
        self.error: PyanamoError | None = None
        """What stopped it before its end, if anything did."""
        self.was_cancelled = False

    def run(
        self,
        batches: Iterable[Batch],
        done: Callable[[int, BatchOutcome], None],
        cancelled: Cancelled | None = None,
    ) -> None:
        """Write it all.

        Args:
            batches: every id once in all of them; taken one by one, on the calling thread.
            done: told the number (0 the first) and outcome of each batch, in any order, on the calling thread.
            cancelled: asked before each batch and between items; True ends it within one batch.

        What `batches` or `done` raises ends it, after what is under way has ended and is told.
        """
        if cancelled is not None:
            self._cancelled = cancelled
        pending: dict[Future[BatchOutcome], int] = {}

        def collect(*, until: int) -> None:
            while len(pending) > until:
                ended, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in ended:
                    done(pending.pop(future), future.result())

        with ThreadPoolExecutor(self._workers, thread_name_prefix="pyanamo-write") as pool:
            try:
                for number, batch in enumerate(batches):
                    if self._stopped():
                        break
                    pending[pool.submit(self._write, batch)] = number
                    collect(until=2 * self._workers - 1)
                collect(until=0)
            except BaseException:
                # Ctrl-C and whatever a caller's own function raises: nothing more is sent, and what was sent is told.
                self._stopping.set()
                self.was_cancelled = True
                for future in wait(pending).done:
                    if future.exception() is None:
                        done(pending[future], future.result())
                raise

    def _stopped(self) -> bool:
        if not self._stopping.is_set() and self._cancelled():
            self.was_cancelled = True
            self._stopping.set()
        return self._stopping.is_set()

    def _write(self, batch: Batch) -> BatchOutcome:
        outcome = BatchOutcome()
        if self._stopped():
            outcome.unsent = len(batch.records)
            return outcome
        try:
            self._write_each(batch, outcome)
        except _Stopped:
            self._stopping.set()
        except (ServiceUnavailable, *_ENDS_IT) as error:
            self._end(error)
        outcome.unsent = len(batch.records) - outcome.known
        return outcome

    def _end(self, error: PyanamoError) -> None:
        self.error = self.error or error
        self._stopping.set()

    def _write_each(self, batch: Batch, outcome: BatchOutcome) -> None:
        if self._existing != Existing.REPLACE:
            self._insert(batch.records, outcome, sent_before=batch.sent_before)
            return
        there = self._patiently(lambda: self._items.get_many(map(schema.record_id, batch.records)))
        self._insert([record for record in batch.records if schema.record_id(record) not in there], outcome)
        known = ((there.get(schema.record_id(record)), record) for record in batch.records)
        self._replace([(before, after) for before, after in known if before is not None], outcome)

    def _insert(self, records: Sequence[Record], outcome: BatchOutcome, *, sent_before: bool = False) -> None:
        if not records:
            return
        steps = [
            Step(schema.record_id(record), None, record, conditions=(Absent((schema.ITEM_ID,)),)) for record in records
        ]
        numbers = {step.item_id: number for number, step in zip(self._journal.before(steps), steps, strict=True)}
        noted: list[Noted] = []
        try:
            for item_id, fate, why in self._inserted(records, outcome, sent_before=sent_before):
                noted.append(Noted(numbers[item_id], item_id, fate, why))
        finally:
            # What has no outcome by now may have been written or not: the journal leaves it open.
            self._journal.outcomes(noted)

    def _inserted(
        self, records: Sequence[Record], outcome: BatchOutcome, *, sent_before: bool
    ) -> Iterator[tuple[str, Fate, str]]:
        """Send new items until each has an outcome; gives each outcome as the journal holds it."""
        waiting, again, pause = list(records), False, _PAUSE
        while waiting:
            told = self._inserts.insert(waiting, again=again, stopped=self._stopped)
            late: list[Record] = []
            unavailable: ServiceUnavailable | None = None
            for record, refusal in zip(waiting, told, strict=True):
                item_id = schema.record_id(record)
                match refusal:
                    case None:
                        outcome.written.append(item_id)
                        yield item_id, Fate.CHANGED, ""
                    case ItemChanged():
                        yield item_id, Fate.SKIPPED, self._found(record, outcome, sent_before=sent_before)
                    case ServiceUnavailable():
                        late.append(record)
                        unavailable = refusal
                    case _:
                        outcome.failed.append(ItemOutcome(item_id, refusal.message))
                        yield item_id, Fate.FAILED, refusal.message
            if len(late) < len(waiting):
                self._last_success, pause = self._pace(), _PAUSE
            waiting, again = late, True
            if unavailable is not None:
                pause = self._wait(unavailable, pause)

    def _found(self, record: Record, outcome: BatchOutcome, *, sent_before: bool) -> str:
        """An id that exists, met while inserting; gives why it is left alone."""
        item_id = schema.record_id(record)
        if sent_before and _same_work(self._patiently(lambda: self._items.get(item_id)), record):
            outcome.earlier.append(item_id)
            return EARLIER
        if self._existing == Existing.FAIL:
            outcome.failed.append(ItemOutcome(item_id, THERE_ALREADY))
            self._stopping.set()
        else:
            # With REPLACE it came to be after the look: whoever made it has used it since, perhaps.
            outcome.skipped.append(ItemOutcome(item_id, THERE_ALREADY))
        return THERE_ALREADY

    def _replace(self, pairs: Sequence[tuple[Record, Record]], outcome: BatchOutcome) -> None:
        steps: list[Step] = []
        for before, after in pairs:
            item_id = schema.record_id(after)
            if schema.string_of(before, schema.STATE) == ItemState.LOCKED:
                outcome.skipped.append(ItemOutcome(item_id, HELD))
            elif same(before, after):
                outcome.skipped.append(ItemOutcome(item_id, SAME))
            else:
                steps.append(Step(item_id, before, after, conditions=exactly(before)))
        if not steps:
            return
        numbers = self._journal.before(steps)
        noted = [
            Noted(number, step.item_id, *self._put(step, outcome)) for number, step in zip(numbers, steps, strict=True)
        ]
        self._journal.outcomes(noted)

    def _put(self, step: Step, outcome: BatchOutcome) -> tuple[Fate, str]:
        assert step.after is not None
        record = step.after
        if self._stopped():
            return Fate.UNSENT, ""
        try:
            self._patiently(lambda: self._items.put(record, step.conditions))
        except ItemChanged:
            if same(self._items.get(step.item_id), record):
                # An earlier sending, whose answer was lost, was ours.
                outcome.replaced.append(step.item_id)
                return Fate.CHANGED, ""
            outcome.skipped.append(ItemOutcome(step.item_id, CHANGED))
            return Fate.SKIPPED, CHANGED
        except _Stopped:
            return Fate.UNSENT, ""
        except (ServiceUnavailable, *_ENDS_IT) as error:
            self._end(error)
            return Fate.FAILED, error.message
        except PyanamoError as error:
            outcome.failed.append(ItemOutcome(step.item_id, error.message))
            return Fate.FAILED, error.message
        outcome.replaced.append(step.item_id)
        return Fate.CHANGED, ""

    def _patiently(self, call: Callable[[], _Answer]) -> _Answer:
        pause = _PAUSE
        while True:
            try:
                result = call()
            except ServiceUnavailable as unavailable:
                pause = self._wait(unavailable, pause)
            else:
                self._last_success = self._pace()
                return result

    def _wait(self, unavailable: ServiceUnavailable, pause: float) -> float:
        """Wait before something is sent again; gives the next pause.

        Raises:
            ServiceUnavailable: no write succeeded for a minute.
            _Stopped: all is to stop.
        """
        if self._stopped():
            raise _Stopped from unavailable
        if self._pace() - self._last_success > PATIENCE:
            raise unavailable
        self._stopping.wait(random.uniform(pause / 2, pause))
        return min(_PAUSE_MAX, pause * 2)


def _same_work(one: Record | None, other: Record) -> bool:
    """Whether two items run the same commands for the same step, however far they have come."""
    return one is not None and one.get(schema.STEP) == other.get(schema.STEP) and _commands(one) == _commands(other)


def _commands(record: Record) -> object:
    tasks = schema.read_tasks(record)
    return {task.key: task.script for task in tasks} if tasks else record.get(schema.SCRIPT)

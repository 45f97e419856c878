"""Finds what other software left wrong in a table, explains it, and repairs it through the journal.

found = workspace.doctor.examine(progress=show, cancelled=stop.is_set)
found.counts                                    # how many items by kind of debris
workspace.doctor.fix(found.findings)            # an ActionResult; undo takes it back
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.aws.items import GET_BATCH, Items, Page
from pyanamo_tui.aws.tables import TableInfo
from pyanamo_tui.core.actions import REPAIR, Actions, updating
from pyanamo_tui.core.apply import NO_SUCH_ITEM
from pyanamo_tui.core.budget import ReadBudget, default_budget
from pyanamo_tui.core.plan import ActionResult, Cancelled, Plan, Progress, Step
from pyanamo_tui.errors import Throttled
from pyanamo_tui.workflow import repairs, schema
from pyanamo_tui.workflow.change import Change
from pyanamo_tui.workflow.model import Debris
from pyanamo_tui.workflow.repairs import REMEDIES, Remedy, diagnose
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.transitions import Refused, exactly

PATIENCE: Final = 60.0
"""Seconds that a throttled page is asked for again."""
PAGE_SECONDS: Final = 2.0
"""Seconds of budget that one page of the examination may take."""
_FIRST_PAGE: Final = 100
_LARGEST_PAGE: Final = 10_000
_SLICE: Final = 0.2
_PAUSE: Final = 0.5
_PAUSE_MAX: Final = 8.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One item with something wrong.

    Attributes:
        item_id, state, step: which; empty or None where the item does not say.
        debris: what is wrong, each kind once.
        remedies: for each of `debris`, what it leads to and what the repair does.
        repairable: whether `fix` can do something about it now.
        why_not: why it cannot, in words.
    """

    item_id: str
    state: str
    step: str | None
    debris: tuple[Debris, ...]
    repairable: bool
    why_not: str = ""

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What each kind leads to, and what the repair does."""
        return tuple(REMEDIES[one] for one in self.debris)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found. `whole` is False where it was stopped before the end; `read_units` as DynamoDB reported them."""

    findings: tuple[Finding, ...]
    items_read: int
    whole: bool
    read_units: float

    def of_kind(self, kind: Debris) -> tuple[Finding, ...]:
        """The items that have one kind of debris."""
        return tuple(finding for finding in self.findings if kind in finding.debris)

    @property
    def counts(self) -> Mapping[Debris, int]:
        """Items by kind of debris, most first; an item counts for each kind it has."""
        return dict(Counter(one for finding in self.findings for one in finding.debris).most_common())


@dataclass(frozen=True, slots=True)
class Examined:
    """How far an examination is.

    Attributes:
        items_read, wrong: items so far, and those of them with something wrong.
        expected: items that the table is said to hold (DynamoDB counts every six hours); 0 where it does not say.
        read_units: consumed so far, as DynamoDB reported them.
        units_a_second: what it may consume.
        waiting: it waits for its budget.
    """

    items_read: int
    wrong: int
    expected: int
    read_units: float
    units_a_second: float
    waiting: bool = False


class Doctor:
    """Examines and repairs one table.

    Args:
        items, actions: of the table.
        describe: how the table stands, for its capacity and size.
        budget: read units a second; None for a share of what is provisioned.
        clock: epoch seconds.
        pause: waits for the budget, and between tries of a throttled page.
    """

    def __init__(
        self,
        items: Items,
        actions: Actions,
        *,
        describe: Callable[[], TableInfo],
        budget: float | None = None,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._items = items
        self._actions = actions
        self._describe = describe
        self._budget = budget
        self._clock = clock
        self._pause = pause

    def examine(
        self,
        progress: Callable[[Examined], None] | None = None,
        cancelled: Cancelled | None = None,
    ) -> Examination:
        """Read the whole table once, item by item: some debris is in no index. Costs a read of its full size, at no
        more than its budget of read units a second.

        Args:
            progress: told after each page, and when it begins to wait for its budget.
            cancelled: asked before each page and while it waits.

        Raises:
            Throttled: a page stayed throttled for a minute.
            TableNotFound, NotAWorkflowTable: it is not there, or is none of ours.
        """
        info = self._describe()
        budget = ReadBudget(self._budget or default_budget(info, None))
        stop = cancelled or (lambda: False)
        findings: list[Finding] = []
        read, units, start, limit = 0, 0.0, None, _FIRST_PAGE

        def tell(*, waiting: bool = False) -> None:
            if progress is not None:
                progress(Examined(read, len(findings), info.items, units, budget.rate, waiting))

        while not stop():
            page = self._page(start, limit, budget, stop)
            if page is None:
                break
            findings += self.look_at(page.records)
            read, units, start = read + len(page.records), units + page.read_units, page.next_key
            budget.charge(page.read_units)
            budget.recover()
            tell()
            if start is None:
                return Examination(tuple(findings), read, True, units)
            limit = _page_items(units / max(read, 1), budget.rate)
            if budget.wait() > 0:
                tell(waiting=True)
            while (seconds := budget.wait()) > 0 and not stop():
                self._pause(min(seconds, _SLICE))
        return Examination(tuple(findings), read, False, units)

    def look_again(self, item_ids: Iterable[str]) -> list[Finding]:
        """What is wrong now with these items, after a repair or its undo, say; those that are gone have nothing."""
        ids, found = list(dict.fromkeys(item_ids)), []
        for first in range(0, len(ids), GET_BATCH):
            found += self.look_at(self._items.get_many(ids[first : first + GET_BATCH]).values())
        return found

    def look_at(self, records: Iterable[Record]) -> list[Finding]:
        """What is wrong with these whole items; nothing is read or written."""
        return [found for record in records if (found := self._finding(record)) is not None]

    def plan(self, findings: Sequence[Finding], *, look: bool = True) -> Plan:
        """What `fix` would do; `actions.apply` does it."""
        ids = [finding.item_id for finding in findings if finding.repairable]
        kinds = Counter(one.value for finding in findings if finding.repairable for one in finding.debris)
        detail = {"what": "; ".join(f"{kind} ({number})" for kind, number in kinds.most_common())}
        return self._actions.plan(REPAIR, ids, decide_repair, detail=detail, look=look)

    def fix(
        self,
        findings: Sequence[Finding],
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> ActionResult:
        """Repair what can be, each item as it is now, journalled first; undo takes it back.

        Raises:
            ReadOnly, JournalUnwritable and the like: as `Actions.apply`.
        """
        return self._actions.apply(self.plan(findings, look=False), progress, cancelled)

    def _finding(self, record: Record) -> Finding | None:
        debris = diagnose(record)
        if not debris:
            return None
        why_not = ""
        try:
            decide_repair(schema.record_id(record), record, self._clock())
        except Refused as refused:
            why_not = str(refused)
        return Finding(
            item_id=schema.record_id(record),
            state=schema.string_of(record, schema.STATE) or "",
            step=schema.string_of(record, schema.STEP),
            debris=debris,
            repairable=not why_not,
            why_not=why_not,
        )

    def _page(self, start: Record | None, limit: int, budget: ReadBudget, stop: Cancelled) -> Page | None:
        """One page, tried again while it is throttled; None when it was told to stop meanwhile."""
        waited, pause = 0.0, _PAUSE
        while not stop():
            try:
                return self._items.scan(start=start, limit=limit)
            except Throttled:
                budget.slow_down()
                if waited >= PATIENCE:
                    raise
            seconds = random.uniform(pause / 2, pause)
            self._pause(seconds)
            waited, pause = waited + seconds, min(_PAUSE_MAX, pause * 2)
        return None


def _page_items(units_an_item: float, rate: float) -> int:
    """Items of the next page: what a few seconds of the budget pay for."""
    if units_an_item <= 0:
        return _LARGEST_PAGE
    return max(1, min(_LARGEST_PAGE, int(rate * PAGE_SECONDS / units_an_item)))


def decide_repair(item_id: str, record: Record | None, now: float) -> Step:
    """What the repair does to an item as it is now.

    Raises:
        Refused: nothing is wrong with it, or it cannot be repaired; says why.
    """
    if record is None:
        raise Refused(NO_SUCH_ITEM)
    change = repairs.repair(record, now=now)
    if change is None:
        return Step(item_id, record, None, conditions=exactly(record))
    made: Change = change
    return updating(lambda _record, _now: made)(item_id, record, now)

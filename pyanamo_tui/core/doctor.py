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

from pyanamo_tui.aws.items import Items, Page
from pyanamo_tui.core.actions import REPAIR, Actions, updating
from pyanamo_tui.core.apply import NO_SUCH_ITEM
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

    @property
    def counts(self) -> Mapping[Debris, int]:
        """Items by kind of debris, most first; an item counts for each kind it has."""
        return dict(Counter(one for finding in self.findings for one in finding.debris).most_common())


class Doctor:
    """Examines and repairs one table.

    Args:
        items, actions: of the table.
        clock: epoch seconds.
        pause: waits between tries of a throttled page.
    """

    def __init__(
        self,
        items: Items,
        actions: Actions,
        *,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._items = items
        self._actions = actions
        self._clock = clock
        self._pause = pause

    def examine(
        self,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Cancelled | None = None,
    ) -> Examination:
        """Read the whole table once, item by item: some debris is in no index. Costs a read of its full size.

        Args:
            progress: told (items read, items with something wrong) after each page.
            cancelled: asked before each page.

        Raises:
            Throttled: a page stayed throttled for a minute.
        """
        findings: list[Finding] = []
        read, units, start = 0, 0.0, None
        while not (cancelled is not None and cancelled()):
            page = self._page(start)
            findings += self.look_at(page.records)
            read, units, start = read + len(page.records), units + page.read_units, page.next_key
            if progress is not None:
                progress(read, len(findings))
            if start is None:
                return Examination(tuple(findings), read, True, units)
        return Examination(tuple(findings), read, False, units)

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

    def _page(self, start: Record | None) -> Page:
        waited, pause = 0.0, _PAUSE
        while True:
            try:
                return self._items.scan(start=start)
            except Throttled:
                if waited >= PATIENCE:
                    raise
            seconds = random.uniform(pause / 2, pause)
            self._pause(seconds)
            waited, pause = waited + seconds, min(_PAUSE_MAX, pause * 2)


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

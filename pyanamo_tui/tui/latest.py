"""The items that ended last, kept from one Snapshot to the next without looking at every item each time."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from heapq import nlargest
from typing import Final

from pyanamo_tui.tui.columns import ITEM, QUIET, STATE, STEP
from pyanamo_tui.tui.format import age
from pyanamo_tui.tui.widgets.item_table import Cell, Column
from pyanamo_tui.tui.widgets.table_columns import fixed_width
from pyanamo_tui.workflow.model import ItemFacts
from pyanamo_tui.workflow.rates import ENDED

LATEST: Final = 60
"""As many as the tallest screen shows."""


def latest_ended(
    items: Mapping[str, ItemFacts], changed: Collection[str] | None, before: tuple[ItemFacts, ...]
) -> tuple[ItemFacts, ...]:
    """The items that ended last, the latest first.

    Args:
        items: all.
        changed: ids that differ from when `before` was made; None looks at all.
        before: what this gave then.
    """
    if changed is None:
        return _last(items.values())
    candidates = {*changed, *(facts.item_id for facts in before)}
    latest = _last([items[item_id] for item_id in candidates if item_id in items])
    if len(before) == LATEST and (len(latest) < LATEST or _order(latest[-1]) < _order(before[-1])):
        # One of them is gone, waits again or ended earlier than was told: who came after the last is not known.
        return _last(items.values())
    return latest


def _ended(facts: ItemFacts) -> bool:
    return facts.state in ENDED and facts.ended_at is not None


def _order(facts: ItemFacts) -> tuple[float, str]:
    return facts.ended_at or 0.0, facts.item_id


def _last(items: Collection[ItemFacts]) -> tuple[ItemFacts, ...]:
    return tuple(nlargest(LATEST, filter(_ended, items), key=_order))


def _took(facts: ItemFacts) -> Cell:
    if facts.locked_at is None or facts.ended_at is None or facts.ended_at < facts.locked_at:
        return Cell("")
    return Cell(age(facts.ended_at - facts.locked_at), QUIET)


_AGO: Final = Column[ItemFacts](
    "ago", "AGO", 6, lambda f: Cell(age(time.time() - (f.ended_at or 0.0)), QUIET), right=True
)
_ID: Final = replace(ITEM, width=24, least=12)
_TOOK: Final = Column[ItemFacts]("took", "TOOK", 6, _took, right=True)


def latest_columns(room: int) -> tuple[Column[ItemFacts], ...]:
    """What fits into so many cells with ids of usual length whole: when and which, how it ended, how long it took."""
    for columns in ((_AGO, _ID, STEP, STATE, _TOOK), (_AGO, _ID, STATE, _TOOK)):
        if fixed_width(columns) <= room:
            return columns
    return (_AGO, _ID, STATE)

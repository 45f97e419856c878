"""The columns that lists of items show: title, width, how a cell reads, and what it is sorted by."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final

from pyanamo_tui.tui.format import age, count
from pyanamo_tui.tui.widgets.item_table import Cell, Column
from pyanamo_tui.tui.widgets.overview_panels import STATE_STYLES, STATE_WORDS
from pyanamo_tui.tui.widgets.table_columns import GAP
from pyanamo_tui.workflow.filterfields import since
from pyanamo_tui.workflow.model import ItemFacts, ItemState

QUIET: Final = "table--quiet"
_NEVER: Final = float("inf")


def state_cell(state: str) -> Cell:
    """A state by its word and its colour."""
    return Cell(STATE_WORDS.get(state, state) or "(no state)", STATE_STYLES.get(state, "state--other"))


def _tasks(facts: ItemFacts) -> Cell:
    if facts.nested_tasks is None:
        return Cell("")
    failed = f", {count(facts.failed_tasks)} failed" if facts.failed_tasks else ""
    return Cell(f"{count(facts.done_tasks)}/{count(facts.nested_tasks)}{failed}")


def _why(facts: ItemFacts) -> Cell:
    if facts.signature:
        failed = facts.state == ItemState.FAILED
        return Cell(facts.signature, "state--failed" if failed else QUIET)
    if facts.debris:
        return Cell("; ".join(facts.debris), "state--wall")
    return Cell("")


def _age(facts: ItemFacts) -> Cell:
    at = since(facts)
    return Cell("" if at is None else age(time.time() - at), QUIET)


def _negative_since(facts: ItemFacts) -> float:
    at = since(facts)
    return _NEVER if at is None else -at


ITEM: Final = Column[ItemFacts](
    "item",
    "ITEM",
    18,
    lambda f: Cell(f.item_id),
    flexible=True,
    sort_key=lambda f: f.item_id,
    cut_middle=True,
    grows=False,
)
STEP: Final = Column[ItemFacts]("step", "STEP", 14, lambda f: Cell(f.step or ""), sort_key=lambda f: f.step or "")
STATE: Final = Column[ItemFacts]("state", "STATE", 9, lambda f: state_cell(f.state), sort_key=lambda f: f.state)
TASKS: Final = Column[ItemFacts]("tasks", "TASKS", 14, _tasks, sort_key=lambda f: (f.percent_done, f.nested_tasks or 0))
TRIES: Final = Column[ItemFacts](
    "tries",
    "TRIES",
    5,
    lambda f: Cell("" if f.attempts is None else str(f.attempts)),
    right=True,
    sort_key=lambda f: f.attempts or 0,
)
AGE: Final = Column[ItemFacts]("age", "AGE", 6, _age, right=True, sort_key=_negative_since)
WHY: Final = Column[ItemFacts]("why", "WHY", 20, _why, flexible=True, sort_key=lambda f: f.signature or "", least=16)
HOST: Final = Column[ItemFacts](
    "host", "HOST", 18, lambda f: Cell(f.owner or "", QUIET), sort_key=lambda f: f.owner or "", cut_middle=True
)

ITEM_COLUMNS: Final[tuple[Column[ItemFacts], ...]] = (ITEM, STEP, STATE, TASKS, TRIES, AGE, HOST, WHY)
"""What a list of items can show, from left to right."""
FAILED_COLUMNS: Final[tuple[Column[ItemFacts], ...]] = (ITEM, STEP, TASKS, TRIES, AGE, HOST)
"""The same under a group of failures, whose state and cause the group says."""
_MATTERS: Final = ("item", "state", "why", "age", "step", "tasks", "tries", "host")
"""Which columns stay where not all fit."""
_SMALLEST_ID, _READABLE_ID, _LONGEST_ID = 18, 24, 40
_LONGEST_STEP: Final = 20


def columns_that_fit(
    columns: Sequence[Column[ItemFacts]], room: int, longest_id: int = 0, longest_step: int = 0
) -> tuple[Column[ItemFacts], ...]:
    """As many columns as fit, those that matter most, in their order; ids stay readable before more are shown.

    Args:
        columns: what can be shown.
        room: cells for columns and the gaps between them.
        longest_id, longest_step: characters of the longest there is; 0 where that is not known.
    """
    sized = sized_columns(columns, longest_id, longest_step)
    chosen: set[str] = set()
    left = room + GAP
    for column in sorted(sized, key=lambda one: _MATTERS.index(one.key) if one.key in _MATTERS else len(_MATTERS)):
        needed = column.width - column.spare + GAP
        if needed <= left or not chosen:
            chosen.add(column.key)
            left -= needed
    return tuple(column for column in sized if column.key in chosen)


def sized_columns(
    columns: Sequence[Column[ItemFacts]], longest_id: int, longest_step: int
) -> tuple[Column[ItemFacts], ...]:
    """The columns as wide as what they hold: an id whole where there is room, a step name too."""
    width = max(_SMALLEST_ID, min(longest_id, _LONGEST_ID))
    step = STEP.width if not longest_step else max(len(STEP.title), min(longest_step, _LONGEST_STEP))
    sized = {ITEM: replace(ITEM, width=width, least=min(width, _READABLE_ID)), STEP: replace(STEP, width=step)}
    return tuple(sized.get(column, column) for column in columns)


SORTS: Final = ITEM_COLUMNS
"""What `s` offers to sort by."""


key_of: Final[Callable[[ItemFacts], str]] = attrgetter("item_id")
"""The identity of a row of items; no function of Python's, since it is asked of a hundred thousand at once."""

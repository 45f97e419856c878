"""The columns that lists of items show: title, width, how a cell reads, and what it is sorted by."""

from __future__ import annotations

import time
from typing import Final

from pyanamo_tui.tui.format import age, count
from pyanamo_tui.tui.widgets.item_table import Cell, Column
from pyanamo_tui.tui.widgets.overview_panels import STATE_STYLES, STATE_WORDS
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
    "item", "ITEM", 18, lambda f: Cell(f.item_id), flexible=True, sort_key=lambda f: f.item_id, cut_middle=True
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
WHY: Final = Column[ItemFacts]("why", "WHY", 20, _why, flexible=True, sort_key=lambda f: f.signature or "")
HOST: Final = Column[ItemFacts](
    "host", "HOST", 18, lambda f: Cell(f.owner or "", QUIET), sort_key=lambda f: f.owner or ""
)

WIDE: Final = 110
"""From this many cells on, lists show more columns."""


def columns_for(
    width: int, wide: tuple[Column[ItemFacts], ...], narrow: tuple[Column[ItemFacts], ...]
) -> tuple[Column[ItemFacts], ...]:
    """More columns where there is room; never bigger ones."""
    return wide if width >= WIDE else narrow


ITEM_COLUMNS_WIDE: Final = (ITEM, STEP, STATE, TASKS, TRIES, AGE, HOST, WHY)
ITEM_COLUMNS_NARROW: Final = (ITEM, STEP, STATE, AGE, WHY)
FAILED_COLUMNS_WIDE: Final = (ITEM, STEP, TASKS, TRIES, AGE, HOST)
FAILED_COLUMNS_NARROW: Final = (ITEM, STEP, TASKS, AGE)

SORTS: Final[tuple[Column[ItemFacts], ...]] = (ITEM, STEP, STATE, TASKS, TRIES, AGE, HOST, WHY)
"""What `s` offers to sort by."""


def key_of(facts: ItemFacts) -> str:
    """The identity of a row of items."""
    return facts.item_id

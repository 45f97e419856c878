"""Screen 3, nested: the items with unfinished nested tasks, by quarter, each with a bar; enter opens its task grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container

from pyanamo_tui.tui.columns import AGE, HOST, ITEM, STATE, STEP, TRIES, key_of, sized_columns
from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.quarters import QUARTER_FILTERS, QuarterRow, quarter_columns, quarter_rows
from pyanamo_tui.tui.screens.item_list import ItemListScreen
from pyanamo_tui.tui.widgets.bars import bar
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.workflow.model import ItemFacts, Quarter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult

    from pyanamo_tui.workflow.model import Snapshot

QUIET: Final = "table--quiet"
_BAR: Final = 7
_WIDE: Final = 100
"""From this many cells on, more columns are shown."""


def _left(facts: ItemFacts) -> int:
    return max(0, (facts.nested_tasks or 0) - facts.done_tasks - (facts.failed_tasks or 0))


def _number(number: int, style: str = "") -> Cell:
    return Cell(count(number), style if number else QUIET)


def _progress(facts: ItemFacts) -> Cell:
    return Cell(f"{bar(facts.percent_done / 100, _BAR)} {facts.percent_done:3d} %", "state--done")


PROGRESS: Final = Column[ItemFacts](
    "progress", "PROGRESS", _BAR + 6, _progress, sort_key=lambda facts: (facts.percent_done, facts.done_tasks)
)
DONE: Final = Column[ItemFacts](
    "done", "DONE", 5, lambda f: _number(f.done_tasks), right=True, sort_key=lambda f: f.done_tasks
)
FAILED: Final = Column[ItemFacts](
    "failed",
    "FAILED",
    6,
    lambda f: _number(f.failed_tasks or 0, "state--failed"),
    right=True,
    sort_key=lambda f: -(f.failed_tasks or 0),
)
LEFT: Final = Column[ItemFacts]("left", "LEFT", 5, lambda f: _number(_left(f)), right=True, sort_key=_left)
ALL: Final = Column[ItemFacts](
    "tasks", "TASKS", 5, lambda f: _number(f.nested_tasks or 0), right=True, sort_key=lambda f: f.nested_tasks or 0
)

COLUMNS_NARROW: Final = (ITEM, STATE, PROGRESS, DONE, FAILED, LEFT)
COLUMNS_WIDE: Final = (ITEM, STEP, STATE, PROGRESS, DONE, FAILED, LEFT, ALL, TRIES, AGE, HOST)


def unfinished(facts: ItemFacts) -> bool:
    """Whether an item has nested tasks that are not all done."""
    return facts.nested_tasks is not None and facts.percent_done < 100  # noqa: PLR2004 - percent


class NestedScreen(ItemListScreen):
    """The quarters above, the items below; enter on a quarter leaves its items, on an item shows its tasks."""

    EMPTY = "No item has nested tasks that are not done."
    VIEW = "nested"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "tasks", "task grid", id="look.tasks", show=False),
        Binding("tab", "app.focus_next", "next list", id="look.next_panel", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(ItemTable(COLUMNS_NARROW, key_of, marks=True, id="items"))
        self.quarters: ItemTable[QuarterRow] = ItemTable(
            quarter_columns(40), lambda row: row.quarter, empty="No nested items", header=False, id="quarters"
        )

    def body(self) -> ComposeResult:
        """Quarters, items, counts, filter bar."""
        with Container(id="nested-quarters", classes="panel") as panel:
            panel.border_title = "Nested items by tasks done"
            yield self.quarters
        with Container(id="nested-items", classes="panel") as panel:
            panel.border_title = "Unfinished"
            yield self.table
        yield self.bar

    def on_mount(self) -> None:
        """The items have the keys."""
        super().on_mount()
        self.table.focus()

    def on_resize(self, event: events.Resize) -> None:
        """More columns where there is room, and longer bars."""
        super().on_resize(event)
        self.quarters.set_columns(quarter_columns(max(8, event.size.width - 26)))

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """The quarters, then the items."""
        rows = quarter_rows(snapshot.quarters)
        if self.quarters.rows != rows:
            self.quarters.set_rows(rows)
        super().show(snapshot, changed)

    def columns_for(self, room: int, longest_id: int, longest_step: int) -> tuple[Column[ItemFacts], ...]:
        """How far each item is, and where there is room on what and where it runs."""
        columns = COLUMNS_WIDE if room >= _WIDE else COLUMNS_NARROW
        return sized_columns(columns, longest_id, longest_step)

    @property
    def orders(self) -> tuple[Column[ItemFacts], ...]:
        """By what is done first, the least on top."""
        return (PROGRESS, DONE, FAILED, LEFT, ALL, ITEM, STEP, STATE, TRIES, AGE, HOST)

    def listed(self, snapshot: Snapshot) -> Mapping[str, ItemFacts]:
        """The items with nested tasks that are not all done."""
        return {item_id: facts for item_id, facts in snapshot.items.items() if unfinished(facts)}

    def show_counts(self, text: Text) -> None:
        """On the border of the items."""
        self.retitle("#nested-items", Text.assemble("Unfinished: ", text))

    def choose_quarter(self, quarter: Quarter) -> None:
        """List the items of one quarter; those at 100 % are among all items."""
        if quarter is Quarter.DONE:
            self.dashboard.show_items(f"tasks>0 {QUARTER_FILTERS[quarter]}")
            return
        self.set_filter(QUARTER_FILTERS[quarter])
        self.table.focus()

    @on(ItemTable.Selected, "#quarters")
    def _open_quarter(self, event: ItemTable.Selected) -> None:
        row: QuarterRow = event.row
        self.choose_quarter(row.quarter)

    def open_item(self, facts: ItemFacts) -> None:
        """Its task grid."""
        self.dashboard.show_tasks(facts.item_id)

    def action_tasks(self) -> None:
        """The task grid of the item under the cursor."""
        row = self.table.row
        if row is not None:
            self.dashboard.show_tasks(row.item_id)

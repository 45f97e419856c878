"""Screen 6, logs: what can be read, the newest first; enter reads it.

From a list with an item under the cursor `6` reads that log at once, as `l` does; this list is for everywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Container

from pyanamo_tui.tui.columns import AGE, ITEM, ITEM_COLUMNS, SORTS, key_of
from pyanamo_tui.tui.screens.item_list import ItemListScreen
from pyanamo_tui.tui.widgets.item_table import Column, ItemTable
from pyanamo_tui.workflow.model import ItemFacts, ItemState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult

    from pyanamo_tui.workflow.model import Snapshot


def readable(facts: ItemFacts) -> bool:
    """Whether an item has something to read: it runs, or something of it has ended."""
    return facts.state == ItemState.LOCKED or facts.ended_at is not None or bool(facts.log_length)


class LogsScreen(ItemListScreen):
    """Items with a log, what happened last on top; the one that was read last has the cursor."""

    VIEW = "logs"
    EMPTY = "No item has run yet. 7 starts a worker."

    def __init__(self) -> None:
        super().__init__(ItemTable(ITEM_COLUMNS, key_of, marks=True, id="items"))
        self._begun = False

    def body(self) -> ComposeResult:
        """The list and the filter bar."""
        with Container(id="logs-items", classes="panel") as panel:
            panel.border_title = "Logs"
            yield self.table
        yield self.bar

    def on_mount(self) -> None:
        """The list has the keys."""
        super().on_mount()
        self.table.focus()

    @property
    def orders(self) -> tuple[Column[ItemFacts], ...]:
        """What happened last first, or by any column."""
        return (AGE, ITEM, *(column for column in SORTS if column not in {AGE, ITEM}))

    def listed(self, snapshot: Snapshot) -> Mapping[str, ItemFacts]:
        """The items that have something to read."""
        return {item_id: facts for item_id, facts in snapshot.items.items() if readable(facts)}

    def show_counts(self, text: Text) -> None:
        """On the border of the list; and the cursor, at first, to what was read last."""
        self.retitle("#logs-items", Text.assemble("Logs, the newest first: ", text))
        if not self._begun and self.table.rows:
            self._begun = True
            if self.dashboard.last_read is not None:
                self.table.select_key(self.dashboard.last_read)

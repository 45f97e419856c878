"""Screen 2, items: every item, of any state, filtered, sorted, marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyanamo_tui.tui.columns import ITEM_COLUMNS_NARROW, ITEM_COLUMNS_WIDE, columns_for, key_of
from pyanamo_tui.tui.screens.item_list import ItemListScreen
from pyanamo_tui.tui.widgets.item_table import ItemTable

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult


class ItemsScreen(ItemListScreen):
    """All items in one list."""

    def __init__(self) -> None:
        super().__init__(ItemTable(ITEM_COLUMNS_NARROW, key_of, marks=True, id="items"))

    def body(self) -> ComposeResult:
        """The list, the counts, the filter bar."""
        yield self.table
        yield self.line
        yield self.bar

    def on_mount(self) -> None:
        """The list has the keys."""
        super().on_mount()
        self.table.focus()

    def on_resize(self, event: events.Resize) -> None:
        """More columns where there is room."""
        self.table.set_columns(columns_for(event.size.width, ITEM_COLUMNS_WIDE, ITEM_COLUMNS_NARROW))

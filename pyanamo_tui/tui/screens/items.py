"""Screen 2, items: every item, of any state, filtered, sorted, marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyanamo_tui.tui.columns import ITEM_COLUMNS, key_of
from pyanamo_tui.tui.screens.item_list import ItemListScreen
from pyanamo_tui.tui.widgets.item_table import ItemTable

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ItemsScreen(ItemListScreen):
    """All items in one list."""

    VIEW = "items"

    def __init__(self) -> None:
        super().__init__(ItemTable(ITEM_COLUMNS, key_of, marks=True, id="items"))

    def body(self) -> ComposeResult:
        """The list, the counts, the filter bar."""
        yield self.table
        yield self.line
        yield self.bar

    def on_mount(self) -> None:
        """The list has the keys."""
        super().on_mount()
        self.table.focus()

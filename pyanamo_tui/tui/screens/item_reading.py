"""A screen about one item: it is read whole on a thread, and again when a Snapshot says that it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import work
from textual.message import Message

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.screens.item_looks import ItemLooksScreen
from pyanamo_tui.workflow.model import Item

if TYPE_CHECKING:
    from pyanamo_tui.workflow.model import Snapshot


@dataclass
class ItemRead(Message):
    """The item was read, or could not be."""

    item: Item | None
    error: PyanamoError | None = None


class ItemReadingScreen(ItemLooksScreen):
    """Subclasses begin by `read`, and keep the `item` that an `ItemRead` brings.

    Args:
        item_id: of the item.
    """

    def __init__(self, item_id: str) -> None:
        super().__init__()
        self.item_id = item_id
        self.item: Item | None = None

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Read the item again when the Snapshot says that it changed."""
        if self.item is not None and (changed is None or self.item_id in changed):
            self.read()

    def action_reread(self) -> None:
        """Read it now."""
        self.read()

    @work(thread=True, group="item", exclusive=True, exit_on_error=False, description="read an item")
    def read(self) -> None:
        """Read it on a thread; `ItemRead` tells what came of it."""
        workspace = self.dashboard.workspace
        if workspace is None:
            return
        try:
            self.post_message(ItemRead(workspace.item(self.item_id)))
        except PyanamoError as error:
            self.post_message(ItemRead(None, error))

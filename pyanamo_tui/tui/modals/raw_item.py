"""One item as JSON, in colours, searchable: with DynamoDB's own types or as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Label

from pyanamo_tui.tui.copying import copy_text
from pyanamo_tui.tui.format import count, size
from pyanamo_tui.tui.log_asking import ask_search, match_words
from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.raw_json import json_lines, json_text
from pyanamo_tui.tui.widgets.log_view import LogView
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.tui.app import Dashboard
    from pyanamo_tui.workflow.schema import Record


class RawItemModal(Dialog[None]):
    """The item as it was when it was asked for.

    Args:
        item_id: its id.
        record: the item as DynamoDB holds it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "close", id="raw.close"),
        Binding("y,t", "types", "types or plain", id="raw.types"),
        Binding("slash", "search", "search", id="raw.search", key_display="/"),
        Binding("c", "copy", "copy", id="raw.copy"),
    ]

    def __init__(self, app: Dashboard, item_id: str, record: Record) -> None:
        super().__init__()
        self._dashboard = app
        self._item_id = item_id
        self._record = record
        self._exact = True
        self.view = LogView(id="raw-view")

    def compose(self) -> ComposeResult:
        """The lines, what they are, and the keys."""
        with Vertical(classes="dialog full-dialog"):
            yield Label("", id="raw-title", classes="dialog-title")
            yield self.view
            yield Label("y types or plain · / search · n N next · W wrap · c copy · esc closes", classes="dialog-hint")

    def on_mount(self) -> None:
        """From the first line on."""
        self._show()
        self.view.focus()

    def _show(self) -> None:
        self.view.set_lines(json_lines(self._record, exact=self._exact))
        self.view.action_top()
        self._tell()

    def _tell(self) -> None:
        parts = [self._item_id, "DynamoDB JSON" if self._exact else "plain JSON"]
        parts.append(f"{count(len(self.view.lines))} lines")
        parts.append(match_words(self.view))
        self.query_one("#raw-title", Label).update(Text(printable(" · ".join(part for part in parts if part))))

    @on(LogView.Moved)
    def _moved(self) -> None:
        self._tell()

    def action_types(self) -> None:
        """With types, or plain."""
        self._exact = not self._exact
        self._show()

    @work(group="search", exclusive=True)
    async def action_search(self) -> None:
        """Look for text in it."""
        await ask_search(self.app, self.view, "the item")
        self._tell()

    @work(group="copy", exclusive=True)
    async def action_copy(self) -> None:
        """The JSON that is shown, unfolded."""
        text = json_text(self._record, exact=self._exact)
        kind = "DynamoDB JSON" if self._exact else "plain JSON"
        await copy_text(self._dashboard, text, f"{kind} of {self._item_id}, {size(len(text))}")

    def action_close(self) -> None:
        """Leave."""
        self.dismiss()

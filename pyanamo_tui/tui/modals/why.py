"""Why one item failed, over any screen: what is known at once, then what its log, its attempts and its job tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Label, Static

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.why_text import JobTold, first_words, report_text
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import Item, ItemFacts

_MOST_COLUMNS: Final = 96
_FRAME: Final = 8
"""Border, padding and scroll bar of the dialog."""


@dataclass
class WhyRead(Message):
    """More is known of the item; or why it could not be read."""

    item: Item | None
    job: JobTold | None = None
    error: str = ""


class WhyModal(Dialog[None]):
    """The reasons of one item.

    Args:
        workspace: where it is read from.
        item_id: the item.
        task: one nested task of it, or None.
        facts: what is known before it is read, or None.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,w,enter", "close", "close", id="why.close"),
        Binding("j,down", "scroll(1)", "down", id="why.down", show=False),
        Binding("k,up", "scroll(-1)", "up", id="why.up", show=False),
    ]

    def __init__(self, workspace: Workspace, item_id: str, task: str | None, facts: ItemFacts | None) -> None:
        super().__init__()
        self._workspace = workspace
        self._item_id = item_id
        self._task_key = task
        self._facts = facts

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with Vertical(classes="dialog wide-dialog"):
            yield Label("Why", classes="dialog-title")
            with VerticalScroll(classes="dialog-text"):
                yield Static("", id="why-text", markup=False)
            yield Label("esc closes · enter on the list opens the whole log", classes="dialog-hint")

    def on_mount(self) -> None:
        """Read it."""
        self.query_one(VerticalScroll).focus()
        first = Text("Reading the item …") if self._facts is None else first_words(self._facts, self._room())
        self.query_one("#why-text", Static).update(first)
        self._read()

    def _room(self) -> int:
        return min(_MOST_COLUMNS, self.app.size.width * 96 // 100) - _FRAME

    @work(thread=True, group="why", exit_on_error=False, description="read why an item failed")
    def _read(self) -> None:
        from pyanamo_tui.tui.why_job import read_job  # noqa: PLC0415 - the core's AWS part, on a thread

        try:
            item = self._workspace.item(self._item_id)
        except PyanamoError as error:
            self.post_message(WhyRead(None, error=f"{error.message}. {error.hint}"))
            return
        self.post_message(WhyRead(item))
        job = read_job(self._workspace, item.facts)
        if job is not None:
            self.post_message(WhyRead(item, job))

    @on(WhyRead)
    def _show_read(self, message: WhyRead) -> None:
        message.stop()
        shown = self.query_one("#why-text", Static)
        if message.item is None:
            shown.update(Text(printable(message.error)))
        else:
            shown.update(report_text(message.item, self._task_key, message.job, self._room()))

    def action_scroll(self, lines: int) -> None:
        """Move by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss()

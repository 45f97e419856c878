"""Why the item failed that the cursor rests on, beside its list: read on a thread, the job's own reason after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, cast

from rich.text import Text
from textual import on, work
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.why_text import JobTold, panel_text
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from pyanamo_tui.tui.app import Dashboard
    from pyanamo_tui.workflow.model import Item

_PATIENCE: Final = 0.08
"""Seconds that the cursor rests on an item before it is read, so that moving past a hundred reads none of them."""


@dataclass
class _Read(Message):
    item_id: str
    item: Item | None
    job: JobTold | None
    error: str


class WhyPanel(VerticalScroll, can_focus=True):
    """Reads the item that the cursor rests on, on a thread, and says why it failed."""

    DEFAULT_CSS = "WhyPanel { height: 1fr; } WhyPanel > Static { width: 100%; height: auto; }"
    BINDINGS: ClassVar = []

    def __init__(self) -> None:
        super().__init__()
        self._item_id: str | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static("", markup=False)

    def show(self, item_id: str | None) -> None:
        """Show this item, or nothing."""
        if item_id == self._item_id and item_id is not None:
            return
        self._item_id = item_id
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if item_id is None:
            self.query_one(Static).update("")
        else:
            self._timer = self.set_timer(_PATIENCE, self._rested)

    def _rested(self) -> None:
        self._timer = None
        if self._item_id is not None:
            self._read(self._item_id)

    @work(thread=True, group="why", exclusive=True, exit_on_error=False, description="read an item")
    def _read(self, item_id: str) -> None:
        from pyanamo_tui.tui.why_job import read_job  # noqa: PLC0415 - the core's AWS part, on a thread

        workspace, worker = cast("Dashboard", self.app).workspace, get_current_worker()
        if workspace is None:
            return
        try:
            item = workspace.item(item_id)
        except PyanamoError as error:
            self.post_message(_Read(item_id, None, None, error.message))
            return
        self.post_message(_Read(item_id, item, None, ""))
        if not worker.is_cancelled and (job := read_job(workspace, item.facts)) is not None:
            self.post_message(_Read(item_id, item, job, ""))

    @on(_Read)
    def _show_read(self, message: _Read) -> None:
        message.stop()
        if message.item_id != self._item_id:
            return
        shown = self.query_one(Static)
        if message.item is None:
            shown.update(Text(printable(message.error)))
            return
        shown.update(panel_text(message.item, message.job))
        if message.job is None:
            self.scroll_home(animate=False)

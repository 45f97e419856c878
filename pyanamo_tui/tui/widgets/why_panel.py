"""Why one item failed: how it ended in words, the last lines of its stderr, and what to try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, cast

from rich.text import Text
from textual import on, work
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.format import clock
from pyanamo_tui.workflow.endings import advice, explain
from pyanamo_tui.workflow.failures import item_failure
from pyanamo_tui.workflow.model import Item
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from pyanamo_tui.tui.app import Dashboard

_PATIENCE: Final = 0.08
"""Seconds that the cursor rests on an item before it is read, so that moving past a hundred reads none of them."""
LINES_SHOWN: Final = 8
"""Last lines of stderr that stand there; the log viewer has the rest."""


@dataclass
class _Read(Message):
    item_id: str
    item: Item | None
    error: str


def why_text(item: Item) -> Text:
    """The reasons of one item, as lines: nothing of it is markup."""
    failure = item_failure(item)
    facts = item.facts
    text = Text()
    if failure is None:
        text.append(f"{printable(item.item_id)} has not failed; it is {printable(facts.state) or 'without a state'}.")
        return text
    sample = failure.sample
    where = f" · {sample.task}" if sample.task else ""
    text.append(f"{printable(item.item_id)}{where}", "bold")
    text.append(f"   {printable(failure.signature)}\n", "bold red")
    for line in sample.lines[-LINES_SHOWN:] or ("(nothing was written to stderr)",):
        telling = bool(sample.line) and line == sample.line
        text.append(("> " if telling else "  ") + printable(line) + "\n", "bold" if telling else "")
    if not sample.complete:
        text.append("  the whole log is elsewhere: enter opens it\n", "dim")
    meaning = explain(failure.exit_code)
    told = advice(failure.signature, failure.exit_code, "\n".join(sample.lines))
    text.append(f"{meaning[:1].upper()}{meaning[1:]}." + (f" {told}" if told else "") + "\n")
    about = [f"attempt {facts.attempts}" if facts.attempts else ""]
    about.append(f"on {printable(facts.owner)}" if facts.owner else "")
    if facts.ended_at is not None:
        about.append(f"ended {clock(facts.ended_at)}")
    if len(failure.tasks) > 1:
        about.append(f"{len(failure.tasks)} of {len(item.tasks)} tasks failed")
    text.append(" · ".join(part for part in about if part) + "\n", "dim")
    text.rstrip()
    return text


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
        workspace = cast("Dashboard", self.app).workspace
        if workspace is None:
            return
        try:
            message = _Read(item_id, workspace.item(item_id), "")
        except PyanamoError as error:
            message = _Read(item_id, None, error.message)
        self.post_message(message)

    @on(_Read)
    def _show_read(self, message: _Read) -> None:
        message.stop()
        if message.item_id != self._item_id:
            return
        self.query_one(Static).update(Text(message.error) if message.item is None else why_text(message.item))
        self.scroll_home(animate=False)

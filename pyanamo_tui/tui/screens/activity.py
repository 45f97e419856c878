"""Activity: every change made from this host, newest first; enter opens one, `U` takes it back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Label

from pyanamo_tui.core.plan import asked_words, undone_action
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.changes import make_change
from pyanamo_tui.tui.format import age, count, counted
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from pyanamo_tui.core.journal import ActionSummary
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import Snapshot

_QUIET: Final = "table--quiet"
_WIDE: Final = 110
_LISTED: Final = 500
_STYLES: Final = {
    "finished": "state--done",
    "running": "state--locked",
    "interrupted": "state--failed",
    "stopped by an error": "state--failed",
}
_STATE_WORDS: Final = {"stopped by an error": "error"}


def state_words(one: ActionSummary) -> str:
    """How an action stands, in a word."""
    return "undone" if one.undone_by is not None else _STATE_WORDS.get(str(one.status), str(one.status))


def _action(one: ActionSummary) -> str:
    """The action; of an undo also which."""
    undone = undone_action(one.detail)
    return f"undo {undone}" if undone else one.action


def _number(number: int, style: str = "") -> Cell:
    return Cell(count(number) if number else "–", style if number else _QUIET)


def _state(one: ActionSummary) -> Cell:
    return Cell(state_words(one), _QUIET if one.undone_by is not None else _STYLES.get(str(one.status), "state--other"))


def _left(one: ActionSummary) -> Cell:
    return _number(one.skipped + one.not_started, "state--wall")


WHEN: Final = Column["ActionSummary"]("when", "AGO", 6, lambda one: Cell(age(time.time() - one.at), _QUIET), right=True)
ACTION: Final = Column["ActionSummary"]("action", "ACTION", 14, lambda one: Cell(_action(one)))
CHANGED: Final = Column["ActionSummary"]("changed", "CHANGED", 7, lambda one: _number(one.changed), right=True)
LEFT: Final = Column["ActionSummary"]("left", "LEFT OUT", 8, _left, right=True)
FAILED: Final = Column["ActionSummary"](
    "failed", "FAILED", 6, lambda one: _number(one.failed, "state--failed"), right=True
)
STATE: Final = Column["ActionSummary"]("state", "STATE", 11, _state)
WHAT: Final = Column["ActionSummary"](
    "what", "WHAT", 12, lambda one: Cell(asked_words(one.detail), _QUIET), flexible=True
)
WHO: Final = Column["ActionSummary"]("who", "WHO", 26, lambda one: Cell(one.who, _QUIET))
AT: Final = Column["ActionSummary"](
    "at", "WHEN", 16, lambda one: Cell(time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at)), _QUIET)
)
NARROW: Final = (WHEN, ACTION, CHANGED, LEFT, FAILED, STATE, WHAT)
BROAD: Final = (AT, ACTION, CHANGED, LEFT, FAILED, STATE, WHO, WHAT)


@dataclass
class ActivityRead(Message):
    """The journal of a table was read, or could not be."""

    rows: tuple[ActionSummary, ...]
    error: PyanamoError | None = None


class ActivityScreen(DashboardScreen):
    """Reads the journal, which needs no AWS, when it is shown and after each change that a Snapshot tells of."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("U", "undo", "undo this change", id="change.undo", key_display="U"),
        Binding("r", "reread", "refresh", id="app.refresh", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.table: ItemTable[ActionSummary] = ItemTable(
            NARROW, lambda row: row.id, empty="Reading the journal …", id="actions"
        )
        self.line = Label("", classes="list-line")

    def body(self) -> ComposeResult:
        """The list, and a line about the change under the cursor."""
        with Container(id="activity-panel", classes="panel") as panel:
            panel.border_title = "Activity"
            yield self.table
        yield self.line

    def on_mount(self) -> None:
        """The list has the keys."""
        super().on_mount()
        self.table.focus()
        self.action_reread()

    def on_screen_resume(self) -> None:
        """Something may have been changed meanwhile."""
        super().on_screen_resume()
        self.action_reread()

    def on_resize(self, event: events.Resize) -> None:
        """Who made it, where there is room."""
        self.table.set_columns(BROAD if event.size.width >= _WIDE else NARROW)

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """What changed in the table may have been changed from this host."""
        if changed is None or changed:
            self.action_reread()

    def workspace_opened(self, workspace: Workspace) -> None:
        """Another table has a journal of its own."""
        self.table.set_rows(())
        self.action_reread()

    def action_reread(self) -> None:
        """Read the journal again."""
        workspace = self.dashboard.workspace
        if workspace is not None and workspace.settings.table is not None:
            self._read(workspace)

    @work(thread=True, group="activity", exclusive=True, exit_on_error=False, description="read the journal")
    def _read(self, workspace: Workspace) -> None:
        try:
            self.post_message(ActivityRead(tuple(workspace.journal.activity(_LISTED))))
        except PyanamoError as error:
            self.post_message(ActivityRead((), error))

    @on(ActivityRead)
    def _show_read(self, message: ActivityRead) -> None:
        if message.error is not None:
            self.table.set_empty(f"{message.error.message}. {message.error.hint}")
        else:
            self.table.set_empty("Nothing was changed in this table from this host.")
        if tuple(self.table.rows) != message.rows:
            self.table.set_rows(message.rows)
        undoable = sum(row.undoable for row in message.rows)
        title = f"Activity: {counted(len(message.rows), 'change')} from this host" if message.rows else "Activity"
        self.retitle("#activity-panel", title + (f", {count(undoable)} can be undone" if undoable else ""))
        self._tell()

    @on(ItemTable.Highlighted, "#actions")
    def _moved(self) -> None:
        self._tell()

    def _tell(self) -> None:
        row, text = self.table.row, Text(no_wrap=True, overflow="ellipsis")
        if row is not None:
            text.append(f"{row.id}  {row.who}")
            text.append("   U undoes it · enter shows each item" if row.undoable else "   enter shows each item", "dim")
        self.line.update(text)

    @on(ItemTable.Selected, "#actions")
    def _open(self, event: ItemTable.Selected) -> None:
        from pyanamo_tui.tui.screens.action import ActionScreen  # noqa: PLC0415 - needs the core's journal

        self.app.push_screen(ActionScreen(event.row))

    @work(group="change", exclusive=True)
    async def action_undo(self) -> None:
        """Take the change under the cursor back."""
        row = self.table.row
        if row is not None:
            await undo_one(self, row)
            self.action_reread()


async def undo_one(screen: DashboardScreen, one: ActionSummary) -> None:
    """Ask by the usual dialog whether to take a change back, and do it; says so where it was taken back already."""
    workspace = screen.dashboard.workspace
    if workspace is None:
        return
    if one.undone_by is not None:
        screen.notify(f"It was taken back already, by {one.undone_by}.", severity="warning", markup=False)
        return
    await make_change(screen.dashboard, lambda: workspace.actions.undo(one.id))

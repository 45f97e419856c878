"""Saved filters: use one, save the one that holds under a name, delete one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.tui.view_memory import ViewMemory

MOST_NAME: int = 60


class SavedFilters(Dialog[str | None]):
    """Dismissed with the text of the filter to use, or None.

    Args:
        memory: what is saved.
        current: the filter that holds; empty for none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "close", id="saved.leave"),
        Binding("j", "move(1)", "down", id="saved.down", show=False),
        Binding("k", "move(-1)", "up", id="saved.up", show=False),
        Binding("S", "save", "save the filter that holds", id="saved.save", key_display="S"),
        Binding("D", "delete", "delete", id="saved.delete", key_display="D"),
    ]

    def __init__(self, memory: ViewMemory, current: str) -> None:
        super().__init__()
        self._memory = memory
        self._current = current
        self._names: list[str] = []
        self._list = OptionList(compact=True)

    def compose(self) -> ComposeResult:
        """The saved ones, and the one that holds."""
        with Vertical(classes="dialog wide-dialog"):
            yield Label("Saved filters", classes="dialog-title")
            yield self._list
            yield Label("", id="saved-current", classes="dialog-hint")
            yield Label("enter uses · S saves the filter that holds · D deletes · esc closes", classes="dialog-hint")

    def on_mount(self) -> None:
        """Ready to choose."""
        holds = f"now: {self._current}" if self._current else "no filter holds now: type one after / to save it"
        self.query_one("#saved-current", Label).update(Text(printable(holds)))
        self._draw()
        self._list.focus()

    def _draw(self, at: int = 0) -> None:
        saved = self._memory.saved
        self._names = list(saved)
        width = min(24, max((len(name) for name in saved), default=0))
        self._list.clear_options()
        for name, text in saved.items():
            line = Text(no_wrap=True, overflow="ellipsis")
            line.append(f"{printable(name):<{width}}  ", "bold")
            line.append(printable(text), "dim")
            self._list.add_option(Option(line))
        if not saved:
            self._list.add_option(Option(Text("Nothing is saved yet", "dim"), disabled=True))
        else:
            self._list.highlighted = min(at, len(saved) - 1)

    @property
    def _here(self) -> str | None:
        at = self._list.highlighted
        return self._names[at] if at is not None and at < len(self._names) else None

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        if self._here is not None:
            self.dismiss(self._memory.saved[self._here])

    @work(group="saved", exclusive=True)
    async def action_save(self) -> None:
        """Save the filter that holds under a name."""
        if not self._current:
            self.notify("No filter holds: type one after / first.", severity="warning", markup=False)
            return
        name = await self.app.push_screen_wait(Prompt("Save the filter as", placeholder="a name"))
        if not name or not name.strip():
            return
        self._memory.save_filter(name.strip()[:MOST_NAME], self._current)
        self._draw()
        self.notify(f"Saved as {printable(name.strip()[:MOST_NAME])}", markup=False)

    def action_delete(self) -> None:
        """Forget the one under the cursor; what it was is said."""
        name, at = self._here, self._list.highlighted or 0
        if name is None:
            return
        text = self._memory.saved[name]
        self._memory.delete_filter(name)
        self._draw(at)
        self.notify(f"Deleted {printable(name)}: {printable(text)}", markup=False)

    def action_move(self, rows: int) -> None:
        """`j` and `k`."""
        if rows > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def action_leave(self) -> None:
        """Escape."""
        self.dismiss(None)

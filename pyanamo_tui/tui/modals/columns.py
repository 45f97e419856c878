"""Which columns a list shows, and in what order: ticked and moved by keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from pyanamo_tui.tui.modals.dialog import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What was chosen: keys of columns in their order, or None for as many as fit."""

    keys: tuple[str, ...] | None


class ColumnsModal(Dialog[ColumnChoice | None]):
    """Dismissed with the choice, or None when it was left by escape.

    Args:
        columns: key and title of every column there is.
        shown: keys of those shown now, in their order.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "cancel", id="columns.leave"),
        Binding("enter", "accept", "accept", id="columns.accept", priority=True),
        Binding("space", "tick", "show or hide", id="columns.tick"),
        Binding("j", "move(1)", "down", id="columns.down", show=False),
        Binding("k", "move(-1)", "up", id="columns.up", show=False),
        Binding("J,shift+down", "carry(1)", "further right", id="columns.later"),
        Binding("K,shift+up", "carry(-1)", "further left", id="columns.earlier"),
        Binding("a", "fit", "as many as fit", id="columns.fit"),
    ]

    def __init__(self, columns: Sequence[tuple[str, str]], shown: Sequence[str]) -> None:
        super().__init__()
        titles = dict(columns)
        self._titles = titles
        self._shown = {key for key in shown if key in titles}
        self._order = [*(key for key in shown if key in titles), *(key for key in titles if key not in self._shown)]
        self._list = OptionList(compact=True)

    def compose(self) -> ComposeResult:
        """The columns, from left to right."""
        with Vertical(classes="dialog"):
            yield Label("Columns", classes="dialog-title")
            yield self._list
            yield Label(
                "space shows or hides · J K moves · a as many as fit · enter accepts · esc cancels",
                classes="dialog-hint",
            )

    def on_mount(self) -> None:
        """Ready to choose."""
        self._draw(0)
        self._list.focus()

    def _draw(self, at: int) -> None:
        self._list.clear_options()
        for key in self._order:
            sign = "[x]" if key in self._shown else "[ ]"
            self._list.add_option(Option(Text(f"{sign} {self._titles[key]}", "" if key in self._shown else "dim")))
        self._list.highlighted = at

    @property
    def _here(self) -> int:
        return self._list.highlighted or 0

    def action_tick(self) -> None:
        """Show or hide the column; the last one stays."""
        key = self._order[self._here]
        if self._shown == {key}:
            self.notify("One column has to stay.", severity="warning")
            return
        self._shown ^= {key}
        self._draw(self._here)

    def action_carry(self, places: int) -> None:
        """Move the column to another place."""
        at = self._here
        to = max(0, min(len(self._order) - 1, at + places))
        self._order.insert(to, self._order.pop(at))
        self._draw(to)

    def action_move(self, rows: int) -> None:
        """`j` and `k`."""
        if rows > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def action_fit(self) -> None:
        """Leave the choice to the width of the terminal."""
        self.dismiss(ColumnChoice(None))

    def action_accept(self) -> None:
        """Take what is ticked."""
        self.dismiss(ColumnChoice(tuple(key for key in self._order if key in self._shown)))

    def action_leave(self) -> None:
        """Escape."""
        self.dismiss(None)

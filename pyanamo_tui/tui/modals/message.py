"""Something a person must have seen: an error with what to do, or the outcome of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Button, Label, Static

from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Button as ButtonType


_NARROW: Final = 54
"""Cells of a line in a dialog that is no wider than others."""


class MessageModal(Dialog[None]):
    """A title, a hint, and optionally lines to scroll through. Any of enter, escape, q closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,space", "close", "close", id="message.close"),
    ]

    def __init__(self, title: str, hint: str = "", lines: str = "") -> None:
        super().__init__()
        self._title = title
        self._hint = hint
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Title, hint, lines, one button."""
        longest = max(map(len, self._lines.splitlines()), default=0)
        with Vertical(classes="dialog wide-dialog" if longest > _NARROW else "dialog"):
            yield Label(Text(printable(self._title)), classes="dialog-title")
            if self._hint:
                yield Label(Text(printable(self._hint)), classes="dialog-body")
            if self._lines:
                with VerticalScroll(classes="dialog-lines"):
                    yield Static(Text(printable(self._lines, keep_newlines=True)))
            yield Button("Close", id="close", compact=True)

    def on_mount(self) -> None:
        """Ready to be closed by a key."""
        self.query_one("#close", Button).focus()

    def on_button_pressed(self, _event: ButtonType.Pressed) -> None:
        """The button."""
        self.dismiss()

    def action_close(self) -> None:
        """A key."""
        self.dismiss()

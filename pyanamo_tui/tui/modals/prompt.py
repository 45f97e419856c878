"""A line of text asked of the user, with an example and a check as it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label

from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.widgets.text_line import TextLine
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.suggester import Suggester


class Prompt(Dialog[str | None]):
    """Asks for one line. Dismissed with the text, or None when it was left by escape.

    Args:
        title: what is asked.
        value: what stands there at first.
        placeholder: an example.
        restrict: a regular expression of what may be typed.
        suggester: completes as one types.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel", id="prompt.leave")]

    def __init__(
        self,
        title: str,
        *,
        value: str = "",
        placeholder: str = "",
        restrict: str | None = None,
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._input = TextLine(
            value=value, placeholder=placeholder, restrict=restrict, suggester=suggester, compact=True
        )

    def compose(self) -> ComposeResult:
        """The question and the line."""
        with Vertical(classes="dialog"):
            yield Label(Text(printable(self._title)), classes="dialog-title")
            yield self._input
            yield Label(Text("enter accepts · esc cancels"), classes="dialog-hint")

    def on_mount(self) -> None:
        """Ready to type."""
        self._input.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_leave(self) -> None:
        """Escape: no answer."""
        self.dismiss(None)

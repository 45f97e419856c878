"""One of a few things to choose: each with a key of its own and a line that says what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose. `key` is a letter that picks it at once; may be empty."""

    value: str
    label: str
    help: str = ""
    key: str = ""


class Choose(Dialog[str | None]):
    """Dismissed with the value chosen, or None when it was left by escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "cancel", id="choose.leave"),
        Binding("j", "move(1)", "down", id="choose.down", show=False),
        Binding("k", "move(-1)", "up", id="choose.up", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], *, chosen: str | None = None) -> None:
        super().__init__()
        self._title = title
        self._choices = tuple(choices)
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """The title and the list."""
        width = max((len(choice.label) for choice in self._choices), default=0)
        with Vertical(classes="dialog"):
            yield Label(Text(printable(self._title)), classes="dialog-title")
            options = []
            for choice in self._choices:
                text = Text(no_wrap=True, overflow="ellipsis")
                text.append(f"{choice.key or ' '}  ", "bold")
                text.append(f"{printable(choice.label):<{width}}")
                text.append(f"  {printable(choice.help)}", "dim")
                options.append(Option(text))
            yield OptionList(*options, compact=True)
            yield Label("enter chooses · esc cancels", classes="dialog-hint")

    def on_mount(self) -> None:
        """The one that holds now is under the cursor."""
        listed = self.query_one(OptionList)
        values = [choice.value for choice in self._choices]
        listed.highlighted = values.index(self._chosen) if self._chosen in values else 0
        listed.focus()

    def on_key(self, event: events.Key) -> None:
        """A choice's own letter."""
        for choice in self._choices:
            if choice.key and event.character == choice.key:
                event.stop()
                self.dismiss(choice.value)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index].value)

    def action_move(self, rows: int) -> None:
        """`j` and `k`."""
        listed = self.query_one(OptionList)
        if rows > 0:
            listed.action_cursor_down()
        else:
            listed.action_cursor_up()

    def action_leave(self) -> None:
        """Escape."""
        self.dismiss(None)

"""A question before a change: what exactly will happen, to how many, where; the default is No."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Static

from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.widgets.text_line import TextLine
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        title: the action and the count, as a question.
        body: what will happen, in a sentence or two.
        facts: lines of (label, value): table, account, counts by outcome, cost.
        confirm: the word on the button that does it.
        typed: what must be typed to confirm; empty for a plain yes.
        destructive: colours the button as a danger.
    """

    title: str
    body: str = ""
    facts: Sequence[tuple[str, str]] = ()
    confirm: str = "Yes"
    typed: str = ""
    destructive: bool = True


class Confirm(Dialog[bool]):
    """Asks a Question. Dismissed with True only by `y`, the button, or the typed word."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes", id="confirm.yes"),
        Binding("n,escape", "no", "no", id="confirm.no"),
        Binding("left,right,h,l", "other_button", "choose", id="confirm.other", show=False),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        """Title, what happens, facts, and the two buttons; No has the focus, or the field to type in."""
        question = self.question
        with Vertical(classes="dialog question-dialog"):
            yield Label(Text(printable(question.title)), classes="dialog-title")
            if question.body:
                yield Label(Text(printable(question.body, keep_newlines=True)), classes="dialog-body")
            if question.facts:
                yield Static(_facts(question.facts), classes="dialog-facts")
            if question.typed:
                yield Label(Text(f"Type {printable(question.typed)} to confirm:"), classes="dialog-body")
                yield TextLine(id="typed", compact=True)
            with Horizontal(classes="dialog-buttons"):
                no_key, yes_key = ("esc", "⏎") if question.typed else ("n", "y")
                yes = _keyed(yes_key, question.confirm)
                yield Button(_keyed(no_key, "No"), id="no", variant="default", compact=True)
                yield Button(
                    yes,
                    id="yes",
                    variant="error" if question.destructive else "primary",
                    disabled=bool(question.typed),
                    compact=True,
                )

    def on_mount(self) -> None:
        """The harmless answer has the focus."""
        self.query_one("#typed" if self.question.typed else "#no").focus()

    @on(Input.Changed, "#typed")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#yes", Button).disabled = event.value.strip() != self.question.typed

    @on(Input.Submitted, "#typed")
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip() == self.question.typed:
            self.dismiss(True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_yes(self) -> None:
        """`y`, unless something must be typed."""
        if not self.question.typed:
            self.dismiss(True)

    def action_no(self) -> None:
        """`n` or escape."""
        self.dismiss(False)

    def action_other_button(self) -> None:
        """Move between No and Yes."""
        self.focus_next(Button)


def _keyed(key: str, label: str) -> Text:
    """What stands on a button, with the key that does the same."""
    return Text.assemble((f"{key} ", "dim"), printable(label))


def _facts(facts: Sequence[tuple[str, str]]) -> Table:
    """Labels, and values that stay beside them where they need more lines than one."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for label, value in facts:
        grid.add_row(Text(label), Text(printable(value)))
    return grid

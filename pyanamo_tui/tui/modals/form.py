"""A form of a few fields that says what is wrong while one types, and can be accepted only when nothing is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Select

from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.widgets.text_line import TextLine
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

_ROOMY_FIELDS: Final = 8
"""More than these fit 24 lines only without the room about them."""

Values = Mapping[str, str]
Check = Callable[[Values], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line to type in. `only_if` says by the other values whether it can be filled in now."""

    key: str
    label: str
    value: str = ""
    placeholder: str = ""
    restrict: str | None = None
    only_if: Callable[[Values], bool] | None = None


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few (value, words)."""

    key: str
    label: str
    options: Sequence[tuple[str, str]]
    value: str


Field = Line | OneOf


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked.

    Attributes:
        title: the action, as a question or in the imperative.
        fields: from the top.
        check: what is wrong with the values as a sentence, or an empty string.
        body: what will happen, and where.
        confirm: the word on the button that does it.
    """

    title: str
    fields: Sequence[Field]
    check: Check
    body: str = ""
    confirm: str = "Do it"


class FormModal(Dialog[dict[str, str] | None]):
    """Asks a Form. Dismissed with the values by key, which passed its check, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", id="form.leave"),
        Binding("down", "app.focus_next", "next field", id="form.next", show=False),
        Binding("up", "app.focus_previous", "field before", id="form.previous", show=False),
    ]

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form

    def compose(self) -> ComposeResult:
        """Title, what happens, the fields, what is wrong, the buttons."""
        tall = " tall-dialog" if len(self.form.fields) > _ROOMY_FIELDS else ""
        with Vertical(classes="dialog form-dialog" + tall):
            yield Label(Text(printable(self.form.title)), classes="dialog-title")
            if self.form.body:
                yield Label(Text(printable(self.form.body, keep_newlines=True)), classes="dialog-body")
            for one in self.form.fields:
                with Horizontal(classes="form-row"):
                    yield Label(Text(printable(one.label)), classes="form-name")
                    yield _widget(one)
            yield Label("", id="form-problem", classes="form-problem")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="form-cancel", compact=True)
                yield Button(Text(printable(self.form.confirm)), id="form-accept", variant="primary", compact=True)
            yield Label(Text("tab next field · enter accepts · esc cancels"), classes="dialog-hint")

    def on_mount(self) -> None:
        """Ready to type; what is wrong at first is said too."""
        first = self.form.fields[0]
        self.query_one(f"#field-{first.key}").focus()
        self._look()

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields now."""
        found: dict[str, str] = {}
        for one in self.form.fields:
            widget = self.query_one(f"#field-{one.key}")
            if isinstance(widget, Select):
                found[one.key] = str(widget.value)
            elif isinstance(widget, Input):
                found[one.key] = widget.value.strip()
        return found

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        self._look()

    def _look(self) -> str:
        values = self.values
        for one in self.form.fields:
            if isinstance(one, Line) and one.only_if is not None:
                self.query_one(f"#field-{one.key}").disabled = not one.only_if(values)
        problem = self.form.check(values)
        self.query_one("#form-problem", Label).update(Text(printable(problem)))
        self.query_one("#form-accept", Button).disabled = bool(problem)
        return problem

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._accept()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "form-accept":
            self._accept()
        else:
            self.dismiss(None)

    def _accept(self) -> None:
        if not self._look():
            self.dismiss(self.values)

    def action_leave(self) -> None:
        """Escape: nothing is done."""
        self.dismiss(None)


def _widget(one: Field) -> Input | Select[str]:
    name = f"field-{one.key}"
    if isinstance(one, OneOf):
        options = [(Text(printable(words)), value) for value, words in one.options]
        return Select(options, value=one.value, allow_blank=False, id=name, compact=True)
    return TextLine(value=one.value, placeholder=one.placeholder, restrict=one.restrict, id=name, compact=True)

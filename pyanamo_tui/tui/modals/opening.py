"""Opens another place while the one before goes on: nothing is swapped until the new one has answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Label

from pyanamo_tui.core.context import Context, Opened, OpenWorkspace, open_checked
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.settings import Settings


@dataclass
class _Ended(Message):
    """The place answered, or why it did not."""

    result: Opened | PyanamoError


class Opening(Dialog[Opened | PyanamoError | None]):
    """Dismissed with the place opened, with the error that it met, or with None when the user gave up waiting.

    Args:
        settings: of the new place.
        open_workspace: makes its Workspace; called on a background thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "cancel", id="opening.leave")]

    def __init__(self, settings: Settings, open_workspace: OpenWorkspace) -> None:
        super().__init__()
        self._settings = settings
        self._open_workspace = open_workspace

    def compose(self) -> ComposeResult:
        """What is being opened, and the way back."""
        context = Context.of(self._settings)
        with Vertical(classes="dialog"):
            yield Label(Text(f"Opening {printable(context.table or 'the list of tables')} …"), classes="dialog-title")
            yield Label(Text(printable(context.words(dict(self._settings.endpoints)))), classes="dialog-body")
            yield Label("esc stays where you are", classes="dialog-hint")

    def on_mount(self) -> None:
        """Begin."""
        self._open()

    @work(thread=True, exit_on_error=False, description="open place")
    def _open(self) -> None:
        try:
            self.post_message(_Ended(open_checked(self._settings, self._open_workspace)))
        except PyanamoError as error:
            self.post_message(_Ended(error))

    @on(_Ended)
    def _ended(self, message: _Ended) -> None:
        self.dismiss(message.result)

    def action_leave(self) -> None:
        """Stay. The thread ends by itself; what it brings is dropped."""
        self.dismiss(None)

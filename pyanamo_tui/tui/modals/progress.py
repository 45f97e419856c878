"""The bar over a bulk action while it runs: how far, how it goes, and a way to stop it within one batch."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Label, ProgressBar

from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ProgressModal(Dialog[None]):
    """Shows progress until the caller dismisses it. Escape asks the work to stop; it says so and waits.

    Attributes:
        cancelled: set when the user asked to stop; the work looks at it between batches.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", "stop", id="progress.stop")]

    def __init__(self, title: str) -> None:
        super().__init__()
        self.cancelled = threading.Event()
        self._title = title

    def compose(self) -> ComposeResult:
        """Title, bar, a line of counts."""
        with Vertical(classes="dialog"):
            yield Label(Text(printable(self._title)), classes="dialog-title")
            yield ProgressBar(id="bar", show_eta=True)
            yield Label("", id="counts", classes="dialog-body")
            yield Label("esc stops after the batch under way", id="hint", classes="dialog-hint")

    def report(self, done: int, total: int | None, words: str = "") -> None:
        """Show how far it is. Called on the UI thread."""
        if not self.is_mounted:
            return
        self.query_one(ProgressBar).update(total=total, progress=done)
        self.query_one("#counts", Label).update(Text(printable(words)))

    def action_stop(self) -> None:
        """Ask the work to stop."""
        self.cancelled.set()
        self.query_one("#hint", Label).update("stopping …")

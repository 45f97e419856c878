"""Lines that are read again while they are looked at, over the whole screen: a worker's log, a job and its pilots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Label
from textual.worker import Worker, WorkerState

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.log_asking import ask_filter, ask_search, filter_words, match_words, pending_words
from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.rounds import Rounds
from pyanamo_tui.tui.widgets.log_view import LogView
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.tui.app import Dashboard

_KEYS = "/ search · & filter · f follow · W wrap · r read again · esc closes"


class LiveLines(Dialog[None]):
    """Reads lines on a thread, again and again.

    Args:
        app: the dashboard.
        title: what they are.
        read: gives all of them; called on a thread, may raise PyanamoError, which the title tells.
        seconds: between two readings.
        from_end: begin at the last line, and follow what comes.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "close", id="lines.close"),
        Binding("slash", "search", "search", id="lines.search", key_display="/"),
        Binding("ampersand", "filter", "filter lines", id="lines.filter", key_display="&"),
        Binding("r", "read_again", "read again", id="lines.again"),
    ]

    def __init__(
        self, app: Dashboard, title: str, read: Callable[[], Sequence[str]], *, seconds: float, from_end: bool
    ) -> None:
        super().__init__()
        self._dashboard = app
        self._title = title
        self._from_end = from_end
        self._problem = ""
        self._read_once = False
        self._rounds = Rounds(self, "read lines", read, self._came, seconds=seconds, slowest=seconds * 8)
        self.view = LogView(empty="Reading …", id="live-lines")

    def compose(self) -> ComposeResult:
        """What they are, the lines, the keys."""
        with Vertical(classes="dialog full-dialog"):
            yield Label("", id="live-title", classes="dialog-title")
            yield self.view
            yield Label(Text(_KEYS), classes="dialog-hint")

    def on_mount(self) -> None:
        """The lines have the keys."""
        self.view.focus()
        self._tell()

    def on_screen_resume(self) -> None:
        """Read, and go on reading."""
        self._rounds.begin()

    def on_screen_suspend(self) -> None:
        """Nobody looks."""
        self._rounds.pause()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker failed in a way that nobody foresaw: it is told, not lost."""
        if event.state == WorkerState.ERROR and event.worker.error is not None:
            self._dashboard.tell_fault(event.worker.error)

    def _came(self, answer: Sequence[str] | PyanamoError) -> None:
        self._problem = answer.message if isinstance(answer, PyanamoError) else ""
        if not isinstance(answer, PyanamoError):
            if self._read_once or self._from_end:
                self.view.update_lines(answer, empty="Nothing was written yet")
            else:
                self.view.set_lines(answer)
                self.view.action_top()
                self.view.following = False
            self._read_once = True
        elif not self._read_once:
            self.view.set_lines((), empty=f"{answer.message}. {answer.hint}")
        self._tell()

    @on(LogView.Moved)
    def _tell(self) -> None:
        view = self.view
        parts = [self._title, f"{count(len(view.lines))} lines" if self._from_end else ""]
        parts += [match_words(view), filter_words(view), pending_words(view)]
        parts.append(self._problem if self._read_once else "")
        self.query_one("#live-title", Label).update(Text(printable(" · ".join(part for part in parts if part))))

    def action_read_again(self) -> None:
        """Read them now."""
        self._rounds.now()

    @work(group="search", exclusive=True)
    async def action_search(self) -> None:
        """Look for text."""
        await ask_search(self.app, self.view, "these lines")
        self._tell()

    @work(group="search", exclusive=True)
    async def action_filter(self) -> None:
        """Show only the lines that have some text."""
        await ask_filter(self.app, self.view)
        self._tell()

    def action_close(self) -> None:
        """Leave."""
        self.dismiss()

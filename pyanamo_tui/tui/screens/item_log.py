"""The log on the screen of an item: of which attempt and stream, read further up, searched, filtered, saved."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from pyanamo_tui.core.logbook import kept_elsewhere
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.log_asking import ask_filter, ask_search, filter_words, match_words, pending_words
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.item_reading import ItemReadingScreen
from pyanamo_tui.tui.whole_log import KINDS, Line, LogPage, OpenedLog, both_streams, save_log
from pyanamo_tui.tui.widgets.log_lines import LineKind
from pyanamo_tui.tui.widgets.log_tabs import STREAMS, LogChoice, LogTabs
from pyanamo_tui.tui.widgets.log_view import LogView
from pyanamo_tui.workflow.attempts import Attempt, attempts_of, told
from pyanamo_tui.workflow.endings import explain
from pyanamo_tui.workflow.model import EarlierLog
from pyanamo_tui.workflow.printable import clean_file_name, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from pyanamo_tui.core.logtext import Stream
    from pyanamo_tui.workflow.model import Item, LogEntry, Task

MOST_LINES: Final = 200_000
MOST_CHARACTERS: Final = 32_000_000
"""What is held of a log; reading further up lets go of as much below."""


class LogKey(NamedTuple):
    """Which log is shown: of which task, the attempt's number, which stream."""

    task: str | None
    attempt: int
    stream: str


@dataclass(frozen=True, slots=True)
class LogWays:
    """How a log is looked at, which the next item's is looked at too."""

    stream: str = STREAMS[0]
    wrap: bool = False
    numbers: bool = False


@dataclass
class LogOpened(Message):
    """A log that is kept outside the item was opened at its end."""

    key: LogKey
    opened: OpenedLog


@dataclass
class LogReadOn(Message):
    """More of it was read, further up."""

    opened: OpenedLog
    page: LogPage


def lines_of(item: Item, task: str | None, attempt: Attempt | None, stream: str) -> list[Line]:
    """The lines of an attempt as the item holds them, both streams or one, each with where it is from."""
    if attempt is None:
        return []
    if attempt.log is None:
        tail = told(item, task)
        if not tail:
            return []
        return [(LineKind.NOTE, "running; its last lines:"), *((LineKind.OUT, line) for line in _lines(tail))]
    texts: dict[Stream, str] = {"stdout": attempt.log.stdout, "stderr": attempt.log.stderr}
    return both_streams([(KINDS[name], _lines(texts[name])) for name in _streams_of(stream)])


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _streams_of(stream: str) -> tuple[Stream, ...]:
    if stream == "all":
        return ("stdout", "stderr")
    return ("stderr",) if stream == "stderr" else ("stdout",)


class ItemLogScreen(ItemReadingScreen):
    """A screen with the log of an item or of one of its tasks.

    Subclasses say which of its tasks is chosen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_curly_bracket", "attempt(1)", "next attempt", id="log.next_attempt", show=False),
        Binding("left_curly_bracket", "attempt(-1)", "attempt before", id="log.previous_attempt", show=False),
        Binding("a", "stream", "stdout/stderr", id="log.stream", show=False),
        Binding("slash", "search", "search", id="log.search", key_display="/"),
        Binding("ampersand", "filter_log", "filter", id="log.filter", key_display="&"),
        Binding("s", "save", "save", id="log.save"),
    ]

    def __init__(self, item_id: str, ways: LogWays | None = None) -> None:
        super().__init__(item_id)
        ways = ways or LogWays()
        self._stream = ways.stream
        self._number: int | None = None
        self._attempts: tuple[Attempt, ...] = ()
        self._shown: LogKey | None = None
        self._entry: LogEntry | EarlierLog | None = None
        self._opened: OpenedLog | None = None
        self._above = ""
        self._reading_on = False
        self.tabs = LogTabs(id="log-tabs")
        self.log_view = LogView(empty="Reading …", id="log")
        self.log_view.wrap, self.log_view.numbers = ways.wrap, ways.numbers

    @property
    @abstractmethod
    def chosen_task(self) -> Task | None:
        """The task whose log is shown, or None for a single item."""

    @property
    def ways(self) -> LogWays:
        """How the log is looked at."""
        return LogWays(self._stream, self.log_view.wrap, self.log_view.numbers)

    def log_panel(self) -> ComposeResult:
        """The panel with the log."""
        with Container(id="item-log", classes="panel") as panel:
            panel.border_title = "Log"
            yield self.tabs
            yield Static(id="log-above")
            yield self.log_view

    # -- what is shown --------------------------------------------------------------------------

    @property
    def attempt(self) -> Attempt | None:
        """The attempt that is shown: the one chosen, else the latest."""
        chosen = [one for one in self._attempts if one.number == self._number]
        return chosen[-1] if chosen else self._attempts[-1] if self._attempts else None

    def forget_log(self) -> None:
        """Read the log anew, wherever it is kept, when it is shown next."""
        self._entry = self._opened = None

    def show_log(self) -> None:
        """Show the log of the chosen task, attempt and stream as the item has it, and what is kept elsewhere."""
        item = self.item
        if item is None:
            return
        task = None if self.chosen_task is None else self.chosen_task.key
        if self._shown is not None and self._shown.task != task:
            self._number = self._shown = None
        self._attempts = attempts_of(item, task)
        shown, latest = self._shown, self._attempts[-1].number if self._attempts else 0
        if shown is not None and shown.attempt not in {0, latest} and not self.log_view.following:
            # What is being read is not taken away by a new attempt.
            self._number = shown.attempt
        attempt = self.attempt
        log, number = (None, 0) if attempt is None else (attempt.log, attempt.number)
        self.tabs.choice = LogChoice(
            self._attempts, 0 if attempt is None else self._attempts.index(attempt), self._stream
        )
        key = LogKey(task, number, self._stream)
        if kept_elsewhere(log) and attempt is not None:
            if key != self._shown or log != self._entry:
                self._put_lines(key, lines_of(item, task, attempt, self._stream), "Reading …")
                self._entry, self._opened = log, None
                self._tell_above("")
                self._open(item, key, attempt)
        else:
            self._entry = self._opened = None
            self._put_lines(key, lines_of(item, task, attempt, self._stream), _empty_words(attempt))
            self._tell_above("")
        self._tell()

    def _put_lines(self, key: LogKey, found: Sequence[Line], empty: str) -> None:
        """Show lines: of the same log in their place, of another from their end."""
        kinds, lines = [kind for kind, _ in found], [line for _, line in found]
        if self._shown == key:
            self.log_view.update_lines(lines, kinds=kinds, empty=empty)
        else:
            self._shown = key
            self.log_view.set_lines(lines, kinds=kinds, empty=empty)

    @work(thread=True, group="page", exclusive=True, exit_on_error=False, description="read a log")
    def _open(self, item: Item, key: LogKey, attempt: Attempt) -> None:
        workspace, worker = self.dashboard.workspace, get_current_worker()
        if workspace is None:
            return
        streams = _streams_of(key.stream)
        opened = OpenedLog(workspace, item, key.task, attempt, streams, lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            self.post_message(LogOpened(key, opened))

    @on(LogOpened)
    def _show_opened(self, message: LogOpened) -> None:
        message.stop()
        if message.key != self._shown or self._entry is None:
            return
        self._opened = message.opened
        self._tell_above(message.opened.newest.above)
        self._put_lines(message.key, message.opened.newest.lines, "Nothing was written")
        self._tell()

    @on(LogView.TopReached)
    def _further_up(self) -> None:
        if self._opened is not None and self._above and not self._reading_on:
            self._reading_on = True
            self.query_one("#log-above", Static).update(f"↑ {self._above} · reading on …")
            self._read_on(self._opened)

    @work(thread=True, group="read-on", exit_on_error=False, description="read a log further up")
    def _read_on(self, opened: OpenedLog) -> None:
        self.post_message(LogReadOn(opened, opened.earlier()))

    @on(LogReadOn)
    def _show_earlier(self, message: LogReadOn) -> None:
        message.stop()
        self._reading_on = False
        if message.opened is not self._opened:
            return
        page = message.page
        self._tell_above(page.above, page.problem)
        self.log_view.prepend_lines([line for _, line in page.lines], kinds=[kind for kind, _ in page.lines])
        self.log_view.keep_first(_that_fit(self.log_view.lines))
        self._tell()

    @on(LogView.EndWanted)
    def _end_again(self) -> None:
        self.forget_log()
        self._shown = None
        self.show_log()

    # -- what is said about it ------------------------------------------------------------------

    def _tell_above(self, above: str, problem: str = "") -> None:
        """The line over the log: what of it is not here yet, and how to get it."""
        self._above = "" if problem else above
        self.log_view.from_end = bool(above)
        words = f"↑ {above} · page up reads on" if above else ""
        if problem:
            words = f"↑ {above} · {problem} r reads the log again"
        line = self.query_one("#log-above", Static)
        line.display = bool(words)
        line.update(Text(printable(words), no_wrap=True, overflow="ellipsis"))

    @on(LogView.Moved)
    def _tell(self) -> None:
        """Which log it is on the upper border, what is looked for in it on the lower."""
        attempt, task, view = self.attempt, self.chosen_task, self.log_view
        log = None if attempt is None else attempt.log
        parts = ["Log" if task is None else f"Log of {task.key}"]
        if log is not None:
            # In a few words: what to do about it is told by `w`.
            parts.append("" if log.exit_code is None else explain(log.exit_code).partition(":")[0])
            parts.append(self._kept_words(log))
        self.retitle("#item-log", " · ".join(part for part in parts if part))
        below = "the end is not held: G reads it" if view.cut_below else ""
        partly = view.from_end or view.cut_below
        looked = [match_words(view, partly=partly), filter_words(view, partly=partly), pending_words(view)]
        words = " · ".join(part for part in (*looked, below) if part)
        self.query_one("#item-log").border_subtitle = Text(printable(words))

    def _kept_words(self, log: LogEntry | EarlierLog) -> str:
        if kept_elsewhere(log):
            return "reading the rest …" if self._opened is None else self._opened.note
        if isinstance(log, EarlierLog):
            return "its last lines"
        return "" if log.exit_code is not None else log.status

    # -- keys -----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for attempts where there are several."""
        return len(self._attempts) > 1 if action == "attempt" else super().check_action(action, parameters)

    def action_attempt(self, step: int) -> None:
        """The log of the next attempt or of the one before."""
        shown = self.attempt
        if shown is not None:
            at = self._attempts.index(shown) + step
            at = max(0, min(at, len(self._attempts) - 1))
            # The latest is not held on to: when it is run again, that is what is looked at.
            self._number = None if at == len(self._attempts) - 1 else self._attempts[at].number
            self.show_log()

    def action_stream(self) -> None:
        """Both streams, stdout, stderr, and round again."""
        self._stream = STREAMS[(STREAMS.index(self._stream) + 1) % len(STREAMS)]
        self.show_log()

    @work(group="search", exclusive=True)
    async def action_search(self) -> None:
        """Look for text in the log."""
        await ask_search(self.app, self.log_view, over=f"{self._above}, not searched." if self._above else "")

    @work(group="search", exclusive=True)
    async def action_filter_log(self) -> None:
        """Show only the lines that have some text, with lines around them where that is wanted."""
        await ask_filter(self.app, self.log_view)

    @work(group="save", exclusive=True)
    async def action_save(self) -> None:
        """Write the whole log of the stream shown (stdout where both are) to a file."""
        workspace, item, attempt, task = self.dashboard.workspace, self.item, self.attempt, self.chosen_task
        if workspace is None or item is None:
            return
        key, stream = None if task is None else task.key, _streams_of(self._stream)[0]
        number = f"attempt-{attempt.number}" if attempt is not None and len(self._attempts) > 1 else None
        name = clean_file_name(".".join(part for part in (item.item_id, key, number, stream) if part)) + ".log"
        path = await self.app.push_screen_wait(Prompt(f"Save the whole {stream} as", value=name))
        if not path:
            return
        try:
            size = await asyncio.to_thread(save_log, workspace, item, key, stream, attempt, path)
        except PyanamoError as error:
            self.dashboard.tell(error)
            return
        self.notify(f"Saved {count(size)} bytes as {printable(path)}", markup=False)


def _empty_words(attempt: Attempt | None) -> str:
    if attempt is None:
        return "No log yet"
    return (
        "It is running, and its worker has told nothing of its output yet" if attempt.running else "Nothing was written"
    )


def _that_fit(lines: Sequence[str]) -> int:
    """How many of these lines, from the first, are held."""
    characters = 0
    for number, line in enumerate(lines[:MOST_LINES]):
        characters += len(line)
        if characters > MOST_CHARACTERS:
            return number
    return min(len(lines), MOST_LINES)

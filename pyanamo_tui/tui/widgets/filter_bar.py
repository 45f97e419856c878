"""The line at the bottom where a filter is typed: completes words, keeps history, says what it matches or lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label

from pyanamo_tui.tui.widgets.text_line import TextLine
from pyanamo_tui.workflow.filters import FilterError, complete, parse_filter, word_start
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.workflow.filters import Filter


@dataclass(frozen=True, slots=True)
class KnownWords:
    """What the table holds, for completion."""

    steps: Sequence[str] = ()
    states: Sequence[str] = ()
    owners: Sequence[str] = ()
    codes: Sequence[str] = field(default=())
    """Exit codes."""

    def complete(self, text: str, cursor: int) -> list[str]:
        """What could stand in place of the word before the cursor."""
        return complete(text, cursor, self.steps, self.states, self.owners, self.codes)


Words = Callable[[], KnownWords]


class _FilterSuggester(Suggester):
    def __init__(self, words: Words) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        """The first completion of the word being typed."""
        found = self._words().complete(value, len(value))
        return value[: word_start(value, len(value))] + found[0] if found else None


@dataclass(slots=True)
class _Completing:
    """The words that tab goes through: what was typed before and after them, and which one stands there."""

    before: str
    after: str
    found: list[str]
    at: int = 0

    @property
    def text(self) -> str:
        return self.before + self.found[self.at] + self.after


class FilterBar(Horizontal):
    """Hidden until `/`. Enter keeps the filter, escape puts back the one before.

    Args:
        words: what the table holds.
        history: filters used before, the latest last.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", id="filter.leave"),
        Binding("up", "older", "older", id="filter.older", show=False),
        Binding("down", "newer", "newer", id="filter.newer", show=False),
        Binding("tab", "complete(1)", "complete", id="filter.complete", priority=True),
        Binding("shift+tab", "complete(-1)", "the completion before", id="filter.complete_back", show=False),
        Binding("ctrl+o", "saved", "saved filters", id="filter.saved"),
    ]
    DEFAULT_CSS = """
    FilterBar { height: 1; background: $surface; display: none; }
    FilterBar.-open { display: block; }
    FilterBar > #filter-mark { width: 2; color: $accent; text-style: bold; }
    FilterBar > Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    FilterBar > #filter-problem { width: auto; max-width: 60%; color: $foreground-muted; padding-left: 1; }
    FilterBar > #filter-problem.-wrong { color: $warning; }
    """

    class Changed(Message):
        """A filter that can be understood was typed, accepted or put back."""

        def __init__(self, asked: Filter) -> None:
            super().__init__()
            self.filter = asked

    class Closed(Message):
        """The bar closed; the list has the keys again. `used` is the filter that was kept by enter, or empty."""

        def __init__(self, used: str = "") -> None:
            super().__init__()
            self.used = used

    class SavedAsked(Message):
        """The saved filters are asked for."""

    def __init__(self, words: Words, history: Callable[[], Sequence[str]] = tuple) -> None:
        super().__init__()
        self._words = words
        self._history = history
        self._before = ""
        self._typed = ""
        self._back = 0
        self._completing: _Completing | None = None
        self._told = ""
        self._wrong = False

    def compose(self) -> ComposeResult:
        """The mark, the line, and what is wrong with it or what it matches."""
        yield Label("/", id="filter-mark")
        yield TextLine(
            placeholder="text  /regex/  !not  state:failed step:Align exit:137 age>2h host:i-0a*",
            suggester=_FilterSuggester(self._words),
            compact=True,
            select_on_focus=False,
        )
        yield Label("", id="filter-problem")

    def open(self, text: str) -> None:
        """Show the bar with the filter that holds."""
        self._before = text
        self._back = 0
        self.add_class("-open")
        self._put(text)
        self.query_one(Input).focus()

    def tell(self, words: str) -> None:
        """Say what the filter matches; shown while nothing is wrong with what is typed."""
        self._told = words
        if self.has_class("-open") and not self._wrong and self._completing is None:
            self._say(words)

    def _say(self, words: str, *, wrong: bool = False) -> None:
        self._wrong = wrong
        label = self.query_one("#filter-problem", Label)
        label.set_class(wrong, "-wrong")
        label.update(Text(printable(words)))

    def _put(self, text: str, cursor: int | None = None) -> None:
        line = self.query_one(Input)
        line.value = text
        line.cursor_position = len(text) if cursor is None else cursor

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.has_class("-open"):
            return
        if self._completing is not None and event.value != self._completing.text:
            self._completing = None
        try:
            asked = parse_filter(event.value)
        except FilterError as error:
            if self._completing is None:
                self._say(f"expected {error.expected}", wrong=True)
            return
        if self._completing is None:
            self._say(self._told)
        self.post_message(self.Changed(asked))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            parse_filter(event.value)
        except FilterError:
            return
        self._close(event.value.strip())

    # -- history --------------------------------------------------------------------------------

    def _go_back(self, steps: int) -> None:
        history = self._history()
        if self._back == 0:
            self._typed = self.query_one(Input).value
        self._back = max(0, min(len(history), self._back + steps))
        self._put(history[-self._back] if self._back else self._typed)

    def action_older(self) -> None:
        """The filter used before the one shown."""
        self._go_back(1)

    def action_newer(self) -> None:
        """The filter used after the one shown; at the end what was being typed."""
        self._go_back(-1)

    # -- completion -----------------------------------------------------------------------------

    def action_complete(self, step: int) -> None:
        """Complete the word before the cursor; again for the next that fits."""
        going = self._completing
        if going is None:
            line = self.query_one(Input)
            text, cursor = line.value, line.cursor_position
            found = self._words().complete(text, cursor)
            if not found:
                self._say("nothing to complete" if text else "type the begin of a field: st, ex, ho …")
                return
            going = self._completing = _Completing(text[: word_start(text, cursor)], text[cursor:], found)
        else:
            going.at = (going.at + step) % len(going.found)
        self._put(going.text, len(going.text) - len(going.after))
        if len(going.found) == 1:
            self._completing = None
            self._say(self._told)
        else:
            others = (going.found[going.at :] + going.found[: going.at])[1:3]
            self._say(f"{going.at + 1} of {len(going.found)}: then {', '.join(others)}")

    def action_saved(self) -> None:
        """Saved filters."""
        self.post_message(self.SavedAsked())

    # -- leaving --------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Escape: the filter is what it was."""
        self.post_message(self.Changed(parse_filter(self._before)))
        self._close()

    def close(self) -> None:
        """Close and leave the filter as it is."""
        if self.has_class("-open"):
            self._close()

    def _close(self, used: str = "") -> None:
        self._completing = None
        self.remove_class("-open")
        self.post_message(self.Closed(used))

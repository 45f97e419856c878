"""The line at the bottom where a filter is typed: completes words, says what is wrong while one types."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label

from pyanamo_tui.workflow.filters import FilterError, complete, parse_filter, word_start
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.workflow.filters import Filter

Words = Callable[[], tuple[list[str], list[str], list[str]]]
"""Steps, states and owners that the table holds, for completion."""


class _FilterSuggester(Suggester):
    def __init__(self, words: Words) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        """The first completion of the word being typed."""
        steps, states, owners = self._words()
        found = complete(value, len(value), steps, states, owners)
        return value[: word_start(value, len(value))] + found[0] if found else None


class FilterBar(Horizontal):
    """Hidden until `/`. Enter keeps the filter, escape puts back the one before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", id="filter.leave"),
        Binding("up", "older", "older", id="filter.older", show=False),
    ]
    DEFAULT_CSS = """
    FilterBar { height: 1; background: $surface; display: none; }
    FilterBar.-open { display: block; }
    FilterBar > #filter-mark { width: 2; color: $accent; text-style: bold; }
    FilterBar > Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    FilterBar > #filter-problem { width: auto; max-width: 60%; color: $warning; padding-left: 1; }
    """

    class Changed(Message):
        """A filter that can be understood was typed, accepted or put back."""

        def __init__(self, asked: Filter) -> None:
            super().__init__()
            self.filter = asked

    class Closed(Message):
        """The bar closed; the list has the keys again."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._before = ""
        self._history: list[str] = []
        self._back = 0

    def compose(self) -> ComposeResult:
        """The mark, the line, and what is wrong with it."""
        yield Label("/", id="filter-mark")
        yield Input(
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
        line = self.query_one(Input)
        line.value = text
        line.cursor_position = len(text)
        line.focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.has_class("-open"):
            return
        problem = self.query_one("#filter-problem", Label)
        try:
            asked = parse_filter(event.value)
        except FilterError as error:
            problem.update(Text(printable(error.message)))
            return
        problem.update("")
        self.post_message(self.Changed(asked))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            parse_filter(event.value)
        except FilterError:
            return
        if event.value.strip() and (not self._history or self._history[-1] != event.value):
            self._history.append(event.value)
        self._close()

    def action_older(self) -> None:
        """The filter used before the one shown."""
        if self._back < len(self._history):
            self._back += 1
            line = self.query_one(Input)
            line.value = self._history[-self._back]
            line.cursor_position = len(line.value)

    def action_leave(self) -> None:
        """Escape: the filter is what it was."""
        self.post_message(self.Changed(parse_filter(self._before)))
        self._close()

    def _close(self) -> None:
        self.remove_class("-open")
        self.post_message(self.Closed())

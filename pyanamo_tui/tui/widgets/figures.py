"""Small panels that render the value they are given, and draw nothing while it stays the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from pyanamo_tui.tui.format import count, fit
from pyanamo_tui.tui.widgets.bars import FULL, apportion, bar, chart
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import RenderResult

_GAP: Final = 3
_SMALLEST_BAR: Final = 4


class Figures(Widget):
    """A widget that renders one value; its colours are component classes, so that themes decide them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "state--todo",
        "state--locked",
        "state--done",
        "state--failed",
        "state--wall",
        "state--other",
        "figures--quiet",
        "figures--strong",
        "figures--warn",
    }
    DEFAULT_CSS = """
    Figures { height: 1fr; }
    Figures > .state--todo { color: $foreground; }
    Figures > .state--locked { color: $warning; }
    Figures > .state--done { color: $success; }
    Figures > .state--failed { color: $error; text-style: bold; }
    Figures > .state--wall { color: $primary-lighten-2; }
    Figures > .state--other { color: $accent; }
    Figures > .figures--quiet { color: $foreground-muted; }
    Figures > .figures--strong { text-style: bold; }
    Figures > .figures--warn { color: $warning; text-style: bold; }
    """

    def put(self, text: Text, words: str, style: str = "") -> None:
        """Add words in the style of a component class; they are data, never markup."""
        text.append(printable(words), self.get_component_rich_style(style) if style else None)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a whole: its word, how much of it, its component class, and the character that draws it."""

    word: str
    amount: int
    style: str = ""
    glyph: str = FULL


class StateBar(Figures):
    """One line: a bar of parts, each by its own character and colour, as wide as the widget."""

    DEFAULT_CSS = "StateBar { height: 1; }"
    parts: reactive[tuple[Part, ...]] = reactive(())

    def render(self) -> RenderResult:
        """Each part that is not nothing has a cell at the least."""
        text = Text(no_wrap=True, end="")
        for part, cells in zip(self.parts, apportion([p.amount for p in self.parts], self.size.width), strict=True):
            self.put(text, part.glyph * cells, part.style)
        return text


class CountsLine(Figures):
    """One line: a word and its count, and so on; `>` before counts that may still grow."""

    DEFAULT_CSS = "CountsLine { height: 1; }"
    parts: reactive[tuple[Part, ...]] = reactive(())
    exact: reactive[bool] = reactive(True)

    def render(self) -> RenderResult:
        """As many as fit, the rest as an ellipsis; a count of nothing is quiet."""
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        for number, part in enumerate(self.parts):
            text.append(" " * _GAP if number else "")
            self.put(text, f"{part.word} ", "figures--quiet")
            sign = "" if self.exact else ">"
            self.put(text, f"{sign}{count(part.amount)}", part.style if part.amount else "figures--quiet")
        return text


class BarRows(Figures):
    """A line for each part: word, bar, count; the bars scaled to the largest of them."""

    parts: reactive[tuple[Part, ...]] = reactive(())

    def render(self) -> RenderResult:
        """Words give way before bars do."""
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        top = max((part.amount for part in self.parts), default=0)
        digits = max((len(count(part.amount)) for part in self.parts), default=0)
        words = [printable(part.word) for part in self.parts]
        room = self.size.width - digits - 2
        wide = max(0, min(max(map(cell_len, words), default=0), room - _SMALLEST_BAR))
        for number, (part, word) in enumerate(zip(self.parts, words, strict=True)):
            text.append("\n" if number else "")
            self.put(text, fit(word, wide, right=True) + " ", "figures--quiet")
            length = max(0, room - wide)
            drawn = bar(part.amount / top, length, empty=" ") if part.amount > 0 else " " * length
            self.put(text, drawn, part.style)
            self.put(text, f" {count(part.amount):>{digits}}", "" if part.amount else "figures--quiet")
        return text


class ColumnChart(Figures):
    """A chart of columns over the whole widget, with the highest value named at the top left."""

    values: reactive[tuple[float, ...]] = reactive(())
    top_words: reactive[str] = reactive("")

    def render(self) -> RenderResult:
        """What the highest column stands for, and the columns below it."""
        text = Text(no_wrap=True, overflow="crop", end="")
        if not self.values:
            self.put(text, "Nothing to draw yet", "figures--quiet")
            return text
        self.put(text, self.top_words, "figures--quiet")
        for line in chart(self.values, self.size.width, self.size.height - 1):
            text.append("\n")
            self.put(text, line, "state--done")
        return text


class KeyValue(Figures):
    """A line for each pair: what it is, and its value; the values stand below each other."""

    DEFAULT_CSS = "KeyValue { height: auto; }"
    pairs: reactive[tuple[tuple[str, str, str], ...]] = reactive((), layout=True)
    """Name, value, and the component class of the value; a pair without a value is left out."""

    def render(self) -> RenderResult:
        """The names quiet, the values cut where they do not fit."""
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        shown = [(printable(name), value, style) for name, value, style in self.pairs if value]
        wide = max((cell_len(name) for name, _, _ in shown), default=0)
        for number, (name, value, style) in enumerate(shown):
            text.append("\n" if number else "")
            self.put(text, fit(name, wide) + "  ", "figures--quiet")
            self.put(text, value, style)
        return text

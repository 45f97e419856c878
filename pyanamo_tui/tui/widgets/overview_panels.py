"""The overview's figures: how far, how fast, and how the nested items stand. Each repaints only when it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from pyanamo_tui.tui.format import count, duration_range, rate
from pyanamo_tui.workflow.model import KNOWN_STATES, QUARTER_LABELS, ItemState, Progress, Quarter
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import RenderResult

STATE_STYLES: Final[Mapping[str, str]] = {
    ItemState.TODO: "state--todo",
    ItemState.LOCKED: "state--locked",
    ItemState.DONE: "state--done",
    ItemState.FAILED: "state--failed",
    ItemState.WALL_TIME: "state--wall",
}
STATE_WORDS: Final[Mapping[str, str]] = {ItemState.WALL_TIME: "wall time"}
_SPARKS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = "▏▎▍▌▋▊▉█"


def bar(fraction: float, width: int) -> str:
    """A horizontal bar of that fraction (0 to 1): full only when it is 1, empty only when it is 0."""
    eighths = round(max(0.0, min(1.0, fraction)) * width * 8)
    if fraction > 0:
        eighths = max(1, eighths)
    if fraction < 1:
        eighths = min(width * 8 - 1, eighths)
    full, part = divmod(eighths, 8)
    drawn = "█" * full + (_EIGHTHS[part - 1] if part else "")
    return drawn + "░" * (width - len(drawn))


def sparkline(values: tuple[float, ...], width: int) -> str:
    """The last values as a line of blocks, scaled to the highest of them."""
    shown = values[-width:] if width > 0 else ()
    top = max(shown, default=0.0)
    if top <= 0:
        return "▁" * len(shown)
    return "".join(_SPARKS[min(7, int(value / top * 7.999))] for value in shown)


class _Figures(Widget):
    """A widget that renders one value; colours come from the theme."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *STATE_STYLES.values(),
        "state--other",
        "figures--quiet",
        "figures--strong",
        "figures--warn",
    }
    DEFAULT_CSS = """
    _Figures { height: 1fr; }
    _Figures > .state--todo { color: $foreground; }
    _Figures > .state--locked { color: $warning; }
    _Figures > .state--done { color: $success; }
    _Figures > .state--failed { color: $error; text-style: bold; }
    _Figures > .state--wall { color: $primary-lighten-2; }
    _Figures > .state--other { color: $accent; }
    _Figures > .figures--quiet { color: $foreground-muted; }
    _Figures > .figures--strong { text-style: bold; }
    _Figures > .figures--warn { color: $warning; text-style: bold; }
    """

    def style_of(self, state: str) -> str:
        """Component class of a state."""
        return STATE_STYLES.get(state, "state--other")


class ProgressFigures(_Figures):
    """The bar, the percentage, and the counts by state."""

    value: reactive[tuple[dict[str, int], int, bool] | None] = reactive(None)

    def render(self) -> RenderResult:
        """Two lines: the bar and the counts, `>` before counts that are not complete yet."""
        if self.value is None:
            return Text("…")
        counts, percent, exact = self.value
        total = sum(counts.values())
        if not total:
            return Text("No items yet" if exact else "counting …", self.get_component_rich_style("figures--quiet"))
        width = max(8, self.size.width - 8)
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(bar(counts.get(ItemState.DONE, 0) / total, width), self.get_component_rich_style("state--done"))
        text.append(f" {percent:3d} %\n", self.get_component_rich_style("figures--strong"))
        known = [(state, counts.get(state, 0)) for state in KNOWN_STATES]
        others = sorted((state, number) for state, number in counts.items() if state not in set(KNOWN_STATES))
        for state, number in (*known, *others):
            if not number and state == ItemState.WALL_TIME:
                continue
            word = STATE_WORDS.get(state, printable(state) or "(none)")
            text.append(f"{word} ", self.get_component_rich_style("figures--quiet"))
            style = self.style_of(state) if number else "figures--quiet"
            text.append(f"{'' if exact else '>'}{count(number)}", self.get_component_rich_style(style))
            text.append("   ")
        return text


class RateFigures(_Figures):
    """Items ended a minute, and how long it may still take."""

    value: reactive[tuple[Progress, int] | None] = reactive(None)

    def render(self) -> RenderResult:
        """Two lines: the rate with its history, and the estimate as a range."""
        if self.value is None:
            return Text("…")
        progress, left = self.value
        quiet = self.get_component_rich_style("figures--quiet")
        text = Text(no_wrap=True, overflow="ellipsis")
        words = "no rate yet" if progress.rate_per_minute is None else rate(progress.rate_per_minute)
        line = sparkline(progress.history, max(0, min(16, self.size.width - len(words) - 1)))
        text.append(line + (" " if line else ""), self.get_component_rich_style("state--done"))
        text.append(words + "\n", self.get_component_rich_style("figures--strong"))
        if not left:
            text.append("nothing left to do", quiet)
        elif progress.stalled:
            text.append("stalled: nothing has ended lately", self.get_component_rich_style("figures--warn"))
        elif progress.eta is None:
            text.append("time left not known yet", quiet)
        else:
            text.append(f"{duration_range(*progress.eta)} left", quiet)
        return text


class QuarterFigures(_Figures):
    """Nested items by how far their tasks are."""

    value: reactive[tuple[tuple[Quarter, int], ...]] = reactive(())

    def render(self) -> RenderResult:
        """A line for each quarter: label, bar, count."""
        numbers = dict(self.value)
        top = max(numbers.values(), default=0)
        if not top:
            return Text("No nested items", self.get_component_rich_style("figures--quiet"))
        digits = max(len(count(number)) for number in numbers.values())
        width = max(1, self.size.width - 9 - digits - 1)
        text = Text(no_wrap=True, overflow="ellipsis")
        for quarter in Quarter:
            number = numbers.get(quarter, 0)
            text.append(f"{QUARTER_LABELS[quarter]:>8} ", self.get_component_rich_style("figures--quiet"))
            style = "state--done" if quarter == Quarter.DONE else "state--locked"
            drawn = bar(number / top, width) if number else ""
            text.append(f"{drawn.replace('░', ' '):<{width}} ", self.get_component_rich_style(style))
            text.append(f"{count(number):>{digits}}\n")
        text.rstrip()
        return text

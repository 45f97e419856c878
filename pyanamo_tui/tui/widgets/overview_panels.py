"""The overview's figures: how far, how fast, and how the nested items stand. Each repaints only when it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text
from textual.reactive import reactive

from pyanamo_tui.tui.format import count, duration_range, rate
from pyanamo_tui.tui.widgets.bars import bar, sparkline
from pyanamo_tui.tui.widgets.figures import Figures
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


def style_of(state: str) -> str:
    """The component class of a state."""
    return STATE_STYLES.get(state, "state--other")


class ProgressFigures(Figures):
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
            style = style_of(state) if number else "figures--quiet"
            text.append(f"{'' if exact else '>'}{count(number)}", self.get_component_rich_style(style))
            text.append("   ")
        return text


class RateFigures(Figures):
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


class QuarterFigures(Figures):
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
            drawn = bar(number / top, width, empty=" ") if number else ""
            text.append(f"{drawn:<{width}} ", self.get_component_rich_style(style))
            text.append(f"{count(number):>{digits}}\n")
        text.rstrip()
        return text

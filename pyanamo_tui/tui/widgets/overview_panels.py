"""The overview's figures: how far and how fast. Each repaints only when it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from pyanamo_tui.tui.format import count, duration_range, rate
from pyanamo_tui.tui.widgets.bars import bar, sparkline
from pyanamo_tui.tui.widgets.figures import Figures
from pyanamo_tui.workflow.model import KNOWN_STATES, ItemState, Progress
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


class ProgressFigures(Figures, can_focus=True):
    """The bar, the percentage, and the counts by state; left and right choose a state, enter lists its items."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "choose(-1)", "previous state", id="look.previous_state", show=False),
        Binding("right", "choose(1)", "next state", id="look.next_state", show=False),
        Binding("enter", "open", "open", id="table.open"),
    ]

    class Selected(Message):
        """Enter on a state."""

        def __init__(self, state: str) -> None:
            super().__init__()
            self.state = state

    value: reactive[tuple[dict[str, int], int, bool] | None] = reactive(None)
    chosen: reactive[int] = reactive(0)

    def _states(self) -> list[tuple[str, int]]:
        if self.value is None:
            return []
        counts = self.value[0]
        known = [(state, counts.get(state, 0)) for state in KNOWN_STATES]
        others = sorted((state, number) for state, number in counts.items() if state not in set(KNOWN_STATES))
        return [(state, number) for state, number in (*known, *others) if number or state != ItemState.WALL_TIME]

    def action_choose(self, states: int) -> None:
        """The next or the previous state."""
        self.chosen = max(0, min(self.chosen + states, len(self._states()) - 1))

    def action_open(self) -> None:
        """The items of the state chosen."""
        states = self._states()
        if states:
            self.post_message(self.Selected(states[min(self.chosen, len(states) - 1)][0]))

    def on_focus(self) -> None:
        """The state chosen is shown."""
        self.refresh()

    def on_blur(self) -> None:
        """No state is chosen any more."""
        self.refresh()

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
        states = self._states()
        for place, (state, number) in enumerate(states):
            here = self.has_focus and place == min(self.chosen, len(states) - 1)
            word = STATE_WORDS.get(state, printable(state) or "(none)")
            text.append("▌" if here else " ", self.get_component_rich_style("figures--strong"))
            text.append(f"{word} ", self.get_component_rich_style("figures--strong" if here else "figures--quiet"))
            style = style_of(state) if number else "figures--quiet"
            text.append(f"{'' if exact else '>'}{count(number)}", self.get_component_rich_style(style))
            text.append("  ")
        return text


class RateFigures(Figures):
    """Items ended a minute, and how long it may still take."""

    value: reactive[tuple[Progress, int, bool] | None] = reactive(None)
    """Rates, the items that have not ended, and whether all of them are counted."""

    def render(self) -> RenderResult:
        """Two lines: the rate with its history, and the estimate as a range."""
        if self.value is None:
            return Text("…")
        progress, left, exact = self.value
        quiet = self.get_component_rich_style("figures--quiet")
        text = Text(no_wrap=True, overflow="ellipsis")
        words = "no rate yet" if progress.rate_per_minute is None else rate(progress.rate_per_minute)
        line = sparkline(progress.history, max(0, min(16, self.size.width - len(words) - 1)))
        text.append(line + (" " if line else ""), self.get_component_rich_style("state--done"))
        text.append(words + "\n", self.get_component_rich_style("figures--strong"))
        if not left and exact:
            text.append("nothing left to do", quiet)
        elif progress.idle:
            text.append("no worker holds an item", self.get_component_rich_style("figures--warn"))
        elif progress.stalled:
            text.append("stalled: nothing has ended lately", self.get_component_rich_style("figures--warn"))
        elif progress.eta is None:
            text.append("time left not known yet", quiet)
        else:
            text.append(f"{duration_range(*progress.eta)} left", quiet)
        return text

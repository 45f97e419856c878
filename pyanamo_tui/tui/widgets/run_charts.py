"""The charts of a run: items by state over time, and the rate; drawn again only where they read differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from pyanamo_tui.tui.format import count, rate
from pyanamo_tui.tui.widgets.charts import bars, fill_of, stack, stacked_states, stretched, time_axis
from pyanamo_tui.tui.widgets.figures import Figures
from pyanamo_tui.tui.widgets.overview_panels import STATE_WORDS, style_of
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.rates import MINUTE, RateHistory
from pyanamo_tui.workflow.timeline import Timeline

if TYPE_CHECKING:
    from textual.app import RenderResult

GUTTER: Final = 9
"""Cells left of the chart, for the scale."""
_LEAST_WIDTH: Final = 8
_AXIS: Final = 2


class Chart(Figures):
    """What both charts share: nothing is drawn again that reads the same."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._drawn: Text | None = None

    def redraw(self) -> None:
        """Draw again if it reads differently now."""
        if self._drawn != self._draw():
            self.refresh()

    def render(self) -> RenderResult:
        """The chart in the room there is."""
        self._drawn = self._draw()
        return self._drawn

    def _draw(self) -> Text:
        raise NotImplementedError

    @property
    def _room(self) -> tuple[int, int]:
        """Cells across and down without scale and axis."""
        return max(_LEAST_WIDTH, self.size.width - GUTTER), max(1, self.size.height - _AXIS - 1)

    def _scale(self, words: str) -> Text:
        return Text(f"{words:>{GUTTER - 2}} │", self.get_component_rich_style("figures--quiet"))

    def _axis(self, since: float, until: float) -> Text:
        line, words = time_axis(since, until, self._room[0])
        quiet = self.get_component_rich_style("figures--quiet")
        return Text(f"\n{' ' * (GUTTER - 1)}└{line}\n{' ' * GUTTER}{words}", quiet)


class StateChart(Chart):
    """Items by state, stacked."""

    timeline = Timeline()

    def show(self, timeline: Timeline) -> None:
        """Show this."""
        self.timeline = timeline
        self.redraw()

    def _draw(self) -> Text:
        moments = self.timeline.moments
        text = Text(no_wrap=True, end="")
        if not moments:
            return Text("Counting the table …", self.get_component_rich_style("figures--quiet"))
        width, height = self._room
        columns = self.timeline.columns(width)
        top = max(sum(counts.values()) for counts in columns)
        if not top:
            return Text("The table is empty.", self.get_component_rich_style("figures--quiet"))
        stacks = {id(counts): stack(counts, top, height) for counts in columns}
        text.append_text(self._legend())
        for row in range(height - 1, -1, -1):
            text.append("\n")
            text.append_text(self._scale(count(top) if row == height - 1 else "0" if row == 0 else ""))
            for counts in columns:
                state = stacks[id(counts)][row]
                if state is None:
                    text.append(" ")
                else:
                    text.append(fill_of(state), self.get_component_rich_style(style_of(state)))
        text.append_text(self._axis(moments[0].at, moments[-1].at))
        return text

    def _legend(self) -> Text:
        text = Text(" " * GUTTER)
        now = self.timeline.moments[-1].counts
        for state in stacked_states(now):
            word = STATE_WORDS.get(state, printable(state) or "(none)")
            text.append(f"{fill_of(state)} {word} ", self.get_component_rich_style(style_of(state)))
            text.append(f"{count(now[state])}  ")
        text.rstrip()
        text.truncate(self.size.width, overflow="ellipsis")
        return text


class RateChart(Chart):
    """Items ended a minute."""

    history: RateHistory | None = None

    def show(self, history: RateHistory | None) -> None:
        """Show this."""
        self.history = history
        self.redraw()

    def _draw(self) -> Text:
        quiet = self.get_component_rich_style("figures--quiet")
        history = self.history
        width, height = self._room
        values = () if history is None else history.per_minute(width, max(MINUTE / 6, history.span / width))
        if history is None or not values:
            return Text("No item has ended yet, or not for long enough to tell a rate.", quiet)
        drawn = stretched(values, width)
        top = max(drawn)
        text = Text(" " * GUTTER, no_wrap=True, end="")
        now = history.rate_now
        text.append("" if now is None else f"now {rate(now)}", self.get_component_rich_style("figures--strong"))
        overall = history.rate_overall
        text.append("" if overall is None else f"   over the run {rate(overall)}   {count(history.ended)} ended")
        text.truncate(self.size.width, overflow="ellipsis")
        for place, row in enumerate(bars(drawn, height)):
            text.append("\n")
            text.append_text(self._scale(f"{top:,.0f}" if place == 0 else "0" if place == height - 1 else ""))
            text.append(row, self.get_component_rich_style("state--done"))
        text.append_text(self._axis(history.samples[0].at, history.samples[-1].at))
        return text

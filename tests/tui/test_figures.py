"""The small panels: what they say of a value, that data in them does nothing, and that the same value draws nothing."""

from __future__ import annotations

import pytest
from rich.text import Text
from textual.app import App, ComposeResult, RenderResult

from pyanamo_tui.tui.widgets.figures import BarRows, ColumnChart, CountsLine, Figures, KeyValue, Part, StateBar

PARTS = (
    Part("done", 60, "state--done"),
    Part("locked", 0, "state--locked", "▓"),
    Part("[/failed]", 20, "state--failed", "▒"),
    Part("todo", 1220, "state--todo", "░"),
)


class FiguresApp(App[None]):
    """An app around one panel."""

    def __init__(self, panel: Figures) -> None:
        super().__init__()
        self.panel = panel

    def compose(self) -> ComposeResult:
        yield self.panel

    def shown(self) -> list[str]:
        """The lines as rendered."""
        text = self.panel.render()
        assert isinstance(text, Text)
        return text.plain.split("\n")


async def test_a_state_bar_shows_every_part_that_is_there() -> None:
    bar = StateBar()
    app = FiguresApp(bar)
    async with app.run_test(size=(20, 4)):
        bar.parts = PARTS
        (line,) = app.shown()
        assert line == "█▒" + "░" * 18
        bar.parts = ()
        assert app.shown() == [""]


async def test_counts_say_when_they_may_grow() -> None:
    line = CountsLine()
    app = FiguresApp(line)
    async with app.run_test(size=(80, 4)):
        line.parts = PARTS
        assert app.shown() == ["done 60   locked 0   [/failed] 20   todo 1,220"]
        line.exact = False
        assert app.shown() == ["done >60   locked >0   [/failed] >20   todo >1,220"]


async def test_bars_stand_below_each_other() -> None:
    rows = BarRows()
    app = FiguresApp(rows)
    async with app.run_test(size=(30, 6)):
        rows.parts = PARTS
        lines = app.shown()
        assert {len(line) for line in lines} == {30}
        assert lines[3] == "     todo " + "█" * 14 + " 1,220"
        assert lines[1].split() == ["locked", "0"]


async def test_a_chart_names_its_highest() -> None:
    chart = ColumnChart()
    app = FiguresApp(chart)
    async with app.run_test(size=(10, 4)):
        assert app.shown() == ["Nothing to draw yet"]
        chart.values, chart.top_words = (1.0, 2.0), "2 / min"
        assert app.shown()[0] == "2 / min"
        assert len(app.shown()) == 4


async def test_values_stand_below_each_other_and_do_nothing() -> None:
    panel = KeyValue()
    app = FiguresApp(panel)
    async with app.run_test(size=(40, 6)) as pilot:
        panel.pairs = (("host", "i-0[/abc]\x1b[2J", ""), ("lease", "", ""), ("attempts", "3", "figures--strong"))
        await pilot.pause()
        assert app.shown() == ["host      i-0[/abc]␛[2J", "attempts  3"]
        assert panel.size.height == 2


async def test_the_same_value_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = BarRows()
    app = FiguresApp(rows)
    async with app.run_test(size=(30, 6)) as pilot:
        rows.parts = PARTS
        await pilot.pause()
        drawn: list[BarRows] = []
        real = BarRows.render

        def counting(panel: BarRows) -> RenderResult:
            drawn.append(panel)
            return real(panel)

        monkeypatch.setattr(BarRows, "render", counting)
        rows.parts = tuple(PARTS)
        await pilot.pause()
        assert not drawn
        rows.parts = PARTS[:2]
        await pilot.pause()
        assert drawn

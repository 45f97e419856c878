"""The chart of a run: whatever the counts, as wide and high as asked, no state lost, and honest about its period."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.screens.chart import ChartScreen
from pyanamo_tui.tui.screens.overview import OverviewScreen
from pyanamo_tui.tui.widgets.charts import STATE_FILLS, bars, fill_of, stack, stretched, time_axis
from pyanamo_tui.tui.widgets.status_line import region_of_change
from pyanamo_tui.workflow.model import KNOWN_STATES
from tests.tui.conftest import dashboard_on, until

COUNTS = st.dictionaries(st.sampled_from([*KNOWN_STATES, "Pending", ""]), st.integers(0, 10**6), max_size=7)


@given(COUNTS, st.integers(0, 40))
def test_a_stack_has_every_state_that_has_items_while_there_is_room(counts: dict[str, int], height: int) -> None:
    total = sum(counts.values())
    column = stack(counts, total, height)
    assert len(column) == height
    held = {state for state, number in counts.items() if number}
    drawn = {state for state in column if state is not None}
    assert drawn <= held
    if height >= len(held):
        assert drawn == held
    if total and height:
        assert None not in column


@given(COUNTS, st.integers(1, 40), st.integers(1, 5))
def test_a_smaller_total_is_a_lower_stack(counts: dict[str, int], height: int, times: int) -> None:
    total = sum(counts.values())
    column = stack(counts, total * times, height)
    filled = sum(state is not None for state in column)
    assert column[:filled] == [state for state in column if state is not None]
    assert filled == (0 if not total else max(1, round(height / times)))


@given(st.lists(st.floats(0, 1e6), max_size=80), st.integers(1, 12))
def test_bars_are_whole_rows_and_what_is_not_nothing_is_seen(values: list[float], height: int) -> None:
    rows = bars(values, height)
    assert [len(row) for row in rows] == [len(values)] * height
    for place, value in enumerate(values):
        assert (rows[-1][place] == " ") == (value <= 0)


@given(st.lists(st.floats(0, 1e6), max_size=80), st.integers(0, 200))
def test_values_are_stretched_to_the_room(values: list[float], width: int) -> None:
    drawn = stretched(values, width)
    assert len(drawn) == (width if values else 0)
    if drawn:
        assert max(drawn) <= max(values) * (1 + 1e-9)


@given(st.floats(0, 2e9), st.floats(0, 1e7), st.integers(0, 200))
def test_an_axis_is_as_wide_as_the_chart(since: float, span: float, width: int) -> None:
    line, words = time_axis(since, since + span, width)
    assert (len(line), len(words)) == (width, width)


def test_states_are_told_apart_without_colour() -> None:
    assert len({*STATE_FILLS.values(), fill_of("Pending")}) == len(KNOWN_STATES) + 1


def test_only_the_cells_that_differ_are_drawn_again() -> None:
    before, after = Text("● live  0.4  1 s "), Text("● live  0.4  2 s ")
    assert (region_of_change(before, after, 17).x, region_of_change(before, after, 17).width) == (13, 1)
    assert region_of_change(before, before, 17).width == 0
    bold = Text("● live  0.4  1 s ")
    bold.stylize("bold", 2, 6)
    assert (region_of_change(before, bold, 17).x, region_of_change(before, bold, 17).width) == (2, 4)


async def test_z_shows_the_chart_with_its_period_and_goes_back(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("z")
        screen = app.screen
        assert isinstance(screen, ChartScreen)
        await until(pilot, lambda: bool(screen.states.timeline.moments), "the counts")
        await pilot.pause()
        drawn = str(screen.states.render())
        assert "done 3" in drawn
        assert "failed 5" in drawn
        assert STATE_FILLS["todo"] in drawn
        title = str(screen.query_one("#states-panel").border_title)
        assert title.startswith("States since ")
        assert "this dashboard" in title
        await pilot.press("escape")
        assert isinstance(app.screen, OverviewScreen)

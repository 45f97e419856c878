"""Bars and charts: never full before it is, never empty when it is not, and always as wide as they are asked to be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.tui.widgets.bars import EMPTY, FULL, bar, sparkline


@given(st.floats(-1, 2), st.integers(0, 200))
def test_a_bar_is_full_only_at_the_end_and_empty_only_at_the_start(fraction: float, width: int) -> None:
    drawn = bar(fraction, width)
    assert len(drawn) == width
    if width:
        assert (drawn == FULL * width) == (fraction >= 1)
        assert (drawn == EMPTY * width) == (fraction <= 0)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 80))
def test_a_longer_fraction_is_never_a_shorter_bar(one: float, other: float, width: int) -> None:
    low, high = sorted((one, other))
    assert bar(low, width).count(FULL) <= bar(high, width).count(FULL)


def test_a_sparkline_is_scaled_to_its_highest_and_shows_the_latest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 9) == "▁▁▂▃▄▅▆▇█"
    assert sparkline([9, 0, 0], 2) == "▁▁"
    assert sparkline([], 5) == ""
    assert sparkline([1.0], 0) == ""

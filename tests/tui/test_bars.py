"""Bars and charts: never full before it is, never empty when it is not, and always as wide as they are asked to be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.tui.widgets.bars import EMPTY, FULL, apportion, bar, chart, sparkline


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


@given(st.lists(st.integers(0, 10**6), max_size=8), st.integers(0, 120))
def test_parts_fill_the_bar_and_none_is_lost(amounts: list[int], width: int) -> None:
    cells = apportion(amounts, width)
    assert len(cells) == len(amounts)
    present = [cell for cell, amount in zip(cells, amounts, strict=True) if amount]
    assert sum(cells) == (width if present else 0)
    assert all(cell == 0 for cell, amount in zip(cells, amounts, strict=True) if not amount)
    if len(present) <= width:
        assert all(present)


def test_parts_are_in_proportion() -> None:
    assert apportion([50, 25, 25], 40) == [20, 10, 10]
    assert apportion([1_000_000, 1], 10) == [9, 1]
    assert apportion([3, 1, 2], 2) == [1, 0, 1]


def test_a_sparkline_is_scaled_to_its_highest_and_shows_the_latest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 9) == "▁▁▂▃▄▅▆▇█"
    assert sparkline([9, 0, 0], 2) == "▁▁"
    assert sparkline([], 5) == ""
    assert sparkline([1.0], 0) == ""


def test_a_chart_has_a_column_for_each_value() -> None:
    assert chart([0, 1, 2], 4, 2) == ["  █ ", " ██ "]
    assert chart([], 3, 1) == ["   "]
    assert chart([1], 0, 5) == []


@given(st.lists(st.floats(0, 1e6), max_size=300), st.integers(0, 60), st.integers(0, 12))
def test_a_chart_is_as_large_as_it_is_asked_to_be(values: list[float], width: int, height: int) -> None:
    lines = chart(values, width, height)
    assert len(lines) == (height if width else 0)
    assert all(len(line) == width for line in lines)
    if lines and 0 < len(values) <= width:
        assert [character != " " for character in lines[-1][: len(values)]] == [value > 0 for value in values]

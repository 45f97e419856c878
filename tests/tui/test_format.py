"""How figures read: each form once, and what every form must hold for any value."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pyanamo_tui.tui.format import (
    age,
    clock,
    count,
    duration,
    duration_range,
    fit,
    middle,
    partial,
    percent,
    rate,
    size,
)
from pyanamo_tui.workflow.printable import printable

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def stockholm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Stockholm")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (12.9, "12 s"),
        (59.99, "59 s"),
        (3 * MINUTE + 59, "3 min"),
        (2 * HOUR + 59 * MINUTE, "2 h"),
        (4 * DAY + 3 * HOUR, "4 d"),
        (-5, "0 s"),
        (None, ""),
        (math.inf, ""),
    ],
)
def test_an_age_has_one_unit_and_is_rounded_down(seconds: float | None, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3 * HOUR, "3 h"),
        (2 * HOUR + 5 * MINUTE, "2 h 5 min"),
        (4 * DAY + 3 * HOUR + 12 * MINUTE, "4 d 3 h"),
        (math.inf, ""),
        (math.nan, ""),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (58 * MINUTE, 66 * MINUTE, "58–66 min"),
        (58.5 * MINUTE, 65.2 * MINUTE, "58–66 min"),
        (40, 2 * MINUTE, "40 s–2 min"),
        (3.2 * HOUR, 4.4 * HOUR, "3–5 h"),
        (5, 40, "5–40 s"),
        (3 * DAY, 5 * DAY, "3–5 d"),
        (20 * MINUTE, 20 * MINUTE, "20 min"),
        (66 * MINUTE, 58 * MINUTE, "58–66 min"),
        (1, math.inf, ""),
    ],
)
def test_a_range_of_time_is_said_in_one_unit_and_rounded_outwards(low: float, high: float, words: str) -> None:
    assert duration_range(low, high) == words


@pytest.mark.parametrize(
    ("per_minute", "words"),
    [(412.4, "412 / min"), (1234.0, "1,234 / min"), (3.25, "3.2 / min"), (0.15, "9 / h"), (0.0, "0.0 / min")],
)
def test_a_rate_is_said_by_the_hour_where_items_are_few(per_minute: float, words: str) -> None:
    assert rate(per_minute) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (3_482, "3.4 KB"),
        (400 * 1024, "400 KB"),
        (1024 * 1024 - 1, "1.0 MB"),
        (1.2 * 1024**3, "1.2 GB"),
        (3 * 1024**4, "3.0 TB"),
    ],
)
def test_a_size_is_said_in_the_unit_that_suits(number: float, words: str) -> None:
    assert size(number) == words


def test_counts_set_thousands_apart_and_say_when_they_may_grow() -> None:
    assert count(24117) == "24,117"
    assert partial(24117, exact=True) == "24,117"
    assert partial(500, exact=False) == ">500"


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(0, 10, "0 %"), (1, 100_000, "1 %"), (71, 100, "71 %"), (99_999, 100_000, "99 %"), (5, 5, "100 %"), (0, 0, "–")],
)
def test_a_share_is_all_only_when_it_is_all_and_nothing_only_when_it_is_nothing(
    part: float, whole: float, words: str
) -> None:
    assert percent(part, whole) == words


@pytest.mark.usefixtures("stockholm")
def test_a_moment_is_local_and_names_its_zone() -> None:
    assert clock(1_800_000_000) == "2027-01-15 09:00:00 CET"
    assert clock(None) == ""


@pytest.mark.parametrize("number", [1e300, -1e300, math.inf])
def test_a_number_that_is_no_moment_is_said_to_be_none(number: float) -> None:
    assert clock(number) == "not a date"


def test_an_id_keeps_both_ends() -> None:
    assert middle("Cohort7-Sample-000123-chr22", 15) == "Cohort7…3-chr22"
    assert middle("short", 15) == "short"
    assert [middle("long enough", width) for width in (0, 1, 2)] == ["", "…", "…h"]


@given(st.text(max_size=60), st.integers(0, 40), st.booleans(), st.booleans())
def test_what_is_fitted_takes_exactly_its_cells(text: str, width: int, right: bool, cut_middle: bool) -> None:
    shown = printable(text)
    assert cell_len(fit(shown, width, right=right, cut_middle=cut_middle)) == width
    assert cell_len(middle(shown, width)) <= width


@given(st.text(max_size=20))
def test_what_fits_is_not_changed(text: str) -> None:
    shown = printable(text)
    assert fit(shown, cell_len(shown)) == shown
    assert middle(shown, cell_len(shown)) == shown

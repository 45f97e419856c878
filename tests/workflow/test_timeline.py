"""The counts over time: never more than asked for, never out of order, never other than what was counted last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.workflow.timeline import MAX_MOMENTS, Timeline


def test_it_begins_with_the_first_count_and_says_so() -> None:
    assert Timeline().since is None
    assert Timeline().columns(5) == ()
    timeline = Timeline().add(100.0, {"todo": 3}).add(160.0, {"todo": 1, "done": 2})
    assert (timeline.since, timeline.span) == (100.0, 60.0)
    assert timeline.columns(3) == ({"todo": 3}, {"todo": 3}, {"todo": 1, "done": 2})


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 9)), max_size=60), st.integers(0, 200))
def test_whatever_is_added_the_last_count_is_the_last_shown_and_time_goes_on(
    added: list[tuple[float, int]], number: int
) -> None:
    timeline = Timeline()
    for at, todo in added:
        timeline = timeline.add(at, {"todo": todo})
    times = [moment.at for moment in timeline.moments]
    assert times == sorted(set(times))
    columns = timeline.columns(number)
    assert len(columns) == (number if added else 0)
    if columns:
        assert columns[-1] == {"todo": added[-1][1]}


def test_a_run_of_days_keeps_its_beginning_and_stays_small() -> None:
    timeline = Timeline()
    for second in range(5_000):
        timeline = timeline.add(float(second * 2), {"todo": second})
    assert len(timeline.moments) <= MAX_MOMENTS
    assert (timeline.since, timeline.moments[-1].counts) == (0.0, {"todo": 4_999})


def test_what_stands_still_keeps_its_two_ends_only() -> None:
    timeline = Timeline()
    for second in range(100):
        timeline = timeline.add(float(second * 2), {"todo": 1})
    assert [moment.at for moment in timeline.moments] == [0.0, 198.0]

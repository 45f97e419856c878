"""How far and how fast: counts, rates and estimates that never promise more than the facts say."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.workflow.failures import group_failures
from pyanamo_tui.workflow.model import ItemFacts, ItemState, Progress, Quarter, StepCounts
from pyanamo_tui.workflow.progress import (
    RateHistory,
    Tally,
    count_quarters,
    count_states,
    count_steps,
    history_from_items,
    left_of,
    percent,
    progress_of,
    state_order,
)
from pyanamo_tui.workflow.rates import MAX_SAMPLES

HOUR: Final = 3600.0
NOW: Final = 1_790_000_000.0

STATES: Final = st.sampled_from([*map(str, ItemState), "Pending", "aside", ""])
COUNTS: Final = st.dictionaries(STATES, st.integers(0, 10**7))
FACTS: Final = st.builds(
    ItemFacts,
    item_id=st.sampled_from("abcdefgh"),
    state=STATES,
    step=st.none() | st.sampled_from(["Align", "Call", ""]),
    ended_at=st.none() | st.floats(NOW - 1e6, NOW + 1e6),
    updated_at=st.none() | st.floats(NOW - 1e6, NOW + 1e6),
    log_length=st.none() | st.integers(-3, 9),
    nested_tasks=st.none() | st.integers(-1, 6),
    failed_tasks=st.none() | st.integers(-1, 7),
    exit_code=st.none() | st.sampled_from([0, 1, 137]),
    signature=st.none() | st.sampled_from(["exit 1 · a", "exit 1 · b"]),
)
MOMENTS: Final = st.lists(
    st.tuples(st.floats(-5e4, 1e5, allow_nan=False), st.integers(-5, 5000), st.integers(-5, 300)), max_size=30
)


def history_of(moments: list[tuple[float, int, int]]) -> RateHistory:
    history, at = RateHistory(), NOW
    for passed, ended, failed in moments:
        at += passed
        history = history.add(at, ended, failed)
    return history


def steady(per_minute: int, minutes: int, failed: int = 0) -> RateHistory:
    return history_of([(60.0, per_minute if minute else 0, failed if minute else 0) for minute in range(minutes + 1)])


def test_states_come_in_the_order_of_an_items_life() -> None:
    names = ["aside", "failed", "Wall_Time_Exceeded", "done", "Pending", "locked", "todo"]
    expected = ["todo", "locked", "done", "failed", "Wall_Time_Exceeded", "Pending", "aside"]
    assert sorted(names, key=state_order) == expected
    facts = [ItemFacts(name, name) for name in names]
    assert list(count_states(facts)) == expected


def test_steps_and_quarters_are_counted() -> None:
    facts = [
        ItemFacts("a", "done", step="Call", nested_tasks=4, log_length=4),
        ItemFacts("b", "todo", step="Call", nested_tasks=4, log_length=1),
        ItemFacts("c", "todo", step="Align"),
        ItemFacts("d", "Pending", nested_tasks=4, log_length=0),
    ]
    assert count_steps(facts) == (
        StepCounts("", {"Pending": 1}),
        StepCounts("Align", {"todo": 1}),
        StepCounts("Call", {"todo": 1, "done": 1}),
    )
    assert count_quarters(facts) == {
        Quarter.TODO: 1,
        Quarter.Q1: 1,
        Quarter.Q2: 0,
        Quarter.Q3: 0,
        Quarter.Q4: 0,
        Quarter.DONE: 1,
    }


@given(COUNTS)
def test_nothing_is_at_100_before_it_is(counts: dict[str, int]) -> None:
    total, done = sum(counts.values()), counts.get("done", 0)
    found = percent(counts)
    assert 0 <= found <= 100
    assert (found == 100) == (total > 0 and done == total)
    assert (found == 0) == (done == 0)
    if 0 < found < 100:
        assert abs(found - done * 100 / total) <= 1


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, 0),
        ({"done": 0}, 0),
        ({"done": 999_999, "failed": 1}, 99),
        ({"done": 1, "todo": 999_999}, 1),
        ({"done": 3}, 100),
    ],
)
def test_percent_at_its_ends(counts: dict[str, int], expected: int) -> None:
    assert percent(counts) == expected


@given(MOMENTS, st.integers(-1, 10**7))
def test_no_history_breaks_a_figure(moments: list[tuple[float, int, int]], left: int) -> None:
    history = history_of(moments)
    times = [sample.at for sample in history.samples]
    assert times == sorted(times)
    assert len(set(times)) == len(times)
    for rate in (history.rate_now, history.rate_overall, history.failures_per_hour):
        assert rate is None or rate >= 0
    assert all(value >= -1e-6 for value in history.per_minute())
    eta = history.eta(left)
    assert eta is None or 0 <= eta[0] <= eta[1]
    if history.stalled(left):
        assert eta is None
        assert left > 0


def test_an_empty_history_says_that_nothing_is_known() -> None:
    assert progress_of({}, RateHistory()) == Progress(eta=(0.0, 0.0))
    found = progress_of({"todo": 5, "done": 5}, RateHistory().add(NOW))
    assert (found.percent, found.rate_per_minute, found.rate_overall, found.eta) == (50, None, None, None)
    assert not found.stalled


def test_a_steady_run_has_its_rate_and_an_eta_around_the_truth() -> None:
    history = steady(per_minute=400, minutes=90, failed=2)
    assert history.rate_now == pytest.approx(400)
    assert history.rate_overall == pytest.approx(400)
    assert history.failures_per_hour == pytest.approx(120)
    eta = history.eta(24_000)
    assert eta is not None
    low, high = eta
    assert 0.9 * HOUR < low < HOUR < high < 1.1 * HOUR
    assert history.per_minute(30) == pytest.approx((400.0,) * 30)


def test_the_rate_now_follows_a_change_and_the_range_says_that_it_is_uncertain() -> None:
    slow = [(60.0, 100, 0)] * 60
    history = history_of([*slow, *[(60.0, 400, 0)] * 10])
    assert history.rate_now == pytest.approx(400)
    eta = history.eta(4000)
    assert eta is not None
    assert eta[0] < 4000 / 400 * 60 < 4000 / 150 * 60 < eta[1]


def test_few_ends_make_a_wide_range_and_fewer_none() -> None:
    assert steady(per_minute=1, minutes=2).eta(10) is None
    few, many = steady(per_minute=1, minutes=4).eta(60), steady(per_minute=1, minutes=100).eta(60)
    assert few is not None
    assert many is not None
    assert few[1] - few[0] > many[1] - many[0]


def test_a_slow_run_is_measured_over_longer_than_a_fast_one() -> None:
    history = history_of([(0.0, 0, 0), *[(1800.0, 1, 0)] * 48])
    assert history.rate_now == pytest.approx(1 / 30)
    assert not history.stalled(10)


def test_a_run_is_stalled_when_nothing_ended_for_three_times_the_usual() -> None:
    history = history_of([(0.0, 0, 0), *[(600.0, 1, 0)] * 10])
    assert not history.stalled(5)
    assert not history.add(NOW + 6000 + 1799).stalled(5)
    late = history.add(NOW + 6000 + 1801)
    assert late.stalled(5)
    assert late.eta(5) is None
    assert not late.stalled(0)
    assert not late.add(NOW + 8000, 1).stalled(5)


def test_a_fast_run_is_not_stalled_between_two_looks() -> None:
    history = steady(per_minute=1000, minutes=5)
    at = history.samples[-1].at
    assert not history.add(at + 100).stalled(5)
    assert history.add(at + 121).stalled(5)


def test_nothing_seen_to_end_is_not_a_stall() -> None:
    assert not history_of([(0.0, 0, 0), (1e5, 0, 0)]).stalled(5)


def test_items_that_wait_while_no_worker_holds_any_have_no_time_left() -> None:
    history = steady(per_minute=60, minutes=5)
    at, waiting = history.samples[-1].at, {"todo": 5, "done": 300}
    assert not progress_of(waiting, history.add(at + 19)).idle, "between two short items none is held for a moment"
    found = progress_of(waiting, history.add(at + 21))
    assert (found.idle, found.eta) == (True, None)
    held = progress_of({**waiting, "locked": 1}, history.add(at + 21))
    assert not held.idle
    assert held.eta is not None
    assert not progress_of({"done": 300}, history.add(at + 21)).idle
    assert progress_of({"todo": 5}, RateHistory().add(NOW)).idle, "nothing has begun"


def test_a_long_history_stays_small_and_keeps_the_whole_run() -> None:
    history = history_of([(2.0, 1, 0)] * 20_000)
    assert len(history.samples) <= MAX_SAMPLES
    assert history.samples[0].at == NOW + 2
    assert history.rate_overall == pytest.approx(30)
    assert history.rate_now == pytest.approx(30)
    assert history.per_minute(10) == pytest.approx((30.0,) * 10)


def test_a_clock_set_back_takes_the_history_with_it() -> None:
    history = steady(per_minute=60, minutes=10).add(NOW - 5000, 60)
    assert history.samples[-1].at == NOW - 5000
    assert history.span == pytest.approx(600)
    assert history.ended == 660


def test_what_had_ended_before_the_first_look_is_no_rate() -> None:
    assert RateHistory().add(NOW, 50_000).add(NOW + 60, 5).rate_overall == pytest.approx(5)


def test_a_run_of_hours_has_its_history_at_the_first_look() -> None:
    items = [ItemFacts(f"i{n}", "done", ended_at=NOW - 3 * HOUR + 10 * n) for n in range(1080)]
    items += [ItemFacts("f", "failed", ended_at=NOW - 100.0), ItemFacts("t", "todo"), ItemFacts("u", "done")]
    history = history_from_items(items, NOW)
    assert history.samples[-1].at == NOW
    assert history.ended == 1081
    assert history.rate_overall == pytest.approx(6, rel=0.02)
    assert history.failures_per_hour == pytest.approx(1, rel=0.02)
    more = history.add(NOW + 10, 1)
    assert more.ended == 1082


def test_a_run_of_last_week_is_not_this_one() -> None:
    old = [ItemFacts(f"o{n}", "done", ended_at=NOW - 7 * 24 * HOUR + n) for n in range(500)]
    new = [ItemFacts(f"n{n}", "done", ended_at=NOW - HOUR + 60 * n) for n in range(60)]
    assert history_from_items(old, NOW) == RateHistory()
    assert history_from_items(old + new, NOW).ended == 60
    assert history_from_items(old + new, NOW).span <= HOUR + 60


def test_an_end_in_a_zone_ahead_of_ours_is_taken_from_our_stamp_or_left_out() -> None:
    ahead = NOW + 2 * HOUR
    assert history_from_items([ItemFacts("a", "done", ended_at=ahead)], NOW).ended == 0
    assert history_from_items([ItemFacts("a", "done", ended_at=ahead, updated_at=NOW - 60)], NOW).ended == 1


@given(st.lists(FACTS, max_size=40, unique_by=lambda facts: facts.item_id))
def test_any_items_make_a_history_that_ends_now(items: list[ItemFacts]) -> None:
    history = history_from_items(items, NOW)
    assert len(history.samples) <= MAX_SAMPLES
    if history.samples:
        assert history.samples[-1].at == NOW
    assert history.ended <= len(items)


@given(st.lists(FACTS | st.sampled_from("abcdefgh"), max_size=60), st.lists(FACTS, max_size=5))
def test_a_tally_equals_counting_all_again(changes: list[ItemFacts | str], first: list[ItemFacts]) -> None:
    known = {facts.item_id: facts for facts in first}
    tally = Tally(known.values())
    for change in changes:
        item_id = change if isinstance(change, str) else change.item_id
        new = None if isinstance(change, str) else change
        tally.update(known.get(item_id), new)
        if new is None:
            known.pop(item_id, None)
        else:
            known[item_id] = new
    items = list(known.values())
    assert tally.counts() == count_states(items)
    assert list(tally.counts()) == list(count_states(items))
    assert tally.steps() == count_steps(items)
    assert tally.quarters() == count_quarters(items)
    assert tally.failures() == group_failures(items)


def test_a_tally_tells_ends_from_items_that_were_there_already() -> None:
    todo, locked = ItemFacts("a", "todo"), ItemFacts("a", "locked")
    done, failed = ItemFacts("a", "done", ended_at=5.0), ItemFacts("a", "failed", ended_at=9.0)
    tally = Tally([done])
    tally.update(None, ItemFacts("b", "done"))
    assert tally.take_ended() == (0, 0)
    tally.update(done, todo)
    tally.update(todo, locked)
    assert tally.take_ended() == (0, 0)
    tally.update(locked, failed)
    assert tally.take_ended() == (1, 1)
    assert tally.take_ended() == (0, 0)
    tally.update(failed, ItemFacts("a", "done", ended_at=20.0))
    assert tally.take_ended() == (1, 0)
    tally.update(ItemFacts("a", "done", ended_at=20.0), None)
    assert tally.take_ended() == (0, 0)


def test_what_is_left_is_what_waits_or_runs() -> None:
    assert left_of({"todo": 3, "locked": 2, "done": 7, "failed": 1, "Pending": 9}) == 5

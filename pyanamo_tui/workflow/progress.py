"""How far a workflow is: counts, steps and quarters from facts alone, from scratch or kept up to date item by item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from pyanamo_tui.workflow.failures import FailureTally, is_failure
from pyanamo_tui.workflow.model import (
    KNOWN_STATES,
    FailureGroup,
    ItemFacts,
    ItemState,
    Progress,
    Quarter,
    StepCounts,
    quarter_of,
)
from pyanamo_tui.workflow.rates import ENDED, RateHistory, history_from_items

__all__ = [
    "ENDED",
    "LEFT",
    "RateHistory",
    "Tally",
    "count_quarters",
    "count_states",
    "count_steps",
    "history_from_items",
    "left_of",
    "percent",
    "progress_of",
    "state_order",
]

LEFT: Final = (ItemState.TODO, ItemState.LOCKED)
"""States of items that are still to end. Other unknown states were chosen by people: neither ended nor left."""
HISTORY_BUCKETS: Final = 60
_IDLE_SECONDS: Final = 20.0
"""Between two short items no worker holds one for a moment."""

_ORDER: Final = {str(state): place for place, state in enumerate(KNOWN_STATES)}


def state_order(state: str) -> tuple[int, str]:
    """Sort key of states: todo, locked, done, failed, Wall_Time_Exceeded, then the others by name."""
    return (_ORDER.get(state, len(_ORDER)), state)


def _in_order(counts: Mapping[str, int]) -> dict[str, int]:
    return {state: counts[state] for state in sorted(counts, key=state_order) if counts[state]}


def count_states(items: Iterable[ItemFacts]) -> dict[str, int]:
    """How many items are in each state, in the order of `state_order`; only states that some item is in."""
    return _in_order(Counter(facts.state for facts in items))


def count_steps(items: Iterable[ItemFacts]) -> tuple[StepCounts, ...]:
    """How many items of each step are in each state, by name of the step; those without a step are under `""`."""
    return _step_counts(Counter((facts.step or "", facts.state) for facts in items))


def _step_counts(counts: Mapping[tuple[str, str], int]) -> tuple[StepCounts, ...]:
    steps: dict[str, dict[str, int]] = {}
    for (step, state), count in counts.items():
        if count:
            steps.setdefault(step, {})[state] = count
    return tuple(StepCounts(step, _in_order(steps[step])) for step in sorted(steps))


def count_quarters(items: Iterable[ItemFacts]) -> dict[Quarter, int]:
    """How many nested items are how far; every quarter is there, single items are in none."""
    found = Counter(quarter_of(facts.percent_done) for facts in items if facts.nested_tasks is not None)
    return {quarter: found[quarter] for quarter in Quarter}


def percent(counts: Mapping[str, int]) -> int:
    """Whole percent of all items that are `done`: 100 only when all are, 0 only when none is.

    Items that failed, ran out of wall time or were parked are not done: a workflow with one of them is at 99 at most.
    """
    total, done = sum(counts.values()), counts.get(ItemState.DONE, 0)
    if done <= 0 or total <= 0:
        return 0
    return 100 if done >= total else min(99, max(1, done * 100 // total))


def left_of(counts: Mapping[str, int]) -> int:
    """How many items are still to end: `todo` and `locked`."""
    return sum(counts.get(state, 0) for state in LEFT)


def progress_of(counts: Mapping[str, int], history: RateHistory) -> Progress:
    """What the screens show of how far and how fast, from the counts by state and the history so far."""
    left = left_of(counts)
    unheld = counts.get(ItemState.TODO, 0) > 0 and not counts.get(ItemState.LOCKED, 0)
    idle = unheld and (not history.ended or history.quiet >= _IDLE_SECONDS)
    return Progress(
        percent=percent(counts),
        rate_per_minute=history.rate_now,
        rate_overall=history.rate_overall,
        failures_per_hour=history.failures_per_hour,
        eta=None if idle else history.eta(left),
        stalled=history.stalled(left),
        idle=idle,
        history=history.per_minute(HISTORY_BUCKETS),
    )


def _ended_between(old: ItemFacts, new: ItemFacts) -> bool:
    """Whether the item has ended (again) between these two readings."""
    if new.state not in ENDED:
        return False
    if old.state not in ENDED:
        return True
    return new.ended_at is not None and old.ended_at is not None and new.ended_at > old.ended_at


class Tally:
    """All counts of a table, kept up to date by what changed: equal to counting all items again, without doing so.

    Give `update` the facts of an item as they were (None: not known before) and as they are (None: gone).
    """

    def __init__(self, items: Iterable[ItemFacts] = ()) -> None:
        self._states: Counter[str] = Counter()
        self._steps: Counter[tuple[str, str]] = Counter()
        self._quarters: Counter[Quarter] = Counter()
        self._failures = FailureTally()
        self._ended = 0
        self._failed = 0
        for facts in items:
            self.update(None, facts)

    def update(self, old: ItemFacts | None, new: ItemFacts | None) -> None:
        """Count one item's change in. `old` must be what was last given as `new` for the item."""
        if old is new:
            return
        self._failures.update(old, new)
        if old is not None:
            self._count(old, -1)
        if new is not None:
            self._count(new, 1)
        if old is not None and new is not None and _ended_between(old, new):
            self._ended += 1
            self._failed += is_failure(new)

    def _count(self, facts: ItemFacts, by: int) -> None:
        self._states[facts.state] += by
        self._steps[facts.step or "", facts.state] += by
        if facts.nested_tasks is not None:
            self._quarters[quarter_of(facts.percent_done)] += by

    def take_ended(self) -> tuple[int, int]:
        """How many items were seen to end since the last call, and how many of them failed: for `RateHistory.add`.

        Items first seen when they had ended already are not among them, nor those that were deleted or restored.
        """
        ended, self._ended, failed, self._failed = self._ended, 0, self._failed, 0
        return ended, failed

    def counts(self) -> dict[str, int]:
        """As `count_states` of all items."""
        return _in_order(self._states)

    def steps(self) -> tuple[StepCounts, ...]:
        """As `count_steps` of all items."""
        return _step_counts(self._steps)

    def quarters(self) -> dict[Quarter, int]:
        """As `count_quarters` of all items."""
        return {quarter: self._quarters[quarter] for quarter in Quarter}

    def failures(self) -> tuple[FailureGroup, ...]:
        """As `group_failures` of all items; only groups that changed are put together again."""
        return self._failures.groups()

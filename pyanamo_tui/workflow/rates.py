"""How fast items end, and how long the rest will take: an explicit history of counts at times.

An item has *ended* when nothing runs it and nothing will: `done`, `failed` and `Wall_Time_Exceeded` (somebody must
requeue it first). Times are epoch seconds, given by the caller; nothing here knows the time by itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from typing import Final

from pyanamo_tui.workflow.failures import is_failure
from pyanamo_tui.workflow.model import ItemFacts, ItemState

ENDED: Final = frozenset({ItemState.DONE, ItemState.FAILED, ItemState.WALL_TIME})
"""States of items that have ended."""

MAX_SAMPLES: Final = 720
MINUTE: Final = 60.0
HOUR: Final = 3600.0
RUN_GAP: Final = 12 * HOUR
"""A pause in which nothing ended that parts one run from the one before."""

_NOW_ENDED: Final = 20
"""Ends that the rate now is taken from, so that one end more or less hardly moves it."""
_NOW_SPAN: Final = 2 * MINUTE
_ETA_SPANS: Final = (5 * MINUTE, 15 * MINUTE, HOUR)
_FEWEST: Final = 3
"""Ends that must have been seen before anything is said about what is left."""
_STALL_INTERVALS: Final = 3
_STALL_FLOOR: Final = 2 * MINUTE
"""Silence shorter than this is never a stall: looking at the table may itself take that long."""
_LEAST_SPAN: Final = 1.0
"""Seconds below which a history says nothing about a rate."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What had ended by a time: all items, and those that failed, counted from the beginning of the history."""

    at: float
    ended: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class RateHistory:
    """When items ended, as counts at times: immutable, at most 720 samples, the older the coarser.

    `add` at every look what ended since the last, also when nothing did: the last sample is "now". What is added with
    the first sample is where counting begins, not part of any rate.
    """

    samples: tuple[Sample, ...] = ()

    def add(self, at: float, ended: int = 0, failed: int = 0) -> RateHistory:
        """The history with so many more items ended by `at`, `failed` of them failures; below 0 counts as 0.

        A clock that was set back takes the whole history back with it.
        """
        if not self.samples:
            return RateHistory((Sample(at, max(0, ended), max(0, failed)),))
        last = self.samples[-1]
        sample = Sample(at, last.ended + max(0, ended), last.failed + max(0, failed))
        before = self.samples
        if at <= last.at:
            back = at - last.at
            before = tuple(replace(old, at=old.at + back) for old in before[:-1]) if back else before[:-1]
        samples = (*before, sample)
        if len(samples) > MAX_SAMPLES:
            half = len(samples) // 2
            samples = samples[:half:2] + samples[half:]
        return RateHistory(samples)

    @property
    def span(self) -> float:
        """Seconds that the history covers."""
        return self.samples[-1].at - self.samples[0].at if self.samples else 0.0

    @property
    def ended(self) -> int:
        """Items that ended within the history."""
        return self.samples[-1].ended - self.samples[0].ended if self.samples else 0

    @property
    def rate_overall(self) -> float | None:
        """Items ended per minute over the whole history; None when it is too short to say."""
        return self.ended / self.span * MINUTE if self.span >= _LEAST_SPAN else None

    @property
    def rate_now(self) -> float | None:
        """Items ended per minute of late: over two minutes, or longer, until 20 ends are in it; None when unknown."""
        if self.span < _LEAST_SPAN:
            return None
        last = self.samples[-1]
        since = self.samples[0]
        for sample in reversed(self.samples):
            if last.ended - sample.ended >= _NOW_ENDED and last.at - sample.at >= _NOW_SPAN:
                since = sample
                break
        return (last.ended - since.ended) / (last.at - since.at) * MINUTE

    @property
    def failures_per_hour(self) -> float | None:
        """Items that failed per hour, over the last hour or what there is of it; None below a minute."""
        if self.span < MINUTE:
            return None
        last = self.samples[-1]
        since = max(self.samples[0].at, last.at - HOUR)
        failed = last.failed - _at(self.samples, since, [float(sample.failed) for sample in self.samples])
        return failed / (last.at - since) * HOUR

    def stalled(self, left: int) -> bool:
        """Whether nothing has ended for three times the usual interval between ends, and two minutes, with work left.

        Unknown, so false, until something has ended.
        """
        if left <= 0 or self.ended <= 0:
            return False
        quiet = self.quiet
        usual = (self.span - quiet) / self.ended
        return quiet > max(_STALL_FLOOR, _STALL_INTERVALS * usual)

    @property
    def quiet(self) -> float:
        """Seconds since something has ended, or since the history began where nothing has."""
        if not self.samples:
            return 0.0
        last = self.samples[-1]
        return last.at - next(sample.at for sample in self.samples if sample.ended == last.ended)

    def eta(self, left: int) -> tuple[float, float] | None:
        """Seconds until `left` more items have ended, as (low, high); None when unknown or stalled, (0, 0) for none.

        From the rates of the last 5, 15 and 60 minutes, each taken as uncertain as so few ends make it.
        """
        if left <= 0:
            return (0.0, 0.0)
        if self.ended < _FEWEST or self.span < _LEAST_SPAN or self.stalled(left):
            return None
        last = self.samples[-1]
        counts = [float(sample.ended) for sample in self.samples]
        fast: list[float] = []
        slow: list[float] = []
        for span in {min(span, self.span) for span in (*_ETA_SPANS, self.span)}:
            ended = last.ended - _at(self.samples, last.at - span, counts)
            if ended >= _FEWEST:
                fast.append((ended + sqrt(ended)) / span)
                slow.append((ended - sqrt(ended)) / span)
        return (left / max(fast), left / min(slow)) if fast else None

    def per_minute(self, buckets: int = 60, seconds: float = MINUTE) -> tuple[float, ...]:
        """Items ended per minute in each of the last so many stretches of time, the oldest first; for a sparkline.

        Only stretches that the history covers are given.
        """
        if not self.samples or seconds <= 0:
            return ()
        now, counts = self.samples[-1].at, [float(sample.ended) for sample in self.samples]
        known = min(max(0, buckets), int(self.span // seconds))
        marks = [_at(self.samples, now - place * seconds, counts) for place in range(known, -1, -1)]
        return tuple((after - before) / seconds * MINUTE for before, after in pairwise(marks))


def _at(samples: tuple[Sample, ...], at: float, counts: list[float]) -> float:
    """A count at a time, evenly between two samples; before the first and after the last as these say."""
    place = bisect_right(samples, at, key=lambda sample: sample.at)
    if place == 0:
        return counts[0]
    if place == len(samples):
        return counts[-1]
    before, after = samples[place - 1], samples[place]
    return counts[place - 1] + (counts[place] - counts[place - 1]) * (at - before.at) / (after.at - before.at)


def end_of(facts: ItemFacts, now: float) -> float | None:
    """When an ended item ended, as far as the table says; None if it does not, or says a time to come.

    The original's dates carry no zone: an end that seems to come is taken from our own stamp where there is one.
    """
    if facts.state not in ENDED:
        return None
    for at in (facts.ended_at, facts.updated_at):
        if at is not None and at <= now:
            return at
    return None


def history_from_items(items: Iterable[ItemFacts], now: float) -> RateHistory:
    """The history of a run that has been going since before anybody looked, by the minute, from when its items ended.

    It begins with the first end after the last pause of twelve hours, and is empty if that pause is not over.
    """
    ended: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for facts in items:
        at = end_of(facts, now)
        if at is not None:
            minute = int(at // MINUTE)
            ended[minute] += 1
            if is_failure(facts):
                failed[minute] += 1
    run: list[int] = []
    following = int(now // MINUTE)
    for minute in sorted(ended, reverse=True):
        if (following - minute) * MINUTE > RUN_GAP:
            break
        run.append(minute)
        following = minute
    if not run:
        return RateHistory()
    history = RateHistory((Sample(run[-1] * MINUTE),))
    for minute in reversed(run):
        if minute * MINUTE > history.samples[-1].at:
            history = history.add(minute * MINUTE)
        history = history.add(min(now, (minute + 1) * MINUTE), ended[minute], failed[minute])
    return history if history.samples[-1].at >= now else history.add(now)

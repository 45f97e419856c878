"""How many items were in each state at which time, since somebody looks: what the chart of a run is drawn from.

A table does not say how it stood an hour ago, so a timeline begins with the first whole count. Times are epoch seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_MOMENTS: Final = 720
"""Moments that are kept; the older half is thinned out beyond, so that a run of days fits."""
LEAST_GAP: Final = 1.0
"""Seconds between two moments, at the least."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The counts by state at a time."""

    at: float
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Moments in order of time: immutable, at most 720, the older the coarser."""

    moments: tuple[Moment, ...] = ()

    def add(self, at: float, counts: Mapping[str, int]) -> Timeline:
        """The timeline with what is counted at a time; within a second, or before the last, it replaces the last."""
        moment, before = Moment(at, counts), self.moments
        while before and at - before[-1].at < LEAST_GAP and len(before) > 1:
            before = before[:-1]
        if before and at <= before[-1].at:
            before = ()
        # What stood still for a while needs its two ends only.
        if len(before) > 1 and before[-1].counts == counts == before[-2].counts:
            before = before[:-1]
        moments = (*before, moment)
        if len(moments) > MAX_MOMENTS:
            half = len(moments) // 2
            moments = moments[:half:2] + moments[half:]
        return Timeline(moments)

    @property
    def since(self) -> float | None:
        """When it begins; None while it is empty."""
        return self.moments[0].at if self.moments else None

    @property
    def span(self) -> float:
        """Seconds that it covers."""
        return self.moments[-1].at - self.moments[0].at if self.moments else 0.0

    def columns(self, number: int) -> tuple[Mapping[str, int], ...]:
        """The counts at that many times, evenly from the first moment to the last: each as it last was by then."""
        if not self.moments or number <= 0:
            return ()
        first, last = self.moments[0].at, self.moments[-1].at
        step = (last - first) / max(1, number - 1)
        times = [*(first + place * step for place in range(number - 1)), last]
        places = (bisect_right(self.moments, at, key=lambda moment: moment.at) for at in times)
        return tuple(self.moments[max(0, place - 1)].counts for place in places)

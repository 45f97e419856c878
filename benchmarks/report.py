"""One measured figure against its floor, and the table that is printed and kept in docs/benchmarks.md."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum


class Goal(Enum):
    """Whether a ratio should be high or low; the value is its sign."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured, in words with their units, against what, and their ratio."""

    what: str
    against: str
    server: str
    ours: str
    floor: str
    ratio: float
    goal: Goal
    target: float

    @property
    def met(self) -> bool:
        """Whether the target was reached in this run."""
        return self.ratio >= self.target if self.goal is Goal.AT_LEAST else self.ratio <= self.target


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def by_rate(what: str, against: str, server: str, count: int, pairs: Sequence[tuple[float, float]]) -> Figure:
    """A rate against a floor's, from (ours, floor) seconds of runs that alternated; the median of their ratios."""
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(under / over for over, under in pairs)
    return Figure(what, against, server, f"{count / ours:,.0f}/s", f"{count / floor:,.0f}/s", ratio, Goal.AT_LEAST, 0.7)


def rows(figures: Sequence[Figure]) -> list[str]:
    """The lines of a table in Markdown, which is readable on a terminal too."""
    lines = ["| what | against | server | ours | floor | ratio | target | met |", "|---|---|---|---|---|---|---|---|"]
    for one in figures:
        target = f"{one.goal.value} {one.target:.3g}"
        cells = (one.what, one.against, one.server, one.ours, one.floor, f"{one.ratio:.2f}", target)
        lines.append(f"| {' | '.join(cells)} | {'yes' if one.met else '**no**'} |")
    return lines

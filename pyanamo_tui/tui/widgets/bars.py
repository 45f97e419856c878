"""Bars, sparklines and charts as plain characters: pure, so that panels, table cells and tests draw the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

_SPARKS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_LEVELS: Final = 8
FULL: Final = "█"
EMPTY: Final = "░"


def bar(fraction: float, width: int, *, empty: str = EMPTY) -> str:
    """A bar of that fraction (0 to 1) in that many cells: full only when it is 1, empty only when it is 0."""
    if width <= 0:
        return ""
    most = width * _LEVELS
    eighths = round(max(0.0, min(1.0, fraction)) * most)
    if fraction > 0:
        eighths = max(1, eighths)
    if fraction < 1:
        eighths = min(most - 1, eighths)
    full, part = divmod(eighths, _LEVELS)
    drawn = FULL * full + (_EIGHTHS[part - 1] if part else "")
    return drawn + empty * (width - len(drawn))


def apportion(amounts: Sequence[float], width: int) -> list[int]:
    """Cells for each of the parts of a bar that is all of that width.

    In proportion, but whatever is not nothing gets a cell while there are enough; nothing gets none. All are 0 where
    there is no amount.
    """
    total = math.fsum(amount for amount in amounts if amount > 0)
    cells = [0] * len(amounts)
    if total <= 0 or width <= 0:
        return cells
    present = sorted((index for index, amount in enumerate(amounts) if amount > 0), key=lambda i: -amounts[i])
    present = present[:width]
    for index in present:
        cells[index] = max(1, math.floor(amounts[index] / total * width))
    left = width - sum(cells)
    while left:
        # What is owed the most gets a cell; what was given the most beyond its due pays one.
        step = 1 if left > 0 else -1
        able = [index for index in present if step > 0 or cells[index] > 1]
        index = max(able, key=lambda i: step * (amounts[i] / total * width - cells[i]))
        cells[index] += step
        left -= step
    return cells


def sparkline(values: Sequence[float], width: int) -> str:
    """The last values as a line of blocks, scaled to the highest of them."""
    shown = values[-width:] if width > 0 else ()
    top = max(shown, default=0.0)
    if top <= 0:
        return _SPARKS[0] * len(shown)
    return "".join(_SPARKS[max(0, min(_LEVELS - 1, int(value / top * (_LEVELS - 0.001))))] for value in shown)


def chart(values: Sequence[float], width: int, height: int) -> list[str]:
    """A chart of columns, a value each, scaled to the highest: `height` lines from the top, `width` cells each.

    More values than cells are drawn as the mean of neighbours, so that all are in sight; fewer begin at the left.
    """
    if width <= 0 or height <= 0:
        return []
    columns = _means(values, width)
    top = max(columns, default=0.0)
    lines = []
    for line in range(height - 1, -1, -1):
        drawn = ""
        for value in columns:
            eighths = round(value / top * height * _LEVELS) if top > 0 and value > 0 else 0
            eighths = max(eighths, 1) if value > 0 else 0
            here = min(_LEVELS, eighths - line * _LEVELS)
            drawn += _SPARKS[here - 1] if here > 0 else " "
        lines.append(drawn.ljust(width))
    return lines


def _means(values: Sequence[float], count: int) -> list[float]:
    if len(values) <= count:
        return list(values)
    means = []
    for column in range(count):
        first, last = column * len(values) // count, (column + 1) * len(values) // count
        means.append(math.fsum(values[first:last]) / (last - first))
    return means

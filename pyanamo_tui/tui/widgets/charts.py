"""The chart of a run as plain characters: states stacked over time, the rate below, a time axis. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.progress import state_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATE_FILLS: Final[Mapping[str, str]] = {
    ItemState.DONE: "█",
    ItemState.FAILED: "X",
    ItemState.WALL_TIME: "≡",
    ItemState.LOCKED: "▒",
    ItemState.TODO: "░",
}
"""What a state is drawn with, so that none is told by its colour alone."""
OTHER_FILL: Final = "▚"
STACK_ORDER: Final = (ItemState.DONE, ItemState.FAILED, ItemState.WALL_TIME, ItemState.LOCKED, ItemState.TODO)
"""From the bottom up: what is done grows into what is to do."""
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_LEVELS: Final = 8
_DAY: Final = 86400
_LABEL_ROOM: Final = 12


def fill_of(state: str) -> str:
    """The character of a state."""
    return STATE_FILLS.get(state, OTHER_FILL)


def stacked_states(counts: Mapping[str, int]) -> list[str]:
    """The states of some counts from the bottom of a stack to its top; states that people chose are the topmost."""
    others = sorted((state for state in counts if state not in STACK_ORDER), key=state_order)
    return [state for state in (*STACK_ORDER, *others) if counts.get(state, 0) > 0]


def stack(counts: Mapping[str, int], top: int, height: int) -> list[str | None]:
    """One column: the state of each cell from the bottom up, None above the stack.

    Args:
        counts: items by state.
        top: items that fill the whole height.
        height: cells.

    A state with items has a cell at the least, as long as there are cells enough: one failure of thousands is seen.
    """
    states = stacked_states(counts)
    total = sum(counts[state] for state in states)
    if height <= 0:
        return []
    if top <= 0 or not states:
        return [None] * height
    filled = min(height, max(1, round(total / top * height)))
    shown = sorted(states, key=lambda state: counts[state], reverse=True)[:filled]
    spare = filled - len(shown)
    over = {state: max(0.0, counts[state] / total * filled - 1) for state in shown}
    most = sum(over.values())
    scale = spare / most if most else 0.0
    cells = {state: 1 + int(over[state] * scale) for state in shown}
    for state in sorted(shown, key=lambda state: over[state] * scale % 1, reverse=True):
        if sum(cells.values()) < filled:
            cells[state] += 1
    column: list[str | None] = [state for state in states for _ in range(cells.get(state, 0))]
    return column + [None] * (height - len(column))


def bars(values: Sequence[float], height: int) -> list[str]:
    """Values as bars of eighths, scaled to the highest: the rows from the top down. What is above 0 is never empty."""
    top = max(values, default=0.0)
    rows = []
    for row in range(height - 1, -1, -1):
        line = ""
        for value in values:
            eighths = 0 if top <= 0 or value <= 0 else max(1, round(value / top * height * _LEVELS))
            line += _EIGHTHS[max(0, min(_LEVELS, eighths - row * _LEVELS))]
        rows.append(line)
    return rows


def stretched(values: Sequence[float], width: int) -> list[float]:
    """The values over exactly that many cells: each as wide as it takes, or the mean of those that share a cell."""
    if not values or width <= 0:
        return []
    drawn = []
    for cell in range(width):
        first = cell * len(values) // width
        last = max(first + 1, (cell + 1) * len(values) // width)
        shared = values[first:last]
        drawn.append(sum(shared) / len(shared))
    return drawn


def moment_label(at: float, span: float) -> str:
    """A time on an axis of that many seconds: seconds where it is short, the day where it is long."""
    written = "%d %b %H:%M" if span >= _DAY else "%H:%M" if span >= 600 else "%H:%M:%S"  # noqa: PLR2004 - ten minutes
    return time.strftime(written, time.localtime(at)).lstrip("0" if span >= _DAY else "")


def time_axis(since: float, until: float, width: int) -> tuple[str, str]:
    """A line with marks, and the times under them: at both ends, and between where there is room."""
    if width <= 0:
        return "", ""
    span = max(0.0, until - since)
    longest = len(moment_label(since, span))
    parts = max(1, min(6, width // (longest + _LABEL_ROOM))) if span else 0
    line, words = ["─"] * width, [" "] * width
    for part in range(parts + 1):
        cell = round(part / parts * (width - 1)) if parts else 0
        label = moment_label(since + (span * part / parts if parts else 0.0), span)
        start = max(0, min(cell - len(label) // 2, width - len(label)))
        if part and words[max(0, start - 1)] != " ":
            continue
        line[cell] = "┴"
        words[start : start + len(label)] = label[: width - start]
    return "".join(line), "".join(words)[:width]

"""How figures read: durations, ages, counts, rates, sizes and times, in few characters and the same everywhere."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyanamo_tui.workflow.model import FailureGroup

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_KIB: Final = 1024
_MANY_MINUTES: Final = 90


def count(number: int) -> str:
    """A count with thousands set apart: `24,117`."""
    return f"{number:,}"


def counted(number: int, one: str, more: str = "") -> str:
    """A number with its noun: `1 line`, `1,204 lines`. `more` is the plural where it is not `one` and an s."""
    return f"{count(number)} {one if number == 1 else more or one + 's'}"


def failures_title(groups: Sequence[FailureGroup]) -> str:
    """What stands over groups of failures: `Failures: 312 in 3 groups`, `Failures: 16 in 1 group`."""
    failed = sum(group.count for group in groups)
    return f"Failures: {count(failed)} in {counted(len(groups), 'group')}" if failed else "Failures"


def partial(number: int, *, exact: bool) -> str:
    """A count that may still grow: `24,117` when exact, `>24,117` when more may come."""
    return count(number) if exact else f">{count(number)}"


def percent(part: float, whole: float) -> str:
    """A share in whole percent: `100 %` only when it is all, `0 %` only when it is nothing; `–` of nothing."""
    if whole <= 0:
        return "–"
    if part <= 0:
        return "0 %"
    return "100 %" if part >= whole else f"{min(99, max(1, math.floor(part * 100 / whole)))} %"


def age(seconds: float | None) -> str:
    """How long ago, in one unit: `12 s`, `3 min`, `2 h`, `4 d`; empty for None."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    whole = max(0, math.floor(seconds))
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def duration(seconds: float) -> str:
    """A length of time in at most two units: `45 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`; empty for no end."""
    if not math.isfinite(seconds):
        return ""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    for size, unit, lower, lower_unit in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // lower
            return f"{whole // size} {unit}" + (f" {rest} {lower_unit}" if rest else "")
    return ""


def duration_range(low: float, high: float) -> str:
    """A range of time, in the larger one's unit where it says enough: `58–66 min`, `3–5 h`, `40 s–2 min`.

    Rounded outwards, so that what it says is never narrower than what is meant. Empty where it has no end.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    low, high = max(0.0, min(low, high)), max(low, high)
    for size, unit in ((1, "s"), (_MINUTE, "min"), (_HOUR, "h"), (_DAY, "d")):
        following = {1: _MINUTE, _MINUTE: _MANY_MINUTES, _HOUR: 48, _DAY: math.inf}[size]
        if high / size <= following:
            bottom, top = math.floor(low / size), max(1, math.ceil(high / size))
            if not bottom and low >= 1:
                return f"{duration(low)}–{top} {unit}"
            return f"{top} {unit}" if bottom == top else f"{bottom}–{top} {unit}"
    return ""


def rate(per_minute: float) -> str:
    """Items a minute, or an hour where they are few: `412 / min`, `0.7 / min`, `9 / h`."""
    if per_minute >= 10:  # noqa: PLR2004 - from here on a fraction says nothing
        return f"{per_minute:,.0f} / min"
    if per_minute >= 1 or per_minute == 0:
        return f"{per_minute:.1f} / min"
    return f"{per_minute * 60:.0f} / h" if per_minute * 60 >= 1 else f"{per_minute * 1440:.1f} / d"


def size(number: float) -> str:
    """Bytes in a unit that suits, of 1,024 each: `812 B`, `3.4 KB`, `1.2 GB`."""
    if number < _KIB:
        return f"{number:.0f} B"
    for unit in ("KB", "MB", "GB"):
        number /= _KIB
        if round(number, 1) < 100:  # noqa: PLR2004 - from here on a fraction says nothing
            return f"{number:.1f} {unit}"
        if round(number) < _KIB:
            return f"{number:.0f} {unit}"
    return f"{number / _KIB:,.1f} TB"


def clock(at: float | None) -> str:
    """A moment in local time, with its zone; empty for None. A number that is no moment is named as that."""
    if at is None:
        return ""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(at)).rstrip()
    except (OverflowError, ValueError, OSError):
        return "not a date"


def fit(text: str, width: int, *, right: bool = False, cut_middle: bool = False) -> str:
    """Text in exactly that many cells: padded, or cut with an ellipsis. Wide characters are never halved.

    Args:
        text: printable text on one line.
        width: cells.
        right: pad on the left, as figures are.
        cut_middle: what does not fit loses its middle rather than its end.
    """
    cells = cell_len(text)
    if cells > width:
        text = middle(text, width) if cut_middle else set_cell_size(text, max(0, width - 1)) + "…"[:width]
        cells = cell_len(text)
    padding = " " * (width - cells)
    return padding + text if right else text + padding


def middle(text: str, width: int) -> str:
    """Text in at most that many cells, cut in the middle: both ends of an id tell it from others."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    left = (width - 1) // 2
    right = width - 1 - left
    tail = text[-right:]
    while cell_len(tail) > right:
        tail = tail[1:]
    return set_cell_size(text, left).rstrip() + "…" + tail

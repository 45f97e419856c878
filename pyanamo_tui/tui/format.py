"""How figures read: durations, ages, counts, rates, sizes and times, in few characters and the same everywhere."""

from __future__ import annotations

import math
import time
from typing import Final

from rich.cells import cell_len, set_cell_size

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_KIB: Final = 1024
_MANY_MINUTES: Final = 90


def count(number: int) -> str:
    """A count with thousands set apart: `24,117`."""
    return f"{number:,}"


def age(seconds: float | None) -> str:
    """How long ago, in one unit: `12 s`, `3 min`, `2 h`, `4 d`; empty for None."""
    if seconds is None:
        return ""
    whole = max(0, math.floor(seconds))
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def duration(seconds: float) -> str:
    """A length of time in at most two units: `45 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`."""
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
    """A range of time, in the larger one's unit where it says enough: `58–66 min`, `3–5 h`, `40 s–2 min`."""
    low, high = max(0.0, min(low, high)), max(low, high)
    for size, unit in ((1, "s"), (_MINUTE, "min"), (_HOUR, "h"), (_DAY, "d")):
        following = {1: _MINUTE, _MINUTE: _MANY_MINUTES, _HOUR: 48, _DAY: math.inf}[size]
        if high / size <= following:
            bottom, top = math.floor(low / size), max(1, math.ceil(high / size))
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
    """Bytes in a unit that suits: `812 B`, `3.4 KB`, `1.2 GB`."""
    for unit in ("B", "KB", "MB", "GB"):
        if number < _KIB:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"  # noqa: PLR2004
        number /= _KIB
    return f"{number:,.1f} TB"


def clock(at: float | None) -> str:
    """A moment in local time, with its zone; empty for None."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(at)).rstrip()


def fit(text: str, width: int) -> str:
    """Text in exactly that many cells: padded, or cut with an ellipsis. Wide characters are never halved."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(0, width - 1)) + ("…" if width > 0 else "")


def middle(text: str, width: int) -> str:
    """Text in at most that many cells, cut in the middle: both ends of an id tell it from others."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    left = (width - 1) // 2
    tail = text[-(width - 1 - left) :]
    while cell_len(tail) > width - 1 - left:
        tail = tail[1:]
    return set_cell_size(text, left).rstrip() + "…" + tail

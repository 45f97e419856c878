"""Bars, sparklines and charts as plain characters: pure, so that panels, table cells and tests draw the same."""

from __future__ import annotations

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


def sparkline(values: Sequence[float], width: int) -> str:
    """The last values as a line of blocks, scaled to the highest of them."""
    shown = values[-width:] if width > 0 else ()
    top = max(shown, default=0.0)
    if top <= 0:
        return _SPARKS[0] * len(shown)
    return "".join(_SPARKS[max(0, min(_LEVELS - 1, int(value / top * (_LEVELS - 0.001))))] for value in shown)

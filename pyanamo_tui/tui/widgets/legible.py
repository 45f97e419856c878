"""Keeps coloured text readable on whatever it stands: a state's colour is lightened or darkened until it is told apart.

Contrast is that of WCAG 2.1 ("Contrast (Minimum)", 1.4.3): 4.5 to 1 for text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.color import Color, ColorType, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style

ENOUGH: Final = 4.5
_STEPS: Final = 12
_WHITE: Final = ColorTriplet(255, 255, 255)
_BLACK: Final = ColorTriplet(0, 0, 0)
_LINEAR: Final = 0.03928


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """How well two colours are told apart: 1 for the same to 21 for black on white."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=1024)
def legible(style: Style, ground: Color | None) -> Style:
    """The style with its colour moved away from what it stands on, only as far as it takes to be read.

    Args:
        style: its own background counts before `ground`.
        ground: what it stands on where it has no background.

    A terminal's own colours, whose values nobody knows, are left alone.
    """
    under = style.bgcolor or ground
    if style.color is None or under is None or not (_known(style.color) and _known(under)):
        return style
    colour, below = style.color.get_truecolor(), under.get_truecolor()
    if contrast(colour, below) >= ENOUGH:
        return style
    end = max((_WHITE, _BLACK), key=lambda extreme: contrast(extreme, below))
    for step in range(1, _STEPS + 1):
        moved = blend_rgb(colour, end, step / _STEPS)
        if contrast(moved, below) >= ENOUGH:
            break
    return style + Style(color=Color.from_triplet(moved))


def _known(colour: Color) -> bool:
    return colour.type is ColorType.TRUECOLOR


def _luminance(colour: ColorTriplet) -> float:
    red, green, blue = (
        part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

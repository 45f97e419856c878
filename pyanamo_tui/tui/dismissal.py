"""How what opens over a screen goes away again: once, and never in place of another.

Textual's `dismiss` takes away whatever is on top. A second click or enter may reach a dialog that the first one has
closed already; and work that ends closes its dialog even while something else lies over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.await_complete import AwaitComplete

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen, ScreenResultType


def dismissed_once(screen: Screen[ScreenResultType], dismiss: Callable[[], AwaitComplete]) -> AwaitComplete:
    """Take a screen away, with what lies over it; nothing when it is away already.

    Args:
        screen: which.
        dismiss: takes away what is on top.
    """
    if not is_open(screen):
        return AwaitComplete()
    while not screen.is_active:
        screen.app.pop_screen()
    return dismiss()


def is_open(screen: Screen[ScreenResultType]) -> bool:
    """Whether a screen is there, on top or below another."""
    return screen.is_attached and screen in screen.app.screen_stack

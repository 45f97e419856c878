"""The themes: dark, light, high contrast, and the terminal's own 16 colours; every one legible on every screen."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

from pyanamo_tui.settings import THEMES

_DARK: Final = Theme(
    name="dark",
    primary="#0178D4",
    secondary="#004578",
    accent="#ffa62b",
    warning="#ffa62b",
    error="#e0566f",
    success="#4EBF71",
    foreground="#e0e0e0",
)
_LIGHT: Final = Theme(
    name="light",
    primary="#004578",
    secondary="#0178D4",
    accent="#a04f00",
    warning="#8a5a00",
    error="#b00020",
    success="#1b6e3a",
    foreground="#1c1c1c",
    background="#f6f6f4",
    surface="#ececea",
    panel="#dcdcd8",
    dark=False,
    variables={"foreground-muted": "#4c4c4c", "surface-lighten-2": "#a8a8a4"},
)
_HIGH_CONTRAST: Final = Theme(
    name="high-contrast",
    primary="#00a8ff",
    secondary="#00a8ff",
    accent="#ffff00",
    warning="#ffd000",
    error="#ff6060",
    success="#40ff40",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    variables={
        "foreground-muted": "#ffffff",
        "surface-lighten-2": "#ffffff",
        "block-cursor-background": "#ffff00",
        "block-cursor-foreground": "#000000",
    },
)
_ANSI: Final = Theme(
    name="ansi",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "foreground-muted": "ansi_default",
        "surface-lighten-2": "ansi_bright_black",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "scrollbar": "ansi_bright_black",
        "scrollbar-background": "ansi_default",
    },
)
ALL: Final = (_DARK, _LIGHT, _HIGH_CONTRAST, _ANSI)
assert {theme.name for theme in ALL} == set(THEMES)

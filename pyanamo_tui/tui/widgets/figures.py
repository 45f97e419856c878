"""What panels of figures share: colours by component class, and words that are never markup."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widget import Widget

from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    pass


class Figures(Widget):
    """A widget that renders one value; its colours are component classes, so that themes decide them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "state--todo",
        "state--locked",
        "state--done",
        "state--failed",
        "state--wall",
        "state--other",
        "figures--quiet",
        "figures--strong",
        "figures--warn",
    }
    DEFAULT_CSS = """
    Figures { height: 1fr; }
    Figures > .state--todo { color: $foreground; }
    Figures > .state--locked { color: $warning; }
    Figures > .state--done { color: $success; }
    Figures > .state--failed { color: $error; text-style: bold; }
    Figures > .state--wall { color: $primary-lighten-2; }
    Figures > .state--other { color: $accent; }
    Figures > .figures--quiet { color: $foreground-muted; }
    Figures > .figures--strong { text-style: bold; }
    Figures > .figures--warn { color: $warning; text-style: bold; }
    """

    def put(self, text: Text, words: str, style: str = "") -> None:
        """Add words in the style of a component class; they are data, never markup."""
        text.append(printable(words), self.get_component_rich_style(style) if style else None)

"""Help: the keys that do something on the screen it was asked from, taken from the bindings themselves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen

_GROUPS: Final = {
    "go": "Screens",
    "table": "Move and mark",
    "look": "Look",
    "change": "Change",
    "log": "Log",
    "worker": "Workers",
    "tables": "Tables",
    "import": "Import",
    "screen": "This screen",
    "app": "Everywhere",
}


def keys_by_group(screen: Screen[object]) -> dict[str, list[tuple[str, str]]]:
    """Group title to (keys, description), of every binding of ours that is active on a screen."""
    keys: dict[str, list[str]] = defaultdict(list)
    described: dict[str, tuple[str, str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        name = binding.id
        if name is None or not binding.description or binding.system:
            continue
        group = _GROUPS[name.partition(".")[0]]
        described.setdefault(name, (group, binding.tooltip or binding.description))
        display = screen.app.get_key_display(binding)
        if display not in keys[name]:
            keys[name].append(display)
    groups: dict[str, list[tuple[str, str]]] = {title: [] for title in _GROUPS.values()}
    for name, (group, description) in described.items():
        groups[group].append((" ".join(keys[name]), description))
    return {title: entries for title, entries in groups.items() if entries}


class HelpModal(ModalScreen[None]):
    """All active keys of the screen below, by group; scrolls where it does not fit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "close", "close", id="help.close"),
        Binding("j,down", "scroll(1)", "down", id="help.down", show=False),
        Binding("k,up", "scroll(-1)", "up", id="help.up", show=False),
    ]

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._groups = keys_by_group(screen)

    def compose(self) -> ComposeResult:
        """The groups in as many columns as fit."""
        with Vertical(classes="dialog help-dialog"):
            yield Label("Keys", classes="dialog-title")
            with VerticalScroll(classes="help-keys"):
                yield Static(id="help-text")
            yield Label("esc closes · everything here is in the palette too (:)", classes="dialog-hint")

    def on_mount(self) -> None:
        """Lay the keys out for this width."""
        self.query_one("#help-text", Static).update(self._text())
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        """Lay the keys out again for another width."""
        self.query_one("#help-text", Static).update(self._text())

    def _text(self) -> Text:
        accent = self.app.theme_variables.get("accent", "cyan")
        text = Text()
        for title, entries in self._groups.items():
            text.append(f"{title}\n", "bold")
            width = max(len(keys) for keys, _ in entries)
            for keys, description in entries:
                text.append(f"  {keys:<{width}}  ", accent)
                text.append(f"{description}\n")
            text.append("\n")
        text.rstrip()
        return text

    def action_scroll(self, lines: int) -> None:
        """Move by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss()

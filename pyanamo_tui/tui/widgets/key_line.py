"""The bottom line: the keys that do something here and now, as many as fit, taken from the active bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.app import RenderResult
    from textual.binding import ActiveBinding
    from textual.screen import Screen

_GAP = 2


class KeyLine(Widget):
    """One line of `key description` hints. What does not fit is left to `?`, which always fits."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--label"}
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom; height: 1; background: $panel; color: $foreground-muted;
        & > .key-line--key { color: $accent; text-style: bold; }
        & > .key-line--label { color: $foreground-muted; }
    }
    """

    def on_mount(self) -> None:
        """Follow the bindings of whatever has the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _screen: Screen[object]) -> None:
        self.refresh()

    def _hints(self) -> list[tuple[str, str]]:
        last: dict[str, tuple[str, str]] = {}
        first: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.show or not binding.description or not active.enabled:
                continue
            name = binding.id or binding.action
            hint = (self._display(active), binding.description)
            (last if active.node is self.app else first).setdefault(name, hint)
        return [*first.values(), *last.values()]

    def _display(self, active: ActiveBinding) -> str:
        return active.binding.key_display or self.app.get_key_display(active.binding)

    def render(self) -> RenderResult:
        """The hints that fit, the screen's own before the program's; help is never the one left out."""
        key_style = self.get_component_rich_style("key-line--key")
        label_style = self.get_component_rich_style("key-line--label")
        hints = self._hints()
        helping = [hint for hint in hints if hint[1] == "help"]
        hints = [hint for hint in hints if hint[1] != "help"]
        room = self.size.width - 1 - sum(len(k) + len(d) + 1 + _GAP for k, d in helping)
        line = Text(" ", no_wrap=True, end="")
        for key, label in (*_that_fit(hints, room), *helping):
            line.append(key, key_style)
            line.append(f" {label}" + " " * _GAP, label_style)
        return line


def _that_fit(hints: list[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    fitting = []
    for key, label in hints:
        room -= len(key) + len(label) + 1 + _GAP
        if room < 0:
            break
        fitting.append((key, label))
    return fitting

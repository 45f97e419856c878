"""The command palette: what the active bindings of the screen can do, by name, and the themes; no list of its own."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider

from pyanamo_tui.settings import THEMES
from pyanamo_tui.tui.dismissal import dismissed_once, is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.await_complete import AwaitComplete

    from pyanamo_tui.tui.app import Dashboard


class Palette(CommandPalette):
    """The list that is typed into; a command is run once, however often it is chosen."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close; a command chosen again when it is closed does nothing, which Textual would run after this."""
        if not is_open(self):
            self._selected_command = DiscoveryHit("", _nothing)
        return dismissed_once(self, lambda: super(Palette, self).dismiss(result))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Move by pages only in a list that has room; Textual fails on one that has none."""
        if action == "command_list":
            return any(bool(listed.scrollable_content_region) for listed in self.query(CommandList))
        return super().check_action(action, parameters)


def _nothing() -> None:
    """What a command does that has been run already."""


class _NamedCommands(Provider):
    """Commands by name, shown before anything is typed and narrowed by what is."""

    @abstractmethod
    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Name, a line of help, and what it does."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for name, help_text, run in self._commands():
            yield DiscoveryHit(name, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """Those that match what is typed."""
        matcher = self.matcher(query)
        for name, help_text, run in self._commands():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=help_text)


class BoundCommands(_NamedCommands):
    """Every active binding with a description, found by its words or its id."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            name = binding.id
            if name is None or not binding.description or name in seen or not active.enabled or binding.system:
                continue
            seen.add(name)
            key = self.app.get_key_display(binding)
            help_text = f"{key}   {binding.tooltip}".rstrip()
            yield binding.description, help_text, self._runner(binding.action, active.node)

    def _runner(self, action: str, node: object) -> Callable[[], object]:
        async def run() -> None:
            await self.app.run_action(action, node)  # type: ignore[arg-type]

        return run


class SettingCommands(_NamedCommands):
    """The themes, and what is wrong with the settings."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        dashboard = cast("Dashboard", self.app)
        for name, meaning in THEMES.items():
            yield f"theme: {name}", meaning, partial(dashboard.choose_theme, name)
        if dashboard.settings_problems:
            yield "settings: what is wrong", "each by its line", dashboard.tell_settings_problems

"""Help: the keys that do something on the screen it was asked from, taken from the bindings, all of them in sight."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Label, Static

from pyanamo_tui.tui.modals.dialog import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen

GROUPS: Final = {
    "go": "Screens",
    "table": "Move and mark",
    "look": "Look",
    "change": "Change",
    "log": "Log",
    "worker": "Workers",
    "tables": "Tables",
    "import": "Import",
    "doctor": "Doctor",
    "screen": "This screen",
    "app": "Everywhere",
}
"""The title of each group of bindings, by the part of their ids before the dot; others make a group of their own."""
_NARROWEST: Final = 24
_ROOMY: Final = 40
_FRAME: Final = (8, 6)
"""Columns and rows of the terminal that the dialog itself takes."""


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """The keys of one binding, what it does in a word or two, and in a few more."""

    keys: str
    short: str
    long: str


def group_of(binding_id: str) -> str:
    """The title of the group that a binding belongs to."""
    name = binding_id.partition(".")[0]
    return GROUPS.get(name, name.capitalize())


def keys_by_group(screen: Screen[object]) -> dict[str, list[HelpEntry]]:
    """Group title to entries, of every binding of ours that is active on a screen."""
    keys: dict[str, list[str]] = defaultdict(list)
    described: dict[str, Binding] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        name = binding.id
        if name is None or not binding.description or binding.system:
            continue
        described.setdefault(name, binding)
        display = binding.key_display or screen.app.get_key_display(binding)
        if display not in keys[name]:
            keys[name].append(display)
    groups: dict[str, list[HelpEntry]] = {title: [] for title in GROUPS.values()}
    for name, binding in described.items():
        entry = HelpEntry(" ".join(keys[name]), binding.description, binding.tooltip or binding.description)
        groups.setdefault(group_of(name), []).append(entry)
    return {title: entries for title, entries in groups.items() if entries}


Line = tuple[str, str]
"""Keys and what they do; a group's title has no keys, an empty line has neither."""


def _lines(groups: dict[str, list[HelpEntry]], *, roomy: bool) -> list[Line]:
    lines: list[Line] = []
    for title, entries in groups.items():
        if lines:
            lines.append(("", ""))
        lines.append(("", title))
        lines += [(entry.keys, entry.long if roomy else entry.short) for entry in entries]
    return lines


def columns(lines: Sequence[Line], number: int, rows: int) -> list[list[Line]]:
    """Lines in so many columns of so many rows; longer ones where they do not fit. No title ends a column."""
    rows = max(rows, 2)
    while True:
        found: list[list[Line]] = [[]]
        for place, line in enumerate(lines):
            is_title = not line[0] and bool(line[1])
            needed = 2 if is_title and place + 1 < len(lines) else 1
            if len(found[-1]) + needed > rows:
                found.append([])
            if line[1] or found[-1]:
                found[-1].append(line)
        if len(found) <= number:
            return [column if any(column[-1]) else column[:-1] for column in found]
        rows += 1


class HelpModal(Dialog[None]):
    """All active keys of the screen below, by group, in as many columns as it takes to see them at once."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"help--key", "help--title"}
    DEFAULT_CSS = """
    HelpModal {
        & > .help--key { color: $accent; }
        & > .help--title { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "close", "close", id="help.close"),
        Binding("j,down", "scroll(1)", "down", id="help.down", show=False),
        Binding("k,up", "scroll(-1)", "up", id="help.up", show=False),
    ]

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._groups = keys_by_group(screen)

    def compose(self) -> ComposeResult:
        """The keys, and where else everything is found."""
        with Vertical(classes="dialog help-dialog"):
            yield Label("Keys", classes="dialog-title")
            with VerticalScroll(classes="help-keys"):
                yield Static(id="help-text")
            yield Label("esc closes · everything here is in the palette too (:)", classes="dialog-hint")

    def on_mount(self) -> None:
        """Lay the keys out for this width."""
        self._lay_out()
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        """Lay the keys out again for another width."""
        self._lay_out()

    def _lay_out(self) -> None:
        width, rows = self.app.size.width - _FRAME[0], self.app.size.height - _FRAME[1]
        most = max(1, width // _NARROWEST)
        for number in range(1, most + 1):
            roomy = width // number >= _ROOMY
            found = columns(_lines(self._groups, roomy=roomy), number, rows)
            if max(map(len, found)) <= rows or number == most:
                break
        self.query_one("#help-text", Static).update(self._text(found, min(width // len(found), _ROOMY + 8)))

    def _text(self, found: list[list[Line]], width: int) -> Text:
        key_style = self.get_component_rich_style("help--key")
        title_style = self.get_component_rich_style("help--title")
        keys_width = max((len(keys) for column in found for keys, _ in column), default=0)
        text = Text(no_wrap=True)
        for row in range(max(map(len, found))):
            for column in found:
                keys, words = column[row] if row < len(column) else ("", "")
                cell = Text()
                if keys:
                    cell.append(f" {keys:>{min(keys_width, 9)}}  ", key_style)
                    cell.append(words)
                else:
                    cell.append(words, title_style)
                cell.truncate(width - 1, overflow="ellipsis")
                cell.pad_right(width - cell.cell_len)
                text.append_text(cell)
            text.rstrip()
            text.append("\n")
        text.rstrip()
        return text

    def action_scroll(self, lines: int) -> None:
        """Move by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss()

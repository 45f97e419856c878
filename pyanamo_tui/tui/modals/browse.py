"""A file to choose from the folders of this host: type to narrow, enter opens a folder or takes a file."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from pyanamo_tui.tui.format import age, count, size
from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.widgets.text_line import TextLine
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOST: Final = 2_000
"""Entries that are shown; of more, those that the typing leaves."""
_ABOVE: Final = ".."


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder. `bytes` and `changed_at` (epoch seconds) are of files alone."""

    name: str
    is_folder: bool
    bytes: int = 0
    changed_at: float = 0.0


def entries_of(folder: Path) -> list[Entry]:
    """What is in a folder: folders first, then plain files, each by name.

    Raises:
        OSError: it cannot be read.
    """
    found = []
    with os.scandir(folder) as listed:
        for one in listed:
            try:
                if one.is_dir():
                    found.append(Entry(one.name, True))
                elif one.is_file():
                    told = one.stat()
                    found.append(Entry(one.name, False, told.st_size, told.st_mtime))
            except OSError:
                # It went away between two looks, or its link leads nowhere: there is nothing to choose.
                continue
    return sorted(found, key=lambda entry: (not entry.is_folder, entry.name.casefold(), entry.name))


def narrowed(entries: list[Entry], typed: str) -> list[Entry]:
    """Those whose name holds what is typed, whatever the case; hidden ones only when asked for by a dot."""
    wanted = typed.casefold()
    return [
        entry
        for entry in entries
        if wanted in entry.name.casefold() and (typed.startswith(".") or not entry.name.startswith("."))
    ]


class BrowseFiles(Dialog[Path | None]):
    """Dismissed with the file chosen, or None when it was left by escape.

    Args:
        folder: where to begin; the nearest one above it that can be read, if it cannot.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", id="browse.leave"),
        Binding("down", "move(1)", "down", id="browse.down", show=False, priority=True),
        Binding("up", "move(-1)", "up", id="browse.up", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    BrowseFiles .dialog { height: 90%; max-height: 30; }
    BrowseFiles OptionList { height: 1fr; }
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._entries: list[Entry] = []
        self._shown: list[Entry] = []

    def compose(self) -> ComposeResult:
        """The folder, what narrows it, and what it holds."""
        with Vertical(classes="dialog"):
            yield Label("", classes="dialog-title", id="browse-folder")
            yield TextLine(placeholder="type to narrow; .. goes up; a path goes there", compact=True)
            yield OptionList(compact=True)
            yield Label("", classes="dialog-hint", id="browse-hint")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one(Input).focus()
        self._open(_whole(self._folder))

    @work(group="folder", exclusive=True)
    async def _open(self, whole: Path) -> None:
        try:
            found = await asyncio.to_thread(entries_of, whole)
        except OSError as error:
            self._hint(f"{printable(str(whole))}: {error.strerror or error}")
            if not self._entries and whole != whole.parent:
                self._open(whole.parent)
            return
        self._folder, self._entries = whole, found
        self.query_one("#browse-folder", Label).update(Text(printable(str(whole)), overflow="ellipsis", no_wrap=True))
        typed = self.query_one(Input)
        with self.prevent(Input.Changed):
            typed.value = ""
        self._list("")

    def _list(self, typed: str) -> None:
        found = narrowed(self._entries, typed)
        above = [] if self._folder == self._folder.parent or typed else [Entry(_ABOVE, True)]
        self._shown = [*above, *found[:MOST]]
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(_line(entry)) for entry in self._shown])
        listed.highlighted = min(len(above), len(self._shown) - 1) if self._shown else None
        more = f", {count(len(found) - MOST)} more: type to narrow" if len(found) > MOST else ""
        hidden = len(self._entries) - len(narrowed(self._entries, typed or ""))
        told = f"{count(len(found))} shown{more}"
        self._hint(f"{told} · {count(hidden)} not shown" if hidden else told)

    def _hint(self, told: str) -> None:
        self.query_one("#browse-hint", Label).update(Text(f"{told} · enter opens · esc cancels"))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if not event.value.startswith(("/", "~")):
            self._list(event.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        if typed.startswith(("/", "~")) or typed == _ABOVE:
            self._go(self._folder / Path(typed).expanduser())
            return
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self._go(self._folder / self._shown[at].name)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._go(self._folder / self._shown[event.option_index].name)

    def _go(self, path: Path) -> None:
        if path.is_file():
            self.dismiss(_whole(path))
        else:
            self._open(_whole(path))

    def action_move(self, rows: int) -> None:
        """Up and down, while one types."""
        listed = self.query_one(OptionList)
        if rows > 0:
            listed.action_cursor_down()
        else:
            listed.action_cursor_up()

    def action_leave(self) -> None:
        """Escape."""
        self.dismiss(None)


def _whole(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _line(entry: Entry) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    if entry.is_folder:
        text.append(printable(entry.name) + "/", "bold")
    else:
        text.append(f"{size(entry.bytes):>9}  {age(max(0.0, time.time() - entry.changed_at)):>6}  ", "dim")
        text.append(printable(entry.name))
    return text

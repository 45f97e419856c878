"""One change of the journal: what came of each item, and what of it differs between before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from pyanamo_tui.core.actionitems import ActionItem, action_items, entry_of
from pyanamo_tui.core.journalfile import Fate
from pyanamo_tui.core.plan import asked_words
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.columns import state_cell
from pyanamo_tui.tui.format import clock, count
from pyanamo_tui.tui.screens.activity import state_words, undo_one
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.workflow.difference import Difference, differences
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.core.journal import ActionSummary
    from pyanamo_tui.core.journalfile import ActionFile
    from pyanamo_tui.workflow.model import Snapshot

VALUE_SHOWN: Final = 400
"""Characters of a value that are shown; a log may have thousands."""
_DIFFERENCES_SHOWN: Final = 500
_FATE_STYLES: Final = {Fate.CHANGED: "state--done", Fate.FAILED: "state--failed", Fate.SKIPPED: "state--wall"}


def _outcome(item: ActionItem) -> Cell:
    style = "state--failed" if item.fate is None else _FATE_STYLES.get(item.fate, "table--quiet")
    return Cell(item.outcome, style)


def _state(state: str | None, item: ActionItem) -> Cell:
    if item.offset is None:
        return Cell("")
    return Cell("not there", "table--quiet") if state is None else state_cell(state)


ITEM_COLUMNS: Final = (
    Column[ActionItem]("item", "ITEM", 16, lambda one: Cell(one.item_id), flexible=True, cut_middle=True),
    Column[ActionItem]("outcome", "OUTCOME", 11, _outcome),
    Column[ActionItem]("before", "BEFORE", 10, lambda one: _state(one.before, one)),
    Column[ActionItem]("after", "AFTER", 10, lambda one: _state(one.after, one)),
    Column[ActionItem]("why", "WHY", 14, lambda one: Cell(one.why, "table--quiet"), flexible=True),
)


@dataclass
class ItemsRead(Message):
    """The items of a change were read from the journal, or could not be."""

    file: ActionFile | None
    items: tuple[ActionItem, ...] = ()
    error: PyanamoError | None = None


@dataclass
class EntryRead(Message):
    """What differs of one item was read."""

    key: str
    found: tuple[Difference, ...]
    made: bool
    gone: bool


def _value(value: str | None, missing: str) -> tuple[str, str]:
    if value is None:
        return missing, "dim italic"
    cut = value if len(value) <= VALUE_SHOWN else f"{value[:VALUE_SHOWN]} … {count(len(value) - VALUE_SHOWN)} more"
    return printable(cut), ""


def difference_text(found: tuple[Difference, ...], *, made: bool, gone: bool) -> Text:
    """What differs, an attribute a line: its name, what it was, what it became."""
    text = Text()
    if made or gone:
        text.append("It was not there before; it has:\n" if made else "It was deleted; it had:\n", "bold")
    width = min(28, max((len(one.name) for one in found), default=0))
    for one in found[:_DIFFERENCES_SHOWN]:
        text.append(f"{printable(one.name):<{width}}  ", "dim")
        if not made:
            text.append(*_value(one.before, "not there"))
        if not (made or gone):
            text.append("  →  ", "bold")
        if not gone:
            words, style = _value(one.after, "removed")
            text.append(words, style or "bold")
        text.append("\n")
    if len(found) > _DIFFERENCES_SHOWN:
        text.append(f"… and {count(len(found) - _DIFFERENCES_SHOWN)} more attributes\n", "dim")
    if not found:
        text.append("Nothing differs.\n", "dim")
    text.rstrip()
    return text


class ActionScreen(DashboardScreen):
    """Opened over the activity list.

    Args:
        one: the change, as it was listed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("U", "undo", "undo this change", id="change.undo", key_display="U"),
        Binding("tab", "app.focus_next", "next panel", id="look.next_panel", show=False),
    ]

    def __init__(self, one: ActionSummary) -> None:
        super().__init__()
        self.one = one
        self._file: ActionFile | None = None
        self.table: ItemTable[ActionItem] = ItemTable(
            ITEM_COLUMNS, lambda row: row.key, empty="Reading the journal …", id="action-items"
        )

    def body(self) -> ComposeResult:
        """What it was; its items; what differs of the one under the cursor."""
        with Container(id="action-facts", classes="panel") as panel:
            panel.border_title = Text(printable(f"{self.one.action} {self.one.id}"))
            yield Static(self._facts(), id="action-text")
        with Container(id="action-list", classes="panel") as panel:
            panel.border_title = "Items"
            yield self.table
        with VerticalScroll(id="action-difference", classes="panel") as panel:
            panel.border_title = "Before → after"
            yield Static("", id="difference", markup=False)

    def _facts(self) -> Text:
        one = self.one
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{clock(one.at)}   {printable(one.who)}   account {one.account or 'unknown'}\n")
        parts = [(one.changed, "changed"), (one.skipped, "skipped"), (one.failed, "failed")]
        parts += [(one.not_started, "not started"), (one.unknown, "unknown: undo finds out")]
        text.append(f"{state_words(one)}   ", "bold")
        text.append(", ".join(f"{count(number)} {word}" for number, word in parts if number) or "nothing to do")
        told = asked_words(one.detail)
        text.append(f"\n{printable(told)}" if told else "", "dim")
        return text

    def on_mount(self) -> None:
        """The items have the keys."""
        super().on_mount()
        self.table.focus()
        self._read()

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Nothing here comes from Snapshots: it is what was done then."""

    @work(thread=True, group="action", exclusive=True, exit_on_error=False, description="read the journal")
    def _read(self) -> None:
        workspace = self.dashboard.workspace
        if workspace is None:
            return
        try:
            file = workspace.journal.read(self.one.id)
        except PyanamoError as error:
            self.post_message(ItemsRead(None, error=error))
            return
        self.post_message(ItemsRead(file, tuple(action_items(file))))

    @on(ItemsRead)
    def _show_items(self, message: ItemsRead) -> None:
        self._file = message.file
        error = message.error
        self.table.set_empty("No item was touched." if error is None else f"{error.message}. {error.hint}")
        self.table.set_rows(message.items)
        self.retitle("#action-list", f"Items: {count(len(message.items))}")

    @on(ItemTable.Highlighted, "#action-items")
    def _moved(self) -> None:
        row = self.table.row
        if row is None or self._file is None:
            return
        self.retitle("#action-difference", f"{row.item_id}: before → after")
        if row.offset is None:
            words = f"It was left alone{': ' + row.why if row.why else ''}."
            self.query_one("#difference", Static).update(Text(printable(words)))
        else:
            self._compare(self._file, row)

    @work(thread=True, group="compare", exclusive=True, exit_on_error=False, description="compare an item")
    def _compare(self, file: ActionFile, row: ActionItem) -> None:
        entry = entry_of(file, row)
        if entry is not None:
            found = tuple(differences(entry.before, entry.after))
            self.post_message(EntryRead(row.key, found, entry.before is None, entry.after is None))

    @on(EntryRead)
    def _show_entry(self, message: EntryRead) -> None:
        row = self.table.row
        if row is not None and row.key == message.key:
            text = difference_text(message.found, made=message.made, gone=message.gone)
            self.query_one("#difference", Static).update(text)
            self.query_one("#action-difference", VerticalScroll).scroll_home(animate=False)

    @on(ItemTable.Selected, "#action-items")
    def _open(self, event: ItemTable.Selected) -> None:
        self.dashboard.show_item(event.row.item_id)

    @work(group="change", exclusive=True)
    async def action_undo(self) -> None:
        """Take this change back."""
        await undo_one(self, self.one)

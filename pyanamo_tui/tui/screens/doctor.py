"""Doctor: what other software left wrong in the table, kind by kind, with its explanation and its repair."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Label, Static

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.changes import make_change
from pyanamo_tui.tui.columns import state_cell
from pyanamo_tui.tui.format import count, counted
from pyanamo_tui.tui.modals.choose import Choice, Choose
from pyanamo_tui.tui.screens.item_looks import ItemLooksScreen
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.repairs import REMEDIES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from textual.app import ComposeResult

    from pyanamo_tui.core.doctor import Examination, Examined, Finding
    from pyanamo_tui.core.plan import ActionResult
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import Debris, Snapshot

_QUIET: Final = "table--quiet"
_ALL, _KIND, _MARKED, _ONE = "all", "this kind", "marked", "one"
_NOT_YET: Final = "Not examined yet. x reads the whole table, within the read budget."


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of debris: how many items have it, and how many of them can be repaired now."""

    kind: Debris
    items: int
    repairable: int


@dataclass
class Progressed(Message):
    """How far the examination is."""

    told: Examined
    number: int


@dataclass
class ExaminationEnded(Message):
    """It came to its end, was stopped, or could not go on."""

    number: int
    found: Examination | None
    error: PyanamoError | None = None


@dataclass
class LookedAgain(Message):
    """Items were looked at again after a change."""

    item_ids: frozenset[str]
    found: tuple[Finding, ...]


def _can(row: KindRow) -> Cell:
    if not row.repairable:
        return Cell("no", _QUIET)
    return Cell("yes" if row.repairable == row.items else count(row.repairable), "state--done")


KIND_COLUMNS: Final = (
    Column[KindRow]("items", "ITEMS", 7, lambda row: Cell(count(row.items), "state--failed"), right=True),
    Column[KindRow]("kind", "WHAT IS WRONG", 24, lambda row: Cell(row.kind.value), flexible=True),
    Column[KindRow]("repair", "REPAIR", 7, _can, right=True),
)
FINDING_COLUMNS: Final = (
    Column["Finding"]("item", "ITEM", 18, lambda one: Cell(one.item_id), flexible=True, cut_middle=True),
    Column["Finding"]("step", "STEP", 14, lambda one: Cell(one.step or "", _QUIET)),
    Column["Finding"]("state", "STATE", 10, lambda one: state_cell(one.state)),
    Column["Finding"](
        "repair", "REPAIR", 20, lambda one: Cell("yes" if one.repairable else one.why_not, _QUIET), flexible=True
    ),
)


class DoctorScreen(ItemLooksScreen):
    """The examination runs on a thread, and goes on while other screens are looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "examine", "examine or stop", id="doctor.examine"),
        Binding("F", "repair", "repair", id="change.repair", key_display="F"),
        Binding("d", "describe", "describe", id="look.describe", show=False),
        Binding("tab", "app.focus_next", "next list", id="look.next_panel", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.kinds: ItemTable[KindRow] = ItemTable(KIND_COLUMNS, lambda row: row.kind.name, empty=_NOT_YET, id="kinds")
        self.table: ItemTable[Finding] = ItemTable(
            FINDING_COLUMNS, lambda one: one.item_id, empty="", marks=True, id="findings"
        )
        self.line = Label("", classes="list-line")
        self.found: Examination | None = None
        self._halt = threading.Event()
        self._number = 0
        self._examining = False

    def body(self) -> ComposeResult:
        """Kinds, the explanation of one, its items, a line of counts."""
        with Container(id="doctor-kinds", classes="panel") as panel:
            panel.border_title = "Doctor"
            yield self.kinds
        with Container(id="doctor-about", classes="panel") as panel:
            panel.border_title = "What it leads to, and the repair"
            yield Static("", id="about", markup=False)
        with Container(id="doctor-items", classes="panel") as panel:
            panel.border_title = "Items"
            yield self.table
        yield self.line

    def on_mount(self) -> None:
        """The kinds have the keys. Nothing is read before it is asked for: it costs a read of the whole table."""
        super().on_mount()
        self.kinds.focus()
        self.line.update(Text(_NOT_YET))

    def on_unmount(self) -> None:
        """The program ends: so does the examination."""
        self._halt.set()

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Nothing here comes from Snapshots."""

    def workspace_opened(self, workspace: Workspace) -> None:
        """What was found was in another table."""
        self._halt.set()
        self._number += 1
        self._examining, self.found = False, None
        self.kinds.set_empty(_NOT_YET)
        self._list()
        self.line.update(Text(_NOT_YET))

    def item_here(self) -> tuple[str, str | None] | None:
        """The item under the cursor of the lower list."""
        row = self.table.row
        return None if row is None else (row.item_id, None)

    def marked_here(self) -> frozenset[str]:
        """The marked items."""
        return self.table.marked

    # -- examining ------------------------------------------------------------------------------

    def action_examine(self) -> None:
        """Begin to read the table, or stop reading it."""
        workspace = self.dashboard.workspace
        if self._examining:
            self._halt.set()
            self.line.update(Text("Stopping …"))
        elif workspace is not None and workspace.settings.table is not None:
            self._halt = threading.Event()
            self._number += 1
            self._examining = True
            self.line.update(Text("Reading the table …   x stops it"))
            self._examine(workspace, self._number, self._halt)

    @work(thread=True, group="examine", exit_on_error=False, description="examine the table")
    def _examine(self, workspace: Workspace, number: int, stop: threading.Event) -> None:
        def progress(told: Examined) -> None:
            self.post_message(Progressed(told, number))

        try:
            found = workspace.doctor.examine(progress, stop.is_set)
        except PyanamoError as error:
            self.post_message(ExaminationEnded(number, None, error))
            return
        self.post_message(ExaminationEnded(number, found))

    @on(Progressed)
    def _show_progress(self, message: Progressed) -> None:
        message.stop()
        told = message.told
        if message.number != self._number or not self._examining or self._halt.is_set():
            return
        about = f" of about {count(told.expected)}" if told.expected > told.items_read else ""
        words = f"{count(told.items_read)}{about} items read, {count(told.wrong)} with something wrong"
        words += f" · {told.read_units:,.0f} read units, at most {told.units_a_second:,.4g} a second · x stops it"
        self.line.update(Text(words))

    @on(ExaminationEnded)
    def _show_end(self, message: ExaminationEnded) -> None:
        message.stop()
        if message.number != self._number:
            return
        self._examining = False
        found = message.found
        if found is None:
            words = "" if message.error is None else f"{message.error.message}. {message.error.hint}"
            self.line.update(Text(printable(words)))
            return
        self.found = found
        self.kinds.set_empty("Nothing is wrong." if found.whole else "Nothing was found in what was read.")
        self.table.clear_marks()
        self._list()
        self._tell()

    def _tell(self) -> None:
        found = self.found
        if found is None:
            return
        words = f"{counted(found.items_read, 'item')} read for {found.read_units:,.0f} read units"
        words += "" if found.whole else ": it was stopped before the end"
        marked = self.table.marks_in_words()
        repairable = sum(one.repairable for one in found.findings)
        words += f" · {count(len(found.findings))} wrong, {count(repairable)} can be repaired"
        self.line.update(Text(f"{words} · {marked}" if marked else words))

    # -- listing --------------------------------------------------------------------------------

    def _list(self) -> None:
        found, rows = self.found, []
        for kind, items in () if found is None else found.counts.items():
            repairable = sum(one.repairable for one in found.of_kind(kind)) if found is not None else 0
            rows.append(KindRow(kind, items, repairable))
        self.kinds.set_rows(rows)
        self._kind_chosen()

    @on(ItemTable.Highlighted, "#kinds")
    def _kind_chosen(self) -> None:
        row, found = self.kinds.row, self.found
        text = Text()
        if row is not None:
            remedy = REMEDIES[row.kind]
            text.append(remedy.explanation)
            text.append("\nRepair: ", "bold")
            text.append(remedy.repair or "none; only people can decide")
        self.query_one("#about", Static).update(text)
        ill = () if row is None or found is None else found.of_kind(row.kind)
        self.table.set_rows(ill)
        self.retitle("#doctor-items", f"Items: {count(len(ill))}" if ill else "Items")
        total = 0 if found is None else len(found.findings)
        self.retitle("#doctor-kinds", f"Doctor: {counted(total, 'item')} with something wrong" if total else "Doctor")

    @on(ItemTable.Selected, "#kinds")
    def _into_items(self) -> None:
        self.table.focus()

    @on(ItemTable.Selected, "#findings")
    def _open(self) -> None:
        self.action_describe()

    @on(ItemTable.MarksChanged, "#findings")
    def _marked(self) -> None:
        if not self._examining:
            self._tell()

    def action_describe(self) -> None:
        """Everything about the item under the cursor."""
        row = self.table.row
        if row is not None:
            self.dashboard.show_item(row.item_id)

    def action_back_out(self) -> None:
        """Escape: clear the marks, then from the items to the kinds, then back."""
        if self.table.clear_marks():
            return
        if self.table.has_focus:
            self.kinds.focus()
        else:
            super().action_back_out()

    # -- repairing ------------------------------------------------------------------------------

    def _choices(self) -> dict[str, tuple[str, tuple[Finding, ...]]]:
        """What can be repaired: its words and its items, by the letter that picks it."""
        found, kind, here = self.found, self.kinds.row, self.table.row
        if found is None:
            return {}
        offered: dict[str, tuple[str, Sequence[Finding]]] = {}
        if self.table.marked:
            offered[_MARKED] = ("the marked items", [one for one in found.findings if one.item_id in self.table.marked])
        if kind is not None:
            offered[_KIND] = (f"this kind: {kind.kind.value}", found.of_kind(kind.kind))
        if here is not None and self.table.has_focus:
            offered[_ONE] = (f"this item: {here.item_id}", (here,))
        offered[_ALL] = ("everything that can be repaired", found.findings)
        able = {name: (words, tuple(one for one in ill if one.repairable)) for name, (words, ill) in offered.items()}
        return {name: held for name, held in able.items() if held[1]}

    @work(group="change", exclusive=True)
    async def action_repair(self) -> None:
        """Choose what to repair, then plan, ask and do it; undo takes it back."""
        workspace, choices = self.dashboard.workspace, self._choices()
        if workspace is None:
            return
        if not choices:
            words = "x examines the table first." if self.found is None else "Nothing here can be repaired."
            self.notify(words, markup=False)
            return
        listed = [Choice(name, words, counted(len(ill), "item"), name[0]) for name, (words, ill) in choices.items()]
        chosen = await self.app.push_screen_wait(Choose("Repair what?", listed))
        if chosen is None:
            return
        ill = choices[chosen][1]
        result = await make_change(self.dashboard, lambda: workspace.doctor.plan(ill), self.marker)
        if result is not None:
            self._look_again(workspace, frozenset(one.item_id for one in ill))

    def undone(self, workspace: Workspace, result: ActionResult) -> None:
        """What was taken back may be ill again."""
        if self.found is not None:
            self._look_again(workspace, frozenset(result.changed_ids))

    @property
    def marker(self) -> Callable[[Collection[str]], None]:
        """Those that were left alone are marked."""
        return self._mark_only

    def _mark_only(self, item_ids: Collection[str]) -> None:
        self.table.clear_marks()
        self.table.mark(item_ids)

    @work(thread=True, group="look-again", exit_on_error=False, description="look at items again")
    def _look_again(self, workspace: Workspace, item_ids: frozenset[str]) -> None:
        try:
            found = tuple(workspace.doctor.look_again(item_ids))
        except PyanamoError as error:
            self.app.call_from_thread(self.dashboard.tell, error)
            return
        self.post_message(LookedAgain(item_ids, found))

    @on(LookedAgain)
    def _show_looked_again(self, message: LookedAgain) -> None:
        message.stop()
        if self.found is None:
            return
        others = [one for one in self.found.findings if one.item_id not in message.item_ids]
        self.found = replace(self.found, findings=(*others, *message.found))
        left = {one.item_id for one in self.found.findings}
        self.table.forget_marks(self.table.marked - left)
        self._list()
        self._tell()

"""What every screen with a list of items does the same: filter, order, columns, marks, opening, exporting."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Label

from pyanamo_tui.errors import UsageError
from pyanamo_tui.tui.columns import ITEM, ITEM_COLUMNS, SORTS, columns_that_fit, sized_columns
from pyanamo_tui.tui.exporting import Chosen, export_items
from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.item_view import View, ViewSpec, advance, build
from pyanamo_tui.tui.modals.choose import Choice, Choose
from pyanamo_tui.tui.modals.columns import ColumnsModal
from pyanamo_tui.tui.modals.saved_filters import SavedFilters
from pyanamo_tui.tui.screens.item_changes import ItemChangesScreen
from pyanamo_tui.tui.view_memory import ListView
from pyanamo_tui.tui.widgets.filter_bar import FilterBar, KnownWords
from pyanamo_tui.tui.widgets.item_table import Column, ItemTable
from pyanamo_tui.workflow.failures import is_failure
from pyanamo_tui.workflow.filters import Filter, parse_filter, unknown_states
from pyanamo_tui.workflow.model import ItemFacts
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from textual import events

    from pyanamo_tui.workflow.model import Snapshot

GUTTER: Final = 4
"""Cells of the table that are no column's: cursor, mark, a space, the scroll bar."""
AT_ONCE: Final = 5_000
"""Up to so many items the list is made on the spot; above, on a thread, so that no key waits for it."""


@dataclass
class ViewMade(Message):
    """A list of items was made on a thread."""

    view: View
    changed: frozenset[str] | None


class ItemListScreen(ItemChangesScreen):
    """A screen around one ItemTable of items, with a filter bar and a line of counts.

    Subclasses yield `self.table`, `self.line` and `self.bar` in `body`, may narrow what is listed (`listed`), and say
    what columns there are (`orders`) and which of them are shown unless the user chose (`columns_for`). How a list is
    looked at is remembered under `VIEW`.
    """

    OFFERED: ClassVar[tuple[Column[ItemFacts], ...]] = ITEM_COLUMNS
    VIEW: ClassVar[str]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="look.filter", key_display="/"),
        Binding("l", "log", "log", id="look.log"),
        Binding("d", "describe", "describe", id="look.describe", show=False),
        Binding("s", "sort", "sort", id="look.sort"),
        Binding("o", "columns", "columns", id="look.columns", show=False),
        Binding("f", "saved_filters", "saved filters", id="look.saved", show=False),
        Binding("e", "export", "export", id="look.export", show=False),
    ]
    EMPTY: ClassVar = "The table is empty. 9 imports items."
    """What stands where there is nothing to list."""

    def __init__(self, table: ItemTable[ItemFacts]) -> None:
        super().__init__()
        self.table = table
        self.line = Label("", classes="list-line")
        self.bar = FilterBar(self._words, lambda: self.dashboard.views.history)
        self._chosen: tuple[str, ...] | None = None
        self._recalled = ""
        self._hosts: tuple[int, list[str]] = (-1, [])
        self._filter = Filter()
        self._sort, self._reverse = self.orders[0], False
        self._view: View | None = None
        self._busy = False
        self._waiting: frozenset[str] | None = frozenset()
        self._has_waiting = False
        self._counts = Text()

    @property
    def orders(self) -> tuple[Column[ItemFacts], ...]:
        """What the list can show and be sorted by; at first by the first of them."""
        return SORTS

    def columns_for(self, room: int, longest_id: int, longest_step: int) -> tuple[Column[ItemFacts], ...]:
        """The columns to show in so many cells where the user chose none: as many of `OFFERED` as fit."""
        return columns_that_fit(self.OFFERED, room, longest_id, longest_step)

    # -- what is listed -------------------------------------------------------------------------

    def listed(self, snapshot: Snapshot) -> Mapping[str, ItemFacts]:
        """The items that this screen is about, before any filter. May be called on a thread."""
        return snapshot.items

    def set_filter(self, text: str) -> None:
        """List what another filter matches."""
        self._recall()
        self._filter = parse_filter(text)
        self.relist()

    def _spec(self) -> ViewSpec:
        key = None if self._sort is ITEM else self._sort.sort_key
        return ViewSpec(self._filter, self._sort.key, key, self._reverse)

    def relist(self) -> None:
        """List again from nothing: another question was asked."""
        self._show_items(None)

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Bring the list up to a Snapshot."""
        self._show_items(changed)

    def _show_items(self, changed: frozenset[str] | None) -> None:
        snapshot = self.dashboard.snapshot
        if snapshot is None or not self.is_mounted:
            return
        if self._busy:
            both = None if changed is None or self._waiting is None else self._waiting | changed
            self._waiting, self._has_waiting = both, True
            return
        self._recall()
        spec, now = self._spec(), time.time()
        if len(snapshot.items) <= AT_ONCE:
            self._shown(self._viewed(snapshot, changed, spec, now), changed)
            return
        self._busy = True
        self._waiting, self._has_waiting = frozenset(), False
        self._make_view(snapshot, changed, spec)

    @work(thread=True, group="view", exit_on_error=False, description="list items")
    def _make_view(self, snapshot: Snapshot, changed: frozenset[str] | None, spec: ViewSpec) -> None:
        self.post_message(ViewMade(self._viewed(snapshot, changed, spec, time.time()), changed))

    def _viewed(self, snapshot: Snapshot, changed: frozenset[str] | None, spec: ViewSpec, now: float) -> View:
        before, items = self._view, self.listed(snapshot)
        return build(items, spec, now) if before is None else advance(before, items, changed, spec, now)

    @on(ViewMade)
    def _view_made(self, message: ViewMade) -> None:
        message.stop()
        self._busy = False
        self._shown(message.view, message.changed)
        if self._has_waiting:
            self._show_items(self._waiting)

    def _shown(self, view: View, changed: frozenset[str] | None) -> None:
        first = self._view is None
        self._view = view
        self.table.show_sorted(self._sort.key, reverse=self._reverse)
        self.table.set_empty(self._empty_words(view))
        self.table.set_rows(view.rows, () if first or changed is None else changed)
        self.fit_columns()
        snapshot = self.dashboard.snapshot
        if snapshot is not None:
            self.table.forget_absent(snapshot.items, changed)
        self._tell()

    def _empty_words(self, view: View) -> str:
        snapshot = self.dashboard.snapshot
        if snapshot is not None and not snapshot.exact:
            return "Reading the table …"
        if not view.total:
            return self.EMPTY
        if not self._filter.text:
            return "None"
        unknown = unknown_states(self._filter, snapshot.counts) if snapshot is not None else ()
        which = f"No item is in state {', '.join(unknown)}." if unknown else "No item matches the filter."
        return f"{printable(which)} esc clears it."

    def _tell(self) -> None:
        view, snapshot = self._view, self.dashboard.snapshot
        if view is None or snapshot is None:
            return
        about = "" if snapshot.exact else ">"
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{count(len(view.rows))} of {about}{count(view.total)}")
        marked = self.table.marks_in_words()
        if marked:
            text.append(f"   {marked}", "bold")
        if self._filter.text:
            text.append(f"   / {printable(self._filter.text)}", "italic")
        self.show_counts(text)
        # The Monitor has read the facts of every item, or is at it: no filter costs a read of the table.
        over = f"all {count(view.total)}" if snapshot.exact else f"the {count(view.total)} read so far"
        self.bar.tell(f"{count(len(view.rows))} match, looked for here in {over}")

    def show_counts(self, text: Text) -> None:
        """Put the counts where this screen has them."""
        if self._counts != text:
            self._counts = text
            self.line.update(text)

    def _words(self) -> KnownWords:
        snapshot = self.dashboard.snapshot
        if snapshot is None:
            return KnownWords()
        if self._hosts[0] != snapshot.seq:
            owners = {facts.owner for facts in snapshot.items.values()}
            self._hosts = (snapshot.seq, sorted(owner for owner in owners if owner))
        codes = sorted({group.exit_code for group in snapshot.failures if group.exit_code is not None})
        steps = [step.step for step in snapshot.steps]
        return KnownWords(steps, list(snapshot.counts), self._hosts[1], [str(code) for code in codes])

    @on(ItemTable.MarksChanged)
    def _marks_changed(self) -> None:
        self._tell()

    # -- filter and order -----------------------------------------------------------------------

    def action_filter(self) -> None:
        """Type a filter."""
        self.bar.open(self._filter.text)

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        if message.filter.text != self._filter.text:
            self._filter = message.filter
            self.relist()

    @on(FilterBar.Closed)
    def _filter_closed(self, message: FilterBar.Closed) -> None:
        self.table.focus()
        self._remember(message.used)

    @on(FilterBar.SavedAsked)
    def _saved_asked(self) -> None:
        self.action_saved_filters()

    @work(group="saved", exclusive=True)
    async def action_saved_filters(self) -> None:
        """Use a saved filter, save the one that holds, delete one."""
        self.bar.close()
        text = await self.app.push_screen_wait(SavedFilters(self.dashboard.views, self._filter.text))
        if text is None:
            return
        try:
            self.set_filter(text)
        except UsageError as error:
            self.notify(printable(error.message), severity="warning", markup=False)
            return
        self._remember(text)

    @work(group="sort", exclusive=True)
    async def action_sort(self) -> None:
        """Choose what to sort by; the same again turns it round."""
        choices = [Choice(column.key, column.title.lower(), key="") for column in self.orders]
        chosen = await self.app.push_screen_wait(Choose("Sort by", choices, chosen=self._sort.key))
        if chosen is not None:
            self._sort_by(chosen)

    @on(ItemTable.TitleClicked, "#items")
    def _title_clicked(self, event: ItemTable.TitleClicked) -> None:
        self._sort_by(event.column)

    def _sort_by(self, chosen: str) -> None:
        self._reverse = not self._reverse if chosen == self._sort.key else False
        self._sort = next(column for column in self.orders if column.key == chosen)
        self._remember()
        self.relist()

    # -- columns, and what is remembered --------------------------------------------------------

    def on_resize(self, _event: events.Resize) -> None:
        """More columns where there is room."""
        self.fit_columns()

    def fit_columns(self) -> None:
        """The columns that were chosen, else those for the room there is."""
        snapshot, view = self.dashboard.snapshot, self._view
        longest_id = 0 if view is None else view.longest_id
        longest_step = 0 if snapshot is None else max((len(step.step) for step in snapshot.steps), default=0)
        if self._chosen is None:
            room = (self.table.size.width or self.size.width) - GUTTER
            self.table.set_columns(self.columns_for(room, longest_id, longest_step))
        else:
            by_key = {column.key: column for column in self.orders}
            chosen = tuple(by_key[key] for key in self._chosen)
            self.table.set_columns(sized_columns(chosen, longest_id, longest_step))

    @work(group="columns", exclusive=True)
    async def action_columns(self) -> None:
        """Choose which columns are shown, and in what order."""
        offered = [(column.key, column.title.lower()) for column in self.orders]
        shown = [column.key for column in self.table.columns]
        choice = await self.app.push_screen_wait(ColumnsModal(offered, shown))
        if choice is not None:
            self._chosen = choice.keys
            self._remember()
            self.fit_columns()

    def _place(self) -> str:
        dashboard = self.dashboard
        region = dashboard.settings.region if dashboard.workspace is None else dashboard.workspace.region
        return f"{region} {dashboard.settings.table}"

    def _recall(self) -> None:
        """Look at this table's list as it was looked at last."""
        place = self._place()
        if place == self._recalled:
            return
        self._recalled = place
        view, known = self.dashboard.views.list_view(place, self.VIEW), {column.key: column for column in self.orders}
        columns = tuple(key for key in dict.fromkeys(view.columns or ()) if key in known)
        self._chosen = columns or None
        self._sort, self._reverse = known.get(view.sort, self.orders[0]), view.reverse
        try:
            self._filter = parse_filter(view.filter)
        except UsageError:
            self._filter = Filter()  # Kept by another version, whose grammar it was.
        self._view = None
        self.fit_columns()

    def _remember(self, used: str = "") -> None:
        """Keep how the list is looked at now, and the filter that was typed."""
        view = ListView(self._chosen, self._sort.key, self._reverse, self._filter.text)
        self.dashboard.remember(self._place(), self.VIEW, view, used)

    def action_back_out(self) -> None:
        """Escape: clear the filter, then the marks, then go back."""
        if self._filter.text:
            self.set_filter("")
            self._remember()
        elif not self.table.clear_marks():
            super().action_back_out()

    # -- what is chosen -------------------------------------------------------------------------

    def item_here(self) -> tuple[str, str | None] | None:
        """The item under the cursor."""
        row = self.table.row
        return None if row is None else (row.item_id, None)

    def neighbour(self, item_id: str, step: int) -> str | None:
        """The failed item after or before this one, in the order of the list."""
        found = self.table.next_key(item_id, step, is_failure)
        if found is not None:
            self.table.select_key(found)
        return found

    def marked_here(self) -> frozenset[str]:
        """The marked items."""
        return self.table.marked

    @property
    def marker(self) -> Callable[[Collection[str]], None]:
        """Items of the list can be marked."""
        return self.mark_only

    def mark_only(self, item_ids: Collection[str]) -> None:
        """Mark these and no others."""
        self.table.clear_marks()
        self.table.mark(item_ids)

    # -- looking --------------------------------------------------------------------------------

    @on(ItemTable.Selected, "#items")
    def _open(self, event: ItemTable.Selected) -> None:
        facts: ItemFacts = event.row
        self.open_item(facts)

    def open_item(self, facts: ItemFacts) -> None:
        """What enter on an item shows: everything about it."""
        self.dashboard.show_item(facts.item_id)

    def action_log(self) -> None:
        """The log of the item under the cursor."""
        self.action_describe()

    def action_describe(self) -> None:
        """Everything about the item under the cursor."""
        row = self.table.row
        if row is not None:
            self.dashboard.show_item(row.item_id)

    @work(group="export", exclusive=True)
    async def action_export(self) -> None:
        """Write the marked, the shown or all items to a file."""
        snapshot, view = self.dashboard.snapshot, self._view
        if snapshot is None or view is None:
            return
        marked = [snapshot.items[key] for key in sorted(self.table.marked) if key in snapshot.items]
        await export_items(self.dashboard, Chosen(marked, view.rows, self._filter.text, snapshot))

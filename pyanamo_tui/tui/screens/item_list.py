"""What every screen with a list of items does the same: filter, sort, marks, opening, and changes to what is marked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Label

from pyanamo_tui.tui.changes import make_change
from pyanamo_tui.tui.columns import ITEM, SORTS
from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.item_view import View, ViewSpec, advance, build
from pyanamo_tui.tui.modals.choose import Choice, Choose
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.item_looks import ItemLooksScreen
from pyanamo_tui.tui.widgets.filter_bar import FilterBar
from pyanamo_tui.tui.widgets.item_table import ItemTable
from pyanamo_tui.workflow.filters import Filter, parse_filter
from pyanamo_tui.workflow.model import ItemFacts
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.transitions import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pyanamo_tui.core.plan import Plan
    from pyanamo_tui.workflow.model import Snapshot

AT_ONCE: Final = 5_000
"""Up to so many items the list is made on the spot; above, on a thread, so that no key waits for it."""


@dataclass
class ViewMade(Message):
    """A list of items was made on a thread."""

    view: View
    changed: frozenset[str]


class ItemListScreen(ItemLooksScreen):
    """A screen around one ItemTable of items, with a filter bar and a line of counts.

    Subclasses yield `self.table`, `self.line` and `self.bar` in `body`, and may narrow what is listed (`listed`).
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="look.filter", key_display="/"),
        Binding("l", "log", "log", id="look.log"),
        Binding("d", "describe", "describe", id="look.describe", show=False),
        Binding("s", "sort", "sort", id="look.sort"),
        Binding("R", "requeue", "requeue", id="change.requeue", key_display="R"),
        Binding("E", "set_state", "set state", id="change.set_state", show=False, key_display="E"),
        Binding("D", "delete", "delete", id="change.delete", show=False, key_display="D"),
        Binding("U", "undo", "undo the last change", id="change.undo", show=False, key_display="U"),
    ]

    def __init__(self, table: ItemTable[ItemFacts]) -> None:
        super().__init__()
        self.table = table
        self.line = Label("", classes="list-line")
        self.bar = FilterBar(self._words)
        self._filter = Filter()
        self._sort, self._reverse = SORTS[0], False
        self._view: View | None = None
        self._busy = False
        self._waiting: frozenset[str] | None = frozenset()
        self._has_waiting = False
        self._counts = Text()

    # -- what is listed -------------------------------------------------------------------------

    def listed(self, snapshot: Snapshot) -> Mapping[str, ItemFacts]:
        """The items that this screen is about, before any filter. May be called on a thread."""
        return snapshot.items

    def set_filter(self, text: str) -> None:
        """List what another filter matches."""
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
        if snapshot is None:
            return
        if self._busy:
            both = None if changed is None or self._waiting is None else self._waiting | changed
            self._waiting, self._has_waiting = both, True
            return
        spec, now = self._spec(), time.time()
        if len(snapshot.items) <= AT_ONCE:
            self._shown(self._viewed(snapshot, changed, spec, now), changed or frozenset())
            return
        self._busy = True
        self._waiting, self._has_waiting = frozenset(), False
        self._make_view(snapshot, changed, spec)

    @work(thread=True, group="view", exit_on_error=False, description="list items")
    def _make_view(self, snapshot: Snapshot, changed: frozenset[str] | None, spec: ViewSpec) -> None:
        self.post_message(ViewMade(self._viewed(snapshot, changed, spec, time.time()), changed or frozenset()))

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

    def _shown(self, view: View, changed: frozenset[str]) -> None:
        first = self._view is None
        self._view = view
        self.table.show_sorted(self._sort.key, reverse=self._reverse)
        self.table.set_empty(self._empty_words(view))
        self.table.set_rows(view.rows, () if first else changed)
        if changed:
            snapshot = self.dashboard.snapshot
            self.table.keep_marks(lambda key: snapshot is None or key in snapshot.items)
        self._tell()

    def _empty_words(self, view: View) -> str:
        snapshot = self.dashboard.snapshot
        if snapshot is not None and not snapshot.exact:
            return "Reading the table …"
        if not view.total:
            return "The table is empty. 9 imports items."
        return "No item matches the filter. esc clears it." if self._filter.text else "None"

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

    def show_counts(self, text: Text) -> None:
        """Put the counts where this screen has them."""
        if self._counts != text:
            self._counts = text
            self.line.update(text)

    def _words(self) -> tuple[list[str], list[str], list[str]]:
        snapshot = self.dashboard.snapshot
        if snapshot is None:
            return [], [], []
        owners: set[str] = set()
        for group in snapshot.failures:
            owners.update(group.owners)
        return [step.step for step in snapshot.steps], list(snapshot.counts), sorted(owners)

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
    def _filter_closed(self) -> None:
        self.table.focus()

    @work(group="sort", exclusive=True)
    async def action_sort(self) -> None:
        """Choose what to sort by; the same again turns it round."""
        choices = [Choice(column.key, column.title.lower(), key="") for column in SORTS]
        chosen = await self.app.push_screen_wait(Choose("Sort by", choices, chosen=self._sort.key))
        if chosen is not None:
            self._sort_by(chosen)

    @on(ItemTable.TitleClicked, "#items")
    def _title_clicked(self, event: ItemTable.TitleClicked) -> None:
        self._sort_by(event.column)

    def _sort_by(self, chosen: str) -> None:
        self._reverse = not self._reverse if chosen == self._sort.key else False
        self._sort = next(column for column in SORTS if column.key == chosen)
        self.relist()

    def action_back_out(self) -> None:
        """Escape: clear the filter, then the marks, then go back."""
        if self._filter.text:
            self.set_filter("")
        elif not self.table.clear_marks():
            super().action_back_out()

    # -- what is chosen -------------------------------------------------------------------------

    def targets(self) -> tuple[str, ...]:
        """Ids that a change is about: the marked items, or the one under the cursor."""
        if self.table.marked:
            return tuple(sorted(self.table.marked))
        row = self.table.row
        return () if row is None else (row.item_id,)

    def item_here(self) -> tuple[str, str | None] | None:
        """The item under the cursor."""
        row = self.table.row
        return None if row is None else (row.item_id, None)

    def marked_here(self) -> frozenset[str]:
        """The marked items."""
        return self.table.marked

    def _known(self, item_ids: tuple[str, ...]) -> dict[str, ItemFacts]:
        snapshot = self.dashboard.snapshot
        items = {} if snapshot is None else snapshot.items
        return {item_id: items[item_id] for item_id in item_ids if item_id in items}

    # -- looking --------------------------------------------------------------------------------

    @on(ItemTable.Selected, "#items")
    def _open(self, event: ItemTable.Selected) -> None:
        facts: ItemFacts = event.row
        self.dashboard.show_item(facts.item_id)

    def action_log(self) -> None:
        """The log of the item under the cursor."""
        self.action_describe()

    def action_describe(self) -> None:
        """Everything about the item under the cursor."""
        row = self.table.row
        if row is not None:
            self.dashboard.show_item(row.item_id)

    # -- changing -------------------------------------------------------------------------------

    @work(group="change", exclusive=True)
    async def action_requeue(self) -> None:
        """Make the chosen items wait again."""
        await self.requeue(self.targets())

    async def requeue(self, item_ids: tuple[str, ...], detail: dict[str, str] | None = None) -> None:
        """Ask what of them to run again where they are nested, then plan, ask and do it."""
        workspace = self.dashboard.workspace
        if workspace is None or not item_ids:
            return
        facts, scope = self._known(item_ids), Scope.ITEM
        if any(known.nested for known in facts.values()):
            chosen = await self.app.push_screen_wait(Choose("Requeue what of the nested items?", SCOPES))
            if chosen is None:
                return
            scope = Scope(chosen)
        await self._change(
            lambda: workspace.actions.requeue(item_ids, scope, facts=facts, detail=detail), clear_marks=True
        )

    @work(group="change", exclusive=True)
    async def action_set_state(self) -> None:
        """Park the chosen items in a state."""
        workspace, item_ids = self.dashboard.workspace, self.targets()
        if workspace is None or not item_ids:
            return
        state = await self.app.push_screen_wait(
            Prompt(f"Set the state of {count(len(item_ids))} items to", placeholder="Pending, todo, done, …")
        )
        if state:
            await self._change(
                lambda: workspace.actions.set_state(item_ids, state.strip(), facts=self._known(item_ids)),
                clear_marks=True,
            )

    @work(group="change", exclusive=True)
    async def action_delete(self) -> None:
        """Delete the chosen items."""
        workspace, item_ids = self.dashboard.workspace, self.targets()
        if workspace is not None and item_ids:
            await self._change(
                lambda: workspace.actions.delete(item_ids, facts=self._known(item_ids)), clear_marks=True
            )

    @work(group="change", exclusive=True)
    async def action_undo(self) -> None:
        """Take the latest change back."""
        workspace = self.dashboard.workspace
        if workspace is not None:
            await self._change(workspace.actions.undo)

    async def _change(self, plan_it: Callable[[], Plan], *, clear_marks: bool = False) -> None:
        before = self.table.marked
        result = await make_change(self.dashboard, plan_it, self._mark_only)
        if result is not None and clear_marks and result.complete and self.table.marked == before:
            self.table.clear_marks()

    def _mark_only(self, item_ids: Collection[str]) -> None:
        self.table.clear_marks()
        self.table.mark(item_ids)


SCOPES: Final = (
    Choice(Scope.ITEM, "item", "its failed and unfinished tasks", "i"),
    Choice(Scope.FAILED_TASKS, "failed tasks", "only tasks that failed", "f"),
    Choice(Scope.ALL_TASKS, "all tasks", "every task, done ones too", "a"),
)

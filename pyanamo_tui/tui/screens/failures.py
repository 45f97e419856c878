"""Screen 4, failures: the groups by cause, the items of one, and why the one under the cursor failed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container

from pyanamo_tui.tui.columns import FAILED_COLUMNS, key_of
from pyanamo_tui.tui.format import age, count, failures_title
from pyanamo_tui.tui.screens.item_list import ItemListScreen
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.tui.widgets.table_grid import AGES_SECONDS
from pyanamo_tui.tui.widgets.why_panel import WhyPanel
from pyanamo_tui.workflow.model import FailureGroup, ItemFacts
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual import events
    from textual.app import ComposeResult

    from pyanamo_tui.workflow.model import Snapshot


def _when(at: float | None) -> str:
    return "" if at is None else age(time.time() - at)


GROUP_COLUMNS = (
    Column[FailureGroup]("count", "ITEMS", 6, lambda row: Cell(count(row.count), "state--failed"), right=True),
    Column[FailureGroup]("signature", "WHY", 30, lambda row: Cell(row.signature), flexible=True),
    Column[FailureGroup]("last", "LAST", 6, lambda row: Cell(_when(row.last), "table--quiet"), right=True),
)
GROUP_COLUMNS_WIDE = (
    *GROUP_COLUMNS[:2],
    Column[FailureGroup]("steps", "STEPS", 24, lambda row: Cell(", ".join(row.steps), "table--quiet")),
    Column[FailureGroup]("hosts", "HOSTS", 6, lambda row: Cell(count(len(row.owners)), "table--quiet"), right=True),
    Column[FailureGroup]("first", "FIRST", 6, lambda row: Cell(_when(row.first), "table--quiet"), right=True),
    GROUP_COLUMNS[2],
)


def group_words(group: FailureGroup, now: float) -> str:
    """`first 3 h ago, last 2 min ago · 12 hosts · Align, QC`."""
    parts = []
    if group.first is not None and group.last is not None:
        first, last = age(now - group.first), age(now - group.last)
        parts.append(f"{first} ago" if first == last else f"first {first} ago, last {last} ago")
    if group.owners:
        only = group.owners[0] if len(group.owners) == 1 else f"{count(len(group.owners))} hosts"
        parts.append(only)
    parts.append(", ".join(group.steps[:3]) + (" …" if len(group.steps) > 3 else ""))  # noqa: PLR2004 - what fits
    return " · ".join(part for part in parts if part)


class _Members(Mapping[str, ItemFacts]):
    """The items of one group: looked up among all, since a group may have a hundred thousand."""

    def __init__(self, item_ids: tuple[str, ...], items: Mapping[str, ItemFacts]) -> None:
        self._ids = item_ids
        self._known = frozenset(item_ids)
        self._items = items

    def __getitem__(self, item_id: str) -> ItemFacts:
        if item_id not in self._known:
            raise KeyError(item_id)
        return self._items[item_id]

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class FailuresScreen(ItemListScreen):
    """Groups above, the items of the chosen group in the middle, the why of one item below."""

    OFFERED = FAILED_COLUMNS
    VIEW = "failures"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "requeue", "requeue", id="change.requeue", key_display="R"),
        Binding("n", "step(1)", "next item", id="look.next", show=False),
        Binding("N", "step(-1)", "previous item", id="look.previous", show=False, key_display="N"),
        Binding("tab", "app.focus_next", "next list", id="look.next_panel", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(ItemTable(FAILED_COLUMNS, key_of, marks=True, id="items"))
        self.groups: ItemTable[FailureGroup] = ItemTable(
            GROUP_COLUMNS, lambda row: row.signature, empty="Nothing has failed", id="groups"
        )
        self.why = WhyPanel()
        self._group: str | None = None
        self._group_told = Text()

    def body(self) -> ComposeResult:
        """Three lists of one thing: cause, items, evidence."""
        with Container(id="failures-groups", classes="panel") as panel:
            panel.border_title = "Failures"
            yield self.groups
        with Container(id="failures-items", classes="panel") as panel:
            panel.border_title = "Items"
            yield self.table
        with Container(id="failures-log", classes="panel") as panel:
            panel.border_title = "Why"
            yield self.why
        yield self.bar

    def on_mount(self) -> None:
        """The groups have the keys first."""
        super().on_mount()
        self.groups.focus()
        self.set_interval(AGES_SECONDS, self._tell_group)

    def on_resize(self, event: events.Resize) -> None:
        """More columns where there is room."""
        super().on_resize(event)
        self.groups.set_columns(GROUP_COLUMNS_WIDE if event.size.width >= 110 else GROUP_COLUMNS)  # noqa: PLR2004

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """The groups; then the items of the one chosen, if anything differs."""
        if changed is not None and not changed:
            return
        if self.groups.rows != snapshot.failures:
            self.groups.set_rows(snapshot.failures)
        if self._group is not None and self.groups.row is not None and self.groups.row.signature != self._group:
            self.groups.select_key(self._group)
        row = self.groups.row
        self.retitle("#failures-groups", failures_title(snapshot.failures))
        self._tell_group()
        group = None if row is None else row.signature
        same, self._group = group == self._group, group
        super().show(snapshot, changed if same else None)

    def listed(self, snapshot: Snapshot) -> Mapping[str, ItemFacts]:
        """The items of the chosen group."""
        group = next((group for group in snapshot.failures if group.signature == self._group), None)
        if group is None:
            return {}
        return _Members(group.item_ids, snapshot.items)

    def _tell_group(self) -> None:
        """Under the groups: when, on how many hosts and in which steps the one under the cursor failed."""
        row = self.groups.row
        words = Text() if row is None else Text(printable(group_words(row, time.time())))
        if words != self._group_told:
            self._group_told = words
            self.query_one("#failures-groups").border_subtitle = words

    def show_counts(self, text: Text) -> None:
        """On the border of the items."""
        self.retitle("#failures-items", Text.assemble("Items: ", text))

    def choose_group(self, signature: str) -> None:
        """Put the cursor on a group."""
        self._group = signature
        self.groups.select_key(signature)
        self.groups.focus()

    @on(ItemTable.Highlighted, "#groups")
    def _group_chosen(self) -> None:
        # The row under the cursor now: the message may be of before the last refresh put the cursor back on its group.
        row = self.groups.row
        signature = None if row is None else row.signature
        self._tell_group()
        if signature != self._group or not self.table.rows:
            self._group = signature
            self.table.clear_marks()
            self.relist()

    @on(ItemTable.Selected, "#groups")
    def _into_items(self) -> None:
        self.table.focus()

    @on(ItemTable.Highlighted, "#items")
    def _item_chosen(self, event: ItemTable.Highlighted) -> None:
        facts: ItemFacts | None = event.row
        self.why.show(None if facts is None else facts.item_id)

    def on_descendant_focus(self) -> None:
        """Which of the two lists a change is about."""
        words = "R takes this item · esc, then R: its group" if self.table.has_focus else ""
        self.query_one("#failures-items").border_subtitle = words

    def action_step(self, rows: int) -> None:
        """The next or previous failed item, wherever the keys are."""
        self.table.action_move(rows)

    def targets(self) -> tuple[str, ...]:
        """With the keys on the groups, the whole group; else the marked items or the one under the cursor."""
        if self.groups.has_focus and not self.table.marked:
            row = self.groups.row
            return () if row is None else row.item_ids
        return super().targets()

    @work(group="change", exclusive=True)
    async def action_requeue(self) -> None:
        """Make the group, the marked items or the one under the cursor wait again."""
        row = self.groups.row
        await self.requeue(self.targets(), None if row is None else {"signature": row.signature})

    def action_back_out(self) -> None:
        """Escape: from the items to the groups, then as everywhere."""
        if self.table.has_focus and not self.table.marked and not self._filter.text:
            self.groups.focus()
        else:
            super().action_back_out()

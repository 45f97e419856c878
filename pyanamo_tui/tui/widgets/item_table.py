"""The one table of the dashboard: keys, mouse, order and marks over a grid of 100,000 rows.

It knows nothing of filters: what is shown, and in what order, its owner decides, unless it asks the table to keep an
order (`sort`).
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.binding import Binding, BindingType

from pyanamo_tui.tui.widgets.table_columns import GAP, Cell, Column, Row
from pyanamo_tui.tui.widgets.table_grid import TableGrid

if TYPE_CHECKING:
    from textual import events

__all__ = ["Cell", "Column", "ItemTable"]

_DOUBLE: Final = 2
_MARKING: Final = frozenset({"mark", "mark_range", "mark_all", "invert", "clear_marks"})


class ItemTable(TableGrid[Row]):
    """A list of items, groups or tasks, moved in and marked by keys.

    Its rows are immutable: see `TableGrid` for what it is made of.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", id="table.up", show=False),
        Binding("down,j", "move(1)", "down", id="table.down", show=False),
        Binding("pageup", "page(-1)", "page up", id="table.page_up", show=False),
        Binding("pagedown", "page(1)", "page down", id="table.page_down", show=False),
        Binding("home,g", "edge(0)", "first", id="table.first", show=False),
        Binding("end,G", "edge(1)", "last", id="table.last", show=False),
        Binding("left,h", "shift(-8)", "left", id="table.left", show=False),
        Binding("right", "shift(8)", "right", id="table.right", show=False),
        Binding("enter", "select", "open", id="table.open"),
        Binding("space", "mark", "mark", id="table.mark", show=False),
        Binding("v", "mark_range", "mark from the last mark to here", id="table.mark_range", show=False),
        Binding("asterisk", "mark_all", "mark all that are shown", id="table.mark_all", show=False, key_display="*"),
        Binding("tilde", "invert", "invert the marks", id="table.invert", show=False, key_display="~"),
        Binding("backslash", "clear_marks", "clear the marks", id="table.clear", show=False, key_display="\\"),
    ]

    class Selected(TableGrid.FromTable):
        """Enter or a double click on a row."""

    class MarksChanged(TableGrid.FromTable):
        """Other rows are marked than before."""

    class TitleClicked(TableGrid.FromTable):
        """A click on the title of a column that can be sorted by; the owner may order the rows by it."""

        def __init__(self, table: ItemTable[Any], column: str) -> None:
            super().__init__(table)
            self.column = column

    _keeps_order = False
    _hidden: int | None = 0
    """How many marks the filter hides; None when other rows or other keys than those shown may have changed that."""

    @property
    def marked(self) -> frozenset[str]:
        """Keys of the marked rows, shown or not."""
        return self._marks.keys

    @property
    def sorted_by(self) -> tuple[str, bool] | None:
        """The column that the rows are ordered by and whether they are in reverse, or None."""
        return self._sorted

    # -- order ----------------------------------------------------------------------------------

    def show_sorted(self, column: str, *, reverse: bool) -> None:
        """Mark a column as the one that the owner has ordered the rows by."""
        self._keeps_order = False
        if (column, reverse) != self._sorted:
            self._sorted = (column, reverse)
            self._repaint_changed()

    def sort(self, column: str, *, reverse: bool = False) -> None:
        """Order the rows by a column, now and whenever they are replaced. Rows that are equal keep their order.

        For lists of some thousand rows; the owner of a longer one orders it on a thread, and says so by `show_sorted`.
        A column that is not shown or has no sort key changes nothing.
        """
        if any(shown.key == column and shown.sort_key is not None for shown in self._columns):
            self._sorted = (column, reverse)
            self._keeps_order = True
            self.set_rows(self._rows)

    def set_rows(self, rows: Sequence[Row], changed: Iterable[str] = ()) -> None:
        """See `TableGrid`; other rows may hide other marks."""
        self._hidden = None if self._marks else 0
        super().set_rows(rows, changed)

    def ordered(self, rows: Sequence[Row]) -> Sequence[Row]:
        """By the column that the table keeps its rows in order of, if it was asked to."""
        if not self._keeps_order or self._sorted is None:
            return rows
        key, reverse = self._sorted
        sort_key = next((column.sort_key for column in self._columns if column.key == key), None)
        return rows if sort_key is None else sorted(rows, key=sort_key, reverse=reverse)

    def action_move(self, rows: int) -> None:
        """Up or down."""
        self._go(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """A page up or down."""
        self._go(self._cursor + pages * self._page_rows)

    def action_edge(self, last: int) -> None:
        """To the first or the last row."""
        self._go(len(self._rows) - 1 if last else 0)

    def action_shift(self, cells: int) -> None:
        """Sideways, where the columns do not fit."""
        self.scroll_relative(x=cells, animate=False, force=True)

    def action_select(self) -> None:
        """Open the row under the cursor."""
        row = self.row
        if row is not None:
            self._touched = True
            self.post_message(self.Selected(self, row))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click opens, a click on a title asks for that order."""
        if event.y < self._head:
            self._click_title(event.x)
            return
        index = self.scroll_offset.y + event.y - self._head
        if index < len(self._rows):
            self._go(index)
            if event.chain == _DOUBLE:
                self.action_select()

    def _click_title(self, x: int) -> None:
        left = self._gutter - self.scroll_offset.x
        for column, width in zip(self._columns, self._widths(), strict=True):
            if left <= x < left + width + GAP and column.sort_key is not None:
                if self._keeps_order and self._sorted is not None:
                    self.sort(column.key, reverse=self._sorted == (column.key, False))
                self.post_message(self.TitleClicked(self, column.key))
            left += width + GAP

    # -- marking --------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marks only where rows can be marked."""
        if action in _MARKING:
            return self._can_mark
        return True

    def _marks_changed(self) -> None:
        self._repaint_changed()
        self.post_message(self.MarksChanged(self))

    def action_mark(self) -> None:
        """Mark or unmark the row, and go to the next."""
        key = self._cursor_key()
        if key is not None:
            self._marks.toggle(key, self._cursor)
            self._refresh_row(self._cursor)
            self.post_message(self.MarksChanged(self))
            self._go(self._cursor + 1)

    def action_mark_range(self) -> None:
        """Mark from the row marked last to this one."""
        if not self._rows:
            return
        first, last = sorted((self._anchor_index(), self._cursor))
        self._marks.add(map(self._row_key, self._rows[first : last + 1]))
        self._marks.anchor, self._marks.anchor_at = self._cursor_key(), self._cursor
        self._touched = True
        self._marks_changed()

    def _anchor_index(self) -> int:
        """Where the row marked last is now; the cursor's index if there is none or it is not shown."""
        anchor = self._marks.anchor
        if anchor is None:
            return self._cursor
        at = self._find(anchor, self._marks.anchor_at)
        return at if at < len(self._rows) and self._row_key(self._rows[at]) == anchor else self._cursor

    def action_mark_all(self) -> None:
        """Mark every row that is shown."""
        self._marks.add(self.keys())
        self._marks_changed()

    def action_invert(self) -> None:
        """Unmark what is marked of the rows shown, mark the others."""
        self._marks.invert(self.keys())
        self._marks_changed()

    def action_clear_marks(self) -> None:
        """Unmark everything, shown or not."""
        self.clear_marks()

    def mark(self, keys: Iterable[str]) -> None:
        """Mark these keys too, shown or not: what a change left out, say."""
        self._marks.add(keys)
        self._hidden = None
        self._marks_changed()

    def clear_marks(self) -> bool:
        """Unmark everything; whether there was anything to unmark."""
        had = self._marks.clear()
        self._hidden = 0
        if had:
            self._marks_changed()
        return had

    def forget_marks(self, keys: Iterable[str]) -> None:
        """Forget marks of rows that are gone."""
        if self._marks.forget(keys):
            self._hidden = None
            self._marks_changed()

    def forget_absent(self, present: Container[str], among: Collection[str] | None) -> None:
        """Forget marks of rows that are not present any more.

        Args:
            present: every key that there is, shown or not.
            among: the keys that may have gone since; None when any may have.
        """
        if self._marks:
            self.forget_marks(self._marks.absent(present, among))

    def hidden_marks(self) -> int:
        """How many marked rows are not among those shown."""
        if self._hidden is None:
            self._hidden = self._marks.outside(self.keys()) if self._marks else 0
        return self._hidden

    def marks_in_words(self) -> str:
        """`12 marked`, and how many of them the filter hides; empty when nothing is marked."""
        if not self._marks:
            return ""
        hidden = self.hidden_marks()
        return f"{len(self._marks):,} marked" + (f", {hidden:,} of them hidden by the filter" if hidden else "")

"""The one table of the dashboard: 100,000 rows drawn a line at a time, cursor and marks kept by key over refreshes.

Built on ScrollView's line interface, since a DataTable measures every cell of every row. It holds rows in the
order it is given them and knows nothing of filters: what is shown, and sorted how, its owner decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pyanamo_tui.tui.format import fit
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual import events

Row = TypeVar("Row")

FLASH_SECONDS: Final = 2.0
"""How long a changed row is marked."""
_MARK_WIDTH: Final = 2
_GAP: Final = 2
_SMALLEST_FLEXIBLE: Final = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the component class that colours it (`state--failed`), if any."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column. `width` is in cells; a flexible one also shares what room is left.

    Where there is too little it gives way. `sort_key` is what rows are ordered by; a column without one cannot be
    sorted by.
    """

    key: str
    title: str
    width: int
    cell: Callable[[Row], Cell]
    right: bool = False
    flexible: bool = False
    sort_key: Callable[[Row], object] | None = None


class ItemTable(ScrollView, Generic[Row], can_focus=True):
    """A table of immutable rows.

    Args:
        columns: what to show of a row.
        row_key: the row's identity: cursor, marks and flashes stay with it.
        empty: what stands where there are no rows.
        marks: whether rows can be marked.
        header: whether the titles of the columns are shown.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--cursor-blurred",
        "table--marked",
        "table--changed",
        "table--quiet",
        "state--todo",
        "state--locked",
        "state--done",
        "state--failed",
        "state--wall",
        "state--other",
    }
    DEFAULT_CSS = """
    ItemTable {
        height: 1fr; background: $background; color: $foreground;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
        & > .table--header { color: $foreground-muted; text-style: bold; }
        & > .table--cursor { background: $accent-muted; text-style: bold; }
        & > .table--cursor-blurred { background: $surface-lighten-1; }
        & > .table--marked { color: $accent; text-style: bold; }
        & > .table--changed { background: $success-muted; }
        & > .table--quiet { color: $foreground-muted; }
        & > .state--todo { color: $foreground; }
        & > .state--locked { color: $warning; }
        & > .state--done { color: $success; }
        & > .state--failed { color: $error; text-style: bold; }
        & > .state--wall { color: $primary-lighten-2; }
        & > .state--other { color: $accent; }
    }
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

    cursor: reactive[int] = reactive(0, repaint=False)

    class _FromTable(Message):
        """What a table tells: which table, and the row it is about."""

        def __init__(self, table: ItemTable[Any], row: Any = None) -> None:  # noqa: ANN401 - the owner knows its rows
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> ItemTable[Any]:
            """The table."""
            return self.table

    class Highlighted(_FromTable):
        """The cursor is on another row, or on a row that changed. `row` is None in an empty table."""

    class Selected(_FromTable):
        """Enter or a double click on a row."""

    class MarksChanged(_FromTable):
        """Other rows are marked than before."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        row_key: Callable[[Row], str],
        *,
        empty: str = "Nothing here",
        marks: bool = False,
        header: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._row_key = row_key
        self._rows: Sequence[Row] = ()
        self._empty = empty
        self._can_mark = marks
        self._head = 1 if header else 0
        self._marked: set[str] = set()
        self._anchor: str | None = None
        self._flashes: dict[str, float] = {}
        self._sorted: tuple[str, bool] | None = None

    # -- what is in it --------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as given."""
        return self._rows

    @property
    def columns(self) -> tuple[Column[Row], ...]:
        """The columns shown."""
        return self._columns

    @property
    def row(self) -> Row | None:
        """The row under the cursor, or None in an empty table."""
        return self._rows[self.cursor] if self._rows else None

    @property
    def marked(self) -> frozenset[str]:
        """Keys of the marked rows, shown or not."""
        return frozenset(self._marked)

    def set_rows(self, rows: Sequence[Row], changed: Iterable[str] = ()) -> None:
        """Show other rows. The cursor stays on its row, at its place on the screen; or at its index if the row is gone.

        Args:
            rows: in the order to show them; not copied, so they must not be changed afterwards.
            changed: keys of rows to mark as changed for a moment.
        """
        before = self.row
        offset = self.cursor - self.scroll_offset.y
        self._rows = rows
        self.virtual_size = Size(self._content_width(), len(rows) + self._head)
        at = self.cursor if before is None else self._find(self._row_key(before))
        at = max(0, min(at, len(rows) - 1))
        moved = at != self.cursor
        self.set_reactive(ItemTable.cursor, at)
        if moved:
            self.scroll_to(y=max(0, at - offset), animate=False, force=True, immediate=True)
        self._flash(changed)
        self.refresh()
        after = self.row
        if after is not before:
            self.post_message(self.Highlighted(self, after))

    def _find(self, key: str) -> int:
        rows, near = self._rows, self.cursor
        if near < len(rows) and self._row_key(rows[near]) == key:
            return near
        return next((index for index, row in enumerate(rows) if self._row_key(row) == key), near)

    def set_columns(self, columns: Sequence[Column[Row]]) -> None:
        """Show other columns."""
        self._columns = tuple(columns)
        self.virtual_size = Size(self._content_width(), len(self._rows) + self._head)
        self.refresh()

    def set_empty(self, words: str) -> None:
        """Say something else where there are no rows."""
        if words != self._empty:
            self._empty = words
            self.refresh()

    def show_sorted(self, column: str, *, reverse: bool) -> None:
        """Mark a column as the one the rows are ordered by."""
        self._sorted = (column, reverse)
        self.refresh(Region(0, 0, self.size.width, 1))

    def select_key(self, key: str) -> None:
        """Put the cursor on the row of this key, if it is there."""
        at = self._find(key)
        if at < len(self._rows) and self._row_key(self._rows[at]) == key:
            self._go(at)

    def _flash(self, keys: Iterable[str]) -> None:
        until = time.monotonic() + FLASH_SECONDS
        fresh = dict.fromkeys(keys, until)
        if fresh:
            self._flashes.update(fresh)
            self.set_timer(FLASH_SECONDS, self._fade)

    def _fade(self) -> None:
        now = time.monotonic()
        left = {key: until for key, until in self._flashes.items() if until > now + 0.05}
        if len(left) != len(self._flashes):
            self._flashes = left
            self.refresh()

    # -- drawing --------------------------------------------------------------------------------

    def _fixed_width(self) -> int:
        return sum(column.width + _GAP for column in self._columns) + (_MARK_WIDTH if self._can_mark else 0)

    def _content_width(self) -> int:
        """What the columns need at the least: flexible ones give way before anything is scrolled sideways."""
        spare = sum(max(0, column.width - _SMALLEST_FLEXIBLE) for column in self._columns if column.flexible)
        return self._fixed_width() - spare - _GAP

    def _widths(self) -> list[int]:
        room = self.scrollable_content_region.width - self._fixed_width() + _GAP
        flexible = sum(column.flexible for column in self._columns)
        share = room // flexible if flexible else 0
        return [
            max(min(column.width, _SMALLEST_FLEXIBLE), column.width + share) if column.flexible else column.width
            for column in self._columns
        ]

    def render_line(self, y: int) -> Strip:
        """One line: the header, a row, or nothing."""
        width = self.size.width
        index = self.scroll_offset.y + y - self._head
        if y < self._head:
            segments = self._header()
        elif not self._rows:
            words = self._empty if y == self._head else ""
            strip = Strip([Segment(" " + printable(words), self._style("table--quiet"))])
            return strip.adjust_cell_length(width).apply_style(self.rich_style)
        elif index < len(self._rows):
            segments = self._line(index)
        else:
            return Strip.blank(width, self.rich_style)
        x = self.scroll_offset.x
        base = segments[-1].style if y >= self._head and segments else self.rich_style
        return Strip(segments).crop_extend(x, x + width, base or self.rich_style).apply_style(self.rich_style)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _header(self) -> list[Segment]:
        style = self._style("table--header")
        segments = [Segment(" " * _MARK_WIDTH, style)] if self._can_mark else []
        for column, width in zip(self._columns, self._widths(), strict=True):
            title = column.title
            if self._sorted is not None and self._sorted[0] == column.key:
                title += " ▼" if self._sorted[1] else " ▲"
            text = fit(title, width) if not column.right else fit(title, width).strip().rjust(width)
            segments.append(Segment(text + " " * _GAP, style))
        return segments

    def _line(self, index: int) -> list[Segment]:
        row = self._rows[index]
        key = self._row_key(row)
        over = Style.null()
        if key in self._flashes:
            over += self._style("table--changed")
        if index == self.cursor:
            over += self._style("table--cursor" if self.has_focus else "table--cursor-blurred")
        segments = []
        if self._can_mark:
            marked = key in self._marked
            segments.append(Segment("● " if marked else "  ", self._style("table--marked") + over))
        for column, width in zip(self._columns, self._widths(), strict=True):
            cell = column.cell(row)
            text = fit(printable(cell.text), width)
            if column.right:
                text = text.rstrip().rjust(width)
            style = self._style(cell.style) if cell.style else Style.null()
            segments.append(Segment(text + " " * _GAP, style + over))
        segments.append(Segment("", over))
        return segments

    def _refresh_row(self, index: int) -> None:
        y = index - self.scroll_offset.y + self._head
        if self._head <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def on_focus(self) -> None:
        """The cursor shows who has the keys."""
        self._refresh_row(self.cursor)

    def on_blur(self) -> None:
        """The cursor shows who has the keys."""
        self._refresh_row(self.cursor)

    def on_resize(self) -> None:
        """Flexible columns share the new width."""
        self.virtual_size = Size(self._content_width(), len(self._rows) + self._head)
        self.refresh()

    # -- moving ---------------------------------------------------------------------------------

    @property
    def _page_rows(self) -> int:
        return max(1, self.scrollable_content_region.height - self._head)

    def _go(self, index: int) -> None:
        if not self._rows:
            return
        before, index = self.cursor, max(0, min(index, len(self._rows) - 1))
        if index == before:
            return
        self.set_reactive(ItemTable.cursor, index)
        top, page = self.scroll_offset.y, self._page_rows
        if index < top:
            self.scroll_to(y=index, animate=False, force=True, immediate=True)
        elif index >= top + page:
            self.scroll_to(y=index - page + 1, animate=False, force=True, immediate=True)
        self._refresh_row(before)
        self._refresh_row(index)
        self.post_message(self.Highlighted(self, self._rows[index]))

    def action_move(self, rows: int) -> None:
        """Up or down."""
        self._go(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """A page up or down."""
        self._go(self.cursor + pages * self._page_rows)

    def action_edge(self, last: int) -> None:
        """To the first or the last row."""
        self._go(len(self._rows) - 1 if last else 0)

    def action_shift(self, cells: int) -> None:
        """Sideways, where the columns do not fit."""
        self.scroll_relative(x=cells, animate=False)

    def action_select(self) -> None:
        """Open the row under the cursor."""
        row = self.row
        if row is not None:
            self.post_message(self.Selected(self, row))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click opens."""
        y = event.y
        if y < self._head:
            return
        index = self.scroll_offset.y + y - self._head
        if index < len(self._rows):
            self._go(index)
            if event.chain == 2:  # noqa: PLR2004 - a double click
                self.action_select()

    # -- marking --------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marks only where rows can be marked."""
        if action in {"mark", "mark_range", "mark_all", "invert", "clear_marks"}:
            return self._can_mark
        return True

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self))

    def action_mark(self) -> None:
        """Mark or unmark the row, and go to the next."""
        row = self.row
        if row is None:
            return
        key = self._row_key(row)
        self._marked.symmetric_difference_update({key})
        self._anchor = key
        self._marks_changed()
        self._go(self.cursor + 1)

    def action_mark_range(self) -> None:
        """Mark from the row marked last to this one."""
        if self.row is None:
            return
        start = self.cursor if self._anchor is None else self._find(self._anchor)
        first, last = sorted((start, self.cursor))
        self._marked.update(self._row_key(row) for row in self._rows[first : last + 1])
        self._marks_changed()

    def action_mark_all(self) -> None:
        """Mark every row that is shown."""
        self._marked.update(self._row_key(row) for row in self._rows)
        self._marks_changed()

    def action_invert(self) -> None:
        """Unmark what is marked of the rows shown, mark the others."""
        self._marked.symmetric_difference_update({self._row_key(row) for row in self._rows})
        self._marks_changed()

    def action_clear_marks(self) -> None:
        """Unmark everything, shown or not."""
        self.clear_marks()

    def clear_marks(self) -> bool:
        """Unmark everything; whether there was anything to unmark."""
        had = bool(self._marked)
        self._marked.clear()
        self._anchor = None
        if had:
            self._marks_changed()
        return had

    def keep_marks(self, known: Callable[[str], bool]) -> None:
        """Forget marks of rows that are gone."""
        gone = {key for key in self._marked if not known(key)}
        if gone:
            self._marked -= gone
            self._marks_changed()

    def hidden_marks(self) -> int:
        """How many marked rows are not among those shown."""
        return len(self._marked - {self._row_key(row) for row in self._rows}) if self._marked else 0

"""The drawing half of the table: rows on a grid, a line at a time; the cursor kept by key, only what differs repainted.

Built on ScrollView's line interface, since a DataTable measures every cell of every row.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pyanamo_tui.tui.format import fit
from pyanamo_tui.tui.widgets.legible import legible
from pyanamo_tui.tui.widgets.table_columns import GAP, Cell, Column, Row, column_widths, smallest_width
from pyanamo_tui.tui.widgets.table_marks import Marks
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.timer import Timer

FLASH_SECONDS: Final = 2.0
"""How long a changed row is marked."""
_NEIGHBOURS: Final = 1_000
LINES_KEPT: Final = 400
"""Lines that are kept as they were painted: some screens full."""
CURSOR_SIGN: Final = "▌"
BLURRED_CURSOR_SIGN: Final = "▏"
"""The cursor of a table that has not the keys."""
MARK_SIGN: Final = "●"
CHANGED_SIGN: Final = "∙"


class TableGrid(ScrollView, Generic[Row], can_focus=True):
    """Rows of columns, and a cursor.

    Args:
        columns: what to show of a row.
        row_key: the row's identity, unique among the rows: cursor, marks and flashes stay with it.
        empty: what stands where there are no rows.
        marks: whether rows can be marked.
        header: whether the titles of the columns are shown.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--sorted",
        "table--cursor",
        "table--cursor-blurred",
        "table--sign",
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
    TableGrid {
        height: 1fr; background: $background; color: $foreground;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
        & > .table--header { color: $foreground-muted; text-style: bold; }
        & > .table--sorted { color: $foreground; text-style: bold; }
        & > .table--cursor { background: $accent-muted; text-style: bold; }
        & > .table--cursor-blurred { background: $surface-lighten-2; }
        & > .table--sign { color: $accent; }
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

    class FromTable(Message):
        """What a table tells: which table, and the row it is about."""

        def __init__(self, table: TableGrid[Any], row: Any = None) -> None:  # noqa: ANN401 - the owner knows its rows
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> TableGrid[Any]:
            """The table."""
            return self.table

    class Highlighted(FromTable):
        """The cursor is on another row, or on a row that changed. `row` is None in an empty table."""

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
        self._index: dict[str, int] | None = None
        self._cursor = 0
        self._touched = False
        self._empty = empty
        self._can_mark = marks
        self._head = 1 if header else 0
        self._marks = Marks()
        self._flashes: dict[str, float] = {}
        self._fade_timer: Timer | None = None
        self._sorted: tuple[str, bool] | None = None
        self._painted: dict[int, Strip] = {}
        self._base: Style | None = None
        self._lines: LRUCache[object, Strip] = LRUCache(LINES_KEPT)
        self._sized: tuple[tuple[tuple[Column[Row], ...], int] | None, list[int]] = (None, [])

    # -- what is in it --------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Row]:
        """The rows in the order shown."""
        return self._rows

    @property
    def columns(self) -> tuple[Column[Row], ...]:
        """The columns shown."""
        return self._columns

    @property
    def cursor(self) -> int:
        """The index of the row under the cursor; 0 in an empty table."""
        return self._cursor

    @property
    def row(self) -> Row | None:
        """The row under the cursor, or None in an empty table."""
        return self._rows[self._cursor] if self._rows else None

    def set_rows(self, rows: Sequence[Row], changed: Iterable[str] = ()) -> None:
        """Show other rows, repainting the lines that differ.

        The cursor stays on its row and at its place on the screen, or at its index if the row is gone. Until the user
        has moved it, it stays at the top.

        Args:
            rows: in the order to show them; not copied, so they must not be changed afterwards.
            changed: keys of rows to mark as changed for a moment.
        """
        before, key = self.row, self._cursor_key()
        offset = self._cursor - self.scroll_offset.y
        self._rows = self.ordered(rows)
        self._index = None
        at = self._cursor if key is None or not self._touched else self._find(key, self._cursor)
        moved = self._place_cursor(at)
        self._measure()
        if moved:
            self.scroll_to(y=max(0, self._cursor - offset), animate=False, force=True, immediate=True)
        self._flash(changed)
        self._repaint_changed()
        after = self.row
        if after is not before:
            self.post_message(self.Highlighted(self, after))

    def _cursor_key(self) -> str | None:
        row = self.row
        return None if row is None else self._row_key(row)

    def _place_cursor(self, index: int) -> bool:
        before = self._cursor
        self._cursor = max(0, min(index, len(self._rows) - 1))
        return self._cursor != before

    def _by_key(self) -> dict[str, int]:
        """Where each key is; made when it is first asked for, since most refreshes need no look-up."""
        if self._index is None:
            self._index = dict(zip(self.keys(), range(len(self._rows)), strict=True))
        return self._index

    def keys(self) -> Iterable[str]:
        """The keys of the rows shown, in their order."""
        return self._index if self._index is not None else map(self._row_key, self._rows)

    def _find(self, key: str, near: int) -> int:
        """The index of a key, or `near` where it is not among the rows."""
        # A refresh moves a row a little way if at all: looking around is quicker than knowing where each key is.
        if self._index is None:
            around = range(max(0, near - _NEIGHBOURS), min(len(self._rows), near + _NEIGHBOURS))
            for index in (near, *around) if near < len(self._rows) else around:
                if self._row_key(self._rows[index]) == key:
                    return index
        return self._by_key().get(key, near)

    def set_columns(self, columns: Sequence[Column[Row]]) -> None:
        """Show other columns."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._lines.clear()
            self._measure()
            self.refresh()

    def set_empty(self, words: str) -> None:
        """Say something else where there are no rows."""
        if words != self._empty:
            self._empty = words
            self._repaint_changed()

    def ordered(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The order to show rows in: as they are given."""
        return rows

    def select_key(self, key: str) -> None:
        """Put the cursor on the row of this key, if it is there."""
        at = self._by_key().get(key)
        if at is not None:
            self._go(at)

    def next_key(self, key: str, step: int, wanted: Callable[[Row], bool]) -> str | None:
        """The key of the nearest row after (1) or before (-1) the one of this key that is wanted; None if none is."""
        at = self._by_key().get(key, self._cursor) + step
        while 0 <= at < len(self._rows):
            if wanted(self._rows[at]):
                return self._row_key(self._rows[at])
            at += step
        return None

    # -- what changed ---------------------------------------------------------------------------

    def _flash(self, keys: Iterable[str]) -> None:
        self._flashes.update(dict.fromkeys(keys, time.monotonic() + FLASH_SECONDS))
        if self._flashes and self._fade_timer is None:
            self._fade_timer = self.set_timer(FLASH_SECONDS, self._fade)

    def _fade(self) -> None:
        now = time.monotonic()
        self._flashes = {key: until for key, until in self._flashes.items() if until > now}
        self._fade_timer = None
        if self._flashes:
            self._fade_timer = self.set_timer(max(0.1, min(self._flashes.values()) - now), self._fade)
        self._repaint_changed()

    # -- drawing --------------------------------------------------------------------------------

    def _measure(self) -> None:
        size = Size(self._gutter + smallest_width(self._columns), len(self._rows) + self._head)
        if size != self.virtual_size:
            self.virtual_size = size

    @property
    def _gutter(self) -> int:
        """Cells before the first column: the cursor's sign, and where rows can be marked the mark and a space."""
        return 3 if self._can_mark else 1

    def _widths(self) -> list[int]:
        asked = (self._columns, self._room.width - self._gutter)
        if asked != self._sized[0]:
            self._sized = (asked, column_widths(*asked))
        return self._sized[1]

    @property
    def _room(self) -> Size:
        """Cells that can be seen, which are fewer where there is a scroll bar."""
        return self.scrollable_content_region.size

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the header, a row, or nothing."""
        strip = self._compose_line(y)
        self._painted[y] = strip
        return strip

    def notify_style_update(self) -> None:
        """Other colours: no line is what it was."""
        self._base = None
        self._lines.clear()
        super().notify_style_update()

    def _repaint_changed(self) -> None:
        """Repaint the lines whose content is not what is on the screen; an idle table writes nothing."""
        for y in range(self.size.height):
            if y not in self._painted or self._painted[y] != self._compose_line(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def _compose_line(self, y: int) -> Strip:
        width, base = self.size.width, self._ground()
        index = self.scroll_offset.y + y - self._head
        if y < self._head:
            return self._scrolled(*self._header()).apply_style(base)
        if not self._rows:
            return self._empty_line(y - self._head).adjust_cell_length(width).apply_style(base)
        if index < len(self._rows):
            return self._row_line(index, base)
        return Strip.blank(width, base)

    def _ground(self) -> Style:
        """The table's own style, which Textual puts together anew each time that it is asked."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def _row_line(self, index: int, base: Style) -> Strip:
        """A row's line: made once for all that it shows, since scrolling shows the same rows at other places."""
        row = self._rows[index]
        key = self._row_key(row)
        here, changed, marked = index == self._cursor, key in self._flashes, key in self._marks
        widths = self._widths()
        cells = tuple(column.cell(row) for column in self._columns)
        shown = (cells, *widths, self.scroll_offset.x, self._room.width, here and self.has_focus, here, changed, marked)
        strip = self._lines.get(shown)
        if strip is None:
            signs = self._signs(here=here, changed=changed, marked=marked)
            strip = self._scrolled(*self._line(cells, widths, signs, here=here, changed=changed)).apply_style(base)
            self._lines[shown] = strip
        return strip

    def _scrolled(self, gutter: Segment, cells: list[Segment], over: Style) -> Strip:
        """The columns moved sideways beside the gutter, which stays."""
        x, room = self.scroll_offset.x, max(0, self._room.width - self._gutter)
        return Strip.join([Strip([gutter]), Strip(cells).crop_extend(x, x + room, over)])

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _empty_line(self, number: int) -> Strip:
        lines = textwrap.wrap(printable(self._empty), max(1, self._room.width - 2))
        words = lines[number] if number < len(lines) else ""
        return Strip([Segment(" " + words, self._style("table--quiet"))])

    def _header(self) -> tuple[Segment, list[Segment], Style]:
        plain, sorted_by = self._style("table--header"), self._style("table--sorted")
        cells = []
        for column, width in zip(self._columns, self._widths(), strict=True):
            ordered = self._sorted is not None and self._sorted[0] == column.key
            title = column.title
            if ordered and self._sorted is not None:
                sign = "▼" if self._sorted[1] else "▲"
                title = f"{title[: max(0, width - 2)]} {sign}" if width > 1 else sign
            cells.append(Segment(fit(title, width, right=column.right), sorted_by if ordered else plain))
            cells.append(Segment(" " * GAP, plain))
        return Segment(" " * self._gutter, plain), cells, plain

    def _over(self, *, here: bool, changed: bool) -> Style:
        """What the cursor and a change lay over a row."""
        over = Style.null()
        if changed:
            over += self._style("table--changed")
        if here:
            over += self._cursor_style()
        return over

    def _line(
        self, cells: Sequence[Cell], widths: Sequence[int], signs: tuple[str, Style], *, here: bool, changed: bool
    ) -> tuple[Segment, list[Segment], Style]:
        over, ground = self._over(here=here, changed=changed), self._ground().bgcolor
        parts = []
        for column, cell, width in zip(self._columns, cells, widths, strict=True):
            style = legible(self._style(cell.style) + over, ground) if cell.style else over
            parts.append(Segment(column.text(cell, width), style))
            parts.append(Segment(" " * GAP, over))
        words, style = signs
        return Segment(words, style + over), parts, over

    def _cursor_style(self) -> Style:
        """The cursor's row. In 16 colours a background would swallow some of the states' colours: a line is drawn."""
        if self.app.console.color_system == "standard":
            return Style(bold=self.has_focus, underline=True)
        return self._style("table--cursor" if self.has_focus else "table--cursor-blurred")

    def _signs(self, *, here: bool, changed: bool, marked: bool) -> tuple[str, Style]:
        """Cursor, mark and change, each by a sign as well as by its colour."""
        cursor = " " if not here else CURSOR_SIGN if self.has_focus else BLURRED_CURSOR_SIGN
        if not self._can_mark:
            return CHANGED_SIGN if changed and cursor == " " else cursor, self._style("table--sign")
        sign = MARK_SIGN if marked else CHANGED_SIGN if changed else " "
        return f"{cursor}{sign} ", self._style("table--marked" if marked else "table--sign")

    def _refresh_row(self, index: int) -> None:
        y = index - self.scroll_offset.y + self._head
        if self._head <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def on_focus(self) -> None:
        """The cursor shows who has the keys."""
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        """The cursor shows who has the keys."""
        self._refresh_row(self._cursor)

    def on_resize(self) -> None:
        """The rows share the new size; the cursor stays in sight."""
        self._measure()
        self._show_cursor()

    # -- moving ---------------------------------------------------------------------------------

    @property
    def _page_rows(self) -> int:
        return max(1, self._room.height - self._head)

    def _show_cursor(self) -> None:
        top, page = self.scroll_offset.y, self._page_rows
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True, immediate=True)
        elif self._cursor >= top + page:
            self.scroll_to(y=self._cursor - page + 1, animate=False, force=True, immediate=True)

    def _go(self, index: int) -> None:
        if not self._rows:
            return
        self._touched = True
        before = self._cursor
        moved = self._place_cursor(index)
        self._show_cursor()
        if moved:
            self._refresh_row(before)
            self._refresh_row(self._cursor)
            self.post_message(self.Highlighted(self, self.row))

"""How a table draws: its columns on a line, a line at a time, kept as it was painted; only what differs is repainted.

Built on ScrollView's line interface, since a DataTable measures every cell of every row.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Generic

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pyanamo_tui.tui.format import fit
from pyanamo_tui.tui.widgets.legible import legible
from pyanamo_tui.tui.widgets.table_columns import GAP, Cell, Column, Row, column_widths
from pyanamo_tui.tui.widgets.table_marks import Marks
from pyanamo_tui.workflow.printable import printable

LINES_KEPT: Final = 400
"""Lines that are kept as they were painted: some screens full."""
CURSOR_SIGN: Final = "▌"
BLURRED_CURSOR_SIGN: Final = "▏"
"""The cursor of a table that has not the keys."""
MARK_SIGN: Final = "●"
CHANGED_SIGN: Final = "∙"


class TableLines(ScrollView, Generic[Row], can_focus=True):
    """The lines of a table: what `TableGrid` holds, drawn.

    Args:
        columns, row_key, empty, marks, header: as in `TableGrid`.
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
    TableLines {
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

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        row_key: Callable[[Row], str],
        *,
        empty: str,
        marks: bool,
        header: bool,
        id: str | None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._row_key = row_key
        self._rows: Sequence[Row] = ()
        self._cursor = 0
        self._empty = empty
        self._can_mark = marks
        self._head = 1 if header else 0
        self._marks = Marks()
        self._flashes: dict[str, float] = {}
        self._sorted: tuple[str, bool] | None = None
        self._painted: dict[int, Strip] = {}
        self._base: Style | None = None
        self._lines: LRUCache[object, Strip] = LRUCache(LINES_KEPT)
        self._sized: tuple[tuple[tuple[Column[Row], ...], int] | None, list[int]] = (None, [])

    @property
    def _gutter(self) -> int:
        """Cells before the first column: the cursor's sign, and where rows can be marked the mark and a space."""
        return 3 if self._can_mark else 1

    @property
    def room(self) -> int:
        """Cells that the columns have, gaps between them included."""
        return self._room.width - self._gutter

    def _widths(self) -> list[int]:
        asked = (self._columns, self.room)
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

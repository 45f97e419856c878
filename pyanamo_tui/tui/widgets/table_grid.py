"""What a table holds: its rows, the cursor kept by key, what changed of late; `table_lines` draws it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual.geometry import Size
from textual.message import Message

from pyanamo_tui.tui.widgets.table_columns import Column, Row, smallest_width
from pyanamo_tui.tui.widgets.table_lines import TableLines

if TYPE_CHECKING:
    from textual.timer import Timer

FLASH_SECONDS: Final = 2.0
"""How long a changed row is marked."""
AGES_SECONDS: Final = 10.0
"""How often ages in the rows are looked at again where nothing else changes."""
_NEIGHBOURS: Final = 1_000


class TableGrid(TableLines[Row]):
    """Rows of columns, and a cursor.

    Args:
        columns: what to show of a row.
        row_key: the row's identity, unique among the rows: cursor, marks and flashes stay with it.
        empty: what stands where there are no rows.
        marks: whether rows can be marked.
        header: whether the titles of the columns are shown.
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
        super().__init__(columns, row_key, empty=empty, marks=marks, header=header, id=id)
        self._index: dict[str, int] | None = None
        self._touched = False
        self._fade_timer: Timer | None = None

    def on_mount(self) -> None:
        """What says how long ago something was grows old by itself."""
        self.set_interval(AGES_SECONDS, self._grow_older)

    def _grow_older(self) -> None:
        if self.screen.is_active:
            self._repaint_changed()

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

    # -- size -----------------------------------------------------------------------------------

    def _measure(self) -> None:
        size = Size(self._gutter + smallest_width(self._columns), len(self._rows) + self._head)
        if size != self.virtual_size:
            self.virtual_size = size

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

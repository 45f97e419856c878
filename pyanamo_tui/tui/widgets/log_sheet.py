"""Shows the lines of a log: drawn as they come into sight, the end followed, the place kept while lines come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pyanamo_tui.tui.widgets.log_lines import LineKind
from pyanamo_tui.tui.widgets.log_matches import LogMatches
from pyanamo_tui.tui.widgets.log_rows import LogRows
from pyanamo_tui.tui.widgets.log_strips import Sight, draw_row, gutter_width
from pyanamo_tui.workflow.printable import printable


class LogSheet(ScrollView, can_focus=True):
    """Lines of text, 200,000 without a stall: each is made safe and coloured when it is drawn, not before.

    It says by `Moved` that what stands about it has changed: `following`, `pending`, `match`, `shown`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--number",
        "log--match",
        "log--current",
        "log--line",
        "log--error",
        "log--stderr",
        "log--quiet",
    }
    DEFAULT_CSS = """
    LogSheet {
        height: 1fr; background: $background; color: $foreground;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0;
        & > .log--number { color: $foreground-muted; }
        & > .log--match { background: $warning-muted; text-style: underline; }
        & > .log--current { background: $warning; color: $background; text-style: bold; }
        & > .log--line { background: $surface-lighten-1; }
        & > .log--error { color: $error; }
        & > .log--stderr { color: $warning; }
        & > .log--quiet { color: $foreground-muted; }
    }
    """
    numbers: reactive[bool] = reactive(False)
    wrap: reactive[bool] = reactive(False)

    class Moved(Message):
        """Another match, or the end, is in sight, or new lines wait: what stands about the log may say so."""

    class TopReached(Message):
        """Somebody is at the first line and looks further up: where there are earlier ones, prepend them now."""

    class EndWanted(Message):
        """The last line was asked for, which is not here: `keep_first` let it go."""

    def __init__(self, *, empty: str = "Nothing was written", id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._rows = LogRows()
        self._empty = empty
        self._matches = LogMatches(self._rows)
        self._marked_line: int | None = None
        self._placing = False
        self.following = True
        """Whether what is appended is scrolled to."""
        self.pending = 0
        """Lines appended below since following stopped."""
        self.filter_text = ""
        """What lines are filtered by; empty when all are shown."""
        self.from_end = False
        """Whether the beginning of the log is not here: lines are then numbered from the end."""
        self.cut_below = False
        """Whether the end of the log is not here."""

    @property
    def lines(self) -> Sequence[str]:
        """Every line, hidden ones too."""
        return self._rows.lines

    @property
    def shown(self) -> int:
        """Lines that the filter lets be seen, those around a match among them."""
        return self._rows.shown

    @property
    def matched(self) -> int:
        """Lines that the filter looks for."""
        return self._rows.matched

    @property
    def context(self) -> int:
        """Lines shown around each that the filter looks for."""
        return self._rows.context

    @property
    def match(self) -> tuple[int, int]:
        """Which match is shown, of how many lines that match: (0, 0) when nothing is looked for or found."""
        return self._matches.place

    # -- lines ----------------------------------------------------------------------------------

    def set_lines(
        self, lines: Iterable[str], *, kinds: Iterable[LineKind] | None = None, empty: str | None = None
    ) -> None:
        """Show another log, from its end.

        Args:
            lines: without their line ends.
            kinds: where each line comes from, in a view of both streams.
            empty: what to say where there are no lines.
        """
        if empty is not None:
            self._empty = empty
        self._rows.set(lines, kinds)
        self._marked_line = None
        self.following, self.pending, self.cut_below = True, 0, False
        self._matches.again()
        self._settle()

    def update_lines(
        self, lines: Sequence[str], *, kinds: Sequence[LineKind] | None = None, empty: str | None = None
    ) -> None:
        """Show the same log as it is now: what was added is appended; otherwise all is replaced, in its place."""
        known = len(self._rows.lines)
        if lines[:known] == self._rows.lines and known:
            self.append_lines(lines[known:], kinds=None if kinds is None else kinds[known:])
        elif self.following or not known:
            self.set_lines(lines, kinds=kinds, empty=empty)
        else:
            with self._in_place():
                self._rows.set(lines, kinds)
                self._matches.again()

    def append_lines(self, lines: Iterable[str], *, kinds: Iterable[LineKind] | None = None) -> None:
        """Add lines at the end; they are scrolled to while the end is followed, and counted as pending otherwise."""
        fresh = list(lines)
        if not fresh:
            return
        first = len(self._rows.lines)
        self._rows.append(fresh, kinds)
        self._matches.appended(first)
        if not self.following:
            self.pending += len(fresh)
        self._settle()
        self.post_message(self.Moved())

    def prepend_lines(self, lines: Iterable[str], *, kinds: Iterable[LineKind] | None = None) -> None:
        """Add earlier lines before the first; what is in sight stays where it is."""
        fresh = list(lines)
        if not fresh:
            return
        with self._in_place(len(fresh)):
            self._rows.prepend(fresh, kinds)
            if self._marked_line is not None:
                self._marked_line += len(fresh)
            self._matches.prepended(len(fresh))

    def keep_first(self, count: int) -> None:
        """Let go of the lines after the first so many, to hold less; where the log goes on is not followed then."""
        if count >= len(self._rows.lines):
            return
        with self._in_place():
            self.following, self.cut_below = False, True
            self._rows.keep_first(count)
            self._matches.again()
        self.post_message(self.Moved())

    # -- place ----------------------------------------------------------------------------------

    @contextmanager
    def _in_place(self, added: int = 0) -> Iterator[None]:
        """Keep the line at the top of the screen there while rows change; `added` lines come before it."""
        top = self._top_line()
        yield
        self._settle(None if top is None else top + added)

    def _top_line(self) -> int | None:
        rows = len(self._rows)
        return self._rows.at(min(self.scroll_offset.y, rows - 1))[0] if rows else None

    def _settle(self, top: int | None = None) -> None:
        """Take the size of what there is to show, and go where one looks: the end, or that line."""
        self._rows.wrap(max(1, self._room.width - self._gutter()) if self.wrap and self._room.width else None)
        width = 0 if self.wrap else self._rows.longest + self._gutter()
        size = Size(width, max(1, len(self._rows)))
        self._placing = True
        if size != self.virtual_size:
            self.virtual_size = size
        if self.following:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)
        elif top is not None:
            self.scroll_to(y=self._rows.row(top), animate=False, force=True, immediate=True)
        self._placing = False
        self.refresh()

    def on_resize(self) -> None:
        """Lines are wrapped to the new width; the end stays in sight while it is followed."""
        with self._in_place():
            pass

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Keys, wheel and scroll bar alike: upwards stops following, the end begins it again."""
        super().watch_scroll_y(old_value, new_value)
        before, now = round(old_value), round(new_value)
        # What lies beyond the end was not reached by anyone: the screen grew, or lines were taken away.
        if self._placing or before == now or before > self.max_scroll_y:
            return
        self.following = now > before and now >= self.max_scroll_y and not self.cut_below
        if self.following:
            self.pending = 0
        if now == 0:
            self.post_message(self.TopReached())
        self.post_message(self.Moved())

    def on_mouse_scroll_up(self) -> None:
        """The wheel, at the first line: what is further up is wanted."""
        if self.scroll_offset.y == 0:
            self.post_message(self.TopReached())

    # -- drawing --------------------------------------------------------------------------------

    @property
    def _room(self) -> Size:
        """Cells that can be seen, which are fewer where there is a scroll bar."""
        return self.scrollable_content_region.size

    def _gutter(self) -> int:
        return gutter_width(self._rows, numbers=self.numbers, from_end=self.from_end)

    def render_line(self, y: int) -> Strip:
        """One row of the log."""
        row, width, base = self.scroll_offset.y + y, self._room.width, self.rich_style
        if not len(self._rows):
            words = "" if y else self._empty if not self._rows.lines else "No line matches"
            strip = Strip([Segment(printable(words), self._style("log--quiet"))])
            return strip.adjust_cell_length(width).apply_style(base)
        if row >= len(self._rows):
            return Strip.blank(width, base)
        sight = Sight(
            width,
            0 if self.wrap else self.scroll_offset.x,
            self.wrap,
            self.numbers,
            self.from_end,
            self._marked_line,
            self._matches.pattern,
            self._matches.line,
        )
        return draw_row(self._rows, row, sight, self._style).apply_style(base)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def watch_numbers(self) -> None:
        """The gutter changes the width."""
        with self._in_place():
            pass

    def watch_wrap(self) -> None:
        """Lines take more rows, or fewer."""
        top = self._top_line()
        if self.wrap:
            self.scroll_to(x=0, animate=False, force=True, immediate=True)
        self._settle(top)

"""The log viewer: lines drawn as they come into sight, opened at the end, followed, searched, filtered, wrapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pyanamo_tui.tui.widgets.log_lines import (
    KIND_SIGNS,
    LONGEST_LINE,
    LineKind,
    LinePattern,
    row_of,
    segments_of,
)
from pyanamo_tui.tui.widgets.log_rows import LogRows
from pyanamo_tui.workflow.errorlines import speaks_of_error
from pyanamo_tui.workflow.printable import printable

__all__ = ["LONGEST_LINE", "LineKind", "LogView"]

CUT_SIGN: Final = "…"
"""Stands at the right where a line goes on beyond the screen."""
_NUMBER_GAP: Final = 2
_MOST_SPANS: Final = 500
"""Matches marked within one line."""


class LogView(ScrollView, can_focus=True):
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
    LogView {
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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", id="log.down", show=False),
        Binding("up,k", "move(-1)", "up", id="log.up", show=False),
        Binding("pagedown,space", "page(1)", "page down", id="log.page_down", show=False),
        Binding("pageup", "page(-1)", "page up", id="log.page_up", show=False),
        Binding("home,g", "top", "first line", id="log.top", show=False),
        Binding("end,G", "bottom", "last line, and follow", id="log.bottom", show=False),
        Binding("left,h", "shift(-16)", "left", id="log.left", show=False),
        Binding("right", "shift(16)", "right", id="log.right", show=False),
        Binding("f", "follow", "follow", id="log.follow", show=False),
        Binding("W", "wrap", "wrap", id="log.wrap", show=False, key_display="W"),
        Binding("number_sign", "numbers", "line numbers", id="log.numbers", show=False, key_display="#"),
        Binding("n", "next_match", "next match", id="log.next", show=False),
        Binding("N", "previous_match", "previous match", id="log.previous", show=False, key_display="N"),
        Binding("e", "next_error", "next error line", id="log.error", show=False),
    ]

    numbers: reactive[bool] = reactive(False)
    wrap: reactive[bool] = reactive(False)

    class Moved(Message):
        """Another match, or the end, is in sight, or new lines wait: what stands about the log may say so."""

    class TopReached(Message):
        """The first line came into sight: where there are earlier ones, this is when to prepend them."""

    def __init__(self, *, empty: str = "Nothing was written", id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._rows = LogRows()
        self._empty = empty
        self._pattern: LinePattern | None = None
        self._matches: list[int] = []
        self._match = -1
        self._marked_line: int | None = None
        self._placing = False
        self.following = True
        """Whether what is appended is scrolled to."""
        self.pending = 0
        """Lines appended below since following stopped."""
        self.filter_text = ""
        """What lines are filtered by; empty when all are shown."""

    @property
    def lines(self) -> Sequence[str]:
        """Every line, hidden ones too."""
        return self._rows.lines

    @property
    def shown(self) -> int:
        """Lines that the filter lets be seen."""
        return self._rows.shown

    @property
    def match(self) -> tuple[int, int]:
        """Which match is shown, of how many lines that match: (0, 0) when nothing is looked for or found."""
        return (self._match + 1, len(self._matches))

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
        self.following, self.pending = True, 0
        self._find()
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
                self._find()

    def append_lines(self, lines: Iterable[str], *, kinds: Iterable[LineKind] | None = None) -> None:
        """Add lines at the end; they are scrolled to while the end is followed, and counted as pending otherwise."""
        fresh = list(lines)
        if not fresh:
            return
        first = len(self._rows.lines)
        self._rows.append(fresh, kinds)
        if self._pattern is not None:
            self._matches.extend(self._rows.search(self._pattern, first))
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
            current = self._matches[self._match] + len(fresh) if self._match >= 0 else None
            self._rows.prepend(fresh, kinds)
            if self._marked_line is not None:
                self._marked_line += len(fresh)
            self._find()
            if current in self._matches:
                self._match = self._matches.index(current)

    def filter_lines(self, text: str, context: int = 0) -> int:
        """Show only the lines that match a regular expression (or text), with so many lines around each; empty: all.

        Gives the number of lines shown.
        """
        with self._in_place():
            self.filter_text = text
            self._rows.filter(LinePattern(text) if text else None, context)
            self._find()
        self.post_message(self.Moved())
        return self._rows.shown

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
        self.following = now > before and now >= self.max_scroll_y
        if self.following:
            self.pending = 0
        if now == 0:
            self.post_message(self.TopReached())
        self.post_message(self.Moved())

    # -- drawing --------------------------------------------------------------------------------

    @property
    def _room(self) -> Size:
        """Cells that can be seen, which are fewer where there is a scroll bar."""
        return self.scrollable_content_region.size

    def _gutter(self) -> int:
        numbers = len(str(len(self._rows.lines))) + _NUMBER_GAP if self.numbers else 0
        return numbers + (2 if self._rows.has_kinds else 0)

    def render_line(self, y: int) -> Strip:
        """One row of the log."""
        row, width, base = self.scroll_offset.y + y, self._room.width, self.rich_style
        if not len(self._rows):
            words = "" if y else self._empty if not self._rows.lines else "No line matches"
            strip = Strip([Segment(printable(words), self._style("log--quiet"))])
            return strip.adjust_cell_length(width).apply_style(base)
        if row >= len(self._rows):
            return Strip.blank(width, base)
        line, part = self._rows.at(row)
        gutter = self._gutter_of(line, part)
        room = max(0, width - gutter.cell_length)
        over = self._style("log--line") if line == self._marked_line else Style.null()
        segments, x = self._styled(line, over), 0 if self.wrap else self.scroll_offset.x
        if self.wrap:
            segments = row_of(segments, self._rows.lines[line], max(1, room), part)
        strip = Strip(segments)
        if strip.cell_length > x + room > x:
            cut = Segment(CUT_SIGN, self._style("log--quiet") + over)
            strip = Strip.join([strip.crop(x, x + room - 1).extend_cell_length(room - 1), Strip([cut])])
        else:
            strip = strip.crop_extend(x, x + room, over)
        return Strip.join([gutter, strip]).apply_style(base)

    def _gutter_of(self, line: int, part: int) -> Strip:
        """Number and kind; the further rows of a wrapped line carry the kind only."""
        segments = []
        if self.numbers:
            digits = len(str(len(self._rows.lines)))
            number = "" if part else str(line + 1)
            segments.append(Segment(number.rjust(digits) + " " * _NUMBER_GAP, self._style("log--number")))
        if self._rows.has_kinds:
            kind = self._rows.kind(line)
            style = self._style("log--stderr" if kind is LineKind.ERR else "log--quiet")
            segments.append(Segment(KIND_SIGNS[kind], style))
        return Strip(segments)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _styled(self, line: int, over: Style) -> list[Segment]:
        text = self._rows.lines[line]
        under = Style.null()
        if self._rows.kind(line) is LineKind.NOTE:
            under = self._style("log--quiet")
        elif speaks_of_error(text):
            under = self._style("log--error")
        segments = [Segment(part, under + (style or Style.null()) + over) for part, style, _ in segments_of(text)]
        if self._pattern is None:
            return segments
        current = 0 <= self._match < len(self._matches) and self._matches[self._match] == line
        return _mark_spans(segments, self._pattern, self._style("log--current" if current else "log--match"))

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

    # -- moving ---------------------------------------------------------------------------------

    def _to(self, row: float) -> None:
        self.scroll_to(y=row, animate=False, force=True, immediate=True)

    def action_move(self, rows: int) -> None:
        """By rows; upwards stops following."""
        self._to(self.scroll_offset.y + rows)

    def action_page(self, pages: int) -> None:
        """By pages."""
        self._to(self.scroll_offset.y + pages * max(1, self._room.height - 1))

    def action_top(self) -> None:
        """The first line."""
        self._to(0)

    def action_bottom(self) -> None:
        """The last line, and follow what comes."""
        self.following, self.pending = True, 0
        self._settle()
        self.post_message(self.Moved())

    def action_follow(self) -> None:
        """Follow what comes, or stay."""
        if self.following:
            self.following = False
            self.post_message(self.Moved())
        else:
            self.action_bottom()

    def action_shift(self, cells: int) -> None:
        """Sideways, where lines are not wrapped."""
        self.scroll_relative(x=cells, animate=False, force=True)

    def action_numbers(self) -> None:
        """Show line numbers, or not."""
        self.numbers = not self.numbers

    def action_wrap(self) -> None:
        """Wrap long lines, or not."""
        self.wrap = not self.wrap

    def _show_line(self, line: int) -> None:
        """Bring a line into sight with what stands around it; a line that is in sight stays where it is."""
        row, height = self._rows.row(line), max(1, self._room.height)
        if not self.scroll_offset.y <= row < self.scroll_offset.y + height:
            self._to(max(0, row - height // 2))
        # Looking at a line is not following: what is appended must not carry it away.
        self.following = False
        self.refresh()
        self.post_message(self.Moved())

    # -- searching ------------------------------------------------------------------------------

    def search(self, text: str) -> int:
        """Look for a regular expression, or for the text itself where it is none; empty ends the search.

        Goes to the first match from the top of the screen on, else to the last before it. Gives the number of lines
        that match.
        """
        self._pattern = LinePattern(text) if text else None
        self._find()
        if self._matches:
            top = self._top_line() or 0
            self._match = next((i for i, line in enumerate(self._matches) if line >= top), len(self._matches) - 1)
            self._show_line(self._matches[self._match])
        self.refresh()
        self.post_message(self.Moved())
        return len(self._matches)

    def _find(self) -> None:
        self._matches = [] if self._pattern is None else self._rows.search(self._pattern)
        self._match = min(self._match, len(self._matches) - 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for matches only while something is looked for; else they are the screen's."""
        return self._pattern is not None if action in {"next_match", "previous_match"} else True

    def action_next_match(self) -> None:
        """The next match, round the end."""
        self._step_match(1)

    def action_previous_match(self) -> None:
        """The match before."""
        self._step_match(-1)

    def _step_match(self, step: int) -> None:
        if self._matches:
            self._match = (self._match + step) % len(self._matches)
            self._show_line(self._matches[self._match])

    def action_next_error(self) -> None:
        """The next line that speaks of an error, round the end."""
        if not len(self._rows):
            return
        total, marked = len(self._rows.lines), self._marked_line
        top = self._top_line() or 0
        start = top if marked is None or not top <= marked <= top + self._room.height else marked + 1
        for line in (*range(start, total), *range(min(start, total))):
            if self._rows.is_shown(line) and speaks_of_error(self._rows.lines[line]):
                self._marked_line = line
                self._show_line(line)
                return
        self.notify("No line speaks of an error.", markup=False)


def _mark_spans(segments: list[Segment], pattern: LinePattern, over: Style) -> list[Segment]:
    """The segments with what the pattern matches in another style."""
    text = "".join(segment.text for segment in segments)
    cuts = [place for span in pattern.spans(text, _MOST_SPANS) for place in span]
    if not cuts:
        return segments
    marked: list[Segment] = []
    at, inside, turns = 0, False, iter([*cuts, len(text)])
    turn = next(turns)
    for piece, style, _ in segments:
        left = piece
        while left:
            while turn <= at and turn < len(text):
                turn, inside = next(turns), not inside
            taken = left[: turn - at]
            marked.append(Segment(taken, (style or Style.null()) + over if inside else style))
            at, left = at + len(taken), left[len(taken) :]
    return marked

"""The log viewer: lines drawn as they come into sight, opened at the end, searched, numbered, colours shown safely."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar, Final

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pyanamo_tui.workflow.printable import Sgr, printable, split_ansi

LONGEST_LINE: Final = 20_000
"""Characters of one line that are drawn; the rest is named by its length, and is whole in a saved log."""
_ERROR: Final = re.compile(r"\b(error|exception|fatal|failed|killed|traceback|no such file|denied|not found)\b", re.I)
_NUMBER_GAP: Final = 2


def _rich_style(sgr: Sgr) -> Style:
    def colour(value: int | tuple[int, int, int] | None) -> Color | None:
        if value is None:
            return None
        return Color.from_ansi(value) if isinstance(value, int) else Color.from_rgb(*value)

    return Style(
        color=colour(sgr.foreground),
        bgcolor=colour(sgr.background),
        bold=sgr.bold or None,
        dim=sgr.dim or None,
        italic=sgr.italic or None,
        underline=sgr.underline or None,
        reverse=sgr.reverse or None,
    )


@lru_cache(maxsize=4096)
def _segments(line: str) -> tuple[Segment, ...]:
    shown = line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE]
    parts = [Segment(text, _rich_style(sgr)) for text, sgr in split_ansi(shown)]
    if len(line) > LONGEST_LINE:
        parts.append(Segment(f" … {len(line) - LONGEST_LINE:,} more characters", Style(reverse=True)))
    return tuple(parts)


class LogView(ScrollView, can_focus=True):
    """Lines of text, 200,000 without a stall: each is made safe and coloured when it is drawn, not before."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--number", "log--match", "log--current", "log--error", "log--quiet"}
    DEFAULT_CSS = """
    LogView {
        height: 1fr; background: $background; color: $foreground;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
        & > .log--number { color: $foreground-muted; }
        & > .log--match { background: $warning-muted; }
        & > .log--current { background: $warning; color: $background; text-style: bold; }
        & > .log--error { color: $error; }
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
        Binding("number_sign", "numbers", "line numbers", id="log.numbers", show=False, key_display="#"),
        Binding("n", "next_match", "next match", id="log.next", show=False),
        Binding("N", "previous_match", "previous match", id="log.previous", show=False, key_display="N"),
        Binding("e", "next_error", "next error line", id="log.error", show=False),
    ]

    numbers: reactive[bool] = reactive(False)

    class Moved(Message):
        """Another match, or the end, is in sight: what stands about the log may say so."""

    def __init__(self, *, empty: str = "Nothing was written", id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: Sequence[str] = ()
        self._empty = empty
        self._pattern: re.Pattern[str] | None = None
        self._matches: list[int] = []
        self._match = -1
        self.following = True

    @property
    def lines(self) -> Sequence[str]:
        """The lines as given."""
        return self._lines

    @property
    def match(self) -> tuple[int, int]:
        """Which match is shown, of how many: (0, 0) when nothing is looked for or found."""
        return (self._match + 1, len(self._matches))

    def set_lines(self, lines: Sequence[str], *, empty: str | None = None) -> None:
        """Show other lines, from their end."""
        self._lines = lines
        if empty is not None:
            self._empty = empty
        self.following = True
        self._measure(lines)
        self._find()
        self.refresh()
        self.call_after_refresh(self.scroll_end, animate=False, immediate=True)

    def append_lines(self, lines: Iterable[str]) -> None:
        """Add lines at the end; they are scrolled to only while the end is being followed."""
        fresh = list(lines)
        if not fresh:
            return
        self._lines = [*self._lines, *fresh]
        self._measure(fresh)
        self._find()
        self.refresh()
        if self.following:
            self.call_after_refresh(self.scroll_end, animate=False, immediate=True)

    def _measure(self, fresh: Sequence[str]) -> None:
        longest = max((min(len(line), LONGEST_LINE + 32) for line in fresh), default=0)
        width = max(longest + self._gutter(), self.virtual_size.width if fresh is not self._lines else 0)
        self.virtual_size = Size(width, max(1, len(self._lines)))

    def _gutter(self) -> int:
        return len(str(len(self._lines))) + _NUMBER_GAP if self.numbers else 0

    # -- drawing --------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the log."""
        index, width = self.scroll_offset.y + y, self.size.width
        if not self._lines:
            words = printable(self._empty) if y == 0 else ""
            strip = Strip([Segment(words, self._style("log--quiet"))])
            return strip.adjust_cell_length(width).apply_style(self.rich_style)
        if index >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[index]
        segments = list(self._marked(index, line))
        x = self.scroll_offset.x
        gutter = self._gutter()
        strip = Strip(segments).crop_extend(x, x + width - gutter, self.rich_style).apply_style(self.rich_style)
        if gutter:
            number = f"{index + 1:>{gutter - _NUMBER_GAP}}" + " " * _NUMBER_GAP
            strip = Strip.join([Strip([Segment(number, self._style("log--number"))]), strip])
        return strip

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _marked(self, index: int, line: str) -> tuple[Segment, ...]:
        segments = _segments(line)
        if self._pattern is not None and 0 <= self._match < len(self._matches) and self._matches[self._match] == index:
            over = self._style("log--current")
            return tuple(Segment(text, (style or Style.null()) + over) for text, style, _ in segments)
        if self._pattern is not None and self._pattern.search(line[:LONGEST_LINE]):
            over = self._style("log--match")
            return tuple(Segment(text, (style or Style.null()) + over) for text, style, _ in segments)
        if _ERROR.search(line[:512]):
            under = self._style("log--error")
            return tuple(Segment(text, under + (style or Style.null())) for text, style, _ in segments)
        return segments

    def watch_numbers(self) -> None:
        """The gutter changes the width."""
        self._measure(self._lines)
        self.refresh()

    # -- moving ---------------------------------------------------------------------------------

    def _to(self, line: float) -> None:
        self.following = line >= self.max_scroll_y
        self.scroll_to(y=line, animate=False, force=True, immediate=True)
        self.post_message(self.Moved())

    def action_move(self, lines: int) -> None:
        """By lines; upwards stops following."""
        self._to(self.scroll_offset.y + lines)

    def action_page(self, pages: int) -> None:
        """By pages."""
        self._to(self.scroll_offset.y + pages * max(1, self.size.height - 1))

    def action_top(self) -> None:
        """The first line."""
        self._to(0)

    def action_bottom(self) -> None:
        """The last line, and follow what comes."""
        self._to(self.max_scroll_y)
        self.following = True

    def action_shift(self, cells: int) -> None:
        """Sideways."""
        self.scroll_relative(x=cells, animate=False)

    def action_numbers(self) -> None:
        """Show line numbers, or not."""
        self.numbers = not self.numbers

    # -- searching ------------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Look for a regular expression, or for the text itself where it is none; empty ends the search."""
        if not text:
            self._pattern = None
        else:
            try:
                self._pattern = re.compile(text, re.IGNORECASE)
            except re.error:
                self._pattern = re.compile(re.escape(text), re.IGNORECASE)
        self._find()
        if self._matches:
            at = self.scroll_offset.y
            self._match = next((i for i, line in enumerate(self._matches) if line >= at), len(self._matches) - 1)
            self._show_match()
        self.refresh()

    def _find(self) -> None:
        pattern = self._pattern
        self._matches = (
            []
            if pattern is None
            else [index for index, line in enumerate(self._lines) if pattern.search(line[:LONGEST_LINE])]
        )
        self._match = min(self._match, len(self._matches) - 1)

    def _show_match(self) -> None:
        self._to(max(0, self._matches[self._match] - self.size.height // 2))
        self.refresh()

    def action_next_match(self) -> None:
        """The next match, round the end."""
        self._step_match(1)

    def action_previous_match(self) -> None:
        """The match before."""
        self._step_match(-1)

    def _step_match(self, step: int) -> None:
        if self._matches:
            self._match = (self._match + step) % len(self._matches)
            self._show_match()

    def action_next_error(self) -> None:
        """The next line that speaks of an error."""
        start = self.scroll_offset.y + self.size.height // 2 + 1
        for index in range(start, len(self._lines)):
            if _ERROR.search(self._lines[index][:512]):
                self._to(max(0, index - self.size.height // 2))
                return
        self.notify("No error line below.", markup=False)

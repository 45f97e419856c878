"""The log viewer: a log's lines with the keys to move in them, search, filter, wrap and number them."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from pyanamo_tui.tui.widgets.log_lines import LONGEST_LINE, LineKind, LinePattern
from pyanamo_tui.tui.widgets.log_sheet import LogSheet

__all__ = ["LONGEST_LINE", "LineKind", "LogView"]

MOST_CONTEXT: Final = 50
"""Lines of context around one that the filter shows."""


class LogView(LogSheet):
    """A log: moved in, followed, searched, wrapped and numbered by keys."""

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
        Binding("plus,equals_sign", "context(1)", "more context", id="log.more_context", show=False, key_display="+"),
        Binding("minus", "context(-1)", "less context", id="log.less_context", show=False, key_display="-"),
    ]

    # -- moving ---------------------------------------------------------------------------------

    def _to(self, row: float) -> None:
        if row <= 0 and self.scroll_offset.y == 0:
            # There is no way up that the scroll bar would tell of.
            self.post_message(self.TopReached())
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
        if self.cut_below:
            self.post_message(self.EndWanted())
            return
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
        line = self._matches.look_for(text, self._top_line() or 0)
        if line is not None:
            self._show_line(line)
        self.refresh()
        self.post_message(self.Moved())
        return self._matches.place[1]

    def filter_lines(self, text: str, context: int = 0) -> int:
        """Show only the lines that match a regular expression (or text), with so many lines around each; empty: all.

        Gives the number of lines shown.
        """
        with self._in_place():
            self.filter_text = text
            self._rows.filter(LinePattern(text) if text else None, max(0, min(context, MOST_CONTEXT)))
            self._matches.again()
        self.post_message(self.Moved())
        return self._rows.shown

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for matches only while something is looked for, those for context while lines are filtered."""
        if action in {"next_match", "previous_match"}:
            return self._matches.pattern is not None
        return bool(self.filter_text) if action == "context" else True

    def action_next_match(self) -> None:
        """The next match, round the end."""
        self._step_match(1)

    def action_previous_match(self) -> None:
        """The match before."""
        self._step_match(-1)

    def _step_match(self, step: int) -> None:
        line = self._matches.step(step)
        if line is not None:
            self._show_line(line)

    def action_context(self, step: int) -> None:
        """Show a line more, or one less, before and after each line that the filter looks for."""
        self.filter_lines(self.filter_text, self.context + step)

    def action_next_error(self) -> None:
        """The next line that speaks of an error, round the end."""
        if not len(self._rows):
            return
        top, marked = self._top_line() or 0, self._marked_line
        start = top if marked is None or not top <= marked <= top + self._room.height else marked + 1
        line = self._matches.error_from(start)
        if line is None:
            self.notify("No line speaks of an error.", markup=False)
            return
        self._marked_line = line
        self._show_line(line)

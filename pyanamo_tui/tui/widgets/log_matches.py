"""What is looked for in a log, the lines that have it, and which of them was gone to."""

from __future__ import annotations

from itertools import chain

from pyanamo_tui.tui.widgets.log_lines import LinePattern
from pyanamo_tui.tui.widgets.log_rows import LogRows
from pyanamo_tui.workflow.errorlines import speaks_of_error


class LogMatches:
    """The matches among the lines of a log that the filter shows. Lines are numbered as `LogRows` numbers them."""

    def __init__(self, rows: LogRows) -> None:
        self._rows = rows
        self.pattern: LinePattern | None = None
        self._lines: list[int] = []
        self._at = -1

    @property
    def place(self) -> tuple[int, int]:
        """Which match was gone to, of how many lines that match: (0, 0) when nothing is looked for or found."""
        return (self._at + 1, len(self._lines))

    @property
    def line(self) -> int | None:
        """The line of the match that was gone to."""
        return self._lines[self._at] if 0 <= self._at < len(self._lines) else None

    def look_for(self, text: str, top: int) -> int | None:
        """Begin a search, or with empty text end it; gives the first match from a line on, else the last before it."""
        self.pattern = LinePattern(text) if text else None
        self.again()
        if not self._lines:
            return None
        self._at = next((at for at, line in enumerate(self._lines) if line >= top), len(self._lines) - 1)
        return self.line

    def again(self) -> None:
        """Lines were replaced or hidden: look through all of them."""
        self._lines = [] if self.pattern is None else self._rows.search(self.pattern)
        self._at = min(self._at, len(self._lines) - 1)

    def appended(self, first: int) -> None:
        """Lines were added from that one on."""
        if self.pattern is None:
            return
        if self._rows.context:
            # What is new may show lines before it.
            self.again()
        else:
            self._lines.extend(self._rows.search(self.pattern, first))

    def prepended(self, count: int) -> None:
        """So many lines were added before the first; the match that was gone to stays the same line."""
        before = self.line
        self.again()
        if before is not None and before + count in self._lines:
            self._at = self._lines.index(before + count)

    def step(self, step: int) -> int | None:
        """The line of the next match, or of the one before, round the end; None where there is none."""
        if not self._lines:
            return None
        self._at = (self._at + step) % len(self._lines)
        return self.line

    def error_from(self, start: int) -> int | None:
        """The first line from that one on, round the end, that reads like an error; None where none does."""
        rows, total = self._rows, len(self._rows.lines)
        for line in chain(range(start, total), range(min(start, total))):
            if rows.is_shown(line) and speaks_of_error(rows.lines[line]):
                return line
        return None

"""Which row of the screen shows which line of a log: all of them or those that match, each on one row or wrapped.

Appending costs what is appended, whatever is there already; wrapping and filtering look at each line once.
Where a filter shows lines with their context, a row of its own parts the blocks and says how many lines it stands for.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from pyanamo_tui.tui.widgets.log_lines import LineKind, LinePattern, longest_of, rows_of

GAP: Final = -1
"""In place of a row of a line: the row before it that stands for the lines hidden there."""


class LogRows:
    """The lines of a log, and the rows they are shown on. Lines are numbered from 0, hidden ones too."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.longest = 0
        self._kinds: list[LineKind] | None = None
        self._notes: list[int] = []
        self._pattern: LinePattern | None = None
        self._context = 0
        self._hits: list[int] = []
        self._shown: list[int] | None = None
        self._width: int | None = None
        self._starts: list[int] = [0]

    def __len__(self) -> int:
        """How many rows there are."""
        return self._starts[-1] if self._laid_out else self.shown

    @property
    def shown(self) -> int:
        """How many lines are not hidden by the filter."""
        return len(self.lines) if self._shown is None else len(self._shown)

    @property
    def matched(self) -> int:
        """How many of the lines shown match the filter themselves, and are not around one that does."""
        return self.shown if self._pattern is None else len(self._hits)

    @property
    def pattern(self) -> LinePattern | None:
        """What lines are filtered by."""
        return self._pattern

    @property
    def context(self) -> int:
        """How many lines are shown around each that matches."""
        return self._context

    @property
    def _laid_out(self) -> bool:
        """Whether a line may take other than one row."""
        return self._width is not None or self._parted

    @property
    def _parted(self) -> bool:
        return self._pattern is not None and self._context > 0

    @property
    def has_kinds(self) -> bool:
        """Whether it is known where the lines come from."""
        return self._kinds is not None

    def kind(self, line: int) -> LineKind:
        """Where a line comes from."""
        return LineKind.OUT if self._kinds is None else self._kinds[line]

    def number(self, line: int, *, from_end: bool = False) -> int | None:
        """A line's number in its stream, from 1; or, where the beginning is not known, from the end: the last is -1.

        A heading has none.
        """
        if self.kind(line) is LineKind.NOTE:
            return None
        section = bisect_right(self._notes, line)
        if from_end:
            end = self._notes[section] if section < len(self._notes) else len(self.lines)
            return line - end
        return line - (self._notes[section - 1] if section else -1)

    # -- lines ----------------------------------------------------------------------------------

    def set(self, lines: Iterable[str], kinds: Iterable[LineKind] | None = None) -> None:
        """Hold other lines; the filter and the wrapping stay."""
        self.lines = list(lines)
        self._kinds = None if kinds is None else list(kinds)
        self._note_headings()
        self.longest = longest_of(self.lines)
        self._lay_out(0)

    def append(self, lines: Sequence[str], kinds: Iterable[LineKind] | None = None) -> None:
        """Add lines at the end."""
        first = len(self.lines)
        self._join_kinds(lines, kinds, at=first)
        self.lines.extend(lines)
        self.longest = longest_of(lines, self.longest)
        self._lay_out(first)

    def prepend(self, lines: Sequence[str], kinds: Iterable[LineKind] | None = None) -> None:
        """Add lines before the first: every line there was is numbered higher by as many."""
        self._join_kinds(lines, kinds, at=0)
        self.lines[:0] = lines
        self.longest = longest_of(lines, self.longest)
        self._lay_out(0)

    def _join_kinds(self, lines: Sequence[str], kinds: Iterable[LineKind] | None, at: int) -> None:
        if self._kinds is None and kinds is not None:
            self._kinds = [LineKind.OUT] * len(self.lines)
        if self._kinds is not None:
            self._kinds[at:at] = [LineKind.OUT] * len(lines) if kinds is None else kinds
            self._note_headings()

    def _note_headings(self) -> None:
        self._notes = [at for at, kind in enumerate(self._kinds or ()) if kind is LineKind.NOTE]

    def keep_first(self, count: int) -> None:
        """Let go of every line after the first so many."""
        del self.lines[count:]
        if self._kinds is not None:
            del self._kinds[count:]
            self._note_headings()
        self._lay_out(0)

    # -- rows -----------------------------------------------------------------------------------

    def filter(self, pattern: LinePattern | None, context: int = 0) -> None:
        """Show only lines that match, with so many lines before and after each; None shows all."""
        self._pattern, self._context = pattern, context
        self._lay_out(0)

    def wrap(self, width: int | None) -> None:
        """Fold lines at that many cells; None leaves each on one row."""
        if width != self._width:
            self._width = width
            self._lay_out(0)

    def at(self, row: int) -> tuple[int, int]:
        """The line on a row, and which row of that line it is: `GAP` for the one that parts two blocks."""
        if not self._laid_out:
            return self._line(row), 0
        entry = bisect_right(self._starts, row) - 1
        return self._line(entry), row - self._starts[entry] - self._gap(entry)

    def row(self, line: int) -> int:
        """The first row of a line, or of the next one shown where it is hidden."""
        entry = line if self._shown is None else bisect_left(self._shown, line)
        entry = min(entry, max(0, self.shown - 1))
        if not self._laid_out or not self.shown:
            return entry
        return self._starts[entry] + self._gap(entry)

    def hidden_before(self, line: int) -> int:
        """How many lines the filter hides between a line that is shown and the one shown before it."""
        if self._shown is None:
            return 0
        entry = bisect_left(self._shown, line)
        return line - (self._shown[entry - 1] if entry else -1) - 1

    def _gap(self, entry: int) -> int:
        """1 where a row parts this block from the one before, which it does not do before the first."""
        return int(self._parted and entry > 0 and self.hidden_before(self._line(entry)) > 0)

    def is_shown(self, line: int) -> bool:
        """Whether the filter lets a line be seen."""
        if self._shown is None:
            return True
        entry = bisect_left(self._shown, line)
        return entry < len(self._shown) and self._shown[entry] == line

    def search(self, pattern: LinePattern, first: int = 0) -> list[int]:
        """The lines shown that match, from that one on."""
        lines = self.lines
        among: Iterable[int] = range(first, len(lines))
        if self._shown is not None:
            among = self._shown[bisect_left(self._shown, first) :]
        return [line for line in among if pattern.matches(lines[line])]

    def _line(self, entry: int) -> int:
        return entry if self._shown is None else self._shown[entry]

    def _lay_out(self, first: int) -> None:
        """Work out the rows of the lines from `first` on; those before are as they were."""
        # A new line brings the lines before it into its context.
        first = max(0, first - self._context) if self._pattern is not None else first
        fresh: Sequence[int] = range(first, len(self.lines))
        kept = first
        if self._pattern is None:
            self._shown = None
        else:
            before = [] if self._shown is None else self._shown[: bisect_left(self._shown, first)]
            fresh = self._matching(self._pattern, first)
            kept = len(before)
            self._shown = [*before, *fresh]
        if not self._laid_out:
            self._starts = [0]
            return
        starts = self._starts[: kept + 1]
        row, lines, width = starts[-1], self.lines, self._width
        for entry, line in enumerate(fresh, start=kept):
            row += self._gap(entry) + (1 if width is None else rows_of(lines[line], width))
            starts.append(row)
        self._starts = starts

    def _matching(self, pattern: LinePattern, first: int) -> list[int]:
        """The lines to be shown from `first` on; counts those that match."""
        last, context = len(self.lines), self._context
        near = range(max(0, first - context), last)
        hits = [line for line in near if pattern.matches(self.lines[line])]
        before = bisect_left(self._hits, near.start)
        self._hits[before:] = hits
        if not context:
            return hits
        shown: set[int] = set()
        for line in hits:
            shown.update(range(max(first, line - context), min(last, line + context + 1)))
        return sorted(shown)

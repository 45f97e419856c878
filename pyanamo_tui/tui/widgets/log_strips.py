"""Draws one row of a log: its number, its stream, its text with what is looked for marked; or what is hidden there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from pyanamo_tui.tui.format import counted
from pyanamo_tui.tui.widgets.log_lines import KIND_SIGNS, LineKind, LinePattern, row_of, segments_of
from pyanamo_tui.tui.widgets.log_rows import GAP, LogRows
from pyanamo_tui.workflow.errorlines import speaks_of_error

CUT_SIGN: Final = "…"
"""Stands at the right where a line goes on beyond the screen."""
_NUMBER_GAP: Final = 2
_MOST_SPANS: Final = 500
"""Matches marked within one line."""

Named = Callable[[str], Style]
"""Gives the style of a component by its name."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a log is looked at.

    Attributes:
        width: cells of a row.
        x: cells that are scrolled away at the left; 0 where lines are wrapped.
        wrapped: whether a line takes as many rows as it needs.
        numbers: whether lines are numbered.
        from_end: the beginning is not there, so that they are numbered from the end.
        marked: the line that was gone to.
        pattern: what is looked for.
        current: the line of the match that was gone to.
    """

    width: int
    x: int
    wrapped: bool
    numbers: bool
    from_end: bool
    marked: int | None
    pattern: LinePattern | None
    current: int | None


def gutter_width(rows: LogRows, *, numbers: bool, from_end: bool) -> int:
    """Cells before the text: of the number and of the sign of the stream."""
    digits = _digits(rows, from_end=from_end) + _NUMBER_GAP if numbers else 0
    return digits + (2 if rows.has_kinds else 0)


def draw_row(rows: LogRows, row: int, sight: Sight, named: Named) -> Strip:
    """One row that there is, `sight.width` cells wide."""
    line, part = rows.at(row)
    if part == GAP:
        return _gap_strip(rows.hidden_before(line), sight.width, named("log--quiet"))
    gutter = _gutter(rows, line, part, sight, named)
    room = max(0, sight.width - gutter.cell_length)
    over = named("log--line") if line == sight.marked else Style.null()
    segments = _styled(rows, line, over, sight, named)
    if sight.wrapped:
        segments = row_of(segments, rows.lines[line], max(1, room), part)
    strip = Strip(segments)
    if strip.cell_length > sight.x + room > sight.x:
        cut = Segment(CUT_SIGN, named("log--quiet") + over)
        strip = Strip.join([strip.crop(sight.x, sight.x + room - 1).extend_cell_length(room - 1), Strip([cut])])
    else:
        strip = strip.crop_extend(sight.x, sight.x + room, over)
    return Strip.join([gutter, strip])


def _gap_strip(hidden: int, width: int, style: Style) -> Strip:
    words = f"── {counted(hidden, 'line')} "
    return Strip([Segment(words.ljust(width, "─")[:width], style)])


def _digits(rows: LogRows, *, from_end: bool) -> int:
    return len(str(len(rows.lines))) + from_end


def _gutter(rows: LogRows, line: int, part: int, sight: Sight, named: Named) -> Strip:
    """Number and kind; the further rows of a wrapped line carry the kind only."""
    segments = []
    if sight.numbers:
        number = None if part else rows.number(line, from_end=sight.from_end)
        text = "" if number is None else str(number)
        segments.append(
            Segment(text.rjust(_digits(rows, from_end=sight.from_end)) + " " * _NUMBER_GAP, named("log--number"))
        )
    if rows.has_kinds:
        kind = rows.kind(line)
        segments.append(Segment(KIND_SIGNS[kind], named("log--stderr" if kind is LineKind.ERR else "log--quiet")))
    return Strip(segments)


def _styled(rows: LogRows, line: int, over: Style, sight: Sight, named: Named) -> list[Segment]:
    text = rows.lines[line]
    under = Style.null()
    if rows.kind(line) is LineKind.NOTE:
        under = named("log--quiet")
    elif speaks_of_error(text):
        under = named("log--error")
    segments = [Segment(part, under + (style or Style.null()) + over) for part, style, _ in segments_of(text)]
    # Among lines that are there as context only, what the filter looked for is marked.
    pattern = sight.pattern or (rows.pattern if rows.context else None)
    if pattern is None:
        return segments
    return mark_spans(segments, pattern, named("log--current" if line == sight.current else "log--match"))


def mark_spans(segments: list[Segment], pattern: LinePattern, over: Style) -> list[Segment]:
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

"""How one line of a log is drawn: made safe, its colours kept, its width known, folded where it is wrapped.

Whatever a line holds, these cost little: measuring looks at the characters once, drawing only at the lines in sight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, chop_cells, get_character_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from pyanamo_tui.workflow.printable import TAB_COLUMNS, Colour, Sgr, printable, split_ansi

LONGEST_LINE: Final = 20_000
"""Characters of one line that are drawn; the rest is named by its length, and is whole in a saved log."""
_SGR: Final = re.compile("\x1b\\[[0-9;:]{0,64}m")
_SPECIAL: Final = frozenset("\\^$.|?*+()[]{}")


class LineKind(StrEnum):
    """Where a line comes from, in a view of both streams."""

    OUT = "out"
    ERR = "err"
    NOTE = "note"


KIND_SIGNS: Final = {LineKind.OUT: "  ", LineKind.ERR: "▎ ", LineKind.NOTE: "· "}
"""What stands before a line where lines of more than one kind are shown."""


def plain(line: str) -> str:
    """What is searched: the part of a line that is drawn, without its colour sequences."""
    shown = line[:LONGEST_LINE]
    return _SGR.sub("", shown) if "\x1b" in shown else shown


class LinePattern:
    """What a user looks for: a regular expression, or the text itself where it is none. Case does not matter."""

    def __init__(self, text: str) -> None:
        try:
            self._expression = re.compile(text, re.IGNORECASE)
        except re.error:
            self._expression = re.compile(re.escape(text), re.IGNORECASE)
        self._literal = None if _SPECIAL.intersection(text) else text.lower()

    def matches(self, line: str) -> bool:
        """Whether a line has it."""
        text = plain(line)
        if self._literal is not None:
            return self._literal in text.lower()
        return self._expression.search(text) is not None

    def spans(self, text: str, most: int) -> list[tuple[int, int]]:
        """Where a text has it: begin and end in characters, that many at most, none empty."""
        found: list[tuple[int, int]] = []
        for match in self._expression.finditer(text):
            if match.end() > match.start():
                found.append(match.span())
            if len(found) >= most:
                break
        return found


@lru_cache(maxsize=512)
def segments_of(line: str) -> tuple[Segment, ...]:
    """A line as styled runs of printable text; what is beyond the longest drawn is said in the last of them."""
    parts = [Segment(text, _rich_style(sgr)) for text, sgr in split_ansi(line[:LONGEST_LINE])]
    if rest := _rest_of(line):
        parts.append(Segment(rest, Style(reverse=True)))
    return tuple(parts)


def longest_of(lines: Iterable[str], least: int = 0) -> int:
    """Cells of the longest of these lines when they are not wrapped, and at least `least`."""
    longest = least
    for line in lines:
        # A sequence that is not shown only makes a line shorter; tabs and what is not ASCII may make it longer.
        if not line.isascii() or len(line) + (TAB_COLUMNS - 1) * line.count("\t") > longest:
            longest = max(longest, cells_of(line))
    return longest


def cells_of(line: str) -> int:
    """Cells that a line takes when it is not wrapped."""
    return len(line) if _simple(line) else _measure(line)[0]


def rows_of(line: str, width: int) -> int:
    """Rows of that many cells that a line takes when it is wrapped; an empty line takes one."""
    if len(line) <= width and line.isascii() and "\t" not in line:
        return 1
    cells, each_one = (len(line), True) if _simple(line) else _measure(line)
    if cells <= width:
        return 1
    return -(-cells // width) if each_one else len(_folds(line, width)) - 1


def row_of(segments: Iterable[Segment], line: str, width: int, row: int) -> list[Segment]:
    """The part of a line's segments that stands on one of its rows when it is wrapped."""
    cells, each_one = (len(line), True) if _simple(line) else _measure(line)
    if cells <= width:
        return list(segments)
    if each_one:
        start, end = row * width, (row + 1) * width
    else:
        start, end = _folds(line, width)[row : row + 2]
    part: list[Segment] = []
    at = 0
    for text, style, _ in segments:
        taken = text[max(0, start - at) : max(0, end - at)]
        if taken:
            part.append(Segment(taken, style))
        at += len(text)
        if at >= end:
            break
    return part


def _simple(line: str) -> bool:
    """Whether a line is drawn as it is, a cell for each character: what most logs are made of."""
    return len(line) <= LONGEST_LINE and line.isascii() and line.isprintable()


@lru_cache(maxsize=4096)
def _measure(line: str) -> tuple[int, bool]:
    """Cells of a line as it is drawn, and whether each character takes one."""
    text = _shown_text(line)
    if text.isascii() or all(get_character_cell_size(character) == 1 for character in set(text)):
        return len(text), True
    return cell_len(text), False


def _shown_text(line: str) -> str:
    """A line as it is drawn: the text of its segments, without the cost of their styles."""
    text = plain(line)
    if "\t" in text:
        # Where nothing else is to be made visible, this alone is what `printable` does, and much quicker.
        spaced = text.expandtabs(TAB_COLUMNS)
        text = spaced if spaced.isascii() and spaced.isprintable() else text
    return printable(text) + _rest_of(line)


def _rest_of(line: str) -> str:
    return f" … {len(line) - LONGEST_LINE:,} more characters" if len(line) > LONGEST_LINE else ""


@lru_cache(maxsize=1024)
def _folds(line: str, width: int) -> tuple[int, ...]:
    """The characters at which a line is folded, its beginning and end among them; no wide character is halved."""
    folds = [0]
    for part in chop_cells(_shown_text(line), width):
        folds.append(folds[-1] + len(part))
    return tuple(folds)


def _rich_style(sgr: Sgr) -> Style:
    return Style(
        color=_rich_colour(sgr.foreground),
        bgcolor=_rich_colour(sgr.background),
        bold=sgr.bold or None,
        dim=sgr.dim or None,
        italic=sgr.italic or None,
        underline=sgr.underline or None,
        reverse=sgr.reverse or None,
    )


def _rich_colour(colour: Colour | None) -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)

"""What a table shows of a row: its columns, how they share the width, and how a cell becomes safe text on a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pyanamo_tui.tui.format import fit
from pyanamo_tui.workflow.printable import printable

Row = TypeVar("Row")

GAP: Final = 2
"""Cells between two columns."""
SMALLEST_FLEXIBLE: Final = 8
_CHARACTERS_A_CELL: Final = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the component class that colours it (`state--failed`), if any."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column. `width` is in cells; a flexible one that `grows` also shares what room is left.

    Where there is too little a flexible one gives way, down to `least`. `sort_key` is what rows are ordered by; a
    column without one cannot be sorted by. `cut_middle`: what does not fit loses its middle, since both ends tell it
    from others.
    """

    key: str
    title: str
    width: int
    cell: Callable[[Row], Cell]
    right: bool = False
    flexible: bool = False
    sort_key: Callable[[Row], Any] | None = None
    cut_middle: bool = False
    least: int = SMALLEST_FLEXIBLE
    grows: bool = True

    @property
    def spare(self) -> int:
        """Cells that it gives way at the most."""
        return max(0, self.width - self.least) if self.flexible else 0

    def text(self, cell: Cell, width: int) -> str:
        """A cell's text in exactly that many cells of the terminal, with nothing in it that a terminal acts on."""
        # What cannot come into sight is not looked at: an id may have 2,048 bytes, and a cell may show foreign text.
        most = width * _CHARACTERS_A_CELL + _CHARACTERS_A_CELL
        text = cell.text
        if len(text) > most:
            text = f"{text[: most // 2]} … {text[-most // 2 :]}" if self.cut_middle else text[:most] + " …"
        return fit(printable(text), width, right=self.right, cut_middle=self.cut_middle)


def fixed_width(columns: Sequence[Column[Row]]) -> int:
    """Cells that the columns ask for, gaps between them included."""
    return sum(column.width + GAP for column in columns) - GAP if columns else 0


def smallest_width(columns: Sequence[Column[Row]]) -> int:
    """Cells that the columns need at the least, once the flexible ones have given way."""
    return fixed_width(columns) - sum(column.spare for column in columns)


def column_widths(columns: Sequence[Column[Row]], room: int) -> list[int]:
    """The width of each column where there are `room` cells: flexible ones share what is left, or what is missing."""
    left = room - fixed_width(columns)
    if left < 0:
        return _given_way(columns, -left)
    growing = [column.flexible and column.grows for column in columns]
    if not any(growing):
        growing = [column.flexible for column in columns]
    shares = sum(growing)
    widths = []
    for column, grows in zip(columns, growing, strict=True):
        share = left // shares if grows else 0
        widths.append(column.width + share)
        left -= share
        shares -= grows
    return widths


def _given_way(columns: Sequence[Column[Row]], missing: int) -> list[int]:
    """Each flexible column gives of what it can spare, in proportion, until nothing is missing or to spare."""
    spare = sum(column.spare for column in columns)
    missing = min(missing, spare)
    widths = []
    for column in columns:
        taken = -(-missing * column.spare // spare) if spare else 0
        widths.append(column.width - taken)
        missing -= taken
        spare -= column.spare
    return widths

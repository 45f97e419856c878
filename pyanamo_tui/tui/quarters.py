"""Nested items by quarter of their tasks done: rows for the overview and the nested screen, and their filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.widgets.bars import bar
from pyanamo_tui.tui.widgets.table_columns import Cell, Column
from pyanamo_tui.workflow.model import QUARTER_LABELS, Quarter

if TYPE_CHECKING:
    from collections.abc import Mapping

QUARTER_FILTERS: Final[Mapping[Quarter, str]] = {
    Quarter.TODO: "percent:0",
    Quarter.Q1: "percent>0 percent<=25",
    Quarter.Q2: "percent>25 percent<=50",
    Quarter.Q3: "percent>50 percent<=75",
    Quarter.Q4: "percent>75 percent<=99",
    Quarter.DONE: "percent:100",
}
"""The filter that leaves the nested items of a quarter."""


@dataclass(frozen=True, slots=True)
class QuarterRow:
    """One quarter: how many items are in it, and in the fullest."""

    quarter: Quarter
    number: int
    most: int


def quarter_rows(quarters: Mapping[Quarter, int]) -> tuple[QuarterRow, ...]:
    """A row for every quarter; none where there are no nested items."""
    most = max(quarters.values(), default=0)
    return tuple(QuarterRow(quarter, quarters.get(quarter, 0), most) for quarter in Quarter) if most else ()


def quarter_columns(bar_width: int) -> tuple[Column[QuarterRow], ...]:
    """Label, a bar of at most so many cells, the count."""

    def drawn(row: QuarterRow) -> Cell:
        style = "state--done" if row.quarter is Quarter.DONE else "state--locked"
        return Cell(bar(row.number / row.most, bar_width, empty=" ") if row.number else "", style)

    return (
        Column("quarter", "", 7, lambda row: Cell(QUARTER_LABELS[row.quarter], "table--quiet"), right=True),
        Column("bar", "", bar_width, drawn),
        Column("number", "", 7, lambda row: Cell(count(row.number), "" if row.number else "table--quiet"), right=True),
    )

"""How a table of the region is written out: its row, its health and cost in a few lines, its whole schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from pyanamo_tui.tui.format import clock, count, size
from pyanamo_tui.tui.widgets.table_columns import Cell, Column
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from pyanamo_tui.aws.tables import Capacity, TableInfo

_UNKNOWN: Final = "…"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One table as the list shows it.

    Attributes:
        name: its name.
        info: what AWS says of it; None until it does.
        work: what is being done to it from here, in words; empty for nothing.
        problem: why AWS does not tell of it.
    """

    name: str
    info: TableInfo | None = None
    work: str = ""
    problem: str = ""

    @property
    def rank(self) -> int:
        """Workflow tables, then those that could become some, then those not known yet, then the rest."""
        if self.info is None:
            return 2
        if self.info.is_workflow:
            return 0
        return 1 if self.info.key == (schema.ITEM_ID,) else 3


def health(row: TableRow) -> Cell:
    """In a few words: what is done to it, what is wrong, or that all is well."""
    info = row.info
    if row.work:
        return Cell(row.work, "state--locked")
    if row.problem:
        return Cell(row.problem, "state--failed")
    if info is None:
        return Cell(_UNKNOWN, "table--quiet")
    if info.status != "ACTIVE":
        return Cell(info.status.lower(), "state--locked")
    if info.key != (schema.ITEM_ID,):
        return Cell("not a workflow table", "table--quiet")
    if info.missing:
        return Cell(f"lacks {len(info.missing)} of {len(schema.STANDARD_INDEXES)} indexes", "state--failed")
    lacks = [
        words
        for absent, words in (
            (not info.has_summary_index, "no summary index"),
            (info.stream_arn is None, "no stream"),
        )
        if absent
    ]
    return Cell(", ".join(lacks), "state--locked") if lacks else Cell("good", "state--done")


def units(capacity: Capacity | None) -> str:
    """Provisioned units in few cells."""
    return "on-demand" if capacity is None else f"{capacity.read}r {capacity.write}w"


def _told(row: TableRow, words: str) -> Cell:
    return Cell(words if row.info is not None else _UNKNOWN, "table--quiet")


COLUMNS: Final = (
    Column[TableRow]("name", "TABLE", 22, lambda row: Cell(row.name), flexible=True, least=12, cut_middle=True),
    Column[TableRow](
        "items", "ITEMS", 9, lambda row: Cell(count(row.info.items) if row.info else _UNKNOWN), right=True
    ),
    Column[TableRow](
        "size", "SIZE", 8, lambda row: _told(row, size(row.info.size_bytes) if row.info else ""), right=True
    ),
    Column[TableRow]("capacity", "CAPACITY", 9, lambda row: _told(row, units(row.info.capacity) if row.info else "")),
    Column[TableRow](
        "protected", "PROT", 4, lambda row: _told(row, "yes" if row.info and row.info.protected else "no")
    ),
    Column[TableRow]("health", "HEALTH", 24, health, flexible=True, least=20),
)


def about(row: TableRow, findings: list[tuple[str, str, str]], costs: tuple[str, ...]) -> Text:
    """Health and cost of a table in a few lines. `findings`: severity, what, what to do."""
    text = Text()
    if row.problem:
        text.append(printable(row.problem) + "\n", "red")
    if row.work:
        text.append(f"{printable(row.work)}\n", "bold")
    for severity, what, remedy in findings:
        text.append(f"{severity:<7}", {"broken": "bold red", "advice": "yellow"}.get(severity, "dim"))
        text.append(f"{printable(what)}. ")
        text.append(f"{printable(remedy)}\n", "dim")
    if row.info is not None and not findings:
        text.append("good   ", "green")
        text.append("nothing is missing\n")
    for line in costs:
        text.append(f"cost   {printable(line)}\n", "dim")
    text.rstrip()
    return text


def schema_lines(info: TableInfo) -> str:
    """Everything that AWS says of a table, to be scrolled through and read."""
    facts = [
        ("ARN", info.arn),
        ("Status", info.status),
        ("Created", clock(info.created_at)),
        ("Key", " + ".join(info.key)),
        ("Items", f"{count(info.items)}, {size(info.size_bytes)}; AWS counts every six hours"),
        ("Capacity", _capacity(info.capacity)),
        ("Stream", f"{info.stream_view}, {info.stream_arn.rpartition('/')[2]}" if info.stream_arn else "off"),
        ("Protected", "yes" if info.protected else "no"),
    ]
    lines = [f"{label:<9}  {value}" for label, value in facts]
    lines += ["", f"Indexes: {len(info.indexes)}"]
    for index in info.indexes:
        state = index.status.lower() + (", being filled" if index.backfilling else "")
        keys = " + ".join(key for key in (index.partition_key, index.sort_key) if key)
        holds = {"ALL": "all attributes", "KEYS_ONLY": "keys alone"}.get(index.projection, "")
        holds = holds or f"keys and {', '.join(index.attributes)}"
        lines += [
            "",
            f"{index.name}  {state}",
            f"  keys      {keys}",
            f"  holds     {holds}",
            f"  items     {count(index.items)}, {size(index.size_bytes)}",
            f"  capacity  {_capacity(index.capacity)}",
        ]
    return "\n".join(lines)


def _capacity(capacity: Capacity | None) -> str:
    return "on-demand" if capacity is None else f"{capacity.read:,} read and {capacity.write:,} write units a second"

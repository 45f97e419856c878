"""The way out and back: a table as lines of JSON with exact types, and lists of items as CSV or JSON for other tools.

workspace.exporter.export("cohort7.jsonl")
workspace.exporter.restore("cohort7.jsonl")     # into the open table; what is there already is left alone
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from pyanamo_tui.aws.items import GET_BATCH, Items
from pyanamo_tui.aws.tables import TableInfo
from pyanamo_tui.core.bulkwrite import Existing
from pyanamo_tui.core.exportfile import ExportHeader, end_line, header_line, item_line, read_header, read_items
from pyanamo_tui.core.importer import Importer, Taking
from pyanamo_tui.core.importresult import ImportResult
from pyanamo_tui.core.importresult import Progress as ImportTold
from pyanamo_tui.core.importsource import opened
from pyanamo_tui.core.plan import Cancelled
from pyanamo_tui.core.wholefile import whole_file
from pyanamo_tui.errors import Interrupted
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.importfile import ParsedLine
from pyanamo_tui.workflow.model import ItemFacts
from pyanamo_tui.workflow.schema import Record

Progress = Callable[[int, int, int], None]
"""Told (items so far, items expected by AWS's count of up to six hours ago, bytes so far) after each page."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written, and the read units that it took."""

    items: int
    bytes: int
    read_units: float
    missing: tuple[str, ...] = ()
    """Ids that were asked for and do not exist."""


class FactsForm(StrEnum):
    """How a list of items is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"


class Exporter:
    """Exports the open table, and restores into it.

    Args:
        items: the table's.
        importer: writes what is restored.
        describe: the table as it is.
        region: noted in the export.
        clock: epoch seconds.
    """

    def __init__(
        self,
        items: Items,
        importer: Importer,
        *,
        describe: Callable[[], TableInfo],
        region: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._items = items
        self._importer = importer
        self._describe = describe
        self._region = region
        self._clock = clock

    def export(
        self,
        to: str | Path | IO[bytes],
        *,
        with_logs: bool = True,
        item_ids: Collection[str] | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> ExportResult:
        """Write items as they stand, page by page. A table that changes meanwhile is not caught at one moment.

        Args:
            to: a file, written whole or not at all, or an open binary stream.
            with_logs: with what the items keep of their logs; without, `Log` is left empty.
            item_ids: only these, in this order; None for the whole table.
            overwrite: replace a file that is there.
            progress: told after each page.
            cancelled: True ends it; no file is left.

        Raises:
            BadInput: the file is there already, or cannot be written.
            Interrupted: it was cancelled.
            TableNotFound, PermissionDenied, Throttled and so on: the table cannot be read.
        """
        expected = len(item_ids) if item_ids is not None else self._describe().items
        header = ExportHeader(self._items.table, self._region, self._clock(), with_logs, None)
        with _target(to, overwrite=overwrite) as (file, again):
            size, count, read_units = file.write(header_line(header)), 0, 0.0
            missing: list[str] = []
            for records, units in self._pages(item_ids, missing):
                if cancelled is not None and cancelled():
                    raise Interrupted("The export was cancelled; no file was written")
                for record in records:
                    size += file.write(item_line(record if with_logs else without_logs(record)))
                count += len(records)
                read_units += units
                if progress is not None:
                    progress(count, max(expected, count), size)
            size += file.write(end_line(count))
            if again:
                file.seek(0)
                known = ExportHeader(header.table, header.region, header.at, with_logs, count)
                file.write(header_line(known))
        return ExportResult(items=count, bytes=size, read_units=read_units, missing=tuple(missing))

    def _pages(
        self, item_ids: Collection[str] | None, missing: list[str]
    ) -> Iterator[tuple[tuple[Record, ...], float]]:
        if item_ids is None:
            start: Record | None = None
            while True:
                page = self._items.scan(start=start)
                yield page.records, page.read_units
                start = page.next_key
                if start is None:
                    return
        ids = list(dict.fromkeys(item_ids))
        for place in range(0, len(ids), GET_BATCH):
            asked = ids[place : place + GET_BATCH]
            found = self._items.get_many(asked)
            missing.extend(item_id for item_id in asked if item_id not in found)
            yield tuple(found[item_id] for item_id in asked if item_id in found), 0.0

    def describe_file(self, path: str | Path) -> ExportHeader:
        """Where an export came from, when, and how many items it holds.

        Raises:
            BadInput: it is no export, or cannot be read.
        """
        with opened(path, "restore") as source:
            return read_header(next(source.lines()), source.name)

    def restore(
        self,
        path: str | Path,
        *,
        existing: Existing = Existing.SKIP,
        good_lines_only: bool = False,
        restart: bool = False,
        progress: ImportTold | None = None,
        cancelled: Cancelled | None = None,
    ) -> ImportResult:
        """Put the items of an export into the open table, exactly as they were: states, logs and lock ids too.

        An interrupted one goes on where it stopped when it is run again.

        Args:
            path: the export, or `-` for standard input.
            existing: what becomes of ids that the table holds, as in `Importer.run`.
            good_lines_only: restore what can be read of a damaged export.
            restart, progress, cancelled: as in `Importer.run`.

        Raises:
            ImportRefused: the export is damaged, or with FAIL ids exist already. Nothing was written.
            BadInput: it is no export. The rest is as in `Importer.run`.
        """
        self._importer.refuse_read_only()
        info = self._describe()
        with opened(path, "restore") as source:

            def lines() -> Iterable[ParsedLine]:
                return read_items(source.lines(), source.name)

            checkpoint = self._importer.checkpoint(source, info, existing, ("restore",))
            return self._importer.take(
                source,
                lines,
                Taking("restore", checkpoint, existing, good_lines_only, restart),
                progress=progress,
                cancelled=cancelled,
            )


def without_logs(record: Record) -> Record:
    """The item with its log emptied; its states and counts stay as they are."""
    kept = {name: value for name, value in record.items() if name != schema.LIVE_TAIL}
    if schema.LOG in kept:
        kept[schema.LOG] = schema.mapping({})
    return kept


@contextmanager
def _target(to: str | Path | IO[bytes], *, overwrite: bool) -> Iterator[tuple[IO[bytes], bool]]:
    """Where to write, and whether its first line can be written again at the end."""
    if isinstance(to, str | Path):
        with whole_file(to, overwrite=overwrite) as file:
            yield file, file.seekable()
    else:
        yield to, False
        to.flush()


_FIELDS: Final = (
    "item",
    "state",
    "step",
    "owner",
    "locked_at",
    "ended_at",
    "exit_code",
    "attempts",
    "tasks",
    "tasks_ended",
    "tasks_failed",
    "percent_done",
    "signature",
    "wrong",
)
"""Columns of a list of items; times are ISO 8601 in UTC."""


def fact_fields(facts: ItemFacts) -> dict[str, str | int | None]:
    """One item as a row of a list for other tools, by the names of its columns."""
    return {
        "item": facts.item_id,
        "state": facts.state,
        "step": facts.step,
        "owner": facts.owner,
        "locked_at": _iso(facts.locked_at),
        "ended_at": _iso(facts.ended_at),
        "exit_code": facts.exit_code,
        "attempts": facts.attempts,
        "tasks": facts.nested_tasks,
        "tasks_ended": facts.log_length if facts.nested else None,
        "tasks_failed": facts.failed_tasks if facts.nested else None,
        "percent_done": facts.percent_done if facts.nested else None,
        "signature": facts.signature,
        "wrong": "; ".join(facts.debris) or None,
    }


_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(held: str | int | None) -> str | int | None:
    """A value that no spreadsheet takes for a formula: such texts get a `'` before them (OWASP, "CSV Injection")."""
    return f"'{held}" if isinstance(held, str) and held.startswith(_FORMULA_SIGNS) else held


def export_facts(
    facts: Iterable[ItemFacts],
    to: str | Path | IO[bytes],
    *,
    form: FactsForm = FactsForm.CSV,
    overwrite: bool = False,
) -> int:
    """Write a list of items for other tools: a header line and a row an item, or an object a line. Gives how many.

    In CSV a text that begins as a formula does (`=`, `+`, `-`, `@`) gets a `'` before it, since ids and error lines are
    foreign text that a spreadsheet would run; JSON Lines has every text as it is.

    Raises:
        BadInput: the file is there already, or cannot be written.
    """
    count = 0
    with _target(to, overwrite=overwrite) as (file, _):
        text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogatepass", newline="", write_through=True)
        try:
            writer = csv.DictWriter(text, _FIELDS)
            if form == FactsForm.CSV:
                writer.writeheader()
            for count, one in enumerate(facts, start=1):  # noqa: B007 - the count is the answer
                if form == FactsForm.CSV:
                    writer.writerow({name: _cell(held) for name, held in fact_fields(one).items()})
                else:
                    text.write(json.dumps(fact_fields(one)) + "\n")
        finally:
            text.detach()
    return count

"""The form of an export: one line of JSON an item between a header line and an end line, every type and byte kept.

    {"pyanamo_export":1,"table":"Cohort7","region":"eu-west-2","at":1795388400.0,"with_logs":true,"items":40000}
    {"itemID":{"S":"HG00096_align"},"taskID":{"S":"Align"},...}
    {"end":{"items":40000}}

`items` of the header is null where the export went into a pipe. A file without its end line was cut short.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from pyanamo_tui.errors import BadInput, InputProblem
from pyanamo_tui.workflow import dynamojson, schema
from pyanamo_tui.workflow.importfile import ItemLine, ParsedLine, ProblemLine
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.sizes import MAX_ITEM_BYTES, record_bytes

FORMAT: Final = 1
_FORMAT_KEY: Final = "pyanamo_export"
_COUNT_WIDTH: Final = 16


@dataclass(frozen=True, slots=True)
class ExportHeader:
    """Where an export came from, when (epoch seconds), and how many items it holds (None: it was not known yet)."""

    table: str
    region: str
    at: float
    with_logs: bool
    items: int | None


def header_line(header: ExportHeader) -> bytes:
    """The first line. It has the same length whatever the count, so that it can be written again at the end."""
    count = "null" if header.items is None else str(header.items)
    told = {
        _FORMAT_KEY: FORMAT,
        "table": header.table,
        "region": header.region,
        "at": round(header.at, 3),
        "with_logs": header.with_logs,
    }
    return f'{json.dumps(told, separators=(",", ":"))[:-1]},"items":{count.ljust(_COUNT_WIDTH)}}}\n'.encode("ascii")


def item_line(record: Record) -> bytes:
    """One item."""
    return dynamojson.dumps(record).encode("ascii") + b"\n"


def end_line(items: int) -> bytes:
    """The last line."""
    return json.dumps({"end": {"items": items}}, separators=(",", ":")).encode("ascii") + b"\n"


def read_header(line: bytes, name: str) -> ExportHeader:
    """What the first line says.

    Raises:
        BadInput: it is no export, or of a later form.
    """
    told = _parsed(line)
    if not isinstance(told, dict) or _FORMAT_KEY not in told:
        raise BadInput(f"{name} is not an export", "Give a file that `pyanamo-tui export` wrote.")
    if told[_FORMAT_KEY] != FORMAT:
        raise BadInput(f"{name} is an export of form {told[_FORMAT_KEY]}, not {FORMAT}", "Use a newer pyanamo-tui.")
    held = cast("dict[str, Any]", told)
    return ExportHeader(
        table=str(held.get("table", "")),
        region=str(held.get("region", "")),
        at=float(held.get("at") or 0.0),
        with_logs=bool(held.get("with_logs", True)),
        items=held.get("items"),
    )


def read_items(lines: Iterable[bytes], name: str) -> Iterator[ParsedLine]:
    """The items of an export, or what is wrong, line by line.

    Raises:
        BadInput: the first line is no export's.
    """
    offset = number = count = 0
    seen: dict[int, int] = {}
    ended: int | None = None
    for number, raw in enumerate(lines, start=1):
        offset += len(raw)
        if number == 1:
            read_header(raw, name)
            continue
        if not raw.strip():
            continue
        told = _parsed(raw)
        if isinstance(told, dict) and set(told) == {"end"} and "items" in cast("dict[str, Any]", told["end"]):
            ended = cast("dict[str, Any]", told["end"])["items"]
            continue
        count += 1
        what = _unfit(told, seen, number)
        if what:
            yield ProblemLine(number, offset, InputProblem(number, what), raw)
        else:
            record = cast("Record", told)
            yield ItemLine(number, offset, record, record_bytes(record))
    if ended is None:
        yield ProblemLine(number, offset, InputProblem(number, "the export ends here without its end line"), b"")
    elif ended != count:
        what = f"the export says that it holds {ended} items, and has {count}"
        yield ProblemLine(number, offset, InputProblem(number, what), b"")


def _parsed(line: bytes) -> object:
    try:
        return dynamojson.loads(line)
    except (ValueError, RecursionError):
        return None


def _unfit(told: object, seen: dict[int, int], number: int) -> str:
    """Why a line gives no item; empty for one that does."""
    if not isinstance(told, dict):
        return "it is not a line of an export"
    wrong = next((name for name, value in told.items() if not _is_value(value)), None)
    if wrong is not None:
        return f"{wrong!r} is not a DynamoDB value"
    item_id = told.get(schema.ITEM_ID, {}).get("S")
    if not item_id:
        return f"it has no {schema.ITEM_ID}"
    first = seen.setdefault(hash(item_id), number)
    if first != number:
        return f"the same {schema.ITEM_ID} is on line {first}"
    size = record_bytes(cast("Record", told))
    return f"the item has {size // 1024:,} KB; DynamoDB takes 400 KB" if size > MAX_ITEM_BYTES else ""


def _is_value(value: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(value, dict) or len(value) != 1:
        return False
    kind, held = next(iter(value.items()))
    match kind, held:
        case ("S" | "N", str()) | ("B", bytes()) | ("NULL" | "BOOL", bool()):
            return True
        case "M", dict():
            return all(_is_value(inner) for inner in held.values())
        case "L", list():
            return all(_is_value(inner) for inner in held)
        case "SS" | "NS", list():
            return all(isinstance(inner, str) for inner in held)
        case "BS", list():
            return all(isinstance(inner, bytes) for inner in held)
    return False

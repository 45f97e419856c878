"""An item as JSON to read and to copy: DynamoDB's own form with every type, or the plain values alone.

Pure: lines out of a record. The colours are the escape sequences that the log view shows as colours.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Final

from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import AttributeValue, Record

FOLD_AT: Final = 2_000
"""Characters after which a text without line ends is folded on the screen."""
_FIRST: Final[tuple[str, ...]] = (schema.ITEM_ID, schema.STATE, schema.STEP)
_INDENT: Final = "  "
_KEY, _TEXT, _NUMBER, _WORD, _END = "\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[39m"


class _Number(str):
    """A number as DynamoDB holds it, to the last digit; written without quotes."""

    __slots__ = ()


_Tree = None | bool | str | list["_Tree"] | dict[str, "_Tree"]


def _exact(value: object) -> _Tree:
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, dict):
        return {str(name): _exact(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_exact(inner) for inner in value]
    return value if value is None or isinstance(value, bool | str) else str(value)


def _plain(value: AttributeValue) -> _Tree:
    match dict(value):
        case {"M": dict(held)}:
            return {name: _plain(inner) for name, inner in held.items()}
        case {"L": list(held)}:
            return [_plain(inner) for inner in held]
        case {"N": str(held)}:
            return _Number(held)
        case {"NS": list(held)}:
            return [_Number(number) for number in held]
        case {"NULL": _}:
            return None
        case {"S": held} | {"BOOL": held} | {"B": held} | {"SS": held} | {"BS": held}:
            return _exact(held)
    return _exact(dict(value))


def _tree(record: Record, *, exact: bool) -> dict[str, _Tree]:
    names: list[str] = [name for name in _FIRST if name in record]
    names += sorted(name for name in record if name not in _FIRST)
    return {name: _exact(record[name]) if exact else _plain(record[name]) for name in names}


def json_text(record: Record, *, exact: bool) -> str:
    """Valid JSON, indented, without colours: what is copied.

    Args:
        record: the item as DynamoDB holds it.
        exact: with DynamoDB's types (`{"S": …}`); else the values alone. Binary is base64 in both.
    """
    return "\n".join(_lines(_tree(record, exact=exact), "", "", "", screen=False))


def json_lines(record: Record, *, exact: bool) -> list[str]:
    """The same for the screen: in colours, long texts folded after each line end in them."""
    return list(_lines(_tree(record, exact=exact), "", "", "", screen=True))


def _lines(value: _Tree, indent: str, name: str, comma: str, *, screen: bool) -> Iterator[str]:
    lead = indent + name
    if isinstance(value, dict | list) and value:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        if (
            isinstance(value, dict)
            and len(value) == 1
            and not isinstance(inner := next(iter(value.values())), dict | list)
        ):
            (only,) = value
            yield from _scalar(inner, indent, f"{lead}{{{_named(only, screen=screen)}", f"}}{comma}", screen=screen)
            return
        yield lead + opening
        last = len(value) - 1
        entries = value.items() if isinstance(value, dict) else (("", inner) for inner in value)
        for place, (key, held) in enumerate(entries):
            label = _named(key, screen=screen) if isinstance(value, dict) else ""
            yield from _lines(held, indent + _INDENT, label, "" if place == last else ",", screen=screen)
        yield f"{indent}{closing}{comma}"
        return
    if isinstance(value, dict | list):
        yield f"{lead}{'{}' if isinstance(value, dict) else '[]'}{comma}"
        return
    yield from _scalar(value, indent, lead, comma, screen=screen)


def _named(key: str, *, screen: bool) -> str:
    written = json.dumps(key, ensure_ascii=False)
    return f"{_KEY}{written}{_END}: " if screen else f"{written}: "


def _scalar(value: _Tree, indent: str, lead: str, end: str, *, screen: bool) -> Iterator[str]:
    if isinstance(value, _Number):
        written, colour = str(value), _NUMBER
    elif isinstance(value, str):
        written, colour = json.dumps(value, ensure_ascii=False), _TEXT
    else:
        written, colour = json.dumps(value), _WORD
    if not screen:
        yield f"{lead}{written}{end}"
        return
    first, *more = _folded(value, written) if isinstance(value, str) and not isinstance(value, _Number) else [written]
    if not more:
        yield f"{lead}{colour}{first}{_END}{end}"
        return
    yield f"{lead}{colour}{first}{_END}"
    under = indent + _INDENT * 2
    yield from (f"{under}{colour}{part}{_END}" for part in more[:-1])
    yield f"{under}{colour}{more[-1]}{_END}{end}"


def _folded(text: str, written: str) -> list[str]:
    """A text's JSON in parts: one a line of the text, and none longer than `FOLD_AT` characters of it."""
    if "\n" not in text and len(written) <= FOLD_AT:
        return [written]
    parts = []
    for line in text.splitlines(keepends=True) if text else [""]:
        for at in range(0, len(line), FOLD_AT):
            parts.append(json.dumps(line[at : at + FOLD_AT], ensure_ascii=False)[1:-1])
    return [
        ('"' if place == 0 else "") + part + ('"' if place == len(parts) - 1 else "")
        for place, part in enumerate(parts)
    ]

"""What differs between an item as it was and as it became, attribute by attribute: what a change did to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.workflow import dynamojson
from pyanamo_tui.workflow.schema import AttributeValue, Record

_NONE: Final[Mapping[str, AttributeValue]] = {}
_UNQUOTED: Final = frozenset({"S", "N"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute that is not what it was.

    Attributes:
        name: of the attribute; of a value within maps the whole way to it, `TaskScript.Task_3.Status`.
        before, after: its value in words; None where there was or is none.
    """

    name: str
    before: str | None
    after: str | None


def differences(before: Record | None, after: Record | None) -> Iterator[Difference]:
    """What differs, by name; maps that were and are there are compared within. None is "no such item"."""
    yield from _within("", before or _NONE, after or _NONE)


def value_words(value: AttributeValue) -> str:
    """A value on one line: text and numbers as they are, all else as DynamoDB's own JSON."""
    kind, held = next(iter(value.items()), ("", ""))
    if kind in _UNQUOTED and isinstance(held, str):
        return held if held else '""'
    if kind == "BOOL":
        return json.dumps(held)
    return dynamojson.dumps(dict(value))


def _within(
    way: str, before: Mapping[str, AttributeValue], after: Mapping[str, AttributeValue]
) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        was, became = before.get(name), after.get(name)
        if was is not None and became is not None:
            if dynamojson.same_value(was, became):
                continue
            if "M" in was and "M" in became:
                yield from _within(f"{way}{name}.", was["M"], became["M"])
                continue
        words = (None if value is None else value_words(value) for value in (was, became))
        yield Difference(way + name, *words)

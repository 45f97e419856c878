"""Records as lines of JSON and back, every type and byte kept: what journals and exports are written in.

The form is DynamoDB's own ("DynamoDB JSON", AWS: "DynamoDB low-level API"): `{"itemID": {"S": "x"}}`, binary as base64.
"""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import cast

from pyanamo_tui.workflow.schema import AttributeValue, Record


def _binary(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    raise TypeError(f"{type(value).__name__} is no part of a record")


def _restored(pairs: dict[str, object]) -> dict[str, object]:
    # The value of an attribute is always a map, so text below "B" is a value's base64, never an attribute of that name.
    single, several = pairs.get("B"), pairs.get("BS")
    if isinstance(single, str):
        return {"B": base64.b64decode(single, validate=True)}
    if isinstance(several, list):
        return {"BS": [base64.b64decode(part, validate=True) for part in several]}
    return pairs


def dumps(value: object) -> str:
    """One line of ASCII JSON for a record, or for JSON values that hold records. No line feed is in it.

    Raises:
        TypeError: something in it is neither JSON nor bytes.
    """
    return json.dumps(value, default=_binary, separators=(",", ":"))


def loads(line: str | bytes) -> object:
    """What `dumps` was given.

    Raises:
        ValueError: the line is not JSON, or holds binary that is not base64.
    """
    return json.loads(line, object_hook=_restored)


def load_record(line: str | bytes) -> Record:
    """A record from one line.

    Raises:
        ValueError: the line is not JSON, or not a JSON object.
    """
    value = loads(line)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return cast("Record", value)


def same(one: Record | None, other: Record | None) -> bool:
    """Whether DynamoDB holds these two for equal: sets in any order, numbers by value. None is "no item"."""
    if one is None or other is None:
        return one is other
    return one == other or (one.keys() == other.keys() and all(same_value(one[name], other[name]) for name in one))


def same_value(one: AttributeValue, other: AttributeValue) -> bool:
    """Whether two attribute values are equal to DynamoDB."""
    if one == other:
        return True
    if one.keys() != other.keys():
        return False
    if "N" in one:
        return Decimal(one["N"]) == Decimal(other["N"])
    if "M" in one:
        return same(one["M"], other["M"])
    if "L" in one:
        return len(one["L"]) == len(other["L"]) and all(map(same_value, one["L"], other["L"]))
    if "NS" in one:
        return {Decimal(number) for number in one["NS"]} == {Decimal(number) for number in other["NS"]}
    if "SS" in one:
        return set(one["SS"]) == set(other["SS"])
    return "BS" in one and set(one["BS"]) == set(other["BS"])

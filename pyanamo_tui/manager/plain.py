"""Items as plain Python values, the way scripts read them: text, whole numbers, dicts and lists.

boto3 gives numbers as `Decimal`; here a whole one is an `int`, any other a `float`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pyanamo_tui.workflow.schema import AttributeValue, Record

PlainItem = dict[str, Any]
"""An item by attribute name; what its values are depends on the attribute (docs/wire-format.md)."""


def plain_item(record: Record) -> PlainItem:
    """An item, or part of one, as plain values."""
    return {name: plain(value) for name, value in record.items()}


def plain(value: AttributeValue) -> object:
    """One attribute value as a plain one; DynamoDB's null is None."""
    match value:
        case {"S": str(text)}:
            # Records made here hold members of StrEnum, which print otherwise.
            return str(text)
        case {"N": str(digits)}:
            return _number(digits)
        case {"M": dict(entries)}:
            return {name: plain(entry) for name, entry in entries.items()}
        case {"L": list(entries)}:
            return [plain(entry) for entry in entries]
        case {"NS": list(numbers)}:
            return {_number(digits) for digits in numbers}
        case {"SS": list(members)} | {"BS": list(members)}:
            return set(members)
        case {"B": data} | {"BOOL": data}:
            return data
    return None


def _number(digits: str) -> int | float:
    number = Decimal(digits)
    return int(number) if number == number.to_integral_value() else float(number)

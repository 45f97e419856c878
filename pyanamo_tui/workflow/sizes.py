"""How many bytes an item counts for, by AWS's own rule ("DynamoDB item sizes and formats")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyanamo_tui.workflow.schema import AttributeValue

MAX_ITEM_BYTES: Final = 400 * 1024


def value_bytes(value: AttributeValue) -> int:
    """Bytes one value counts for towards the item's 400 KB."""
    size = 1
    if "S" in value:
        size = len(value["S"].encode())
    elif "N" in value:
        size = len(value["N"].lstrip("-").replace(".", "")) // 2 + 2
    elif "B" in value:
        size = len(value["B"])
    elif "M" in value:
        size = 3 + sum(1 + len(key.encode()) + value_bytes(inner) for key, inner in value["M"].items())
    elif "L" in value:
        size = 3 + sum(1 + value_bytes(inner) for inner in value["L"])
    elif "SS" in value:
        size = sum(len(inner.encode()) for inner in value["SS"])
    elif "NS" in value:
        size = sum(len(inner) // 2 + 2 for inner in value["NS"])
    elif "BS" in value:
        size = sum(len(inner) for inner in value["BS"])
    return size


def record_bytes(record: Mapping[str, AttributeValue]) -> int:
    """Bytes an item counts for towards DynamoDB's 400 KB."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in record.items())

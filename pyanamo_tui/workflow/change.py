"""A change to one item as a value: what must be true first, what is set, removed and counted up, in one write.

`transitions.py` makes Changes, `aws/expressions.py` renders them for DynamoDB, and `apply` here does to a
record in memory what DynamoDB would: undo needs the outcome, and the property tests need the judge.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyanamo_tui.workflow.schema import (
    ATTEMPTS,
    DONE_DATE,
    FACT_ATTRIBUTES,
    FAILED_TASKS,
    ITEM_ID,
    LIVE_TAIL,
    LOCK_DATE,
    LOCK_ID,
    LOG,
    LOG_LENGTH,
    NESTED_TASKS,
    OWNER,
    SCRIPT,
    STATE,
    STATUS,
    AttributeValue,
    Record,
    float_of,
)

Path = tuple[str, ...]
"""Attribute names from the item down: `("TaskScript", "Task_0", "Status")`."""


@dataclass(frozen=True, slots=True)
class Exists:
    """The attribute is there."""

    path: Path


@dataclass(frozen=True, slots=True)
class Absent:
    """The attribute is not there."""

    path: Path


@dataclass(frozen=True, slots=True)
class Equals:
    """The attribute is there and is exactly this, type included."""

    path: Path
    value: AttributeValue


@dataclass(frozen=True, slots=True)
class Below:
    """The attribute is a number below this one."""

    path: Path
    limit: float


Condition = Exists | Absent | Equals | Below


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional write to one existing item. All conditions must hold; then all of it happens, or none."""

    conditions: tuple[Condition, ...]
    sets: Mapping[Path, AttributeValue] = field(default_factory=dict)
    removes: frozenset[Path] = frozenset()
    increments: Mapping[Path, int] = field(default_factory=dict)


def value_at(record: Mapping[str, AttributeValue], path: Path) -> AttributeValue | None:
    """The value at a path, or None where any part of the way is missing."""
    value = record.get(path[0])
    for name in path[1:]:
        if value is None:
            return None
        value = value.get("M", {}).get(name)
    return value


def holds(condition: Condition, record: Record | None) -> bool:
    """Whether a condition is true of an item (None: there is no such item)."""
    found = None if record is None else value_at(record, condition.path)
    match condition:
        case Exists():
            return found is not None
        case Absent():
            return found is None
        case Equals(value=value):
            return found == value
        case Below(limit=limit):
            held = None if found is None or "N" not in found else float_of({"n": found}, "n")
            return held is not None and held < limit


def apply(change: Change, record: Record | None) -> Record | None:
    """What the item is after the change, or None if a condition does not hold. The argument is not touched.

    Raises:
        ValueError: the change sets something below a map that is not there, which DynamoDB refuses.
    """
    if not all(holds(condition, record) for condition in change.conditions):
        return None
    after = copy.deepcopy(record or {})
    for path, value in change.sets.items():
        _parent(after, path)[path[-1]] = value
    for path, amount in change.increments.items():
        parent = _parent(after, path)
        parent[path[-1]] = {"N": str(int(float_of(parent, path[-1]) or 0) + amount)}
    for path in change.removes:
        if value_at(after, path) is not None:
            del _parent(after, path)[path[-1]]
    return after


UNCHANGED_BY: Final = (
    STATE,
    LOCK_ID,
    LOCK_DATE,
    DONE_DATE,
    OWNER,
    LOG_LENGTH,
    NESTED_TASKS,
    FAILED_TASKS,
    ATTEMPTS,
)
"""Attributes by which a person's change knows that an item is still the one that was planned on."""


def unchanged(record: Record, *, script_too: bool = False) -> tuple[Condition, ...]:
    """That the item is still what was read: every attribute that any writer moves is as it was.

    `script_too` compares the script or tasks whole, for changes that were planned from the tasks' statuses.
    """
    names = (*UNCHANGED_BY, SCRIPT) if script_too else UNCHANGED_BY
    return (
        Exists((ITEM_ID,)),
        *(Equals((name,), record[name]) if name in record else Absent((name,)) for name in names),
    )


COMPARED_TASKS: Final = 100
"""Tasks whose statuses one condition can name: AWS takes expressions of 4 KB ("Expression limits")."""


def tasks_unchanged(record: Record, keys: Collection[str] = ()) -> tuple[Condition, ...]:
    """That the statuses of a nested item's tasks are what was read, so that counts made from them are right.

    Of an item with more than a hundred tasks only those of `keys` are compared.
    """
    tasks = (value_at(record, (SCRIPT,)) or {}).get("M", {})
    compared = tasks if len(tasks) <= COMPARED_TASKS else [key for key in keys if key in tasks]
    paths = [(SCRIPT, key, STATUS) for key in compared if "M" in tasks[key]]
    statuses = [(path, value_at(record, path)) for path in paths]
    return tuple(Absent(path) if value is None else Equals(path, value) for path, value in statuses)


def exactly(record: Record) -> tuple[Condition, ...]:
    """That the item is byte for byte this, for undo and delete: an attribute added since is noticed too, where it is
    one that any software is known to write.
    """
    known = {*FACT_ATTRIBUTES, SCRIPT, LOG, LIVE_TAIL, *record} - {ITEM_ID}
    return (
        Exists((ITEM_ID,)),
        *(Equals((name,), record[name]) if name in record else Absent((name,)) for name in sorted(known)),
    )


FOLD_ABOVE: Final = 60
"""Paths beyond which a change is folded: AWS takes expressions of 4 KB and 300 operators ("Expression limits")."""


def fold(change: Change, record: Record) -> Change:
    """The same change with few paths: where many parts of an attribute change, the whole attribute is written.

    Only for changes made from this very record: each attribute written whole is also a condition, so that nothing that
    another writer put into it since can be lost.
    """
    if len(change.sets) + len(change.removes) <= FOLD_ABOVE:
        return change
    after = apply(Change((), change.sets, change.removes), record) or {}
    inner = {path for path in (*change.sets, *change.removes) if len(path) > 1}
    whole = sorted({path[0] for path in inner})
    known = {condition.path for condition in change.conditions if isinstance(condition, Equals)}
    return Change(
        conditions=(*change.conditions, *(Equals((name,), record[name]) for name in whole if (name,) not in known)),
        sets={
            **{path: value for path, value in change.sets.items() if path not in inner},
            **{(name,): after[name] for name in whole},
        },
        removes=frozenset(path for path in change.removes if path not in inner),
        increments=change.increments,
    )


def _parent(record: Record, path: Path) -> dict[str, AttributeValue]:
    inner: dict[str, AttributeValue] = record
    for depth, name in enumerate(path[:-1]):
        below = inner.get(name, {}).get("M")
        if below is None:
            raise ValueError(f"There is no map at {'.'.join(path[: depth + 1])}")
        inner = below
    return inner

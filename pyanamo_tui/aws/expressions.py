"""Every Key, Condition, Update and Projection expression: the only module that writes DynamoDB's grammar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Absent, Below, Change, Condition, Equals, Exists, Path
from pyanamo_tui.workflow.schema import AttributeValue


class Rendered(TypedDict, total=False):
    """Expression arguments of a DynamoDB request."""

    ConditionExpression: str
    UpdateExpression: str
    KeyConditionExpression: str
    FilterExpression: str
    ProjectionExpression: str
    ExpressionAttributeNames: dict[str, str]
    ExpressionAttributeValues: dict[str, AttributeValue]


@dataclass(slots=True)
class _Placeholders:
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, AttributeValue] = field(default_factory=dict)

    def path(self, path: Path) -> str:
        parts = []
        for name in path:
            if name not in self.names:
                self.names[name] = f"#n{len(self.names)}"
            parts.append(self.names[name])
        return ".".join(parts)

    def value(self, value: AttributeValue) -> str:
        key = f":v{len(self.values)}"
        self.values[key] = value
        return key

    def into(self, rendered: Rendered) -> Rendered:
        if self.names:
            rendered["ExpressionAttributeNames"] = {alias: name for name, alias in self.names.items()}
        if self.values:
            rendered["ExpressionAttributeValues"] = self.values
        return rendered


def _condition(condition: Condition, use: _Placeholders) -> str:
    where = use.path(condition.path)
    match condition:
        case Exists():
            return f"attribute_exists({where})"
        case Absent():
            return f"attribute_not_exists({where})"
        case Equals(value=value):
            return f"{where} = {use.value(value)}"
        case Below(limit=limit):
            return f"{where} < {use.value(schema.number(limit))}"


def _conditions(conditions: Iterable[Condition], use: _Placeholders) -> str:
    return " AND ".join(_condition(condition, use) for condition in conditions)


def update(change: Change) -> Rendered:
    """`UpdateItem` arguments for a change. The item's existence is always a condition: an update never creates."""
    use = _Placeholders()
    conditions = change.conditions
    if Exists((schema.ITEM_ID,)) not in conditions:
        conditions = (Exists((schema.ITEM_ID,)), *conditions)
    clauses = [f"{use.path(path)} = {use.value(value)}" for path, value in change.sets.items()]
    if change.increments:
        zero = use.value(schema.number(0))
        for path, amount in change.increments.items():
            where = use.path(path)
            clauses.append(f"{where} = if_not_exists({where}, {zero}) + {use.value(schema.number(amount))}")
    parts = ["SET " + ", ".join(clauses)] if clauses else []
    if change.removes:
        parts.append("REMOVE " + ", ".join(use.path(path) for path in sorted(change.removes)))
    return use.into({"UpdateExpression": " ".join(parts), "ConditionExpression": _conditions(conditions, use)})


def condition(conditions: Sequence[Condition]) -> Rendered:
    """`PutItem` or `DeleteItem` arguments for conditions that must all hold; nothing for none."""
    if not conditions:
        return {}
    use = _Placeholders()
    return use.into({"ConditionExpression": _conditions(conditions, use)})


def projection(names: Sequence[str]) -> Rendered:
    """Only these top-level attributes."""
    use = _Placeholders()
    return use.into({"ProjectionExpression": ", ".join(use.path((name,)) for name in names)})


def state_query(state: str, attributes: Sequence[str] | None, id_prefix: str = "") -> Rendered:
    """The items of one state in an index keyed by `ItemState`, with these attributes or all.

    `id_prefix`, where the index is sorted by `itemID`: those alone whose id begins so.
    """
    use = _Placeholders()
    rendered: Rendered = {"KeyConditionExpression": f"{use.path((schema.STATE,))} = {use.value(schema.text(state))}"}
    if id_prefix:
        begins = f"begins_with({use.path((schema.ITEM_ID,))}, {use.value(schema.text(id_prefix))})"
        rendered["KeyConditionExpression"] += f" AND {begins}"
    if attributes is not None:
        rendered["ProjectionExpression"] = ", ".join(use.path((name,)) for name in attributes)
    return use.into(rendered)

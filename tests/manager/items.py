"""What the tests of the manager client put into tables and read off them."""

from __future__ import annotations

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Item
from pyanamo_tui.workflow.schema import AttributeValue, Record, text
from tests.core.places import single

JOB = "4e1f2a3b-0c0d-4e4f-8a8b-1234567890ab"
HOSTILE_IDS = ("with spaces", 'quote\'s "both"', "line\nfeed\r\n", "🧬 é", "\x1b[31mred\x1b[0m", "x" * 1024)


def ids(workspace: Workspace) -> set[str]:
    return {schema.record_id(record) for record in workspace.items.scan().records}


def counts(item: Item) -> tuple[int | None, int | None, int | None]:
    return item.facts.nested_tasks, item.facts.log_length, item.facts.failed_tasks


def locked(item_id: str, owner: str, **extra: AttributeValue) -> Record:
    return single(item_id, "locked", **{"InstanceID": text(owner), "lockID": text("L" * 30), **extra})

"""Import, requeue and delete of 10,000 items, against the fewest and barest requests that could do it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.places import cut, ended, fill, in_parts, new_table, server, waiting
from benchmarks.report import Figure, by_rate, seconds
from pyanamo_tui.aws.inserts import Inserts, Way
from pyanamo_tui.aws.items import GET_BATCH, WRITE_BATCH, key_of
from pyanamo_tui.core.importer import Importer
from pyanamo_tui.core.plan import Plan
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.workflow.schema import Record, record_id
from tests.standins import Kind

COUNT = 10_000
ROUNDS = 2


def _put_requests(table: str, records: list[Record]) -> list[dict[str, Any]]:
    return [{table: [{"PutRequest": {"Item": record}} for record in part]} for part in cut(records, WRITE_BATCH)]


def _bare(workspace: Workspace, requests: list[dict[str, Any]]) -> None:
    client = workspace.connection.dynamodb

    def send(request: dict[str, Any]) -> None:
        if client.batch_write_item(RequestItems=request).get("UnprocessedItems"):
            raise RuntimeError("the server left writes unprocessed")

    in_parts(requests, send)


def _import(kind: Kind, way: Way, records: list[Record], told: str) -> Figure:
    with tempfile.TemporaryDirectory() as folder, server(kind) as url:
        path = Path(folder) / "in.txt"
        lines = (f"{record_id(r)}|{r['taskID']['S']}|{r['TaskScript']['S']}\n" for r in records)
        path.write_text("itemID|TaskID|TaskScript\n" + "".join(lines))

        def ours() -> float:
            one = new_table(url)
            inserts = Inserts(one.connection, one.table, way=way)
            importer = Importer(one.items, inserts, one.journal, describe=one.describe)

            def work() -> None:
                if importer.run(path).written != len(records) or inserts.way is not way:
                    raise RuntimeError("not every item was written in the way that is measured")

            spent = seconds(work)
            one.tables.delete(one.table)
            return spent

        def floor() -> float:
            one = new_table(url)
            requests = _put_requests(one.table, records)
            spent = seconds(lambda: _bare(one, requests))
            one.tables.delete(one.table)
            return spent

        floor()  # What a server does slowly at first is nobody's.
        pairs = [(ours(), floor()) for _ in range(ROUNDS)]
    return by_rate(
        f"import {len(records):,} items, {told}", "bare BatchWriteItem, 8 threads", kind.value, len(records), pairs
    )


def importing() -> list[Figure]:
    """Import of a file, in both ways of writing, against unconditional batches made ready before."""
    records = waiting(COUNT)
    return [
        _import(Kind.DYNALITE, Way.PUTS, records, "by single puts"),
        _import(Kind.DYNAMODB_LOCAL, Way.STATEMENTS, records, "by statements, as at AWS"),
    ]


def _look(workspace: Workspace, ids: list[str]) -> None:
    """Pre-images, as the floor has to have them too."""
    in_parts(cut(ids, GET_BATCH), workspace.items.get_many)


def _bulk(
    what: str, against: str, kind: Kind, count: int, ours: Callable[..., Any], floor: Callable[..., Any]
) -> Figure:
    records = ended(count, "failed")
    ids = [record_id(record) for record in records]
    pairs = []
    with server(kind) as url:
        for _ in range(ROUNDS):
            spent = []
            for work in (ours, floor):
                one = new_table(url)
                fill(one, records)
                spent.append(seconds(partial(work, one, ids)))
                one.tables.delete(one.table)
            pairs.append((spent[0], spent[1]))
    return by_rate(what, against, kind.value, count, pairs)


def _apply(workspace: Workspace, plan: Plan, ids: list[str]) -> None:
    if workspace.actions.apply(plan).changed != len(ids):
        raise RuntimeError("not every item was changed")


def requeueing() -> list[Figure]:
    """Requeue against a look at each item and a bare conditional update of each."""

    def ours(workspace: Workspace, ids: list[str]) -> None:
        _apply(workspace, workspace.actions.requeue(ids, look=False), ids)

    def floor(workspace: Workspace, ids: list[str]) -> None:
        _look(workspace, ids)
        client: Any = workspace.connection.dynamodb

        def update(item_id: str) -> None:
            client.update_item(
                TableName=workspace.table,
                Key=key_of(item_id),
                UpdateExpression="SET ItemState = :t, lockID = :n, Lock_Date = :n, Done_Date = :n, InstanceID = :n",
                ConditionExpression="ItemState = :f",
                ExpressionAttributeValues={":t": {"S": "todo"}, ":f": {"S": "failed"}, ":n": {"S": "NULL"}},
            )

        in_parts(ids, update)

    what = f"requeue {COUNT:,} failed items"
    return [_bulk(what, "BatchGetItem, then bare UpdateItem, 8 threads", Kind.DYNALITE, COUNT, ours, floor)]


def deleting() -> list[Figure]:
    """Delete, each item on the condition that it is what was journalled, against unconditional batches."""

    def ours(workspace: Workspace, ids: list[str]) -> None:
        _apply(workspace, workspace.actions.delete(ids, look=False), ids)

    def batches(workspace: Workspace, ids: list[str]) -> None:
        _look(workspace, ids)
        in_parts(cut(ids, WRITE_BATCH), workspace.items.batch_delete)

    # dynalite cannot compare an item's log, so that no conditional delete succeeds there.
    what = f"delete {COUNT:,} items"
    return [
        _bulk(what, "BatchGetItem, then BatchWriteItem, 8 threads", Kind.DYNAMODB_LOCAL, COUNT, ours, batches),
    ]

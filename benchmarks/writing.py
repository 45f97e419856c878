"""Import, requeue and delete of 10,000 items, against the fewest and barest requests that could do it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
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
Work = Callable[[], None]
Floor = Callable[[Workspace, list[Record]], Work]
Change = Callable[[Workspace, list[str]], None]


def _put_requests(table: str, records: list[Record]) -> list[dict[str, Any]]:
    return [{table: [{"PutRequest": {"Item": record}} for record in part]} for part in cut(records, WRITE_BATCH)]


def _bare(workspace: Workspace, records: list[Record]) -> Work:
    """Unconditional batches: the fewest requests that there can be."""
    client: Any = workspace.connection.dynamodb
    requests = _put_requests(workspace.table, records)

    def send(request: dict[str, Any]) -> None:
        if client.batch_write_item(RequestItems=request).get("UnprocessedItems"):
            raise RuntimeError("the server left writes unprocessed")

    return lambda: in_parts(requests, send)


def _bare_puts(workspace: Workspace, records: list[Record]) -> Work:
    """A put an item on the condition that there is none of its id."""
    client: Any = workspace.connection.dynamodb

    def put(record: Record) -> None:
        client.put_item(TableName=workspace.table, Item=record, ConditionExpression="attribute_not_exists(itemID)")

    return lambda: in_parts(records, put)


def _bare_statements(workspace: Workspace, records: list[Record]) -> Work:
    """Statements, 25 a request, each refused by itself where its item exists."""
    client: Any = workspace.connection.dynamodb
    names = ",".join(f"'{name}':?" for name in records[0])
    statement = f'INSERT INTO "{workspace.table}" VALUE {{{names}}}'
    requests = [
        [{"Statement": statement, "Parameters": list(record.values())} for record in part]
        for part in cut(records, WRITE_BATCH)
    ]

    def send(statements: list[dict[str, Any]]) -> None:
        if any("Error" in one for one in client.batch_execute_statement(Statements=statements)["Responses"]):
            raise RuntimeError("the server refused a statement")

    return lambda: in_parts(requests, send)


def _import(kind: Kind, way: Way, records: list[Record], told: str, floors: Mapping[str, Floor]) -> list[Figure]:
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

        def barely(floor: Floor) -> float:
            one = new_table(url)
            spent = seconds(floor(one, records))
            one.tables.delete(one.table)
            return spent

        barely(_bare)  # What a server does slowly at first is nobody's.
        rounds = [(ours(), [barely(floor) for floor in floors.values()]) for _ in range(ROUNDS)]
    what = f"import {len(records):,} items, {told}"
    return [
        by_rate(what, name, kind.value, len(records), [(own, spent[number]) for own, spent in rounds])
        for number, name in enumerate(floors)
    ]


def importing() -> list[Figure]:
    """Import of a file, in both ways of writing: against unconditional batches, and against the same requests bare."""
    records = waiting(COUNT)
    bare = "bare BatchWriteItem, 8 threads"
    puts = {bare: _bare, "bare conditional PutItem, 8 threads": _bare_puts}
    statements = {bare: _bare, "bare BatchExecuteStatement, 8 threads": _bare_statements}
    return [
        *_import(Kind.DYNALITE, Way.PUTS, records, "by single puts", puts),
        *_import(Kind.DYNAMODB_LOCAL, Way.STATEMENTS, records, "by statements, as at AWS", statements),
    ]


def _look(workspace: Workspace, ids: list[str]) -> None:
    """Pre-images, as the floor has to have them too."""
    in_parts(cut(ids, GET_BATCH), workspace.items.get_many)


def _bulk(what: str, kind: Kind, ours: Change, floors: Mapping[str, Change]) -> list[Figure]:
    records = ended(COUNT, "failed")
    ids = [record_id(record) for record in records]
    rounds: list[list[float]] = []
    with server(kind) as url:
        for _ in range(ROUNDS):
            spent = []
            for work in (ours, *floors.values()):
                one = new_table(url)
                fill(one, records)
                spent.append(seconds(partial(work, one, ids)))
                one.tables.delete(one.table)
            rounds.append(spent)
    return [
        by_rate(what, name, kind.value, COUNT, [(spent[0], spent[number]) for spent in rounds])
        for number, name in enumerate(floors, start=1)
    ]


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
    return _bulk(what, Kind.DYNALITE, ours, {"BatchGetItem, then bare UpdateItem, 8 threads": floor})


def deleting() -> list[Figure]:
    """Delete, each item on the condition that it is what was journalled, against unconditional batches."""

    def ours(workspace: Workspace, ids: list[str]) -> None:
        _apply(workspace, workspace.actions.delete(ids, look=False), ids)

    def batches(workspace: Workspace, ids: list[str]) -> None:
        _look(workspace, ids)
        in_parts(cut(ids, WRITE_BATCH), workspace.items.batch_delete)

    def singly(workspace: Workspace, ids: list[str]) -> None:
        _look(workspace, ids)
        client: Any = workspace.connection.dynamodb

        def delete(item_id: str) -> None:
            client.delete_item(
                TableName=workspace.table,
                Key=key_of(item_id),
                ConditionExpression="ItemState = :f",
                ExpressionAttributeValues={":f": {"S": "failed"}},
            )

        in_parts(ids, delete)

    # dynalite cannot compare an item's log, so that no conditional delete succeeds there.
    floors = {
        "BatchGetItem, then BatchWriteItem, 8 threads": batches,
        "BatchGetItem, then bare conditional DeleteItem, 8 threads": singly,
    }
    return _bulk(f"delete {COUNT:,} items", Kind.DYNAMODB_LOCAL, ours, floors)

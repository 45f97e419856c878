"""DynamoDB Streams on the servers that have them: each change in its order, from now, the start, or a record."""

from __future__ import annotations

import pytest

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.streams import StreamChange, Streams
from pyanamo_tui.aws.tables import Tables
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Change
from tests.standins import Kind, Standin

REGION = "eu-west-2"


def read_all(streams: Streams, iterator: str) -> tuple[list[StreamChange], str | None]:
    """Read until a page is empty."""
    found: list[StreamChange] = []
    following: str | None = iterator
    while following is not None:
        page = streams.read(following)
        following = page.next_iterator
        if not page.changes:
            break
        found += page.changes
    return found, following


def test_changes_come_in_order_with_the_whole_new_image(standin: Standin, table_name: str) -> None:
    if not standin.has_streams:
        pytest.skip(f"{standin.kind.value} has no streams")
    connection = Connection(region=REGION, endpoint_url=standin.endpoint_url)
    info = Tables(connection).create(table_name)
    assert info.stream_arn is not None
    items = Items(connection, table_name)
    streams = Streams(connection, info.stream_arn, table_name)
    shard = next(found for found in streams.shards() if not found.closed)
    before, now = streams.from_start(shard.shard_id), streams.from_now(shard.shard_id)

    record = schema.new_single("a", "Align", "echo")
    items.put(record)
    items.update("a", Change((), {(schema.STATE,): schema.text("locked")}))
    items.batch_put([schema.new_single("b", "Align", "echo")])
    items.batch_delete(["a"])

    changes, _ = read_all(streams, now)
    told = [(change.item_id, change.removed, (change.image or {}).get(schema.STATE)) for change in changes]
    assert told == [
        ("a", False, {"S": "todo"}),
        ("a", False, {"S": "locked"}),
        ("b", False, {"S": "todo"}),
        ("a", True, None),
    ]
    assert changes[0].image == record
    assert all(change.at is not None for change in changes)
    assert [change.sequence for change in read_all(streams, before)[0]] == [change.sequence for change in changes]
    if standin.kind is not Kind.MOTO:  # moto fails on a position after a record
        after = streams.after(shard.shard_id, changes[1].sequence)
        assert [change.item_id for change in read_all(streams, after)[0]] == ["b", "a"]

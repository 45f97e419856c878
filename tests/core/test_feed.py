"""The change feed over a socket: order across splits, resume after expiry, and never a silent gap."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.streams import StreamLost, Streams
from pyanamo_tui.core.feed import LIST_SECONDS, Feed
from pyanamo_tui.errors import PermissionDenied, Throttled
from pyanamo_tui.local.server import EmbeddedServer
from tests.core.places import REGION, fill, open_table, single
from tests.gate import Answer, Call, Gate, refusal
from tests.streamstub import StubShard, StubStream

NEW_IMAGE = "NEW_IMAGE"
ARN = "arn:aws:dynamodb:eu-west-2:123456789012:table/T/stream/2026-11-23T00:00:00.000"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stub() -> StubStream:
    return StubStream(shards={"a": StubShard()})


@pytest.fixture
def gate(embedded: EmbeddedServer, stub: StubStream) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url, answer=stub) as gate:
        yield gate


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed(gate: Gate, clock: Clock, table_name: str) -> Feed:
    connection = Connection(region=REGION, endpoint_url=gate.url, max_attempts=1)
    return Feed(
        Streams(connection, ARN, table_name),
        Items(connection, table_name),
        NEW_IMAGE,
        clock=clock,
    )


def told(feed: Feed) -> dict[str, str | None]:
    """What one poll tells: state by item, None for a removed one."""
    return {item_id: None if facts is None else facts.state for item_id, facts in feed.poll().changes.items()}


def test_only_what_is_written_after_begin_is_told(feed: Feed, stub: StubStream) -> None:
    stub.write("a", "before", "todo")
    feed.begin()
    assert told(feed) == {}
    stub.write("a", "x", "locked")
    stub.write("a", "y", "done")
    stub.write("a", "x", "failed")
    stub.write("a", "z", "todo")
    stub.write("a", "z", None)
    assert told(feed) == {"x": "failed", "y": "done", "z": None}
    assert told(feed) == {}


def test_a_parent_is_read_to_its_end_before_its_children(feed: Feed, stub: StubStream) -> None:
    feed.begin()
    stub.page = 1
    stub.age = 3600.0
    for state in ("locked", "todo", "locked", "done", "todo", "locked"):
        stub.write("a", "x", state)
    stub.split("a", "b", "c")
    stub.write("b", "x", "failed")
    stub.write("c", "y", "done")
    seen: dict[str, str | None] = {}
    stub.read.clear()
    for _ in range(5):
        seen |= told(feed)
    assert seen == {"x": "failed", "y": "done"}
    assert stub.read.index("b") > len(stub.read) - 1 - stub.read[::-1].index("a")


def test_grandchildren_that_came_and_went_between_two_polls_are_read_in_turn(
    feed: Feed, stub: StubStream, clock: Clock
) -> None:
    feed.begin()
    stub.write("a", "x", "locked")
    stub.split("a", "b")
    stub.write("b", "x", "todo")
    stub.split("b", "c")
    stub.write("c", "x", "done")
    order = ["locked", "todo", "done"]
    places: list[int] = []
    for _ in range(6):
        places += [order.index(state or "") for state in told(feed).values()]
        clock.now += 2.5
    assert places[-1] == order.index("done")
    assert places == sorted(places)


def test_shards_that_appear_without_a_split_are_found(feed: Feed, stub: StubStream, clock: Clock) -> None:
    feed.begin()
    stub.shards["new"] = StubShard()
    stub.write("new", "x", "done")
    clock.now += LIST_SECONDS
    assert told(feed) == {"x": "done"}


def test_closed_shards_of_before_are_not_read(feed: Feed, stub: StubStream) -> None:
    stub.write("a", "old", "done")
    stub.split("a", "b")
    feed.begin()
    told(feed)
    assert set(stub.read) == {"b"}


def test_an_expired_iterator_is_taken_up_after_the_last_record_seen(feed: Feed, stub: StubStream) -> None:
    feed.begin()
    stub.write("a", "x", "locked")
    assert told(feed) == {"x": "locked"}
    stub.write("a", "y", "done")
    stub.expire()
    assert told(feed) == {"y": "done"}


def test_an_expired_iterator_of_a_shard_without_records_is_a_gap_and_said(feed: Feed, stub: StubStream) -> None:
    feed.begin()
    stub.write("a", "y", "done")
    stub.expire()
    with pytest.raises(StreamLost, match="quarter of an hour"):
        feed.poll()


def test_trimmed_records_are_a_gap_and_said(feed: Feed, stub: StubStream) -> None:
    feed.begin()
    stub.shards["a"].trimmed = True
    with pytest.raises(StreamLost, match="24 hours"):
        feed.poll()


def test_a_failed_poll_loses_nothing(feed: Feed, stub: StubStream, gate: Gate) -> None:
    stub.shards["b"] = StubShard()
    feed.begin()
    stub.write("a", "x", "done")
    stub.write("b", "y", "failed")
    reads = 0

    def second_shard_refused(call: Call) -> Answer | None:
        nonlocal reads
        if call.operation == "GetRecords" and "|b|" in call.body["ShardIterator"]:
            reads += 1
            return refusal("LimitExceededException")
        return stub(call)

    gate.answer = second_shard_refused
    with pytest.raises(Throttled):
        feed.poll()
    assert reads
    gate.answer = stub
    assert told(feed) == {"x": "done", "y": "failed"}


def test_a_missing_permission_names_the_action(feed: Feed, gate: Gate) -> None:
    gate.refuse("DescribeStream", "AccessDeniedException")
    with pytest.raises(PermissionDenied) as refused:
        feed.begin()
    assert refused.value.action == "dynamodb:DescribeStream"


def test_a_stream_that_is_gone_is_said(feed: Feed, gate: Gate) -> None:
    gate.refuse("DescribeStream", "ResourceNotFoundException")
    with pytest.raises(StreamLost, match="gone"):
        feed.begin()


def test_without_new_images_the_changed_items_are_read_by_key(
    embedded: EmbeddedServer, gate: Gate, stub: StubStream, table_name: str
) -> None:
    fill(open_table(embedded, table_name), [single("x", "done"), single("y", "failed")])
    connection = Connection(region=REGION, endpoint_url=gate.url)
    feed = Feed(Streams(connection, ARN, table_name), Items(connection, table_name), "KEYS_ONLY")
    feed.begin()
    assert feed.reads_items
    for item_id, state in (("x", "locked"), ("y", "todo"), ("gone", "todo"), ("removed", None)):
        stub.write("a", item_id, state, image=False)
    assert told(feed) == {"x": "done", "y": "failed", "gone": None, "removed": None}
    assert gate.seen["BatchGetItem"] == 1


def test_an_item_without_a_text_state_is_in_no_census_and_so_not_told(feed: Feed, stub: StubStream) -> None:
    feed.begin()
    stub.write("a", "x", "todo")
    del stub.shards["a"].records[0]["dynamodb"]["NewImage"]["ItemState"]
    assert told(feed) == {"x": None}

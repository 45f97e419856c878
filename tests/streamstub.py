"""A stream with as many shards as a test likes, over a real socket: splits, trimming and expiry on demand.

No stand-in splits shards, trims records or lets iterators expire; AWS does all three.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from tests.gate import Answer, Call, refusal

_PREFIX = "shardId-00000000000000000000-"


def _outer(name: str) -> str:
    """A shard's id as AWS would write it: at least 28 characters."""
    return _PREFIX + name


def _inner(shard_id: str) -> str:
    return shard_id.removeprefix(_PREFIX)


@dataclass
class StubShard:
    """One shard: records in their order, and what became of it."""

    parent: str | None = None
    closed: bool = False
    trimmed: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class StubStream:
    """Answers DescribeStream, GetShardIterator and GetRecords as AWS documents them."""

    shards: dict[str, StubShard] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    page: int = 1000
    age: float = 0.0
    read: list[str] = field(default_factory=list)
    _sequence: int = 100
    _iterators: int = 0

    def write(self, shard: str, item_id: str, state: str | None, *, image: bool = True) -> None:
        """A change of an item: put into a state, or removed (None)."""
        self._sequence += 1
        body: dict[str, Any] = {
            "Keys": {"itemID": {"S": item_id}},
            "SequenceNumber": f"{self._sequence:021}",
            "ApproximateCreationDateTime": time.time() - self.age,
        }
        if state is not None and image:
            body["NewImage"] = {"itemID": {"S": item_id}, "taskID": {"S": "Align"}, "ItemState": {"S": state}}
        name = "REMOVE" if state is None else "MODIFY"
        self.shards[shard].records.append({"eventName": name, "dynamodb": body})

    def split(self, shard: str, *children: str) -> None:
        """End a shard; what is written later goes to its children."""
        self.shards[shard].closed = True
        for child in children:
            self.shards[child] = StubShard(parent=shard)

    def expire(self) -> None:
        """Every iterator given so far is of no use any more."""
        self.expired = {str(number) for number in range(self._iterators + 1)}

    def __call__(self, call: Call) -> Answer | None:
        """The answer to one request, None to those that are not about streams."""
        body = call.body
        match call.operation:
            case "DescribeStream":
                return 200, {"StreamDescription": self._describe(body.get("ExclusiveStartShardId"))}
            case "GetShardIterator":
                return self._iterator(body)
            case "GetRecords":
                return self._records(body["ShardIterator"])
        return None

    def _describe(self, start: str | None) -> dict[str, Any]:
        names = list(self.shards)
        first = 0 if start is None else names.index(_inner(start)) + 1
        shown = names[first : first + 2]
        shards = []
        for name in shown:
            shard = self.shards[name]
            numbers = {"StartingSequenceNumber": "1"} | ({"EndingSequenceNumber": "9"} if shard.closed else {})
            parent = {"ParentShardId": _outer(shard.parent)} if shard.parent else {}
            shards.append({"ShardId": _outer(name), "SequenceNumberRange": numbers, **parent})
        more = {"LastEvaluatedShardId": _outer(shown[-1])} if first + 2 < len(names) else {}
        return {"StreamArn": "arn:stub", "StreamStatus": "ENABLED", "Shards": shards, **more}

    def _iterator(self, body: dict[str, Any]) -> Answer:
        name = _inner(body["ShardId"])
        shard = self.shards[name]
        kind = body["ShardIteratorType"]
        place = 0
        if kind == "LATEST":
            place = len(shard.records)
        elif kind == "AFTER_SEQUENCE_NUMBER":
            numbers = [record["dynamodb"]["SequenceNumber"] for record in shard.records]
            place = numbers.index(body["SequenceNumber"]) + 1
        return 200, {"ShardIterator": self._name(name, place)}

    def _name(self, shard: str, place: int) -> str:
        self._iterators += 1
        return f"{self._iterators}|{shard}|{place}"

    def _records(self, iterator: str) -> Answer:
        number, name, place = iterator.split("|")
        shard = self.shards[name]
        if number in self.expired:
            return refusal("ExpiredIteratorException")
        if shard.trimmed:
            return refusal("TrimmedDataAccessException")
        self.read.append(name)
        found = shard.records[int(place) : int(place) + self.page]
        after = int(place) + len(found)
        answer: dict[str, Any] = {"Records": found}
        if not (shard.closed and after == len(shard.records)):
            answer["NextShardIterator"] = self._name(name, after)
        return 200, answer

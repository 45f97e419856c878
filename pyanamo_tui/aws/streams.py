"""DynamoDB Streams, typed in and out: the shards of a stream, positions in them, and the changes that follow.

Rules from AWS, "Change data capture for DynamoDB Streams": a shard is closed by an ending sequence number and followed
by its children; records are kept for 24 hours; an iterator lives for 15 minutes; a shard answers five reads a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from pyanamo_tui.aws.faults import calling, error_code
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.errors import PyanamoError, Throttled
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

PAGE_RECORDS: Final = 1000
"""Records that one GetRecords gives at the most (AWS: "GetRecords")."""
_FULL_BYTES: Final = 512 * 1024
"""An answer holds 1 MB at the most, and one item up to 400 KB: a smaller one was not cut short."""
NEW_IMAGE_VIEWS: Final = frozenset({"NEW_IMAGE", "NEW_AND_OLD_IMAGES"})
"""Stream views whose records hold the item as it is after the change."""

_TRIMMED: Final = "TrimmedDataAccessException"
_EXPIRED: Final = "ExpiredIteratorException"
_GONE: Final = "ResourceNotFoundException"
_TOO_MANY_READERS: Final = "LimitExceededException"


class StreamLost(PyanamoError):
    """What comes next in a stream can no longer be had: it was trimmed, or the stream is gone."""


class IteratorExpired(PyanamoError):
    """A position in a shard was not used for too long; another can be had by sequence number."""


@dataclass(frozen=True, slots=True)
class StreamChange:
    """One change to one item. `image` is the whole item after it, None where it was removed or the view has none."""

    item_id: str
    removed: bool
    image: Record | None
    sequence: str
    at: float | None


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a stream. Its parent, if still there, must be read to its end before it."""

    shard_id: str
    parent: str | None
    closed: bool


@dataclass(frozen=True, slots=True)
class StreamPage:
    """What one read of a shard gave. `next_iterator` is None at the end of a closed shard.

    `full` says that the page ended for its size, so that more follows at once.
    """

    changes: tuple[StreamChange, ...]
    next_iterator: str | None
    full: bool = False


def _change(record: Mapping[str, Any]) -> StreamChange | None:
    """The change that a stream record tells of, None if it is not about an item keyed by `itemID`."""
    body = record["dynamodb"]
    item_id = body.get("Keys", {}).get(schema.ITEM_ID, {}).get("S")
    if item_id is None:
        return None
    created = body.get("ApproximateCreationDateTime")
    removed = record["eventName"] == "REMOVE"
    return StreamChange(
        item_id=item_id,
        removed=removed,
        image=None if removed else cast("Record | None", body.get("NewImage")),
        sequence=body["SequenceNumber"],
        at=None if created is None else created.timestamp(),
    )


class Streams:
    """One stream of one table.

    Args:
        connection: the place.
        arn: the stream's ARN.
        table: the table's name, for messages.
    """

    def __init__(self, connection: Connection, arn: str, table: str) -> None:
        self._connection = connection
        self._arn = arn
        self._resource = f"stream of {table}"

    @property
    def _client(self) -> DynamoDBStreamsClient:
        return self._connection.streams

    def shards(self) -> Iterator[Shard]:
        """Every shard that is still kept, page by page.

        Raises:
            StreamLost: there is no such stream any more.
        """
        start: dict[str, str] = {}
        while True:
            with self._calling():
                answer = self._client.describe_stream(StreamArn=self._arn, **cast("Any", start))
            found = answer["StreamDescription"]
            for shard in found.get("Shards", ()):
                yield Shard(
                    shard_id=shard["ShardId"],
                    parent=shard.get("ParentShardId"),
                    closed="EndingSequenceNumber" in shard.get("SequenceNumberRange", {}),
                )
            last = found.get("LastEvaluatedShardId")
            if not last:
                return
            start = {"ExclusiveStartShardId": last}

    def from_now(self, shard_id: str) -> str:
        """An iterator for what is written to a shard from now on."""
        return self._iterator(shard_id, ShardIteratorType="LATEST")

    def from_start(self, shard_id: str) -> str:
        """An iterator for everything that a shard still holds."""
        return self._iterator(shard_id, ShardIteratorType="TRIM_HORIZON")

    def after(self, shard_id: str, sequence: str) -> str:
        """An iterator for what follows a record.

        Raises:
            StreamLost: that has been trimmed.
        """
        return self._iterator(shard_id, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=sequence)

    def read(self, iterator: str) -> StreamPage:
        """Up to a thousand changes from a position, in their order.

        Raises:
            IteratorExpired: the position was not used for 15 minutes.
            StreamLost: records that follow it have been trimmed, or the stream is gone.
            Throttled: the shard is read too often, by us and others.
        """
        with self._calling():
            answer = self._client.get_records(ShardIterator=iterator, Limit=PAGE_RECORDS)
        size = int(answer["ResponseMetadata"].get("HTTPHeaders", {}).get("content-length", 0))
        changes = (_change(cast("Mapping[str, Any]", record)) for record in answer["Records"])
        return StreamPage(
            changes=tuple(change for change in changes if change is not None),
            next_iterator=answer.get("NextShardIterator") or None,
            full=len(answer["Records"]) >= PAGE_RECORDS or size >= _FULL_BYTES,
        )

    def _iterator(self, shard_id: str, **position: str) -> str:
        with self._calling():
            return self._client.get_shard_iterator(StreamArn=self._arn, ShardId=shard_id, **cast("Any", position))[
                "ShardIterator"
            ]

    @contextmanager
    def _calling(self) -> Iterator[None]:
        with calling("dynamodb", self._resource):
            try:
                yield
            except ClientError as error:
                code = error_code(error)
                if code == _TRIMMED:
                    raise StreamLost("Changes were missed: the stream keeps them for 24 hours") from error
                if code == _GONE:
                    raise StreamLost("The table's stream is gone") from error
                if code == _EXPIRED:
                    raise IteratorExpired("The position in the stream has expired") from error
                if code == _TOO_MANY_READERS:
                    raise Throttled(self._resource, "too many read it at once") from error
                raise

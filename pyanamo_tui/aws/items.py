"""The items of one table: read by key, by state or all, and write with conditions. Records in, records out."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from pyanamo_tui.aws import expressions
from pyanamo_tui.aws.faults import calling, error_code
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.errors import ConditionFailed, Throttled
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Absent, Change, Condition
from pyanamo_tui.workflow.schema import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

GET_BATCH: Final = 100
"""Keys that one BatchGetItem takes (AWS: "BatchGetItem")."""
WRITE_BATCH: Final = 25
"""Requests that one BatchWriteItem takes (AWS: "BatchWriteItem")."""
_UNPROCESSED_ROUNDS: Final = 10
_BACKOFF: Final = 0.05
_BACKOFF_MAX: Final = 5.0
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"


class ItemChanged(ConditionFailed):
    """A conditional write was refused.

    Attributes:
        current: the item as it is, None if it is gone or was not told.
        retried: the request was sent more than once, so that an earlier sending may have been the one that wrote.
    """

    def __init__(self, item_id: str, current: Record | None, *, retried: bool = False) -> None:
        super().__init__(f"Item {item_id!r} is not what it was", "Refresh and look at it again.")
        self.item_id = item_id
        self.current = current
        self.retried = retried


@dataclass(frozen=True, slots=True)
class Page:
    """One page of records; `next_key` continues, None at the end. `read_units` as DynamoDB reports them."""

    records: tuple[Record, ...]
    next_key: Record | None
    read_units: float


def key_of(item_id: str) -> Record:
    """The primary key of an item."""
    return {schema.ITEM_ID: schema.text(item_id)}


def _page(answer: Any) -> Page:  # noqa: ANN401 - a Query or Scan answer
    return Page(
        records=tuple(cast("list[Record]", answer.get("Items", []))),
        next_key=cast("Record | None", answer.get("LastEvaluatedKey") or None),
        read_units=float(answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)),
    )


def _paging(extra: Any, index: str | None, limit: int | None, start: Record | None) -> Any:  # noqa: ANN401
    options = {"IndexName": index, "Limit": limit, "ExclusiveStartKey": start}
    return {**extra, **{name: value for name, value in options.items() if value is not None}}


class Items:
    """Items of one table. Every method raises our errors: TableNotFound, PermissionDenied, Throttled and so on."""

    def __init__(self, connection: Connection, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.table = table
        self._connection = connection
        self._sleep = sleep
        self._resource = f"table {table}"

    @property
    def _client(self) -> DynamoDBClient:
        return self._connection.dynamodb

    def get(self, item_id: str, attributes: Sequence[str] | None = None) -> Record | None:
        """One item, strongly consistent, whole or with these attributes only; None if there is none."""
        extra: Any = {} if attributes is None else expressions.projection(attributes)
        with calling("dynamodb", self._resource):
            answer = self._client.get_item(
                TableName=self.table, Key=cast("Any", key_of(item_id)), ConsistentRead=True, **extra
            )
        return cast("Record | None", answer.get("Item"))

    def get_many(self, item_ids: Iterable[str], attributes: Sequence[str] | None = None) -> dict[str, Record]:
        """Up to 100 items by id, strongly consistent; those that do not exist are left out.

        Raises:
            Throttled: some keys stayed unprocessed after ten rounds of backing off.
        """
        keys = [key_of(item_id) for item_id in dict.fromkeys(item_ids)]
        found: dict[str, Record] = {}
        if not keys:
            return found
        if len(keys) > GET_BATCH:
            raise ValueError(f"BatchGetItem takes {GET_BATCH} keys, not {len(keys)}")
        extra: Any = {} if attributes is None else expressions.projection(attributes)
        request: Any = {self.table: {"Keys": keys, "ConsistentRead": True, **extra}}
        for round_number in range(_UNPROCESSED_ROUNDS):
            with calling("dynamodb", self._resource):
                answer = self._client.batch_get_item(RequestItems=request)
            for record in cast("list[Record]", answer.get("Responses", {}).get(self.table, [])):
                found[schema.record_id(record)] = record
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
            self._back_off(round_number)
        raise Throttled(self._resource, "keys stayed unprocessed")

    def update(self, item_id: str, change: Change, *, read_back: bool = False, explain: bool = False) -> Record | None:
        """Make one change to one existing item, in one conditional write.

        Args:
            item_id: which item.
            change: conditions and what to set (workflow.transitions).
            read_back: give the whole item as it is after the write, in the same request.
            explain: have a refused write say what the item is now, in the same request.

        Raises:
            ItemChanged: a condition did not hold, or the item does not exist. Nothing was written.
        """
        extra: Any = {**expressions.update(change)}
        if explain:
            extra["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        with calling("dynamodb", self._resource):
            try:
                answer = self._client.update_item(
                    TableName=self.table,
                    Key=cast("Any", key_of(item_id)),
                    ReturnValues="ALL_NEW" if read_back else "NONE",
                    **extra,
                )
            except ClientError as error:
                raise self._refused(error, item_id) from error
        return cast("Record | None", answer.get("Attributes")) if read_back else None

    def put(self, record: Record, conditions: Sequence[Condition] = (Absent((schema.ITEM_ID,)),)) -> None:
        """Write a whole item. By default only where there is none of that id: nothing is overwritten by accident.

        Raises:
            ItemChanged: a condition did not hold. Nothing was written.
        """
        extra: Any = expressions.condition(conditions)
        with calling("dynamodb", self._resource):
            try:
                self._client.put_item(TableName=self.table, Item=cast("Any", record), **extra)
            except ClientError as error:
                raise self._refused(error, schema.record_id(record)) from error

    def delete(self, item_id: str, conditions: Sequence[Condition]) -> None:
        """Delete one item if the conditions hold.

        Raises:
            ItemChanged: a condition did not hold. Nothing was deleted.
        """
        extra: Any = expressions.condition(conditions)
        with calling("dynamodb", self._resource):
            try:
                self._client.delete_item(TableName=self.table, Key=cast("Any", key_of(item_id)), **extra)
            except ClientError as error:
                raise self._refused(error, item_id) from error

    def batch_put(self, records: Sequence[Record]) -> None:
        """Write up to 25 whole items, unconditionally: whatever had these ids is replaced.

        Raises:
            Throttled: some stayed unprocessed after ten rounds of backing off; the rest is written.
        """
        self._batch_write([{"PutRequest": {"Item": record}} for record in records])

    def batch_delete(self, item_ids: Sequence[str]) -> None:
        """Delete up to 25 items, unconditionally.

        Raises:
            Throttled: some stayed unprocessed after ten rounds of backing off; the rest is deleted.
        """
        self._batch_write([{"DeleteRequest": {"Key": key_of(item_id)}} for item_id in item_ids])

    def _batch_write(self, requests: Sequence[object]) -> None:
        if len(requests) > WRITE_BATCH:
            raise ValueError(f"BatchWriteItem takes {WRITE_BATCH} requests, not {len(requests)}")
        pending: Any = {self.table: requests} if requests else None
        for round_number in range(_UNPROCESSED_ROUNDS):
            if not pending:
                return
            with calling("dynamodb", self._resource):
                answer = self._client.batch_write_item(RequestItems=pending)
            pending = answer.get("UnprocessedItems")
            if pending:
                self._back_off(round_number)
        if pending:
            raise Throttled(self._resource, "writes stayed unprocessed")

    def query_state(
        self,
        state: str,
        *,
        index: str,
        attributes: Sequence[str] | None = None,
        limit: int | None = None,
        start: Record | None = None,
        forward: bool = True,
        id_prefix: str = "",
    ) -> Page:
        """One page of the items in a state, in the order of the index's sort key.

        Args:
            state: value of `ItemState`.
            index: an index whose partition key is `ItemState`.
            attributes: only these, or None for all that the index projects; the cost is the same.
            limit: items at the most; None for what fits in 1 MB.
            start: `next_key` of the page before.
            forward: ascending order.
            id_prefix: only items whose id begins so; for an index that is sorted by `itemID`.
        """
        extra: Any = {**expressions.state_query(state, attributes, id_prefix)}
        extra["ScanIndexForward"] = forward
        with calling("dynamodb", self._source(index)):
            return _page(self._client.query(TableName=self.table, **_paging(extra, index, limit, start)))

    def scan(
        self,
        *,
        index: str | None = None,
        attributes: Sequence[str] | None = None,
        limit: int | None = None,
        start: Record | None = None,
    ) -> Page:
        """One page of all items of the table, or of an index (items without its keys are not in it)."""
        extra: Any = {} if attributes is None else {**expressions.projection(attributes)}
        with calling("dynamodb", self._source(index)):
            return _page(self._client.scan(TableName=self.table, **_paging(extra, index, limit, start)))

    def _source(self, index: str | None) -> str:
        return self._resource if index is None else f"index {self.table}/{index}"

    def _back_off(self, round_number: int) -> None:
        self._sleep(random.uniform(0, min(_BACKOFF_MAX, _BACKOFF * 2**round_number)))

    def _refused(self, error: ClientError, item_id: str) -> Exception:
        if error_code(error) != _CONDITION_FAILED:
            return error
        again = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
        return ItemChanged(item_id, cast("Record | None", error.response.get("Item")), retried=again > 0)

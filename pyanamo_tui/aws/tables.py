"""Workflow tables: create, list, describe, delete, and wait for AWS to have done it. Typed in and out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from pyanamo_tui.aws.faults import calling, error_code
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.errors import NotAWorkflowTable, ServiceRefused, ServiceUnavailable, TableExists, TableNotFound
from pyanamo_tui.workflow import schema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

WAIT_SECONDS: Final = 600.0
_POLL_FIRST: Final = 0.2
_POLL_MAX: Final = 5.0
ORIGINAL_TABLE_UNITS: Final = (10, 10)
ORIGINAL_INDEX_UNITS: Final = (10, 5)
"""Read and write units of the original's tables and indexes (docs/wire-format.md, "Table")."""


class TableProtected(ServiceRefused):
    """The table may not be deleted while its deletion protection is on."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"{table} is protected against deletion; it was not deleted",
            "Turn its protection off first, if it really may go.",
        )
        self.table = table


class Billing(StrEnum):
    """How a table pays for capacity."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Provisioned units a second."""

    read: int
    write: int


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """One global secondary index. `projection` is `ALL`, `INCLUDE` or `KEYS_ONLY`; `attributes` what INCLUDE adds."""

    name: str
    partition_key: str
    sort_key: str | None
    projection: str
    attributes: tuple[str, ...]
    status: str
    backfilling: bool
    items: int
    size_bytes: int
    capacity: Capacity | None


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What AWS says of a table. Item counts and sizes are AWS's own, up to six hours old."""

    name: str
    arn: str
    status: str
    key: tuple[str, ...]
    billing: Billing
    capacity: Capacity | None
    items: int
    size_bytes: int
    indexes: tuple[IndexInfo, ...]
    stream_arn: str | None
    stream_view: str | None
    protected: bool
    created_at: float | None

    def index(self, name: str) -> IndexInfo | None:
        """The index of this name, or None."""
        return next((index for index in self.indexes if index.name == name), None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the standard indexes that the table lacks; empty for a workflow table."""
        return tuple(name for name in schema.STANDARD_INDEXES if self.index(name) is None)

    @property
    def is_workflow(self) -> bool:
        """Whether engines and managers can work on it: keyed by `itemID`, with an index by state."""
        return self.key == (schema.ITEM_ID,) and self.state_index is not None

    @property
    def state_index(self) -> str | None:
        """The cheapest usable index keyed by state: the summary index, else the original's; None if neither."""
        for name in (schema.SUMMARY_INDEX, schema.STATE_INDEX):
            index = self.index(name)
            if (
                index is not None
                and index.partition_key == schema.STATE
                and index.status in {"ACTIVE", "UPDATING"}
                and not index.backfilling
            ):
                return name
        return None

    @property
    def has_summary_index(self) -> bool:
        """Whether counting and listing do not pay for logs."""
        return self.state_index == schema.SUMMARY_INDEX


def _capacity(throughput: Mapping[str, Any] | None) -> Capacity | None:
    if not throughput or not throughput.get("ReadCapacityUnits"):
        return None
    return Capacity(int(throughput["ReadCapacityUnits"]), int(throughput["WriteCapacityUnits"]))


def _key(elements: list[Mapping[str, str]], kind: str) -> str | None:
    return next((element["AttributeName"] for element in elements if element["KeyType"] == kind), None)


def _index_info(index: Mapping[str, Any]) -> IndexInfo:
    projection = index.get("Projection", {})
    return IndexInfo(
        name=index["IndexName"],
        partition_key=_key(index["KeySchema"], "HASH") or "",
        sort_key=_key(index["KeySchema"], "RANGE"),
        projection=projection.get("ProjectionType", "ALL"),
        attributes=tuple(projection.get("NonKeyAttributes", ())),
        status=index.get("IndexStatus", "ACTIVE"),
        backfilling=bool(index.get("Backfilling", False)),
        items=int(index.get("ItemCount", 0)),
        size_bytes=int(index.get("IndexSizeBytes", 0)),
        capacity=_capacity(index.get("ProvisionedThroughput")),
    )


def _table_info(table: TableDescriptionTypeDef) -> TableInfo:
    raw = cast("Mapping[str, Any]", table)
    capacity = _capacity(raw.get("ProvisionedThroughput"))
    mode = raw.get("BillingModeSummary", {}).get("BillingMode")
    on_demand = mode == "PAY_PER_REQUEST" or (mode is None and capacity is None)
    stream = raw.get("StreamSpecification", {})
    created = raw.get("CreationDateTime")
    return TableInfo(
        name=raw["TableName"],
        arn=raw.get("TableArn", ""),
        status=raw.get("TableStatus", "ACTIVE"),
        key=tuple(element["AttributeName"] for element in raw.get("KeySchema", ())),
        billing=Billing.ON_DEMAND if on_demand else Billing.PROVISIONED,
        capacity=None if on_demand else capacity,
        items=int(raw.get("ItemCount", 0)),
        size_bytes=int(raw.get("TableSizeBytes", 0)),
        indexes=tuple(_index_info(index) for index in raw.get("GlobalSecondaryIndexes", ())),
        stream_arn=raw.get("LatestStreamArn") if stream.get("StreamEnabled") else None,
        stream_view=stream.get("StreamViewType"),
        protected=bool(raw.get("DeletionProtectionEnabled", False)),
        created_at=None if created is None else created.timestamp(),
    )


def index_definition(name: str, capacity: Capacity | None) -> dict[str, Any]:
    """`GlobalSecondaryIndexes` entry of a standard index or the summary index."""
    if name == schema.SUMMARY_INDEX:
        keys = (schema.STATE, schema.ITEM_ID)
        included = [attribute for attribute in schema.FACT_ATTRIBUTES if attribute not in keys]
        projection: dict[str, Any] = {"ProjectionType": "INCLUDE", "NonKeyAttributes": included}
    else:
        keys = (schema.STATE, schema.STANDARD_INDEXES[name])
        projection = {"ProjectionType": "ALL"}
    definition: dict[str, Any] = {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": keys[0], "KeyType": "HASH"},
            {"AttributeName": keys[1], "KeyType": "RANGE"},
        ],
        "Projection": projection,
    }
    if capacity is not None:
        definition["ProvisionedThroughput"] = {
            "ReadCapacityUnits": capacity.read,
            "WriteCapacityUnits": capacity.write,
        }
    return definition


class Tables:
    """The tables of one connection."""

    def __init__(
        self,
        connection: Connection,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._sleep = sleep
        self._clock = clock

    @property
    def _client(self) -> DynamoDBClient:
        return self._connection.dynamodb

    def names(self) -> Iterator[str]:
        """Every table of the region, in AWS's order, page by page."""
        with calling("dynamodb", "the tables of the region"):
            for page in self._client.get_paginator("list_tables").paginate():
                yield from page["TableNames"]

    def describe(self, table: str) -> TableInfo:
        """What AWS says of one table.

        Raises:
            TableNotFound: there is none of this name.
        """
        return _table_info(self.description(table))

    def description(self, table: str) -> TableDescriptionTypeDef:
        """One table in AWS's own words (AWS: "DescribeTable").

        Raises:
            TableNotFound: there is none of this name.
        """
        with calling("dynamodb", f"table {table}"):
            return self._client.describe_table(TableName=table)["Table"]

    def exists(self, table: str) -> bool:
        """Whether there is a table of this name, in whatever state."""
        try:
            self.describe(table)
        except TableNotFound:
            return False
        return True

    def workflow_table(self, table: str) -> TableInfo:
        """Describe a table that engines and managers can work on.

        Raises:
            TableNotFound: there is none of this name.
            NotAWorkflowTable: it lacks the key or the index by state; says which.
        """
        info = self.describe(table)
        if info.key != (schema.ITEM_ID,):
            raise NotAWorkflowTable(
                f"{table} is not a workflow table: its key is {', '.join(info.key)}, not {schema.ITEM_ID}",
                "Choose another table, or create one: pyanamo-tui tables create -t NAME",
            )
        if info.state_index is None:
            raise NotAWorkflowTable(
                f"{table} is not a workflow table: it has no index by state ({schema.STATE_INDEX})",
                f"Add it: pyanamo-tui tables upgrade -t {table}",
            )
        return info

    def create(
        self,
        table: str,
        *,
        capacity: Capacity | None = None,
        stream: bool = True,
        protect: bool = False,
        progress: Callable[[TableInfo], None] | None = None,
    ) -> TableInfo:
        """Create a workflow table with the standard indexes and the summary index, and wait until it is active.

        Args:
            table: its name (3 to 255 letters, digits, `_`, `-`, `.`).
            capacity: provisioned units for the table and each index; None for on-demand.
            stream: turn DynamoDB Streams on, with new images, so that monitors read only what changed.
            protect: turn deletion protection on.
            progress: called with each description while AWS makes it; what it raises ends the waiting.

        Raises:
            TableExists: there is one of this name already.
        """
        request: dict[str, Any] = {
            "TableName": table,
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": kind} for name, kind in schema.KEY_TYPES.items()
            ],
            "KeySchema": [{"AttributeName": schema.ITEM_ID, "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [
                index_definition(name, capacity) for name in (*schema.STANDARD_INDEXES, schema.SUMMARY_INDEX)
            ],
            "BillingMode": "PAY_PER_REQUEST" if capacity is None else "PROVISIONED",
            "DeletionProtectionEnabled": protect,
        }
        if capacity is not None:
            request["ProvisionedThroughput"] = {
                "ReadCapacityUnits": capacity.read,
                "WriteCapacityUnits": capacity.write,
            }
        if stream:
            request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        with calling("dynamodb", f"table {table}"):
            try:
                self._client.create_table(**request)
            except ClientError as error:
                if error_code(error) == "ResourceInUseException":
                    raise TableExists(f"There is a table {table} already", "Choose another name.") from error
                raise
        return self.wait_active(table, progress)

    def delete(self, table: str, progress: Callable[[TableInfo], None] | None = None) -> None:
        """Delete a table with all its items, and wait until it is gone.

        Args:
            table: its name.
            progress: called with each description until it is gone; what it raises ends the waiting.

        Raises:
            TableNotFound: there is none of this name.
            TableProtected: deletion protection is on.
            ServiceRefused: AWS is still at work on the table.
        """
        with calling("dynamodb", f"table {table}"):
            try:
                self._client.delete_table(TableName=table)
            except ClientError as error:
                if error_code(error) == "ResourceInUseException":
                    raise ServiceRefused(f"{table} is being created or changed", "Wait until it is active.") from error
                if error_code(error) == "ValidationException" and "protect" in str(error).lower():
                    raise TableProtected(table) from error
                raise

        def gone(info: TableInfo | None) -> bool:
            if info is not None and progress is not None:
                progress(info)
            return info is None

        self._wait(table, gone, "deleted")

    def wait_active(
        self,
        table: str,
        progress: Callable[[TableInfo], None] | None = None,
        *,
        having: str | None = None,
        patience: float = WAIT_SECONDS,
    ) -> TableInfo:
        """Wait until the table and all its indexes are active.

        Args:
            table: its name.
            progress: called with each description on the way.
            having: an index that must be there too: AWS may not show a new one at once.
            patience: seconds to wait.

        Raises:
            ServiceUnavailable: AWS was not done by then.
        """

        def ready(info: TableInfo | None) -> bool:
            if info is None:
                return False
            if progress is not None:
                progress(info)
            if having is not None and info.index(having) is None:
                return False
            return info.status == "ACTIVE" and all(index.status == "ACTIVE" for index in info.indexes)

        info = self._wait(table, ready, "active", patience)
        if info is None:
            raise TableNotFound(table)
        return info

    def _wait(
        self, table: str, ready: Callable[[TableInfo | None], bool], what: str, patience: float = WAIT_SECONDS
    ) -> TableInfo | None:
        deadline, pause = self._clock() + patience, _POLL_FIRST
        while True:
            try:
                info: TableInfo | None = self.describe(table)
            except TableNotFound:
                info = None
            if ready(info):
                return info
            if self._clock() >= deadline:
                raise ServiceUnavailable(
                    f"Table {table} was not {what} after {patience:.0f} s", "AWS goes on with it; look again later."
                )
            self._sleep(pause)
            pause = min(_POLL_MAX, pause * 1.5)

"""Changes an existing table in place: indexes, capacity, billing, stream, protection. One call and one wait each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from pyanamo_tui.aws.faults import calling, error_code
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import (
    ORIGINAL_INDEX_UNITS,
    Billing,
    Capacity,
    IndexInfo,
    TableInfo,
    Tables,
    index_definition,
)
from pyanamo_tui.errors import ServiceRefused
from pyanamo_tui.workflow import schema

INDEX_SECONDS: Final = 24 * 3600.0
"""How long the filling of an index is waited for: it goes with the size of the table."""

Told = Callable[[TableInfo], None]


class TableChanges:
    """Changes to the tables of one connection.

    Every method waits until AWS has done it and gives the table as it is then; `told` hears of each look on the way.
    All raise TableNotFound, PermissionDenied, ReadOnly and so on, and ServiceRefused where AWS is at work on the table.

    Args:
        connection: where.
        tables: the same place's tables, for looking and waiting.
    """

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables

    def add_index(self, table: str, name: str, told: Told | None = None) -> TableInfo:
        """Create a standard index or the summary index, and wait until it is filled. One that is there is waited for.

        On a provisioned table it gets the units of the busiest index, else the original's (docs/wire-format.md).
        """
        info = self._tables.describe(table)
        if info.index(name) is None:
            definition = index_definition(name, None if info.billing == Billing.ON_DEMAND else _index_capacity(info))
            names = (schema.STATE, schema.STANDARD_INDEXES.get(name, schema.ITEM_ID))
            self._update(
                table,
                AttributeDefinitions=[{"AttributeName": one, "AttributeType": schema.KEY_TYPES[one]} for one in names],
                GlobalSecondaryIndexUpdates=[{"Create": definition}],
            )
        return self._tables.wait_active(table, told, having=name, patience=INDEX_SECONDS)

    def set_capacity(self, table: str, capacity: Capacity, told: Told | None = None) -> TableInfo:
        """Give the table and each of its indexes these provisioned units; an on-demand table becomes provisioned."""
        info = self._tables.describe(table)
        units = _throughput(capacity)
        request: dict[str, Any] = {}
        if info.billing == Billing.ON_DEMAND:
            request["BillingMode"] = "PROVISIONED"
        # AWS refuses a change that changes nothing (AWS: "UpdateTable").
        if info.capacity != capacity:
            request["ProvisionedThroughput"] = units
        changed = [index.name for index in info.indexes if index.capacity != capacity or request.get("BillingMode")]
        if changed:
            request["GlobalSecondaryIndexUpdates"] = [
                {"Update": {"IndexName": name, "ProvisionedThroughput": units}} for name in changed
            ]
        if request:
            self._update(table, **request)
        return self._tables.wait_active(table, told)

    def set_on_demand(self, table: str, told: Told | None = None) -> TableInfo:
        """Pay by request instead of by provisioned units. AWS allows this only a few times a day."""
        if self._tables.describe(table).billing != Billing.ON_DEMAND:
            self._update(table, BillingMode="PAY_PER_REQUEST")
        return self._tables.wait_active(table, told)

    def enable_stream(self, table: str, told: Told | None = None) -> TableInfo:
        """Turn DynamoDB Streams on, with new images; one that carries them already is left as it is.

        Raises:
            ServiceRefused: a stream without new images is on; other software may read it, so it is left alone.
        """
        info = self._tables.describe(table)
        if info.stream_arn is None:
            self._update(table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        elif not info.stream_view or "NEW" not in info.stream_view:
            raise ServiceRefused(
                f"{table} has a stream of {info.stream_view} already, which does not carry new images",
                "If no other software reads it, turn it off in the AWS console, then turn it on here.",
            )
        return self._tables.wait_active(table, told)

    def set_protection(self, table: str, on: bool, told: Told | None = None) -> TableInfo:
        """Turn deletion protection on or off."""
        if self._tables.describe(table).protected != on:
            self._update(table, DeletionProtectionEnabled=on)
        return self._tables.wait_active(table, told)

    def _update(self, table: str, **request: Any) -> None:  # noqa: ANN401 - UpdateTable's own arguments
        with calling("dynamodb", f"table {table}"):
            try:
                self._connection.dynamodb.update_table(TableName=table, **request)
            except ClientError as error:
                if error_code(error) in {"ResourceInUseException", "LimitExceededException"}:
                    raise ServiceRefused(
                        f"AWS is at work on {table} already: {error.response.get('Error', {}).get('Message', '')}",
                        "Wait until it is active, then run this again: it goes on where it stands.",
                    ) from error
                raise


def _throughput(capacity: Capacity) -> dict[str, int]:
    return {"ReadCapacityUnits": capacity.read, "WriteCapacityUnits": capacity.write}


def _index_capacity(info: TableInfo) -> Capacity:
    """The units of the busiest index that is there."""
    known = [index.capacity for index in info.indexes if index.capacity is not None]
    return max(known, key=_write_units, default=Capacity(*ORIGINAL_INDEX_UNITS))


def _write_units(capacity: Capacity) -> int:
    return capacity.write


def is_standard(index: IndexInfo) -> bool:
    """Whether an index of a standard name has the keys and the projection that the name promises."""
    expected = index_definition(index.name, None)
    keys = [element["AttributeName"] for element in expected["KeySchema"]]
    lacking = set(expected["Projection"].get("NonKeyAttributes", ())) - set(index.attributes)
    whole = index.projection == "ALL" or (expected["Projection"]["ProjectionType"] == index.projection and not lacking)
    return [index.partition_key, index.sort_key] == keys and whole

"""Tables on every stand-in: made, described, listed, upgraded in place, given capacity, deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyanamo_tui.aws.tables import Billing, Capacity
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import NotAWorkflowTable, ReadOnly, TableExists, TableNotFound
from pyanamo_tui.workflow import schema
from tests.conformance.places import open_at
from tests.standins import Standin

ALL_INDEXES = {*schema.STANDARD_INDEXES, schema.SUMMARY_INDEX}


@pytest.fixture
def unmade(standin: Standin, table_name: str) -> Iterator[Workspace]:
    """A workspace whose table is not made yet; deleted afterwards if the test made it."""
    opened = open_at(standin, table_name)
    yield opened
    if opened.tables.exists(table_name):
        opened.tables.delete(table_name)


def test_a_new_table_has_every_index_and_is_described(unmade: Workspace, standin: Standin) -> None:
    with pytest.raises(TableNotFound):
        unmade.describe()

    info = unmade.create_table(unmade.table, stream=standin.has_streams)

    assert info == unmade.describe()
    assert (info.key, info.status, info.billing) == ((schema.ITEM_ID,), "ACTIVE", Billing.ON_DEMAND)
    assert {index.name for index in info.indexes} == ALL_INDEXES
    assert {index.partition_key for index in info.indexes} == {schema.STATE}
    for name, sort_key in schema.STANDARD_INDEXES.items():
        index = info.index(name)
        assert index is not None
        assert (index.sort_key, index.projection) == (sort_key, "ALL")
    summary = info.index(schema.SUMMARY_INDEX)
    assert summary is not None
    assert summary.projection == "INCLUDE"
    assert set(summary.attributes) == set(schema.FACT_ATTRIBUTES) - {schema.ITEM_ID, schema.STATE}
    assert (info.stream_arn is not None) == standin.has_streams
    assert unmade.table in set(unmade.tables.names())
    with pytest.raises(TableExists):
        unmade.create_table(unmade.table)

    unmade.tables.delete(unmade.table)

    assert unmade.table not in set(unmade.tables.names())
    with pytest.raises(TableNotFound):
        unmade.tables.delete(unmade.table)


def test_provisioned_units_reach_the_table_and_every_index(unmade: Workspace) -> None:
    info = unmade.create_table(unmade.table, units=(10, 5), stream=False)

    assert (info.billing, info.capacity) == (Billing.PROVISIONED, Capacity(10, 5))
    assert {index.capacity for index in info.indexes} == {Capacity(10, 5)}

    changed = unmade.tablework.set_capacity(unmade.table, read=20, write=7)

    assert changed.capacity == Capacity(20, 7)
    assert {index.capacity for index in changed.indexes} == {Capacity(20, 7)}


def test_a_bare_table_is_upgraded_without_touching_an_item(unmade: Workspace, standin: Standin) -> None:
    if not standin.has_streams:
        pytest.skip(f"{standin.kind.value} cannot add an index or a stream to a table")
    unmade.connection.dynamodb.create_table(
        TableName=unmade.table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": schema.ITEM_ID, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": schema.ITEM_ID, "KeyType": "HASH"}],
    )
    record = schema.new_single("A", "Step", "true")
    unmade.items.put(record)
    with pytest.raises(NotAWorkflowTable, match=schema.STATE_INDEX):
        unmade.describe()

    result = unmade.tablework.upgrade(unmade.table)

    assert set(result.indexes) == ALL_INDEXES
    assert result.stream
    assert unmade.describe().stream_arn
    assert whole(unmade, schema.SUMMARY_INDEX) == [record[schema.STEP]]
    assert unmade.record("A") == record
    again = unmade.tablework.upgrade(unmade.table)
    assert (again.indexes, again.stream) == ((), False)


def whole(workspace: Workspace, index: str) -> list[schema.AttributeValue]:
    """The steps of the waiting items, by an index."""
    return [record[schema.STEP] for record in workspace.items.query_state("todo", index=index).records]


def test_read_only_makes_and_deletes_nothing(unmade: Workspace, standin: Standin) -> None:
    unmade.create_table(unmade.table, stream=False)
    watching = open_at(standin, unmade.table, read_only=True)

    with pytest.raises(ReadOnly):
        watching.tables.delete(unmade.table)
    with pytest.raises(ReadOnly):
        watching.create_table(unmade.table + "x")

    assert watching.describe() == unmade.describe()
    assert not unmade.tables.exists(unmade.table + "x")

"""Tables over a socket: made, upgraded in place, given capacity and scaling, protected, and described in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pyanamo_tui.aws.scaling import Direction, Limits, Scaling
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tablechanges import TableChanges
from pyanamo_tui.aws.tables import Billing, Capacity, TableInfo, TableProtected, Tables
from pyanamo_tui.core.tablework import Severity, TableWork, UpgradeProgress, table_health
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import (
    NotAWorkflowTable,
    PermissionDenied,
    ReadOnly,
    ServiceRefused,
    TableExists,
    TableNotFound,
    UsageError,
)
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from tests.aws.scripted import Scripted, scripted_server

scripted = pytest.fixture(scripted_server)

ALL_INDEXES = {*schema.STANDARD_INDEXES, schema.SUMMARY_INDEX}


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Iterator[Workspace]:
    """A place whose table is not made yet."""
    opened = Workspace(Settings(table=table_name, region="eu-west-2", endpoint_url=embedded.endpoint_url))
    yield opened
    if opened.tables.exists(table_name):
        opened.tablework.set_protection(table_name, False)
        opened.tables.delete(table_name)


def bare_table(workspace: Workspace, *, key: str = schema.ITEM_ID, units: int | None = None) -> str:
    """A table with the key and nothing else, as other software might make it."""
    billing = (
        {"BillingMode": "PAY_PER_REQUEST"}
        if units is None
        else {"ProvisionedThroughput": {"ReadCapacityUnits": units, "WriteCapacityUnits": units}}
    )
    workspace.connection.dynamodb.create_table(
        TableName=workspace.table,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        **billing,
    )
    return workspace.table


def test_a_new_table_is_a_workflow_table_in_good_health(workspace: Workspace) -> None:
    info = workspace.create_table(workspace.table, protect=True)

    assert {index.name for index in info.indexes} == ALL_INDEXES
    assert (info.billing, info.protected, info.stream_view) == (Billing.ON_DEMAND, True, "NEW_IMAGE")
    assert info.is_workflow
    assert info.has_summary_index
    summary = info.index(schema.SUMMARY_INDEX)
    assert summary is not None
    assert set(summary.attributes) == set(schema.FACT_ATTRIBUTES) - {schema.ITEM_ID, schema.STATE}
    assert workspace.tablework.health(info) == []
    assert workspace.table in list(workspace.tables.names())
    with pytest.raises(TableExists):
        workspace.create_table(workspace.table)


def test_a_protected_table_is_not_deleted_until_its_protection_is_off(workspace: Workspace) -> None:
    workspace.create_table(workspace.table, protect=True)

    with pytest.raises(TableProtected, match="protected"):
        workspace.tables.delete(workspace.table)

    assert workspace.tablework.set_protection(workspace.table, False).protected is False
    workspace.tables.delete(workspace.table)
    assert not workspace.tables.exists(workspace.table)
    with pytest.raises(TableNotFound):
        workspace.tables.delete(workspace.table)


def test_a_bare_table_is_upgraded_in_place_one_index_at_a_time(workspace: Workspace) -> None:
    table = bare_table(workspace)
    record = schema.new_single("A", "Step", "true")
    workspace.items.put(record)
    seen: list[UpgradeProgress] = []

    result = workspace.tablework.upgrade(table, progress=seen.append)

    assert set(result.indexes) == ALL_INDEXES
    assert result.indexes[:2] == (schema.STATE_INDEX, schema.SUMMARY_INDEX)
    assert result.stream
    assert workspace.tablework.health(result.info) == workspace.tablework.health(workspace.describe())
    assert [finding.severity for finding in workspace.tablework.health(result.info)] == [Severity.NOTE]
    assert list(dict.fromkeys(told.name for told in seen)) == [*result.indexes, "stream"]
    assert {told.total for told in seen} == {6}
    assert workspace.items.query_state("todo", index=schema.SUMMARY_INDEX).records[0][schema.STEP] == {"S": "Step"}
    assert workspace.record("A") == record

    again = workspace.tablework.upgrade(table)
    assert (again.indexes, again.stream) == ((), False)


def test_an_upgrade_goes_on_where_another_stopped(workspace: Workspace) -> None:
    table = bare_table(workspace, units=7)

    def stop(told: UpgradeProgress) -> None:
        if told.number == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workspace.tablework.upgrade(table, progress=stop)
    half = workspace.tables.describe(table)
    assert half.missing
    assert set(half.missing) < ALL_INDEXES

    result = workspace.tablework.upgrade(table, stream=False)

    assert len(result.indexes) < len(ALL_INDEXES)
    assert {index.name for index in result.info.indexes} == ALL_INDEXES
    assert result.info.stream_arn is None
    assert {index.capacity for index in result.info.indexes} == {Capacity(10, 5)}


def test_a_table_with_another_key_is_not_upgraded(workspace: Workspace) -> None:
    table = bare_table(workspace, key="sample")

    with pytest.raises(NotAWorkflowTable, match="sample"):
        workspace.tablework.upgrade(table)

    (finding,) = workspace.tablework.health(workspace.tables.describe(table))
    assert finding.severity == Severity.BROKEN
    with pytest.raises(NotAWorkflowTable):
        workspace.describe()


def test_capacity_goes_to_the_table_and_every_index_and_back_to_on_demand(workspace: Workspace) -> None:
    table = workspace.create_table(workspace.table, units=(10, 10), stream=False).name

    info = workspace.tablework.set_capacity(table, read=20, write=70)

    assert info.capacity == Capacity(20, 70)
    assert {index.capacity for index in info.indexes} == {Capacity(20, 70)}
    assert workspace.tablework.set_capacity(table, read=20, write=70) == info
    with pytest.raises(UsageError):
        workspace.tablework.set_capacity(table, read=0, write=1)

    on_demand = workspace.tablework.set_on_demand(table)
    assert (on_demand.billing, on_demand.capacity) == (Billing.ON_DEMAND, None)

    back = workspace.tablework.set_capacity(table, read=5, write=5)
    assert (back.billing, back.capacity) == (Billing.PROVISIONED, Capacity(5, 5))


def test_a_stream_is_turned_on_once(workspace: Workspace) -> None:
    table = workspace.create_table(workspace.table, stream=False).name

    first = workspace.tablework.enable_stream(table)

    assert first.stream_arn
    assert workspace.tablework.enable_stream(table).stream_arn == first.stream_arn


def test_scaling_reaches_the_table_and_every_index_and_reports_each(workspace: Workspace) -> None:
    table = workspace.create_table(workspace.table, units=(10, 10), stream=False).name
    assert workspace.tablework.scaling(table) == ()

    registered = workspace.tablework.scale_between(table, read=(5, 70), write=(5, 40))
    aimed = workspace.tablework.scale_by(table, target_percent=40, scale_in_seconds=60, scale_out_seconds=30)

    assert len(registered) == len(aimed) == 2 * (1 + len(ALL_INDEXES))
    assert [one.why for one in (*registered, *aimed) if not one.done] == []
    states = workspace.tablework.scaling(table)
    assert {state.what.index for state in states} == {None, *ALL_INDEXES}
    assert {state.limits for state in states if state.what.direction == Direction.READ} == {Limits(5, 70)}
    assert {state.limits for state in states if state.what.direction == Direction.WRITE} == {Limits(5, 40)}
    policies = {(state.target_percent, state.scale_in_seconds, state.scale_out_seconds) for state in states}
    assert policies == {(40.0, 60, 30)}

    assert all(one.done for one in workspace.tablework.stop_scaling(table))
    assert workspace.tablework.scaling(table) == ()


def test_what_scaling_is_refused_is_told_for_each(workspace: Workspace, scripted: Scripted) -> None:
    info = workspace.create_table(workspace.table, units=(10, 10), stream=False)
    scaling = Scaling(Connection(region="eu-west-2", endpoint_url=scripted.url, max_attempts=1))
    scripted.fails("ObjectNotFoundException", "No scalable target found")

    aimed = scaling.put_policies(info, target_percent=70, scale_in_seconds=1, scale_out_seconds=1)

    assert len(aimed) == 2 * (1 + len(ALL_INDEXES))
    assert all("No scalable target found" in one.why for one in aimed)
    scripted.fails("AccessDeniedException")
    with pytest.raises(PermissionDenied, match="application-autoscaling:PutScalingPolicy"):
        scaling.put_policies(info, target_percent=70, scale_in_seconds=1, scale_out_seconds=1)


def test_scaling_is_refused_where_it_makes_no_sense(workspace: Workspace) -> None:
    table = workspace.create_table(workspace.table, stream=False).name

    with pytest.raises(UsageError, match="on-demand"):
        workspace.tablework.scale_between(table, read=(1, 2), write=(1, 2))
    with pytest.raises(UsageError, match="between 9 and 2"):
        workspace.tablework.scale_between(table, read=(9, 2), write=(1, 2))
    with pytest.raises(UsageError, match="95"):
        workspace.tablework.scale_by(table, target_percent=95)


def test_read_only_reaches_tables_and_scaling(workspace: Workspace, embedded: EmbeddedServer) -> None:
    table = workspace.create_table(workspace.table, units=(10, 10), stream=False).name
    watching = Workspace(replace(workspace.settings, read_only=True))

    for change in (
        lambda: watching.tables.delete(table),
        lambda: watching.tablework.set_capacity(table, read=1, write=1),
        lambda: watching.tablework.set_protection(table, True),
        lambda: watching.tablework.enable_stream(table),
        lambda: watching.tablework.scale_between(table, read=(1, 2), write=(1, 2)),
        lambda: watching.create_table(table + "x"),
    ):
        with pytest.raises(ReadOnly):
            change()

    assert workspace.tables.describe(table) == watching.tables.describe(table)
    assert watching.tablework.scaling(table) == ()


def described(**changes: object) -> TableInfo:
    info = TableInfo(
        name="T",
        arn="arn",
        status="ACTIVE",
        key=(schema.ITEM_ID,),
        billing=Billing.ON_DEMAND,
        capacity=None,
        items=0,
        size_bytes=0,
        indexes=(),
        stream_arn=None,
        stream_view=None,
        protected=False,
        created_at=None,
    )
    return replace(info, **changes)  # type: ignore[arg-type]


def test_health_names_the_worst_first_and_what_to_do(workspace: Workspace) -> None:
    info = workspace.create_table(workspace.table, units=(10, 10), stream=False)
    slow = tuple(
        replace(index, capacity=Capacity(10, 2)) if index.name == "LoggingIndex" else index
        for index in info.indexes
        if index.name != "TaskStateIndex"
    )
    filling = tuple(replace(index, status="CREATING", backfilling=True, items=5) for index in slow[:1])
    narrow = tuple(replace(index, projection="KEYS_ONLY") for index in slow[1:2])

    found = table_health(replace(info, indexes=(*filling, *narrow, *slow[2:]), stream_view="KEYS_ONLY", stream_arn="x"))

    assert [finding.severity for finding in found] == sorted(
        (finding.severity for finding in found), key=list(Severity).index
    )
    said = " / ".join(f"{finding.what} {finding.remedy}" for finding in found)
    for part in (
        "no index TaskStateIndex",
        "5 items so far",
        "other keys or attributes",
        "LoggingIndex (2)",
        "KEYS_ONLY",
    ):
        assert part in said
    assert len(table_health(described())) == len(ALL_INDEXES) + 2


def test_a_stream_without_new_images_is_left_alone(workspace: Workspace) -> None:
    table = workspace.create_table(workspace.table, stream=False).name
    workspace.connection.dynamodb.update_table(
        TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    )

    with pytest.raises(ServiceRefused, match="KEYS_ONLY"):
        workspace.tablework.enable_stream(table)


def test_waiting_gives_up_with_what_aws_said_last(workspace: Workspace) -> None:
    workspace.create_table(workspace.table, stream=False)
    times = iter(range(0, 10_000, 100))
    tables = Tables(workspace.connection, sleep=lambda _: None, clock=lambda: float(next(times)))
    work = TableWork(tables, TableChanges(workspace.connection, tables), Scaling(workspace.connection))

    with pytest.raises(Exception, match="was not active after"):
        tables.wait_active(workspace.table, having="NoSuchIndex", patience=300)

    assert work.set_protection(workspace.table, False).status == "ACTIVE"

"""Tables, capacity, boto3's own objects and what the client says on standard output."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from pyanamo_tui.aws.tables import TableProtected
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import NotAWorkflowTable, ReadOnly, TableNotFound, UsageError
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.manager import PyAnamo_Manager
from pyanamo_tui.manager.session import tell
from tests.core.places import REGION, fill, single
from tests.manager.items import ids


def test_tables_are_created_once_and_protected_ones_stay(
    embedded: EmbeddedServer, workspace: Workspace, manager: PyAnamo_Manager
) -> None:
    table = workspace.table
    fill(workspace, [single("A")])
    assert manager.create_workflow_table(table) == 0
    assert ids(workspace) == {"A"}
    workspace.tablework.set_protection(table, True)
    with pytest.raises(TableProtected):
        manager.delete_workflow_table(table)
    workspace.tablework.set_protection(table, False)
    assert manager.delete_workflow_table(table) == 1
    assert manager.delete_workflow_table(table) == 0
    assert (manager.check_table(table), manager.check_table(table, output_schema=1)) == (0, 0)
    for call in (
        lambda: manager.set_hardProvision(table, 5, 5),
        lambda: manager.reset_itemState(table, "todo", "A"),
        lambda: manager.import_item(table, "Step", "A", "true"),
        lambda: manager.monitor_task(table),
    ):
        with pytest.raises(TableNotFound):
            call()


def test_write_capacity_comes_first_and_can_be_set_again(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    for _ in range(2):
        described = manager.set_hardProvision(workspace.table, 7, 3)
        units = described["ProvisionedThroughput"]
        assert (units["WriteCapacityUnits"], units["ReadCapacityUnits"]) == (7, 3)
    assert manager.setAutoScalingTarget(workspace.table, 4, 30)["N"] == 12
    assert manager.putScalingPolicy(workspace.table, 50, 30, 90)["N"] == 12
    for state in workspace.tablework.scaling(workspace.table):
        assert (state.target_percent, state.scale_in_seconds, state.scale_out_seconds) == (50, 30, 90)
    limits = {str(state.what): state.limits for state in workspace.tablework.scaling(workspace.table)}
    assert (limits["table write"].low, limits["table write"].high) == (4, 4)
    assert (limits["ItemStateIndex read"].low, limits["ItemStateIndex read"].high) == (5, 30)


def test_a_table_without_the_index_for_logs_says_so(embedded: EmbeddedServer, table_name: str) -> None:
    manager = PyAnamo_Manager(region=REGION, endpoint_url=embedded.endpoint_url)
    manager.dynamodb.create_table(
        TableName=table_name,
        KeySchema=[{"AttributeName": "itemID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "itemID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(UsageError, match="current table"):
        manager.getToDoItems("done")
    assert manager.handle_DynamoTable(table_name) == f"Dynamo Table Object now = {table_name}"
    assert manager.handle_DynamoTable(table_name) is None
    with pytest.raises(NotAWorkflowTable):
        manager.getToDoItems("done", pyanamo_fields="Log")


def test_the_table_object_is_boto3s_own_and_passes_the_read_only_guard(
    embedded: EmbeddedServer, workspace: Workspace, table_name: str
) -> None:
    fill(workspace, [single("A")])
    manager = PyAnamo_Manager(table_name, REGION, endpoint_url=embedded.endpoint_url, read_only=True)
    answer: Any = manager.dynamo_table.get_item(Key={"itemID": "A"})
    assert answer["Item"]["itemID"] == "A"
    for call in (
        lambda: manager.dynamo_table.put_item(Item={"itemID": "B"}),
        lambda: manager.dynamodb.Table(table_name).delete(),
        lambda: manager.reset_itemState(table_name, "todo", "A"),
        lambda: manager.import_item(table_name, "Step", "B", "true"),
        lambda: manager.delete_workflow_table(table_name),
    ):
        with pytest.raises(ReadOnly):
            call()
    assert ids(workspace) == {"A"}
    with pytest.raises(UsageError, match="not a name"):
        PyAnamo_Manager(manager.dynamo_table, REGION)  # type: ignore[arg-type]


def test_what_is_said_survives_a_terminal_that_knows_little(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    tell("é\x1b[2J")
    sys.stdout.flush()
    assert raw.getvalue() == b"\\xe9\\u241b[2J\n"

"""What the manager client does where the original did harm: on real items, over a socket, by what the table holds."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.aws.tables import TableProtected
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import BadInput, NotAWorkflowTable, ReadOnly, TableNotFound, UsageError
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.manager import PyAnamo_Manager
from pyanamo_tui.manager.imports import OnExisting
from pyanamo_tui.manager.plain import PlainItem, plain
from pyanamo_tui.manager.session import tell
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Item
from pyanamo_tui.workflow.schema import AttributeValue, Record, number, text
from tests.core.places import REGION, fill, nested, open_table, single
from tests.gate import Answer, Call, Gate, refusal

JOB = "4e1f2a3b-0c0d-4e4f-8a8b-1234567890ab"
HOSTILE_IDS = ("with spaces", 'quote\'s "both"', "line\nfeed\r\n", "🧬 é", "\x1b[31mred\x1b[0m", "x" * 1024)


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Workspace:
    return open_table(embedded, table_name)


@pytest.fixture
def manager(embedded: EmbeddedServer, workspace: Workspace) -> PyAnamo_Manager:
    return PyAnamo_Manager(workspace.table, REGION, endpoint_url=embedded.endpoint_url)


@pytest.fixture
def gate(embedded: EmbeddedServer) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url) as gate:
        yield gate


def ids(workspace: Workspace) -> set[str]:
    return {schema.record_id(record) for record in workspace.items.scan().records}


def counts(item: Item) -> tuple[int | None, int | None, int | None]:
    return item.facts.nested_tasks, item.facts.log_length, item.facts.failed_tasks


def locked(item_id: str, owner: str, **extra: AttributeValue) -> Record:
    return single(item_id, "locked", **{"InstanceID": text(owner), "lockID": text("L" * 30), **extra})


# Resets.


def test_no_call_makes_an_item_of_an_unknown_id(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    table = workspace.table
    assert manager.reset_itemState(table, "todo", "ghost") == "Error updating item = ghost: there is no such item"
    assert manager.reset_itemState(table, "Pending", ["ghost", "g2"]) == {
        "N": 2,
        "Updated": [],
        "Failed": ["ghost", "g2"],
    }
    assert manager.updateItemStates(table, ["ghost"], "todo") == ["ghost"]
    assert manager.reset_itemNest(table, "ghost", taskKey="Task_0").startswith("Error")
    assert manager.reset_itemNests(table, [{"itemID": "ghost", "TaskScript": "Task_0"}])[0].startswith("Error")
    assert manager.reset_AllNests(table, ["ghost"]) == [{"ghost": "Error: there is no such item"}]
    assert manager.delete_nestedTasks(table, "ghost")[0].startswith("Error")
    assert manager.delete_nestedTasks(table, "ghost", taskKey="Task_0").startswith("Error")
    assert manager.clear_nestedTasks(table, ["ghost"])[0]["ghost"][0].startswith("Error")
    assert manager.delete_singleItem(table, "ghost") == "Error deleting item = ghost: there is no such item"
    assert ids(workspace) == set()


def test_one_task_of_a_finished_item_runs_again_with_counts_that_agree(
    workspace: Workspace, manager: PyAnamo_Manager
) -> None:
    fill(workspace, [nested("S", ["done", "failed", "done"])])
    assert manager.reset_itemNest(workspace.table, item="S", taskKey="Task_2", allTasks=0) == (
        "Updated item = S taskKey = Task_2"
    )
    item = workspace.item("S")
    assert [task.status for task in item.tasks] == ["done", "failed", "todo"]
    assert (item.facts.state, counts(item)) == ("todo", (3, 2, 1))
    assert item.tasks[2].log is not None, "the log stays until the next attempt ends"
    assert manager.reset_itemNest(workspace.table, "S", taskKey="Task_2") == "Waits already: item = S taskKey = Task_2"
    refused = manager.reset_itemNest(workspace.table, "S", taskKey=["Task_0", "Task_9"])
    assert refused == [
        f"Error updating item = S taskKey = {key}: it has no task Task_9" for key in ("Task_0", "Task_9")
    ]
    assert workspace.item("S").tasks[0].status == "done"


def test_all_tasks_run_again_only_when_that_is_said(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    fill(workspace, [nested("S", ["done", "done"], "done"), nested("T", ["done"], "done"), single("U")])
    with pytest.raises(UsageError, match="No task is named"):
        manager.reset_itemNest(workspace.table, ["S", "T"])
    assert manager.reset_itemState(workspace.table, "todo", "S").startswith("Error updating item = S: all 2 of its")
    assert workspace.item("S").facts.state == "done"
    assert manager.reset_itemNest(workspace.table, ["S", "T"], allTasks=1) == [
        "Updated item = S taskKey = Task_0",
        "Updated item = S taskKey = Task_1",
        "Updated item = T taskKey = Task_0",
    ]
    assert counts(workspace.item("S")) == (2, 0, 0)
    assert manager.reset_AllNests(workspace.table, ["S", "U"]) == [
        {"S": ["Waits already: item = S taskKey = Task_0", "Waits already: item = S taskKey = Task_1"]},
        {"U": ["Updated item = U"]},
    ]


def test_an_item_that_waits_with_nothing_to_run_is_not_called_updated(
    workspace: Workspace, manager: PyAnamo_Manager
) -> None:
    fill(workspace, [nested("left by the original", ["done", "done"], "todo"), nested("waits", ["todo"], "todo")])
    answer = manager.reset_itemState(workspace.table, "todo", ["left by the original", "waits"])
    assert answer == {"N": 2, "Updated": ["waits"], "Failed": ["left by the original"]}


def test_tasks_of_one_item_named_twice_change_together(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    fill(workspace, [nested("S", ["done", "done", "done"], "done")])
    entries: list[dict[str, object]] = [
        {"itemID": "S", "TaskScript": "Task_0"},
        {"itemID": "S", "TaskScript": {"Task_0": {}, "Task_2": {}}},
    ]
    assert manager.reset_itemNests(workspace.table, entries) == [
        "Updated item = S taskKey = Task_0",
        "Updated item = S taskKey = Task_2",
    ]
    assert [task.status for task in workspace.item("S").tasks] == ["todo", "done", "todo"]
    assert len(workspace.journal.activity()) == 1


def test_items_are_parked_in_any_state_but_locked(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    fill(workspace, [single("A"), single("B", "Pending"), nested("C", ["done", "todo"], "todo")])
    answer = manager.reset_itemState(workspace.table, "Pending", ["A", "B", "C", "A"])
    assert answer == {"N": 3, "Updated": ["A", "B", "C"], "Failed": []}
    assert manager.updateItemStates(workspace.table, ["A", "B", "C"], "Pending") == []
    item = workspace.item("C")
    assert (item.facts.state, item.facts.lock_id, counts(item)) == ("Pending", None, (2, 1, 0))
    with pytest.raises(UsageError, match="Only a worker"):
        manager.reset_itemState(workspace.table, "locked", "A")
    with pytest.raises(UsageError, match="No item is named"):
        manager.reset_itemState(workspace.table, "todo", [])


@pytest.mark.parametrize("state", ["todo", "Pending"])
def test_items_are_taken_from_dead_workers_and_left_to_living_ones(
    gate: Gate, workspace: Workspace, table_name: str, state: str
) -> None:
    def answer(call: Call) -> Answer | None:
        if call.operation != "/v1/describejobs":
            return None
        states = {JOB: "RUNNING", f"{JOB}:3": "FAILED"}
        return 200, {"jobs": [{"jobId": job, "status": states[job]} for job in call.body["jobs"] if job in states]}

    gate.answer = answer
    lease = {"Lease_Lock": text("L" * 30)}
    fill(
        workspace,
        [
            locked("leased", "host-1", **lease, Lease_Until=number(int(time.time()) + 600)),
            locked("expired", "host-1", **lease, Lease_Until=number(1_000_000_000)),
            locked("job runs", JOB),
            locked("job failed", f"{JOB}-3"),
            locked("job forgotten", f"{JOB}-4"),
            locked("host", "ip-10-0-0-7"),
            locked("no lock id", "ip-10-0-0-7", lockID=text("NULL")),
        ],
    )
    manager = PyAnamo_Manager(table_name, REGION, endpoint_url=gate.url)
    everything = sorted(ids(workspace))
    answered = manager.reset_itemState(table_name, state, everything)
    assert answered["Failed"] == ["job runs", "leased"]
    for item_id in everything:
        expected = "locked" if item_id in answered["Failed"] else state
        assert workspace.item(item_id).facts.state == expected
    several = manager.reset_itemState(table_name, state, [*everything, *(f"g{n}" for n in range(120))])
    assert several["Updated"] == [item_id for item_id in everything if item_id not in answered["Failed"]]


def test_every_change_can_be_undone(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    before = fill(workspace, [single("A"), nested("S", ["done", "failed"])])
    table = workspace.table
    manager.reset_itemState(table, "todo", ["A"])
    manager.updateItemStates(table, ["A"], "Pending")
    manager.reset_AllNests(table, ["S"])
    manager.delete_nestedTasks(table, "S", taskKey=["Task_1"])
    manager.delete_nestedTasks(table, "S")
    manager.delete_singleItem(table, ["A", "S"])
    assert ids(workspace) == set()
    actions = workspace.journal.activity()
    assert len(actions) == 6
    for action in actions:
        workspace.actions.apply(workspace.actions.undo(action.id))
    assert [workspace.record(schema.record_id(record)) for record in before] == before


def test_hostile_ids_pass_through_unharmed(
    workspace: Workspace, manager: PyAnamo_Manager, capsys: pytest.CaptureFixture[str]
) -> None:
    table = workspace.table
    for item_id in HOSTILE_IDS:
        imported = manager.import_item(table, taskID="Step", itemID=item_id, taskScript="true")
        assert imported is not None
    assert manager.getToDoItems("todo")["Items"] == [{"itemID": item_id} for item_id in sorted(HOSTILE_IDS)]
    assert manager.reset_itemState(table, "Parked", list(HOSTILE_IDS))["Failed"] == []
    assert manager.delete_singleItem(table, list(HOSTILE_IDS))["Deleted"] == list(HOSTILE_IDS)
    assert "\x1b" not in capsys.readouterr().out


# Imports.


def test_an_id_that_is_there_is_left_alone_unless_told(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    table = workspace.table
    (done,) = fill(workspace, [single("A", "done")])

    def again(existing: OnExisting) -> PlainItem | None:
        return manager.import_item(table, "Step", "A", "true", existing=existing)

    assert manager.import_item(table_name=table, taskID="Step", itemID="A", taskScript="true") is None
    assert manager.import_nested_item(table, "Step", "A", "true", "1,2", ",") is None
    assert manager.import_items(["A|Step|true"], "|", table) == {"N": 0, "Items": []}
    with pytest.raises(BadInput, match="exist already"):
        again("fail")
    assert workspace.record("A") == done
    replaced = again("replace")
    assert replaced is not None
    assert (replaced["ItemState"], replaced["Log"], replaced["Log_Length"]) == ("todo", {}, 0)
    workspace.actions.apply(workspace.actions.undo())
    assert workspace.record("A") == done
    with pytest.raises(UsageError, match="existing"):
        again("overwrite")  # type: ignore[arg-type]


def test_rows_that_give_no_item_are_named_and_nothing_is_written(
    workspace: Workspace, manager: PyAnamo_Manager
) -> None:
    rows = ["A|Step|true", "B|Step", "A|Step|false"]
    with pytest.raises(BadInput, match=r"row 2: 2 columns .*row 3: the same itemID") as refused:
        manager.import_items(data=rows, delim="|", table_name=workspace.table)
    assert [problem.line for problem in refused.value.problems] == [2, 3]
    for call in (
        lambda: manager.import_items(rows, None, workspace.table),
        lambda: manager.import_items("A|Step|true", "|", workspace.table),
        lambda: manager.import_item(workspace.table, taskID="Step", itemID="A"),
        lambda: manager.import_nested_item(workspace.table, "Step", "A", "seq", "1,2"),
        lambda: manager.import_items(rows[:1], "|"),
        lambda: manager.import_from_file(workspace.table),
    ):
        with pytest.raises(UsageError):
            call()
    assert ids(workspace) == set()


def test_a_nested_item_may_split_its_arguments_by_what_splits_columns_elsewhere(
    workspace: Workspace, manager: PyAnamo_Manager
) -> None:
    item = manager.import_nested_item(workspace.table, "Step", "A", "echo", "a  b|c", "|")
    assert item is not None
    assert item["TaskScript"]["Task_0"]["Script"] == "echo a  b"
    assert item["Nested_Tasks"] == 2


def test_files_are_imported_by_the_names_of_their_columns(
    workspace: Workspace, manager: PyAnamo_Manager, tmp_path: Path
) -> None:
    file = tmp_path / "items.txt"
    file.write_bytes("TASKID;itemid;TaskScript;TaskArgs\r\nStep;é;seq;1,2\r\n\r\nStep;B;seq;3\r\n".encode())
    answer = manager.import_from_file(workspace.table, str(file), ";", ",")
    assert answer["N"] == 2
    assert [item["itemID"] for item in answer["Items"]] == ["é", "B"]
    assert [task.script for task in workspace.item("é").tasks] == ["seq 1", "seq 2"]
    assert manager.import_from_file(workspace.table, str(file))["N"] == 0
    assert manager.readFile(str(file))[1:3] == ["Step;é;seq;1,2", ""]
    headless = tmp_path / "headless.txt"
    headless.write_text("C|Step|seq 1\nD|Step|seq 2\n")
    with pytest.raises(BadInput, match="header"):
        manager.import_from_file(workspace.table, str(headless), "|")
    assert manager.import_from_file(workspace.table, str(headless), "|", force_import=1)["N"] == 2
    assert ids(workspace) == {"é", "B", "C", "D"}
    with pytest.raises(BadInput, match="no file"):
        manager.import_from_file(workspace.table, str(tmp_path / "none.txt"), "|")


def test_files_are_read_as_utf8(manager: PyAnamo_Manager, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"é": [1, "x"]}, ensure_ascii=False), encoding="utf-8")
    assert manager.read_jsonFile(str(file)) == {"é": [1, "x"]}
    file.write_text("{\n  oops\n}")
    with pytest.raises(BadInput, match="line 2"):
        manager.read_jsonFile(str(file))
    file.write_bytes(b"\xff")
    with pytest.raises(BadInput, match="UTF-8"):
        manager.readFile(str(file))
    with pytest.raises(BadInput, match="cannot be read"):
        manager.readFile(str(tmp_path))


# Deletions.


def test_tasks_are_deleted_with_their_counts(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    table = workspace.table
    fill(workspace, [nested("S", ["done", "todo", "failed"], "failed"), nested("T", ["todo"], "todo"), single("U")])
    assert manager.delete_nestedTasks(table, "S", taskKey=[]) == [], "an empty list is not all of them"
    assert manager.delete_nestedTasks(table, "S", taskKey=["Task_0", "Task_7"]) == [
        f"Error deleting task = {key} from itemID = S: it has no task Task_7" for key in ("Task_0", "Task_7")
    ]
    assert counts(workspace.item("S")) == (3, 2, 1)
    assert manager.delete_nestedTasks(table, "S", "Task_1") == "Deleted task = Task_1 from itemID = S"
    assert (workspace.item("S").facts.state, counts(workspace.item("S"))) == ("failed", (2, 2, 1))
    assert manager.clear_nestedTasks(table, ["T", "U"]) == [
        {"T": ["Deleted task = Task_0 from itemID = T"]},
        {"U": ["Error deleting tasks from itemID = U: it has no nested tasks"]},
    ]
    assert workspace.item("T").facts.state == "done"
    assert workspace.item("U").script is not None


def test_a_list_of_items_is_deleted_around_those_that_cannot_be(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    fill(workspace, [single("A"), locked("held", "i-0abc"), single("B")])
    mine = ["none", "A", "held", "B"]
    assert manager.delete_singleItem(workspace.table, item=mine) == {
        "N": 4,
        "Deleted": ["A", "B"],
        "Failed": ["none", "held"],
    }
    assert mine == ["none", "A", "held", "B"]
    assert ids(workspace) == {"held"}


# Looks.


def test_items_come_in_order_with_plain_values_and_from_every_page(
    workspace: Workspace, manager: PyAnamo_Manager
) -> None:
    large = {"Log": schema.mapping({"Status": text("x"), "stdout": text("y" * 300_000), "stderr": text("")})}
    fill(workspace, [single(f"S{number}", "failed", **large) for number in (3, 0, 4, 2, 1)])
    found = manager.getToDoItems("failed", pyanamo_fields="itemID,TaskID , Log,Nested_Tasks, Log_Length")
    assert (found["ItemState"], found["N"]) == ("failed", 5)
    assert [item["itemID"] for item in found["Items"]] == ["S0", "S1", "S2", "S3", "S4"]
    first = found["Items"][0]
    assert first.keys() == {"itemID", "taskID", "TaskID", "Log", "Log_Length"}
    assert (type(first["Log_Length"]), len(first["Log"]["stdout"])) == (int, 300_000)
    assert manager.getToDoItems("failed", 0) == {
        "ItemState": "failed",
        "N": 5,
        "Items": [{"itemID": f"S{number}"} for number in range(5)],
    }
    assert manager.getToDoItems("done") == {"ItemState": "done", "N": 0, "Items": []}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_numbers_are_plain(value: Decimal) -> None:
    found = plain({"N": str(value)})
    assert isinstance(found, int | float)
    assert abs(Decimal(found) - value) < Decimal("0.0001")
    assert isinstance(found, int) == (value == value.to_integral_value())


def test_other_values_are_plain() -> None:
    record: dict[str, AttributeValue] = {
        "L": {"L": [{"S": "a"}, {"NULL": True}, {"BOOL": False}]},
        "sets": {"M": {"n": {"NS": ["1", "2.5"]}, "s": {"SS": ["a"]}, "b": {"BS": [b"x"]}}},
        "B": {"B": b"y"},
    }
    assert {name: plain(value) for name, value in record.items()} == {
        "L": ["a", None, False],
        "sets": {"n": {1, 2.5}, "s": {"a"}, "b": {b"x"}},
        "B": b"y",
    }


def test_an_empty_table_is_counted(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    assert manager.monitor_task(workspace.table) == {"Iteration_0": {"todo": 0, "locked": 0, "done": 0}}
    assert manager.summarize_nestedTasks(workspace.table) is None


def test_jobs_are_asked_for_as_aws_knows_them(gate: Gate, workspace: Workspace, table_name: str) -> None:
    asked: list[str] = []
    states = {JOB: "RUNNING", f"{JOB}:3": "FAILED", f"{JOB}:12": "SUCCEEDED", f"{JOB}:4": "RUNNABLE"}

    def answer(call: Call) -> Answer | None:
        if call.operation != "/v1/describejobs":
            return None
        asked.extend(call.body["jobs"])
        return 200, {"jobs": [{"jobId": job, "status": states[job]} for job in call.body["jobs"] if job in states]}

    gate.answer = answer
    owners = [JOB, f"{JOB}-3", f"{JOB}-12", f"{JOB}-4", f"{JOB}-5", "i-0a1b2c3d", "ip-10-0-0-7", "NULL"]
    fill(workspace, [locked(f"S{number}", owner) for number, owner in enumerate(owners)])
    manager = PyAnamo_Manager(table_name, REGION, endpoint_url=gate.url)
    assert manager.getItem_JobStates(table_name) == {
        "SUCCEEDED": ["S2"],
        "FAILED": ["S1"],
        "RUNNING": ["S0"],
        "OTHER": ["RUNNABLE_Item_S3"],
        "UNKNOWN": ["S4"],
        "NO_JOB": ["S5", "S6", "S7"],
        "ERROR_FETCHING": [],
    }
    assert sorted(asked) == sorted([*states, f"{JOB}:5"])


def test_a_refusal_of_batch_is_said_and_not_taken_for_an_unknown_job(
    gate: Gate, workspace: Workspace, table_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = refusal("AccessDeniedException", "not authorized to perform: batch:DescribeJobs")
    gate.answer = lambda call: denied if call.operation == "/v1/describejobs" else None
    fill(workspace, [locked("S", JOB)])
    states = PyAnamo_Manager(table_name, REGION, endpoint_url=gate.url).getItem_JobStates(table_name)
    assert {state: found for state, found in states.items() if found} == {"ERROR_FETCHING": ["S"]}
    assert "batch:DescribeJobs" in capsys.readouterr().out


# Tables and the session.


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

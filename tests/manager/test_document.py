"""The user's document on the manager client: each of its code blocks, as it stands there, run and checked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import pyanamo_tui.manager
from pyanamo_tui.aws.scaling import Direction, Limits
from pyanamo_tui.aws.tables import Billing, Capacity
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.manager import monitors
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Item
from tests.core.places import fill, nested, single

REGION: Final = "us-east-1"
TABLES: Final = ("Testing", "Testing_1", "Testing_2", "Testing_3")
BLOCKS: Final = {
    name: text
    for name, _, text in (
        block.partition("\n") for block in (Path(__file__).parent / "document.txt").read_text().split("=== ")[1:]
    )
}
"""The document's code, by what each block is about."""

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def place(embedded: EmbeddedServer) -> Iterator[Callable[[str], Workspace]]:
    """Opens the document's tables, which are gone afterwards."""

    def opened(table: str | None = None) -> Workspace:
        return Workspace(Settings(table=table, region=REGION, endpoint_url=embedded.endpoint_url))

    yield opened
    tables = opened().tables
    for name in TABLES:
        if tables.exists(name):
            tables.delete(name)


@pytest.fixture
def run(embedded: EmbeddedServer, place: object, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a block of the document, and gives the names that it left behind."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.endpoint_url)
    monkeypatch.setitem(sys.modules, "manager", pyanamo_tui.manager)

    def block(name: str, **known: object) -> dict[str, Any]:
        # Two blocks begin with the shell's command `python`, as a line of its own.
        names: dict[str, Any] = {"python": None, **known}
        exec(compile(BLOCKS[name], f"document: {name}", "exec"), names)
        return names

    return block


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that monitors waited, without the waiting."""
    waited: list[float] = []

    class Time:
        sleep = staticmethod(waited.append)

    monkeypatch.setattr(monitors, "time", Time)
    return waited


def made(workspace: Workspace) -> Workspace:
    workspace.create_table(workspace.table, units=(10, 10), stream=False)
    return workspace


def counts(item: Item) -> tuple[int | None, int | None, int | None]:
    return item.facts.nested_tasks, item.facts.log_length, item.facts.failed_tasks


def statuses(item: Item) -> list[str]:
    return [task.status for task in item.tasks]


def ids(workspace: Workspace) -> set[str]:
    return {schema.record_id(record) for record in workspace.items.scan().records}


def test_creating_and_deleting_tables(run: Run, place: Callable[[str], Workspace]) -> None:
    names = run("tables")
    assert names["table_exists_now"] == 0
    assert not place("Testing").tables.exists("Testing")
    assert names["manager_client"].dynamo_table.name == "Testing_2"
    assert names["manager_client"].dynamo_table.table_status == "ACTIVE"
    info = place("Testing_2").describe()
    assert info.missing == ()
    assert info.has_summary_index
    assert info.capacity == Capacity(10, 10)
    assert names["manager_client"].check_table("Testing_2") == 1
    described = names["manager_client"].check_table("Testing_2", output_schema=1)
    assert {index["IndexName"] for index in described["GlobalSecondaryIndexes"]} >= set(schema.STANDARD_INDEXES)


def test_custom_capacity(run: Run, place: Callable[[str], Workspace]) -> None:
    workspace = place("Testing_3")
    workspace.create_table("Testing_3", stream=False)
    names = run("capacity")
    info = workspace.describe()
    assert info.billing == Billing.PROVISIONED
    assert info.capacity == Capacity(70, 70)
    assert {index.capacity for index in info.indexes} == {Capacity(70, 70)}
    assert names["out"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 70


def test_auto_scaling(run: Run, place: Callable[[str], Workspace]) -> None:
    workspace = made(place("Testing_3"))
    names = run("auto-scaling")
    for answer in (names["targetRegister"], names["policyLog"]):
        assert (answer["N"], len(answer["Updated"]), answer["Failed"]) == (12, 12, {})
    states = workspace.tablework.scaling("Testing_3")
    assert {state.what.direction for state in states} == set(Direction)
    assert len(states) == 12
    for state in states:
        assert state.limits == Limits(5, 70)
        assert (state.target_percent, state.scale_in_seconds, state.scale_out_seconds) == (40, 60, 60)


def test_importing_single_and_nested_items(run: Run, place: Callable[[str], Workspace]) -> None:
    workspace = made(place("Testing"))
    run("import one")
    item = workspace.item("Seq_Test_9")
    assert (item.script, item.facts.step, item.facts.state) == ("seq 10", "Task_9", "todo")
    item = workspace.item("Seq_Test_10")
    assert [task.script for task in item.tasks] == ["seq 10", "seq 12", "seq 14"]
    assert counts(item) == (3, 0, None)


def test_importing_lists(run: Run, place: Callable[[str], Workspace], capsys: pytest.CaptureFixture[str]) -> None:
    workspace = made(place("Testing"))
    run("import one")
    names = run("import lists")
    assert names["importLog"]["N"] == 4
    assert [item["itemID"] for item in names["importLog"]["Items"]] == [f"Seq_Test_{n}" for n in (11, 12, 13, 14)]
    assert workspace.item("Seq_Test_13").script == "seq 4"
    # 9 and 10 are there from the block before: they stay as they are.
    assert names["Nested_importLog"]["N"] == 2
    assert [item["itemID"] for item in names["Nested_importLog"]["Items"]] == ["Seq_Test_7", "Seq_Test_8"]
    assert names["Nested_importLog"]["Items"][1]["TaskScript"]["Task_1"] == {"Status": "todo", "Script": "seq 7"}
    assert workspace.item("Seq_Test_9").script == "seq 10"
    assert [task.script for task in workspace.item("Seq_Test_10").tasks] == ["seq 10", "seq 12", "seq 14"]
    assert "Not imported N = 2" in capsys.readouterr().out


def test_importing_lists_into_an_empty_table(run: Run, place: Callable[[str], Workspace]) -> None:
    workspace = made(place("Testing"))
    names = run("import lists")
    assert (names["importLog"]["N"], names["Nested_importLog"]["N"]) == (4, 4)
    assert [task.script for task in workspace.item("Seq_Test_10").tasks] == [f"seq {n}" for n in (3, 2, 4, 6, 5)]


def test_monitoring(
    run: Run, place: Callable[[str], Workspace], waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    done = "done"
    quarters = {
        "todo": nested("none", ["todo", "todo"], "todo"),
        "Q1": nested("quarter", [done, "todo", "todo", "todo"], "locked", lockID=schema.text("x" * 30)),
        "Q2": nested("half", [done, "failed"], "failed"),
        "Q3": nested("most", [done, done, "todo"], "Wall_Time_Exceeded"),
        "Q4": nested("nearly", [done] * 9 + ["todo"], "Parked"),
        "done": nested("all", [done, done], "done"),
    }
    fill(made(place("Testing")), [*quarters.values(), single("alone", "done")])
    names = run("monitor")
    assert {name: group["Items"] for name, group in names["itemSummary"].items()} == {
        name: [record["itemID"]["S"]] for name, record in quarters.items()
    }
    assert all(group["N"] == 1 for group in names["itemSummary"].values())
    one_each = {name: {"N": 1} for name in quarters}
    assert names["monitoringData"] == {"Iteration_1": one_each, "Iteration_2": one_each}
    assert waits == [2, 2, 3]
    printed = capsys.readouterr().out
    assert printed.count("Iteration_2: todo = 1, locked = 1, done = 2, failed = 1, Wall_Time_Exceeded = 1") == 1
    assert "Parked = 1" in printed


def test_job_states(run: Run, place: Callable[[str], Workspace]) -> None:
    job = "4e1f2a3b-0c0d-4e4f-8a8b-1234567890ab-3"
    fill(
        made(place("Testing")),
        [
            single("forgotten", "locked", InstanceID=schema.text(job)),
            single("elsewhere", "locked", InstanceID=schema.text("ip-10-0-0-7")),
            single("ended", "done"),
        ],
    )
    results = run("job states")["results"]
    assert {state: found for state, found in results.items() if found} == {
        "UNKNOWN": ["forgotten"],
        "NO_JOB": ["elsewhere"],
    }
    assert {"SUCCEEDED", "FAILED", "RUNNING", "OTHER", "ERROR_FETCHING"} <= results.keys()


def test_getting_logs(run: Run, place: Callable[[str], Workspace], capsys: pytest.CaptureFixture[str]) -> None:
    items = [nested(f"S{number}", ["done", "done", "done"], "done") for number in range(6)]
    fill(made(place("Testing_1")), [*items, nested("unfinished", ["done", "todo"], "todo")])
    names = run("logs")
    logs = names["done_logs"]
    assert (logs["N"], len(logs["Items"])) == (6, 6)
    assert names["itemData_second"] == {
        "itemID": "S4",
        "taskID": "Call",
        "TaskID": "Call",
        "Nested_Tasks": 3,
        "Log_Length": 3,
        "ItemState": "done",
        "Log": {f"Task_{n}": {"Status": "done", "stdout": f"{n}\n", "stderr": ""} for n in range(3)},
    }
    assert capsys.readouterr().out.count("S0 stderr length = 0") == 3


def test_restarting(run: Run, place: Callable[[str], Workspace]) -> None:
    workspace = made(place("Testing_1"))
    done = "done"
    fill(
        workspace,
        [
            single("1"),
            single("2", "Wall_Time_Exceeded"),
            nested("Seq_Test_10", [done] * 5, done),
            nested("Seq_Test_9", [done, done, "failed", done]),
            nested("Seq_Test_7", [done], done),
        ],
    )
    names = run("restart")
    assert names["out_itemUpdate"] == "Updated item = 1"
    assert names["out_itemUpdates"] == {"N": 2, "Updated": ["1", "2"], "Failed": []}
    for item_id in ("1", "2"):
        assert workspace.item(item_id).facts.state == "todo"
        log = workspace.item(item_id).log
        assert log is not None
        assert log.stdout == "begun\n", "the log stays until the next attempt ends"
    *reset, missing = names["out"]
    assert [set(answer) for answer in reset] == [{"Seq_Test_10"}, {"Seq_Test_9"}, {"Seq_Test_7"}]
    assert reset[2] == {"Seq_Test_7": ["Updated item = Seq_Test_7 taskKey = Task_0"]}
    assert missing == {"Seq_Test_6": "Error: there is no such item"}
    assert ids(workspace) == {"1", "2", "Seq_Test_10", "Seq_Test_9", "Seq_Test_7"}
    for item_id, tasks in (("Seq_Test_10", 5), ("Seq_Test_9", 4), ("Seq_Test_7", 1)):
        item = workspace.item(item_id)
        assert item.facts.state == "todo"
        assert statuses(item) == ["todo"] * tasks
        assert counts(item) == (tasks, 0, 0)


def test_deleting(run: Run, place: Callable[[str], Workspace]) -> None:
    workspace, other = made(place("Testing")), made(place("Testing_3"))
    fill(workspace, [nested("Seq_Test_7", ["todo", "done"], "todo"), single("stays")])
    fill(other, [nested("Seq_Test_9", ["done", "todo", "todo", "todo"], "todo"), single("stays too")])
    # `user_data` is the one of the document's auto-scaling block.
    run("delete", user_data={"table_name": "Testing_3", "aws_region": REGION})
    emptied = workspace.item("Seq_Test_7")
    assert (emptied.tasks, counts(emptied), emptied.facts.state) == ((), (0, 0, 0), "done")
    assert ids(workspace) == {"Seq_Test_7", "stays"}, "Seq_Task_2 was never there, and is not now"
    assert ids(other) == {"stays too"}
    tasks_deleted, *_ = [
        entry for entry in other.journal.activity() if entry.action == "delete-tasks" and entry.changed == 1
    ]
    plan = other.actions.undo()
    other.actions.apply(plan)
    left = other.item("Seq_Test_9")
    assert ([task.key for task in left.tasks], counts(left)) == (["Task_2", "Task_3"], (2, 0, 0))
    other.actions.apply(other.actions.undo(tasks_deleted.id))
    assert counts(other.item("Seq_Test_9")) == (4, 1, 0)

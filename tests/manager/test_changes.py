"""Resets and deletions where the original did harm: on real items, over a socket, by what the table holds."""

from __future__ import annotations

import time

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import UsageError
from pyanamo_tui.manager import PyAnamo_Manager
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import number, text
from tests.core.places import REGION, fill, nested, single
from tests.gate import Answer, Call, Gate
from tests.manager.items import JOB, counts, ids, locked


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

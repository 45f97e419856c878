"""What the client answers of tables and items: every state, every page, plain values, jobs as AWS knows them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.manager import PyAnamo_Manager
from pyanamo_tui.manager.plain import plain
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import AttributeValue, text
from tests.core.places import REGION, fill, single
from tests.gate import Answer, Call, Gate, refusal
from tests.manager.items import JOB, locked


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

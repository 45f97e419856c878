"""`status`, `items`, `failures`, `locked`, `logs`, `doctor`: the shapes that scripts rely on, and text that is safe."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.workflow import schema
from tests.cli.conftest import Run
from tests.core.places import fill, single

HOSTILE = "\x1b]0;owned\x07\x1b[31m\u202etxt"


def test_status_has_the_shape_that_scripts_rely_on(run: Run, cohort: Workspace) -> None:
    told = run("status", "--json").json
    assert told["table"] == cohort.table
    assert told["states"] == {"todo": 1, "failed": 3, "done": 1}
    assert told["total"] == 5
    assert set(told["nested"]) == {"todo", "Q1", "Q2", "Q3", "Q4", "done"}
    assert told["nested"]["Q3"] == 1
    assert told["exact"] is True
    assert told["source"] == "census"
    assert told["consumed_read_units"] > 0
    assert told["as_of"].endswith("Z")
    assert {"rate_per_minute", "eta_seconds"} <= set(told)


def test_status_in_words(run: Run, cohort: Workspace) -> None:
    ran = run("status")
    assert ran.code == 0
    assert f"{cohort.table}, eu-west-2: 5 items" in ran.out
    assert "3  failed" in ran.out
    assert "Failures:" in ran.out
    assert "read units" in ran.out


def test_status_of_an_empty_table_says_so(run: Run, workspace: Workspace) -> None:
    assert "The table is empty" in run("status").out


def test_items_by_state_and_filter(run: Run, cohort: Workspace) -> None:
    listed = run("items", "--state", "FAILED", "--json").json
    assert [one["item"] for one in listed["items"]] == ["N1", "S1", "S2"]
    assert listed["count"] == 3
    assert run("items", "--filter", "state:failed tasks>0", "--ids").out == "N1\n"
    assert run("items", "--ids").out.split() == ["N1", "S1", "S2", "S3", "S4"]
    assert len(run("items", "--limit", "2", "--ids").out.split()) == 2
    rows = list(csv.DictReader(io.StringIO(run("items", "--state", "todo", "--csv").out)))
    assert [(row["item"], row["state"]) for row in rows] == [("S4", "todo")]
    lines = run("items").out.splitlines()
    assert lines[0].split("\t")[:3] == ["ITEM", "STATE", "STEP"]
    assert len(lines) == 6


def test_failures_have_the_shape_that_scripts_rely_on(run: Run, cohort: Workspace) -> None:
    groups = run("failures", "--json").json["groups"]
    assert sum(group["count"] for group in groups) == 3
    for group in groups:
        assert {"signature", "count", "exit_code", "first", "last", "sample"} <= set(group)
        assert set(group["sample"]) == {"item", "task", "line"}
    largest = next(group for group in groups if group["count"] == 2)
    assert largest["sample"] == {"item": "S1", "task": None, "line": "no such file"}
    nested = next(group for group in groups if group["count"] == 1)
    assert (nested["sample"]["item"], nested["sample"]["task"]) == ("N1", "Task_1")
    assert "S1: no such file" in run("failures").out


def test_locked_items_are_judged_and_the_dead_given_back(run: Run, cohort: Workspace) -> None:
    now = time.time()
    held = {"lockID": schema.text("abc"), "InstanceID": schema.text("node-1")}
    fill(
        cohort,
        [
            single("L1", "locked", **held, Lease_Until=schema.number(int(now) - 60)),
            single("L2", "locked", **held, Lease_Until=schema.number(int(now) + 6000)),
            single("L3", "locked", **held),
        ],
    )
    told = run("locked", "--json").json
    assert told["counts"] == {"alive": 1, "dead": 1, "unknown": 1}
    assert {one["item"]: one["verdict"] for one in told["items"]} == {"L1": "dead", "L2": "alive", "L3": "unknown"}
    assert "its lease ran out" in run("locked").out

    given_back = run("requeue", "--dead", "--yes", "--json")
    assert (given_back.code, given_back.json["changed"]) == (0, 1)
    assert cohort.item("L1").facts.state == "todo"
    assert cohort.item("L2").facts.state == "locked"


def test_logs_come_as_stdout_then_stderr(run: Run, cohort: Workspace, tmp_path: Path) -> None:
    ran = run("logs", "S1")
    assert ran.code == 0
    assert ran.out.splitlines() == ["==> stdout <==", "begun", "==> stderr <==", "no such file"]
    assert run("logs", "S1", "--stderr").out == "no such file\n"
    assert [log["lines"] for log in run("logs", "S1", "--json").json["logs"]] == [["begun"], ["no such file"]]
    assert run("logs", "N1", "Task_1", "--stdout").out == "1\n"

    many = run("logs", "N1")
    assert many.code == 2
    assert "3 nested tasks" in many.err
    assert run("logs", "N1", "Task_9").code == 4
    assert run("logs", "S9").code == 4

    file = tmp_path / "S1.log"
    assert run("logs", "S1", "--save", str(file)).code == 0
    assert file.read_bytes() == b"begun\n"
    assert file.with_name("S1.log.stderr").read_bytes() == b"no such file\n"
    assert run("logs", "S1", "--save", str(file)).code == 2


def test_the_tail_of_a_log_is_its_last_lines(run: Run, workspace: Workspace) -> None:
    log = schema.mapping(
        {"Status": schema.text("exit 1"), "stdout": schema.text("1\n2\n3\n4\n"), "stderr": schema.text("")}
    )
    fill(workspace, [single("S1", Log=log)])
    assert run("logs", "S1", "--stdout", "--tail", "3").out == "2\n3\n4\n"


def test_hostile_data_reaches_the_terminal_as_text(run: Run, workspace: Workspace) -> None:
    log = schema.mapping(
        {"Status": schema.text("exit 1"), "stdout": schema.text(HOSTILE), "stderr": schema.text(HOSTILE)}
    )
    fill(workspace, [single(f"S1{HOSTILE}", Log=log)])
    for command in (["items"], ["failures"], ["status"], ["logs", f"S1{HOSTILE}"], ["delete", f"S1{HOSTILE}x"]):
        ran = run(*command)
        assert not {"\x1b", "\x07", "\u202e"} & set(ran.out + ran.err), command
    printed = run("items", "--json")
    assert printed.out.isascii()
    assert printed.json["items"][0]["item"] == f"S1{HOSTILE}"


def test_the_doctor_finds_and_repairs_a_phantom(run: Run, cohort: Workspace) -> None:
    assert run("doctor").code == 0
    fill(cohort, [{schema.ITEM_ID: schema.text("ghost"), schema.STATE: schema.text("todo")}])
    found = run("doctor", "--json")
    assert found.code == 1
    assert [one["item"] for one in found.json["findings"]] == ["ghost"]
    assert "phantom" in run("doctor").out

    assert run("doctor", "--fix").code == 2
    assert run("doctor", "--fix", "--dry-run", "--json").json["would_change"] == 1
    fixed = run("doctor", "--fix", "--yes", "--json")
    assert (fixed.code, fixed.json["changed"]) == (0, 1)
    assert run("doctor").code == 0
    assert run("undo", "--yes").code == 0
    assert run("doctor", "--json").json["counts"]


@pytest.mark.usefixtures("workspace")
def test_reading_is_allowed_read_only(run: Run) -> None:
    assert run("status", "--read-only").code == 0

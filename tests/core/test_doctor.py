"""Every kind of debris of docs/wire-format.md, found in a table, repaired through the journal, and taken back."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.core.doctor import Doctor, Examined, decide_repair
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import ReadOnly
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Debris
from pyanamo_tui.workflow.repairs import REMEDIES, diagnose, repair
from pyanamo_tui.workflow.schema import Record, number, text
from pyanamo_tui.workflow.transitions import Refused
from tests.core.places import fill, nested, open_table, single

NOW = 1_795_000_000.0


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Workspace:
    return open_table(embedded, table_name)


def phantom(item_id: str) -> Record:
    """What the original's reset of an unknown id leaves."""
    return {
        "itemID": text(item_id),
        "ItemState": text("todo"),
        "lockID": text("NULL"),
        "Lock_Date": text("NULL"),
        "InstanceID": text("NULL"),
        "Log": {"M": {}},
    }


def done_single(item_id: str, status: str, code: int | None = None) -> Record:
    log = {"Status": text(status), "stdout": text(""), "stderr": text("")}
    return single(item_id, "done", Log={"M": log if code is None else {**log, "Exit_Code": number(code)}})


def original_failed(item_id: str) -> Record:
    record = nested(item_id, ["done", "done"], "done")
    record["Log"]["M"]["Task_1"]["M"]["Status"] = text("Execution Failed")
    return record


def counted(item_id: str, said: int, statuses: list[str], state: str) -> Record:
    return nested(item_id, statuses, state, Log_Length=number(said))


def reset_by_the_original(item_id: str) -> Record:
    return nested(item_id, ["done", "done"], "todo", Log={"M": {}})


def without(record: Record, name: str) -> Record:
    return {held: value for held, value in record.items() if held != name}


LEFT_BY_OTHERS = {
    "phantom": (phantom("phantom"), Debris.PHANTOM),
    "script": (single("script", "todo", TaskScript=text("  ")), Debris.NO_SCRIPT),
    "empty": (nested("empty", [], "todo"), Debris.EMPTY_TASKS),
    "exceeds": (counted("exceeds", 3, ["done", "done"], "Wall_Time_Exceeded"), Debris.COUNT_EXCEEDS),
    "deleted": (counted("deleted", 2, ["done", "todo", "todo"], "Wall_Time_Exceeded"), Debris.COUNT_WRONG),
    "again": (reset_by_the_original("again"), Debris.NOTHING_TO_RUN),
    "ended": (nested("ended", ["done", "failed"], "todo"), Debris.NOTHING_TO_RUN),
    "false": (done_single("false", "Done", 1), Debris.DONE_BUT_FAILED),
    "tasks": (original_failed("tasks"), Debris.DONE_BUT_FAILED),
    "lock": (single("lock", "locked"), Debris.LOCK_WITHOUT_ID),
    "stateless": (without(single("stateless"), "ItemState"), Debris.STATE_NOT_TEXT),
    "list": (single("list", "todo", TaskScript={"L": [text("x")]}), Debris.MALFORMED),
}
SOUND = [single("sound", "done", Log={"M": {}}), single("waiting", "todo"), nested("half", ["done", "failed", "todo"])]


def test_every_kind_of_debris_is_found_repaired_once_and_taken_back(workspace: Workspace) -> None:
    originals = fill(workspace, [record for record, _ in LEFT_BY_OTHERS.values()])
    sound = fill(workspace, SOUND)
    seen: list[Examined] = []
    found = workspace.doctor.examine(progress=seen.append)
    assert {one.item_id: one.debris for one in found.findings} == {
        item_id: (debris,) for item_id, (_, debris) in LEFT_BY_OTHERS.items()
    }
    assert (found.whole, found.items_read) == (True, len(originals) + len(sound))
    assert (seen[-1].items_read, seen[-1].wrong) == (found.items_read, len(originals))
    assert seen[-1].read_units == found.read_units > 0
    assert found.counts[Debris.NOTHING_TO_RUN] == 2
    assert all(finding.repairable for finding in found.findings)
    assert workspace.journal.activity() == []

    plan = workspace.doctor.plan(found.findings)
    assert plan.outcomes == {"repaired": len(originals)}
    result = workspace.doctor.fix(found.findings)
    assert (result.action, result.changed, result.skipped) == ("repair", len(originals), ())
    assert workspace.items.get("phantom") is None
    states = {item_id: workspace.item(item_id).facts.state for item_id in LEFT_BY_OTHERS if item_id != "phantom"}
    assert states == {
        "script": "failed",
        "empty": "done",
        "exceeds": "done",
        "deleted": "Wall_Time_Exceeded",
        "again": "todo",
        "ended": "failed",
        "false": "failed",
        "tasks": "failed",
        "lock": "todo",
        "stateless": "failed",
        "list": "failed",
    }
    assert [task.status for task in workspace.item("again").tasks] == ["todo", "todo"]
    assert [task.status for task in workspace.item("tasks").tasks] == ["done", "failed"]
    counts = {item_id: workspace.item(item_id).facts for item_id in ("exceeds", "deleted", "again", "tasks", "empty")}
    assert {item_id: (one.log_length, one.failed_tasks, one.nested_tasks) for item_id, one in counts.items()} == {
        "exceeds": (2, 0, 2),
        "deleted": (1, 0, 3),
        "again": (0, 0, 2),
        "tasks": (2, 1, 2),
        "empty": (0, 0, 0),
    }
    left = workspace.doctor.examine().findings
    assert {one.item_id for one in left} == {"script", "empty", "list"}
    assert not any(one.repairable for one in left)
    assert all(one.why_not for one in left)
    assert [workspace.record(schema.record_id(record)) for record in sound] == sound

    undone = workspace.actions.apply(workspace.actions.undo(result.id))
    assert (undone.changed, undone.skipped) == (len(originals), ())
    assert [workspace.record(schema.record_id(record)) for record in originals] == originals


def test_what_was_mended_or_taken_since_the_examination_is_skipped(workspace: Workspace) -> None:
    fill(workspace, [phantom("mended"), single("taken", "todo", TaskScript=text("")), phantom("gone")])
    findings = workspace.doctor.examine().findings
    workspace.items.put(single("mended"), ())
    workspace.items.put(single("taken", "locked", TaskScript=text(""), lockID=text("W")), ())
    workspace.items.batch_delete(["gone"])
    result = workspace.doctor.fix(findings)
    assert result.changed == 0
    assert {one.item: one.why for one in result.skipped} == {
        "mended": "nothing is wrong with it",
        "taken": "a worker holds it",
        "gone": "there is no such item",
    }


def test_an_examination_can_be_stopped_and_a_repair_is_refused_read_only(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    fill(workspace, [phantom("a")])
    stop = threading.Event()
    stop.set()
    stopped = workspace.doctor.examine(cancelled=stop.is_set)
    assert (stopped.whole, stopped.items_read) == (False, 0)
    watching = open_table(embedded, workspace.table, create=False, read_only=True)
    with pytest.raises(ReadOnly):
        watching.doctor.fix(watching.doctor.examine().findings)
    assert workspace.items.get("a") is not None


def test_an_examination_keeps_to_its_budget_and_can_be_stopped_while_it_waits(workspace: Workspace) -> None:
    for first in range(0, 150, 25):
        workspace.items.batch_put([single(f"item{number:03}") for number in range(first, first + 25)])
    paused: list[float] = []
    stop = threading.Event()

    def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 5:
            stop.set()

    doctor = Doctor(workspace.items, workspace.actions, describe=workspace.describe, budget=0.01, pause=pause)
    seen: list[Examined] = []
    found = doctor.examine(seen.append, stop.is_set)
    assert not found.whole, "one page of a hundred items takes more than this budget holds at once"
    assert found.items_read == 100
    assert seen[-1].waiting
    assert seen[-1].units_a_second == 0.01
    assert len(paused) == 5


def test_what_was_found_is_looked_at_again(workspace: Workspace) -> None:
    fill(workspace, [phantom("a"), phantom("b"), single("c")])
    found = workspace.doctor.examine().findings
    assert {one.item_id for one in found} == {"a", "b"}
    workspace.items.put(single("a"), ())
    assert [one.item_id for one in workspace.doctor.look_again(["a", "b", "gone"])] == ["b"]


def test_a_step_that_is_a_number_becomes_text() -> None:
    # Tables with the standard indexes refuse to take such an item, so it is not put in one.
    record = single("a", "todo", taskID=number(7))
    assert Debris.STEP_NOT_TEXT in diagnose(record)
    after = decide_repair("a", record, NOW).after
    assert after is not None
    assert after["taskID"] == text("7")
    assert diagnose(after) == ()
    with pytest.raises(Refused):
        repair(single("a", "todo", taskID={"BOOL": True}), now=NOW)


def test_every_kind_is_explained() -> None:
    assert set(REMEDIES) == set(Debris)
    assert all(remedy.explanation for remedy in REMEDIES.values())


statuses = st.lists(st.sampled_from(["todo", "done", "failed", "", "odd"]), max_size=4)
states = st.sampled_from(["todo", "locked", "done", "failed", "Wall_Time_Exceeded", "Pending", ""])
touched = [
    "taskID",
    "TaskScript",
    "lockID",
    "Log",
    "Log_Length",
    "Nested_Tasks",
    "Failed_Tasks",
    "Exit_Code",
    "Done_Date",
]
values: list[schema.AttributeValue] = [text("x"), text("NULL"), number(3), {"BOOL": True}, {"L": []}, {"M": {}}]
error_date = text("Error-20/11/2026-10:00:00")
odd_map: schema.AttributeValue = {"M": {"a": text("b")}}
oddities = st.dictionaries(
    st.sampled_from([*touched, "Done_Date"]), st.sampled_from([*values, odd_map, error_date]), max_size=3
)


@given(statuses, states, oddities, st.booleans())
def test_one_repair_is_enough_whatever_is_wrong(
    tasks: list[str], state: str, odd: dict[str, schema.AttributeValue], is_nested: bool
) -> None:
    record = {**(nested("a", tasks, state) if is_nested else single("a", state)), **odd}
    try:
        after = decide_repair("a", record, NOW).after
    except Refused:
        return
    if after is None:
        assert Debris.PHANTOM in diagnose(record)
        return
    assert {name for name in record if name not in after} <= {"Nested_Tasks", "Exit_Code"}
    assert after["Log"] == record["Log"], "no log is lost"
    with pytest.raises(Refused):
        decide_repair("a", after, NOW + 1)

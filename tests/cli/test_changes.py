"""`requeue`, `set-state`, `delete`, `undo`, `activity`: asked about, counted item by item, taken back."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading

import pytest

from pyanamo_tui.cli.output import confirm, interruptible
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import Interrupted
from tests.cli.conftest import SIGNATURE, Run
from tests.core.places import fill, single


def state(workspace: Workspace, item_id: str) -> str:
    """The state of an item."""
    return workspace.item(item_id).facts.state


def test_a_group_is_requeued_and_taken_back(run: Run, cohort: Workspace) -> None:
    before = cohort.record("S1")
    dry = run("requeue", "--signature", SIGNATURE, "--dry-run", "--json")
    assert (dry.code, dry.json["would_change"]) == (0, 2)
    assert state(cohort, "S1") == "failed"

    unasked = run("requeue", "--signature", SIGNATURE)
    assert unasked.code == 2
    assert "Requeue 2 items" in unasked.err
    assert "Pass --yes" in unasked.err
    assert state(cohort, "S1") == "failed"

    done = run("requeue", "--signature", SIGNATURE, "--yes", "--json")
    assert done.code == 0
    assert {"action": "requeue", "changed": 2, "skipped": [], "failed": []}.items() <= done.json.items()
    assert (state(cohort, "S1"), state(cohort, "N1")) == ("todo", "failed")

    shown = run("activity", done.json["id"], "--json").json
    assert {one["item"]: one["outcome"] for one in shown["items"]} == {"S1": "changed", "S2": "changed"}
    assert {schema_state(one["before"]) + schema_state(one["after"]) for one in shown["items"]} == {"failedtodo"}
    assert run("activity", "--json").json["actions"][0]["id"] == done.json["id"]
    assert done.json["id"] in run("activity").out
    assert "failed\ttodo" in run("activity", done.json["id"]).out

    back = run("undo", "--yes", "--json")
    assert (back.code, back.json["changed"]) == (0, 2)
    assert cohort.record("S1") == before


def schema_state(record: dict[str, dict[str, str]]) -> str:
    """The state in DynamoDB's own JSON."""
    return record["ItemState"]["S"]


def test_one_task_runs_again(run: Run, cohort: Workspace) -> None:
    assert run("requeue", "N1", "--failed-tasks", "--yes").code == 0
    assert [task.status for task in cohort.item("N1").tasks] == ["done", "todo", "done"]
    assert run("requeue", "N1", "--task", "Task_0", "--yes").code == 0
    assert [task.status for task in cohort.item("N1").tasks] == ["todo", "todo", "done"]
    unknown = run("requeue", "N1", "--task", "Task_9", "--yes", "--json")
    assert unknown.code == 1
    assert [one["item"] for one in unknown.json["skipped"]] == ["N1"]


def test_an_id_that_is_not_there_creates_nothing_and_is_4(run: Run, cohort: Workspace) -> None:
    for command in (["requeue", "S9"], ["set-state", "Parked", "S9"], ["delete", "S9"]):
        ran = run(*command, "--yes", "--json")
        assert ran.code == 4
        assert ran.json["skipped"] == [{"item": "S9", "why": "there is no such item"}]
    mixed = run("requeue", "S1", "S9", "--yes", "--json")
    assert (mixed.code, mixed.json["changed"]) == (1, 1)
    assert run("items", "--filter", "id:S9", "--ids").out == ""


def test_a_state_of_ones_own_parks_items(run: Run, cohort: Workspace) -> None:
    assert run("set-state", "Parked", "--state", "todo", "--yes").code == 0
    assert run("items", "--state", "Parked", "--ids").out == "S4\n"
    assert run("set-state", "todo", "--filter", "state:Parked", "--yes").code == 0
    assert state(cohort, "S4") == "todo"


def test_deleted_items_come_back(run: Run, cohort: Workspace) -> None:
    before = cohort.record("N1")
    assert run("delete", "N1", "--yes").code == 0
    assert run("logs", "N1", "Task_0").code == 4
    assert run("undo", "--yes").code == 0
    assert cohort.record("N1") == before
    assert run("delete", "N1", "--task", "Task_2", "--yes").code == 0
    assert [task.key for task in cohort.item("N1").tasks] == ["Task_0", "Task_1"]


def test_a_hint_leads_to_the_place_that_was_worked_at(run: Run, cohort: Workspace) -> None:
    where = ("-t", cohort.table, "--endpoint-url", str(cohort.settings.endpoint_url))
    ran = run("delete", "N1", "--yes", *where)
    hint = ran.out.partition("Undo: ")[2].split()
    assert hint[:5] == ["pyanamo-tui", *where]
    assert run(*hint[1:], "--yes").code == 0
    refused = run("undo", "nothing", *where)
    assert refused.code == 4
    assert f"pyanamo-tui {' '.join(where)} " in refused.err


def test_nothing_matches_and_nothing_to_undo(run: Run, cohort: Workspace) -> None:
    ran = run("requeue", "--state", "Parked", "--yes")
    assert (ran.code, ran.out) == (0, "0 changed, 0 skipped, 0 failed.\n")
    assert run("undo", "--yes").code == 4
    assert "Nothing was changed" in run("activity").err


def test_read_only_changes_nothing(run: Run, cohort: Workspace) -> None:
    for command in (["requeue", "S1"], ["delete", "S1"], ["set-state", "Parked", "S1"]):
        ran = run(*command, "--yes", "--read-only")
        assert ran.code == 3
        assert "Read-only" in ran.err
    assert state(cohort, "S1") == "failed"


def test_ids_come_from_standard_input(run: Run, cohort: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"S1\n\nS2\n")))
    assert run("requeue", "-", "--yes", "--json").json["changed"] == 2
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"S1\nS\xe9\n")))
    refused = run("delete", "-", "--yes")
    assert (refused.code, refused.err.splitlines()[0][:33]) == (2, "pyanamo-tui: Line 2 of standard i")


class Terminal(io.StringIO):
    """What a person types, as a terminal gives it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at the terminal; what they type is put in by `answering`."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


@pytest.mark.usefixtures("types")
@pytest.mark.parametrize(
    ("typed", "answer", "agreed"),
    [("", "y", True), ("", "n", False), ("", "", False), ("312", "312", True), ("312", "y", False), ("T", "", False)],
)
def test_the_default_is_no_and_what_is_large_is_typed(
    monkeypatch: pytest.MonkeyPatch, typed: str, answer: str, agreed: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer + "\n"))
    if agreed:
        confirm("Do it?", yes=False, typed=typed)
    else:
        with pytest.raises(Interrupted):
            confirm("Do it?", yes=False, typed=typed)


def test_the_first_ctrl_c_asks_to_stop_and_the_second_interrupts() -> None:
    stop = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    with interruptible(stop):
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(5)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_tells_the_outcome_so_far(run: Run, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(workspace, [single(f"S{number:03}") for number in range(60)])
    apply = type(workspace.actions).apply

    def interrupted(self: object, plan: object, progress: object = None, cancelled: object = None) -> object:
        def then_stop(*told: int) -> None:
            if not cancelled():  # type: ignore[operator]
                os.kill(os.getpid(), signal.SIGINT)
            progress(*told)  # type: ignore[operator]

        return apply(self, plan, then_stop, cancelled)  # type: ignore[arg-type]

    monkeypatch.setattr("pyanamo_tui.core.actions.Actions.apply", interrupted)
    ran = run("requeue", "--state", "failed", "--yes", "--json")
    assert ran.code == 130
    told = ran.json
    assert told["cancelled"] is True
    assert told["not_started"] > 0
    assert told["changed"] + told["not_started"] == 60
    monkeypatch.undo()
    assert len(list(workspace.journal.read(told["id"]).entries())) >= told["changed"]

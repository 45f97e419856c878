"""What others do while an engine works: tasks changed beside its lock, items, tables and credentials that go."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyanamo_tui.aws.session import Connection
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Change
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import text
from tests.engine.engines import Bench, nested, pid_in, single, until
from tests.faultproxy import FaultProxy, Faults

pytestmark = pytest.mark.processes


def waiting(pid: Path, go: Path) -> str:
    """A command that writes its pid, waits for a file, and says so."""
    return f"sh -c 'echo $$ > {pid}; while [ ! -e {go} ]; do sleep 0.02; done; echo result'"


def noted(ledger: Path) -> str:
    """A command that notes which task it is."""
    return f"sh -c 'echo $PYANAMO_TASK >> {ledger}'"


def test_tasks_that_others_change_beside_the_lock_are_looked_at_anew(bench: Bench, tmp_path: Path) -> None:
    pid, go, ledger = tmp_path / "pid", tmp_path / "go", tmp_path / "ledger"
    bench.add(nested("shared", noted(ledger), waiting(pid, go), noted(ledger), noted(ledger)))
    engine = bench.start()
    pid_in(pid)
    statuses = {"Task_0": "todo", "Task_2": "done"}
    sets: dict[tuple[str, ...], schema.AttributeValue] = {
        (schema.SCRIPT, key, schema.STATUS): text(status) for key, status in statuses.items()
    }
    bench.items.update("shared", Change((), sets))
    go.touch()
    assert engine.wait() == 0
    item = bench.item("shared")
    assert sorted(ledger.read_text().split()) == ["Task_0", "Task_0", "Task_3"]
    assert (item.facts.state, item.facts.log_length, item.facts.attempts) == (ItemState.DONE, 4, 1)
    assert not item.facts.debris
    assert engine.events("tasks-changed")
    assert not engine.events("lost")


def test_a_task_that_is_deleted_while_it_runs_is_not_recorded_and_the_others_are(bench: Bench, tmp_path: Path) -> None:
    pid, go, ledger = tmp_path / "pid", tmp_path / "go", tmp_path / "ledger"
    bench.add(nested("shared", noted(ledger), waiting(pid, go), noted(ledger)))
    engine = bench.start()
    pid_in(pid)
    bench.items.update("shared", Change((), removes=frozenset({(schema.SCRIPT, "Task_1")})))
    go.touch()
    assert engine.wait() == 0
    item = bench.item("shared")
    assert [task.key for task in item.tasks] == ["Task_0", "Task_2"]
    assert (item.facts.state, item.facts.log_length, item.facts.nested_tasks) == (ItemState.DONE, 2, 2)
    assert [told["stdout"] for told in engine.events("lost-output")] == ["result\n"]
    assert engine.events("task-gone")[0]["task"] == "Task_1"


def test_hundreds_of_failed_tasks_wait_for_the_next_attempt_in_one_write(bench: Bench) -> None:
    tasks = 220
    record = nested("many", *["sh -c 'exit 3'"] * tasks)
    for number in range(1, tasks):
        record[schema.SCRIPT]["M"][f"Task_{number}"]["M"][schema.STATUS] = text("failed")
    bench.add(record)
    engine = bench.run("--max-attempts", "2", "--max-items", "1")
    item = bench.item("many")
    assert (item.facts.state, item.facts.log_length, item.facts.failed_tasks) == (ItemState.TODO, 0, 0)
    assert {task.status for task in item.tasks} == {"todo"}
    assert engine.summary["retried"] == 1


def test_an_item_that_is_deleted_while_it_runs_stays_deleted(bench: Bench, tmp_path: Path) -> None:
    pid, go = tmp_path / "pid", tmp_path / "go"
    bench.add(single("gone", waiting(pid, go)))
    engine = bench.start()
    pid_in(pid)
    bench.items.delete("gone", ())
    bench.add(single("later", "true"))
    go.touch()
    assert engine.wait() == 0
    assert bench.items.get("gone") is None
    assert [told["stdout"] for told in engine.events("lost-output")] == ["result\n"]
    assert bench.state("later") == ItemState.DONE


def test_a_table_that_is_deleted_ends_the_engine_and_keeps_the_output(
    bench: Bench, connection: Connection, tmp_path: Path
) -> None:
    pid, go = tmp_path / "pid", tmp_path / "go"
    bench.add(single("one", waiting(pid, go)))
    engine = bench.start()
    pid_in(pid)
    connection.dynamodb.delete_table(TableName=bench.items.table)
    go.touch()
    assert engine.wait() == 4
    assert "There is no table" in engine.errors
    assert "Traceback" not in engine.errors
    assert [told["stdout"] for told in engine.events("lost-output")] == ["result\n"]


@pytest.mark.parametrize("renewed", [True, False])
def test_credentials_that_expire_while_a_task_runs(bench: Bench, tmp_path: Path, renewed: bool) -> None:
    pid, go = tmp_path / "pid", tmp_path / "go"
    bench.add(single("one", waiting(pid, go)))
    faults = Faults()
    with FaultProxy(bench.url, faults) as proxy:
        engine = bench.start("--lease", "2", url=proxy.url)
        pid_in(pid)
        faults.expired = 1.0
        go.touch()
        if renewed:
            engine.said("aws-retry", item="one")
            faults.expired = 0.0
        assert engine.wait() == (0 if renewed else 3)
    if renewed:
        assert bench.state("one") == ItemState.DONE
        return
    assert "expired" in engine.errors
    assert engine.events("gave-up")
    assert [told["stdout"] for told in engine.events("lost-output")] == ["result\n"]
    assert bench.state("one") == ItemState.LOCKED
    until(lambda: bench.run("--lease", "2", "--task-timeout", "5").summary["done"], "the item's next run")

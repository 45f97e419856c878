"""How items end: every kind of command and of debris, run by a real engine against the embedded server."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest

from pyanamo_tui.aws.logstore import LogStore
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.engine.logkeeper import LogKeeper
from pyanamo_tui.engine.runner import Ended, Ending, HostFault, Output
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import number, text
from pyanamo_tui.workflow.sizes import MAX_ITEM_BYTES, record_bytes
from tests.engine.engines import Bench, ended, nested, pid_in, python, single

pytestmark = pytest.mark.processes


def test_every_ending_of_a_single_item_is_told_apart(bench: Bench, tmp_path: Path) -> None:
    not_executable = tmp_path / "plain.txt"
    not_executable.write_text("no program\n")
    no_program = tmp_path / "no-first-line"
    no_program.write_text("echo hello\n")
    no_program.chmod(0o755)
    bench.add(
        single("done", "printf 'a\\nb\\nc'"),
        single("failed", "sh -c 'echo out; echo broken: no such thing >&2; exit 3'"),
        single("not-found", "no-such-program --flag"),
        single("not-executable", str(not_executable)),
        single("not-a-program", str(no_program)),
        single("huge-word", f"sh -c 'echo {'x' * 200_000}'"),
        single("huge-name", "y" * 300_000),
        single("nul", "echo a\0b"),
        single("killed", "sh -c 'kill -9 $$'"),
        single("timeout", "sleep 60"),
        single("unquoted", "echo 'open"),
        single("empty", "   "),
        single("bytes", python("import os; os.write(1, bytes(range(256)) + b'\\nend')")),
        single("stdin", "cat"),
        single("variables", "echo ${PYANAMO}/bin ${OTHER}"),
    )
    engine = bench.run("--task-timeout", "1", PYANAMO="/opt/pipe line", OTHER="no")

    found = {item_id: bench.item(item_id) for item_id in ("done", "bytes", "stdin", "variables")}
    assert {item.facts.state for item in found.values()} == {ItemState.DONE}
    done = found["done"]
    assert done.log is not None
    assert (done.log.stdout, done.log.exit_code, done.facts.log_length) == ("a\nb\nc", 0, 3)
    assert done.facts.lease_until is None
    assert found["bytes"].log is not None
    assert found["bytes"].log.stdout.endswith("\\xff\nend")
    assert found["variables"].log is not None
    assert found["variables"].log.stdout == "/opt/pipe line/bin ${OTHER}\n"

    failures = {
        "failed": (3, "exit code 3"),
        "not-found": (127, "not found: no-such-program"),
        "not-executable": (126, "not executable"),
        "not-a-program": (126, "Exec format error"),
        "huge-word": (126, "Argument list too long"),
        "huge-name": (127, "not found: yyy"),
        "nul": (126, "NUL byte"),
        "killed": (137, "killed by SIGKILL"),
        "timeout": (124, "timed out after 1 s"),
        "unquoted": (126, "a quote is not closed"),
        "empty": (126, "empty"),
    }
    for item_id, (code, words) in failures.items():
        item = bench.item(item_id)
        assert item.log is not None
        assert (item.facts.state, item.log.exit_code, item.facts.exit_code) == (ItemState.FAILED, code, code), item_id
        assert words in item.log.status
        assert item.facts.signature
    failed = bench.item("failed").log
    assert failed is not None
    assert (failed.stdout, failed.stderr) == ("out\n", "broken: no such thing\n")
    assert engine.summary["done"] == 4
    assert engine.summary["failed"] == 11
    assert engine.summary["claim_writes"] == 15
    assert all(record_bytes(bench.record(name)) - len(bench.item(name).script or "") < 10_000 for name in failures)


def test_a_task_knows_what_it_is(bench: Bench) -> None:
    show = "sh -c 'echo $PYANAMO_TABLE $PYANAMO_ITEM $PYANAMO_TASK $PYANAMO_ATTEMPT'"
    bench.add(single("one", show), nested("many", show))
    bench.run()
    log = bench.item("one").log
    assert log is not None
    assert log.stdout.split() == [bench.items.table, "one", "1"]
    task = bench.item("many").task("Task_0")
    assert task is not None
    assert task.log is not None
    assert task.log.stdout.split() == [bench.items.table, "many", "Task_0", "1"]


def test_a_nested_item_ends_in_the_write_of_its_last_task(bench: Bench) -> None:
    bench.add(
        nested("all-well", *(f"echo {number}" for number in range(6))),
        nested("one-failed", "true", "sh -c 'echo why >&2; exit 4'", "true"),
    )
    engine = bench.run("-n", "3", "-i", "2")
    well = bench.item("all-well")
    assert (well.facts.state, well.facts.log_length, well.facts.failed_tasks) == (ItemState.DONE, 6, 0)
    assert [task.log.stdout for task in well.tasks if task.log] == [f"{number}\n" for number in range(6)]
    failed = bench.item("one-failed")
    assert (failed.facts.state, failed.facts.log_length, failed.facts.failed_tasks) == (ItemState.FAILED, 3, 1)
    assert [task.status for task in failed.tasks] == ["done", "failed", "done"]
    assert failed.facts.signature is not None
    assert not well.facts.debris
    assert not failed.facts.debris
    assert engine.summary["done"] == 1


def test_tasks_of_one_item_run_at_once(bench: Bench, tmp_path: Path) -> None:
    # Each task ends only when all three have begun.
    meet = (
        f"sh -c 'touch {tmp_path}/$PYANAMO_TASK; while [ $(ls {tmp_path}/Task_* | wc -l) -lt 3 ]; do sleep 0.02; done'"
    )
    bench.add(nested("together", meet, meet, meet))
    bench.run("-n", "3", "--task-timeout", "30")
    assert bench.state("together") == ItemState.DONE


def test_only_tasks_that_have_not_ended_are_run(bench: Bench, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    record = nested("half", *[f"sh -c 'echo $PYANAMO_TASK >> {ledger}'"] * 3)
    record[schema.SCRIPT]["M"]["Task_1"]["M"][schema.STATUS] = text("done")
    record[schema.LOG_LENGTH] = number(7)
    bench.add(record)
    bench.run()
    item = bench.item("half")
    assert ledger.read_text().split() == ["Task_0", "Task_2"]
    assert (item.facts.state, item.facts.log_length, item.facts.nested_tasks) == (ItemState.DONE, 3, 3)


def test_debris_ends_no_engine(bench: Bench) -> None:
    odd_attempts = single("odd-attempts", "true")
    odd_attempts[schema.ATTEMPTS] = text("many")
    half_task = nested("half-task", "true", "true")
    half_task[schema.SCRIPT]["M"]["Task_1"] = text("not a task")
    no_log = nested("no-log", "echo x")
    del no_log[schema.LOG]
    finished = nested("nothing-to-run", "true")
    finished[schema.SCRIPT]["M"]["Task_0"]["M"][schema.STATUS] = text("done")
    number_script = single("number", "x")
    number_script[schema.SCRIPT] = number(5)
    bench.add(
        {schema.ITEM_ID: text("phantom"), schema.STATE: text("todo")},
        nested("no-tasks"),
        odd_attempts,
        half_task,
        no_log,
        finished,
        number_script,
        single("good", "true"),
    )
    engine = bench.run()
    states = {name: bench.state(name) for name in ("good", "odd-attempts", "no-log", "nothing-to-run")}
    assert set(states.values()) == {ItemState.DONE}, states
    assert bench.item("odd-attempts").facts.attempts == 1
    for name in ("phantom", "no-tasks", "half-task", "number"):
        assert bench.state(name) == ItemState.FAILED, name
        assert bench.item(name).facts.signature
    assert engine.summary["claimed"] == 8


def test_huge_output_neither_fills_memory_nor_the_item(bench: Bench) -> None:
    megabytes = 200
    bench.add(
        single("huge", f"sh -c 'yes 0123456789012345678901234567890123456789012345678 | head -c {megabytes}000000'")
    )
    engine = bench.start()
    engine.said("claimed")
    peak = 0
    status = Path(f"/proc/{engine.process.pid}/status")
    while engine.process.poll() is None:
        for line in status.read_text().splitlines() if status.exists() else []:
            if line.startswith("VmHWM"):
                peak = max(peak, int(line.split()[1]))
        engine.process.poll()
    assert engine.wait() == 0
    item = bench.item("huge")
    assert item.facts.state == ItemState.DONE
    assert item.facts.log_length == megabytes * 1_000_000 // 50
    assert item.log is not None
    assert item.log.uri is not None
    assert "last 10 MB" in item.log.status
    assert len(item.log.stdout) <= 2_000
    assert 0 < peak < 200_000, f"{peak} KB"


def test_what_a_command_leaves_behind_is_killed_and_holds_nothing_up(bench: Bench, tmp_path: Path) -> None:
    left, escaped = tmp_path / "left", tmp_path / "deep"
    bench.add(
        single("leaves", f"sh -c 'sleep 300 & echo $! > {left}; echo started'"),
        single("deep", f"sh -c '(sh -c \"sleep 300 & echo \\$! > {escaped}; wait\") & wait'"),
        single("stubborn", "sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'"),
    )
    bench.run("--task-timeout", "1", "-i", "3")
    leaves = bench.item("leaves")
    assert leaves.facts.state == ItemState.DONE
    assert leaves.log is not None
    assert leaves.log.stdout == "started\n"
    ended(pid_in(left))
    ended(pid_in(escaped))
    for name in ("deep", "stubborn"):
        log = bench.item(name).log
        assert log is not None
        assert log.exit_code == 124


def test_what_leaves_its_session_is_killed_when_its_command_must_end(bench: Bench, tmp_path: Path) -> None:
    slow, failed = tmp_path / "slow", tmp_path / "failed"
    escape = 'setsid sh -c "echo \\$\\$ > {path}; exec sleep 300" & while [ ! -s {path} ]; do sleep 0.02; done'
    bench.add(
        single("slow", f"sh -c '{escape.format(path=slow)}; sleep 300'"),
        single("failed", f"sh -c '{escape.format(path=failed)}; exit 1'"),
    )
    # The engine works on, so that it is not its end which kills them.
    engine = bench.start("--task-timeout", "1", "--idle", "wait")
    for name in ("slow", "failed"):
        engine.said("failed", item=name)
    ended(pid_in(slow))
    ended(pid_in(failed))


def test_a_limit_of_file_sizes_fails_the_command_alone(bench: Bench) -> None:
    engine = bench.start("--idle", "wait")
    engine.said("started")
    limit = 100_000
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    bench.add(single("large", "head -c 1000000 /dev/zero"), single("small", "echo hello"))
    engine.said("failed", item="large")
    engine.said("done", item="small")
    log = bench.item("large").log
    assert log is not None
    assert "SIGXFSZ" in log.status


def test_no_command_is_started_on_a_full_disk_and_one_that_filled_it_says_so(
    tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = LogKeeper(LogStore(connection, None, ""), lambda: False)
    failed = Ended(Ending.EXITED, 1, 0.0, 1.0)
    with Output(tmp_path) as output:
        assert keeper.keep(failed, output, ["T", "one"], attempt=1).log.status == "Failed: exit code 1"
        disk = os.statvfs(tmp_path)
        full = os.statvfs_result((*disk[:4], 0, *disk[5:10]))
        monkeypatch.setattr(os, "fstatvfs", lambda _: full)
        told = keeper.keep(failed, output, ["T", "one"], attempt=1).log.status
        assert told == "Failed: exit code 1; the disk for its output is full"
    with pytest.raises(HostFault, match="No space left"):
        Output(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_nested_item_of_many_noisy_tasks_stays_under_the_limit(bench: Bench) -> None:
    tasks = 60
    record = nested("noisy", *[f"{'x' * 5_600} "] * 2, *["seq 1 3000"] * tasks)
    record[schema.LOG] = schema.mapping(
        {
            f"Task_{index}": schema.mapping({"Status": text("old"), "stdout": text("y" * 4_000)})
            for index in range(tasks)
        }
    )
    bench.add(record)
    before = record_bytes(record)
    bench.run("-n", "4")
    item = bench.item("noisy")
    assert 240_000 < before < record_bytes(bench.record("noisy")) + 250_000
    assert record_bytes(bench.record("noisy")) < MAX_ITEM_BYTES
    assert item.facts.log_length == tasks + 2
    assert all(task.log is not None and task.log.exit_code is not None for task in item.tasks)
    assert all(task.log.uri and task.log.stdout.endswith("3000\n") for task in item.tasks[2:] if task.log)


def test_a_failed_item_is_tried_again_and_keeps_its_earlier_logs(bench: Bench, tmp_path: Path) -> None:
    count = tmp_path / "count"
    third_time = f"sh -c 'echo $PYANAMO_ATTEMPT >> {count}; echo try >&2; test $PYANAMO_ATTEMPT -ge 3'"
    bench.add(
        single("luck", third_time),
        single("hopeless", "sh -c 'echo $PYANAMO_ATTEMPT; exit 9'"),
        nested("part", "echo once", "sh -c 'echo $PYANAMO_ATTEMPT; test $PYANAMO_ATTEMPT -ge 2'"),
    )
    engine = bench.run("--max-attempts", "3")
    luck = bench.item("luck")
    assert (luck.facts.state, luck.facts.attempts) == (ItemState.DONE, 3)
    assert luck.log is not None
    assert [(old.attempt, old.exit_code) for old in luck.log.earlier] == [(1, 1), (2, 1)]
    hopeless = bench.item("hopeless")
    assert (hopeless.facts.state, hopeless.facts.attempts) == (ItemState.FAILED, 3)
    assert hopeless.log is not None
    assert [old.stdout for old in hopeless.log.earlier] == ["1\n", "2\n"]
    part = bench.item("part")
    assert (part.facts.state, part.facts.log_length, part.facts.failed_tasks) == (ItemState.DONE, 2, 0)
    assert [task.log.attempt for task in part.tasks if task.log] == [1, 2]
    assert engine.summary["retried"] == 5


def test_no_item_or_task_is_started_that_would_not_end_within_the_wall_time(bench: Bench) -> None:
    bench.add(nested("long", *["sleep 1.5"] * 4))
    engine = bench.run("-w", "4")
    item = bench.item("long")
    ran = item.facts.log_length
    assert item.facts.state == ItemState.WALL_TIME
    assert ran is not None
    assert 1 <= ran <= 2
    assert [task.status for task in item.tasks] == ["done"] * ran + ["todo"] * (4 - ran)
    assert item.facts.lock_id is None
    assert engine.summary["wall_time"] == 1


def test_single_items_are_not_claimed_after_the_wall_time(bench: Bench) -> None:
    bench.add(*(single(f"S{index}", "sleep 1.5") for index in range(4)))
    bench.run("-w", "4")
    states = [bench.state(f"S{index}") for index in range(4)]
    assert 1 <= states.count(ItemState.DONE) <= 2
    assert states.count(ItemState.TODO) == 4 - states.count(ItemState.DONE)


def test_max_items_and_text_log(bench: Bench) -> None:
    bench.add(*(single(f"S{index}", "true") for index in range(4)))
    state_file = bench.folder / "state.json"
    bench.run("--max-items", "2", "--state-file", str(state_file))
    assert [bench.state(f"S{index}") for index in range(4)].count(ItemState.DONE) == 2
    state = json.loads(state_file.read_text())
    assert (state["done"], state["failed"], state["ended"], state["table"]) == (2, 0, True, bench.items.table)

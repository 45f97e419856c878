"""Stopping an engine in every phase, killing it, taking its lock away: nothing stays locked or is marked wrongly."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Final

import pytest

from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import number, text
from tests.engine.engines import DEADLINE, Bench, Engine, ended, lock_of, nested, now, pid_in, single, until
from tests.faultproxy import FaultProxy, Faults

pytestmark = pytest.mark.processes


def sleeper(path: Path, seconds: float = 300) -> str:
    """A command that writes its pid and sleeps."""
    return f"sh -c 'echo $$ > {path}; exec sleep {seconds}'"


def waits_again(bench: Bench, item_id: str) -> None:
    """The item waits as if it had never been taken."""
    item = bench.item(item_id)
    assert item.facts.state == ItemState.TODO
    assert item.facts.lock_id is None
    assert item.facts.owner is None
    assert item.facts.attempts == 0
    assert item.facts.lease_until is None


def test_sigterm_lets_a_task_finish_within_the_grace(bench: Bench, tmp_path: Path) -> None:
    go, pid = tmp_path / "go", tmp_path / "pid"
    bench.add(single("running", f"sh -c 'echo $$ > {pid}; while [ ! -e {go} ]; do sleep 0.02; done'"))
    engine = bench.start("--grace", "30", "--idle", "wait")
    pid_in(pid)
    bench.add(single("later", "true"))
    engine.signal(signal.SIGTERM)
    engine.said("stopping")
    go.touch()
    assert engine.wait() == 143
    assert bench.state("running") == ItemState.DONE
    assert bench.state("later") == ItemState.TODO
    assert engine.summary["released"] == 0


def test_sigterm_gives_back_what_does_not_end_within_the_grace(bench: Bench, tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    bench.add(single("one", sleeper(one)), nested("many", "echo first", sleeper(many), "echo never"))
    engine = bench.start("--grace", "0.5", "-i", "2")
    pids = pid_in(one), pid_in(many)
    engine.said("task-done", item="many")
    engine.signal(signal.SIGTERM)
    assert engine.wait() == 143
    for pid in pids:
        ended(pid)
    waits_again(bench, "one")
    waits_again(bench, "many")
    item = bench.item("many")
    assert [task.status for task in item.tasks] == ["done", "todo", "todo"]
    assert item.facts.log_length == 1
    assert bench.item("one").log is None
    assert engine.summary["released"] == 2


def test_a_second_signal_kills_at_once(bench: Bench, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    bench.add(single("stubborn", f"sh -c 'trap \"\" TERM; echo $$ > {pid}; while :; do sleep 0.1; done'"))
    engine = bench.start("--grace", "300")
    task = pid_in(pid)
    engine.signal(signal.SIGINT)
    engine.said("stopping")
    engine.signal(signal.SIGINT)
    assert engine.wait() == 130
    ended(task)
    waits_again(bench, "stubborn")


def test_sigterm_while_there_is_nothing_to_do(bench: Bench) -> None:
    engine = bench.start("--idle", "wait")
    engine.said("started")
    engine.signal(signal.SIGTERM)
    assert engine.wait() == 143
    assert engine.summary["claimed"] == 0


PHASES: Final = {
    "finding": (b".Query", None),
    "claiming": (b"UpdateItem", b"ALL_NEW"),
    "finishing": (b"UpdateItem", b"Exit_Code"),
}


@pytest.mark.parametrize("phase", PHASES)
def test_sigterm_while_a_request_has_no_answer_yet(bench: Bench, phase: str) -> None:
    named, also = PHASES[phase]
    held = threading.Event()

    def of_this_phase(request: bytes) -> bool:
        if named in request and (also is None or also in request):
            held.set()
            return True
        return False

    bench.add(single("one", "echo result"))
    with FaultProxy(bench.url, Faults(paused=True, only=of_this_phase)) as proxy:
        engine = bench.start("--grace", "30", url=proxy.url)
        assert held.wait(DEADLINE)
        engine.signal(signal.SIGTERM)
        engine.said("stopping")
        proxy.faults.paused = False
        assert engine.wait() == 143
    if phase == "finishing":
        assert bench.state("one") == ItemState.DONE
    elif phase == "claiming":
        waits_again(bench, "one")
    else:
        assert bench.record("one") == single("one", "echo result")


def test_sigterm_while_a_claim_cannot_reach_aws_asks_in_no_hurry(bench: Bench) -> None:
    bench.add(single("one", "true"))
    named, also = PHASES["claiming"]
    faults = Faults(reset=1.0, only=lambda request: named in request and (also or b"") in request)
    with FaultProxy(bench.url, faults) as proxy:
        engine = bench.start("--grace", "0", url=proxy.url)
        engine.said("aws-retry")
        engine.signal(signal.SIGTERM)
        assert engine.wait() == 143
        assert proxy.injected["reset"] < 150
    assert bench.record("one") == single("one", "true")


def test_sigterm_while_a_log_store_does_not_answer_keeps_the_outcome(bench: Bench) -> None:
    asked = threading.Event()

    def of_logs(request: bytes) -> bool:
        if b"Logs_20140328" in request:
            asked.set()
            return True
        return False

    bench.add(single("one", "seq 1 9000"))
    with FaultProxy(bench.url, Faults(paused=True, only=of_logs)) as proxy:
        engine = bench.start("--grace", "0.5", url=proxy.url)
        assert asked.wait(DEADLINE)
        engine.signal(signal.SIGTERM)
        assert engine.wait(10) == 143
    log = bench.item("one").log
    assert log is not None
    assert bench.state("one") == ItemState.DONE
    assert "the engine had to stop" in log.status
    assert log.stdout.endswith("9000\n")


def test_draining_finishes_the_item_with_all_its_tasks_and_takes_no_more(bench: Bench, tmp_path: Path) -> None:
    go, pid = tmp_path / "go", tmp_path / "pid"
    wait = f"sh -c 'echo $$ > {pid}; while [ ! -e {go} ]; do sleep 0.02; done'"
    bench.add(nested("hand", wait, "true", "true"))
    engine = bench.start("--state-file", str(tmp_path / "state.json"))
    pid_in(pid)
    bench.add(single("later", "true"))
    engine.signal(signal.SIGUSR1)
    engine.said("draining")
    until(lambda: json.loads((tmp_path / "state.json").read_text())["draining"], "the state file's word of it")
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["pid"] == engine.process.pid
    assert state["running"] == [{"item": "hand", "step": "Step", "attempt": 1, "tasks": ["Task_0"]}]
    go.touch()
    assert engine.wait() == 0
    assert bench.state("hand") == ItemState.DONE
    assert bench.state("later") == ItemState.TODO


def test_a_killed_engine_takes_its_tasks_with_it_and_the_item_runs_again(bench: Bench, tmp_path: Path) -> None:
    first, deep, again = tmp_path / "first", tmp_path / "deep", tmp_path / "again"
    script = (
        f"sh -c 'if [ -e {first} ]; then echo $PYANAMO_ATTEMPT > {again}; exit 0; fi; "
        f'setsid sh -c "echo \\$\\$ > {deep}; exec sleep 300" & echo $$ > {first}; sleep 300\''
    )
    bench.add(single("victim", script))
    dead = bench.start("--lease", "2")
    pids = pid_in(first), pid_in(deep)
    dead.process.kill()
    for pid in pids:
        ended(pid)
    assert bench.state("victim") == ItemState.LOCKED
    engine = bench.start("--lease", "2", "--idle", "wait")
    engine.said("reclaimed", item="victim")
    until(lambda: bench.state("victim") == ItemState.DONE, "the item's end")
    engine.signal(signal.SIGTERM)
    assert engine.wait() == 143
    assert again.read_text() == "2\n"
    assert bench.item("victim").facts.attempts == 2
    assert not list((tmp_path / "work").iterdir())


def test_a_lease_is_renewed_with_the_last_lines_of_what_runs(bench: Bench, tmp_path: Path) -> None:
    go = tmp_path / "go"
    wait = f"sh -c 'echo to $PYANAMO_TASK; echo oops >&2; while [ ! -e {go} ]; do sleep 0.02; done'"
    bench.add(nested("long", wait, wait))
    engine = bench.start("-n", "2", "--lease", "2")
    engine.said("claimed")
    first = bench.item("long").facts.lease_until
    assert first is not None
    item = until(
        lambda: found if (found := bench.item("long")).live_tail and found.facts.lease_until != first else None,
        "a renewal",
    )
    assert item is not None
    assert item.live_tail == "==> Task_0 <==\nto Task_0\noops\n==> Task_1 <==\nto Task_1\noops\n"
    assert item.facts.lease_until is not None
    assert item.facts.lease_until > first
    # A lease that is kept is not taken by anybody.
    other = bench.run("--lease", "2")
    assert other.summary["claimed"] == 0
    go.touch()
    assert engine.wait() == 0
    assert bench.item("long").live_tail is None
    assert bench.state("long") == ItemState.DONE


def test_a_lock_without_a_lease_is_left_to_people(bench: Bench) -> None:
    original = single("original", "true")
    original.update({schema.STATE: text("locked"), schema.LOCK_ID: text("x" * 30), schema.OWNER: text("i-1")})
    expired = single("expired", "true")
    expired.update(
        {
            schema.STATE: text("locked"),
            schema.LOCK_ID: text("y" * 30),
            schema.LEASE_LOCK: text("y" * 30),
            schema.LEASE_UNTIL: number(int(now()) - 900),
        }
    )
    overwritten = {**expired, schema.ITEM_ID: text("overwritten"), schema.LOCK_ID: text("x" * 30)}
    bench.add(original, expired, overwritten)
    engine = bench.run()
    assert bench.record("original") == original
    assert bench.record("overwritten") == overwritten
    assert bench.state("expired") == ItemState.DONE
    assert engine.events("reclaimed")[0]["item"] == "expired"


def steal(bench: Bench, item_id: str) -> None:
    """Take an item's lock, as an original engine would."""
    record = bench.record(item_id)
    change = transitions.set_state(record, "Pending", now=now(), steal=True)
    bench.items.update(item_id, change)


@pytest.mark.parametrize("notices_by", ["renewing", "finishing"])
def test_a_lost_lock_ends_with_the_other_writers_data_intact(bench: Bench, tmp_path: Path, notices_by: str) -> None:
    pid, go = tmp_path / "pid", tmp_path / "go"
    script = f"sh -c 'echo $$ > {pid}; echo work of mine; while [ ! -e {go} ]; do sleep 0.02; done'"
    bench.add(single("stolen", script))
    engine = bench.start("--lease", "2" if notices_by == "renewing" else "600")
    task = pid_in(pid)
    steal(bench, "stolen")
    theirs = bench.record("stolen")
    if notices_by == "finishing":
        go.touch()
    lost = engine.said("lost", item="stolen")
    assert engine.wait() == 0
    ended(task)
    assert bench.record("stolen") == theirs
    assert lost["state"] == "Pending"
    assert [told["stdout"] for told in engine.events("lost-output")] == ["work of mine\n"]
    assert engine.summary["lost"] == 1
    assert engine.summary["done"] == 0


def test_a_nested_item_whose_lock_is_lost_starts_no_more_tasks(bench: Bench, tmp_path: Path) -> None:
    pid, go, ledger = tmp_path / "pid", tmp_path / "go", tmp_path / "ledger"
    first = f"sh -c 'echo $$ > {pid}; while [ ! -e {go} ]; do sleep 0.02; done'"
    bench.add(nested("stolen", first, f"sh -c 'echo ran >> {ledger}'"))
    engine = bench.start()
    pid_in(pid)
    change = transitions.reclaim(
        old_lock_id=lock_of(bench, "stolen"), owner="other", lock_id="z" * 30, lease_until=now() + 900, now=now() + 9e5
    )
    bench.items.update("stolen", change)
    theirs = bench.record("stolen")
    go.touch()
    engine.said("lost", item="stolen", owner="other")
    assert engine.wait() == 0
    assert bench.record("stolen") == theirs
    assert not ledger.exists()


def test_two_engines_run_every_item_once(bench: Bench, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    count = 60
    bench.add(*(single(f"S{index:03}", f"sh -c 'echo $PYANAMO_ITEM >> {ledger}'") for index in range(count)))
    engines: list[Engine] = [bench.start("-i", "2") for _ in range(2)]
    assert [engine.wait() for engine in engines] == [0, 0]
    assert sorted(ledger.read_text().split()) == [f"S{index:03}" for index in range(count)]
    assert sum(engine.summary["claimed"] for engine in engines) == count
    assert sum(engine.summary["claim_writes"] for engine in engines) <= 1.3 * count
    assert {bench.state(f"S{index:03}") for index in range(count)} == {ItemState.DONE}

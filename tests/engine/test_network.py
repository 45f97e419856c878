"""A bad network: throttles, resets, answers that get lost. No result is dropped and nothing runs twice for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyanamo_tui.workflow.model import ItemState
from tests.engine.engines import Bench, nested, single, until
from tests.faultproxy import FaultProxy, Faults

pytestmark = pytest.mark.processes


def updates(request: bytes) -> bool:
    """Whether a request changes an item."""
    return b"DynamoDB_20120810.UpdateItem" in request


def test_answers_that_get_lost_make_no_lock_lost_and_no_item_run_twice(bench: Bench, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    write = f"sh -c 'echo $PYANAMO_ITEM$PYANAMO_TASK >> {ledger}'"
    bench.add(*(single(f"S{index:02}", write) for index in range(12)), nested("N", write, write, write))
    with FaultProxy(bench.url, Faults(lost_answers=0.4, only=updates), seed=3) as proxy:
        engine = bench.run(url=proxy.url)
        assert proxy.injected["lost_answers"] >= 5
    assert len(ledger.read_text().split()) == len(set(ledger.read_text().split())) == 15
    assert {bench.state(f"S{index:02}") for index in range(12)} == {ItemState.DONE}
    item = bench.item("N")
    assert (item.facts.state, item.facts.log_length, item.facts.attempts) == (ItemState.DONE, 3, 1)
    assert engine.summary["lost"] == 0
    assert engine.summary["done"] == 13


def test_an_outage_while_a_task_ends_is_waited_out(bench: Bench, tmp_path: Path) -> None:
    go, begun = tmp_path / "go", tmp_path / "begun"
    bench.add(single("one", f"sh -c 'touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; echo result'"))
    faults = Faults()
    with FaultProxy(bench.url, faults) as proxy:
        engine = bench.start("--lease", "3", url=proxy.url)
        until(begun.exists, "the task's begin")
        faults.reset = 1.0
        go.touch()
        engine.said("aws-retry", item="one")
        faults.reset = 0.0
        assert engine.wait() == 0
    log = bench.item("one").log
    assert log is not None
    assert log.stdout == "result\n"
    assert bench.state("one") == ItemState.DONE


def test_throttling_slows_an_engine_and_stops_nothing(bench: Bench) -> None:
    bench.add(*(single(f"S{index:02}", "true") for index in range(6)))
    with FaultProxy(bench.url, Faults(throttle=0.3), seed=5) as proxy:
        engine = bench.run(url=proxy.url)
        assert proxy.injected["throttle"] >= 2
    assert engine.summary["done"] == 6


def test_stopping_while_aws_cannot_be_reached_leaves_it_to_the_lease(bench: Bench, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    bench.add(single("one", f"sh -c 'touch {begun}; sleep 300'"))
    faults = Faults()
    with FaultProxy(bench.url, faults) as proxy:
        engine = bench.start("--grace", "0", "--lease", "2", url=proxy.url)
        until(begun.exists, "the task's begin")
        faults.reset = 1.0
        engine.process.terminate()
        engine.process.terminate()
        assert engine.wait() == 143
    assert engine.events("gave-up") or engine.events("left")
    assert bench.state("one") == ItemState.LOCKED
    again = bench.start("--lease", "2", "--idle", "wait", "--max-items", "1", "--task-timeout", "0.2")
    assert again.wait() == 0
    assert again.summary["claimed"] == 1
    assert bench.item("one").facts.attempts == 2

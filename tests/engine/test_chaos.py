"""Everything at once: engines killed at random, a bad network, a paused server, clocks apart. Nothing may be lost.

Short by default; `PYANAMO_CHAOS_SECONDS` lengthens it and `PYANAMO_CHAOS_SEED` changes its course.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import Record, number, text
from tests.engine.engines import Bench, Engine, nested, now, single, until
from tests.faultproxy import FaultProxy, Faults

ENGINES: Final = 6
LEASE: Final = "2"
SECONDS: Final = float(os.environ.get("PYANAMO_CHAOS_SECONDS", "10"))
SEED: Final = int(os.environ.get("PYANAMO_CHAOS_SEED", "1"))


def work(ledger: Path, milliseconds: int) -> str:
    """A command that says which item and task it is, and notes its end."""
    name = "$PYANAMO_ITEM/$PYANAMO_TASK"
    return f"sh -c 'sleep 0.{milliseconds:03}; echo I am {name}; echo {name} >> {ledger}'"


class Chaos:
    """The engines, and what is done to them."""

    def __init__(self, bench: Bench, proxy: FaultProxy, chance: random.Random) -> None:
        self._bench = bench
        self._proxy = proxy
        self._chance = chance
        self.running = [self._start() for _ in range(ENGINES)]
        self.gone: list[Engine] = []

    def _start(self) -> Engine:
        orders = ("--lease", LEASE, "--idle", "wait", "-n", "2", "--grace", "1")
        return self._bench.start(*orders, url=self._proxy.url)

    def strike(self) -> None:
        """Kill an engine, stop one, or pause the server for a moment."""
        kind = self._chance.random()
        if kind < 0.75:
            victim = self.running.pop(self._chance.randrange(len(self.running)))
            victim.signal(signal.SIGKILL if kind < 0.55 else signal.SIGTERM)
            self.gone.append(victim)
            self.running.append(self._start())
        else:
            self._proxy.faults.paused = True
            time.sleep(self._chance.uniform(0.2, 1.0))
            self._proxy.faults.paused = False

    def end(self) -> None:
        """Stop all engines and wait for them."""
        for engine in self.running:
            engine.signal(signal.SIGTERM)
        for engine in self.engines:
            engine.wait()

    @property
    def engines(self) -> list[Engine]:
        """All that ever ran."""
        return [*self.running, *self.gone]

    def items_of(self, event: str) -> set[str]:
        """The items that an event was logged of."""
        return {said["item"] for engine in self.engines for said in engine.events(event)}


def held_by_a_host_with_another_clock() -> Record:
    """An item of a dead engine whose clock was a few seconds ahead."""
    record = single("skewed", "true")
    lease: Record = {
        schema.STATE: text("locked"),
        schema.LOCK_ID: text("k" * 30),
        schema.LEASE_LOCK: text("k" * 30),
        schema.LEASE_UNTIL: number(int(now()) + 4),
        schema.ATTEMPTS: number(1),
    }
    return {**record, **lease}


@pytest.mark.processes
@pytest.mark.timeout(SECONDS * 2 + 180)
def test_chaos_loses_nothing(bench: Bench, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    ledger = tmp_path / "ledger"
    ids = [f"S{index:04}" for index in range(max(24, int(SECONDS * 2)))]
    for index, item_id in enumerate(ids):
        script = work(ledger, chance.randrange(20, 400))
        bench.add(single(item_id, script) if index % 3 else nested(item_id, script, script, script))
    bench.add(held_by_a_host_with_another_clock())
    with FaultProxy(bench.url, Faults(throttle=0.03, reset=0.03, lost_answers=0.03), seed=SEED) as proxy:
        chaos = Chaos(bench, proxy, chance)
        over = time.monotonic() + SECONDS
        while time.monotonic() < over:
            time.sleep(chance.uniform(0.3, 1.2))
            chaos.strike()
        proxy.faults.throttle = proxy.faults.reset = proxy.faults.lost_answers = 0.0
        for item_id in [*ids, "skewed"]:
            until(lambda name=item_id: bench.state(name) == ItemState.DONE, f"{item_id} done", seconds=90)  # type: ignore[misc]
        chaos.end()
        assert sum(proxy.injected.values()) > 0
    assert chaos.items_of("reclaimed") >= {"skewed"}
    check(bench, chaos, ids, Counter(ledger.read_text().split()))


def check(bench: Bench, chaos: Chaos, ids: list[str], ended: Counter[str]) -> None:
    """Every task has its own log and ran to its end; twice only where its item was given back or its lease ran out."""
    again = chaos.items_of("reclaimed") | chaos.items_of("released")
    for item_id in ids:
        item = bench.item(item_id)
        logs = [(f"{item_id}/{task.key}", task.log) for task in item.tasks] or [(f"{item_id}/", item.log)]
        for name, log in logs:
            assert log is not None
            assert (log.stdout, log.exit_code) == (f"I am {name}\n", 0)
            assert ended[name] == 1 or (ended[name] > 1 and item_id in again), name
        assert not item.facts.debris
        assert item.facts.log_length == len(logs)

"""Everything at once: engines killed, a bad network, the server stopped and killed, clocks apart. Nothing may be lost.

Short by default; `PYANAMO_CHAOS_SECONDS` lengthens it and `PYANAMO_CHAOS_SEED` changes its course. The server is killed
and started again on its data where it keeps any: with `--server dynamodb-local`.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from pyanamo_tui.aws.session import Connection
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import Record, number, text
from tests.engine.conftest import opened
from tests.engine.engines import Bench, Engine, nested, now, single, until
from tests.faultproxy import FaultProxy, Faults
from tests.standins import DiskServer, Kind, listener, on_disk

ENGINES: Final = 6
LEASE: Final = "2"
SECONDS: Final = float(os.environ.get("PYANAMO_CHAOS_SECONDS", "10"))
SEED: Final = int(os.environ.get("PYANAMO_CHAOS_SEED", "1"))


def work(ledger: Path, milliseconds: int) -> str:
    """A command that says which item and task it is, and notes its end."""
    name = "$PYANAMO_ITEM/$PYANAMO_TASK"
    return f"sh -c 'sleep 0.{milliseconds:03}; echo I am {name}; echo {name} >> {ledger}'"


@pytest.fixture
def disk(kind: Kind, tmp_path: Path) -> Iterator[DiskServer | None]:
    """A server that can be killed and started again with all its data, where there is one."""
    if kind is Kind.MOTO:
        yield None
        return
    data = tmp_path / "data"
    data.mkdir()
    with on_disk(data) as server:
        yield server


@pytest.fixture
def proxy(disk: DiskServer | None, embedded: EmbeddedServer) -> Iterator[FaultProxy]:
    """The network between the engines and the server."""
    with FaultProxy(embedded.endpoint_url if disk is None else disk.url, seed=SEED) as between:
        yield between


@pytest.fixture
def bench(proxy: FaultProxy, table_name: str, tmp_path: Path) -> Iterator[Bench]:
    """A table behind that network."""
    yield from opened(Connection(region="us-east-1", endpoint_url=proxy.url), table_name, tmp_path)


class Chaos:
    """The engines, and what is done to them and to the server."""

    def __init__(self, bench: Bench, proxy: FaultProxy, disk: DiskServer | None, chance: random.Random) -> None:
        self._bench = bench
        self._proxy = proxy
        self._disk = disk
        self._chance = chance
        self._on_the_server = [self._stop_server, *([] if disk is None else [self._restart_server])]
        self.running = [self._start() for _ in range(ENGINES)]
        self.gone: list[Engine] = []
        self.done: Counter[str] = Counter()

    def _start(self) -> Engine:
        orders = ("--lease", LEASE, "--idle", "wait", "-n", "2", "--grace", "1")
        return self._bench.start(*orders)

    def strike(self) -> None:
        """Kill an engine, stop one, hold up the network for a moment, or do worse to the server."""
        kind = self._chance.random()
        if kind < 0.65:
            victim = self.running.pop(self._chance.randrange(len(self.running)))
            victim.signal(signal.SIGKILL if kind < 0.45 else signal.SIGTERM)
            self.gone.append(victim)
            self.running.append(self._start())
        elif kind < 0.75:
            self._proxy.faults.paused = True
            self._wait(0.2, 1.0)
            self._proxy.faults.paused = False
        else:
            self.strike_server()

    def strike_server(self) -> None:
        """Do to the server what has not been done to it lately."""
        blow = self._on_the_server.pop(0)
        self._on_the_server.append(blow)
        blow()

    def _stop_server(self) -> None:
        """Have the server stand still, connections open, as a machine does that is short of memory."""
        server = listener(self._proxy.upstream_url)
        server.suspend()
        try:
            self._wait(0.3, 1.5)
        finally:
            server.resume()
        self.done["stopped"] += 1

    def _restart_server(self) -> None:
        """Kill the server at whatever it does; it refuses connections until it runs again, on another port."""
        assert self._disk is not None
        self._disk.kill()
        self._wait(0.2, 1.5)
        self._proxy.upstream_url = self._disk.start()
        self.done["restarted"] += 1

    def _wait(self, least: float, most: float) -> None:
        time.sleep(self._chance.uniform(least, most))

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

    def items_of(self, event: str) -> Counter[str]:
        """How often an event was logged of each item."""
        return Counter(said["item"] for engine in self.engines for said in engine.events(event))


def held_by_a_host_with_another_clock(item_id: str, seconds: int) -> Record:
    """An item of a dead engine whose clock was so many seconds ahead."""
    record = single(item_id, "true")
    lease: Record = {
        schema.STATE: text("locked"),
        schema.LOCK_ID: text("k" * 30),
        schema.LEASE_LOCK: text("k" * 30),
        schema.LEASE_UNTIL: number(int(now() + float(LEASE)) + seconds),
        schema.ATTEMPTS: number(1),
    }
    return {**record, **lease}


@pytest.mark.processes
@pytest.mark.timeout(SECONDS * 2 + 240)
def test_chaos_loses_nothing(bench: Bench, proxy: FaultProxy, disk: DiskServer | None, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    ledger = tmp_path / "ledger"
    ids = [f"S{index:04}" for index in range(max(24, int(SECONDS * 2)))]
    for index, item_id in enumerate(ids):
        script = work(ledger, chance.randrange(20, 400))
        bench.add(single(item_id, script) if index % 3 else nested(item_id, script, script, script))
    skewed = {"ahead": 3, "behind": -60}
    bench.add(*(held_by_a_host_with_another_clock(item_id, seconds) for item_id, seconds in skewed.items()))
    proxy.faults = Faults(throttle=0.03, reset=0.03, lost_answers=0.03)
    chaos = Chaos(bench, proxy, disk, chance)
    over = time.monotonic() + SECONDS
    chaos.running[0].said("claimed")
    chaos.strike_server()
    while time.monotonic() < over:
        time.sleep(chance.uniform(0.3, 1.2))
        chaos.strike()
    chaos.strike_server()
    proxy.faults = Faults()
    for item_id in [*ids, *skewed]:
        until(is_done(bench, item_id), f"{item_id} done", seconds=90)
    chaos.end()
    assert sum(proxy.injected.values()) > 0
    assert chaos.done["stopped"] > 0
    assert disk is None or chaos.done["restarted"] > 0
    assert set(skewed) <= set(chaos.items_of("reclaimed"))
    check(bench, chaos, ids, Counter(ledger.read_text().split()))


def is_done(bench: Bench, item_id: str) -> Callable[[], bool]:
    """Whether an item is done."""
    return lambda: bench.state(item_id) == ItemState.DONE


def check(bench: Bench, chaos: Chaos, ids: list[str], ended: Counter[str]) -> None:
    """Every task has its own log and ran to its end; again only as often as its item's lease ran out or it was given
    back.
    """
    again = chaos.items_of("reclaimed") + chaos.items_of("released")
    for item_id in ids:
        item = bench.item(item_id)
        logs = [(f"{item_id}/{task.key}", task.log) for task in item.tasks] or [(f"{item_id}/", item.log)]
        for name, log in logs:
            assert log is not None
            assert (log.stdout, log.exit_code) == (f"I am {name}\n", 0)
            assert 1 <= ended[name] <= 1 + again[item_id], name
        assert not item.facts.debris
        assert item.facts.log_length == len(logs)
        assert item.facts.lock_id is not None
        assert item.facts.lease_until is None

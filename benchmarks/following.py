"""100,000 items of which a thousand a second change: whether the Monitor has each exactly, and how soon."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.places import REGION, fill, new_table, server, waiting
from benchmarks.report import Figure, Goal
from pyanamo_tui.aws.items import WRITE_BATCH
from pyanamo_tui.core.monitor import Monitor
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Snapshot, Source
from pyanamo_tui.workflow.schema import Record, record_id
from tests.standins import Kind

ITEMS = 100_000
RATE = 1_000
SECONDS = 60
STATES = ("todo", "locked", "done", "failed", "Wall_Time_Exceeded")
_DELETED = 20
"""One batch of so many deletes its items, and the next one of them makes them again."""
_PATIENCE = 300.0


def write(url: str, table: str) -> None:
    """Change items at the rate, for the time; runs as a process of its own, and prints how many it changed."""
    workspace = Workspace(Settings(table=table, region=REGION, endpoint_url=url))
    chance = random.Random(7)
    records = waiting(ITEMS)
    began, changed, turn = time.monotonic(), 0, 0
    while (spent := time.monotonic() - began) < SECONDS:
        if changed > spent * RATE:
            time.sleep(0.005)
            continue
        part = chance.sample(records, WRITE_BATCH)
        turn += 1
        if turn % _DELETED == 0:
            workspace.items.batch_delete([record_id(record) for record in part])
        else:
            workspace.items.batch_put([_changed(record, chance) for record in part])
        changed += len(part)
    sys.stdout.write(str(changed))


def _changed(record: Record, chance: random.Random) -> Record:
    return {
        **record,
        schema.STATE: schema.text(chance.choice(STATES)),
        schema.OWNER: schema.text("i-0123456789abcdef0"),
    }


def _states(workspace: Workspace) -> dict[str, str]:
    """The state of every item, by a full read."""
    found: dict[str, str] = {}
    start = None
    while True:
        page = workspace.items.scan(start=start)
        found.update((record_id(record), record[schema.STATE]["S"]) for record in page.records)
        start = page.next_key
        if start is None:
            return found


def _until(monitor: Monitor, true: Callable[[Snapshot], bool]) -> float:
    """Seconds until the Monitor says so; infinite if it does not."""
    began = time.monotonic()
    while not true(monitor.snapshot):
        if time.monotonic() - began > _PATIENCE:
            return float("inf")
        time.sleep(0.05)
    return time.monotonic() - began


def following() -> list[Figure]:
    """Follow the stream of 100,000 items while they change, and compare every item with a full read at the end."""
    with server(Kind.DYNAMODB_LOCAL) as url:
        one = new_table(url, stream=True)
        fill(one, waiting(ITEMS))
        monitor = one.monitor()
        monitor.set_budget(1e6)
        monitor.start()
        try:
            _until(monitor, lambda shown: shown.exact and shown.source is Source.STREAM)
            command = [sys.executable, "-m", "benchmarks.following", url, one.table]
            wrote = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            ended = time.monotonic()
            expected = _states(one)
            read = time.monotonic() - ended

            def wrong(shown: Snapshot) -> int:
                ids = expected.keys() | set(shown.items)
                known = {item_id: facts.state for item_id, facts in shown.items.items()}
                return sum(known.get(item_id) != expected.get(item_id) for item_id in ids)

            behind = read + _until(monitor, lambda shown: not wrong(shown))
            left = wrong(monitor.snapshot)
        finally:
            monitor.stop()
    what = (
        f"{ITEMS:,} items, {wrote:,} changes at {wrote / SECONDS:,.0f}/s: exact (at most {behind:.1f} s) after the last"
    )
    told = f"{left} items wrong", "0"
    return [Figure(what, "a full read", Kind.DYNAMODB_LOCAL.value, *told, float(left), Goal.AT_MOST, 0.0)]


if __name__ == "__main__":
    write(*sys.argv[1:])

"""What it costs to follow a table: read units of a census, and of a minute in which nothing happens."""

from __future__ import annotations

import threading

from benchmarks.places import ended, fill, new_table, server
from benchmarks.report import Figure, Goal
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Snapshot, Source
from tests.standins import Kind

ITEMS = 2_000
STATES = ("todo", "locked", "done", "Wall_Time_Exceeded", "failed")
IDLE_SECONDS = 61.0


def census() -> list[Figure]:
    """One look at 2,000 items with logs of 2 KB, by us and by reading each state from the original's index."""
    with server(Kind.DYNALITE) as url:
        one = new_table(url)
        fill(one, ended(ITEMS, "done", 2048))
        original = 0.0
        for state in STATES:
            start = None
            while True:
                page = one.items.query_state(state, index=schema.STATE_INDEX, start=start)
                original += page.read_units
                start = page.next_key
                if start is None:
                    break
        monitor = one.monitor()
        monitor.set_budget(1e6)
        snapshot = monitor.poll_once()
    if not snapshot.exact or snapshot.counts != {"done": ITEMS}:
        raise RuntimeError("the census did not count every item")
    units = snapshot.cost.consumed
    ours, floor = f"{units:,.1f} RCU", f"{original:,.1f} RCU"
    what, against = f"census of {ITEMS:,} items with logs of 2 KB", "the original's way, same table"
    return [Figure(what, against, Kind.DYNALITE.value, ours, floor, units / original, Goal.AT_MOST, 0.125)]


def idle() -> list[Figure]:
    """Read units of a minute of watching a table with a stream, after the first census."""
    with server(Kind.DYNAMODB_LOCAL) as url:
        one = new_table(url, stream=True)
        fill(one, ended(ITEMS, "done", 100))
        monitor = one.monitor()
        settled = threading.Event()

        def look(snapshot: Snapshot) -> None:
            if snapshot.exact and snapshot.source is Source.STREAM:
                settled.set()

        monitor.subscribe(look)
        monitor.start()
        if not settled.wait(120):
            raise RuntimeError("the stream was not followed within two minutes")
        before = monitor.snapshot.cost.consumed
        threading.Event().wait(IDLE_SECONDS)
        used = monitor.snapshot.cost.consumed - before
        live = monitor.snapshot.source is Source.STREAM
        monitor.stop()
    if not live:
        raise RuntimeError("the stream was lost")
    what = "an idle minute on a table with a stream"
    return [Figure(what, "1 RCU", Kind.DYNAMODB_LOCAL.value, f"{used:.1f} RCU", "1 RCU", used, Goal.AT_MOST, 1.0)]

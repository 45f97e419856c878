"""Where engines look for work, how many writes that takes, and when they stop."""

from __future__ import annotations

import random
import threading
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import Tables
from pyanamo_tui.engine.claim import Candidates, Claimed, Claimer, place_between
from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.engine.lease import landed
from pyanamo_tui.engine.stop import Stage, Stop
from pyanamo_tui.engine.walltime import WallTime
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.change import apply
from pyanamo_tui.workflow.schema import number

ids = st.text(st.sampled_from("abcXYZ0189-_. é"), min_size=1, max_size=12)


@given(ids, ids, st.floats(0, 1))
@example("00000X0X", "8X0000XaXXXX", 1.0)
def test_a_place_is_between_its_ids_in_the_tables_own_order(one: str, other: str, at: float) -> None:
    low, high = sorted((one, other), key=str.encode)
    place = place_between(low, high, at)
    assert len(place) <= max(len(low), len(high))
    if at in {0.0, 1.0}:
        assert place.startswith(low if at == 0.0 else high)


def test_places_spread_over_numbered_ids() -> None:
    places = [place_between("S-0000", "S-0999", step / 10) for step in range(11)]
    assert places[5] == "S-0499"
    assert places == sorted(places)
    assert len(set(places)) == 11


def claimer(items: Items, chance: int) -> Claimer:
    """A claimer of an engine of its own."""
    candidates = Candidates(items, schema.SUMMARY_INDEX, chance=random.Random(chance))
    return Claimer(
        items,
        candidates,
        schema.SUMMARY_INDEX,
        owner=f"engine-{chance}",
        lease=300,
        log=EventLog("test", descriptor=2),
        stopping=lambda: False,
        giving_up=lambda: False,
        pause=time.sleep,
    )


def test_sixteen_engines_claim_each_item_once_and_send_few_writes(connection: Connection, table_name: str) -> None:
    Tables(connection).create(table_name, stream=False)
    items = Items(connection, table_name)
    count = 300
    records = [schema.new_single(f"Sample-{index:04}", "Step", "true") for index in range(count)]
    for start in range(0, count, 25):
        items.batch_put(records[start : start + 25])
    engines = [claimer(items, index) for index in range(16)]
    claimed: list[Claimed] = []
    begin = threading.Barrier(len(engines))

    def work(engine: Claimer) -> None:
        begin.wait()
        while (found := engine.take()) is not None:
            claimed.append(found)
            # The item's own work; even the shortest command takes some.
            time.sleep(0.2)

    threads = [threading.Thread(target=work, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(schema.record_id(found.record) for found in claimed) == [f"Sample-{n:04}" for n in range(count)]
    writes = sum(engine.writes for engine in engines)
    assert writes == count + sum(engine.losses for engine in engines)
    assert writes <= 1.3 * count


def test_an_expired_lease_has_one_new_owner(connection: Connection, table_name: str) -> None:
    Tables(connection).create(table_name, stream=False)
    items = Items(connection, table_name)
    items.put(schema.new_single("one", "Step", "true"))
    change = transitions.claim(owner="dead", lock_id="d" * 30, lease_until=1_000.0, now=900.0)
    items.update("one", change)
    engines = [claimer(items, index) for index in range(4)]
    won = [engine.reclaim(whole=True) for engine in engines]
    assert [found is not None for found in won].count(True) == 1
    winner = next(found for found in won if found is not None)
    assert winner.reclaimed
    assert schema.string_of(winner.record, schema.LOCK_ID) == winner.lock_id != "d" * 30


@given(st.integers(0, 10**9))
def test_a_write_that_landed_is_known_by_what_it_wrote(at: int) -> None:
    record = schema.new_single("one", "Step", "true")
    mine = transitions.claim(owner="me", lock_id="m" * 30, lease_until=at + 300.0, now=float(at))
    theirs = transitions.claim(owner="they", lock_id="t" * 30, lease_until=at + 300.0, now=float(at))
    assert landed(mine, apply(mine, record))
    assert not landed(mine, apply(theirs, record))
    assert not landed(mine, record)
    assert not landed(mine, None)


def test_stopping_twice_kills_and_a_stage_never_falls() -> None:
    clock = [0.0]
    stop = Stop(grace=20.0, clock=lambda: clock[0])
    stop.ask(Stage.DRAINING)
    assert (stop.no_new_items, stop.no_new_tasks) == (True, False)
    stop.ask(Stage.STOPPING, by=15)
    stop.ask(Stage.DRAINING)
    assert (stop.stage, stop.signal, stop.overdue) == (Stage.STOPPING, 15, False)
    clock[0] = 20.0
    assert (stop.stage, stop.overdue) == (Stage.ENDING, False)
    clock[0] = 28.0
    assert stop.overdue
    again = Stop(grace=20.0, clock=lambda: clock[0])
    again.ask(Stage.STOPPING, by=2)
    again.ask(Stage.STOPPING, by=15)
    assert (again.stage, again.signal) == (Stage.KILLING, 2)


@pytest.mark.parametrize(("at", "allowed"), [(0.0, True), (69.0, True), (71.0, False)])
def test_wall_time_goes_by_the_mean(at: float, allowed: bool) -> None:
    clock = [0.0]
    wall = WallTime(100.0, clock=lambda: clock[0])
    wall.ran(20.0)
    wall.ran(40.0)
    clock[0] = at
    assert wall.allows_another is allowed
    assert WallTime(None).allows_another


def test_items_without_the_summary_index_are_found_too(connection: Connection, table_name: str) -> None:
    Tables(connection).create(table_name, stream=False)
    items = Items(connection, table_name)
    items.put({**schema.new_single("one", "Step", "true"), schema.LOG_LENGTH: number(0)})
    assert Candidates(items, schema.STATE_INDEX).next() == "one"

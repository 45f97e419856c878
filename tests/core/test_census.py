"""The census: every state and every item, whatever a server does, within its budget, and never a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.aws.items import WRITE_BATCH, Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import Tables
from pyanamo_tui.core.budget import BURST_SECONDS, ON_DEMAND_UNITS, ReadBudget, default_budget
from pyanamo_tui.core.census import Census
from pyanamo_tui.core.factmap import FactMap
from pyanamo_tui.core.picture import Picture
from pyanamo_tui.core.reading import Reading
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import Throttled
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemFacts
from tests.core.places import REGION, open_table, single
from tests.gate import Answer, Call, Gate, refusal
from tests.standins import Standin

STATES = ("todo", "locked", "done", "failed", "Wall_Time_Exceeded", "Pending", "parked by Ann", "\U0001f600")


def write(workspace: Workspace, records: Iterable[schema.Record]) -> None:
    """Write many items as they are, in batches."""
    pending = list(records)
    for start in range(0, len(pending), WRITE_BATCH):
        workspace.items.batch_put(pending[start : start + WRITE_BATCH])


def spread(count: int) -> list[schema.Record]:
    """So many items over all states."""
    return [single(f"item {number}", STATES[number % len(STATES)]) for number in range(count)]


def begin(workspace: Workspace, *, index: str | None = None, scan: bool = False) -> Census:
    """A census of the open table, by its cheapest index unless told which."""
    info = workspace.describe()
    return Census(workspace.items, info, index or info.state_index or "", scan=scan)


def run(census: Census, page_units: float = 1000.0) -> Counter[str]:
    """Read to the end: items by state, each id once."""
    found: dict[str, str] = {}
    while not census.done:
        found |= {facts.item_id: facts.state for facts in census.advance(page_units).facts}
    return Counter(found.values())


@pytest.fixture
def workspace(embedded: EmbeddedServer) -> Workspace:
    """A table with items in every state, known and not, made once for the tests that change nothing."""
    opened = open_table(embedded, "census-reads-only", create=False)
    if not opened.tables.exists(opened.table):
        opened.create_table(opened.table, stream=False)
        write(opened, spread(200))
    return opened


@pytest.fixture
def gated(embedded: EmbeddedServer, workspace: Workspace) -> Iterator[tuple[Workspace, Gate]]:
    """The same table behind a gate."""
    with Gate(embedded.endpoint_url) as gate:
        yield Workspace(Settings(table=workspace.table, region=REGION, endpoint_url=gate.url)), gate


def skips(call: Call) -> bool:
    """Whether a request begins after a key that no item has: past the last possible one of a state."""
    start: str = call.body.get("ExclusiveStartKey", {}).get(schema.ITEM_ID, {}).get("S", "")
    return start.startswith("\U0010ffff")


def test_every_state_is_found_on_every_server(standin: Standin, table_name: str) -> None:
    opened = Workspace(Settings(table=table_name, region=REGION, endpoint_url=standin.endpoint_url))
    opened.tables.create(table_name, stream=False)
    write(opened, spread(40))
    for index in (schema.SUMMARY_INDEX, schema.STATE_INDEX):
        census = begin(opened, index=index)
        assert run(census) == dict.fromkeys(STATES, 5)
        assert not census.scans, "the states are told apart without reading everything twice"


def test_it_costs_an_eighth_of_what_reading_the_logs_costs(standin: Standin, table_name: str) -> None:
    if not standin.counts_reads:
        pytest.skip(f"{standin.kind.value} reports wrong read units")
    connection = Connection(region=REGION, endpoint_url=standin.endpoint_url)
    Tables(connection).create(table_name, stream=False)
    opened = Workspace(Settings(table=table_name, region=REGION, endpoint_url=standin.endpoint_url))
    log = schema.mapping({"Status": schema.text("x"), "stdout": schema.text("y" * 2048), "stderr": schema.text("")})
    write(opened, [single(f"i{number:04}", "done", Log=log) for number in range(500)])
    cheap, dear = begin(opened), begin(opened, index=schema.STATE_INDEX)
    assert run(cheap) == run(dear) == {"done": 500}
    assert cheap.read_units <= dear.read_units / 8


def test_small_pages_find_the_same(workspace: Workspace) -> None:
    census = begin(workspace)
    assert run(census, page_units=0.01) == dict.fromkeys(STATES, 25)
    assert census.pages > 20


def test_a_server_that_refuses_to_skip_is_scanned(gated: tuple[Workspace, Gate]) -> None:
    workspace, gate = gated

    def answer(call: Call) -> Answer | None:
        return refusal("ValidationException", "The provided starting key is invalid") if skips(call) else None

    gate.answer = answer
    census = begin(workspace)
    assert run(census) == dict.fromkeys(STATES, 25)
    assert census.scans


def test_a_server_that_skips_to_the_end_is_noticed_and_scanned(gated: tuple[Workspace, Gate]) -> None:
    workspace, gate = gated

    def answer(call: Call) -> Answer | None:
        return (200, {"Items": [], "Count": 0, "ScannedCount": 0}) if skips(call) else None

    gate.answer = answer
    census = begin(workspace)
    assert run(census) == dict.fromkeys(STATES, 25)
    assert census.scans


def test_once_known_to_be_needed_scanning_is_all_that_is_done(gated: tuple[Workspace, Gate]) -> None:
    workspace, gate = gated
    census = begin(workspace, scan=True)
    assert run(census) == dict.fromkeys(STATES, 25)
    assert gate.seen["Query"] == 0


def test_a_failed_request_is_sent_again_where_it_stood(gated: tuple[Workspace, Gate]) -> None:
    workspace, gate = gated
    connection = Connection(region=REGION, endpoint_url=gate.url, max_attempts=1)
    items = Items(connection, workspace.table)
    census = Census(items, workspace.describe(), schema.SUMMARY_INDEX)
    sent = 0

    def every_other(call: Call) -> Answer | None:
        nonlocal sent
        sent += call.operation in {"Query", "Scan"}
        return refusal("ProvisionedThroughputExceededException") if sent % 2 else None

    gate.answer = every_other
    found: set[str] = set()
    refused = 0
    while not census.done:
        try:
            found |= {facts.item_id for facts in census.advance(0.5).facts}
        except Throttled:
            refused += 1
    assert len(found) == 200
    assert refused


def test_no_script_and_no_log_is_ever_asked_for(gated: tuple[Workspace, Gate]) -> None:
    workspace, gate = gated
    names: set[str] = set()

    def watch(call: Call) -> Answer | None:
        if call.operation in {"Query", "Scan"}:
            assert "ProjectionExpression" in call.body
            names.update(call.body["ExpressionAttributeNames"].values())
        return None

    gate.answer = watch
    run(begin(workspace))
    assert names <= set(schema.FACT_ATTRIBUTES)


class TestWhileItemsMove:
    """An item that changes state while the states are read one after the other."""

    @pytest.fixture
    def moving(self, embedded: EmbeddedServer, table_name: str) -> Workspace:
        opened = open_table(embedded, table_name)
        write(opened, [single(f"t{number}", "todo") for number in range(12)])
        write(opened, [single(f"d{number}", "done") for number in range(3)])
        return opened

    def reading(self, workspace: Workspace, picture: Picture) -> Reading:
        return Reading(begin(workspace), picture, check=False, began=0.0, steady=0.0)

    def finish(self, workspace: Workspace, reading: Reading) -> None:
        while not reading.done:
            if reading.in_doubt:
                reading.resolve(workspace.items)
            else:
                reading.advance(1000.0, 0.0)

    def states(self, picture: Picture) -> Counter[str]:
        found = [picture.get(item_id) for item_id in picture.ids()]
        return Counter(facts.state for facts in found if facts is not None)

    def test_one_claimed_between_its_two_pages_is_not_lost(self, moving: Workspace) -> None:
        picture = Picture(moving.table)
        self.finish(moving, self.reading(moving, picture))
        reading = self.reading(moving, picture)
        for _ in range(2):
            reading.advance(1000.0, 0.0)  # failed, locked
        write(moving, [single("t0", "locked")])
        self.finish(moving, reading)
        assert self.states(picture) == {"todo": 11, "locked": 1, "done": 3}

    def test_one_seen_twice_counts_once_by_its_newest_stamp(self, moving: Workspace) -> None:
        picture = Picture(moving.table)
        reading = self.reading(moving, picture)
        for _ in range(4):
            reading.advance(1000.0, 0.0)  # up to todo
        write(moving, [single("t0", "done")])
        self.finish(moving, reading)
        assert self.states(picture) == {"todo": 11, "done": 4}

    def test_deleted_ones_vanish_few_or_many(self, moving: Workspace) -> None:
        picture = Picture(moving.table)
        write(moving, [single(f"x{number}", "Pending") for number in range(125)])
        self.finish(moving, self.reading(moving, picture))
        assert self.states(picture) == {"todo": 12, "done": 3, "Pending": 125}
        moving.items.batch_delete(["t1", "t2"])
        self.finish(moving, self.reading(moving, picture))
        assert self.states(picture) == {"todo": 10, "done": 3, "Pending": 125}
        for start in range(0, 125, WRITE_BATCH):
            moving.items.batch_delete([f"x{number}" for number in range(start, start + WRITE_BATCH)])
        self.finish(moving, self.reading(moving, picture))
        assert self.states(picture) == {"todo": 10, "done": 3}

    def test_what_the_stream_has_told_since_is_not_overwritten(self, moving: Workspace) -> None:
        picture = Picture(moving.table)
        reading = self.reading(moving, picture)
        picture.put(ItemFacts("t0", "failed"))
        reading.tell("t0")
        reading.tell("t1")
        self.finish(moving, reading)
        assert self.states(picture) == {"todo": 10, "done": 3, "failed": 1}

    def test_a_check_finds_what_the_stream_should_have_told(self, moving: Workspace) -> None:
        picture = Picture(moving.table)
        self.finish(moving, self.reading(moving, picture))
        write(moving, [single("t0", "failed"), single("new", "todo")])
        moving.items.batch_delete(["t1"])
        check = Reading(begin(moving), picture, check=True, began=0.0, steady=0.0)
        self.finish(moving, check)
        assert check.corrected == 3
        assert self.states(picture) == {"todo": 11, "done": 3, "failed": 1}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TestBudget:
    """Read units a second, kept by what reads consumed."""

    def test_a_burst_then_the_rate(self) -> None:
        clock = Clock()
        budget = ReadBudget(10.0, clock)
        budget.charge(10.0 * BURST_SECONDS)
        assert budget.wait() == 0
        budget.charge(50.0)
        assert budget.wait() == pytest.approx(5.0)
        clock.now += 5.0
        assert budget.wait() == pytest.approx(0.0)

    @given(st.lists(st.floats(0.0, 500.0), min_size=1, max_size=50), st.floats(0.5, 200.0))
    def test_no_more_than_the_rate_is_used_in_the_long_run(self, costs: list[float], rate: float) -> None:
        clock = Clock()
        budget = ReadBudget(rate, clock)
        for cost in costs:
            clock.now += budget.wait() + 1e-6
            budget.charge(cost)
        clock.now += budget.wait()
        assert sum(costs) <= rate * (clock.now + BURST_SECONDS) * 1.001 + 0.01

    def test_throttling_slows_us_and_answers_bring_us_back(self) -> None:
        budget = ReadBudget(16.0, Clock())
        budget.slow_down()
        budget.slow_down()
        assert budget.rate == 4.0
        assert budget.allowed == 16.0
        for _ in range(30):
            budget.recover()
        assert budget.rate == 16.0

    def test_it_is_a_quarter_of_what_the_index_has_and_stated_on_demand(self, workspace: Workspace) -> None:
        info = workspace.describe()
        assert default_budget(info, info.state_index) in {ON_DEMAND_UNITS, 2.5}


Changes = dict[str, ItemFacts | None]
_ids = st.text(min_size=1, max_size=3)
_changes = st.dictionaries(_ids, st.sampled_from(["todo", "done", None]), max_size=40)


@given(st.lists(_changes, max_size=8))
def test_a_fact_map_is_a_dict_whose_versions_never_change(steps: list[dict[str, str | None]]) -> None:
    versions: list[tuple[FactMap, dict[str, ItemFacts]]] = [(FactMap(), {})]
    for step in steps:
        changes: Changes = {key: None if state is None else ItemFacts(key, state) for key, state in step.items()}
        found, expected = versions[-1]
        following = {key: value for key, value in {**expected, **changes}.items() if value is not None}
        versions.append((found.updated(changes), following))
    for found, expected in versions:
        assert dict(found.items()) == expected
        assert len(found) == len(expected)
        assert set(found) == set(expected)
        assert all(found[key] is value and key in found for key, value in expected.items())


def test_a_fact_map_shares_what_did_not_change() -> None:
    before = FactMap().updated({str(number): ItemFacts(str(number), "todo") for number in range(5000)})
    after = before.updated({"7": ItemFacts("7", "done")})
    same = [old is new for old, new in zip(before.buckets(), after.buckets(), strict=True)]
    assert same.count(False) == 1
    assert before["7"].state == "todo"
    assert before.updated({}) is before

"""The Monitor over a socket: what it publishes, that it is exact, and how it stands when AWS does not."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyanamo_tui.core.monitor import Monitor
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import PermissionDenied, TableNotFound
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import HealthStatus, Quarter, Snapshot, Source
from tests.core.places import REGION, nested, single
from tests.gate import Answer, Call, Gate, refusal
from tests.standins import Standin
from tests.streamstub import StubShard, StubStream

DEADLINE = 40.0


class Watcher:
    """Collects what a Monitor publishes, and waits for it."""

    def __init__(self, monitor: Monitor) -> None:
        self.seen: list[Snapshot] = []
        self._news = threading.Condition()
        monitor.subscribe(self._take)

    def _take(self, snapshot: Snapshot) -> None:
        with self._news:
            self.seen.append(snapshot)
            self._news.notify_all()

    def until(self, true: Callable[[Snapshot], bool], *, after: int = 0) -> Snapshot:
        """The first Snapshot past a sequence number of which this is true."""
        deadline = time.monotonic() + DEADLINE
        with self._news:
            while True:
                for snapshot in self.seen:
                    if snapshot.seq > after and true(snapshot):
                        return snapshot
                if not self._news.wait(deadline - time.monotonic()):
                    last = self.seen[-1] if self.seen else None
                    pytest.fail(f"nothing of the kind was published; last: {last}")

    def until_health(self, status: HealthStatus, *, after: int = 0) -> Snapshot:
        """The first Snapshot of this health past a sequence number."""
        return self.until(lambda snapshot: snapshot.health.status is status, after=after)


@pytest.fixture
def gate(embedded: EmbeddedServer) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url) as gate:
        yield gate


def open_at(url: str, table: str, *, interval: float = 0.5, budget: float | None = None) -> Workspace:
    """A workspace that looks often."""
    return Workspace(Settings(table=table, region=REGION, endpoint_url=url, interval=interval, read_budget=budget))


@pytest.fixture
def workspace(gate: Gate, table_name: str) -> Workspace:
    """A table without a stream, with a few items, reached through the gate."""
    opened = open_at(gate.url, table_name)
    opened.create_table(table_name, stream=False)
    fill(opened)
    return opened


@pytest.fixture
def streaming(gate: Gate, table_name: str) -> Workspace:
    """The same with a stream."""
    opened = open_at(gate.url, table_name)
    opened.create_table(table_name, stream=True)
    fill(opened)
    return opened


def fill(workspace: Workspace) -> None:
    """Eight items: three waiting, two done, one failed, one parked, one nested half done."""
    records = [single(f"t{number}", "todo") for number in range(3)]
    records += [single("d0", "done", Exit_Code=schema.number(0)), single("d1", "done", Exit_Code=schema.number(0))]
    records += [
        single("f0", "failed", Error_Signature=schema.text("exit 137 · Killed"), Exit_Code=schema.number(137)),
        single("p0", "Pending"),
        nested("n0", ["done", "todo"], "todo"),
    ]
    workspace.items.batch_put(records)


COUNTS = {"todo": 4, "done": 2, "failed": 1, "Pending": 1}


@pytest.fixture
def running() -> Iterator[Callable[[Workspace], tuple[Monitor, Watcher]]]:
    """Starts Monitors, and stops them at the end."""
    started: list[Monitor] = []

    def start(workspace: Workspace) -> tuple[Monitor, Watcher]:
        monitor = workspace.monitor()
        started.append(monitor)
        watcher = Watcher(monitor)
        monitor.start()
        return monitor, watcher

    yield start
    for monitor in started:
        monitor.stop()


Running = Callable[[Workspace], tuple[Monitor, Watcher]]


def scanned(workspace: Workspace) -> Counter[str]:
    """Every item of the table itself, by state."""
    found: Counter[str] = Counter()
    start = None
    while True:
        page = workspace.items.scan(start=start)
        found.update(record["ItemState"]["S"] for record in page.records)
        start = page.next_key
        if start is None:
            return found


def test_before_anything_is_known_it_is_connecting_and_asks_nothing(workspace: Workspace, gate: Gate) -> None:
    before = gate.seen.total()
    snapshot = workspace.monitor().snapshot
    assert snapshot.health.status is HealthStatus.CONNECTING
    assert (snapshot.table, snapshot.seq, snapshot.as_of, snapshot.total) == (workspace.table, 0, None, 0)
    assert gate.seen.total() == before


def test_one_look_counts_everything(workspace: Workspace) -> None:
    snapshot = workspace.monitor().poll_once()
    assert snapshot.counts == COUNTS == scanned(workspace)
    assert snapshot.exact
    assert snapshot.source is Source.CENSUS
    assert snapshot.health.status is HealthStatus.POLLING
    assert "No stream" in snapshot.health.message
    assert "tables upgrade" in snapshot.health.hint
    assert snapshot.total == 8
    assert snapshot.items["f0"].signature == "exit 137 · Killed"
    assert [(group.signature, group.count) for group in snapshot.failures] == [("exit 137 · Killed", 1)]
    assert snapshot.quarters[Quarter.Q2] == 1
    assert {step.step: step.total for step in snapshot.steps} == {"Align": 7, "Call": 1}
    assert snapshot.progress.percent == 25
    assert snapshot.cost.consumed > 0
    assert snapshot.cost.budget


def test_every_server_gives_the_same_picture(standin: Standin, table_name: str) -> None:
    opened = open_at(standin.endpoint_url, table_name)
    opened.tables.create(table_name, stream=standin.has_streams)
    fill(opened)
    monitor = opened.monitor()
    watcher = Watcher(monitor)
    monitor.start()
    wanted = HealthStatus.LIVE if standin.has_streams else HealthStatus.POLLING
    try:
        settled = watcher.until(lambda shown: shown.exact and shown.health.status is wanted)
        assert settled.counts == COUNTS
        opened.items.delete("d1", ())
        opened.items.batch_put([single("t0", "locked"), single("new", "odd state")])
        after = watcher.until(lambda shown: "new" in shown.items and "d1" not in shown.items)
        watcher.until(lambda shown: shown.counts == scanned(opened), after=after.seq - 1)
    finally:
        monitor.stop()


def test_what_others_change_is_seen_and_no_snapshot_ever_changes(workspace: Workspace, running: Running) -> None:
    _, watcher = running(workspace)
    first = watcher.until(lambda shown: shown.exact)
    kept = dict(first.items)
    workspace.items.batch_put([single("t0", "done"), single("late", "todo")])
    workspace.items.batch_delete(["p0"])
    last = watcher.until(lambda shown: "late" in shown.items and "p0" not in shown.items)
    assert last.counts == {"todo": 4, "done": 3, "failed": 1} == scanned(workspace)
    changed = frozenset[str]().union(*(shown.changed or () for shown in watcher.seen if first.seq < shown.seq))
    assert changed == {"t0", "late", "p0"}
    assert dict(first.items) == kept
    assert first.counts == COUNTS
    numbers = [shown.seq for shown in watcher.seen]
    assert numbers == sorted(set(numbers))


def test_nothing_new_is_the_same_objects_with_a_new_age(workspace: Workspace, running: Running) -> None:
    _, watcher = running(workspace)
    first = watcher.until(lambda shown: shown.exact)
    later = watcher.until(lambda shown: shown.as_of != first.as_of, after=first.seq)
    assert later.changed == frozenset()
    for name in ("items", "counts", "steps", "quarters", "failures"):
        assert getattr(later, name) is getattr(first, name)
    assert (later.as_of or 0) > (first.as_of or 0)


def test_a_first_census_shows_lower_bounds_on_the_way(embedded: EmbeddedServer, gate: Gate, table_name: str) -> None:
    opened = open_at(gate.url, table_name, budget=0.5)
    opened.create_table(table_name, stream=False)
    for start in range(0, 100, 25):
        opened.items.batch_put([single(f"i{number}", "todo") for number in range(start, start + 25)])
    monitor = opened.monitor()
    watcher = Watcher(monitor)
    gate.answer = lambda call: time.sleep(0.1) if call.operation in {"Query", "Scan"} else None
    whole = monitor.poll_once()
    partial = [shown for shown in watcher.seen if not shown.exact]
    assert partial
    assert all(shown.total <= 100 and shown.progress.eta is None for shown in partial)
    assert any(0 < shown.total < 100 for shown in partial)
    assert whole.exact
    assert whole.counts == {"todo": 100}


def test_with_a_stream_watching_costs_nothing_while_nothing_happens(
    streaming: Workspace, running: Running, gate: Gate
) -> None:
    _, watcher = running(streaming)
    live = watcher.until_health(HealthStatus.LIVE)
    assert live.source is Source.STREAM
    assert live.counts == COUNTS
    later = watcher.until(lambda shown: (shown.as_of or 0) > (live.as_of or 0) + 1.5, after=live.seq)
    assert later.cost.consumed == live.cost.consumed
    reads = gate.seen["Query"] + gate.seen["Scan"]
    streaming.items.batch_put([single("t0", "locked"), single("x", "todo")])
    streaming.items.batch_delete(["p0"])
    after = watcher.until(lambda shown: "p0" not in shown.items and "x" in shown.items)
    assert after.counts == {"todo": 4, "locked": 1, "done": 2, "failed": 1}
    assert gate.seen["Query"] + gate.seen["Scan"] == reads
    assert (after.source, after.cost.consumed) == (Source.STREAM, live.cost.consumed)


def test_writers_at_work_throughout_and_two_dashboards_end_exact(
    embedded: EmbeddedServer, streaming: Workspace, running: Running
) -> None:
    stop = threading.Event()

    def write(worker: int) -> None:
        own = open_at(embedded.endpoint_url, streaming.table)
        turn = 0
        while not stop.is_set():
            name = f"w{worker}-{turn % 7}"
            if turn % 5 == 4:
                own.items.batch_delete([name])
            else:
                own.items.batch_put([single(name, ("todo", "locked", "done", "failed")[turn % 4])])
            turn += 1

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(2)]
    for writer in writers:
        writer.start()
    try:
        followers = [running(streaming)[1] for _ in range(2)]
        live = [watcher.until_health(HealthStatus.LIVE) for watcher in followers]
        for watcher, shown in zip(followers, live, strict=True):
            watcher.until(lambda later, seq=shown.seq: later.seq > seq + 1)  # type: ignore[misc]
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    expected = scanned(streaming)
    for watcher in followers:
        settled = watcher.until(lambda shown: shown.counts == expected, after=watcher.seen[-1].seq - 1)
        assert Counter(facts.state for facts in settled.items.values()) == expected
        assert sum(step.total for step in settled.steps) == expected.total()


def test_a_stream_without_permission_is_said_and_the_table_is_counted(
    streaming: Workspace, running: Running, gate: Gate
) -> None:
    gate.refuse("DescribeStream", "AccessDeniedException")
    _, watcher = running(streaming)
    shown = watcher.until(lambda shown: shown.exact)
    assert shown.health.status is HealthStatus.POLLING
    assert "dynamodb:DescribeStream" in shown.health.message
    assert "counting instead" in shown.health.message
    assert shown.counts == COUNTS


def test_a_description_that_is_no_longer_allowed_is_said_and_the_table_is_followed_on(
    streaming: Workspace, running: Running, gate: Gate
) -> None:
    monitor, watcher = running(streaming)
    live = watcher.until_health(HealthStatus.LIVE)
    gate.refuse("DescribeTable", "AccessDeniedException")
    monitor.refresh()
    told = watcher.until(lambda shown: "dynamodb:DescribeTable" in shown.health.message, after=live.seq)
    assert told.health.status is HealthStatus.LIVE
    streaming.items.batch_put([single("later", "todo")])
    watcher.until(lambda shown: "later" in shown.items, after=told.seq)
    gate.let_pass()
    monitor.refresh()
    watcher.until(lambda shown: "DescribeTable" not in shown.health.message, after=told.seq)


def test_a_gap_in_the_stream_is_closed_by_counting(gate: Gate, streaming: Workspace, running: Running) -> None:
    stub = StubStream(shards={"a": StubShard()})
    gate.answer = stub
    _, watcher = running(streaming)
    live = watcher.until_health(HealthStatus.LIVE)
    streaming.items.batch_put([single("missed", "todo")])
    stub.shards["a"].trimmed = True
    shown = watcher.until(lambda shown: "missed" in shown.items, after=live.seq)
    assert shown.source is Source.CENSUS
    assert "24 hours" in shown.health.message


def test_throttling_is_shown_with_its_reason_and_ends(workspace: Workspace, running: Running, gate: Gate) -> None:
    monitor, watcher = running(workspace)
    first = watcher.until(lambda shown: shown.exact)
    reason = {
        "reason": "IndexReadProvisionedThroughputExceeded",
        "resource": f"arn:aws:dynamodb:eu-west-2:1:table/{workspace.table}/index/StateSummaryIndex",
    }
    gate.refuse("Query", "ProvisionedThroughputExceededException", ThrottlingReasons=[reason])
    shown = watcher.until_health(HealthStatus.THROTTLED)
    assert "IndexReadProvisionedThroughputExceeded" in shown.health.message
    assert "StateSummaryIndex" in shown.health.message
    assert (shown.counts, shown.items) == (first.counts, first.items)
    gate.let_pass()
    monitor.refresh()
    watcher.until_health(HealthStatus.POLLING, after=shown.seq)


def test_a_missing_permission_names_the_action(workspace: Workspace, running: Running, gate: Gate) -> None:
    gate.refuse("Query", "AccessDeniedException")
    monitor, watcher = running(workspace)
    shown = watcher.until_health(HealthStatus.NO_PERMISSION)
    assert "dynamodb:Query" in shown.health.message
    assert "StateSummaryIndex" in shown.health.message
    gate.let_pass()
    monitor.refresh()
    assert watcher.until(lambda shown: shown.exact).counts == COUNTS


def test_credentials_renewed_on_disk_are_taken_up_without_a_restart(
    gate: Gate, workspace: Workspace, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"

    def keys(name: str) -> None:
        file.write_text(f"[default]\naws_access_key_id = {name}\naws_secret_access_key = secret\n")

    def only_the_new(call: Call) -> Answer | None:
        return refusal("ExpiredTokenException") if call.access_key == "OLDKEY" else None

    keys("OLDKEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    gate.answer = only_the_new
    opened = open_at(gate.url, workspace.table)
    _, watcher = running(opened)
    shown = watcher.until_health(HealthStatus.NO_CREDENTIALS)
    assert "expired" in shown.health.message
    assert "aws sso login" in shown.health.hint
    keys("NEWKEY")
    assert watcher.until(lambda later: later.exact, after=shown.seq).counts == COUNTS
    assert opened.item("d0").facts.state == "done", "the rest of the workspace has the new credentials too"


def test_a_table_that_comes_later_is_found(gate: Gate, table_name: str, running: Running) -> None:
    opened = open_at(gate.url, table_name)
    monitor, watcher = running(opened)
    shown = watcher.until_health(HealthStatus.NO_TABLE)
    assert table_name in shown.health.message
    opened.create_table(table_name, stream=False)
    monitor.refresh()
    assert watcher.until(lambda later: later.exact, after=shown.seq).counts == {}


def test_offline_keeps_the_data_and_comes_back(workspace: Workspace, running: Running, gate: Gate) -> None:
    monitor, watcher = running(workspace)
    first = watcher.until(lambda shown: shown.exact)
    gate.closed = True
    shown = watcher.until_health(HealthStatus.OFFLINE)
    assert (shown.counts, shown.exact) == (first.counts, True)
    assert (shown.as_of or 0) < time.time()
    gate.closed = False
    workspace.items.batch_put([single("meanwhile", "todo")])
    monitor.refresh()
    back = watcher.until(lambda later: "meanwhile" in later.items, after=shown.seq)
    assert back.health.status is HealthStatus.POLLING


def test_paused_sends_nothing(workspace: Workspace, running: Running, gate: Gate) -> None:
    monitor, watcher = running(workspace)
    watcher.until(lambda shown: shown.exact)
    monitor.pause()
    shown = watcher.until_health(HealthStatus.PAUSED)
    sent = gate.seen.total()
    workspace.items.batch_put([single("meanwhile", "todo")])
    monitor.set_interval(0.5)
    monitor.refresh()
    assert "meanwhile" not in monitor.snapshot.items
    assert gate.seen.total() == sent + 1, "the one write of this test"
    monitor.resume()
    back = watcher.until(lambda later: "meanwhile" in later.items, after=shown.seq)
    assert back.health.status is HealthStatus.POLLING


def test_stopping_is_quick_even_when_aws_is_not(workspace: Workspace, running: Running, gate: Gate) -> None:
    monitor, watcher = running(workspace)
    watcher.until(lambda shown: shown.exact)
    held, release = threading.Event(), threading.Event()

    def hold(call: Call) -> Answer | None:
        held.set()
        release.wait(DEADLINE)
        return None

    gate.answer = hold
    assert held.wait(DEADLINE)
    stopper = threading.Thread(target=monitor.stop)
    stopper.start()
    stopper.join(DEADLINE / 4)
    assert not stopper.is_alive(), "it does not wait for the request"
    published = len(watcher.seen)
    release.set()
    deadline = time.monotonic() + DEADLINE
    while monitor.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not monitor.running
    assert len(watcher.seen) == published


def test_a_subscriber_that_fails_or_leaves_does_not_stop_the_others(
    workspace: Workspace, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    monitor, watcher = running(workspace)
    calls: list[int] = []

    def broken(snapshot: Snapshot) -> None:
        calls.append(snapshot.seq)
        raise RuntimeError("a fault of the screen")

    leave = monitor.subscribe(broken)
    told = watcher.until(lambda shown: bool(calls) and shown.seq >= calls[0])
    leave()
    watcher.until(lambda shown: shown.seq > told.seq + 2)
    assert "a fault of the screen" in caplog.text
    assert len(calls) <= 3


def test_budget_and_interval_are_set_at_run_time(workspace: Workspace, running: Running) -> None:
    monitor, watcher = running(workspace)
    watcher.until(lambda shown: shown.exact)
    monitor.set_budget(7.0)
    monitor.set_interval(0.7)
    watcher.until(lambda shown: shown.cost.budget == 7.0)
    assert monitor.interval == 0.7


def test_a_command_is_told_what_is_wrong(workspace: Workspace, gate: Gate) -> None:
    with pytest.raises(TableNotFound):
        open_at(gate.url, "no-such-table").monitor().poll_once()
    gate.refuse("Query", "AccessDeniedException")
    with pytest.raises(PermissionDenied):
        workspace.monitor().poll_once()


def test_a_table_without_the_summary_index_works_and_says_what_it_costs(
    embedded: EmbeddedServer, table_name: str
) -> None:
    opened = open_at(embedded.endpoint_url, table_name)
    client = opened.connection.dynamodb
    client.create_table(
        TableName=table_name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "itemID", "AttributeType": "S"},
            {"AttributeName": "ItemState", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "itemID", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "ItemStateIndex",
                "KeySchema": [
                    {"AttributeName": "ItemState", "KeyType": "HASH"},
                    {"AttributeName": "itemID", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    fill(opened)
    shown = opened.monitor().poll_once()
    assert shown.counts == COUNTS
    assert "StateSummaryIndex" in shown.health.message

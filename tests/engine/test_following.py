"""A run is followed: engines work, others import and delete, and at every quiet moment the Monitor has it exactly.

Small by default; `PYANAMO_FOLLOW_ITEMS` and `PYANAMO_FOLLOW_ENGINES` make it a large run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.core.monitor import Monitor
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import dummy_environment
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemFacts, Snapshot, Source
from pyanamo_tui.workflow.progress import count_quarters, count_states
from tests.engine.engines import Bench, Engine, nested, single

ITEMS: Final = int(os.environ.get("PYANAMO_FOLLOW_ITEMS", "160"))
ENGINES: Final = int(os.environ.get("PYANAMO_FOLLOW_ENGINES", "3"))
ROUNDS: Final = 2
PATIENCE: Final = 60.0 + ITEMS / 100
Open = Callable[[bool], tuple[Bench, Workspace]]


@pytest.fixture
def place(connection: Connection, table_name: str, tmp_path: Path) -> Iterator[Open]:
    """Makes the table, with or without a stream, and opens it."""
    benches: list[Bench] = []

    def opened(stream: bool) -> tuple[Bench, Workspace]:
        url = connection.endpoint_url
        settings = Settings(table=table_name, region="us-east-1", endpoint_url=url, interval=0.5, read_budget=1e5)
        workspace = Workspace(settings)
        workspace.create_table(table_name, stream=stream)
        assert url is not None
        bench = Bench(Items(connection, table_name), url, tmp_path, dummy_environment(os.environ))
        benches.append(bench)
        return bench, workspace

    yield opened
    for bench in benches:
        bench.close()


def whole_table(workspace: Workspace) -> dict[str, ItemFacts]:
    """Every item as a full read finds it."""
    found: dict[str, ItemFacts] = {}
    start = None
    while True:
        page = workspace.items.scan(start=start)
        found.update((schema.record_id(record), schema.read_item(record).facts) for record in page.records)
        start = page.next_key
        if start is None:
            return found


def at_rest(workspace: Workspace) -> dict[str, ItemFacts]:
    """The table once the server has carried out all that was sent."""
    before: dict[str, ItemFacts] = {}
    deadline = time.monotonic() + PATIENCE
    while (now := whole_table(workspace)) != before:
        assert time.monotonic() < deadline, "the table did not come to rest"
        before = now
    return now


class Others:
    """Processes of other people: one imports files, one deletes items, both by the command line."""

    def __init__(self, bench: Bench, workspace: Workspace, folder: Path) -> None:
        settings = workspace.settings
        place = ("-t", str(settings.table), "-r", "us-east-1", "--endpoint-url", str(settings.endpoint_url))
        self._command = [sys.executable, "-m", "pyanamo_tui.cli.main", *place]
        self._environment = bench.environment
        self._folder = folder

    def at_work(self, turn: int) -> list[subprocess.Popen[bytes]]:
        """Both at once."""
        path = self._folder / f"more-{turn}.txt"
        lines = "".join(f"more-{turn}-{number}|Late|true\n" for number in range(ITEMS // 8))
        path.write_text("itemID|TaskID|TaskScript\n" + lines)
        gone = [f"item-{number:06}" for number in range(turn, ITEMS, 2 * ROUNDS)]
        return [self._start("import", str(path)), self._start("delete", "--yes", *gone)]

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._command, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextlib.contextmanager
def held(engines: list[Engine]) -> Iterator[None]:
    """Engines stopped where they are, while a block lasts."""
    for engine in engines:
        engine.signal(signal.SIGSTOP)
    yield
    for engine in engines:
        engine.signal(signal.SIGCONT)


def differences(snapshot: Snapshot, table: dict[str, ItemFacts]) -> list[str]:
    """In what a Snapshot says other than a full read, of every item and in all its sums; nothing if it is right."""
    found = [] if snapshot.exact else ["not everything was counted"]
    if dict(snapshot.counts) != count_states(table.values()):
        found.append(f"states {dict(snapshot.counts)}, in the table {count_states(table.values())}")
    if dict(snapshot.quarters) != count_quarters(table.values()):
        found.append(f"quarters {dict(snapshot.quarters)}, in the table {count_quarters(table.values())}")
    if sum(step.total for step in snapshot.steps) != len(table):
        found.append(f"{sum(step.total for step in snapshot.steps)} items by step, in the table {len(table)}")
    shown = {item_id: facts.state for item_id, facts in snapshot.items.items()}
    there = {item_id: facts.state for item_id, facts in table.items()}
    wrong = [name for name in sorted(shown.keys() | there.keys()) if shown.get(name) != there.get(name)]
    found += [f"{name} {shown.get(name)}, in the table {there.get(name)}" for name in wrong[:5]]
    return found


def follows(monitor: Monitor, table: dict[str, ItemFacts]) -> None:
    """Wait until a Snapshot says of a table at rest what a full read says."""
    deadline = time.monotonic() + PATIENCE
    while wrong := differences(monitor.snapshot, table):
        assert time.monotonic() < deadline, f"{wrong} {monitor.snapshot.health} {monitor.snapshot.cost}"
        time.sleep(0.05)


def ended(monitor: Monitor) -> None:
    """Wait until the Monitor knows of no item that has not ended."""
    deadline = time.monotonic() + 10 * PATIENCE
    while not set(monitor.snapshot.counts) <= {"done", "failed"}:
        left = [facts for facts in monitor.snapshot.items.values() if facts.state not in {"done", "failed"}]
        assert time.monotonic() < deadline, f"{len(left)} items have not ended: {left[:3]}"
        time.sleep(0.05)


@pytest.mark.parametrize("stream", [True, False], ids=["by its stream", "by counting"])
def test_at_every_quiet_moment_the_monitor_says_what_a_full_read_says(
    place: Open, tmp_path: Path, stream: bool
) -> None:
    bench, workspace = place(stream)
    records = [
        nested(f"item-{number:06}", "true", "false", "true") if number % 8 == 3 else single(f"item-{number:06}", "true")
        for number in range(ITEMS)
    ]
    assert workspace.importer.import_records(records).written == ITEMS
    monitor = workspace.monitor()
    monitor.start()
    others = Others(bench, workspace, tmp_path)
    engines = [bench.start("--idle", "wait", "--lease", "3600") for _ in range(ENGINES)]
    try:
        for turn in range(ROUNDS):
            for process in others.at_work(turn):
                # The one that deletes skips what an engine holds, and says so by its exit code.
                assert process.wait(PATIENCE) in {0, 1}
            with held(engines):
                table = at_rest(workspace)
                follows(monitor, table)
        ended(monitor)
        table = at_rest(workspace)
        follows(monitor, table)
        assert monitor.snapshot.source is (Source.STREAM if stream else Source.CENSUS)
        assert len(table) > ITEMS // 2
    finally:
        monitor.stop()

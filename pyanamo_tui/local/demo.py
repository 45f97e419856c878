"""The demo: embedded server, table, sample workflow and real workers, torn down whole when it is left."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pyanamo_tui.core.engineorder import EngineOrder
from pyanamo_tui.core.workerfiles import WorkerFiles, workers_folder
from pyanamo_tui.core.workers import LocalWorkers
from pyanamo_tui.core.workerstart import WorkPlace, prepared, started
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import ServiceUnavailable, UsageError
from pyanamo_tui.local.sample import DEFAULT_COUNT, LEDGER, expected, missing_tools, sample_items
from pyanamo_tui.local.server import REGION, EmbeddedServer
from pyanamo_tui.local.tether import tethered
from pyanamo_tui.local.verdict import problems_of
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.failures import group_failures
from pyanamo_tui.workflow.model import FailureGroup, ItemFacts, ItemState
from pyanamo_tui.workflow.schema import Record, read_facts

TABLE: Final = "Cohort7"
DEFAULT_WORKERS: Final = 2
_WORKER_GRACE: Final = 2.0
_LOOK_EVERY: Final = 2.0
_SECONDS_FIXED: Final = 180.0
_SECONDS_PER_ITEM: Final = 3.0
_SECONDS_TO_END: Final = 30.0
_WORKING: Final = frozenset({ItemState.TODO, ItemState.LOCKED})

Echo = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """How a headless demo went. `seconds` is from the workers' start to the last item's end."""

    table: str
    items: int
    workers: int
    states: Mapping[str, int]
    groups: tuple[FailureGroup, ...]
    seconds: float
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether no item was lost, run twice, or ended otherwise than it must."""
        return not self.problems

    def as_json(self) -> dict[str, object]:
        """The summary for a machine; keys are added to, never renamed."""
        return {
            "ok": self.ok,
            "table": self.table,
            "total": self.items,
            "workers": self.workers,
            "states": dict(self.states),
            "failures": {
                "groups": [
                    {"signature": group.signature, "count": group.count, "exit_code": group.exit_code}
                    for group in self.groups
                ]
            },
            "seconds": round(self.seconds, 1),
            "problems": list(self.problems),
        }


@contextlib.contextmanager
def _environment(environment: Mapping[str, str]) -> Iterator[None]:
    """This process's environment replaced, and as it was afterwards."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class DemoSession:
    """Everything a demo stands on, while a `with` block lasts; nothing of it is left afterwards.

    Inside, this process's own environment holds dummy credentials and a state directory of the demo's own, so that
    nothing of the user's AWS setup is used and no journal of the demo stays.

    Args:
        items: how many items the sample has.
        workers: how many engine processes work on it.
        stay: workers wait for more work when there is none, so that what is requeued is run again.
        echo: told what is under way, a line each.

    Raises, on entering:
        UsageError: too few items or workers, or this host lacks a program that the sample needs.
        MissingExtra: the packages of the `local` extra are not installed.
        ServiceUnavailable: the embedded server did not start.
    """

    def __init__(
        self,
        items: int = DEFAULT_COUNT,
        workers: int = DEFAULT_WORKERS,
        *,
        stay: bool = True,
        echo: Echo = lambda _: None,
    ) -> None:
        if workers < 1:
            raise UsageError(f"The demo needs a worker, not {workers}", "Ask for 1 or more.")
        self.records: Sequence[Record] = sample_items(items)
        self.workers = workers
        self.table = TABLE
        self._stay = stay
        self._echo = echo
        self._server = EmbeddedServer()
        self._stack = contextlib.ExitStack()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []
        self._folder = Path()

    @property
    def endpoint_url(self) -> str:
        """Where the embedded server answers."""
        return self._server.endpoint_url

    @property
    def settings(self) -> Settings:
        """What opens the demo's table."""
        return Settings(table=self.table, region=REGION, endpoint_url=self.endpoint_url)

    @property
    def ledger(self) -> Path:
        """The file in which each command notes that it ran."""
        return self._folder / "ledger"

    def __enter__(self) -> Self:
        absent = missing_tools()
        if absent:
            raise UsageError(
                f"The sample workflow needs {', '.join(absent)}, which this host lacks", "Install it and try again."
            )
        with contextlib.ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pyanamo-demo-")))
            self._echo("Starting an embedded DynamoDB …")
            stack.enter_context(self._server)
            environment = {**self._server.environment(), "XDG_STATE_HOME": str(self._folder / "state")}
            stack.enter_context(_environment(environment))
            self._echo(f"Importing {len(self.records)} items into table {self.table} …")
            workspace = Workspace(self.settings)
            workspace.create_table(self.table)
            imported = workspace.importer.import_records(self.records)
            if imported.written != len(self.records):
                raise ServiceUnavailable(
                    f"Only {imported.written} of {len(self.records)} items were imported", "Run the demo again."
                )
            stack.callback(self._stop_workers)
            self._start_workers(environment)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start_workers(self, environment: Mapping[str, str]) -> None:
        self.ledger.touch()
        files = WorkerFiles(workers_folder())
        files.folder.mkdir(mode=0o700, parents=True)
        place = WorkPlace(self.table, REGION, self.endpoint_url)
        order = EngineOrder(idle="wait" if self._stay else "exit")
        self._echo(f"Starting {self.workers} workers …")
        for _ in range(self.workers):
            noted, command = prepared(files, place, order, time.time())
            with files.log_path(noted.id).open("wb") as log:
                own = {**environment, LEDGER: str(self.ledger)}
                words = [*command, "--grace", str(_WORKER_GRACE)]
                process = tethered(words, environment=own, directory=files.work_path(noted.id), output=log)
            started(files, noted, process.pid)
            self._processes.append(process)
            self._logs.append(files.log_path(noted.id))

    def _stop_workers(self) -> None:
        """Its own, and those that were added on the workers screen: the server that they work on ends next."""
        added = LocalWorkers(WorkPlace(self.table, REGION, self.endpoint_url))
        added.kill([one.id for one in added.list() if one.alive])
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
        self._processes.clear()

    def working(self) -> int:
        """How many workers still run."""
        return sum(process.poll() is None for process in self._processes)

    def wait_for_workers(self, seconds: float) -> list[str]:
        """Give the workers this long to end by themselves; a sentence for each that does not, or ended badly."""
        deadline = time.monotonic() + seconds
        found = []
        for number, process in enumerate(self._processes):
            try:
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                found.append(f"worker {number + 1} still runs though there is nothing left to do")
                continue
            if code:
                lines = self._logs[number].read_text(errors="replace").strip().splitlines() or ["nothing"]
                found.append(f"worker {number + 1} ended with exit code {code}, saying: {lines[-1]}")
        return found


def _facts(workspace: Workspace) -> list[ItemFacts]:
    """The small attributes of every item, by the summary index."""
    found: list[ItemFacts] = []
    start: Record | None = None
    while True:
        page = workspace.items.scan(index=schema.SUMMARY_INDEX, attributes=schema.FACT_ATTRIBUTES, start=start)
        found += map(read_facts, page.records)
        start = page.next_key
        if start is None:
            return found


def _whole(workspace: Workspace) -> list[Record]:
    found: list[Record] = []
    start: Record | None = None
    while True:
        page = workspace.items.scan(start=start)
        found += page.records
        start = page.next_key
        if start is None:
            return found


def _progress(states: Counter[str], total: int) -> str:
    ended = total - sum(states[state] for state in _WORKING)
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"{ended * 100 // max(1, total):3} %  {told}"


def run_headless(items: int = DEFAULT_COUNT, workers: int = DEFAULT_WORKERS, echo: Echo = print) -> DemoSummary:
    """Run the sample to its end, then judge it.

    Args:
        items: how many items.
        workers: how many engine processes.
        echo: told of the progress, a line each.

    Raises:
        UsageError, MissingExtra, ServiceUnavailable: as `DemoSession`.
    """
    with DemoSession(items, workers, stay=False, echo=echo) as session:
        workspace = Workspace(session.settings)
        began = time.monotonic()
        deadline = began + _SECONDS_FIXED + _SECONDS_PER_ITEM * items
        problems: list[str] = []
        while True:
            working = session.working()
            states = Counter(facts.state for facts in _facts(workspace))
            echo(_progress(states, items))
            if not any(states[state] for state in _WORKING) or not working:
                break
            if time.monotonic() > deadline:
                problems.append(f"the workers were not done after {deadline - began:.0f} s")
                break
            time.sleep(_LOOK_EVERY)
        seconds = time.monotonic() - began
        problems += session.wait_for_workers(_SECONDS_TO_END)
        problems += problems_of(expected(session.records), _whole(workspace), session.ledger.read_text())
        facts = _facts(workspace)
        return DemoSummary(
            table=session.table,
            items=items,
            workers=workers,
            states=dict(sorted(Counter(found.state for found in facts).items())),
            groups=group_failures(facts),
            seconds=seconds,
            problems=tuple(problems),
        )

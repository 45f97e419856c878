"""Real engine processes for tests: start, wait for what they say, signal, and read the table they worked on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pyanamo_tui.aws.items import Items
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Item
from pyanamo_tui.workflow.schema import Record

DEADLINE: Final = 40.0
T = TypeVar("T")


def until(look: Callable[[], T], what: str, seconds: float = DEADLINE) -> T:
    """Look until there is something, or fail saying what was not seen."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not seen within {seconds:.0f} s: {what}"
        time.sleep(0.03)


class Engine:
    """One engine process, logging JSON lines to a file."""

    def __init__(
        self, table: str, url: str, folder: Path, arguments: Iterable[str], environment: Mapping[str, str]
    ) -> None:
        self.log_path = folder / f"engine-{len(list(folder.glob('engine-*.log')))}.log"
        self.errors_path = self.log_path.with_suffix(".err")
        command = [sys.executable, "-m", "pyanamo_tui.engine.main", "-t", table, "-r", "us-east-1"]
        with self.log_path.open("wb") as log, self.errors_path.open("wb") as errors:
            self.process = subprocess.Popen(
                [*command, "--endpoint-url", url, "--log-json", "--work-dir", str(folder / "work"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                env=dict(environment),
            )

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """What it has logged so far, or the events of one name."""
        lines = self.log_path.read_text(encoding="utf-8").splitlines(keepends=True)
        found: list[dict[str, Any]] = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in found if name in {None, event["event"]}]

    @property
    def errors(self) -> str:
        """Its stderr so far."""
        return self.errors_path.read_text(encoding="utf-8")

    def said(self, name: str, seconds: float = DEADLINE, **fields: object) -> dict[str, Any]:
        """Wait for an event of this name with these fields."""

        def look() -> dict[str, Any] | None:
            for event in self.events(name):
                if all(event.get(key) == value for key, value in fields.items()):
                    return event
            return None

        found = until(look, f"{name} {fields} in {self.log_path.read_text()} {self.errors}", seconds)
        assert found is not None
        return found

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self, seconds: float = DEADLINE) -> int:
        """Wait for its end; gives its exit code."""
        return self.process.wait(seconds)

    @property
    def summary(self) -> dict[str, Any]:
        """Its last line."""
        return self.events("summary")[-1]

    def close(self) -> None:
        """Kill it if it runs yet."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Bench:
    """One table and the engines on it."""

    def __init__(self, items: Items, url: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.items = items
        self.url = url
        self.folder = folder
        self.environment = dict(environment)
        self._engines: list[Engine] = []

    def add(self, *records: Record) -> None:
        """Put items into the table."""
        for record in records:
            self.items.put(record)

    def start(self, *arguments: str, url: str | None = None, **environment: str) -> Engine:
        """Start an engine."""
        engine = Engine(self.items.table, url or self.url, self.folder, arguments, {**self.environment, **environment})
        self._engines.append(engine)
        return engine

    def run(self, *arguments: str, url: str | None = None, **environment: str) -> Engine:
        """Run an engine to its end, which must be a good one."""
        engine = self.start(*arguments, url=url, **environment)
        assert engine.wait() == 0, engine.errors + engine.log_path.read_text()
        return engine

    def record(self, item_id: str) -> Record:
        """An item as it stands."""
        record = self.items.get(item_id)
        assert record is not None
        return record

    def item(self, item_id: str) -> Item:
        """An item as it reads."""
        return schema.read_item(self.record(item_id))

    def state(self, item_id: str) -> str:
        """An item's state."""
        return self.item(item_id).facts.state

    def close(self) -> None:
        """Kill what runs yet."""
        for engine in self._engines:
            engine.close()


def single(item_id: str, script: str) -> Record:
    """A waiting single item."""
    return schema.new_single(item_id, "Step", script)


def nested(item_id: str, *commands: str) -> Record:
    """A waiting nested item."""
    return schema.new_nested(item_id, "Step", commands)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] != b"Z"


def pid_in(path: Path) -> int:
    """The pid that a task wrote into a file, waiting for it."""
    return int(until(lambda: path.read_text().strip() if path.exists() else "", f"a pid in {path}"))


def lock_of(bench: Bench, item_id: str) -> str:
    """The lock id of an item."""
    lock = bench.item(item_id).facts.lock_id
    assert lock is not None
    return lock


def python(code: str) -> str:
    """A command that runs some Python."""
    quoted = code.replace("'", "'\"'\"'")
    return f"{sys.executable} -c '{quoted}'"


def now() -> float:
    """Epoch seconds."""
    return time.time()


def ended(pid: int) -> None:
    """Wait until a process has ended."""
    until(lambda: not alive(pid), f"the end of process {pid}")


def exists(pid: int) -> bool:
    """Whether there is a process of this number at all."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

"""The dashboard over failed items held in memory, changed by the thousand: what the keyboard benchmark runs.

Items come from a thread of the same process, as they do from the Monitor; no server shares the cores. It publishes
nothing until it gets SIGUSR1, and says on a file descriptor when it did (seconds of the monotonic clock).

    python -m benchmarks.crowd ITEMS CHANGES_A_SECOND DESCRIPTOR
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from pyanamo_tui.aws.session import Identity
from pyanamo_tui.core.picture import Picture
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.workflow.model import Health, HealthStatus, Item, ItemFacts, LogEntry, Snapshot, Source

SIGNATURES = ("exit 137 (SIGKILL) · Killed", "exit 2 · No such file <path>", "timed out after 3 h", "exit 1 · Error")
_EACH = 1.0


class _Source:
    """Publishes Snapshots of a Picture as the Monitor does."""

    paused = False
    interval = _EACH

    def __init__(self, count: int, changes: int, told: int) -> None:
        self._changes = changes
        self._told = told
        self._go = threading.Event()
        self._subscribers: list[Callable[[Snapshot], None]] = []
        self._ids = [f"Sample-{number:06}" for number in range(count)]
        self._random = random.Random(7)
        self._picture = Picture("Cohort7")
        self.snapshot = Snapshot(table="Cohort7")
        now = time.time()
        for number, item_id in enumerate(self._ids):
            self._picture.put(
                ItemFacts(
                    item_id,
                    "failed",
                    step=f"Step{number % 5}",
                    owner=f"i-{number % 40:017x}",
                    log_length=1,
                    attempts=1,
                    signature=SIGNATURES[number % len(SIGNATURES)],
                    exit_code=number % 3,
                    ended_at=now - number % 90_000,
                    updated_at=now - number % 90_000,
                )
            )

    def go(self) -> None:
        self._go.set()

    def subscribe(self, callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._subscribers.clear()

    def refresh(self) -> None:
        """There is nothing to read."""

    def _run(self) -> None:
        self._go.wait()
        due = time.monotonic()
        while True:
            frame = Snapshot(
                table="Cohort7",
                as_of=time.time(),
                exact=True,
                source=Source.STREAM,
                health=Health(HealthStatus.LIVE),
            )
            self.snapshot = self._picture.snapshot(frame, self.snapshot.seq + 1)
            if self.snapshot.seq == 1:
                os.write(self._told, f"{time.monotonic()}\n".encode())
            for callback in tuple(self._subscribers):
                callback(self.snapshot)
            due += _EACH
            time.sleep(max(0.0, due - time.monotonic()))
            for item_id in self._random.sample(self._ids, int(self._changes * _EACH)):
                self._change(item_id)

    def _change(self, item_id: str) -> None:
        facts = self._picture.get(item_id)
        if facts is not None:
            attempts = (facts.attempts or 0) + 1
            self._picture.put(replace(facts, attempts=attempts, updated_at=time.time()))


class _Workspace:
    """What the dashboard asks of an open table here."""

    region = "us-east-1"

    def __init__(self, settings: Settings, source: _Source) -> None:
        self.settings = settings
        self._source = source

    def monitor(self) -> _Source:
        return self._source

    def identity(self) -> Identity:
        return Identity(account="123456789012", role="bastion-role")

    def item(self, item_id: str) -> Item:
        facts = self._source.snapshot.items[item_id]
        return Item(facts, script="true", log=LogEntry("exit 1", stdout="", stderr="Killed\n", exit_code=1))


def main(count: int, changes: int, told: int) -> None:
    """Show it, until killed."""
    source = _Source(count, changes, told)
    signal.signal(signal.SIGUSR1, lambda *_: source.go())
    settings = Settings(table="Cohort7", region="us-east-1")
    Dashboard(settings, cast("Any", lambda chosen: _Workspace(chosen, source))).run()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""The engine's own log: one line an event, as text or JSON, that can be searched by item, task, attempt and worker."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from pyanamo_tui.workflow.printable import printable

Value = str | int | float | bool | None

_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/@%+-,")


def _shown(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    shown = str(value)
    if shown and _PLAIN.issuperset(shown):
        return shown
    return (
        '"' + printable(shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")) + '"'
    )


class EventLog:
    """Writes whole lines to a file descriptor. A log that cannot be written never stops the work.

    Args:
        worker: who writes, on every line.
        descriptor: an open file descriptor; 1 for standard output.
        as_json: one JSON object a line instead of text.
        clock: epoch seconds.
    """

    def __init__(
        self, worker: str, *, descriptor: int = 1, as_json: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self.worker = worker
        self._descriptor = descriptor
        self._as_json = as_json
        self._clock = clock
        self._lock = threading.Lock()

    def say(self, event: str, message: str = "", **fields: Value) -> None:
        """Write one event with its fields; those that are None are left out.

        Args:
            event: one word, the same for every event of the kind (docs/engine.md lists them).
            message: a sentence for people; may be empty.
            fields: `item`, `task`, `attempt` where the event has them, and whatever else tells.
        """
        known: dict[str, Value] = {name: value for name, value in fields.items() if value is not None}
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._as_json:
            whole = {"time": at, "event": event, "worker": self.worker, **known}
            if message:
                whole["message"] = message
            line = json.dumps(whole)
        else:
            told = " ".join(f"{name}={_shown(value)}" for name, value in known.items())
            line = " ".join(part for part in (at, self.worker, event, told, printable(message)) if part)
        self._write((line + "\n").encode("utf-8", errors="backslashreplace"))

    def _write(self, line: bytes) -> None:
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                # The reader is gone or the disk is full: there is nowhere left to say so, and the items matter more.
                return

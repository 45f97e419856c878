"""Counts the read and write units that every DynamoDB call of a Connection consumed, as DynamoDB reports them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

READS: Final = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
WRITES: Final = frozenset(
    {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "BatchExecuteStatement"}
)
METERED: Final = READS | WRITES
_WINDOW: Final = 60.0


@dataclass(frozen=True, slots=True)
class Consumed:
    """Units since the Connection was opened, requests sent, and read units in the last minute."""

    read_units: float
    write_units: float
    requests: int
    read_units_last_minute: float


class CapacityMeter:
    """Thread-safe sums of consumed capacity; DynamoDB reports it with each answer when asked to."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._read = 0.0
        self._write = 0.0
        self._requests = 0
        self._recent: deque[tuple[float, float]] = deque()

    def record(self, operation: str, answer: Mapping[str, object]) -> None:
        """Add what one answer says it consumed (`ConsumedCapacity`, a dict or a list of them)."""
        consumed = answer.get("ConsumedCapacity")
        entries = consumed if isinstance(consumed, list) else [consumed]
        units = sum(float(entry.get("CapacityUnits", 0.0)) for entry in entries if isinstance(entry, dict))
        now = self._clock()
        with self._lock:
            self._requests += 1
            if operation in READS:
                self._read += units
                self._recent.append((now, units))
                self._forget(now)
            else:
                self._write += units

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - _WINDOW:
            self._recent.popleft()

    def read(self) -> Consumed:
        """The sums now."""
        with self._lock:
            self._forget(self._clock())
            return Consumed(self._read, self._write, self._requests, sum(units for _, units in self._recent))

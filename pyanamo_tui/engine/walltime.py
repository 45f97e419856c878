"""Whether there is time for another command before the wall time is over, by the mean of those so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class WallTime:
    """Counts how long commands take. Safe to share between threads.

    Args:
        seconds: from now on, or None for no limit.
        clock: monotonic seconds.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = None if seconds is None else clock() + seconds
        self._lock = threading.Lock()
        self._runs = 0
        self._seconds = 0.0

    def ran(self, seconds: float) -> None:
        """A command took so long."""
        with self._lock:
            self._runs += 1
            self._seconds += seconds

    @property
    def allows_another(self) -> bool:
        """Whether a command that takes as long as the mean would end in time."""
        if self._ends is None:
            return True
        with self._lock:
            mean = self._seconds / self._runs if self._runs else 0.0
        return self._clock() + mean < self._ends

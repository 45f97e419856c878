"""When an engine stops: signals as data, and the stages from "take no more" to "kill now"."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from enum import IntEnum
from typing import Final, Self

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_DRAINING: Final = signal.SIGUSR1


LAST_WORDS: Final = 8.0
"""Seconds after the grace to kill tasks and give items back; AWS Batch allows 30 from SIGTERM to SIGKILL."""


class Stage(IntEnum):
    """How urgently the engine is to end; it only ever rises."""

    WORKING = 0
    DRAINING = 1
    """Finish the items in hand, take no more."""
    STOPPING = 2
    """Start no task; a running one may finish within the grace."""
    ENDING = 3
    """The grace is over: running tasks are ended and their items given back."""
    KILLING = 4
    """Asked twice: the same, without any patience."""


class Stop:
    """The stage an engine is in. Any thread may read it or wait on it; signals and the engine itself raise it."""

    def __init__(self, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._grace = grace
        self._clock = clock
        self._changed = threading.Condition()
        self._stage = Stage.WORKING
        self._grace_ends: float | None = None
        self._ending_since: float | None = None
        self.signal: int | None = None

    @property
    def stage(self) -> Stage:
        """The stage now."""
        ends = self._grace_ends
        if self._stage == Stage.STOPPING and ends is not None and self._clock() >= ends:
            return Stage.ENDING
        return self._stage

    @property
    def no_new_items(self) -> bool:
        """Whether no item may be claimed any more."""
        return self._stage >= Stage.DRAINING

    @property
    def no_new_tasks(self) -> bool:
        """Whether no task may be started any more, of items in hand either."""
        return self._stage >= Stage.STOPPING

    @property
    def overdue(self) -> bool:
        """Whether what is still under way must be given up: the leases see to it."""
        since = self._ending_since
        if since is None and self.stage == Stage.ENDING:
            since = self._grace_ends
        return since is not None and self._clock() >= since + LAST_WORDS

    def ask(self, stage: Stage, *, by: int | None = None) -> None:
        """Rise to a stage; asking to stop again while stopping kills."""
        with self._changed:
            if stage == Stage.STOPPING and self._stage >= Stage.STOPPING:
                stage = Stage.KILLING
            if stage >= Stage.STOPPING and self._grace_ends is None:
                self._grace_ends = self._clock() + self._grace
            if by is not None and stage >= Stage.STOPPING and self.signal is None:
                self.signal = by
            if stage >= Stage.ENDING and self._ending_since is None:
                self._ending_since = self._clock()
            self._stage = max(self._stage, stage)
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Wait, or less if no new item is to be taken from now on."""
        with self._changed:
            self._changed.wait_for(lambda: self._stage >= Stage.DRAINING, timeout=seconds)


class Signals:
    """Receives SIGTERM, SIGINT, SIGHUP and SIGUSR1 as data, and gives the process's own ways back at the end.

    A handler may run between any two instructions of the main thread, where taking a lock can deadlock; so the
    handlers do nothing and the signal's number is read from a pipe. Use in the main thread only.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def __enter__(self) -> Self:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        os.set_blocking(self._reading, False)
        self._old_wakeup = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, lambda *_: None) for number in (*_STOPPING, _DRAINING)}
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._old_wakeup)
        for number, before in self._old.items():
            signal.signal(number, before)
        os.close(self._reading)
        os.close(self._writing)

    def wake(self) -> None:
        """End a `wait` early, from any thread."""
        try:
            os.write(self._writing, b"\0")
        except BlockingIOError:
            # The pipe is full of reasons to wake already.
            return

    def wait(self, seconds: float) -> None:
        """Wait for a signal at the most so long, and raise the stage by those that came."""
        ready, _, _ = select.select([self._reading], [], [], seconds)
        if not ready:
            return
        for number in os.read(self._reading, 4096):
            if number == _DRAINING:
                self._stop.ask(Stage.DRAINING)
            elif number in _STOPPING:
                self._stop.ask(Stage.STOPPING, by=number)

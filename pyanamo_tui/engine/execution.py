"""What running any claimed item needs: its environment, one command at a time, and writing how it ended."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.engine.lease import GaveUp, Held, Leases, LockLost
from pyanamo_tui.engine.logkeeper import (
    IN_ITEM,
    Kept,
    LogKeeper,
    fitted,
    reason_of,
)
from pyanamo_tui.engine.runner import EXIT_NOT_EXECUTABLE, NO_OUTCOME, Ended, Ending, HostFault, Output, Task
from pyanamo_tui.engine.stop import Stop
from pyanamo_tui.engine.walltime import WallTime
from pyanamo_tui.engine.watchdog import MARK, Watchdog
from pyanamo_tui.errors import PyanamoError, ServiceRefused
from pyanamo_tui.workflow import failures, schema, transitions
from pyanamo_tui.workflow.change import Change
from pyanamo_tui.workflow.command import CommandError, split_command
from pyanamo_tui.workflow.model import LogEntry
from pyanamo_tui.workflow.printable import decode_output
from pyanamo_tui.workflow.schema import Record

LAST_RESORT_ROOM: Final = 600


class Result(StrEnum):
    """What became of a claimed item, from this worker's view."""

    DONE = "done"
    FAILED = "failed"
    RETRY = "retry"
    """Failed, and waiting for its next attempt."""
    RELEASED = "released"
    """Given back unfinished, because the engine stops."""
    WALL_TIME = "wall-time"
    LOST = "lost"
    GAVE_UP = "gave-up"
    """AWS could not be told how it ended; its lease will run out and it will run again."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the execution of every item needs; made once a worker."""

    table: str
    leases: Leases
    keeper: LogKeeper
    log: EventLog
    stop: Stop
    wall_time: WallTime
    watchdog: Watchdog
    work_dir: Path
    environment: Mapping[str, str]
    tasks_at_once: int
    max_attempts: int
    task_timeout: float | None
    host_fault: Callable[[HostFault], None]
    clock: Callable[[], float] = time.time


class TaskGone(Exception):
    """The task that has ended was deleted from its item meanwhile: there is nothing left to record it in."""


class Execution:
    """What single and nested items have in common."""

    def __init__(self, shared: Shared, held: Held) -> None:
        self._shared = shared
        self._held = held
        self._environment = {
            **shared.environment,
            "PYANAMO_TABLE": shared.table,
            "PYANAMO_ITEM": held.item_id.replace("\0", "\ufffd"),
            "PYANAMO_ATTEMPT": str(held.attempt),
        }

    @property
    def _may_retry(self) -> bool:
        return self._held.attempt < self._shared.max_attempts

    def _say(self, event: str, message: str = "", *, key: str = "", ended: Ended | None = None) -> None:
        self._shared.log.say(
            event,
            message,
            item=self._held.item_id,
            task=key or None,
            attempt=self._held.attempt,
            exit_code=None if ended is None else ended.exit_code,
            seconds=None if ended is None else round(ended.seconds, 3),
        )

    def _unusable(self, why: str) -> tuple[Ended, Kept]:
        """The end of a command that could never be started."""
        now = self._shared.clock()
        ended = Ended(Ending.UNUSABLE, EXIT_NOT_EXECUTABLE, now, now, why)
        return ended, self._shared.keeper.without_output(ended, self._held.attempt)

    def _execute(self, key: str, script: str, room: Callable[[], int]) -> tuple[Ended, Kept]:
        """Run one command and keep its log; `key` is empty for a single item, `room` is asked when it has ended.

        Raises:
            LockLost: the item was taken while it ran.
            HostFault: this host cannot run commands.
        """
        held, shared = self._held, self._shared
        try:
            words = split_command(script, shared.environment)
        except CommandError as error:
            return self._unusable(error.message)
        mark = f"{self._environment[MARK]}.{next(_NUMBERS)}"
        environment = {**self._environment, "PYANAMO_TASK": key, MARK: mark}
        with Output(shared.work_dir) as output:
            task = Task(words, environment, output, shared.watchdog, shared.task_timeout)
            try:
                with held.guard:
                    held.running[key] = task
                    lost = held.lost
                if lost:
                    task.end(Ending.LOST, patience=0.0)
                ended = task.wait()
            finally:
                with held.guard:
                    held.running.pop(key, None)
            if held.lost:
                self._keep_for_ourselves(key, ended, output)
                raise LockLost
            if ended.ending in NO_OUTCOME:
                return ended, Kept(held.item.log or _EMPTY)
            shared.wall_time.ran(ended.seconds)
            names = (shared.table, held.item_id, *([key] if key else []), f"attempt-{held.attempt}-{held.lock_id[:8]}")
            return ended, shared.keeper.keep(ended, output, names, attempt=held.attempt, room=room())

    def _keep_for_ourselves(self, key: str, ended: Ended, output: Output) -> None:
        """The output of an item that is not ours any more goes to our own log, and nowhere else."""
        out, err = (decode_output(tail) for tail in output.tail(IN_ITEM))
        self._say_lost(key, ended.exit_code, out, err)

    def _say_lost(self, key: str, code: int | None, out: str, err: str, kept: str | None = None) -> None:
        self._shared.log.say(
            "lost-output",
            item=self._held.item_id,
            task=key or None,
            attempt=self._held.attempt,
            exit_code=code,
            stdout=out,
            stderr=err,
            log_uri=kept,
        )

    def _outcome(self, ended: Ended, kept: Kept) -> transitions.Outcome:
        sign = None if ended.ok else failures.signature(ended.exit_code, reason_of(ended), kept.stderr_tail)
        return transitions.Outcome(ok=ended.ok, log=kept.log, lines=kept.lines, signature=sign)

    def _write(
        self,
        build: Callable[[transitions.Outcome], Change],
        outcome: transitions.Outcome,
        *,
        key: str = "",
        done: Callable[[Change], None] = lambda _: None,
        adopt: Callable[[Record], bool] = lambda _: False,
    ) -> None:
        """Write an outcome; where DynamoDB does not take its log, with hardly any of it, then with none.

        An outcome that cannot be written goes to our own log, and what stopped it is raised.
        """
        tiny = replace(outcome, log=fitted(outcome.log, LAST_RESORT_ROOM))
        tries: list[Callable[[], Change]] = [
            lambda: build(outcome),
            lambda: build(tiny),
            lambda: _without_log(build(tiny)),
        ]
        try:
            for attempt in tries[:-1]:
                try:
                    self._shared.leases.write(self._held, attempt, done, adopt)
                except ServiceRefused as error:
                    self._say("log-refused", error.message, key=key)
                else:
                    return
            self._shared.leases.write(self._held, tries[-1], done, adopt)
        except (LockLost, GaveUp, TaskGone, PyanamoError):
            log = outcome.log
            self._say_lost(key, log.exit_code, log.stdout, log.stderr, kept=log.uri)
            raise

    def _release(self) -> Result:
        now = self._shared.clock
        self._shared.leases.write(self._held, lambda: transitions.release(lock_id=self._held.lock_id, now=now()))
        self._say("released", "The engine stops; the item waits again and this attempt does not count")
        return Result.RELEASED


_EMPTY: Final = LogEntry()
_NUMBERS: Final = itertools.count(1)
"""Numbers of the commands that this process starts."""


def _without_log(change: Change) -> Change:
    return replace(change, sets={path: value for path, value in change.sets.items() if path[0] != schema.LOG})

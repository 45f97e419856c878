"""Runs one claimed item to an end and writes how it ended: a single script, or a nested item's tasks."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from pyanamo_tui.engine.claim import Claimed
from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.engine.lease import GaveUp, Held, Leases, LockLost
from pyanamo_tui.engine.logkeeper import (
    ENTRY_ROOM,
    IN_ITEM,
    Kept,
    LogKeeper,
    fitted,
    reason_of,
)
from pyanamo_tui.engine.runner import EXIT_NOT_EXECUTABLE, NO_OUTCOME, Ended, Ending, HostFault, Output, Task
from pyanamo_tui.engine.stop import Stop
from pyanamo_tui.engine.walltime import WallTime
from pyanamo_tui.engine.watchdog import Watchdog
from pyanamo_tui.errors import ServiceRefused
from pyanamo_tui.workflow import failures, schema, transitions
from pyanamo_tui.workflow.change import Change
from pyanamo_tui.workflow.command import CommandError, split_command
from pyanamo_tui.workflow.model import ItemState, LogEntry, TaskStatus
from pyanamo_tui.workflow.printable import decode_output
from pyanamo_tui.workflow.sizes import MAX_ITEM_BYTES, value_bytes

NESTED_SPARE: Final = 16 * 1024
"""Bytes of a nested item's 400 KB left for its lock, live tail and signature."""
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


def run_item(shared: Shared, claimed: Claimed) -> Result:
    """Run an item that was just claimed.

    Raises:
        PyanamoError: AWS refuses us as a whole, e.g. the table is gone.
    """
    held = shared.leases.hold(claimed.record, claimed.lock_id, claimed.lease_until)
    try:
        kind = _Nested if schema.map_of(claimed.record, schema.SCRIPT) is not None else _Single
        return kind(shared, held).run()
    except LockLost:
        return Result.LOST
    except GaveUp as problem:
        shared.log.say(
            "gave-up",
            f"How the item ended could not be written: {problem}. Its lease will run out and it will run again",
            item=held.item_id,
            attempt=held.attempt,
        )
        return Result.GAVE_UP
    finally:
        shared.leases.let_go(held)


class _Execution:
    """What single and nested items have in common."""

    def __init__(self, shared: Shared, held: Held) -> None:
        self._shared = shared
        self._held = held
        # A copy of the environment a task would be lost work for items of thousands of tasks.
        self._environment = {
            **shared.environment,
            "PYANAMO_TABLE": shared.table,
            "PYANAMO_ITEM": held.item_id.replace("\0", "\ufffd"),
            "PYANAMO_TASK": "",
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
        environment = {**self._environment, "PYANAMO_TASK": key} if key else self._environment
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
        self._shared.log.say(
            "lost-output",
            item=self._held.item_id,
            task=key or None,
            attempt=self._held.attempt,
            exit_code=ended.exit_code,
            stdout=out,
            stderr=err,
        )

    def _outcome(self, ended: Ended, kept: Kept) -> transitions.Outcome:
        sign = None if ended.ok else failures.signature(ended.exit_code, reason_of(ended), kept.stderr_tail)
        return transitions.Outcome(ok=ended.ok, log=kept.log, lines=kept.lines, signature=sign)

    def _write(
        self,
        build: Callable[[transitions.Outcome], Change],
        outcome: transitions.Outcome,
        done: Callable[[Change], None],
    ) -> None:
        """Write an outcome; where DynamoDB does not take its log, with hardly any of it, then with none."""
        tiny = replace(outcome, log=fitted(outcome.log, LAST_RESORT_ROOM))
        tries: list[Callable[[], Change]] = [
            lambda: build(outcome),
            lambda: build(tiny),
            lambda: _without_log(build(tiny)),
        ]
        for attempt in tries[:-1]:
            try:
                self._shared.leases.write(self._held, attempt, done)
            except ServiceRefused as error:
                self._say("log-refused", error.message)
            else:
                return
        self._shared.leases.write(self._held, tries[-1], done)

    def _release(self) -> Result:
        now = self._shared.clock
        self._shared.leases.write(self._held, lambda: transitions.release(lock_id=self._held.lock_id, now=now()))
        self._say("released", "The engine stops; the item waits again and this attempt does not count")
        return Result.RELEASED


_EMPTY: Final = LogEntry()


def _without_log(change: Change) -> Change:
    return replace(change, sets={path: value for path, value in change.sets.items() if path[0] != schema.LOG})


class _Single(_Execution):
    """An item with one script, or with nothing that could be run."""

    def run(self) -> Result:
        held, shared = self._held, self._shared
        if shared.stop.no_new_tasks:
            return self._release()
        try:
            ended, kept = self._run_script()
        except HostFault as fault:
            shared.host_fault(fault)
            return self._release()
        if ended.ending in NO_OUTCOME:
            return self._release()
        retry = not ended.ok and self._may_retry

        def finish(outcome: transitions.Outcome) -> Change:
            return transitions.finish(held.item, outcome, lock_id=held.lock_id, now=shared.clock(), retry=retry)

        self._write(finish, self._outcome(ended, kept), lambda _: None)
        result = Result.DONE if ended.ok else Result.RETRY if retry else Result.FAILED
        self._say(result, kept.log.status, ended=ended)
        return result

    def _run_script(self) -> tuple[Ended, Kept]:
        script = self._held.record.get(schema.SCRIPT)
        if script is None:
            return self._unusable("the item has no script to run")
        if "S" not in script:
            return self._unusable("the script is not text")
        return self._execute("", script["S"], lambda: ENTRY_ROOM)


class _Nested(_Execution):
    """An item with nested tasks, several of them at once."""

    def __init__(self, shared: Shared, held: Held) -> None:
        super().__init__(shared, held)
        scripts = schema.map_of(held.record, schema.SCRIPT) or {}
        self._malformed = {key for key, value in scripts.items() if "M" not in value}
        self._waiting = deque(
            task.key for task in held.item.tasks if not task.ended and task.key not in self._malformed
        )
        self._unended = len(self._waiting)
        self._has_log_map = schema.map_of(held.record, schema.LOG) is not None
        self._fault: HostFault | None = None
        self._problem: BaseException | None = None
        self._stopped_by_wall_time = False
        self._counts: Counter[str] = Counter()

    def run(self) -> Result:
        more = [
            threading.Thread(target=self._pull_safely, name=f"task-{number}", daemon=True)
            for number in range(1, min(self._shared.tasks_at_once, len(self._waiting)))
        ]
        for thread in more:
            thread.start()
        self._pull_safely()
        for thread in more:
            thread.join()
        if self._held.lost:
            raise LockLost
        if self._problem is not None:
            raise self._problem
        if self._fault is not None:
            self._shared.host_fault(self._fault)
        return self._close()

    def _pull_safely(self) -> None:
        try:
            self._pull()
        except LockLost:
            return
        except HostFault as fault:
            self._fault = fault
        except BaseException as problem:
            self._problem = problem

    def _pull(self) -> None:
        """Run waiting tasks until there is none, or none may be started."""
        while self._problem is None and self._fault is None and not self._held.lost:
            if self._shared.stop.no_new_tasks:
                return
            with self._held.guard:
                if not self._waiting:
                    return
                if not self._shared.wall_time.allows_another:
                    self._stopped_by_wall_time = True
                    return
                key = self._waiting.popleft()
            self._run_task(key)

    def _run_task(self, key: str) -> None:
        task = self._held.item.task(key)
        assert task is not None
        ended, kept = self._execute(key, task.script, lambda: self._room(key))
        if ended.ending in NO_OUTCOME:
            return

        def finish(outcome: transitions.Outcome) -> Change:
            return self._finishing(key, outcome)

        self._write(finish, self._outcome(ended, kept), lambda change: self._finished(key, change))
        self._say("task-done" if ended.ok else "task-failed", kept.log.status, key=key, ended=ended)

    def _room(self, key: str) -> int:
        """Bytes that the log entry of a task may take: a fair share of what the item has left."""
        with self._held.guard:
            left = MAX_ITEM_BYTES - NESTED_SPARE - self._held.size
            return min(ENTRY_ROOM, self._old_size(key) + left // max(1, self._unended))

    def _old_size(self, key: str) -> int:
        logs = schema.map_of(self._held.record, schema.LOG) or {}
        return value_bytes(logs[key]) if key in logs else 0

    def _finishing(self, key: str, outcome: transitions.Outcome) -> Change:
        """The change that records a task; the last one ends the item in the same write."""
        held, room = self._held, self._room(key)
        close = self._close_with(key, outcome)
        item = held.item

        def change(trimmed: transitions.Outcome) -> Change:
            return transitions.finish_task(
                item,
                key,
                trimmed,
                lock_id=held.lock_id,
                now=self._shared.clock(),
                has_log_map=self._has_log_map,
                close=close,
            )

        whole = change(outcome)
        if _entry_bytes(whole, key) <= room:
            return whole
        item = replace(item, tasks=tuple(replace(t, log=None) if t.key == key else t for t in item.tasks))
        return change(replace(outcome, log=fitted(outcome.log, room)))

    def _close_with(self, key: str, outcome: transitions.Outcome) -> ItemState | None:
        """The state that recording this task ends the item with, or None if its work goes on."""
        others = [task for task in self._held.item.tasks if task.key != key]
        if self._malformed or any(not task.ended for task in others):
            return None
        failed = not outcome.ok or any(task.status == TaskStatus.FAILED for task in others)
        if failed and self._may_retry:
            return None
        return ItemState.FAILED if failed else ItemState.DONE

    def _finished(self, key: str, change: Change) -> None:
        """Bring our view of the item up to what was written."""
        held = self._held
        entry = _entry_of(change, key)
        status = change.sets[(schema.SCRIPT, key, schema.STATUS)]["S"]
        log = schema.read_log(entry)
        tasks = tuple(replace(t, status=status, log=log) if t.key == key else t for t in held.item.tasks)
        held.item = replace(held.item, tasks=tasks)
        held.size += (0 if entry is None else len(key) + value_bytes(entry)) - self._old_size(key)
        if entry is not None:
            self._has_log_map = True
            logs = held.record.get(schema.LOG, {}).get("M", {})
            held.record[schema.LOG] = schema.mapping({**logs, key: entry})
        self._unended -= 1
        self._counts[status] += 1

    def _close(self) -> Result:
        """End the item, unless its last task did so."""
        held, shared = self._held, self._shared
        failed = [task.key for task in held.item.tasks if task.status == TaskStatus.FAILED]
        if held.closed:
            result = Result.FAILED if failed else Result.DONE
        else:
            result = self._how_to_close(failed)
            again = failed if result == Result.RETRY else ()
            state = _STATES[result]

            def close() -> Change:
                change = transitions.close_nested(
                    held.item,
                    state,
                    lock_id=held.lock_id,
                    now=shared.clock(),
                    forgive_attempt=result == Result.RELEASED,
                    again=again,
                )
                why = self._why_nothing_ran()
                if state != ItemState.FAILED or why is None:
                    return change
                return replace(change, sets={**change.sets, (schema.SIGNATURE,): schema.text(why)})

            shared.leases.write(held, close)
        ended = sum(task.ended for task in held.item.tasks)
        self._say(result, f"{ended} of {len(held.item.tasks)} tasks ended, {len(failed)} failed")
        return result

    def _how_to_close(self, failed: list[str]) -> Result:
        unended = [task for task in self._held.item.tasks if not task.ended and task.key not in self._malformed]
        if unended:
            return Result.WALL_TIME if self._stopped_by_wall_time else Result.RELEASED
        if self._why_nothing_ran() is not None:
            return Result.FAILED
        if failed:
            return Result.RETRY if self._may_retry else Result.FAILED
        return Result.DONE

    def _why_nothing_ran(self) -> str | None:
        """What is wrong with an item whose tasks cannot all be run, as its signature."""
        if not self._held.item.tasks:
            return "unusable command · a nested item without tasks"
        if self._malformed:
            return f"unusable command · {sorted(self._malformed)[0]} is not a task"
        return None


_STATES: Final = {
    Result.DONE: ItemState.DONE,
    Result.FAILED: ItemState.FAILED,
    Result.RETRY: ItemState.TODO,
    Result.RELEASED: ItemState.TODO,
    Result.WALL_TIME: ItemState.WALL_TIME,
}


def _entry_of(change: Change, key: str) -> schema.AttributeValue | None:
    """The log entry of a task that a change writes, wherever it stands in it."""
    entry = change.sets.get((schema.LOG, key))
    if entry is None and (schema.LOG,) in change.sets:
        entry = change.sets[(schema.LOG,)]["M"][key]
    return entry


def _entry_bytes(change: Change, key: str) -> int:
    entry = _entry_of(change, key)
    return 0 if entry is None else value_bytes(entry)

"""Runs a nested item: several of its tasks at once, one view of the item, each task recorded in one write."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import Final

from pyanamo_tui.engine.execution import Execution, Result, Shared, TaskGone
from pyanamo_tui.engine.lease import Held, LockLost
from pyanamo_tui.engine.logkeeper import ENTRY_ROOM, fitted
from pyanamo_tui.engine.runner import NO_OUTCOME, HostFault
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.change import Change, fold, tasks_unchanged
from pyanamo_tui.workflow.model import ItemState, Task, TaskStatus
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.sizes import MAX_ITEM_BYTES, record_bytes, value_bytes

NESTED_SPARE: Final = 16 * 1024
"""Bytes of a nested item's 400 KB left for its lock, live tail and signature."""


class Nested(Execution):
    """An item with nested tasks, several of them at once."""

    def __init__(self, shared: Shared, held: Held) -> None:
        super().__init__(shared, held)
        self._in_hand: set[str] = set()
        """Tasks that run, or have ended and are not recorded yet."""
        self._see()
        self._fault: HostFault | None = None
        self._problem: BaseException | None = None
        self._stopped_by_wall_time = False

    def _see(self) -> None:
        """Work out what is to be done from the item as we know it."""
        held = self._held
        scripts = schema.map_of(held.record, schema.SCRIPT) or {}
        self._malformed = {key for key, value in scripts.items() if "M" not in value}
        unended = [task.key for task in held.item.tasks if not task.ended and task.key not in self._malformed]
        self._waiting = deque(key for key in unended if key not in self._in_hand)
        self._unended = len(unended)
        self._has_log_map = schema.map_of(held.record, schema.LOG) is not None

    def _adopt(self, current: Record) -> bool:
        """Take over what others did to the tasks of this item beside our lock; False if that is nothing we do not know.

        A task that they made wait again runs again, one that they ended or deleted does not run.
        """
        held = self._held
        if schema.map_of(current, schema.SCRIPT) == schema.map_of(held.record, schema.SCRIPT):
            return False
        self._say("tasks-changed", "Others changed tasks of this item while it is ours: they are looked at anew")
        held.item, held.record, held.size = schema.read_item(current), current, record_bytes(current)
        self._see()
        return True

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
                self._in_hand.add(key)
                task = self._held.item.task(key)
            assert task is not None
            try:
                self._run_task(task)
            except TaskGone:
                self._say("task-gone", "It was deleted while it ran: there is nowhere to record it", key=key)
            finally:
                with self._held.guard:
                    self._in_hand.discard(key)

    def _run_task(self, task: Task) -> None:
        key = task.key
        ended, kept = self._execute(key, task.script, lambda: self._room(key))
        if ended.ending in NO_OUTCOME:
            return

        def finish(outcome: transitions.Outcome) -> Change:
            return self._finishing(key, outcome)

        def done(change: Change) -> None:
            self._finished(key, change)

        self._write(finish, self._outcome(ended, kept), key=key, done=done, adopt=self._adopt)
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
        """The change that records a task; the last one ends the item in the same write.

        Raises:
            TaskGone: there is no such task any more.
        """
        held, room = self._held, self._room(key)
        if held.item.task(key) is None:
            raise TaskGone
        close = self._close_with(key, outcome)
        item = held.item

        def change(trimmed: transitions.Outcome) -> Change:
            made = transitions.finish_task(
                item,
                key,
                trimmed,
                lock_id=held.lock_id,
                now=self._shared.clock(),
                has_log_map=self._has_log_map,
                close=close,
            )
            return replace(made, conditions=(*made.conditions, *tasks_unchanged(held.record, (key,))))

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
        scripts = held.record[schema.SCRIPT]["M"]
        written = schema.mapping({**scripts[key]["M"], schema.STATUS: schema.text(status)})
        held.record[schema.SCRIPT] = schema.mapping({**scripts, key: written})
        held.size += (0 if entry is None else len(key) + value_bytes(entry)) - self._old_size(key)
        if entry is not None:
            self._has_log_map = True
            logs = held.record.get(schema.LOG, {}).get("M", {})
            held.record[schema.LOG] = schema.mapping({**logs, key: entry})
        self._unended -= 1

    def _close(self) -> Result:
        """End the item, unless its last task did so."""
        held, shared = self._held, self._shared
        result = Result.FAILED if self._failed() else Result.DONE

        def close() -> Change:
            nonlocal result
            result = self._how_to_close()
            change = transitions.close_nested(
                held.item,
                _STATES[result],
                lock_id=held.lock_id,
                now=shared.clock(),
                forgive_attempt=result == Result.RELEASED,
                again=self._failed() if result == Result.RETRY else (),
            )
            why = self._why_nothing_ran()
            if result == Result.FAILED and why is not None:
                change = replace(change, sets={**change.sets, (schema.SIGNATURE,): schema.text(why)})
            return fold(replace(change, conditions=(*change.conditions, *tasks_unchanged(held.record))), held.record)

        if not held.closed:
            shared.leases.write(held, close, adopt=self._adopt)
        ended = sum(task.ended for task in held.item.tasks)
        self._say(result, f"{ended} of {len(held.item.tasks)} tasks ended, {len(self._failed())} failed")
        return result

    def _failed(self) -> list[str]:
        return [task.key for task in self._held.item.tasks if task.status == TaskStatus.FAILED]

    def _how_to_close(self) -> Result:
        unended = [task for task in self._held.item.tasks if not task.ended and task.key not in self._malformed]
        if unended:
            return Result.WALL_TIME if self._stopped_by_wall_time else Result.RELEASED
        if self._why_nothing_ran() is not None:
            return Result.FAILED
        if self._failed():
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

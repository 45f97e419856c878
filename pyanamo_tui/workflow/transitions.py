"""What a change of state does to every attribute of an item: the only place where that is decided.

Each function takes the item as it was read and the time, and gives one `Change`: all attributes that depend
on each other move together, conditional on what must still be true (docs/wire-format.md, "Transitions").
A change that makes no sense raises `Refused`, with the reason a user is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.attempts import EARLIER_KEPT, EARLIER_TAIL, earlier_of
from pyanamo_tui.workflow.change import Below, Change, Condition, Equals, Exists, Path, exactly, unchanged, value_at
from pyanamo_tui.workflow.debris import COUNT_DEBRIS
from pyanamo_tui.workflow.failures import task_failed
from pyanamo_tui.workflow.model import (
    Item,
    ItemState,
    LogEntry,
    Task,
    TaskStatus,
)
from pyanamo_tui.workflow.schema import AttributeValue, Record, number, text

__all__ = [
    "EARLIER_KEPT",
    "EARLIER_TAIL",
    "Outcome",
    "Refused",
    "Scope",
    "claim",
    "close_nested",
    "delete_tasks",
    "exactly",
    "finish",
    "finish_task",
    "reclaim",
    "release",
    "renew",
    "requeue",
    "set_state",
    "task_failed",
    "unchanged",
]

_NOBODY: Final[Mapping[Path, AttributeValue]] = {
    (schema.LOCK_ID,): text(schema.FREE),
    (schema.LOCK_DATE,): text(schema.FREE),
    (schema.OWNER,): text(schema.FREE),
}
_RUN_ONLY: Final = frozenset({(schema.LEASE_UNTIL,), (schema.LEASE_LOCK,), (schema.LIVE_TAIL,)})


class Refused(Exception):
    """The change makes no sense for this item; the message says why, in the words of a user."""


class Scope(StrEnum):
    """What a requeue runs again. ITEM: whatever of the item has not ended well; the others: of its tasks."""

    ITEM = "item"
    FAILED_TASKS = "failed tasks"
    ALL_TASKS = "all tasks"
    NAMED_TASKS = "named tasks"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a single script or one nested task ended. `lines` is the number of lines of its whole stdout."""

    ok: bool
    log: LogEntry
    lines: int = 0
    signature: str | None = None

    @property
    def status(self) -> TaskStatus:
        """The status its task gets."""
        return TaskStatus.DONE if self.ok else TaskStatus.FAILED


def stamped(now: float) -> dict[Path, AttributeValue]:
    """What every write of ours notes: when."""
    return {(schema.UPDATED_AT,): {"N": str(int(now * 1000))}}


def _held_by(lock_id: str) -> tuple[Condition, ...]:
    return (
        Equals((schema.STATE,), text(ItemState.LOCKED)),
        Equals((schema.LOCK_ID,), text(lock_id)),
    )


def _lock(owner: str, lock_id: str, lease_until: float, now: float) -> dict[Path, AttributeValue]:
    return {
        (schema.STATE,): text(ItemState.LOCKED),
        (schema.LOCK_ID,): text(lock_id),
        (schema.LOCK_DATE,): text(schema.format_date(now)),
        (schema.OWNER,): text(owner),
        (schema.LEASE_UNTIL,): number(round(lease_until)),
        (schema.LEASE_LOCK,): text(lock_id),
        **stamped(now),
    }


def claim(*, owner: str, lock_id: str, lease_until: float, now: float) -> Change:
    """Take a waiting item. Of any number of claimers one wins (invariant 1); `Attempts` counts the claim."""
    return Change(
        conditions=(Equals((schema.STATE,), text(ItemState.TODO)),),
        sets=_lock(owner, lock_id, lease_until, now),
        removes=frozenset({(schema.LIVE_TAIL,)}),
        increments={(schema.ATTEMPTS,): 1},
    )


def reclaim(*, old_lock_id: str, owner: str, lock_id: str, lease_until: float, now: float) -> Change:
    """Take an item whose lease ran out, from the very lock that was seen.

    Locks without a lease are never taken, nor one that an original engine put over a lock of ours: the lease that is
    still there is not its own.
    """
    ran_out = (Equals((schema.LEASE_LOCK,), text(old_lock_id)), Below((schema.LEASE_UNTIL,), now))
    return Change(
        conditions=(*_held_by(old_lock_id), *ran_out),
        sets=_lock(owner, lock_id, lease_until, now),
        removes=frozenset({(schema.LIVE_TAIL,)}),
        increments={(schema.ATTEMPTS,): 1},
    )


def renew(*, lock_id: str, lease_until: float, now: float, live_tail: str | None = None) -> Change:
    """Keep a lock alive, with the last lines of what runs."""
    sets = {(schema.LEASE_UNTIL,): number(round(lease_until)), **stamped(now)}
    if live_tail is not None:
        sets[(schema.LIVE_TAIL,)] = text(live_tail)
    return Change(conditions=_held_by(lock_id), sets=sets)


def released(state: str, now: float) -> tuple[dict[Path, AttributeValue], frozenset[Path]]:
    """What sets an item free in a state: what is set, and what goes."""
    return {(schema.STATE,): text(state), **_NOBODY, **stamped(now)}, _RUN_ONLY


def finish(item: Item, outcome: Outcome, *, lock_id: str, now: float, retry: bool = False) -> Change:
    """End a single item as its own worker: `done`, `failed`, or back to `todo` when `retry` and it failed."""
    log = replace(outcome.log, earlier=earlier_of(item.log))
    sets: dict[Path, AttributeValue] = {
        (schema.LOG,): schema.write_log(log),
        (schema.LOG_LENGTH,): number(outcome.lines),
        **stamped(now),
    }
    removes: set[Path] = set(_RUN_ONLY)
    _set_or_remove(sets, removes, schema.EXIT_CODE, None if log.exit_code is None else number(log.exit_code))
    _set_or_remove(sets, removes, schema.SIGNATURE, None if outcome.signature is None else text(outcome.signature))
    if outcome.ok or not retry:
        sets[(schema.STATE,)] = text(ItemState.DONE if outcome.ok else ItemState.FAILED)
        sets[(schema.DONE_DATE,)] = text(schema.format_date(now))
    else:
        sets.update({(schema.STATE,): text(ItemState.TODO), **_NOBODY})
    return Change(conditions=_held_by(lock_id), sets=sets, removes=frozenset(removes))


def _set_or_remove(
    sets: dict[Path, AttributeValue], removes: set[Path], name: str, value: AttributeValue | None
) -> None:
    if value is None:
        removes.add((name,))
    else:
        sets[(name,)] = value


def _statuses(tasks: Iterable[Task], changed: Mapping[str, str]) -> dict[str, str]:
    return {task.key: changed.get(task.key, task.status) for task in tasks}


def task_counts(statuses: Mapping[str, str]) -> dict[Path, AttributeValue]:
    """`Log_Length`, `Failed_Tasks` and `Nested_Tasks`, always from the statuses, never by adding."""
    values = list(statuses.values())
    failed = values.count(TaskStatus.FAILED)
    return {
        (schema.LOG_LENGTH,): number(values.count(TaskStatus.DONE) + failed),
        (schema.FAILED_TASKS,): number(failed),
        (schema.NESTED_TASKS,): number(len(values)),
    }


def finish_task(
    item: Item,
    key: str,
    outcome: Outcome,
    *,
    lock_id: str,
    now: float,
    has_log_map: bool,
    close: ItemState | None = None,
) -> Change:
    """Record one nested task as the item's own worker, and with `close` the item's state, in the same write.

    `item` is the worker's own view of it, with every task that it recorded before. `has_log_map` says whether
    `Log` is a map in the table, since DynamoDB refuses to set a value inside one that is not there.
    """
    task = item.task(key)
    if task is None:
        raise Refused(f"The item has no task {key}")
    entry = schema.write_log(replace(outcome.log, earlier=earlier_of(task.log)))
    sets: dict[Path, AttributeValue] = {
        (schema.SCRIPT, key, schema.STATUS): text(outcome.status),
        **task_counts(_statuses(item.tasks, {key: outcome.status})),
        **stamped(now),
    }
    if has_log_map:
        sets[(schema.LOG, key)] = entry
    else:
        sets[(schema.LOG,)] = schema.mapping({key: entry})
    if outcome.signature is not None:
        sets[(schema.SIGNATURE,)] = text(outcome.signature)
    if outcome.log.exit_code is not None and not outcome.ok:
        sets[(schema.EXIT_CODE,)] = number(outcome.log.exit_code)
    conditions = (*_held_by(lock_id), Exists((schema.SCRIPT, key)))
    if close is None:
        return Change(conditions=conditions, sets=sets)
    closing = close_nested(item, close, lock_id=lock_id, now=now)
    return Change(
        conditions=conditions,
        sets={**sets, **{path: value for path, value in closing.sets.items() if path not in sets}},
        removes=frozenset(path for path in closing.removes if path not in sets),
    )


def close_nested(
    item: Item,
    state: ItemState,
    *,
    lock_id: str,
    now: float,
    forgive_attempt: bool = False,
    again: Collection[str] = (),
) -> Change:
    """End the work on a nested item as its own worker: done, failed, out of wall time, or back to waiting.

    Counts are written again from the statuses, so that what other software left wrong ends here. `again` are tasks
    that have ended and are to run once more, in the item's next attempt.
    """
    statuses = _statuses(item.tasks, dict.fromkeys(again, TaskStatus.TODO))
    sets: dict[Path, AttributeValue] = {
        (schema.STATE,): text(state),
        **{(schema.SCRIPT, key, schema.STATUS): text(TaskStatus.TODO) for key in again},
        **task_counts(statuses),
        **stamped(now),
    }
    removes = set(_RUN_ONLY)
    if state in {ItemState.DONE, ItemState.FAILED}:
        sets[(schema.DONE_DATE,)] = text(schema.format_date(now))
        if state == ItemState.DONE:
            removes |= {(schema.SIGNATURE,), (schema.EXIT_CODE,)}
    else:
        sets.update(_NOBODY)
    return Change(
        conditions=_held_by(lock_id),
        sets=sets,
        removes=frozenset(removes),
        increments={(schema.ATTEMPTS,): -1} if forgive_attempt else {},
    )


def release(*, lock_id: str, now: float, state: ItemState = ItemState.TODO) -> Change:
    """Give an unfinished item back as its own worker; the attempt is not counted against it."""
    sets, removes = released(state, now)
    return Change(
        conditions=_held_by(lock_id),
        sets=sets,
        removes=removes,
        increments={(schema.ATTEMPTS,): -1},
    )


def requeue(
    record: Record, *, now: float, scope: Scope = Scope.ITEM, keys: Collection[str] = (), steal: bool = False
) -> Change:
    """Make an item wait again, keeping its log until the next attempt ends.

    ITEM runs a single script again; of a nested item, every task that has not ended well. FAILED_TASKS, ALL_TASKS
    and NAMED_TASKS choose nested tasks. A locked item is refused unless `steal` (its owner is known to be dead).

    Raises:
        Refused: nothing would run, the item is held by a worker, or a named task does not exist.
    """
    item = schema.read_item(record)
    if item.facts.state == ItemState.LOCKED and not steal:
        raise Refused("a worker holds it")
    if not item.tasks and not item.nested and not (item.script or "").strip():
        raise Refused("it has no script to run")
    sets, removes = released(ItemState.TODO, now)
    sets[(schema.DONE_DATE,)] = text(schema.FREE)
    gone = removes | {(schema.SIGNATURE,), (schema.EXIT_CODE,)}
    if not item.nested:
        if scope in {Scope.FAILED_TASKS, Scope.NAMED_TASKS}:
            raise Refused("it has no nested tasks")
        if item.facts.state == ItemState.TODO:
            raise Refused("it is waiting already")
        return Change(conditions=unchanged(record), sets=sets, removes=gone)
    again = _tasks_again(item, scope, keys)
    broken = [key for key in again if "M" not in (value_at(record, (schema.SCRIPT, key)) or {})]
    if broken:
        raise Refused(f"its task {broken[0]} is not a task: delete it")
    waiting = not any(task.ended for task in item.tasks if task.key in again)
    if waiting and item.facts.state == ItemState.TODO and not COUNT_DEBRIS & set(item.facts.debris):
        raise Refused("it is waiting already")
    sets.update({(schema.SCRIPT, key, schema.STATUS): text(TaskStatus.TODO) for key in again})
    sets.update(task_counts(_statuses(item.tasks, dict.fromkeys(again, TaskStatus.TODO))))
    return Change(conditions=unchanged(record, script_too=True), sets=sets, removes=gone)


def _tasks_again(item: Item, scope: Scope, keys: Collection[str]) -> list[str]:
    if not item.tasks:
        raise Refused("it has no nested tasks left")
    if scope == Scope.NAMED_TASKS:
        known = {task.key for task in item.tasks}
        missing = [key for key in keys if key not in known]
        if missing:
            raise Refused(f"it has no task {missing[0]}")
        if not keys:
            raise Refused("no task was named")
        return list(keys)
    if scope == Scope.ALL_TASKS:
        return [task.key for task in item.tasks]
    failed = [task.key for task in item.tasks if task.ended and task_failed(task)]
    if scope == Scope.FAILED_TASKS and not failed:
        raise Refused("none of its tasks failed")
    waiting = [task.key for task in item.tasks if not task.ended]
    if not failed and not waiting:
        raise Refused(f"all {len(item.tasks)} of its tasks are done: requeue all tasks to run them again")
    return failed + waiting


def set_state(record: Record, state: str, *, now: float, steal: bool = False) -> Change:
    """Park an item in any state but `locked`; its tasks and log stay. `todo` is a requeue.

    `done` is a word that the item is good as it is: what the failure left on it (signature, exit code) goes.

    Raises:
        Refused: the state is empty, too long or `locked`, the item is in it already, or a worker holds it.
    """
    if not state.strip():
        raise Refused("a state cannot be empty")
    if len(state.encode()) > schema.MAX_KEY_BYTES:
        raise Refused(f"a state cannot be longer than {schema.MAX_KEY_BYTES:,} bytes")
    if state == ItemState.LOCKED:
        raise Refused("only a worker can lock an item")
    if state == ItemState.TODO:
        return requeue(record, now=now, steal=steal)
    held = record.get(schema.STATE, {}).get("S")
    if held == state:
        raise Refused(f"it is {state} already")
    if held == ItemState.LOCKED and not steal:
        raise Refused("a worker holds it")
    sets, removes = released(state, now)
    if state == ItemState.DONE:
        removes |= {(schema.SIGNATURE,), (schema.EXIT_CODE,)}
    return Change(conditions=unchanged(record), sets=sets, removes=removes)


def delete_tasks(record: Record, keys: Collection[str] | None, *, now: float) -> Change:
    """Remove nested tasks and their logs, with every count put right; None removes all of them.

    An item left with only done tasks becomes `done`, with a failed one `failed`; one left with none is parked
    as `done`, so that no engine takes it.

    Raises:
        Refused: a worker holds the item, it is not nested, or a key does not exist.
    """
    item = schema.read_item(record)
    if item.facts.state == ItemState.LOCKED:
        raise Refused("a worker holds it")
    if schema.map_of(record, schema.SCRIPT) is None:
        raise Refused("it has no nested tasks")
    if keys is not None and not keys:
        raise Refused("no task was named")
    doomed = {task.key for task in item.tasks} if keys is None else set(keys)
    missing = sorted(doomed - {task.key for task in item.tasks}, key=schema.task_order)
    if missing:
        raise Refused(f"it has no task {missing[0]}")
    left = [task for task in item.tasks if task.key not in doomed]
    statuses = _statuses(left, {})
    sets: dict[Path, AttributeValue] = {**task_counts(statuses), **stamped(now)}
    if all(task.ended for task in left) and item.facts.state in {ItemState.TODO, ItemState.FAILED, ItemState.WALL_TIME}:
        state = ItemState.FAILED if TaskStatus.FAILED in statuses.values() else ItemState.DONE
        sets[(schema.STATE,)] = text(state)
        if item.facts.ended_at is None:
            sets[(schema.DONE_DATE,)] = text(schema.format_date(now))
    logs = schema.map_of(record, schema.LOG) or {}
    removes: set[Path] = {(schema.SCRIPT, key) for key in doomed} | {(schema.LOG, key) for key in doomed if key in logs}
    if not any(status == TaskStatus.FAILED for status in statuses.values()):
        removes |= {(schema.SIGNATURE,), (schema.EXIT_CODE,)}
    return Change(conditions=unchanged(record, script_too=True), sets=sets, removes=frozenset(removes))

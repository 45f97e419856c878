"""Holding an item: every write of its worker goes through here, conditional on the lock, and the lease is kept alive.

The lock is a fence: the first write that finds it gone ends the work on the item, and nothing more is written.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pyanamo_tui.aws.items import ItemChanged, Items
from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.engine.logkeeper import cut_front, last_lines
from pyanamo_tui.engine.runner import Ending, Task
from pyanamo_tui.errors import CredentialsError, PermissionDenied, PyanamoError, ServiceUnavailable
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.change import Change, value_at
from pyanamo_tui.workflow.model import Item, ItemState
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.sizes import MAX_ITEM_BYTES, record_bytes

TAIL_BYTES: Final = 1_000
TAIL_EVERY: Final = 15.0
"""Seconds between two looks at a running task's last lines, where the item is small enough to be written that often."""
SMALL_ITEM: Final = 8_192
FULL_ITEM: Final = 16_384
"""An item this near to DynamoDB's limit gets no live tail, so that its lease can still be renewed."""
RENEW_PART: Final = 1 / 3
"""Of the lease, after which it is renewed."""
_BACKOFF: Final = 0.1
_BACKOFF_MAX: Final = 10.0


class LockLost(Exception):
    """The item is no longer this worker's; what the item is now was written by somebody else."""


class GaveUp(Exception):
    """A write did not get through before the engine had to end; the lease will run out by itself."""


def landed(change: Change, current: Record | None) -> bool:
    """Whether a write that was refused is refused because it had been made already: its answer got lost on the way."""
    return (
        current is not None
        and all(value_at(current, path) == value for path, value in change.sets.items())
        and all(value_at(current, path) is None for path in change.removes)
    )


def _is_ours(held: Held, current: Record) -> bool:
    """Whether an item is locked by this very lock of ours."""
    return (
        schema.string_of(current, schema.STATE) == ItemState.LOCKED
        and schema.string_of(current, schema.LOCK_ID) == held.lock_id
    )


def back_off(round_number: int) -> float:
    """Seconds to wait before another try, with jitter."""
    return random.uniform(0.5, 1.0) * min(_BACKOFF_MAX, _BACKOFF * 2.0 ** min(round_number, 10))


@dataclass(slots=True, eq=False)
class Held:
    """One claimed item and what this worker knows of it; `guard` allows one write at a time, and one view of it."""

    item: Item
    record: Record
    lock_id: str
    attempt: int
    lease_until: float
    size: int = 0
    guard: threading.RLock = field(default_factory=threading.RLock)
    running: dict[str, Task] = field(default_factory=dict)
    lost: bool = False
    closed: bool = False
    tail: str = ""
    renew_at: float = 0.0
    tail_at: float = 0.0

    @property
    def item_id(self) -> str:
        """The item's id."""
        return self.item.item_id


class Leases:
    """The items that this worker holds, and the thread that renews their leases.

    Args:
        items: the table.
        log: the engine's log.
        lease: seconds.
        giving_up: whether to stop trying to reach AWS.
        clock: epoch seconds.
    """

    def __init__(
        self,
        items: Items,
        log: EventLog,
        lease: float,
        giving_up: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._items = items
        self._log = log
        self._lease = lease
        self._giving_up = giving_up
        self._clock = clock
        self._held: set[Held] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)

    def start(self) -> None:
        """Begin renewing."""
        self._thread.start()

    def close(self) -> None:
        """Stop renewing."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def held(self) -> list[Held]:
        """The items held now."""
        with self._lock:
            return list(self._held)

    def hold(self, record: Record, lock_id: str, lease_until: float) -> Held:
        """Take charge of an item that was just claimed; `record` is the item as it is with our lock."""
        item = schema.read_item(record)
        held = Held(
            item=item,
            record=record,
            lock_id=lock_id,
            attempt=max(1, item.facts.attempts or 1),
            lease_until=lease_until,
            size=record_bytes(record),
        )
        now = self._clock()
        held.renew_at, held.tail_at = now + self._lease * RENEW_PART, now + TAIL_EVERY
        with self._lock:
            self._held.add(held)
        return held

    def let_go(self, held: Held) -> None:
        """The work on an item is over."""
        with self._lock:
            self._held.discard(held)

    def write(
        self,
        held: Held,
        build: Callable[[], Change],
        done: Callable[[Change], None] = lambda _: None,
        adopt: Callable[[Record], bool] = lambda _: False,
    ) -> None:
        """Make a change as the item's worker; tries again as long as AWS cannot be reached.

        Args:
            held: the item.
            build: gives the change; called under the item's guard, anew for each try.
            done: called with the change once it is written, under the guard too.
            adopt: called with the item as it is when the write was refused though the lock is ours: others changed the
                item beside our lock. Says whether that was news, so that the change is to be built from it again.

        Raises:
            LockLost: the item is not ours any more. Nothing was written.
            GaveUp: the engine ended before the write got through.
            ServiceRefused: DynamoDB does not take the change.
        """
        tries = 0
        while True:
            with held.guard:
                if held.lost or held.closed:
                    raise LockLost
                change = build()
                try:
                    self._items.update(held.item_id, change, explain=True)
                except ItemChanged as refused:
                    current = self._current(held, refused)
                    if landed(change, current):
                        self._written(held, change, done)
                        return
                    if current is not None and _is_ours(held, current) and adopt(current):
                        continue
                    self._lose(held, current)
                    raise LockLost from None
                except (ServiceUnavailable, CredentialsError, PermissionDenied) as error:
                    problem = error
                else:
                    self._written(held, change, done)
                    return
            if self._giving_up() or self._hopeless(problem, held):
                raise GaveUp(problem.message) from problem
            if tries in {0, 5} or tries % 20 == 0:
                self._log.say("aws-retry", problem.message, item=held.item_id, attempt=held.attempt, tries=tries + 1)
            self._over.wait(back_off(tries))
            tries += 1

    @staticmethod
    def _written(held: Held, change: Change, done: Callable[[Change], None]) -> None:
        """Note what a write did; one that moves the item to another state ends our work on it."""
        held.closed = held.closed or (schema.STATE,) in change.sets
        done(change)

    def _hopeless(self, problem: PyanamoError, held: Held) -> bool:
        """Whether what refuses the write is no passing fault: credentials or permission, for a whole lease."""
        return not isinstance(problem, ServiceUnavailable) and self._clock() > held.lease_until

    def _current(self, held: Held, refused: ItemChanged) -> Record | None:
        """The item as it is now, asked for where the refusal did not tell (some stand-ins of DynamoDB do not)."""
        if refused.current is not None:
            return refused.current
        try:
            return self._items.get(held.item_id)
        except PyanamoError as error:
            self._log.say("aws-retry", error.message, item=held.item_id, attempt=held.attempt)
            return None

    def _lose(self, held: Held, current: Record | None) -> None:
        """Note that an item is not ours any more, and kill what runs for it."""
        held.lost = True
        told = {} if current is None else current
        self._log.say(
            "lost",
            "The lock was taken by somebody else: the task is killed and nothing more is written to the item",
            item=held.item_id,
            attempt=held.attempt,
            state=schema.string_of(told, schema.STATE),
            owner=schema.string_of(told, schema.OWNER),
        )
        for task in list(held.running.values()):
            task.end(Ending.LOST, patience=0.0)

    def _keep(self) -> None:
        tick = min(1.0, self._lease / 10)
        while not self._over.wait(tick):
            for held in self.held():
                if self._over.is_set():
                    return
                self._renew_if_due(held)

    def _renew_if_due(self, held: Held) -> None:
        now = self._clock()
        renew = now >= held.renew_at
        look = now >= held.tail_at
        if not (renew or look):
            return
        tail = self._live_tail(held) if held.size < MAX_ITEM_BYTES - FULL_ITEM else ""
        held.tail_at = now + TAIL_EVERY
        if not renew and (tail == held.tail or held.size > SMALL_ITEM):
            return
        if not held.guard.acquire(blocking=False):
            # A write to it is under way; other items must not wait for that.
            return
        try:
            self._renew(held, tail, now)
        finally:
            held.guard.release()

    def _renew(self, held: Held, tail: str, now: float) -> None:
        if held.lost or held.closed:
            return
        until = now + self._lease
        change = transitions.renew(lock_id=held.lock_id, lease_until=until, now=now, live_tail=tail or None)
        try:
            self._items.update(held.item_id, change, explain=True)
        except ItemChanged as refused:
            current = self._current(held, refused)
            if not landed(change, current):
                self._lose(held, current)
            return
        except PyanamoError as error:
            # The lease holds for two thirds of its time yet, and the fence holds in any case.
            held.renew_at = now + max(0.2, self._lease / 15)
            self._log.say("renewal-failed", error.message, item=held.item_id, attempt=held.attempt)
            return
        held.lease_until, held.tail = until, tail
        held.renew_at = now + self._lease * RENEW_PART

    def _live_tail(self, held: Held) -> str:
        """The last lines of what runs, under 1 KB; a nested item's tasks each under a line with its key."""
        with held.guard:
            running = sorted(held.running.items(), key=lambda pair: schema.task_order(pair[0]))
            if not running:
                return ""
            room = TAIL_BYTES // len(running) - (24 if held.item.tasks else 0)
            if room < 40:  # noqa: PLR2004 - less than half a line tells nothing
                running, room = running[: TAIL_BYTES // 64], 40
            parts = []
            for key, task in running:
                if key:
                    parts.append(f"==> {key} <==\n")
                parts.append(_tail_of(task, room))
        return cut_front("".join(parts), TAIL_BYTES)


def _tail_of(task: Task, room: int) -> str:
    """The last lines of both streams of a task, stderr after stdout, each with a line end."""
    out, err = task.output.descriptors
    err_text = last_lines(err, room // 2)
    out_text = last_lines(out, room - len(err_text.encode()))
    return "".join(text if text.endswith("\n") else text + "\n" for text in (out_text, err_text) if text)

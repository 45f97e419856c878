"""The one poller of an open table: a background thread that publishes immutable Snapshots to whoever subscribes.

Every screen, the status line and `status --json` render these Snapshots; none of them polls for itself.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pyanamo_tui.aws.session import Connection
from pyanamo_tui.core.watch import Clocks, Watch
from pyanamo_tui.errors import (
    CredentialsError,
    PermissionDenied,
    PyanamoError,
    ServiceUnavailable,
    TableNotFound,
    Throttled,
)
from pyanamo_tui.workflow.model import Cost, Health, HealthStatus, Snapshot, Source

_LOG: Final = logging.getLogger(__name__)

ATTEMPTS: Final = 2
"""Times that one request is sent before its failure is shown: the Monitor itself goes on trying."""
_FIRST_RETRY: Final = 1.0
_LONGEST_RETRY: Final = 30.0
_CREDENTIALS_RETRY: Final = 3.0
"""Seconds between two looks for renewed credentials on disk."""
_PARTIAL_SECONDS: Final = 0.3
"""Seconds between two Snapshots of a census under way, at the least."""
_WHOLE_SECONDS: Final = 1.0
"""A later census that takes no longer than this is shown as a whole."""
_PUBLISH_SHARE: Final = 10.0
"""A Snapshot is followed by this many times the time it took to make, without another."""
_STALE_INTERVALS: Final = 3.0
_STALE_SECONDS: Final = 10.0
_PATIENCE: Final = 30.0
"""Seconds that `poll_once` goes on trying when AWS cannot be reached or has no capacity."""
_JOIN_SECONDS: Final = 1.0
_PAUSED_WAIT: Final = 3600.0

Subscriber = Callable[[Snapshot], None]


def health_of(error: PyanamoError) -> Health:
    """What an error of AWS means for the connection, in words a user can act on."""
    match error:
        case Throttled():
            status = HealthStatus.THROTTLED
        case PermissionDenied():
            status = HealthStatus.NO_PERMISSION
        case CredentialsError():
            status = HealthStatus.NO_CREDENTIALS
        case TableNotFound():
            status = HealthStatus.NO_TABLE
        case ServiceUnavailable():
            status = HealthStatus.OFFLINE
        case _:
            status = HealthStatus.FAILED
    return Health(status, error.message, error.hint)


class Monitor:
    """Follows one table. Making one is cheap and asks AWS for nothing.

    Args:
        connection: the place; the Monitor reads by a Connection of its own beside it, whose meter is its cost.
        table: the table's name.
        interval: seconds between two looks.
        budget: read units a second, or None for the default.
        clocks: where the time comes from.
    """

    def __init__(
        self,
        connection: Connection,
        table: str,
        *,
        interval: float = 2.0,
        budget: float | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self._shared = connection
        self._table = table
        self._clocks = clocks or Clocks()
        self._interval = interval
        self._asked_budget = budget
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._turns = threading.RLock()
        self._listeners = threading.Lock()
        self._subscribers: list[Subscriber] = []
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._watch: Watch | None = None
        self._asked: list[Callable[[Watch], None]] = []
        self._paused = False
        self._failures = 0
        self._error: PyanamoError | None = None
        self._retry_at = 0.0
        self._next_publish = 0.0
        self._snapshot = Snapshot(table=table)

    @property
    def snapshot(self) -> Snapshot:
        """The latest Snapshot; a `connecting` one until something is known."""
        return self._snapshot

    @property
    def paused(self) -> bool:
        """Whether reading is paused."""
        return self._paused

    @property
    def interval(self) -> float:
        """Seconds between two looks."""
        return self._interval

    @property
    def running(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to follow the table, in a thread of its own. Started twice, it runs once."""
        if self.running:
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"monitor {self._table}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Returns within a second; a request under way ends by itself and publishes nothing."""
        self._stopping.set()
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN_SECONDS)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have a function called with each new Snapshot, in the Monitor's thread. It should be quick.

        Returns:
            What ends the subscription.
        """
        with self._listeners:
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            with self._listeners:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return unsubscribe

    def refresh(self) -> None:
        """Look now, as far as the budget allows; after an error, try now."""
        self._retry_at = 0.0
        self._ask(lambda watch: watch.refresh())

    def pause(self) -> None:
        """Send nothing to AWS until resumed."""
        self._paused = True
        self._wake.set()

    def resume(self) -> None:
        """Go on after a pause."""
        self._paused = False
        self._ask(lambda watch: watch.refresh())

    def set_interval(self, seconds: float) -> None:
        """Look this often from now on (seconds)."""
        self._interval = seconds
        self._ask(lambda watch: watch.set_interval(seconds))

    def set_budget(self, units: float | None) -> None:
        """Allow this many read units a second from now on; None for the default."""
        self._asked_budget = units
        self._ask(lambda watch: watch.set_budget(units))

    def poll_once(self) -> Snapshot:
        """Count the whole table once, within the budget, and give the Snapshot of it. For commands.

        Subscribers are called with partial Snapshots on the way.

        Raises:
            PyanamoError: AWS refused, or could not be reached for half a minute.
        """
        with self._turns:
            watch = self._opened()
            watch.following = self.running
            try:
                self._count(watch)
            finally:
                watch.following = True
            self._error, self._failures = None, 0
            return self._publish(watch, self._healthy(watch))

    def _count(self, watch: Watch) -> None:
        deadline, target = self._clocks.steady() + _PATIENCE, watch.censuses + 1
        watch.count()
        while watch.censuses < target and not self._stopping.is_set():
            try:
                watch.turn()
            except (Throttled, ServiceUnavailable):
                if self._clocks.steady() >= deadline:
                    raise
                self._stopping.wait(_FIRST_RETRY)
                continue
            deadline = self._clocks.steady() + _PATIENCE
            if watch.censuses < target:
                self._publish_when_due(watch)
                self._stopping.wait(watch.wait())

    def _ask(self, what: Callable[[Watch], None]) -> None:
        with self._listeners:
            self._asked.append(what)
        self._wake.set()

    def _opened(self) -> Watch:
        if self._watch is None:
            self._connection = self._shared.beside(max_attempts=ATTEMPTS)
            self._watch = Watch(
                self._connection,
                self._table,
                interval=self._interval,
                budget=self._asked_budget,
                clocks=self._clocks,
                sleep=self._sleep,
            )
        return self._watch

    def _sleep(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._turns:
                wait = self._turn()
            self._wake.wait(wait)
            self._wake.clear()

    def _turn(self) -> float:
        """One turn: read what is due, publish what is new. Answers with the seconds until the next."""
        try:
            watch = self._opened()
            with self._listeners:
                asked, self._asked = self._asked, []
            for what in asked:
                what(watch)
            if self._paused:
                self._tell(watch, Health(HealthStatus.PAUSED, "Paused: nothing is read", "Press p to go on."))
                return _PAUSED_WAIT
            if (wait := self._retry_at - self._clocks.steady()) > 0:
                return wait
            if isinstance(self._error, CredentialsError):
                self._renew()
            watch.turn()
        except PyanamoError as error:
            return self._failed(error)
        except Exception as error:  # A fault of ours must not end the thread unseen: it is logged and shown as health.
            _LOG.exception("the monitor of %s failed", self._table)
            return self._failed(PyanamoError(f"The monitor failed: {error!r}", "Please report it, with the log."))
        self._error, self._failures = None, 0
        self._publish_when_due(watch)
        return watch.wait()

    def _renew(self) -> None:
        """Look for credentials that were renewed on disk, for us and for all who share the workspace's Connection."""
        self._shared.renew()
        if self._connection is not None:
            self._connection.renew()

    def _failed(self, error: PyanamoError) -> float:
        self._error = error
        self._failures += 1
        wait = min(_LONGEST_RETRY, _FIRST_RETRY * 2.0 ** min(self._failures - 1, 10))
        if isinstance(error, CredentialsError | TableNotFound):
            wait = _CREDENTIALS_RETRY
        self._retry_at = self._clocks.steady() + wait
        if self._watch is not None:
            if isinstance(error, TableNotFound):
                self._watch.table_gone()
            self._tell(self._watch, health_of(error))
        else:
            self._show(replace(self._snapshot, seq=self._snapshot.seq + 1, health=health_of(error)))
        return wait

    def _healthy(self, watch: Watch) -> Health:
        if watch.as_of is None:
            return Health(HealthStatus.CONNECTING)
        age = self._clocks.now() - watch.as_of
        if watch.exact and age > max(_STALE_SECONDS, _STALE_INTERVALS * self._interval) + watch.expected_seconds:
            return Health(HealthStatus.STALE, f"Last read {age:.0f} s ago", "Waiting for AWS.")
        status = HealthStatus.LIVE if watch.source is Source.STREAM else HealthStatus.POLLING
        return Health(status, watch.note, watch.advice)

    def _tell(self, watch: Watch, health: Health) -> None:
        """Publish if the health or the data differ from what was published."""
        if health != self._snapshot.health or watch.picture.dirty:
            self._publish(watch, health)

    def _publish_when_due(self, watch: Watch) -> None:
        """Publish what is new: at once when a look has ended, now and then while a long one goes on."""
        health, reading = self._healthy(watch), watch.reading_seconds
        if health.status == self._snapshot.health.status and reading is not None:
            short = watch.exact and reading < _WHOLE_SECONDS
            if short or self._clocks.steady() < self._next_publish:
                return
        if watch.picture.dirty or self._shows_less(watch, health):
            self._publish(watch, health)

    def _shows_less(self, watch: Watch, health: Health) -> bool:
        shown = self._snapshot
        return (shown.as_of, shown.exact, shown.health) != (watch.as_of, watch.exact, health)

    def _publish(self, watch: Watch, health: Health) -> Snapshot:
        began = self._clocks.steady()
        used = None if self._connection is None else self._connection.meter.read()
        cost = Cost(
            consumed=0.0 if used is None else used.read_units,
            per_minute=0.0 if used is None else used.read_units_last_minute,
            budget=watch.budget.allowed,
        )
        frame = Snapshot(
            table=self._table, as_of=watch.as_of, exact=watch.exact, source=watch.source, cost=cost, health=health
        )
        self._show(watch.picture.snapshot(frame, seq=self._snapshot.seq + 1))
        took = self._clocks.steady() - began
        self._next_publish = began + max(_PARTIAL_SECONDS, _PUBLISH_SHARE * took)
        return self._snapshot

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        if self._stopping.is_set():
            return
        with self._listeners:
            subscribers = tuple(self._subscribers)
        for callback in subscribers:
            try:
                callback(snapshot)
            except Exception:  # A subscriber's own fault: logged, and the others are still told.
                _LOG.exception("a subscriber of the monitor of %s failed", self._table)

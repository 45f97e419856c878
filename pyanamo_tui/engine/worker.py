"""The engine itself: item threads that claim and run, the lease thread, the main thread that hears signals."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.logstore import LogStore
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.engine.claim import Candidates, Claimed, Claimer
from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.engine.execute import run_item
from pyanamo_tui.engine.execution import Result, Shared
from pyanamo_tui.engine.lease import Leases
from pyanamo_tui.engine.logkeeper import LogKeeper
from pyanamo_tui.engine.options import Idle, Options
from pyanamo_tui.engine.runner import TERM_SECONDS, Ending, HostFault
from pyanamo_tui.engine.statefile import Json, StateFile
from pyanamo_tui.engine.stop import Signals, Stage, Stop
from pyanamo_tui.engine.walltime import WallTime
from pyanamo_tui.engine.watchdog import MARK, Watchdog
from pyanamo_tui.errors import PyanamoError, ServiceRefused
from pyanamo_tui.workflow import schema

IDLE_FIRST: Final = 0.5
IDLE_MAX: Final = 30.0
"""Seconds between two looks for work while there is none."""
RECLAIM_MIN: Final = 1.0
_AGAIN_SOON: Final = 0.25
_TICK: Final = 0.5


@dataclass(frozen=True, slots=True)
class Summary:
    """What an engine did. `error` is what ended it before its work was over."""

    claimed: int
    results: Mapping[str, int]
    claim_writes: int
    seconds: float
    error: PyanamoError | None = None


class Worker:
    """One engine on one table.

    Args:
        options: its orders.
        connection: where the table is.
        index: its slimmest index by state.
        owner: who it is, for `InstanceID`.
        log: where its events go.
        environment: what tasks inherit, and `${PYANAMO}` and `${PIPELINE}` are taken from.
    """

    def __init__(
        self,
        options: Options,
        connection: Connection,
        *,
        index: str,
        owner: str,
        log: EventLog,
        environment: Mapping[str, str],
    ) -> None:
        self._options = options
        self._connection = connection
        self._owner = owner
        self._log = log
        self._stop = Stop(options.grace)
        items = Items(connection, options.table)
        self._candidates = Candidates(items, index)
        self._claimer = Claimer(
            items,
            self._candidates,
            index,
            owner=owner,
            lease=options.lease,
            log=log,
            stopping=lambda: self._stop.no_new_items,
            giving_up=lambda: self._stop.overdue,
            pause=self._stop.pause,
        )
        self._leases = Leases(items, log, options.lease, lambda: self._stop.overdue)
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._claimed = 0
        self._promised = 0
        self._results: Counter[str] = Counter()
        self._error: PyanamoError | None = None
        self._wall_time = WallTime(options.wall_time)
        self._reclaimed_at = -1e9
        self._started = time.monotonic()

    def run(self) -> tuple[Summary, int | None]:
        """Work until there is nothing to do or a signal says so; gives the summary and the signal that stopped it.

        Raises:
            HostFault: there is no place for tasks' output on this host.
        """
        mark = f"{self._owner}-{secrets.token_hex(8)}"
        try:
            if self._options.work_dir is not None:
                self._options.work_dir.mkdir(parents=True, exist_ok=True)
            work_dir = Path(tempfile.mkdtemp(prefix="pyanamo-engine-", dir=self._options.work_dir))
        except OSError as error:
            raise HostFault(error) from error
        watchdog = Watchdog(mark, work_dir)
        try:
            with Signals(self._stop) as signals:
                return self._run(self._shared(mark, work_dir, watchdog), signals)
        finally:
            watchdog.close()
            shutil.rmtree(work_dir, ignore_errors=True)

    def _shared(self, mark: str, work_dir: Path, watchdog: Watchdog) -> Shared:
        options = self._options
        store = LogStore(self._connection, options.bucket, options.key_prefix)
        return Shared(
            table=options.table,
            leases=self._leases,
            keeper=LogKeeper(store, lambda: self._stop.stage >= Stage.ENDING),
            log=self._log,
            stop=self._stop,
            wall_time=self._wall_time,
            watchdog=watchdog,
            work_dir=work_dir,
            environment={**self._environment, MARK: mark},
            tasks_at_once=options.tasks_at_once,
            max_attempts=options.max_attempts,
            task_timeout=options.task_timeout,
            host_fault=self._host_fault,
        )

    def _run(self, shared: Shared, signals: Signals) -> tuple[Summary, int | None]:
        state = self._state_file()
        self._log.say("started", table=self._options.table, owner=self._owner, items=self._options.items_at_once)
        self._leases.start()
        threads = [
            threading.Thread(target=self._work, args=(shared, signals), name=f"item-{number}", daemon=True)
            for number in range(self._options.items_at_once)
        ]
        for thread in threads:
            thread.start()
        said = Stage.WORKING
        while any(thread.is_alive() for thread in threads):
            if state is not None:
                state.write(self._state)
            signals.wait(_TICK)
            stage = self._stop.stage
            if stage > said:
                said = stage
                self._log.say(stage.name.lower(), _STAGE_WORDS[stage], items=len(self._leases.held()))
                if state is not None:
                    state.write(self._state, now=True)
            if stage >= Stage.ENDING:
                self._end_tasks(stage)
            if self._stop.overdue and self._overdue_for(LEAVE_AFTER):
                break
        self._leases.close()
        for held in self._leases.held():
            self._log.say("left", "Still locked; the lease will run out", item=held.item_id, attempt=held.attempt)
        summary = self._summary()
        if state is not None:
            state.write(lambda: {**self._state(), "ended": True}, now=True)
        return summary, self._stop.signal

    def _overdue_for(self, seconds: float) -> bool:
        if self._overdue_since is None:
            self._overdue_since = time.monotonic()
        return time.monotonic() - self._overdue_since >= seconds

    _overdue_since: float | None = None

    def _end_tasks(self, stage: Stage) -> None:
        patience = 0.0 if stage >= Stage.KILLING else TERM_SECONDS
        for held in self._leases.held():
            for task in list(held.running.values()):
                task.end(Ending.STOPPED, patience)

    def _host_fault(self, fault: HostFault) -> None:
        """This host cannot run commands: end here, before every item has been taken for nothing."""
        self._fail(fault)

    def _fail(self, error: PyanamoError) -> None:
        with self._lock:
            if self._error is None:
                self._error = error
                self._log.say("cannot-work", f"{error.message}. {error.hint}".strip())
        self._stop.ask(Stage.DRAINING)

    def _work(self, shared: Shared, signals: Signals) -> None:
        """One item thread: claim and run until there is nothing more to do."""
        try:
            idle = IDLE_FIRST
            while not self._stop.no_new_items and self._wall_time.allows_another and self._promise():
                claimed = self._next()
                if claimed is not None:
                    idle = IDLE_FIRST
                    self._run_one(shared, claimed)
                    continue
                self._unpromise()
                if self._candidates.some_hidden:
                    self._stop.pause(_AGAIN_SOON)
                elif self._options.idle == Idle.EXIT:
                    return
                else:
                    self._stop.pause(idle)
                    idle = min(IDLE_MAX, idle * 1.5)
        except PyanamoError as error:
            self._fail(error)
        finally:
            signals.wake()

    def _promise(self) -> bool:
        """Whether one more item may be claimed within `--max-items`."""
        with self._lock:
            if self._options.max_items is not None and self._promised >= self._options.max_items:
                return False
            self._promised += 1
            return True

    def _unpromise(self) -> None:
        with self._lock:
            self._promised -= 1

    def _next(self) -> Claimed | None:
        """A waiting item, else one whose lease ran out; now and then the latter first."""
        lease = self._options.lease
        if self._reclaim_due(max(RECLAIM_MIN, lease / 2)):
            claimed = self._claimer.reclaim(whole=False)
            if claimed is not None:
                return claimed
        claimed = self._claimer.take()
        if claimed is None and self._reclaim_due(max(RECLAIM_MIN, min(IDLE_MAX, lease / 4))):
            claimed = self._claimer.reclaim(whole=True)
        return claimed

    def _reclaim_due(self, every: float) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._reclaimed_at < every:
                return False
            self._reclaimed_at = now
            return True

    def _run_one(self, shared: Shared, claimed: Claimed) -> None:
        item_id = schema.record_id(claimed.record)
        attempt = schema.int_of(claimed.record, schema.ATTEMPTS)
        self._log.say("reclaimed" if claimed.reclaimed else "claimed", item=item_id, attempt=attempt)
        with self._lock:
            self._claimed += 1
        try:
            result = run_item(shared, claimed)
        except ServiceRefused as error:
            self._log.say("gave-up", f"{error.message}. {_RUNS_OUT}", item=item_id, attempt=attempt)
            result = Result.GAVE_UP
        except PyanamoError:
            raise
        except Exception:
            # A fault of ours goes to the log, traceback included, and ends this item's run, never the worker's.
            self._log.say("internal-error", traceback.format_exc(), item=item_id, attempt=attempt)
            result = Result.GAVE_UP
        if result == Result.RETRY:
            self._candidates.show(item_id)
        else:
            self._candidates.hide(item_id)
        with self._lock:
            self._results[result] += 1

    def _summary(self) -> Summary:
        with self._lock:
            return Summary(
                claimed=self._claimed,
                results=dict(self._results),
                claim_writes=self._claimer.writes,
                seconds=time.monotonic() - self._started,
                error=self._error,
            )

    def _state_file(self) -> StateFile | None:
        path, options = self._options.state_file, self._options
        if path is None:
            return None
        fixed: dict[str, Json] = {
            "table": options.table,
            "region": self._connection.region,
            "endpoint_url": options.endpoint_url,
            "owner": self._owner,
            "worker": self._log.worker,
            "items_at_once": options.items_at_once,
            "tasks_at_once": options.tasks_at_once,
        }
        return StateFile(path, fixed, lambda problem: self._log.say("state-file", problem))

    def _state(self) -> Mapping[str, Json]:
        running: list[Json] = []
        for held in self._leases.held():
            with held.guard:
                tasks: list[Json] = [key for key in held.running if key]
            running.append(
                {"item": held.item_id, "step": held.item.facts.step, "attempt": held.attempt, "tasks": tasks}
            )
        with self._lock:
            results, claimed = Counter(self._results), self._claimed
        return {
            "stage": self._stop.stage.name.lower(),
            "draining": self._stop.no_new_items,
            "claimed": claimed,
            "done": results[Result.DONE],
            "failed": results[Result.FAILED],
            "lost": results[Result.LOST],
            "released": results[Result.RELEASED],
            "running": running,
            "error": None if self._error is None else self._error.message,
            "ended": False,
        }


_RUNS_OUT: Final = "How the item ended cannot be written; its lease will run out"
LEAVE_AFTER: Final = 1.0
"""Seconds after the last words for threads to say what they leave."""
_STAGE_WORDS: Final = {
    Stage.DRAINING: "No more items are taken; those in hand are finished",
    Stage.STOPPING: "No more tasks are started; those running may finish within the grace",
    Stage.ENDING: "The grace is over: running tasks are ended and their items given back",
    Stage.KILLING: "Asked twice: running tasks are killed and their items given back",
}

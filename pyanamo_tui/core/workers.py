"""Engines on this host: started to outlive the terminal, found again, tailed, drained, stopped, killed, scaled.

The core knows nothing of the engine's code: a worker is the process `pyanamo-engine`, started by its command line
(`core.engineorder`) and known by its files (`core.workerfiles`). Several programs on one host may do all this at
once: whoever starts or scales holds a lock.

    started = workspace.workers.start(2, EngineOrder(idle="wait"))
    workspace.workers.scale(4, EngineOrder(idle="wait"))
    workspace.workers.drain([worker.id for worker in workspace.workers.list()])
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from pyanamo_tui.core.engineorder import EngineOrder
from pyanamo_tui.core.workerfiles import (
    LocalWorker,
    Order,
    RunningItem,
    WorkerFiles,
    WorkerStage,
    process_of,
    running_items,
    send,
    stage_of,
    usage,
    whole,
    workers_folder,
)
from pyanamo_tui.core.workerstart import WorkPlace, start_engine
from pyanamo_tui.errors import NotFound, PyanamoError, ReadOnly, UsageError
from pyanamo_tui.workflow.printable import decode_output

__all__ = ["LocalWorker", "LocalWorkers", "RunningItem", "Scaled", "WorkPlace", "WorkerOutcome", "WorkerStage"]

START_SECONDS: Final = 20.0
"""How long a new worker may take to say its first word."""
KEEP_SECONDS: Final = 7 * 24 * 3600.0
"""How long the files of an ended worker are kept."""
MOST: Final = 1000
_LOOK: Final = 0.05
_FOLLOW: Final = 0.5


class WorkersUnwritable(PyanamoError):
    """The state folder cannot be used, so that no worker can be started."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"{path} cannot be used: {error.strerror or error}",
            "Free some disk space or mend its permissions, or set XDG_STATE_HOME to another folder.",
        )


@dataclass(frozen=True, slots=True)
class WorkerOutcome:
    """What came of a signal to one worker; `why` where it was not sent."""

    id: str
    ok: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Scaled:
    """Workers that scaling started, and those that it told to drain."""

    started: tuple[LocalWorker, ...] = ()
    draining: tuple[LocalWorker, ...] = ()


class LocalWorkers:
    """The engines of this host.

    Args:
        place: the open table, and what engines of it need.
        read_only: start none: an engine writes.
        folder: where their files are; None for a folder of this host in the state directory, which hosts may share.
        environment: what engines inherit; None for this process's own.
        clock: epoch seconds.
    """

    def __init__(
        self,
        place: WorkPlace,
        *,
        read_only: bool = False,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._place = place
        self._read_only = read_only
        self._files = WorkerFiles(folder or workers_folder())
        self._environment = environment
        self._clock = clock
        self._used: dict[str, tuple[float, float]] = {}

    # -- looking --------------------------------------------------------------------------------

    def list(self, *, everywhere: bool = False) -> tuple[LocalWorker, ...]:
        """The workers of the open table, or of every table, the oldest first; ended ones until they are forgotten."""
        found = tuple(self._worker(worker_id) for worker_id in self._files.ids())
        return tuple(one for one in found if everywhere or one.here)

    def _worker(self, worker_id: str) -> LocalWorker:
        order, state = self._files.order(worker_id), self._files.state(worker_id)
        if order is None:
            error = "Its file is not one that this program wrote, or was damaged"
            path = self._files.log_path(worker_id)
            return LocalWorker(worker_id, WorkerStage.UNREADABLE, path, error=error)
        pid, created = _process_named(order, state)
        process = process_of(pid, created, self._files.state_path(worker_id))
        stage = stage_of(order, state, lives=process is not None, now=self._clock())
        told = state or {}
        updated = told.get("updated_at")
        updated_at = float(updated) if isinstance(updated, int | float) else order.started_at
        cpu, memory = self._usage(worker_id, process)
        worker = LocalWorker(
            id=worker_id,
            stage=stage,
            pid=pid,
            table=order.table,
            region=order.region,
            endpoint_url=order.endpoint_url,
            here=self._is_here(order),
            started_at=order.started_at,
            updated_at=updated_at,
            claimed=whole(told.get("claimed")),
            done=whole(told.get("done")),
            failed=whole(told.get("failed")),
            lost=whole(told.get("lost")),
            released=whole(told.get("released")),
            items_at_once=whole(told.get("items_at_once")) or 1,
            tasks_at_once=whole(told.get("tasks_at_once")) or 1,
            running=tuple(running_items(told)),
            error=str(told.get("error") or ""),
            cpu_percent=cpu,
            memory_bytes=memory,
            log_path=self._files.log_path(worker_id),
        )
        if worker.alive:
            return worker
        error = worker.error or ("" if stage is WorkerStage.ENDED else self._files.last_words(worker_id))
        return replace(worker, ended_at=updated_at, error=error)

    def _is_here(self, order: Order) -> bool:
        place = self._place
        return (order.table, order.region, order.endpoint_url) == (place.table, place.region, place.endpoint_url)

    def _usage(self, worker_id: str, process: psutil.Process | None) -> tuple[float | None, int | None]:
        if process is None:
            self._used.pop(worker_id, None)
            return None, None
        at, (seconds, memory) = time.monotonic(), usage(process)
        before = self._used.get(worker_id)
        self._used[worker_id] = (at, seconds)
        if before is None or at <= before[0]:
            return None, memory
        return max(0.0, 100 * (seconds - before[1]) / (at - before[0])), memory

    def tail(self, worker_id: str, lines: int = 200) -> str:
        """The end of a worker's log, 64 KB at the most.

        Raises:
            NotFound: there is no such worker.
        """
        self._known((worker_id,))
        return self._files.tail(worker_id, lines)

    def follow(self, worker_id: str, lines: int = 20) -> Iterator[str]:
        """The last lines of a worker's log, then each that is added to it, until the worker has ended.

        Raises:
            NotFound: there is no such worker.
        """
        self._known((worker_id,))
        at, waiting = self._files.log_end(worker_id, lines)
        while True:
            # Asked before it is read: what a worker wrote before its end is then read, too.
            alive = self._worker(worker_id).alive
            data = self._files.log_from(worker_id, at)
            at += len(data)
            *whole_lines, waiting = (waiting + data).split(b"\n")
            yield from map(decode_output, whole_lines)
            if not alive:
                if waiting:
                    yield decode_output(waiting)
                return
            if not data:
                time.sleep(_FOLLOW)

    # -- starting -------------------------------------------------------------------------------

    def start(self, count: int, order: EngineOrder | None = None) -> tuple[LocalWorker, ...]:
        """Start workers and wait until each has said its first word, or has died of something.

        Args:
            count: how many.
            order: how they are to work.

        Returns:
            The workers; one that died at once is among them, with what it wrote last as its `error`.

        Raises:
            ReadOnly: the table is open read-only.
            UsageError: a number that makes no sense.
            WorkersUnwritable: the state folder cannot be used.
        """
        self._refuse_read_only()
        if not 1 <= count <= MOST:
            raise UsageError(f"1 to {MOST} workers can be started, not {count}", "Ask for fewer.")
        with self._held():
            ids = [self._start_one(order or EngineOrder()) for _ in range(count)]
        return self._heard_of(ids)

    def scale(self, to: int, order: EngineOrder | None = None) -> Scaled:
        """Have so many workers of the open table: start what is missing, or drain those with the least in hand.

        Workers that drain or stop already do not count. Two programs that scale at once agree: the second sees what
        the first has started.

        Raises:
            ReadOnly, UsageError, WorkersUnwritable: as in `start`.
        """
        if not 0 <= to <= MOST:
            raise UsageError(f"0 to {MOST} workers can be had, not {to}", "Ask for fewer.")
        with self._held():
            leaving = {WorkerStage.DRAINING, WorkerStage.STOPPING}
            staying = [one for one in self.list() if one.alive and one.stage not in leaving]
            if to > len(staying):
                self._refuse_read_only()
            ids = [self._start_one(order or EngineOrder()) for _ in range(to - len(staying))]
            spare = sorted(staying, key=lambda one: (len(one.running), -one.started_at))[: max(0, len(staying) - to)]
            sent = {outcome.id for outcome in self.drain([one.id for one in spare]) if outcome.ok}
        return Scaled(self._heard_of(ids), tuple(one for one in spare if one.id in sent))

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise ReadOnly("starting a worker")

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Nobody else on this host starts or scales workers meanwhile; the lock ends with its process."""
        folder = self._files.folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise WorkersUnwritable(folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._forget_old()
            yield
        except OSError as error:
            raise WorkersUnwritable(folder, error) from error
        finally:
            os.close(descriptor)

    def _start_one(self, order: EngineOrder) -> str:
        inherited = os.environ if self._environment is None else self._environment
        return start_engine(self._files, self._place, order, inherited, self._clock())

    def _heard_of(self, ids: Iterable[str]) -> tuple[LocalWorker, ...]:
        deadline = time.monotonic() + START_SECONDS
        waited_for = tuple(ids)
        while True:
            found = tuple(self._worker(worker_id) for worker_id in waited_for)
            silent = any(one.stage is WorkerStage.STARTING for one in found)
            if not silent or time.monotonic() >= deadline:
                return found
            time.sleep(_LOOK)

    # -- ending ---------------------------------------------------------------------------------

    def drain(self, ids: Collection[str]) -> tuple[WorkerOutcome, ...]:
        """Have workers finish the items in hand and take no more.

        Raises:
            NotFound: there is no such worker. None was told.
        """
        return self._signal(ids, signal.SIGUSR1)

    def stop(self, ids: Collection[str]) -> tuple[WorkerOutcome, ...]:
        """Have workers end: running tasks may finish within the engine's grace, what is unfinished waits again.

        Raises:
            NotFound: there is no such worker. None was told.
        """
        return self._signal(ids, signal.SIGTERM)

    def kill(self, ids: Collection[str]) -> tuple[WorkerOutcome, ...]:
        """End workers at once, with their tasks. Their items stay locked until their leases run out.

        Raises:
            NotFound: there is no such worker. None was told.
        """
        return self._signal(ids, signal.SIGKILL)

    def _signal(self, ids: Collection[str], number: signal.Signals) -> tuple[WorkerOutcome, ...]:
        return tuple(self._signal_one(one, number) for one in self._known(ids))

    def _signal_one(self, worker: LocalWorker, number: signal.Signals) -> WorkerOutcome:
        if worker.stage is WorkerStage.UNREADABLE:
            return WorkerOutcome(worker.id, ok=False, why="what process it is cannot be read")
        if worker.stage is WorkerStage.STARTING and number != signal.SIGKILL:
            # An engine that does not listen yet would die of the signal.
            (worker,) = self._heard_of([worker.id])
        if not worker.alive and number != signal.SIGKILL:
            return WorkerOutcome(worker.id, ok=False, why="it has ended already")
        order = self._files.order(worker.id)
        pid, created = (None, 0.0) if order is None else _process_named(order, self._files.state(worker.id))
        try:
            sent = pid is not None and send(pid, created, self._files.state_path(worker.id), number)
        except PermissionError:
            return WorkerOutcome(worker.id, ok=False, why=f"process {pid} is another user's")
        return WorkerOutcome(worker.id, ok=sent, why="" if sent else "it has ended already")

    def check(self, ids: Collection[str]) -> None:
        """Raises NotFound unless there is a worker of each of these ids."""
        self._known(ids)

    def _known(self, ids: Collection[str]) -> tuple[LocalWorker, ...]:
        known = set(self._files.ids())
        for worker_id in ids:
            if worker_id not in known:
                raise NotFound(f"There is no worker {worker_id!r} on this host", "List them: pyanamo-tui workers list")
        return tuple(self._worker(worker_id) for worker_id in dict.fromkeys(ids))

    def forget(self, ids: Collection[str] | None = None) -> int:
        """Remove the files of workers that have ended: of these, or of all of the open table. Gives how many.

        Raises:
            NotFound: there is no such worker.
        """
        found = self.list() if ids is None else self._known(ids)
        gone = [one.id for one in found if not one.alive]
        for worker_id in gone:
            self._files.forget(worker_id)
        return len(gone)

    def _forget_old(self) -> None:
        oldest = self._clock() - KEEP_SECONDS
        for one in self.list(everywhere=True):
            if not one.alive and one.stage is not WorkerStage.UNREADABLE and one.updated_at < oldest:
                self._files.forget(one.id)


def _process_named(order: Order, state: Mapping[str, object] | None) -> tuple[int | None, float]:
    """The pid and the time of making of a worker's process: by itself where it has said, else by its starter."""
    told = state or {}
    pid, created = told.get("pid"), told.get("pid_created")
    if isinstance(pid, int) and isinstance(created, int | float):
        return pid, float(created)
    return order.pid, order.pid_created

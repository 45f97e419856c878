"""What is known of the engines on this host: the files they and their starter leave, and whether their process lives.

For each worker there are, in one folder of the state directory that is its owner's alone: `ID.order.json`, written by
whoever started it before the process is; `ID.json`, rewritten by the engine itself (`pyanamo-engine --state-file`);
`ID.log`; and `ID.work`, where its tasks' output is while they run. A pid counts only together with the time at which
its process was made: another process may have been given it since.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import psutil

from pyanamo_tui.settings import state_path
from pyanamo_tui.workflow.printable import clean_file_name, decode_output

ORDER_SUFFIX: Final = ".order.json"
TAIL_BYTES: Final = 64 * 1024
_SAME_SECONDS: Final = 1.0
"""By which the start of one and the same process may be told differently."""
_BEING_STARTED: Final = 20.0
"""Seconds for which a worker without a process is taken to be one that is being started."""
_FILE_BYTES: Final = 1024 * 1024
_ID: Final = re.compile(r"w-\d{8}-\d{6}-[a-z0-9]{4}")


class WorkerStage(StrEnum):
    """What a worker is at."""

    STARTING = "starting"
    WORKING = "working"
    WAITING = "waiting"
    """It has nothing to do, and waits for more."""
    DRAINING = "draining"
    """It finishes the items in hand and takes no more."""
    STOPPING = "stopping"
    ENDED = "ended"
    KILLED = "killed"
    """Its process is gone without having said so."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class RunningItem:
    """An item in a worker's hands: its id, step, attempt (1 the first) and the keys of the tasks that run."""

    item: str
    step: str
    attempt: int
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker was started for. `pid_created` is in epoch seconds, as psutil tells; 0 before there is one."""

    id: str
    table: str
    region: str
    endpoint_url: str | None
    started_at: float
    command: tuple[str, ...]
    pid: int | None = None
    pid_created: float = 0.0


@dataclass(frozen=True, slots=True)
class LocalWorker:
    """An engine on this host, as it was when it was looked at.

    Attributes:
        id: its name on this host.
        stage: what it is at.
        pid: of its process, None where that was never known.
        table, region, endpoint_url: what it works on.
        here: whether that is the table that is open.
        started_at, updated_at: when it was started and when it last said something, epoch seconds.
        ended_at: when it last said something, where it has ended; None while it lives.
        claimed, done, failed, lost, released: items, by what came of them.
        items_at_once, tasks_at_once: how many it runs at the same time.
        running: the items in its hands.
        error: what ended it, in words; empty where nothing did.
        cpu_percent: of one core, with its tasks, since the look before; None at the first look.
        memory_bytes: resident, with its tasks.
        log_path: what it writes.
    """

    id: str
    stage: WorkerStage
    log_path: Path
    pid: int | None = None
    table: str = ""
    region: str = ""
    endpoint_url: str | None = None
    here: bool = False
    started_at: float = 0.0
    updated_at: float = 0.0
    ended_at: float | None = None
    claimed: int = 0
    done: int = 0
    failed: int = 0
    lost: int = 0
    released: int = 0
    items_at_once: int = 1
    tasks_at_once: int = 1
    running: tuple[RunningItem, ...] = ()
    error: str = ""
    cpu_percent: float | None = None
    memory_bytes: int | None = None

    @property
    def alive(self) -> bool:
        """Whether its process runs, or is being started."""
        return self.stage not in {WorkerStage.ENDED, WorkerStage.KILLED, WorkerStage.UNREADABLE}


def workers_folder() -> Path:
    """Where the workers of this host have their files: hosts may share the state directory, but not their processes."""
    return state_path() / "workers" / clean_file_name(socket.gethostname())


class WorkerFiles:
    """The folder of the workers of this host.

    Args:
        folder: where it is; made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ids(self) -> list[str]:
        """Every worker that was ever started and not forgotten, the oldest first."""
        if not self.folder.is_dir():
            return []
        names = (entry.name for entry in os.scandir(self.folder) if entry.name.endswith(ORDER_SUFFIX))
        return sorted(name for name in (name.removesuffix(ORDER_SUFFIX) for name in names) if _ID.fullmatch(name))

    def state_path(self, worker_id: str) -> Path:
        """The file that the engine rewrites."""
        return self.folder / f"{worker_id}.json"

    def log_path(self, worker_id: str) -> Path:
        """What the engine writes."""
        return self.folder / f"{worker_id}.log"

    def work_path(self, worker_id: str) -> Path:
        """Where its tasks' output is while they run."""
        return self.folder / f"{worker_id}.work"

    def write_order(self, order: Order) -> None:
        """Note what a worker is started for, whole or not at all."""
        path = self.folder / (order.id + ORDER_SUFFIX)
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(json.dumps(asdict(order)), encoding="utf-8")
        beside.replace(path)

    def order(self, worker_id: str) -> Order | None:
        """What a worker was started for; None where that cannot be read."""
        told = _own_json(self.folder / (worker_id + ORDER_SUFFIX))
        if told is None:
            return None
        forms = {"table": str, "region": str, "endpoint_url": str | None, "pid": int | None, "command": list}
        numbers = {"started_at": int | float, "pid_created": int | float}
        wrong = [name for name, form in {**forms, **numbers}.items() if not isinstance(told.get(name), form)]
        if wrong or told.pop("id", None) != worker_id:
            # It is not in the form that ours have: listed as unreadable, and never signalled.
            return None
        known = {name: told[name] for name in (*forms, *numbers)}
        return Order(**{**known, "id": worker_id, "command": tuple(map(str, known["command"]))})

    def state(self, worker_id: str) -> Mapping[str, Any] | None:
        """What the engine said last; None before its first word, or where it cannot be read."""
        return _own_json(self.state_path(worker_id))

    def tail(self, worker_id: str, lines: int) -> str:
        """The end of its log: so many lines, and 64 KB at the most; empty where there is none."""
        return decode_output(self.log_end(worker_id, lines)[1])

    def log_end(self, worker_id: str, lines: int) -> tuple[int, bytes]:
        """How many bytes its log has, and the end of these: so many lines, and 64 KB at the most."""
        try:
            with self.log_path(worker_id).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                found = file.read(min(size, TAIL_BYTES))
        except OSError:
            # It has not written yet, or was forgotten meanwhile.
            return 0, b""
        kept = BytesIO(found).readlines()
        return size, b"".join(kept[-lines:] if size <= TAIL_BYTES else kept[1:][-lines:])

    def log_from(self, worker_id: str, start: int) -> bytes:
        """What its log holds from a byte on; nothing where there is none."""
        try:
            with self.log_path(worker_id).open("rb") as file:
                file.seek(start)
                return file.read()
        except OSError:
            # It has not written yet, or was forgotten meanwhile.
            return b""

    def last_words(self, worker_id: str) -> str:
        """The last line of its log that is not empty, with the one before where it goes on from there."""
        lines = [line for line in self.tail(worker_id, 20).splitlines() if line.strip()]
        goes_on = len(lines) > 1 and lines[-1].startswith("  ")
        return " ".join(line.strip() for line in lines[-2 if goes_on else -1 :])

    def forget(self, worker_id: str) -> None:
        """Remove the files of a worker that has ended; the order last, so that what is left is found again.

        Output that could not be kept elsewhere stays where it is.
        """
        with suppress(OSError):
            self.work_path(worker_id).rmdir()
        left_beside = self.folder.glob(f".{worker_id}.json.*")
        for path in (self.state_path(worker_id), self.log_path(worker_id), *left_beside):
            path.unlink(missing_ok=True)
        (self.folder / (worker_id + ORDER_SUFFIX)).unlink(missing_ok=True)


def _own_json(path: Path) -> dict[str, Any] | None:
    """An object of JSON in a plain file of this user's; None for anything else, however it came there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_size > _FILE_BYTES:
                return None
            told = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def process_of(pid: int | None, created: float, state_path: Path) -> psutil.Process | None:
    """The living engine of this pid that was made then (epoch seconds); None if it is gone, or is another by now.

    Its command line must name its state file too, since what a file says of a pid may be wrong.
    """
    if pid is None or pid <= 1:
        return None
    try:
        found = psutil.Process(pid)
        if abs(found.create_time() - created) > _SAME_SECONDS or found.status() == psutil.STATUS_ZOMBIE:
            return None
        if str(state_path) not in found.cmdline():
            return None
    except (psutil.Error, ValueError, OverflowError):
        return None
    return found


def send(pid: int, created: float, state_path: Path, number: signal.Signals) -> bool:
    """Signal the engine of this pid that was made then, and no other process; False if it is gone.

    Where the system has handles for processes, the handle is taken first and the process looked at then, so that
    another one cannot take its place in between.
    """
    handle: int | None = None
    try:
        if hasattr(os, "pidfd_open"):
            handle = os.pidfd_open(pid)
        if process_of(pid, created, state_path) is None:
            return False
        if handle is not None:
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return False
    finally:
        if handle is not None:
            os.close(handle)
    return True


def whole(value: object) -> int:
    """A count that a file tells; 0 for what is none."""
    return value if isinstance(value, int) and value >= 0 else 0


def running_items(state: Mapping[str, Any]) -> Iterator[RunningItem]:
    """The items that an engine says it runs; what is not in the engine's form is passed over."""
    told = state.get("running")
    for one in told if isinstance(told, list) else ():
        if isinstance(one, dict) and isinstance(one.get("item"), str):
            tasks = one.get("tasks")
            keys = tuple(key for key in tasks if isinstance(key, str)) if isinstance(tasks, list) else ()
            yield RunningItem(one["item"], str(one.get("step") or ""), whole(one.get("attempt")), keys)


def stage_of(order: Order, state: Mapping[str, Any] | None, *, lives: bool, now: float | None = None) -> WorkerStage:
    """What a worker is at, by what was ordered, what it says, and whether its process lives."""
    at = time.time() if now is None else now
    if state is None:
        being_started = order.pid is None and 0 <= at - order.started_at < _BEING_STARTED
        return WorkerStage.STARTING if lives or being_started else WorkerStage.KILLED
    if not lives:
        return WorkerStage.ENDED if state.get("ended") is True else WorkerStage.KILLED
    said = state.get("stage")
    if said == "draining":
        return WorkerStage.DRAINING
    if said in {"stopping", "ending", "killing"} or state.get("ended") is True:
        return WorkerStage.STOPPING
    return WorkerStage.WORKING if state.get("running") else WorkerStage.WAITING


def usage(process: psutil.Process) -> tuple[float, int]:
    """CPU seconds used so far and resident bytes, of a process and all that it has started."""
    seconds, memory = 0.0, 0
    for one in (process, *_children(process)):
        try:
            times = one.cpu_times()
            seconds += times.user + times.system
            if one is process:
                seconds += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
            memory += one.memory_info().rss
        except psutil.Error:
            # It ended between two looks.
            continue
    return seconds, memory


def _children(process: psutil.Process) -> Sequence[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return ()

"""Kills what a worker was running when the worker is killed, so that a reclaimed item never runs twice on a host.

A separate small process, started once a worker, outside its process group. It reads the process groups that start and
end from a pipe whose only writer is the worker: when the pipe ends, the worker is gone, however it went. What is then
registered, or carries the worker's mark in its environment, is killed, and the output files are removed. Costs
one write a task; unlike `PR_SET_PDEATHSIG` it needs no code between fork and exec, and reaches grandchildren.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

MARK: Final = "PYANAMO_WORKER"
"""Environment variable that every task inherits: the worker's own mark, a dot, and a number of the task's own."""
_PROC: Final = Path("/proc")
_ROUNDS: Final = 20


class Watchdog:
    """The worker's end of it.

    Args:
        mark: this worker's value of `PYANAMO_WORKER`, unique on the host.
        work_dir: removed when the worker has been killed.
    """

    def __init__(self, mark: str, work_dir: Path) -> None:
        self._arguments = [sys.executable, "-I", "-S", __file__, mark, str(work_dir)]
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._start()

    def _start(self) -> None:
        reading, self._pipe = os.pipe()
        try:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(reading)
        for group in self._running:
            self._tell(f"+{group}\n")

    def _tell(self, line: str) -> bool:
        try:
            os.write(self._pipe, line.encode("ascii"))
        except BrokenPipeError:
            return False
        return True

    def _report(self, line: str) -> None:
        if not self._tell(line):
            # Somebody killed it; a new one is told everything that runs.
            os.close(self._pipe)
            self._process.wait()
            self._start()

    def started(self, group: int) -> None:
        """A process group runs from now on."""
        with self._lock:
            self._running.add(group)
            self._report(f"+{group}\n")

    def ended(self, group: int) -> None:
        """A process group has ended; its number may come again."""
        with self._lock:
            self._running.discard(group)
            self._report(f"-{group}\n")

    def close(self) -> None:
        """End it: what still runs is killed, and the work directory is removed."""
        with self._lock:
            os.close(self._pipe)
            self._process.wait()


def _marked(mark: str, groups: set[int]) -> set[int]:
    """Processes of this mark, a worker's or a task's, and of the sessions that the worker started."""
    wanted = f"{MARK}={mark}.".encode()
    found: set[int] = set()
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        pid = int(entry.name)
        try:
            if os.getsid(pid) in groups or _carries(wanted, (entry / "environ").read_bytes()):
                found.add(pid)
        except OSError:
            # It ended meanwhile, or is another user's.
            continue
    return found


def _carries(wanted: bytes, environment: bytes) -> bool:
    return any((line + b".").startswith(wanted) for line in environment.split(b"\0"))


def kill_marked(mark: str) -> None:
    """Kill every process that carries a mark, whatever its session."""
    _kill(set(), mark)


def _kill(groups: set[int], mark: str) -> None:
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            # Gone already.
            continue
    for _ in range(_ROUNDS):
        found = {pid for pid in _marked(mark, groups) if not _zombie(pid)}
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                # Gone already.
                continue


def _zombie(pid: int) -> bool:
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    except (OSError, IndexError):
        return True


def watch(mark: str, work_dir: str) -> None:
    """Read `+GROUP` and `-GROUP` lines until the worker is gone, then kill what it left."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGTTOU, signal.SIGTTIN):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        group = int(line[1:])
        if line.startswith(b"+"):
            groups.add(group)
        else:
            groups.discard(group)
    _kill(groups, mark)
    shutil.rmtree(work_dir, ignore_errors=True)


if __name__ == "__main__":
    watch(*sys.argv[1:3])

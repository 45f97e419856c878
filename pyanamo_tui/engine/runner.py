"""Runs one command: no shell, its own session, output straight to files, ended whole when it must end.

The command writes to files by itself, so that the worker's memory does not grow with the output and a process left in
the background can hold nothing up. When the command has ended, whatever it left in its process group is killed; when it
did not end well, so is what left its session, since the item may be tried again.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pyanamo_tui.engine.watchdog import MARK, Watchdog, kill_marked
from pyanamo_tui.errors import PyanamoError

EXIT_TIMED_OUT: Final = 124
EXIT_NOT_EXECUTABLE: Final = 126
EXIT_NOT_FOUND: Final = 127
EXIT_SIGNAL: Final = 128
"""Exit codes as shells and `timeout` give them."""

TERM_SECONDS: Final = 5.0
"""How long a task that must end may take from SIGTERM to SIGKILL."""
ROOM_BYTES: Final = 64 * 1024
"""Room on the disk below which no command is started."""
_TICK: Final = 0.2
_TICK_MS: Final = 200
_MINUTE, _HOUR = 60, 3600
_SPAWN_TRIES: Final = 5
_SPAWN_PAUSE: Final = 0.2
_HOST_FAULTS: Final = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT})
_ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})


class HostFault(PyanamoError):
    """This host cannot start commands at all (no memory, no processes, no disk): no fault of the item."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"This host cannot run commands: {error.strerror or error}",
            "Free memory, processes or disk, or use another host.",
        )


class Ending(StrEnum):
    """How a command came to its end."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    TIMED_OUT = "timed out"
    NOT_FOUND = "not found"
    NOT_EXECUTABLE = "not executable"
    UNUSABLE = "unusable command"
    STOPPED = "stopped"
    """The engine ended it to stop; this says nothing about the command."""
    LOST = "lost"
    """The engine ended it because the item is no longer its own."""


NO_OUTCOME: Final = frozenset({Ending.STOPPED, Ending.LOST})
"""Endings that are the engine's doing, not an outcome of the command."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of one command. Times are epoch seconds; `exit_code` as a shell would give it; `detail` says more."""

    ending: Ending
    exit_code: int
    started_at: float
    finished_at: float
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether the command did its work."""
        return self.ending == Ending.EXITED and self.exit_code == 0

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return max(0.0, self.finished_at - self.started_at)


def duration(seconds: float) -> str:
    """A time span for people: `12 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{seconds:.3g} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


class Output:
    """The two files that one command writes to, removed when the `with` block ends."""

    def __init__(self, folder: Path) -> None:
        try:
            self._out, out = tempfile.mkstemp(suffix=".stdout", dir=folder)
            self._err, err = tempfile.mkstemp(suffix=".stderr", dir=folder)
        except OSError as error:
            raise HostFault(error) from error
        self.stdout, self.stderr = Path(out), Path(err)
        if not self.has_room:
            self.__exit__()
            raise HostFault(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)))

    @property
    def has_room(self) -> bool:
        """Whether their disk takes any more. On a full one every command would fail for want of room for its words."""
        disk = os.fstatvfs(self._out)
        return disk.f_bavail * disk.f_frsize >= ROOM_BYTES

    @property
    def descriptors(self) -> tuple[int, int]:
        """File descriptors for standard output and error."""
        return self._out, self._err

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._out)
        os.close(self._err)
        self.stdout.unlink(missing_ok=True)
        self.stderr.unlink(missing_ok=True)

    def tail(self, limit: int) -> tuple[bytes, bytes]:
        """The last bytes of each stream, as written so far."""
        return read_tail(self._out, limit), read_tail(self._err, limit)


def read_tail(descriptor: int, limit: int) -> bytes:
    """The last bytes of an open file, without moving its position."""
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, min(limit, size), max(0, size - limit))


class Task:
    """One running command. The thread that made it waits for it; any thread may `end` it.

    Args:
        words: the program and its arguments.
        environment: the whole environment of the command, with a mark of its own that finds what it leaves behind.
        output: where its streams go.
        watchdog: told of the process group while it runs.
        timeout: seconds after which it is ended, or None.

    Raises:
        HostFault: this host cannot start processes.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        output: Output,
        watchdog: Watchdog,
        timeout: float | None,
    ) -> None:
        self.output = output
        self._watchdog = watchdog
        self._mark = environment[MARK]
        self._timeout = timeout
        self._lock = threading.Lock()
        self._why: Ending | None = None
        self._kill_at: float | None = None
        self._over = False
        self._started_at = time.time()
        self._started = time.monotonic()
        self._refused: Ended | None = None
        self._process = self._spawn(words, environment)

    def _spawn(self, words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes] | None:
        out, err = self.output.descriptors
        for left in reversed(range(_SPAWN_TRIES)):
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                if error.errno not in _HOST_FAULTS:
                    self._refused = self._cannot_start(words[0], error)
                    return None
                if not left:
                    raise HostFault(error) from error
                time.sleep(_SPAWN_PAUSE)
            except ValueError as error:
                self._refused = Ended(Ending.UNUSABLE, EXIT_NOT_EXECUTABLE, self._started_at, time.time(), str(error))
                return None
            else:
                self._watchdog.started(process.pid)
                return process
        raise AssertionError("unreachable")

    def _cannot_start(self, program: str, error: OSError) -> Ended:
        if error.errno in _ABSENT:
            ending, code, detail = Ending.NOT_FOUND, EXIT_NOT_FOUND, program
        else:
            ending, code, detail = Ending.NOT_EXECUTABLE, EXIT_NOT_EXECUTABLE, f"{program}: {error.strerror}"
        return Ended(ending, code, self._started_at, time.time(), detail)

    def end(self, why: Ending, patience: float = TERM_SECONDS) -> None:
        """Have the whole process group end: SIGTERM now, SIGKILL after so many seconds; 0 kills at once."""
        with self._lock:
            if self._over or self._process is None:
                return
            self._why = self._why or why
            at = time.monotonic() + patience
            self._kill_at = at if self._kill_at is None else min(at, self._kill_at)
            self._signal(signal.SIGTERM if patience > 0 else signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the group; only while its leader is not yet reaped, so that the number is still its own."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except (ProcessLookupError, PermissionError):
                # Nobody is left in the group, or only a process that has become another user's.
                return

    def wait(self) -> Ended:
        """Wait until the command has ended and its group is gone. Call once."""
        process = self._process
        if process is None:
            assert self._refused is not None
            return self._refused
        with _Exit(process) as exited:
            while not exited.within(self._next_look()):
                self._look()
            finished_at = time.time()
            with self._lock:
                self._over = True
                self._signal(signal.SIGKILL)
                code = process.wait()
        self._watchdog.ended(process.pid)
        ended = self._ended(code, finished_at)
        if not ended.ok:
            kill_marked(self._mark)
        return ended

    def _next_look(self) -> float:
        if self._timeout is None:
            return _TICK
        return max(0.0, min(_TICK, self._started + self._timeout - time.monotonic()))

    def _look(self) -> None:
        now = time.monotonic()
        if self._why is None and self._timeout is not None and now >= self._started + self._timeout:
            self.end(Ending.TIMED_OUT)
        with self._lock:
            if self._kill_at is not None and now >= self._kill_at:
                self._signal(signal.SIGKILL)

    def _ended(self, code: int, finished_at: float) -> Ended:
        ending, detail = Ending.EXITED, ""
        if self._why is not None:
            ending = self._why
            if ending == Ending.TIMED_OUT:
                code, detail = EXIT_TIMED_OUT, duration(self._timeout or 0.0)
        elif code < 0:
            ending, detail = Ending.SIGNALLED, _signal_name(-code)
        if code < 0:
            code = EXIT_SIGNAL - code
        return Ended(ending, code, self._started_at, finished_at, detail)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _Exit:
    """Waits for a process to exit without reaping it: by a process descriptor on Linux, else by asking now and then."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._descriptor: int | None = None
        if hasattr(os, "pidfd_open"):
            try:
                self._descriptor = os.pidfd_open(process.pid)
            except OSError:
                # Some container runtimes forbid the call; asking works everywhere.
                self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def within(self, seconds: float) -> bool:
        """Whether it exits within so many seconds."""
        if self._descriptor is not None:
            waiting = select.poll()
            waiting.register(self._descriptor, select.POLLIN)
            return bool(waiting.poll(min(_TICK_MS, seconds * 1000)))
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

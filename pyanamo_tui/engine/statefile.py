"""The file in which an engine says what it does, for those who started it: whole at every moment, and never old."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import psutil

from pyanamo_tui.errors import UsageError

EVERY: Final = 2.0
_SAME_SECONDS: Final = 1.0
"""By which the start of one and the same process may be told differently."""

Json = str | int | float | bool | None | list["Json"] | Mapping[str, "Json"]


class StateFile:
    """Rewrites a JSON file in one step, at the most every two seconds.

    Its `pid` and `pid_created` (epoch seconds, as psutil gives them) together name this process: a pid alone may have
    been given to another one since.

    Args:
        path: the file; its folder is made.
        fixed: what never changes.
        clock: epoch seconds.
        say: told of a write that failed; the next may do.

    Raises:
        UsageError: the file is that of another engine, which runs.
    """

    def __init__(
        self,
        path: Path,
        fixed: Mapping[str, Json],
        say: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._say = say
        self._clock = clock
        self._fixed: dict[str, Json] = {
            "pid": os.getpid(),
            "pid_created": psutil.Process().create_time(),
            "started_at": round(clock(), 3),
            **fixed,
        }
        other = _running_owner(path)
        if other is not None:
            raise UsageError(
                f"The state file {path} is that of another engine, process {other}",
                "Give each engine a state file of its own.",
            )
        self._written_at = 0.0

    def write(self, state: Callable[[], Mapping[str, Json]], *, now: bool = False) -> None:
        """Write the state if it is time to, or `now`."""
        at = self._clock()
        if not now and 0 <= at - self._written_at < EVERY:
            return
        self._written_at = at
        text = json.dumps({**self._fixed, **state(), "updated_at": round(at, 3)}, indent=1)
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text + "\n", encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            self._say(f"The state file {self._path} cannot be written: {error.strerror}")


def _running_owner(path: Path) -> int | None:
    """The process, other than this one, whose state a file tells and that runs yet."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        pid, created = int(told["pid"]), float(told["pid_created"])
        if pid == os.getpid() or abs(psutil.Process(pid).create_time() - created) > _SAME_SECONDS:
            return None
    except (OSError, ValueError, TypeError, KeyError, psutil.Error):
        # There is no such file or process, or the file is no engine's.
        return None
    return pid

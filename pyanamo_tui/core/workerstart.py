"""Starts an engine on this host so that it outlives whoever started it, and notes for whom and with which command."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil

from pyanamo_tui.core.engineorder import EngineOrder
from pyanamo_tui.core.workerfiles import Order, WorkerFiles
from pyanamo_tui.errors import UsageError

_ENGINE: Final = (sys.executable, "-P", "-m", "pyanamo_tui.engine.main")
_KEYS: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_DETACHED: Final = '"$@" </dev/null >>"$0" 2>&1 & echo $!'


@dataclass(frozen=True, slots=True)
class WorkPlace:
    """The open table, and what engines of it need.

    Attributes:
        table: its name; None where none is open.
        region, endpoint_url: where it is.
        profile: name of the AWS profile that engines use; None for what their environment says.
        bucket, key_prefix: where their logs above 10 MB go.
    """

    table: str | None
    region: str
    endpoint_url: str | None = None
    profile: str | None = None
    bucket: str | None = None
    key_prefix: str | None = None

    @property
    def named(self) -> str:
        """The table's name.

        Raises:
            UsageError: none is open.
        """
        if self.table is None:
            raise UsageError("No table is named", "Pass --table NAME, or set PYANAMO_TUI_TABLE.")
        return self.table

    def command(self, order: EngineOrder) -> tuple[str, ...]:
        """The words of an engine's command, without the program."""
        where = {"endpoint_url": self.endpoint_url, "bucket": self.bucket, "key_prefix": self.key_prefix}
        return order.command(self.named, self.region, **where)[1:]


def prepared(files: WorkerFiles, place: WorkPlace, order: EngineOrder, now: float) -> tuple[Order, tuple[str, ...]]:
    """Note a worker that is about to be started: the note, and the whole command of its engine.

    Whoever starts the process calls `started` then.

    Args:
        files: where it is noted.
        place, order: what it works on, and how.
        now: epoch seconds.

    Raises:
        OSError: it could not be noted.
        UsageError: no table is open.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    worker_id = f"w-{stamp}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"
    words = place.command(order)
    own = ("--state-file", str(files.state_path(worker_id)), "--work-dir", str(files.work_path(worker_id)))
    noted = Order(worker_id, place.named, place.region, place.endpoint_url, now, words)
    files.write_order(noted)
    files.work_path(worker_id).mkdir(mode=0o700)
    files.log_path(worker_id).touch(mode=0o600)
    return noted, (*_ENGINE, *words, *own)


def started(files: WorkerFiles, noted: Order, pid: int) -> None:
    """Note the process of a worker: until its engine has spoken itself, this is how it is known."""
    files.write_order(replace(noted, pid=pid, pid_created=_made_at(pid)))


def start_engine(
    files: WorkerFiles, place: WorkPlace, order: EngineOrder, inherited: Mapping[str, str], now: float
) -> str:
    """Start one that outlives this process; gives the worker's id. It is noted before its process is there.

    Args:
        files, place, order, now: as in `prepared`.
        inherited: the environment that it is given, but for what belongs to this program alone.

    Raises:
        OSError: it could not be noted or started.
        UsageError: no table is open.
    """
    noted, command = prepared(files, place, order, now)
    started(files, noted, _detached(command, _environment(inherited, place.profile), files.log_path(noted.id)))
    return noted.id


def _made_at(pid: int) -> float:
    """When a process was made, epoch seconds; 0 if it has ended: its log says of what."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def _environment(inherited: Mapping[str, str], profile: str | None) -> dict[str, str]:
    """What engines inherit: credentials are in there alone, never on a command line or in a file."""
    environment = {name: value for name, value in inherited.items() if not name.startswith("PYANAMO_TUI_")}
    if profile is None:
        return environment
    # Keys of the environment would go before the profile.
    kept = {name: value for name, value in environment.items() if name not in _KEYS}
    return {**kept, "AWS_PROFILE": profile}


def _detached(command: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    """Start a process of its own session that outlives the terminal, its output added to a file; its pid.

    It works in the current folder, as it would if its command were typed: what its tasks write is found there. The
    shell in between ends at once, so that the process is nobody's child: it needs nobody to collect it.

    Raises:
        OSError: it could not be started.
    """
    shell = subprocess.run(
        ["/bin/sh", "-c", _DETACHED, str(log), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
        check=False,
    )
    if shell.returncode != 0:
        raise OSError(f"the engine could not be started: the shell ended with {shell.returncode}")
    return int(shell.stdout)

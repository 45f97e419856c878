"""`--local`: the embedded server of one folder, which outlives the command that started it and is found by the next.

The server holds a lock on the folder for as long as it runs, and one on the file that says where it answers. Its
tables are kept in the folder, too: stopped and started again they are as they were.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyanamo_tui.errors import MissingExtra, PyanamoError, ServiceUnavailable, UsageError
from pyanamo_tui.local.server import EXIT_MISSING, START_SECONDS, dummy_environment
from pyanamo_tui.settings import ENVIRONMENT_PREFIX, state_path

LOCK: Final = "lock"
ADDRESS: Final = "server.json"
OUTPUT: Final = "server.log"
STOP_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 4 * 3600.0
"""A server that nobody has asked anything for so long saves and ends; the next command starts it again."""
EXIT_RUNNING: Final = 75
"""What a server ends with whose folder another one has."""
_LOOK_EVERY: Final = 0.05
_started: Final[dict[Path, subprocess.Popen[bytes]]] = {}
"""Servers that this process started, to be reaped when they end before it."""


def default_folder() -> Path:
    """Where `--local` without a folder keeps its data."""
    return state_path() / "local"


def take_folder(folder: Path) -> int | None:
    """Lock a folder until the descriptor is closed or the process ends; None when another one has it."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def leave_address(folder: Path, url: str) -> None:
    """Say in the folder where its server answers, in a file that the server holds a lock on for as long as it lives."""
    new = folder / f"{ADDRESS}.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(descriptor, json.dumps({"pid": os.getpid(), "endpoint_url": url}).encode())
    new.replace(folder / ADDRESS)


@dataclass(frozen=True, slots=True)
class Resident:
    """A running server of a folder."""

    folder: Path
    pid: int
    endpoint_url: str


class LocalFolder:
    """The folder of a local database.

    Args:
        folder: None for the usual one; made when a server is started.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or default_folder()).expanduser().absolute()

    def running(self) -> Resident | None:
        """The server of this folder; None when there is none, or it is not ready yet."""
        try:
            descriptor = os.open(self.folder / ADDRESS, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            # Whoever wrote this very file holds it, and so still runs.
            told = json.loads(os.read(descriptor, 4096))
            return Resident(self.folder, told["pid"], told["endpoint_url"])
        finally:
            os.close(descriptor)
        return None

    def start(self) -> Resident:
        """The server of this folder, started if none runs, ready to answer.

        Raises:
            UsageError: the folder cannot be made or written.
            MissingExtra: the packages of the `local` extra are not installed.
            ServiceUnavailable: it did not start; says its last words.
        """
        found = self.running()
        if found is not None:
            return found
        deadline = time.monotonic() + START_SECONDS
        process = self._spawn()
        while time.monotonic() < deadline:
            code = process.poll()
            found = self.running()
            if found is not None:
                return found
            if code == EXIT_RUNNING:  # another one starts just now, or saves before it ends
                time.sleep(_LOOK_EVERY)
                process = self._spawn()
            elif code is not None:
                raise self._not_started(code)
            time.sleep(_LOOK_EVERY)
        raise ServiceUnavailable(
            f"The embedded DynamoDB did not answer within {START_SECONDS:.0f} s", f"See {self.folder / OUTPUT}"
        )

    def _spawn(self) -> subprocess.Popen[bytes]:
        before = _started.pop(self.folder, None)
        if before is not None:
            before.wait()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            output = (self.folder / OUTPUT).open("ab")
        except OSError as error:
            raise UsageError(f"{self.folder} cannot be used: {error.strerror}", "Name another folder.") from error
        with output:
            process = _started[self.folder] = subprocess.Popen(
                [sys.executable, "-P", "-m", "pyanamo_tui.local.server", "--data", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dummy_environment(os.environ),
                cwd=self.folder,
                start_new_session=True,
            )
        return process

    def _not_started(self, code: int | None) -> PyanamoError:
        lines = (self.folder / OUTPUT).read_text(errors="replace").strip().splitlines()
        said = lines[-1] if lines else f"exit code {code}"
        if code == EXIT_MISSING:
            return MissingExtra(said, "Install it: pip install 'pyanamo-tui[local]'")
        return ServiceUnavailable(f"The embedded DynamoDB did not start: {said}", f"See {self.folder / OUTPUT}")

    def stop(self) -> bool:
        """End the server, everything saved; False when none runs.

        Raises:
            ServiceUnavailable: it does not end.
        """
        found = self.running()
        if found is None:
            return False
        os.kill(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self.running() is not None:
            if time.monotonic() > deadline:
                raise ServiceUnavailable(f"Process {found.pid} does not end", f"See {self.folder / OUTPUT}")
            time.sleep(_LOOK_EVERY)
        process = _started.pop(self.folder, None)
        if process is not None:
            process.wait()
        return True


def lead_to(resident: Resident, environment: MutableMapping[str, str]) -> None:
    """Make an environment lead to a local server, and nothing in it to AWS: for this process and those it starts."""
    kept = {name: value for name, value in environment.items() if name.startswith(ENVIRONMENT_PREFIX)}
    for name in ("PROFILE", "ENDPOINT_URL"):
        kept.pop(ENVIRONMENT_PREFIX + name, None)
    local = dummy_environment(environment, resident.endpoint_url)
    environment.clear()
    environment.update({**local, **kept})

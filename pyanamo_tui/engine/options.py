"""What an engine is told on its command line: the original's flags and ours, as one frozen value."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from pyanamo_tui import __version__
from pyanamo_tui.settings import ENVIRONMENT_PREFIX

LEASE_SECONDS: Final = 300.0
GRACE_SECONDS: Final = 20.0
MIN_LEASE: Final = 1.0


class Idle(StrEnum):
    """What an engine does when there is nothing to claim."""

    EXIT = "exit"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Options:
    """One engine's orders. Times are seconds; None means no limit.

    `items_at_once` and `tasks_at_once` are the original's `-i` and `-n`; `grace` is how long a running task may take to
    end by itself once the engine is told to stop.
    """

    table: str
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    bucket: str | None = None
    key_prefix: str = "PyAnamo"
    items_at_once: int = 1
    tasks_at_once: int = 1
    wall_time: float | None = None
    lease: float = LEASE_SECONDS
    max_attempts: int = 1
    task_timeout: float | None = None
    max_items: int | None = None
    idle: Idle = Idle.EXIT
    grace: float = GRACE_SECONDS
    log_json: bool = False
    state_file: Path | None = None
    work_dir: Path | None = None


def _count(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 is expected")
    return number


def _seconds(least: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not least <= number < math.inf:
            raise argparse.ArgumentTypeError(f"seconds from {least:g} are expected, not {value!r}")
        return number

    return parse


def parser() -> argparse.ArgumentParser:
    """The command line of `pyanamo-engine`."""
    made = argparse.ArgumentParser(
        prog="pyanamo-engine",
        description="Take the waiting items of a workflow table, run their scripts and write the outcomes back.",
        epilog="Exit codes: 0 worked to its end (items may have failed), 1 could not work, 2 wrong usage, "
        "3 credentials or permission, 4 no such table, 130 or 143 stopped by a signal.",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("-t", "--table", required=True, help="the workflow table")
    add("-r", "--region", help="AWS region (else AWS_REGION, or the profile's)")
    add("--profile", help="profile of the AWS credentials")
    add("--endpoint-url", help="another endpoint for every AWS service")
    add("-b", "--bucket", help="S3 bucket for logs above 10 MB; without it they are cut to their last 10 MB")
    add("-k", "--key-prefix", default="PyAnamo", help="prefix of those logs' keys (PyAnamo)")
    add("-i", "--items", type=_count, default=1, metavar="N", help="items at once (1)")
    add("-n", "--nests", type=_count, default=1, metavar="N", help="nested tasks at once within each item (1)")
    add("-w", "--wall-time", type=_seconds(0), metavar="SECONDS", help="start nothing that would not end by then")
    add(
        "--lease",
        type=_seconds(MIN_LEASE),
        default=LEASE_SECONDS,
        metavar="SECONDS",
        help="how long a lock holds (300)",
    )
    add("--max-attempts", type=_count, default=1, metavar="N", help="run a failed item up to N times (1)")
    add("--task-timeout", type=_seconds(0), metavar="SECONDS", help="a command that runs longer has failed")
    add("--max-items", type=_count, metavar="N", help="stop after N items")
    add("--idle", choices=[choice.value for choice in Idle], default="exit", help="with nothing to do: exit, or wait")
    add(
        "--grace", type=_seconds(0), default=GRACE_SECONDS, metavar="SECONDS", help="after SIGTERM, wait for tasks (20)"
    )
    add("--log-json", action="store_true", help="write the log as one JSON object a line")
    add("--state-file", type=Path, metavar="FILE", help="keep a JSON file that says what this engine does")
    add("--work-dir", type=Path, metavar="DIR", help="where running tasks' output is kept on disk (TMPDIR)")
    add("--version", action="version", version=f"pyanamo-engine {__version__}")
    return made


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """The options of a command line; what it does not say comes from `PYANAMO_TUI_…`, then AWS's own variables.

    Raises:
        SystemExit: with 2 for wrong usage, with 0 for `--help` and `--version`, as argparse does.
    """
    made = parser()
    given = made.parse_args(arguments)
    if not given.table.strip():
        made.error("argument -t/--table: a name is expected")
    endpoint = given.endpoint_url or environment.get(ENVIRONMENT_PREFIX + "ENDPOINT_URL")
    return Options(
        table=given.table,
        region=given.region or environment.get("AWS_REGION"),
        profile=given.profile,
        endpoint_url=endpoint or environment.get("AWS_ENDPOINT_URL"),
        bucket=given.bucket or environment.get(ENVIRONMENT_PREFIX + "BUCKET"),
        key_prefix=given.key_prefix.strip("/"),
        items_at_once=given.items,
        tasks_at_once=given.nests,
        wall_time=given.wall_time,
        lease=given.lease,
        max_attempts=given.max_attempts,
        task_timeout=given.task_timeout or None,
        max_items=given.max_items,
        idle=Idle(given.idle),
        grace=given.grace,
        log_json=given.log_json,
        state_file=given.state_file,
        work_dir=given.work_dir,
    )

"""The command line of an engine as people order it, for whoever starts engines: on this host or on AWS Batch.

The core knows nothing of the engine's code: what holds between them is this command line (docs/engine.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyanamo_tui.errors import UsageError

PROGRAM: Final = "pyanamo-engine"
IDLE: Final = ("exit", "wait")


@dataclass(frozen=True, slots=True)
class EngineOrder:
    """How engines are to work. Times are seconds; None leaves the engine's own default, which is no limit for most.

    Attributes:
        items_at_once, tasks_at_once: the engine's `-i` and `-n`.
        wall_time: start nothing that would not end by then, `-w`.
        lease: how long a lock holds (300 if not said).
        max_attempts: run a failed item up to so many times.
        task_timeout: a command that runs longer has failed.
        max_items: stop after so many items.
        idle: with nothing to do `exit`, or `wait` for more.
        log_json: write the engine's log as JSON lines.
    """

    items_at_once: int = 1
    tasks_at_once: int = 1
    wall_time: float | None = None
    lease: float | None = None
    max_attempts: int = 1
    task_timeout: float | None = None
    max_items: int | None = None
    idle: str = "exit"
    log_json: bool = False

    def __post_init__(self) -> None:
        """Refuse what the engine would refuse, before any is started.

        Raises:
            UsageError: a number is below what makes sense, or `idle` is another word.
        """
        least: tuple[tuple[str, float | None, float], ...] = (
            ("items at once", self.items_at_once, 1),
            ("tasks at once", self.tasks_at_once, 1),
            ("the wall time", self.wall_time, 0),
            ("the lease", self.lease, 1),
            ("attempts", self.max_attempts, 1),
            ("the task timeout", self.task_timeout, 0),
            ("the number of items", self.max_items, 1),
        )
        for what, value, smallest in least:
            if value is not None and not smallest <= value < float("inf"):
                raise UsageError(f"An engine takes {what} from {smallest:g}, not {value:g}", "Give another number.")
        if self.idle not in IDLE:
            raise UsageError(f"An idle engine can exit or wait, not {self.idle!r}", "Give exit or wait.")

    def command(
        self,
        table: str,
        region: str,
        *,
        endpoint_url: str | None = None,
        bucket: str | None = None,
        key_prefix: str | None = None,
    ) -> tuple[str, ...]:
        """The words of the command, the program first; what is as the engine has it by itself is left out.

        Args:
            table, region: where its items are.
            endpoint_url: another endpoint for every AWS service.
            bucket, key_prefix: where logs above 10 MB go.
        """
        words = [PROGRAM, "-t", table, "-r", region]
        valued: tuple[tuple[str, str | None], ...] = (
            ("--endpoint-url", endpoint_url),
            ("-b", bucket),
            ("-k", key_prefix if bucket else None),
            ("-i", _above_one(self.items_at_once)),
            ("-n", _above_one(self.tasks_at_once)),
            ("-w", _number(self.wall_time)),
            ("--lease", _number(self.lease)),
            ("--max-attempts", _above_one(self.max_attempts)),
            ("--task-timeout", _number(self.task_timeout)),
            ("--max-items", _number(self.max_items)),
            ("--idle", None if self.idle == IDLE[0] else self.idle),
        )
        for flag, value in valued:
            if value is not None:
                words += [flag, value]
        return (*words, *(["--log-json"] if self.log_json else []))


def _number(value: float | None) -> str | None:
    if value is None:
        return None
    return str(int(value)) if value == int(value) else str(value)


def _above_one(value: int) -> str | None:
    return None if value == 1 else str(value)

"""What is known of each attempt at a script or task: the logs kept, bounded in number and size, and what runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.workflow.model import EarlierLog, Item, ItemState, LogEntry

EARLIER_KEPT: Final = 5
"""Earlier attempts whose tails stay in a log entry."""
EARLIER_TAIL: Final = 400
"""Characters kept of each stream of an earlier attempt."""
_SECTION: Final = re.compile(r"^==> (.+) <==$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt.

    Attributes:
        number: as its log says, from 1; where it does not, one more than the attempt before.
        log: what the item keeps of it; None while it runs.
    """

    number: int
    log: LogEntry | EarlierLog | None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.log is None


def attempts_of(item: Item, task: str | None = None) -> tuple[Attempt, ...]:
    """The attempts at an item's script, or at one of its tasks, of which something is known; the latest comes last."""
    found = None if task is None else item.task(task)
    entry = item.log if task is None else None if found is None else found.log
    running = runs_now(item, task)
    logs: list[LogEntry | EarlierLog] = [] if entry is None else [*entry.earlier]
    if entry is not None and not (running and _says_nothing(entry)):
        logs.append(entry)
    attempts: list[Attempt] = []
    for log in logs:
        attempts.append(Attempt(log.attempt or (attempts[-1].number + 1 if attempts else 1), log))
    if running:
        after = attempts[-1].number + 1 if attempts else 1
        attempts.append(Attempt(item.facts.attempts or after, None))
    return tuple(attempts)


def _says_nothing(log: LogEntry) -> bool:
    return not (log.status or log.stdout or log.stderr or log.uri or log.stderr_uri)


def runs_now(item: Item, task: str | None) -> bool:
    """Whether this very script or task may be running."""
    if item.facts.state != ItemState.LOCKED:
        return False
    if task is None or item.live_tail is None:
        found = None if task is None else item.task(task)
        return found is None or not found.ended
    return told(item, task) is not None


def told(item: Item, task: str | None) -> str | None:
    """What the worker of a running item tells of this script or task; None if nothing.

    A nested item's `Live_Tail` has a section for each task that runs, under a line with its key.
    """
    if task is None or item.live_tail is None:
        return item.live_tail
    parts = _SECTION.split(item.live_tail)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    found = sections.get(task)
    return None if found is None else found.removeprefix("\n")


def earlier_of(log: LogEntry | None) -> tuple[EarlierLog, ...]:
    """What is kept of the log that a new one replaces: its tail, and those before it."""
    if log is None or not (log.status or log.stdout or log.stderr):
        return () if log is None else log.earlier
    kept = EarlierLog(
        attempt=log.attempt,
        exit_code=log.exit_code,
        status=log.status,
        stdout=log.stdout[-EARLIER_TAIL:],
        stderr=log.stderr[-EARLIER_TAIL:],
        uri=log.uri,
        stderr_uri=log.stderr_uri,
        finished_at=log.finished_at,
    )
    return (*log.earlier, kept)[-EARLIER_KEPT:]

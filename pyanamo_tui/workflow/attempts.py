"""What is kept of an attempt's log once a later attempt has ended: its tail, bounded in number and size."""

from __future__ import annotations

from typing import Final

from pyanamo_tui.workflow.model import EarlierLog, LogEntry

EARLIER_KEPT: Final = 5
"""Earlier attempts whose tails stay in a log entry."""
EARLIER_TAIL: Final = 400
"""Characters kept of each stream of an earlier attempt."""


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

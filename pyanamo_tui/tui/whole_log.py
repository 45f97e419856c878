"""The last page of a log that is kept outside its item, read on a thread: what the log view shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.widgets.log_lines import LineKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import LogEntry


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a log and where each is from; `note` says where they are kept, or why they are not the whole."""

    lines: tuple[tuple[LineKind, str], ...]
    note: str


def kept_elsewhere(log: LogEntry | None) -> bool:
    """Whether the item holds only the tail of this log."""
    return log is not None and bool(log.uri or log.stderr_uri)


def newest_page(workspace: Workspace, item_id: str, task: str | None, streams: tuple[str, ...]) -> LogPage:
    """The newest page of each stream, one after the other. Never fails: the note says what went wrong.

    Args:
        workspace: the open table.
        item_id, task: whose log; None for a single item.
        streams: `stdout`, `stderr` or both.
    """
    found: list[tuple[LineKind, Sequence[str]]] = []
    notes: list[str] = []
    for stream in streams:
        try:
            with workspace.logbook.read(item_id, task, "stderr" if stream == "stderr" else "stdout") as log:
                page = log.newest()
                note = log.problem or f"from {log.source}"
        except PyanamoError as error:
            page, note = (), error.message
        found.append((LineKind.ERR if stream == "stderr" else LineKind.OUT, page))
        if note not in notes:
            notes.append(note)
    return LogPage(tuple(both_streams(found)), "; ".join(notes))


def both_streams(found: Sequence[tuple[LineKind, Sequence[str]]]) -> list[tuple[LineKind, str]]:
    """The lines of one stream, or of several under a heading each; what is empty has no heading."""
    written = [(kind, lines) for kind, lines in found if lines]
    together: list[tuple[LineKind, str]] = []
    for kind, lines in written:
        if len(found) > 1:
            together.append((LineKind.NOTE, "stderr" if kind is LineKind.ERR else "stdout"))
        together += [(kind, line) for line in lines]
    return together


def save_log(workspace: Workspace, item_id: str, task: str | None, stream: str, path: str) -> int:
    """Write one stream of a log whole to a file; gives its bytes.

    Raises:
        UsageError: the file is there already or cannot be written.
        PyanamoError: the log cannot be read.
    """
    with workspace.logbook.read(item_id, task, "stderr" if stream == "stderr" else "stdout") as log:
        return log.save(Path(path).expanduser())

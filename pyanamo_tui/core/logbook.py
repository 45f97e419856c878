"""Reading an item's log, wherever it is kept: in the item, in CloudWatch Logs, in S3, or as it is being written.

text = workspace.logbook.read("sample-7", task="Task_3", stream="stderr")
text.newest()          # the last page of lines, at once
text.earlier()         # the page before it, and so on
text.problem           # why it is not the whole log, or ""
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.logs import Place, open_log, place_of_status, place_of_uri
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.core.logtext import LogFacts, LogText, Stream, TextLog
from pyanamo_tui.errors import (
    ItemNotFound,
    NotFound,
    PermissionDenied,
    ServiceRefused,
    ServiceUnavailable,
    UsageError,
)
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.attempts import EARLIER_TAIL, Attempt, attempts_of, told
from pyanamo_tui.workflow.model import EarlierLog, Item, LogEntry, TaskStatus
from pyanamo_tui.workflow.schema import read_item


class Logbook:
    """The logs of one table's items.

    Args:
        items: the table's items.
        connection: for CloudWatch Logs and S3.
    """

    def __init__(self, items: Items, connection: Connection) -> None:
        self._items = items
        self._connection = connection

    def read(
        self,
        item_id: str,
        task: str | None = None,
        stream: Stream = "stdout",
        attempt: int | None = None,
        *,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> LogText:
        """One log, its last page read. Where the whole log has expired, is missing or forbidden, `problem` says so and
        the text is the tail that the item keeps.

        Args:
            item_id: which item.
            task: key of the nested task; None for a single item.
            stream: standard output or standard error.
            attempt: an earlier one, by its number; None for the latest: of a running item, what its worker tells.
            cancelled: asked while a compressed log is fetched.

        Raises:
            ItemNotFound, NotFound: there is no such item, task or attempt.
            UsageError: it is a nested item and no task was named.
            CredentialsError, Interrupted: as they say.
        """
        item = self._item(item_id)
        known = _attempts(item, task)
        if attempt is not None:
            found = next((one for one in reversed(known) if one.number == attempt), None)
            if found is None:
                raise _no_attempt(item_id, attempt, known)
        else:
            found = known[-1] if known else None
        return self.open(item, task, stream, found, cancelled=cancelled)

    def open(
        self,
        item: Item,
        task: str | None,
        stream: Stream,
        attempt: Attempt | None,
        *,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> LogText:
        """The log of one attempt at an item that was read already, as `read` has it.

        Args:
            item: the item.
            task: key of the nested task; None for a single item.
            stream: standard output or standard error.
            attempt: one of `attempts_of(item, task)`; None where there is none.
            cancelled: asked while a compressed log is fetched.
        """
        known = tuple(one.number for one in attempts_of(item, task))
        if attempt is None:
            facts = LogFacts(
                item.item_id, task, stream, None, "", None, None, None, "nowhere", problem="It has no log yet"
            )
            return LogText(facts, TextLog(""))
        if attempt.log is None:
            return self._live(item, task, stream, attempt.number, known)
        return self._entry_text(_Which(item.item_id, task, stream, attempt.number, known), attempt.log, cancelled)

    def _item(self, item_id: str) -> Item:
        record = self._items.get(item_id)
        if record is None:
            raise ItemNotFound(item_id)
        return read_item(record)

    def _live(self, item: Item, task: str | None, stream: Stream, number: int, known: tuple[int, ...]) -> LogText:
        tail = told(item, task)
        problem = "It is still running: these are the last lines that its worker told"
        if tail is None:
            problem = "It is running, and its worker has told nothing of its output yet"
        started = item.facts.locked_at
        facts = LogFacts(
            item.item_id,
            task,
            stream,
            number,
            "running",
            None,
            started,
            None,
            "its worker, while it runs",
            running=True,
            problem=problem,
            attempts=known,
        )

        def again() -> Item | None:
            record = self._items.get(item.item_id, (schema.ITEM_ID, schema.STATE, schema.LIVE_TAIL))
            return None if record is None else read_item(record)

        return LogText(facts, TextLog(tail or ""), again)

    def _entry_text(self, which: _Which, entry: LogEntry | EarlierLog, cancelled: Callable[[], bool]) -> LogText:
        kept = entry.stdout if which.stream == "stdout" else entry.stderr
        uri = _uri_of(entry, which.stream)
        place = _place_of(entry, which.stream)

        def facts(source: str, problem: str = "", hint: str = "") -> LogFacts:
            return LogFacts(
                which.item_id,
                which.task,
                which.stream,
                which.number,
                entry.status,
                entry.exit_code,
                entry.started_at if isinstance(entry, LogEntry) else None,
                entry.finished_at,
                source,
                problem=problem,
                hint=hint,
                attempts=which.known,
            )

        if place is None:
            unreadable = f"The whole log is said to be at {uri}, which cannot be read from here" if uri else ""
            cut = isinstance(entry, EarlierLog) and len(kept) >= EARLIER_TAIL
            return LogText(facts("the item", unreadable or (_ONLY_TAIL if cut else "")), TextLog(kept))
        try:
            text = LogText(facts(str(place)), open_log(self._connection, place, cancelled))
            text.newest()
        except (NotFound, PermissionDenied, ServiceUnavailable, ServiceRefused) as error:
            problem, hint = _unreachable(place, error)
            if uri is None:
                hint = f"{hint} {_MARKED_ONLY}".strip()
            return LogText(facts("the item", problem, hint), TextLog(kept))
        return text


class _Which(NamedTuple):
    """Which log: of which item, task and stream, which attempt, and which attempts there are."""

    item_id: str
    task: str | None
    stream: Stream
    number: int
    known: tuple[int, ...]


def kept_elsewhere(log: LogEntry | EarlierLog | None) -> bool:
    """Whether the item holds only a part of this log, the whole of which is in CloudWatch Logs or S3, or was."""
    if log is None:
        return False
    return any(_uri_of(log, stream) is not None or _place_of(log, stream) is not None for stream in _STREAMS)


def _uri_of(log: LogEntry | EarlierLog, stream: Stream) -> str | None:
    return log.uri if stream == "stdout" else log.stderr_uri


def _place_of(log: LogEntry | EarlierLog, stream: Stream) -> Place | None:
    """Where our URI points to or, where there is none, the original's sentence, which is about standard output."""
    uri = _uri_of(log, stream)
    if uri is not None:
        return place_of_uri(uri)
    return place_of_status(log.status) if stream == "stdout" else None


_STREAMS: Final[tuple[Stream, ...]] = ("stdout", "stderr")
_TASKS_NAMED: Final = 5
_MARKED_ONLY: Final = "The original engine keeps in the item only the lines that began with PyAnamo: and a tab."
_ONLY_TAIL: Final = "Of an earlier attempt the item keeps the last lines only"


def _unreachable(
    place: Place, error: NotFound | PermissionDenied | ServiceUnavailable | ServiceRefused
) -> tuple[str, str]:
    if isinstance(error, NotFound):
        return f"The whole log is no longer there, expired or deleted: {place}", "What the item keeps of it is shown."
    if isinstance(error, PermissionDenied) and place.service == "s3":
        return (
            error.message,
            f"{error.hint} S3 says the same of a log that is gone, where s3:ListBucket is not allowed.",
        )
    return error.message, error.hint


def _attempts(item: Item, task: str | None) -> tuple[Attempt, ...]:
    if task is None and item.tasks:
        failed = [one.key for one in item.tasks if one.status == TaskStatus.FAILED]
        keys = failed or [one.key for one in item.tasks]
        named = ", ".join(keys[:_TASKS_NAMED]) + (" …" if len(keys) > _TASKS_NAMED else "")
        hint = f"Name one. Failed: {named}" if failed else f"Name one: {named}"
        raise UsageError(f"Item {item.item_id!r} has {len(item.tasks)} nested tasks", hint)
    if task is not None and item.task(task) is None:
        raise NotFound(f"Item {item.item_id!r} has no task {task!r}", "Open the item to see its tasks.")
    return attempts_of(item, task)


def _no_attempt(item_id: str, attempt: int, known: tuple[Attempt, ...]) -> NotFound:
    there = ", ".join(str(one.number) for one in known)
    return NotFound(
        f"Item {item_id!r} keeps no log of attempt {attempt}",
        f"It keeps those of {there}: the latest, and at most five before it." if known else "It has not run yet.",
    )

"""Reading an item's log, wherever it is kept: in the item, in CloudWatch Logs, in S3, or as it is being written.

text = workspace.logbook.read("sample-7", task="Task_3", stream="stderr")
text.newest()          # the last page of lines, at once
text.pages_back()      # every page, the newest first
text.problem           # why it is not the whole log, or ""
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.logs import Place, open_log, place_of_status, place_of_uri
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.core.logtext import LogFacts, LogText, Stream, TextLog, told
from pyanamo_tui.errors import (
    ItemNotFound,
    NotFound,
    PermissionDenied,
    ServiceRefused,
    ServiceUnavailable,
    UsageError,
)
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import EarlierLog, Item, ItemState, LogEntry
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
        latest = _entry(item, task)
        if attempt is None and _runs(item, task):
            return self._live(item, task, stream)
        entry: LogEntry | EarlierLog | None = latest
        if attempt is not None and (latest is None or latest.attempt != attempt):
            entry = _earlier(latest, attempt, item_id)
        if entry is None:
            facts = LogFacts(item_id, task, stream, None, "", None, None, None, "nowhere", problem="It has no log yet")
            return LogText(facts, TextLog(""))
        return self._entry_text(item_id, task, stream, entry, cancelled)

    def _item(self, item_id: str) -> Item:
        record = self._items.get(item_id)
        if record is None:
            raise ItemNotFound(item_id)
        return read_item(record)

    def _live(self, item: Item, task: str | None, stream: Stream) -> LogText:
        tail = told(item, task)
        problem = "It is still running: these are the last lines that its worker told"
        if tail is None:
            problem = "It is running, and its worker has told nothing of its output yet"
        started = item.facts.locked_at
        facts = LogFacts(
            item.item_id,
            task,
            stream,
            item.facts.attempts,
            "running",
            None,
            started,
            None,
            "its worker, while it runs",
            running=True,
            problem=problem,
        )

        def again() -> Item | None:
            record = self._items.get(item.item_id, (schema.ITEM_ID, schema.STATE, schema.LIVE_TAIL))
            return None if record is None else read_item(record)

        return LogText(facts, TextLog(tail or ""), again)

    def _entry_text(
        self,
        item_id: str,
        task: str | None,
        stream: Stream,
        entry: LogEntry | EarlierLog,
        cancelled: Callable[[], bool],
    ) -> LogText:
        kept = entry.stdout if stream == "stdout" else entry.stderr
        uri = entry.uri if stream == "stdout" else entry.stderr_uri
        place = place_of_uri(uri) if uri is not None else None
        if uri is None and stream == "stdout":
            place = place_of_status(entry.status)

        def facts(source: str, problem: str = "", hint: str = "") -> LogFacts:
            started = entry.started_at if isinstance(entry, LogEntry) else None
            return LogFacts(
                item_id,
                task,
                stream,
                entry.attempt,
                entry.status,
                entry.exit_code,
                started,
                entry.finished_at,
                source,
                problem=problem,
                hint=hint,
            )

        if place is None:
            unreadable = f"The whole log is said to be at {uri}, which cannot be read from here" if uri else ""
            cut = isinstance(entry, EarlierLog)
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


def _entry(item: Item, task: str | None) -> LogEntry | None:
    if task is None:
        if item.tasks:
            keys = ", ".join(one.key for one in item.tasks[:5])
            raise UsageError(f"Item {item.item_id!r} has {len(item.tasks)} nested tasks", f"Name one: {keys} …")
        return item.log
    found = item.task(task)
    if found is None:
        raise NotFound(f"Item {item.item_id!r} has no task {task!r}", "Open the item to see its tasks.")
    return found.log


def _runs(item: Item, task: str | None) -> bool:
    """Whether this very script or task may be running now."""
    if item.facts.state != ItemState.LOCKED:
        return False
    if task is None or item.live_tail is None:
        found = None if task is None else item.task(task)
        return found is None or not found.ended
    return told(item, task) is not None


def _earlier(entry: LogEntry | None, attempt: int, item_id: str) -> EarlierLog:
    for old in () if entry is None else entry.earlier:
        if old.attempt == attempt:
            return old
    raise NotFound(f"Item {item_id!r} keeps no log of attempt {attempt}", "The item keeps the tails of the last five.")

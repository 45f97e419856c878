"""The journal: every change that users make, with the items as they were, on disk before it is sent.

One action is one file of JSON Lines under the state folder, only appended to, so that nothing has to be locked between
programs and a crash costs at most a torn last line (`core.journalfile` has the form). Items are the user's data: files
are readable by their owner alone. Nothing of credentials is ever in them.

    workspace.journal.activity(20)      # newest first: ActionSummary
    workspace.journal.read(id)          # ActionFile: header, outcomes, entries with pre-images
    workspace.actions.undo(id)          # Plan that takes it back
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pyanamo_tui.core.journalfile import ActionFile, ActionHeader, ActionStatus, ActionWriter, JournalUnwritable
from pyanamo_tui.errors import NotFound
from pyanamo_tui.settings import state_path
from pyanamo_tui.workflow.printable import clean_file_name

SUFFIX: Final = ".jsonl"
KEEP_DAYS: Final = 90
KEEP_BYTES: Final = 5 * 1024**3
KEEP_LATEST: Final = 20
PRUNE_SECONDS: Final = 600.0
"""Between looks for what is old, since a loop may make thousands of actions."""
IMPORT: Final = "import"
SUBMIT_PILOTS: Final = "submit-pilots"
TERMINATE_JOBS: Final = "terminate-jobs"
LASTING: Final = frozenset({SUBMIT_PILOTS, TERMINATE_JOBS})
"""Actions on AWS Batch: kept for the record, and nothing takes them back."""
_ID_FORMAT: Final = "%Y%m%d-%H%M%S-%f"
_ID_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_ID_LETTERS: Final = 4


@dataclass(frozen=True, slots=True)
class ActionSummary:
    """One action of the journal, as `activity` lists it.

    Attributes:
        id: what undo takes.
        at: when it began, epoch seconds.
        who: `login@host`, and the AWS role where it is known.
        action, detail, total: as in the Plan.
        status: running, finished, cancelled, stopped by an error, or interrupted (its process died).
        changed, skipped, failed, not_started: items by outcome; of a `LASTING` action, pilots or jobs.
        unknown: items whose write may or may not have been made when the process died; undo finds out.
        undoes: the action that this one took back.
        undone_by: the action that took this one back wholly.
        account: AWS account number, None if it was not known.
        size_bytes: what it takes on disk.
    """

    id: str
    at: float
    who: str
    action: str
    detail: Mapping[str, str]
    total: int
    status: ActionStatus
    changed: int
    skipped: int
    failed: int
    not_started: int
    unknown: int
    undoes: str | None
    undone_by: str | None
    account: str | None
    size_bytes: int

    @property
    def undoable(self) -> bool:
        """Whether there is something to take back that was not taken back wholly before."""
        worth = self.changed + self.unknown + self.failed > 0
        lasting = self.action in LASTING
        return worth and not lasting and self.undone_by is None and self.status != ActionStatus.RUNNING


def place_folder(*, region: str, table: str, endpoint_url: str | None, profile: str, root: Path | None = None) -> Path:
    """The journal's folder for one table of one place; every part is made safe to name a folder by."""
    where = profile if endpoint_url is None else urlsplit(endpoint_url).netloc or endpoint_url
    parts = (region, where, table)
    return (root or state_path()).joinpath("journal", *(clean_file_name(part) for part in parts))


class Journal:
    """The journal of one table. Listing and reading need no AWS.

    Args:
        folder: where its files are; made when first written to.
        table, region: noted in every action.
        clock: epoch seconds.
    """

    def __init__(self, folder: Path, *, table: str, region: str, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.table = table
        self.region = region
        self._clock = clock
        self._pruned_at = -PRUNE_SECONDS

    def begin(
        self,
        action: str,
        total: int,
        *,
        detail: Mapping[str, str] | None = None,
        undoes: str | None = None,
        account: str | None = None,
        role: str | None = None,
    ) -> ActionWriter:
        """Open a new action, on disk before this returns. Old ones are pruned now and then.

        Raises:
            JournalUnwritable: nothing may be changed, since it could not be journalled.
        """
        now = self._clock()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if now - self._pruned_at >= PRUNE_SECONDS:
                self.prune()
                self._pruned_at = now
        except OSError as error:
            raise JournalUnwritable(self.folder, error) from error
        who = f"{_login()}@{socket.gethostname()}" + (f" ({role})" if role else "")
        stamp = datetime.fromtimestamp(now, UTC).strftime(_ID_FORMAT)
        action_id = f"{stamp}-{''.join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LETTERS))}"
        header = ActionHeader(
            id=action_id,
            at=now,
            who=who,
            action=action,
            detail=dict(detail or {}),
            total=total,
            table=self.table,
            region=self.region,
            account=account,
            undoes=undoes,
        )
        return ActionWriter.create(self.folder / (action_id + SUFFIX), header)

    def activity(self, limit: int | None = 50) -> list[ActionSummary]:
        """The actions of this table, newest first."""
        listed: list[ActionSummary] = []
        taken_back: dict[str, str] = {}
        for path in self._paths():
            if limit is not None and len(listed) >= limit:
                break
            file = ActionFile.open(path)
            if file is None:
                continue
            summary = _summary(file, taken_back.get(file.header.id))
            # An undo that was itself undone takes nothing back any more.
            if summary.undoes is not None and summary.undone_by is None and _whole(summary):
                taken_back.setdefault(summary.undoes, summary.id)
            listed.append(summary)
        return listed

    def latest_undoable(self) -> ActionSummary | None:
        """The latest action that an undo without a name takes back: itself no undo, and not undone."""
        return next((one for one in self.activity(None) if one.undoable and one.undoes is None), None)

    def undoes_any(self, action_ids: Collection[str]) -> bool:
        """Whether any of these actions was taken back since, wholly or in part."""
        files = map(ActionFile.open, self._paths()) if action_ids else ()
        return any(file.header.undoes in action_ids for file in files if file is not None and file.header.undoes)

    def read(self, action_id: str) -> ActionFile:
        """One action with its pre-images and outcomes.

        Raises:
            NotFound: there is no such action in this table's journal.
        """
        path = self.folder / (action_id + SUFFIX)
        known = path.name == clean_file_name(path.name)
        file = ActionFile.open(path) if known else None
        if file is None:
            raise NotFound(f"There is no action {action_id!r} in the journal", "List them: pyanamo-tui activity")
        return file

    def prune(
        self, days: float = KEEP_DAYS, max_bytes: int = KEEP_BYTES, keep_latest: int = KEEP_LATEST
    ) -> tuple[str, ...]:
        """Remove actions older than `days`, and the oldest beyond `max_bytes`; the latest ones always stay.

        Returns:
            The ids of those removed, which can no longer be undone.
        """
        oldest_kept = datetime.fromtimestamp(self._clock(), UTC) - timedelta(days=days)
        removed: list[str] = []
        total = 0
        for number, path in enumerate(self._paths()):
            total += path.stat().st_size
            if number >= keep_latest and (total > max_bytes or _begun(path) < oldest_kept):
                path.unlink(missing_ok=True)
                removed.append(path.name.removesuffix(SUFFIX))
        return tuple(removed)

    def _paths(self) -> Iterator[Path]:
        """The files of this journal, newest first: their names begin with the time."""
        names: list[str] = []
        if self.folder.is_dir():
            names = [entry.name for entry in os.scandir(self.folder) if entry.name.endswith(SUFFIX)]
        return (self.folder / name for name in sorted(names, reverse=True))


def _summary(file: ActionFile, undone_by: str | None) -> ActionSummary:
    header, counts = file.header, file.counts()
    return ActionSummary(
        id=header.id,
        at=header.at,
        who=header.who,
        action=header.action,
        detail=header.detail,
        total=header.total,
        status=counts.status,
        changed=counts.changed,
        skipped=counts.skipped,
        failed=counts.failed,
        not_started=counts.not_started,
        unknown=counts.unknown,
        undoes=header.undoes,
        undone_by=undone_by,
        account=header.account,
        size_bytes=file.size_bytes,
    )


def _whole(summary: ActionSummary) -> bool:
    """Whether an undo took back what there was to take back. One that had to leave every item alone took nothing."""
    finished = summary.status == ActionStatus.FINISHED and summary.changed > 0
    return finished and not summary.failed and not summary.not_started


def _begun(path: Path) -> datetime:
    stamp = path.name.rpartition("-")[0]
    try:
        return datetime.strptime(stamp, _ID_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return str(os.getuid())

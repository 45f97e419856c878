"""The journal of items that an import or a restore replaces: one action, opened only when the first one is met."""

from __future__ import annotations

from pyanamo_tui.core.importresult import ImportResult
from pyanamo_tui.core.journal import Journal
from pyanamo_tui.core.journalfile import ActionCounts, ActionStatus, ActionWriter


class ReplacedItems:
    """The journal of one import's or restore's replaced items: opened at the first one, ended with the import.

    Args:
        journal: the table's.
        action: what undo and activity call it.
        total: items of the input.
        detail: what else activity shows.
    """

    def __init__(self, journal: Journal, action: str, total: int, detail: dict[str, str]) -> None:
        self._journal = journal
        self._action = action
        self._total = total
        self._detail = detail
        self._log: ActionWriter | None = None

    def open(self) -> ActionWriter:
        """The journal, opened when first asked for.

        Raises:
            JournalUnwritable: nothing may be replaced.
        """
        if self._log is None:
            self._log = self._journal.begin(self._action, self._total, detail=self._detail)
        return self._log

    def end(self, result: ImportResult) -> str | None:
        """Close it with what came of the items; gives the action's id, None where nothing was to be replaced.

        Raises:
            JournalUnwritable: activity will call it interrupted, and undo will look at the items themselves.
        """
        if self._log is None:
            return None
        status = ActionStatus.FINISHED
        if result.error is not None:
            status = ActionStatus.STOPPED
        elif result.cancelled or result.not_written:
            status = ActionStatus.CANCELLED
        counts = ActionCounts(status, result.replaced, result.skipped, result.failed, result.not_written)
        self._log.end(counts)
        return self._log.id

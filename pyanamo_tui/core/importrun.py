"""One run of an import: lines into batches, outcomes into sums, and a checkpoint that tells only what is certain."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from pyanamo_tui.aws.inserts import REQUEST_BYTES, STATEMENTS_AT_ONCE
from pyanamo_tui.core.bulkwrite import Batch, BatchOutcome
from pyanamo_tui.core.checkpoint import Checkpoint, Mark
from pyanamo_tui.core.importresult import ImportProgress, ImportResult, Phase, Progress
from pyanamo_tui.core.plan import ItemOutcome
from pyanamo_tui.workflow.importfile import ItemLine

OUTCOMES_KEPT: Final = 1000
LINES_AHEAD: Final = 2000
"""Lines that a checkpoint allows to be sent beyond what it holds for certain."""
_SAVE_SECONDS: Final = 0.25


class ImportRun:
    """Cuts lines into batches and keeps the sums. Made for one run; used from one thread.

    Args:
        total: items of the whole input.
        bytes_total: its size, for the bar.
        action_id: this run in the journal.
        checkpoint: where to remember how far it came; None for input that cannot be resumed.
        resumed: where an earlier run of the same file came to; None begins at the start.
        progress: told after each batch.
        keep_ids: keep the ids written for the result.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        total: int,
        bytes_total: int,
        *,
        action_id: str,
        checkpoint: Checkpoint | None = None,
        resumed: Mark | None = None,
        progress: Progress | None = None,
        keep_ids: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._bytes_total = bytes_total
        self._checkpoint = checkpoint
        self._resumed = resumed
        self._progress = progress
        self._clock = clock
        mark = resumed or Mark()
        self._mark = replace(mark, actions=(*mark.actions, action_id))
        self._saved_at = clock()
        self._pending: dict[int, tuple[int, int]] = {}
        self._ended: dict[int, BatchOutcome] = {}
        self._made = self._next = 0
        self._exhausted = False
        self._keep_ids = keep_ids
        self._written: list[str] = []
        self._new = self._replaced = self._earlier = self._skipped = self._failed = 0
        self._skipped_why: Counter[str] = Counter()
        self._skipped_items: list[ItemOutcome] = []
        self._failed_items: list[ItemOutcome] = []
        self._behind = 0

    def batches(self, lines: Iterable[ItemLine]) -> Iterator[Batch]:
        """The lines that are still to be written, in batches that one request takes.

        Raises:
            CheckpointUnwritable: the next lines could not be resumed, so they are not sent.
        """
        waiting: list[ItemLine] = []
        size = 0
        for line in lines:
            if self._resumed is not None and line.end <= self._resumed.end:
                self._behind += 1
                continue
            if waiting and (len(waiting) == STATEMENTS_AT_ONCE or size + line.size > REQUEST_BYTES):
                yield self._batch(waiting)
                waiting, size = [], 0
            waiting.append(line)
            size += line.size
        if waiting:
            yield self._batch(waiting)
        self._exhausted = True

    def _batch(self, lines: list[ItemLine]) -> Batch:
        last = lines[-1]
        self._pending[self._made] = (last.line, last.end)
        self._made += 1
        if self._checkpoint is not None and last.line > self._mark.sent_to:
            self._mark = replace(self._mark, sent_to=last.line + LINES_AHEAD)
            self._save()
        before = self._resumed is not None and lines[0].line <= self._resumed.sent_to
        return Batch(tuple(line.record for line in lines), sent_before=before)

    def done(self, number: int, outcome: BatchOutcome) -> None:
        """Take what came of a batch (BulkWriter's `done`)."""
        self._add(outcome)
        if not outcome.unsent:
            self._ended[number] = outcome
            self._advance()
        if self._progress is not None:
            self._progress(self._now())

    def _add(self, outcome: BatchOutcome) -> None:
        self._new += len(outcome.written)
        self._replaced += len(outcome.replaced)
        self._earlier += len(outcome.earlier)
        self._skipped += len(outcome.skipped)
        self._failed += len(outcome.failed)
        self._skipped_why.update(one.why for one in outcome.skipped)
        self._skipped_items += outcome.skipped[: OUTCOMES_KEPT - len(self._skipped_items)]
        self._failed_items += outcome.failed[: OUTCOMES_KEPT - len(self._failed_items)]
        if self._keep_ids:
            self._written += outcome.written + outcome.replaced

    def _advance(self) -> None:
        """Move the mark over every batch that is dealt with, up to the first that is not."""
        while self._next in self._ended:
            outcome, (line, end) = self._ended.pop(self._next), self._pending.pop(self._next)
            self._next += 1
            mark = self._mark
            self._mark = replace(
                mark,
                line=line,
                end=end,
                written=mark.written + len(outcome.written) + len(outcome.replaced) + len(outcome.earlier),
                skipped=mark.skipped + len(outcome.skipped),
                failed=mark.failed + len(outcome.failed),
            )
        if self._checkpoint is not None and self._clock() - self._saved_at >= _SAVE_SECONDS:
            self._save()

    def _save(self) -> None:
        if self._checkpoint is not None:
            self._checkpoint.write(self._mark)
            self._saved_at = self._clock()

    def _now(self) -> ImportProgress:
        before = self._resumed or Mark()
        return ImportProgress(
            phase=Phase.WRITING,
            items=self._behind + self._new + self._replaced + self._earlier + self._skipped + self._failed,
            total=self._total,
            bytes_done=self._mark.end,
            bytes_total=self._bytes_total,
            written=before.written + self._new + self._replaced + self._earlier,
            skipped=before.skipped + self._skipped,
            failed=before.failed + self._failed,
        )

    def finish(self) -> None:
        """Forget the checkpoint where everything is dealt with; else remember how far it came.

        Raises:
            CheckpointUnwritable: it could not be remembered; the last one that was holds.
        """
        if self._checkpoint is None:
            return
        if self._exhausted and not self._pending:
            self._checkpoint.clear()
        else:
            self._save()

    def result(self) -> ImportResult:
        """The sums, of this run and of the one it goes on from."""
        before = self._resumed or Mark()
        known = self._new + self._replaced + self._earlier + self._skipped + self._failed
        return ImportResult(
            read=self._total,
            written=self._new + self._replaced,
            replaced=self._replaced,
            skipped=self._skipped,
            skipped_why=dict(self._skipped_why.most_common()),
            skipped_items=tuple(self._skipped_items),
            failed=self._failed,
            failed_items=tuple(self._failed_items),
            written_before=before.written + self._earlier,
            skipped_before=before.skipped,
            failed_before=before.failed,
            resumed_from_line=before.line + 1 if before.line else None,
            not_written=max(0, self._total - known - self._behind),
            written_ids=tuple(self._written),
        )

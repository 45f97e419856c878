"""Imports files of items into the open table: looks first, refuses a file with problems whole, goes on after a crash.

No item is overwritten by accident, whatever else works on the table meanwhile: each is written on a condition that
DynamoDB itself checks (`aws.inserts`, `core.bulkwrite`).

    preview = workspace.importer.preview("cohort7.txt")
    result = workspace.importer.run("cohort7.txt", progress=show, cancelled=stop.is_set)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pyanamo_tui.aws.inserts import Inserts
from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.tables import TableInfo
from pyanamo_tui.core.bulkwrite import WORKERS, BulkWriter, Existing
from pyanamo_tui.core.checkpoint import Checkpoint, Mark
from pyanamo_tui.core.importexisting import existing_ids, existing_lines, refuse_existing
from pyanamo_tui.core.importresult import ImportProgress, ImportRefused, ImportResult, Phase, Preview, Progress
from pyanamo_tui.core.importrun import ImportRun
from pyanamo_tui.core.importsource import Source, opened
from pyanamo_tui.core.importsurvey import Survey, survey
from pyanamo_tui.core.journal import IMPORT, Journal
from pyanamo_tui.core.journalfile import ActionWriter
from pyanamo_tui.core.plan import Cancelled
from pyanamo_tui.core.rejects import rejects_file
from pyanamo_tui.errors import BadInput, Interrupted, ReadOnly
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.importfile import ImportReader, ItemLine, ParsedLine, ProblemLine
from pyanamo_tui.workflow.importheader import NESTED_DELIMITER
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.sizes import record_bytes

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Taking:
    """On what terms an input is taken.

    Attributes:
        action: what the journal calls it: `import` or `restore`.
        checkpoint: where to remember how far it came; None for input that cannot be resumed.
        existing: what becomes of ids that the table holds.
        good_lines_only: take the good lines of an input with problems.
        restart: begin at the first line even if an interrupted run came further.
    """

    action: str
    checkpoint: Checkpoint | None
    existing: Existing
    good_lines_only: bool
    restart: bool


class Importer:
    """Imports into one table.

    Args:
        items, inserts, journal: the table's.
        describe: the table as it is; it must be a workflow table.
        place: tells this endpoint from others, for checkpoints.
        read_only: refuse before anything is read.
        workers: batches written at once.
    """

    def __init__(
        self,
        items: Items,
        inserts: Inserts,
        journal: Journal,
        *,
        describe: Callable[[], TableInfo],
        place: str = "",
        read_only: bool = False,
        workers: int = WORKERS,
    ) -> None:
        self._items = items
        self._inserts = inserts
        self._journal = journal
        self._describe = describe
        self._place = place
        self._read_only = read_only
        self._workers = workers

    def preview(
        self,
        path: str | Path,
        *,
        delimiter: str | None = None,
        nested_delimiter: str = NESTED_DELIMITER,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> Preview:
        """What importing a file would do. Nothing is written.

        Args:
            path: the file, or `-` for standard input (which can then not be imported any more).
            delimiter: between columns; None guesses it from the header.
            nested_delimiter: between the arguments of nested tasks.
            progress: told every 2,000 lines.
            cancelled: True ends it.

        Raises:
            BadInput, UsageError: the file or its header cannot be understood.
            TableNotFound, NotAWorkflowTable: where it should go.
            Interrupted: it was cancelled.
        """
        info = self._describe()
        with opened(path) as source:
            reader = ImportReader(source.lines(), delimiter=delimiter, nested_delimiter=nested_delimiter)
            found = self._survey(reader, source, progress, cancelled)
            checkpoint = self.checkpoint(source, info, Existing.SKIP, (delimiter or "", nested_delimiter))
            mark = None if checkpoint is None else self._mark(checkpoint)
            units, seconds = _cost(found, info)
            return Preview(
                name=source.name,
                bytes=source.size,
                header=reader.header,
                guessed=delimiter is None,
                nested_delimiter=reader.nested_delimiter,
                survey=found,
                existing=sum(map(len, existing_ids(self._items, found.ids, cancelled))),
                existing_checked=len(found.ids),
                existing_sampled=found.sampled,
                write_units=units,
                seconds=seconds,
                resumes_from_line=mark.line + 1 if mark is not None and mark.line else None,
            )

    def look_for_all(
        self,
        path: str | Path,
        preview: Preview,
        *,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> Preview:
        """A preview again, with every id of the file looked for in the table, at half a read unit each.

        Args:
            path: the file that the preview is of.
            preview: what `preview` gave, of whose ids a sample was looked for.
            progress: told every hundred ids.
            cancelled: True ends it.

        Raises:
            BadInput: the file is another by now.
            Interrupted: it was cancelled.
        """

        def told(looked: int, end: int) -> None:
            if progress is not None:
                progress(ImportProgress(Phase.LOOKING, looked, preview.survey.items, end, preview.bytes))

        with opened(path) as source:
            if source.size != preview.bytes:
                raise _changed(source)
            between, nested = preview.header.delimiter, preview.nested_delimiter
            lines = ImportReader(source.lines(), delimiter=between, nested_delimiter=nested)
            existing = sum(1 for _ in existing_lines(self._items, lines, told, cancelled))
        return replace(preview, existing=existing, existing_checked=preview.survey.items, existing_sampled=False)

    def run(  # noqa: PLR0913 - each is an option of the command
        self,
        path: str | Path,
        *,
        delimiter: str | None = None,
        nested_delimiter: str = NESTED_DELIMITER,
        existing: Existing = Existing.SKIP,
        good_lines_only: bool = False,
        rejects: str | Path | None = None,
        restart: bool = False,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> ImportResult:
        """Import a file. The same call again goes on where an interrupted one stopped.

        Args:
            path: the file, or `-` for standard input, which cannot be resumed.
            delimiter, nested_delimiter: as in `preview`.
            existing: what becomes of ids that the table holds: left alone; replaced, with the items as they were in the
                journal, unless a worker holds them; or the whole import is refused.
            good_lines_only: import the good lines of a file with problems.
            rejects: write the lines with problems to this file, under the header, ready to be mended and imported.
            restart: begin at the first line even if an interrupted run came further.
            progress: told now and then.
            cancelled: True ends it within one batch.

        Raises:
            ImportRefused: the file has problems, or with FAIL ids exist already. Nothing was written.
            BadInput, UsageError: the file or its header cannot be understood.
            ImportRunning: this file is being imported on this host.
            Interrupted: it was cancelled before anything was written.
            ReadOnly, CredentialsError, PermissionDenied, TableNotFound, ServiceUnavailable: nothing could be written;
                after the first item this is in the result's `error`.
        """
        self.refuse_read_only()
        info = self._describe()
        with opened(path) as source:

            def lines() -> ImportReader:
                return ImportReader(source.lines(), delimiter=delimiter, nested_delimiter=nested_delimiter)

            header = lines().header
            with rejects_file(rejects, header) as rejected:
                terms = (delimiter or "", nested_delimiter)
                return self.take(
                    source,
                    lines,
                    Taking(
                        "import", self.checkpoint(source, info, existing, terms), existing, good_lines_only, restart
                    ),
                    rejected=rejected,
                    progress=progress,
                    cancelled=cancelled,
                )

    def take(
        self,
        source: Source,
        lines: Callable[[], Iterable[ParsedLine]],
        taking: Taking,
        *,
        rejected: Callable[[ProblemLine], None] | None = None,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> ImportResult:
        """Check an open input whole, then write it; `run` and restore are made of this.

        Args:
            source: the input.
            lines: its lines from the start, parsed; called once for each time that it is read.
            taking: on what terms.
            rejected, progress, cancelled: as in `run`.
        """
        checkpoint = taking.checkpoint
        with nullcontext() if checkpoint is None else checkpoint.held():
            mark = self._mark(checkpoint) if checkpoint is not None and not taking.restart else None
            found = self._survey(lines(), source, progress, cancelled, rejected)
            if found.problem_count and not taking.good_lines_only:
                raise _refused(source, found, taking.action)
            if taking.existing == Existing.FAIL:
                refuse_existing(self._items, source.name, lines(), mark, cancelled)
            good = _good_lines(lines(), source, allowed=found.problem_count)
            detail = {"file": source.name, "existing": taking.existing.value}
            log = self._journal.begin(taking.action, found.items, detail=detail)
            run = ImportRun(
                found.items, source.size, action_id=log.id, checkpoint=checkpoint, resumed=mark, progress=progress
            )
            result = self._write(run, good, taking.existing, log, cancelled)
            return replace(result, problem_count=found.problem_count, problems=found.problems)

    def refuse_read_only(self) -> None:
        """Raise ReadOnly where nothing may be written, before anything is read."""
        if self._read_only:
            raise ReadOnly("dynamodb:PutItem")

    def import_records(
        self,
        records: Iterable[Record],
        *,
        existing: Existing = Existing.SKIP,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> ImportResult:
        """Import items that are in memory, each id once; `written_ids` of the result says which were written.

        Raises:
            BadInput: an id is there twice.
            ReadOnly, CredentialsError and so on: as in `run`.
        """
        self.refuse_read_only()
        lines = [ItemLine(number, number, record, record_bytes(record)) for number, record in enumerate(records, 1)]
        if len({line.item_id for line in lines}) < len(lines):
            raise BadInput("An itemID is there more than once", "Give each item an id of its own.")
        if existing == Existing.FAIL:
            ids = [line.item_id for line in lines]
            there = [item_id for page in existing_ids(self._items, ids, cancelled) for item_id in page]
            if there:
                raise BadInput(
                    f"{len(there)} of {len(lines)} items exist already: {there[0]!r}", "Nothing was written."
                )
        log = self._journal.begin(IMPORT, len(lines), detail={"existing": existing.value})
        run = ImportRun(len(lines), len(lines), action_id=log.id, progress=progress, keep_ids=True)
        return self._write(run, lines, existing, log, cancelled)

    def _write(
        self,
        run: ImportRun,
        lines: Iterable[ItemLine],
        existing: Existing,
        log: ActionWriter,
        cancelled: Cancelled | None,
    ) -> ImportResult:
        writer = BulkWriter(self._items, self._inserts, pre_images=log, existing=existing, workers=self._workers)
        try:
            writer.run(run.batches(lines), run.done, cancelled)
        finally:
            # Also on Ctrl-C: what is known is kept, for the next run and for undo.
            run.finish()
            result = replace(
                run.result(), error=writer.error, cancelled=writer.was_cancelled, slower=self._inserts.denied
            )
            log.end(result.counts())
        if writer.error is not None and not result.written:
            raise writer.error
        return replace(result, action_id=log.id)

    def _survey(
        self,
        lines: Iterable[ParsedLine],
        source: Source,
        progress: Progress | None,
        cancelled: Cancelled | None,
        rejected: Callable[[ProblemLine], None] | None = None,
    ) -> Survey:
        def told(items: int, problems: int, end: int) -> None:
            if cancelled is not None and cancelled():
                raise Interrupted("The import was cancelled; nothing was written")
            if progress is not None:
                progress(ImportProgress(Phase.CHECKING, items, None, end, source.size, problems=problems))

        return survey(lines, told=told, rejected=rejected)

    def checkpoint(
        self, source: Source, info: TableInfo, existing: Existing, terms: tuple[str, ...]
    ) -> Checkpoint | None:
        """Where importing this input into this table is remembered; None for standard input and pipes."""
        if source.identity is None:
            return None
        table = (info.arn or info.name, str(info.created_at), self._place)
        return Checkpoint(source.identity, table, terms=(existing.value, *terms))

    def _mark(self, checkpoint: Checkpoint) -> Mark | None:
        """How far an earlier run came; None as well where something of what it wrote was taken back since."""
        mark = checkpoint.read()
        return None if mark is None or self._journal.undoes_any(mark.actions) else mark


def _good_lines(lines: Iterable[ParsedLine], source: Source, *, allowed: int) -> Iterator[ItemLine]:
    """The items of a file that was checked.

    Raises:
        BadInput: the file is not the one that was checked any more.
    """
    problems = 0
    for line in lines:
        if isinstance(line, ItemLine):
            yield line
        else:
            problems += 1
    if problems != allowed or not source.unchanged():
        raise _changed(source)


def _changed(source: Source) -> BadInput:
    return BadInput(
        f"{source.name} was changed since it was read", "Run the import again: nothing will be there twice."
    )


def _refused(source: Source, found: Survey, action: str) -> ImportRefused:
    count = found.problem_count
    lines = ", ".join(str(problem.line) for problem in found.problems[:_SHOWN])
    more = "" if count <= _SHOWN else f" and {count - _SHOWN:,} more"
    return ImportRefused(
        f"{count:,} {'line' if count == 1 else 'lines'} of {source.name} cannot be taken (line {lines}{more}); "
        "nothing was written",
        f"Mend them, or {action} the good lines only.",
        ImportResult(problem_count=count, problems=found.problems),
    )


def _cost(found: Survey, info: TableInfo) -> tuple[int, float | None]:
    """Write units of the table and its indexes, and the least seconds that provisioned capacity takes for them."""
    units = found.units
    seconds = [] if info.capacity is None else [found.units / info.capacity.write]
    for index in info.indexes:
        if index.sort_key == schema.OWNER:
            # An item that was never locked has no owner, and so is not in this index.
            continue
        taken = found.units if index.projection == "ALL" else found.items
        units += taken
        if index.capacity is not None:
            seconds.append(taken / index.capacity.write)
    return units, max(seconds, default=None)

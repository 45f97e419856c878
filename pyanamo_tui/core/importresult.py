"""What an import will do and what it did: the values that previews, bars, commands and the documented client show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pyanamo_tui.core.importsurvey import Survey
from pyanamo_tui.core.journalfile import ActionCounts, ActionStatus
from pyanamo_tui.core.plan import ItemOutcome
from pyanamo_tui.errors import BadInput, InputProblem, PyanamoError
from pyanamo_tui.workflow.importheader import Header


class Phase(StrEnum):
    """What an import is at."""

    CHECKING = "checking"
    LOOKING = "looking for its ids in the table"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: `items` of the file are dealt with so far, of `total` (None while they are counted)."""

    phase: Phase
    items: int
    total: int | None
    bytes_done: int
    bytes_total: int
    written: int = 0
    skipped: int = 0
    failed: int = 0
    problems: int = 0


Progress = Callable[[ImportProgress], None]
"""Told now and then, on the thread that called."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do; nothing was written.

    Attributes:
        name: the file.
        bytes: its size.
        header: delimiter and columns as understood. `guessed` says that the delimiter was not given.
        nested_delimiter: what splits TaskArgs.
        survey: items, problems and notices, counted over the whole file.
        existing: how many of `existing_checked` ids the table holds already. All ids were looked for unless
            `existing_sampled`.
        write_units: estimate for the table and its indexes together.
        seconds: least time by the provisioned write capacity; None for an on-demand table.
        resumes_from_line: an interrupted import of this very file goes on there; None: it begins at the start.
    """

    name: str
    bytes: int
    header: Header
    guessed: bool
    nested_delimiter: str
    survey: Survey
    existing: int
    existing_checked: int
    existing_sampled: bool
    write_units: int
    seconds: float | None
    resumes_from_line: int | None

    def as_json(self) -> dict[str, object]:
        """The shape that `import --dry-run --json` gives."""
        survey = self.survey
        return {
            "dry_run": True,
            "file": self.name,
            "delimiter": self.header.delimiter,
            "items": survey.items,
            "single": survey.single,
            "nested": survey.nested,
            "tasks": survey.tasks,
            "problem_count": survey.problem_count,
            "problems": _listed(survey.problems),
            "notices": [{"what": one.text, "lines": one.lines, "first_line": one.first_line} for one in survey.notices],
            "existing": self.existing,
            "existing_checked": self.existing_checked,
            "existing_sampled": self.existing_sampled,
            "write_units": self.write_units,
            "resumes_from_line": self.resumes_from_line,
        }


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did.

    Attributes:
        read: items that the input holds, whatever came of them.
        written: items written by this run, new ones and replaced ones.
        replaced: how many of those replaced an item.
        action_id: the run in the journal, which undo takes.
        skipped: items left alone, because there was one of the id already or a worker holds it.
        skipped_why: how many by reason; `skipped_items` are the first thousand of them.
        failed: items that AWS refused; `failed_items` are the first thousand of them.
        problems: the first thousand lines that give no item, of `problem_count`.
        written_before: items that an interrupted run of the same file had written.
        skipped_before, failed_before: its other outcomes.
        resumed_from_line: where this run went on; None: it began at the start.
        not_written: items that nothing was sent for, because it was stopped.
        cancelled: it was told to stop.
        error: what stopped it before its end, if anything did.
        slower: the permission that would make imports quicker, None where none is missing.
        written_ids: ids written by this run; only from `import_records`.
    """

    read: int = 0
    written: int = 0
    replaced: int = 0
    skipped: int = 0
    skipped_why: Mapping[str, int] = field(default_factory=dict)
    skipped_items: tuple[ItemOutcome, ...] = ()
    failed: int = 0
    failed_items: tuple[ItemOutcome, ...] = ()
    problem_count: int = 0
    problems: tuple[InputProblem, ...] = ()
    written_before: int = 0
    skipped_before: int = 0
    failed_before: int = 0
    resumed_from_line: int | None = None
    not_written: int = 0
    cancelled: bool = False
    action_id: str | None = None
    error: PyanamoError | None = None
    slower: str | None = None
    written_ids: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every item of the input is in the table now, by this import or from before."""
        return not (
            self.failed or self.failed_before or self.not_written or self.problem_count or self.cancelled or self.error
        )

    def counts(self) -> ActionCounts:
        """What the journal says at its end of this run."""
        status = ActionStatus.FINISHED
        if self.error is not None:
            status = ActionStatus.STOPPED
        elif self.cancelled or self.not_written:
            status = ActionStatus.CANCELLED
        return ActionCounts(status, self.written, self.skipped, self.failed, self.not_written)

    def as_json(self) -> dict[str, object]:
        """The shape that `import --json` gives."""
        return {
            "read": self.read,
            "written": self.written,
            "replaced": self.replaced,
            "skipped": self.skipped,
            "skipped_why": dict(self.skipped_why),
            "problems": _listed(self.problems),
            "problem_count": self.problem_count,
            "failed": [{"item": one.item, "why": one.why} for one in self.failed_items],
            "failed_count": self.failed,
            "written_before": self.written_before,
            "resumed_from_line": self.resumed_from_line,
            "not_written": self.not_written,
            "cancelled": self.cancelled,
            "id": self.action_id,
            "error": None if self.error is None else self.error.message,
        }


class ImportRefused(BadInput):
    """The file cannot be taken as it is; nothing was written. `result` holds the problems and how many there are."""

    def __init__(self, message: str, hint: str, result: ImportResult) -> None:
        super().__init__(message, hint, result.problems)
        self.result = result


def _listed(problems: tuple[InputProblem, ...]) -> list[dict[str, object]]:
    return [{"line": problem.line, "what": problem.what} for problem in problems]

"""What counts as a failure, and which failures are the same one: signatures, groups, words and advice.

A signature is the exit code (or how the task ended instead) and the telling line of its stderr with ids, paths,
numbers and dates masked, so that 201 samples that died alike are one group (docs/wire-format.md, "Failures").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from pyanamo_tui.workflow.endings import advice, ending_of, explain
from pyanamo_tui.workflow.masking import mask
from pyanamo_tui.workflow.model import FailureGroup, Item, ItemFacts, ItemState, LogEntry, Task, TaskStatus
from pyanamo_tui.workflow.telling import Rank, last_lines, telling_line, without_controls

_Value = TypeVar("_Value")

SIGNATURE_LENGTH: Final = 120
"""Characters a signature has at most."""
__all__ = [
    "FailureTally",
    "ItemFailure",
    "TaskFailure",
    "advice",
    "explain",
    "group_failures",
    "group_key",
    "is_failure",
    "item_failure",
    "log_failed",
    "signature",
    "task_failed",
]

NO_SIGNATURE: Final = "no signature"
"""The group of failures of which the table says nothing but that they failed."""
EXECUTION_FAILED: Final = "Execution Failed"
"""What the original engine writes into the log of a nested task whose command could not be run."""
_SAMPLE_LINES: Final = 12
_STALE_AFTER: Final = 2.0
"""Seconds by which an end must be later than our last write to be another engine's: its date has whole seconds."""


def signature(exit_code: int | None, reason: str = "", stderr_tail: str = "") -> str:
    """What a failure is grouped by, one line of at most 120 characters: `exit 2 · No such file <path>`.

    Args:
        exit_code: as a shell gives it (128 + n for signal n), or as Python does (-n); None where there was none.
        reason: how it ended when not by exiting (`timeout after 3 h`, `not found: bwa-mem3`, `Execution Failed`).
        stderr_tail: the end of what it wrote to stderr.
    """
    ending = ending_of(exit_code, without_controls(reason))
    if ending.whole:
        return _bounded(ending.head)
    line, rank = telling_line(stderr_tail)
    told = mask(without_controls(line)) if rank > (Rank.PLAIN if ending.word else Rank.NOISE) else ""
    told = told or ending.word
    return _bounded(f"{ending.head} · {told}" if told else ending.head)


def _bounded(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SIGNATURE_LENGTH else text[: SIGNATURE_LENGTH - 1].rstrip() + "…"


def task_failed(task: Task) -> bool:
    """Whether an ended task failed: by our status or exit code, or by the original's `Execution Failed`."""
    if task.status == TaskStatus.FAILED:
        return True
    return task.log is not None and log_failed(task.log)


def log_failed(log: LogEntry) -> bool:
    """Whether the log of something that ended says that it failed, whatever its status says."""
    return bool(log.exit_code) or log.status == EXECUTION_FAILED


def is_failure(facts: ItemFacts) -> bool:
    """Whether an item counts as failed.

    `failed` items do; so do `done` items that were not (an exit code, failed tasks, the original's `Error-` date), and
    items that ran out of wall time with tasks that failed. Items that wait, run or were parked do not: what they carry
    is from an earlier attempt, or somebody has decided on them.
    """
    state = facts.state
    if state == ItemState.FAILED:
        return True
    if state == ItemState.DONE:
        if facts.exit_code and not _ended_since(facts):
            return True
        return bool(facts.failed_tasks) or facts.ended_with_error
    return state == ItemState.WALL_TIME and bool(facts.failed_tasks)


def _ended_since(facts: ItemFacts) -> bool:
    """Whether an engine that does not write exit codes has ended the item since ours wrote one."""
    ended, updated = facts.ended_at, facts.updated_at
    return ended is not None and updated is not None and ended > updated + _STALE_AFTER


def group_key(facts: ItemFacts) -> str:
    """What a failed item is grouped under: its signature, else its exit code, else `no signature`."""
    if facts.signature:
        return facts.signature
    return _code_signature(facts.exit_code) if facts.exit_code else NO_SIGNATURE


@lru_cache(maxsize=512)
def _code_signature(exit_code: int) -> str:
    return signature(exit_code)


class FailureTally:
    """Failed items by group, kept up to date by what changed. Only groups that changed are put together again."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def update(self, old: ItemFacts | None, new: ItemFacts | None) -> None:
        """Count one item's change in, where it was or is a failure; as `progress.Tally.update`."""
        before = None if old is None or not is_failure(old) else group_key(old)
        after = None if new is None or not is_failure(new) else group_key(new)
        if old is not None and before is not None:
            group = self._groups[before]
            group.take_out(old, stays=before == after)
            if not group.members and before != after:
                del self._groups[before]
        if new is not None and after is not None:
            self._groups.setdefault(after, _Group()).put(new)

    def groups(self) -> tuple[FailureGroup, ...]:
        """The groups, the largest first, those of one size by signature."""
        return _sorted(group.made(key) for key, group in self._groups.items())


class _Group:
    """The members of one group and what is counted of them."""

    __slots__ = ("_codes", "_first", "_ids", "_last", "_made", "_owners", "_steps", "members")

    def __init__(self) -> None:
        self.members: dict[str, ItemFacts] = {}
        self._codes: Counter[int | None] = Counter()
        self._steps: Counter[str | None] = Counter()
        self._owners: Counter[str | None] = Counter()
        self._first: float | None = None
        self._last: float | None = None
        self._ids: tuple[str, ...] | None = ()
        self._made: FailureGroup | None = None

    def put(self, facts: ItemFacts) -> None:
        """Count an item in; in place of what `take_out` has just counted out."""
        self._made = None
        if facts.item_id not in self.members:
            self._ids = None
        self.members[facts.item_id] = facts
        self._count(facts, 1)
        ended = facts.ended_at
        if ended is not None:
            self._first = ended if self._first is None else min(self._first, ended)
            self._last = ended if self._last is None else max(self._last, ended)

    def take_out(self, facts: ItemFacts, *, stays: bool) -> None:
        """Count an item out; `stays`: other facts of it are put in next."""
        self._made = None
        self._count(facts, -1)
        if not stays:
            del self.members[facts.item_id]
            self._ids = None
        if facts.ended_at is not None and facts.ended_at in {self._first, self._last}:
            others = (one.ended_at for one in self.members.values() if one.item_id != facts.item_id)
            ended = [at for at in others if at is not None]
            self._first, self._last = min(ended, default=None), max(ended, default=None)

    def _count(self, facts: ItemFacts, by: int) -> None:
        _add(self._codes, facts.exit_code, by)
        _add(self._steps, facts.step, by)
        _add(self._owners, facts.owner, by)

    def made(self, key: str) -> FailureGroup:
        """The group as it is now; the same object while nothing of it changed."""
        if self._ids is None:
            self._ids = tuple(sorted(self.members))
        if self._made is None:
            known = {code: count for code, count in self._codes.items() if code is not None}
            self._made = FailureGroup(
                signature=key,
                count=len(self.members),
                exit_code=min(known, key=lambda code: (-known[code], code), default=None),
                first=self._first,
                last=self._last,
                item_ids=self._ids,
                steps=tuple(sorted(step for step in self._steps if step is not None)),
                owners=tuple(sorted(owner for owner in self._owners if owner is not None)),
            )
        return self._made


def _add(counter: Counter[_Value], value: _Value, by: int) -> None:
    counter[value] += by
    if not counter[value]:
        del counter[value]


def group_failures(items: Iterable[ItemFacts]) -> tuple[FailureGroup, ...]:
    """The failed among these items in groups, the largest first, those of one size by signature."""
    tally = FailureTally()
    for facts in items:
        tally.update(None, facts)
    return tally.groups()


def _sorted(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    return tuple(sorted(groups, key=lambda group: (-group.count, group.signature)))


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """One script that failed: `task` is its key, None for a single item. `lines` are the last of what it wrote.

    `line` is the telling one among them, as printed; `complete` is false when `log` says that there is more elsewhere.
    """

    task: str | None
    signature: str
    exit_code: int | None
    line: str
    lines: tuple[str, ...]
    log: LogEntry | None

    @property
    def complete(self) -> bool:
        """Whether the item holds the whole log."""
        return self.log is None or self.log.uri is None


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """Why one item failed: its signature and each task that did, the first of them first; never empty."""

    item_id: str
    signature: str
    exit_code: int | None
    tasks: tuple[TaskFailure, ...]

    @property
    def sample(self) -> TaskFailure:
        """The failed task that the item's signature speaks of, else the first."""
        return next((task for task in self.tasks if task.signature == self.signature), self.tasks[0])


def item_failure(item: Item) -> ItemFailure | None:
    """Why this item failed, or None if it did not: earlier attempts do not count."""
    failed = [_task_failure(task.key, task.log, None) for task in item.tasks if task.ended and task_failed(task)]
    facts = item.facts
    if not item.nested and (is_failure(facts) or _single_failed(item)):
        failed = [_task_failure(None, item.log, facts)]
    if not failed and is_failure(facts):
        failed = [_task_failure(None, item.log, facts)]
    if not failed:
        return None
    first = failed[0]
    told = (facts.signature or first.signature) if is_failure(facts) else first.signature
    code = first.exit_code if first.exit_code is not None else facts.exit_code
    return ItemFailure(item.item_id, told, code, tuple(failed))


def _single_failed(item: Item) -> bool:
    return item.facts.state == ItemState.DONE and item.log is not None and log_failed(item.log)


def _task_failure(key: str | None, log: LogEntry | None, facts: ItemFacts | None) -> TaskFailure:
    code = log.exit_code if log is not None else None
    told = None
    if facts is not None:
        code = facts.exit_code if code is None else code
        told = facts.signature
    written = "" if log is None else (log.stderr if log.stderr.strip() else log.stdout)
    if told is None:
        reason = EXECUTION_FAILED if log is not None and log.status == EXECUTION_FAILED else ""
        known = code is not None or reason or written.strip()
        told = signature(code, reason, written) if known else NO_SIGNATURE
    return TaskFailure(key, told, code, telling_line(written)[0], last_lines(written, _SAMPLE_LINES), log)

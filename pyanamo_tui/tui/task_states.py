"""How each nested task of an item stands: done, failed, running or waiting, as its row, its live tail and its lock say.

A task has no `running` status of its own. The engine writes the last lines of what runs under `==> Task_3 <==`, so
the keys are read from there; the original tells nothing, and then a locked item's open tasks are told as waiting.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pyanamo_tui.workflow.model import Item, ItemState, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class TaskState(StrEnum):
    """How a nested task stands, in the word that is shown for it."""

    DONE = "done"
    FAILED = "failed"
    RUNNING = "running"
    TODO = "todo"
    OTHER = "other"


TASK_SIGNS: Final[Mapping[TaskState, str]] = {
    TaskState.DONE: "✓",
    TaskState.FAILED: "✗",
    TaskState.RUNNING: "▶",
    TaskState.TODO: "·",
    TaskState.OTHER: "?",
}
"""A sign for each, so that none is told by its colour alone."""
TASK_STYLES: Final[Mapping[TaskState, str]] = {
    TaskState.DONE: "state--done",
    TaskState.FAILED: "state--failed",
    TaskState.RUNNING: "state--locked",
    TaskState.TODO: "state--todo",
    TaskState.OTHER: "state--other",
}
_RUNNING: Final = re.compile(r"^==> (.+) <==$", re.MULTILINE)
_STATES: Final[Mapping[str, TaskState]] = {
    TaskStatus.DONE: TaskState.DONE,
    TaskStatus.FAILED: TaskState.FAILED,
    TaskStatus.TODO: TaskState.TODO,
}


@dataclass(frozen=True, slots=True)
class TaskMark:
    """One nested task in the grid: its key, and how it stands."""

    key: str
    state: TaskState

    @property
    def label(self) -> str:
        """The sign and what tells the key from others: `✓ 12` for `Task_12`."""
        return f"{TASK_SIGNS[self.state]} {self.key.removeprefix('Task_') or self.key}"


def running_keys(item: Item) -> frozenset[str]:
    """Keys of the tasks that its worker says are running; empty where nothing runs or nobody tells."""
    if item.facts.state != ItemState.LOCKED or not item.live_tail:
        return frozenset()
    return frozenset(_RUNNING.findall(item.live_tail))


def task_marks(item: Item) -> tuple[TaskMark, ...]:
    """Every nested task of an item with how it stands, in the order of the tasks."""
    running = running_keys(item)

    def state(key: str, status: str) -> TaskState:
        known = _STATES.get(status, TaskState.OTHER)
        return TaskState.RUNNING if known is TaskState.TODO and key in running else known

    return tuple(TaskMark(task.key, state(task.key, task.status)) for task in item.tasks)


def count_marks(marks: Sequence[TaskMark]) -> dict[TaskState, int]:
    """How many tasks stand how; every state but `other` is there."""
    found = Counter(mark.state for mark in marks)
    return {state: found[state] for state in TaskState if found[state] or state is not TaskState.OTHER}

"""Names what is wrong with the parts of an item that other software wrote: its tasks, its counts, its log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pyanamo_tui.workflow.failures import log_failed, task_failed
from pyanamo_tui.workflow.model import ENDED_STATUSES, Debris, Item, ItemState, Task, TaskStatus

COUNT_DEBRIS: Final = frozenset({Debris.COUNT_EXCEEDS, Debris.COUNT_WRONG})
"""What is wrong with an item's counts, which any change of its tasks puts right."""


def count_ended(tasks: Iterable[Task]) -> tuple[int, int]:
    """How many tasks have ended, and how many of those failed: what `Log_Length` and `Failed_Tasks` must say."""
    statuses = [task.status for task in tasks]
    return sum(status in ENDED_STATUSES for status in statuses), statuses.count(TaskStatus.FAILED)


def nested_debris(item: Item) -> list[Debris]:
    """What is wrong with an item whose script is a map of tasks."""
    if not item.tasks:
        return [Debris.EMPTY_TASKS]
    found: list[Debris] = []
    ended, failed = count_ended(item.tasks)
    facts = item.facts
    agree = (facts.log_length or 0, facts.failed_tasks or 0, facts.nested_tasks) == (ended, failed, len(item.tasks))
    if not agree and Debris.COUNT_EXCEEDS not in facts.debris:
        found.append(Debris.COUNT_WRONG)
    if facts.state == ItemState.TODO and ended == len(item.tasks):
        found.append(Debris.NOTHING_TO_RUN)
    if any(not task.script.strip() for task in item.tasks):
        found.append(Debris.NO_SCRIPT)
    if facts.state == ItemState.DONE and any(task.ended and task_failed(task) for task in item.tasks):
        found.append(Debris.DONE_BUT_FAILED)
    return found


def log_debris(item: Item) -> list[Debris]:
    """What the log of a single item says against its state."""
    if item.facts.state == ItemState.DONE and item.log is not None and log_failed(item.log):
        return [Debris.DONE_BUT_FAILED]
    return []

"""What is wrong with an item that other software left, what it leads to, and the one write that puts it right.

`Debris` names each kind (workflow.model); docs/wire-format.md, "Debris", says where each comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Change, Path
from pyanamo_tui.workflow.failures import item_failure, task_failed
from pyanamo_tui.workflow.model import Debris, Item, ItemState, TaskStatus
from pyanamo_tui.workflow.schema import AttributeValue, Record, text
from pyanamo_tui.workflow.transitions import Refused, released, stamped, task_counts, unchanged


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a kind of debris leads to, and what the repair does; `repair` is empty where only people can decide."""

    explanation: str
    repair: str = ""


REMEDIES: Final[Mapping[Debris, Remedy]] = {
    Debris.PHANTOM: Remedy(
        "A reset or a state change of an id that does not exist made it. The next original engine that takes it dies.",
        "delete it",
    ),
    Debris.NO_SCRIPT: Remedy(
        "It has nothing to run. Import it again with its script, or delete it.",
        "a waiting one is parked as failed, so that no engine takes it",
    ),
    Debris.EMPTY_TASKS: Remedy(
        "All of its nested tasks were deleted. An engine that takes it has nothing to do.",
        "a waiting one is parked as done, with its counts at 0",
    ),
    Debris.STEP_NOT_TEXT: Remedy(
        "Its taskID is not text, so that no index by step has it.", "a number is written as text"
    ),
    Debris.COUNT_EXCEEDS: Remedy(
        "It counts more finished tasks than it has: a task was reset and counted twice. It never comes to an end.",
        "the counts are written from the tasks; one out of wall time with every task ended becomes done or failed",
    ),
    Debris.COUNT_WRONG: Remedy(
        "Its counts are not what its tasks say: tasks were reset or deleted without them.",
        "the counts are written from the tasks; one out of wall time with every task ended becomes done or failed",
    ),
    Debris.NOTHING_TO_RUN: Remedy(
        "It waits, but no engine will find a task to run in it: it was reset and its tasks were not.",
        "if its logs were wiped every task is put back to waiting; else it becomes done or failed, as its tasks say",
    ),
    Debris.DONE_BUT_FAILED: Remedy(
        "It counts as done, though its log says that it failed: the original engine does not look at exit codes.",
        "it and its failed tasks become failed",
    ),
    Debris.LOCK_WITHOUT_ID: Remedy(
        "It is locked, but by nobody: no worker will ever end it.",
        "it waits again; one with nothing left to run becomes done or failed",
    ),
    Debris.STATE_NOT_TEXT: Remedy(
        "Its state is missing or not text, so that no index by state has it, and no list shows it.",
        "its state becomes failed, to be looked at",
    ),
    Debris.MALFORMED: Remedy(
        "Its script is neither text nor a map of tasks. Import it again, or delete it.",
        "a waiting one is parked as failed, so that no engine takes it",
    ),
}
"""Every kind of debris, in the words of a user."""

NOTHING_WRONG: Final = "nothing is wrong with it"
BY_HAND: Final = "only a person can decide: import it again, or delete it"


def diagnose(record: Record) -> tuple[Debris, ...]:
    """Everything that is wrong with an item, from the whole of it."""
    item = schema.read_item(record)
    found = list(item.facts.debris)
    if item.facts.state == ItemState.DONE and item_failure(item) is not None:
        found.append(Debris.DONE_BUT_FAILED)
    return tuple(dict.fromkeys(found))


@dataclass(slots=True)
class _Mending:
    """What is to be written, gathered from one kind of debris after the other."""

    item: Item
    statuses: dict[str, str]
    state: str | None = None
    recount: bool = False
    sets: dict[Path, AttributeValue] = field(default_factory=dict)
    removes: set[Path] = field(default_factory=set)

    def set_status(self, key: str, status: TaskStatus) -> None:
        self.statuses[key] = status
        self.sets[schema.SCRIPT, key, schema.STATUS] = text(status)
        self.recount = True

    def close(self) -> None:
        """The end that the tasks say."""
        for task in self.item.tasks:
            if task.ended and task_failed(task) and task.status != TaskStatus.FAILED:
                self.set_status(task.key, TaskStatus.FAILED)
        failed = TaskStatus.FAILED in self.statuses.values()
        self.state = ItemState.FAILED if failed else ItemState.DONE


def repair(record: Record, *, now: float) -> Change | None:
    """The one write that puts everything about an item right that can be; None: it shall be deleted.

    Raises:
        Refused: nothing is wrong, a worker holds it, or only a person can decide.
    """
    found = diagnose(record)
    if not found:
        raise Refused(NOTHING_WRONG)
    item = schema.read_item(record)
    held = item.facts.state == ItemState.LOCKED and Debris.LOCK_WITHOUT_ID not in found
    if held:
        raise Refused("a worker holds it")
    if Debris.PHANTOM in found:
        return None
    mending = _Mending(item, {task.key: task.status for task in item.tasks})
    for debris in found:
        _mend(debris, mending, record)
    if mending.recount:
        mending.sets.update(task_counts(mending.statuses))
    if mending.state is not None:
        _end(mending, now)
    if not mending.sets and not mending.removes:
        raise Refused(BY_HAND)
    return Change(
        conditions=unchanged(record, script_too=True),
        sets={**stamped(now), **mending.sets},
        removes=frozenset(mending.removes),
    )


def _mend(debris: Debris, mending: _Mending, record: Record) -> None:
    item = mending.item
    state = item.facts.state
    waiting = state == ItemState.TODO
    match debris:
        case Debris.STEP_NOT_TEXT if "N" in record[schema.STEP]:
            mending.sets[schema.STEP,] = text(record[schema.STEP]["N"])
        case Debris.COUNT_EXCEEDS | Debris.COUNT_WRONG:
            _recount(mending, record)
        case Debris.NOTHING_TO_RUN:
            _run_or_close(mending, record)
        case Debris.DONE_BUT_FAILED:
            mending.close()
            mending.state = ItemState.FAILED
        case Debris.EMPTY_TASKS if waiting:
            mending.recount, mending.state = True, ItemState.DONE
        case Debris.LOCK_WITHOUT_ID:
            _let_go(mending)
        case Debris.STATE_NOT_TEXT:
            mending.state = ItemState.FAILED
        case Debris.NO_SCRIPT | Debris.MALFORMED if waiting and not item.tasks:
            mending.state = ItemState.FAILED
        case _:
            pass


def _let_go(mending: _Mending) -> None:
    item = mending.item
    if item.tasks and all(task.ended for task in item.tasks):
        mending.close()
    else:
        runs = bool(item.tasks or (item.script or "").strip())
        mending.state = ItemState.TODO if runs else ItemState.FAILED


def _recount(mending: _Mending, record: Record) -> None:
    if "M" not in record.get(schema.SCRIPT, {}):
        # A single item that says that it has tasks.
        mending.removes.add((schema.NESTED_TASKS,))
        return
    mending.recount = True
    ended = all(task.ended for task in mending.item.tasks)
    if mending.item.facts.state == ItemState.WALL_TIME and ended:
        mending.close()


def _run_or_close(mending: _Mending, record: Record) -> None:
    if schema.map_of(record, schema.LOG):
        mending.close()
        return
    for task in mending.item.tasks:
        mending.set_status(task.key, TaskStatus.TODO)


def _end(mending: _Mending, now: float) -> None:
    """Set the state, and with it all that belongs to one."""
    state = mending.state or ItemState.FAILED
    sets, removes = released(state, now)
    if state == ItemState.TODO:
        mending.sets.update(sets)
        mending.sets[schema.DONE_DATE,] = text(schema.FREE)
    else:
        mending.sets[schema.STATE,] = text(state)
        facts = mending.item.facts
        done = state == ItemState.DONE
        if facts.ended_at is None or (done and facts.ended_with_error):
            mending.sets[schema.DONE_DATE,] = text(schema.format_date(now))
        if done:
            # They are of an attempt before the one that ended well.
            removes |= {(schema.EXIT_CODE,), (schema.SIGNATURE,)}
    mending.removes |= removes

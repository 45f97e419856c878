"""The documented client's resets: items and nested tasks to run again, and items parked in other states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict, overload

from pyanamo_tui.aws.items import GET_BATCH
from pyanamo_tui.core.locked import Verdict
from pyanamo_tui.core.plan import ActionResult
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import UsageError
from pyanamo_tui.manager.outcomes import Ids, ItemTasks, Outcomes, ids_of, keys_by_item, keys_of, so_already, tasks_of
from pyanamo_tui.manager.session import Session, tell
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import read_facts
from pyanamo_tui.workflow.transitions import Scope


class StateAnswer(TypedDict):
    """How many items were named, those that are in the state now, and those that are not."""

    N: int
    Updated: list[str]
    Failed: list[str]


class ChangeCalls(Session):
    """Calls that change the state of items and of their tasks.

    All of them: an id that does not exist is answered as failed, and nothing is created. State, lock, dates, task
    statuses and counts change in one write, on the condition that the item is still what it was. Logs stay until the
    next attempt ends. An item whose worker lives, by its lease or by its Batch job, is left to it; one whose worker is
    dead or cannot be known is taken from it.
    """

    @overload
    def reset_itemState(self, table_name: str, itemState: str, item: str | int) -> str: ...
    @overload
    def reset_itemState(self, table_name: str, itemState: str, item: list[str] | tuple[str, ...]) -> StateAnswer: ...
    def reset_itemState(
        self, table_name: str | None = None, itemState: str | None = None, item: str | int | Ids | None = None
    ) -> str | StateAnswer:
        """Set one item, or a list of them, to a state: `todo` to run again, or any other to park it.

        An item that is in the state already counts as updated. A nested item set to `todo` runs what has not ended
        well; one whose tasks are all done is answered as failed: `reset_AllNests` runs them again.

        Returns:
            For one item a sentence, which begins with `Error` and says why if it was not set; for a list
            `{'N', 'Updated', 'Failed'}`. Why those failed is said, and is in `last_result`.

        Corrects: the original made a phantom item of an id that did not exist, wiped the log, left the statuses of
        nested tasks and their counts at odds, took items from living workers, and answered every single item as failed.

        Raises:
            UsageError: something is missing, or the state is `locked`, which only a worker can set.
        """
        ids = ids_of(item)
        outcomes = self._set_state(table_name, ids, itemState)
        if not isinstance(item, list | tuple):
            done = outcomes.done(ids[0])
            return f"Updated item = {item}" if done else f"Error updating item = {item}: {outcomes.why(ids[0])}"
        outcomes.tell("updated")
        return {"N": len(ids), "Updated": outcomes.updated, "Failed": outcomes.failed}

    def updateItemStates(self, table_name: str, itemID_list: Ids, itemState: str) -> list[str]:
        """Set a list of items to a state, as `reset_itemState` does. Answers with the ids that are not in it now.

        Corrects: as `reset_itemState`. The lock goes with the state, where the original left it.
        """
        ids = ids_of(itemID_list)
        outcomes = self._set_state(table_name, ids, itemState)
        tell(f"Updated N = {len(outcomes.updated)} items to state = {itemState}, failed N = {len(outcomes.failed)}")
        outcomes.tell("updated")
        return outcomes.failed

    @overload
    def reset_itemNest(self, table_name: str, item: str | int, taskKey: str, allTasks: int = 0) -> str: ...
    @overload
    def reset_itemNest(
        self,
        table_name: str,
        item: str | int | Ids | Sequence[ItemTasks],
        taskKey: str | list[str] | None = None,
        allTasks: int = 0,
    ) -> str | list[str]: ...
    def reset_itemNest(
        self,
        table_name: str,
        item: str | int | Ids | Sequence[ItemTasks] | None = None,
        taskKey: str | list[str] | None = None,
        allTasks: int = 0,
    ) -> str | list[str]:
        """Have nested tasks run again.

        Args:
            table_name: the table.
            item: one id or a list of them, with `taskKey` or `allTasks`; or a list of
                `{'itemID': id, 'TaskScript': key, or list or dict of keys}`.
            taskKey: the task, or a list of tasks.
            allTasks: 1 for every task of each item.

        Returns:
            A sentence for each task, as a list; one alone for one id and one task. A sentence begins with `Error` if
            the task was not reset. If an item lacks one of the tasks named, none of its tasks is reset.

        Corrects: the original had no such call any more, only `reset_itemNests`. Resetting one task of a finished item
        left `Log_Length` too high, so that the item could never be done again; here counts are written from the
        statuses. All tasks of an item change in one write.

        Raises:
            UsageError: neither tasks nor `allTasks` were given, or an entry of the list names none.
        """
        one = isinstance(item, str | int)
        given: list[object] = list(item) if isinstance(item, list | tuple) else [item]
        if allTasks:
            ids = ids_of([entry.get("itemID") if isinstance(entry, Mapping) else entry for entry in given])
            return [line for lines in self._reset_all(table_name, ids).values() for line in lines]
        if not given:
            raise UsageError("No item is named", "Give an itemID, or a list of them.")
        if isinstance(given[0], Mapping):
            keys = keys_by_item(given)
        elif taskKey:
            keys = {item_id: keys_of(taskKey) for item_id in ids_of(given)}
        else:
            raise UsageError("No task is named", "Give taskKey = 'Task_0', or allTasks = 1 for all of them.")
        lines = self._reset(table_name, keys)
        return lines[0] if one and isinstance(taskKey, str) else lines

    def reset_itemNests(self, table_name: str, itemList: Sequence[ItemTasks] = ()) -> list[str]:
        """Have nested tasks run again: `reset_itemNest` for a list of `{'itemID', 'TaskScript'}`."""
        return self._reset(table_name, keys_by_item(itemList)) if itemList else []

    def reset_AllNests(self, table_name: str, itemList: Ids = ()) -> list[dict[str, list[str] | str]]:
        """Have every task of nested items run again, those done too.

        Returns:
            For each item `{itemID: sentences}`, one for each task, or `{itemID: 'Error: why'}`.

        Corrects: the original left `Log_Length` as it was, reset task after task in two writes each, so that a crash
        between them left the item at odds, and said `Error` without a reason.
        """
        if isinstance(itemList, str):
            raise UsageError("itemList is not a list", "Give a list of itemIDs.")
        if not itemList:
            return []
        answers = self._reset_all(table_name, ids_of(itemList))
        return [
            {item_id: lines[0] if len(lines) == 1 and lines[0].startswith("Error:") else lines}
            for item_id, lines in answers.items()
        ]

    def _set_state(self, table_name: str | None, ids: list[str], state: str | None) -> Outcomes:
        if not state:
            raise UsageError("itemState is missing", "Give the state, e.g. itemState = 'todo'.")
        workspace = self._turn_to(table_name)
        dead = _abandoned(workspace, ids)
        if state == ItemState.TODO:
            plan = workspace.actions.requeue(ids, dead=dead, look=False)
        else:
            plan = workspace.actions.set_state(ids, state, dead=dead, look=False)
        result = self._apply(workspace, plan)
        return Outcomes(result, ids, tuple(so_already(workspace, result, state)))

    def _requeue(
        self, table_name: str, ids: list[str], scope: Scope, keys: Mapping[str, list[str]]
    ) -> tuple[Workspace, ActionResult]:
        workspace = self._turn_to(table_name)
        plan = workspace.actions.requeue(ids, scope, keys, dead=_abandoned(workspace, ids), look=False)
        return workspace, self._apply(workspace, plan)

    def _reset(self, table_name: str, keys: Mapping[str, list[str]]) -> list[str]:
        """Requeue the tasks named of each item, and say of each task what became of it."""
        workspace, result = self._requeue(table_name, list(keys), Scope.NAMED_TASKS, keys)
        outcomes = Outcomes(result, list(keys), tuple(so_already(workspace, result, ItemState.TODO, keys)))
        return [_sentence(outcomes, item_id, key) for item_id, named in keys.items() for key in named or ["none"]]

    def _reset_all(self, table_name: str, ids: list[str]) -> dict[str, list[str]]:
        """Requeue all tasks of each item, and say of each task, or of an item as a whole, what became of it."""
        workspace, result = self._requeue(table_name, ids, Scope.ALL_TASKS, {})
        items = tasks_of(workspace, ids)
        keys = {item_id: [task.key for task in item.tasks] for item_id, item in items.items()}
        outcomes = Outcomes(result, ids, tuple(so_already(workspace, result, ItemState.TODO, keys)))
        answers: dict[str, list[str]] = {}
        for item_id in ids:
            if outcomes.done(item_id) and keys.get(item_id):
                answers[item_id] = [_sentence(outcomes, item_id, key) for key in keys[item_id]]
            elif outcomes.done(item_id):
                answers[item_id] = [f"Updated item = {item_id}"]
            else:
                answers[item_id] = [f"Error: {outcomes.why(item_id)}"]
        return answers


def _sentence(outcomes: Outcomes, item_id: str, key: str) -> str:
    what = f"item = {item_id} taskKey = {key}"
    if outcomes.changed(item_id):
        return f"Updated {what}"
    return f"Waits already: {what}" if outcomes.done(item_id) else f"Error updating {what}: {outcomes.why(item_id)}"


def _abandoned(workspace: Workspace, ids: Sequence[str]) -> dict[str, str | None] | None:
    """Which of these items a worker holds that is not known to live, each with its lock; None where there is none."""
    if len(ids) <= GET_BATCH:
        records = workspace.items.get_many(ids, schema.FACT_ATTRIBUTES)
        report = workspace.locked.look([read_facts(record) for record in records.values()])
    else:
        report = workspace.locked.read()
    named = set(ids)
    found = {
        held.facts.item_id: held.facts.lock_id
        for held in report.items
        if held.verdict is not Verdict.ALIVE and held.facts.item_id in named
    }
    return found or None

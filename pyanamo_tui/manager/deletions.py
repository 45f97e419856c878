"""The documented client's deletions: whole items, and nested tasks of items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict, overload

from pyanamo_tui.errors import UsageError
from pyanamo_tui.manager.outcomes import Ids, ItemTasks, Outcomes, ids_of, keys_by_item, keys_of, tasks_of
from pyanamo_tui.manager.session import Session


class DeletionAnswer(TypedDict):
    """How many items were named, those that were deleted, and those that were not."""

    N: int
    Deleted: list[str]
    Failed: list[str]


class DeletionCalls(Session):
    """Calls that delete. What they delete is in the journal first; an item that a worker holds is left to it."""

    @overload
    def delete_singleItem(self, table_name: str, item: str | int) -> str: ...
    @overload
    def delete_singleItem(self, table_name: str, item: list[str] | tuple[str, ...]) -> DeletionAnswer: ...
    def delete_singleItem(self, table_name: str, item: str | int | Ids | None = None) -> str | DeletionAnswer:
        """Delete one item, or a list of them.

        Returns:
            For one item a sentence, which begins with `Error` and says why if it was not deleted; for a list
            `{'N', 'Deleted', 'Failed'}`. Why those failed is said, and is in `last_result`.

        Corrects: an item that does not exist is said to be missing; one that a worker holds stays: reset it first. The
        original took the first id off the caller's own list, and stopped at the first failure. It can be undone.
        """
        ids = ids_of(item)
        workspace = self._turn_to(table_name)
        outcomes = Outcomes(self._apply(workspace, workspace.actions.delete(ids, look=False)), ids)
        if not isinstance(item, list | tuple):
            done = outcomes.done(ids[0])
            return f"Deleted item = {item}" if done else f"Error deleting item = {item}: {outcomes.why(ids[0])}"
        outcomes.tell("deleted")
        return {"N": len(ids), "Deleted": outcomes.updated, "Failed": outcomes.failed}

    @overload
    def delete_nestedTasks(self, table_name: str, itemID: str, taskKey: str) -> str: ...
    @overload
    def delete_nestedTasks(self, table_name: str, itemID: str, taskKey: Ids | None = None) -> list[str]: ...
    def delete_nestedTasks(self, table_name: str, itemID: str, taskKey: str | Ids | None = None) -> str | list[str]:
        """Delete nested tasks of an item, with their logs.

        Args:
            table_name: the table.
            itemID: the item.
            taskKey: one task, or a list of tasks. Without it ALL tasks of the item are deleted; an empty list deletes
                none. If the item lacks one of the tasks named, none is deleted.

        Returns:
            For one task a sentence; else a list of them. One that begins with `Error` says why nothing was deleted.

        Corrects: the original left `Nested_Tasks`, `Log_Length` and the logs as they were, so that the item could never
        be done. An item left with tasks that have all ended gets the state that they give it, and one left without
        tasks is done, so that no engine takes it. It can be undone.
        """
        if taskKey is None:
            return self._delete_all(table_name, [str(itemID)])[str(itemID)]
        keys = keys_of(taskKey)
        if not keys:
            return []
        lines = self._delete(table_name, {str(itemID): keys})[str(itemID)]
        return lines[0] if isinstance(taskKey, str) else lines

    def clear_nestedTasks(
        self, table_name: str, itemList: Ids | Sequence[ItemTasks] = ()
    ) -> list[dict[str, list[str]]]:
        """Delete nested tasks of several items.

        Args:
            table_name: the table.
            itemList: `{'itemID': id, 'TaskScript': key, or list or dict of keys}` for each item, whose tasks named are
                deleted; or ids, whose tasks are ALL deleted.

        Returns:
            For each item `{itemID: sentences}`, as `delete_nestedTasks`.

        Corrects: as `delete_nestedTasks`. The original answered nothing for a list of ids.
        """
        if isinstance(itemList, str | Mapping):
            raise UsageError("itemList is not a list", "Give a list of itemIDs, or of {'itemID', 'TaskScript'}.")
        if not itemList:
            return []
        if isinstance(itemList[0], Mapping):
            answers = self._delete(table_name, keys_by_item(itemList))
        elif any(isinstance(entry, Mapping) for entry in itemList):
            raise UsageError("itemList mixes ids and tasks of items", "Give either ids or {'itemID', 'TaskScript'}.")
        else:
            answers = self._delete_all(table_name, ids_of(list(itemList)))
        return [{item_id: lines} for item_id, lines in answers.items()]

    def _delete(self, table_name: str, keys: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Delete the tasks named of each item, and say of each what became of it."""
        workspace = self._turn_to(table_name)
        plan = workspace.actions.delete_tasks(keys, keys, look=False)
        outcomes = Outcomes(self._apply(workspace, plan), list(keys))
        return {item_id: _sentences(outcomes, item_id, named) for item_id, named in keys.items()}

    def _delete_all(self, table_name: str, ids: list[str]) -> dict[str, list[str]]:
        """Delete all tasks of each item, and say of each what became of it."""
        workspace = self._turn_to(table_name)
        before = {item_id: [task.key for task in item.tasks] for item_id, item in tasks_of(workspace, ids).items()}
        outcomes = Outcomes(self._apply(workspace, workspace.actions.delete_tasks(ids, None, look=False)), ids)
        return {item_id: _sentences(outcomes, item_id, before.get(item_id, [])) for item_id in ids}


def _sentences(outcomes: Outcomes, item_id: str, keys: Sequence[str]) -> list[str]:
    if outcomes.done(item_id):
        return [f"Deleted task = {key} from itemID = {item_id}" for key in keys]
    named = [f"task = {key}" for key in keys] or ["tasks"]
    return [f"Error deleting {what} from itemID = {item_id}: {outcomes.why(item_id)}" for what in named]

"""How a change of items is answered: which were changed, which were so already, and why each of the others was not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from pyanamo_tui.aws.items import GET_BATCH
from pyanamo_tui.core.plan import ActionResult
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import UsageError
from pyanamo_tui.manager.session import tell
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Debris, Item

Ids = list[str] | tuple[str, ...]
"""Several ids; a text alone is one id."""
ItemTasks = Mapping[str, object]
"""`{'itemID': id, 'TaskScript': key, or list or dict of keys}`."""

_WITHOUT_LOGS: Final = (*schema.FACT_ATTRIBUTES, schema.SCRIPT)


def ids_of(given: object) -> list[str]:
    """The ids given, each once: a list or tuple of them, or one.

    Raises:
        UsageError: none was given.
    """
    several = given if isinstance(given, list | tuple) else [given]
    ids = list(dict.fromkeys(str(one) for one in several if one is not None))
    if not ids or not all(ids):
        raise UsageError("No item is named", "Give an itemID, or a list of them.")
    return ids


def keys_of(given: object) -> list[str]:
    """The task keys given, each once: one, or a list, tuple, set or dict of them; none for None."""
    if given is None:
        return []
    several = given if isinstance(given, Collection) and not isinstance(given, str) else [given]
    return list(dict.fromkeys(str(one) for one in several))


def keys_by_item(given: Iterable[object]) -> dict[str, list[str]]:
    """The task keys of each item from `{'itemID', 'TaskScript'}`; an item named twice has those of both.

    Raises:
        UsageError: an entry is not of that form.
    """
    found: dict[str, list[str]] = {}
    for entry in given:
        if not isinstance(entry, Mapping) or "itemID" not in entry or "TaskScript" not in entry:
            raise UsageError(
                f"{entry!r} names no tasks", "Give each item as {'itemID': 'S1', 'TaskScript': ['Task_0']}."
            )
        keys = found.setdefault(str(entry["itemID"]), [])
        keys += [key for key in keys_of(entry["TaskScript"]) if key not in keys]
    return found


def tasks_of(workspace: Workspace, ids: Sequence[str]) -> dict[str, Item]:
    """The items of these ids as they are now, without their logs; those that do not exist are left out."""
    found: dict[str, Item] = {}
    for start in range(0, len(ids), GET_BATCH):
        records = workspace.items.get_many(ids[start : start + GET_BATCH], _WITHOUT_LOGS)
        found.update((item_id, schema.read_item(record)) for item_id, record in records.items())
    return found


class Outcomes:
    """What became of each of the items named.

    Args:
        result: of the action.
        ids: the items that were named.
        so_already: those left alone because they are as asked.
    """

    def __init__(self, result: ActionResult, ids: Sequence[str], so_already: Collection[str] = ()) -> None:
        self._ids = ids
        self._changed = frozenset(result.changed_ids)
        self._so_already = frozenset(so_already)
        self._why = {outcome.item: outcome.why for outcome in (*result.skipped, *result.failed)}
        self._stopped = "it was stopped before" if result.error is None else result.error.message

    def done(self, item_id: str) -> bool:
        """Whether the item is as asked now."""
        return item_id in self._changed or item_id in self._so_already

    def changed(self, item_id: str) -> bool:
        """Whether it was this action that made it so."""
        return item_id in self._changed

    def why(self, item_id: str) -> str:
        """Why the item is not as asked."""
        return self._why.get(item_id, self._stopped)

    @property
    def updated(self) -> list[str]:
        """The items that are as asked now, in the order named."""
        return [item_id for item_id in self._ids if self.done(item_id)]

    @property
    def failed(self) -> list[str]:
        """The others."""
        return [item_id for item_id in self._ids if not self.done(item_id)]

    def tell(self, what: str) -> None:
        """Say how many were not changed, by why."""
        counted: dict[str, int] = {}
        for item_id in self.failed:
            counted[self.why(item_id)] = counted.get(self.why(item_id), 0) + 1
        for why, count in sorted(counted.items(), key=lambda entry: -entry[1]):
            tell(f"Not {what} N = {count}: {why}")


def so_already(
    workspace: Workspace, result: ActionResult, state: str, keys: Mapping[str, Sequence[str]] | None = None
) -> Iterator[str]:
    """The items that an action skipped and that are in the state already, with something to run where it is `todo`.

    Args:
        workspace: the table's.
        result: of the action.
        state: what was asked.
        keys: tasks that must wait, too, by item; None for none.
    """
    skipped = [outcome.item for outcome in result.skipped]
    for item_id, item in tasks_of(workspace, skipped).items():
        wanted = () if keys is None else keys.get(item_id, ())
        waiting = all((task := item.task(key)) is not None and not task.ended for key in wanted)
        if item.facts.state == state and waiting and Debris.NOTHING_TO_RUN not in item.facts.debris:
            yield item_id

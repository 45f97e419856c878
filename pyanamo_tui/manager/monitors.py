"""The documented client's looks: counts by state, nested progress, items by state with their logs, jobs of locks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, TypedDict, overload

from pyanamo_tui.core.locked import OwnerKind
from pyanamo_tui.core.monitor import Monitor
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import NotAWorkflowTable, UsageError
from pyanamo_tui.manager.plain import PlainItem, plain_item
from pyanamo_tui.manager.session import Session, tell
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState, Quarter, Snapshot, quarter_of

_ALWAYS: Final = (ItemState.TODO, ItemState.LOCKED, ItemState.DONE)
"""States that a monitor counts even where no item is in them."""
_ALIASES: Final = {"TaskID": schema.STEP}
"""Fields as import files write them."""
_JOB_STATES: Final = ("SUCCEEDED", "FAILED", "RUNNING")
_OTHER, _NOT_ASKED, _UNKNOWN, _NO_JOB = "OTHER", "ERROR_FETCHING", "UNKNOWN", "NO_JOB"


class QuarterAnswer(TypedDict):
    """Nested items of one quarter: how many, and which."""

    N: int
    Items: list[str]


class StateItems(TypedDict):
    """Items in a state: how many, and the fields asked for of each."""

    ItemState: str
    N: int
    Items: list[PlainItem]


class MonitorCalls(Session):
    """Calls that look and change nothing."""

    def monitor_task(self, table_name: str, Niterations: int = 1, waitTime: float = 0) -> dict[str, dict[str, int]]:
        """Count the items by state, `Niterations` times with `waitTime` seconds between, and say each count.

        Returns:
            `{'Iteration_0': {'todo': 3, 'locked': 1, 'done': 4, …}, …}`.

        Corrects: counts every state that an item is in, where the original knew three and counted none that failed, ran
        out of wall time or was parked; reads small attributes within a read budget instead of whole items; an empty
        table is counted too.
        """
        summary: dict[str, dict[str, int]] = {}
        for number, snapshot in enumerate(self._looks(table_name, Niterations, waitTime)):
            counts = {**dict.fromkeys(map(str, _ALWAYS), 0), **snapshot.counts}
            summary[f"Iteration_{number}"] = counts
            tell(f"Iteration_{number}: " + ", ".join(f"{state} = {count}" for state, count in counts.items()))
        return summary

    @overload
    def summarize_nestedTasks(self, table_name: str, output_results: Literal[0] = 0) -> None: ...
    @overload
    def summarize_nestedTasks(self, table_name: str, output_results: Literal[1]) -> dict[str, QuarterAnswer]: ...
    def summarize_nestedTasks(self, table_name: str, output_results: int = 0) -> dict[str, QuarterAnswer] | None:
        """Say how many nested items are how far, and with `output_results` 1 answer with which.

        By percent of their tasks done: `todo` 0, `Q1` 1–25, `Q2` 26–50, `Q3` 51–75, `Q4` 76–99, `done` 100.

        Returns:
            `{'todo': {'N': 2, 'Items': [ids]}, 'Q1': …, 'done': …}`, or None.

        Corrects: counts nested items in every state, not only locked ones, and no single ones; `done` is that all tasks
        ended well. `Items` are ids in every group.
        """
        with _monitor(self._turn_to(table_name)) as monitor:
            summary = _quarters(monitor.poll_once())
        _say_quarters(summary)
        return summary if output_results else None

    def monitor_nestedTasks(
        self, table_name: str, Niterations: int = 1, waitTime: float = 0
    ) -> dict[str, dict[str, dict[str, int]]]:
        """Count nested items as `summarize_nestedTasks` does, `Niterations` times with `waitTime` seconds between.

        Returns:
            `{'Iteration_1': {'todo': {'N': 2}, 'Q1': {'N': 0}, …}, …}`.

        Corrects: as `summarize_nestedTasks`.
        """
        summary: dict[str, dict[str, dict[str, int]]] = {}
        for number, snapshot in enumerate(self._looks(table_name, Niterations, waitTime), start=1):
            quarters = _quarters(snapshot)
            tell(f"Iteration_{number}")
            _say_quarters(quarters)
            summary[f"Iteration_{number}"] = {name: {"N": quarter["N"]} for name, quarter in quarters.items()}
        return summary

    def getToDoItems(self, itemState: str, recursively: int = 1, pyanamo_fields: str | None = None) -> StateItems:
        """The items of the current table in a state, in the order of their ids.

        Args:
            itemState: any state that items are in.
            recursively: taken for the sake of old scripts; every page is read either way.
            pyanamo_fields: attributes to answer with, by commas; None for `itemID` alone. `TaskID` may be written for
                `taskID`, and is answered under both names. What an item lacks is left out.

        Returns:
            `{'ItemState', 'N', 'Items'}`, the items with plain values: `item['Log']['Task_0']['stdout']`.

        Corrects: whole numbers are `int`; items come in an order; small fields alone are read from the index that does
        not pay for logs.

        Raises:
            UsageError: there is no current table, or the state is empty.
            NotAWorkflowTable: it lacks the index that holds what is asked.
        """
        if not itemState:
            raise UsageError("itemState is empty", "Give the state, e.g. 'done'.")
        workspace = self._current()
        fields = [field.strip() for field in (pyanamo_fields or schema.ITEM_ID).split(",") if field.strip()]
        attributes = tuple(dict.fromkeys(_ALIASES.get(field, field) for field in fields))
        aliases = {field: _ALIASES[field] for field in fields if field in _ALIASES}
        index, start = _index(workspace, attributes), None
        items: list[PlainItem] = []
        while True:
            page = workspace.items.query_state(itemState, index=index, attributes=attributes, start=start)
            for record in page.records:
                item = plain_item(record)
                items.append(item | {alias: item[name] for alias, name in aliases.items() if name in item})
            start = page.next_key
            if start is None:
                return {"ItemState": itemState, "N": len(items), "Items": items}

    def getItem_JobStates(self, table_name: str) -> dict[str, list[str]]:
        """The locked items by the state of the AWS Batch job that holds them.

        Returns:
            Ids under `SUCCEEDED`, `FAILED`, `RUNNING`; `OTHER` (`<state>_Item_<id>`); `UNKNOWN`: AWS Batch keeps a job
            for about a week, and knows these no more; `NO_JOB`: held by an EC2 instance, a host or nobody;
            `ERROR_FETCHING`: AWS Batch could not be asked, which is said.

        Corrects: asks for a hundred jobs a call; reads every page of locked items, with and without an owner; plain job
        ids and array children alike; what is no job is not taken for one, and a job that AWS has forgotten is no error.
        """
        report = self._turn_to(table_name).locked.read()
        tell(f"Locked items N = {len(report.items)}")
        if report.batch_problem:
            tell(f"AWS Batch could not be asked: {report.batch_problem}")
        found: dict[str, list[str]] = {name: [] for name in (*_JOB_STATES, _OTHER, _NOT_ASKED, _UNKNOWN, _NO_JOB)}
        for held in sorted(report.items, key=lambda one: one.facts.item_id):
            item_id, state = held.facts.item_id, held.job_state
            if held.owner.kind is not OwnerKind.BATCH_JOB:
                found[_NO_JOB].append(item_id)
            elif not state:
                found[_NOT_ASKED if report.batch_problem else _UNKNOWN].append(item_id)
            elif state in _JOB_STATES:
                found[state].append(item_id)
            else:
                found[_OTHER].append(f"{state}_Item_{item_id}")
        return found

    def _looks(self, table_name: str, times: int, wait: float) -> Iterator[Snapshot]:
        """Snapshots of the whole table, with so many seconds between."""
        with _monitor(self._turn_to(table_name)) as monitor:
            for number in range(int(times)):
                if number and wait > 0:
                    time.sleep(wait)
                yield monitor.poll_once()


@contextmanager
def _monitor(workspace: Workspace) -> Iterator[Monitor]:
    monitor = workspace.monitor()
    try:
        yield monitor
    finally:
        monitor.stop()


def _index(workspace: Workspace, attributes: tuple[str, ...]) -> str:
    """The cheapest index by state that holds these attributes."""
    info = workspace.describe()
    summary = info.index(schema.SUMMARY_INDEX)
    if info.has_summary_index and summary is not None:
        held = {schema.STATE, schema.ITEM_ID, *summary.attributes}
        if held.issuperset(attributes):
            return schema.SUMMARY_INDEX
    if info.index(schema.STATE_INDEX) is None:
        raise NotAWorkflowTable(
            f"{info.name} has no index {schema.STATE_INDEX}, which holds scripts and logs by state",
            f"Add it: pyanamo-tui tables upgrade {info.name}",
        )
    return schema.STATE_INDEX


def _quarters(snapshot: Snapshot) -> dict[str, QuarterAnswer]:
    summary: dict[str, QuarterAnswer] = {quarter.value: {"N": 0, "Items": []} for quarter in Quarter}
    for item_id in sorted(snapshot.items):
        facts = snapshot.items[item_id]
        if facts.nested:
            group = summary[quarter_of(facts.percent_done).value]
            group["N"] += 1
            group["Items"].append(item_id)
    return summary


def _say_quarters(summary: dict[str, QuarterAnswer]) -> None:
    tell(", ".join(f"{name} = {quarter['N']}" for name, quarter in summary.items()))

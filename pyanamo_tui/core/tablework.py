"""What users do to whole tables: upgrade in place, capacity, auto-scaling, stream, protection; and how a table stands.

workspace.tablework.upgrade("Cohort7", progress=show)
workspace.tablework.health(workspace.tables.describe("Cohort7"))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pyanamo_tui.aws.scaling import Limits, Scaling, ScalingOutcome, ScalingState
from pyanamo_tui.aws.tablechanges import TableChanges, is_standard
from pyanamo_tui.aws.tables import Billing, Capacity, TableInfo, Tables
from pyanamo_tui.errors import NotAWorkflowTable, UsageError
from pyanamo_tui.workflow import schema

_EVERY_INDEX: Final = (*schema.STANDARD_INDEXES, schema.SUMMARY_INDEX)
_INDEX_USES: Final[Mapping[str, str]] = {
    "ItemStateIndex": "the original engines find their work in it",
    "TaskStateIndex": "the original lists items by step with it",
    "InstanceStateIndex": "the original lists items by worker with it",
    "LoggingIndex": "the original follows logs and nested tasks with it",
    schema.SUMMARY_INDEX: "without it, counting pays for scripts and logs",
}


class Severity(StrEnum):
    """How much a finding matters."""

    BROKEN = "broken"
    ADVICE = "advice"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class TableFinding:
    """One thing to know of a table: what, and what to do about it (empty: nothing has to be done)."""

    severity: Severity
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class UpgradeProgress:
    """How far an upgrade is: step `number` of `total`, on `name`, and what AWS says of it. `items` are in it so far."""

    number: int
    total: int
    name: str
    status: str
    backfilling: bool = False
    items: int = 0


@dataclass(frozen=True, slots=True)
class UpgradeResult:
    """What an upgrade did: the indexes made or waited for, whether it turned the stream on, and the table now."""

    indexes: tuple[str, ...]
    stream: bool
    info: TableInfo


class TableWork:
    """Work on the tables of one place.

    Every method raises our errors: TableNotFound, PermissionDenied, ReadOnly, and ServiceRefused where AWS is at work
    on the table already. Each can be repeated: what is done is left as it is.

    Args:
        tables, changes, scaling: the place's.
    """

    def __init__(self, tables: Tables, changes: TableChanges, scaling: Scaling) -> None:
        self._tables = tables
        self._changes = changes
        self._scaling = scaling

    def missing(self, info: TableInfo) -> tuple[str, ...]:
        """The indexes that an upgrade makes or waits for, the most useful first."""
        wanted = (schema.STATE_INDEX, schema.SUMMARY_INDEX, *_EVERY_INDEX)
        names = dict.fromkeys(wanted)
        return tuple(
            name
            for name in names
            if (index := info.index(name)) is None or index.status != "ACTIVE" or index.backfilling
        )

    def upgrade(
        self, table: str, *, stream: bool = True, progress: Callable[[UpgradeProgress], None] | None = None
    ) -> UpgradeResult:
        """Give a table every standard index, the summary index and a stream, without touching an item.

        AWS builds one index at a time; on a large table each takes minutes to hours, and workers go on meanwhile. An
        interrupted upgrade goes on when it is run again.

        Args:
            table: its name.
            stream: turn the stream on too, unless some stream is on already.
            progress: told at every look.

        Raises:
            NotAWorkflowTable: its key is not `itemID`, so that no index makes it a workflow table.
        """
        info = self._tables.describe(table)
        if info.key != (schema.ITEM_ID,):
            raise NotAWorkflowTable(
                f"{table} cannot be upgraded: its key is {', '.join(info.key)}, not {schema.ITEM_ID}",
                "Create a workflow table: pyanamo-tui tables create -t NAME",
            )
        names = self.missing(info)
        streaming = stream and info.stream_arn is None
        total = len(names) + streaming

        def told(number: int, name: str) -> Callable[[TableInfo], None]:
            def look(now: TableInfo) -> None:
                if progress is None:
                    return
                index = now.index(name)
                if index is None:
                    progress(UpgradeProgress(number, total, name, now.status))
                else:
                    progress(UpgradeProgress(number, total, name, index.status, index.backfilling, index.items))

            return look

        # What AWS is still at work on comes first: it takes no other change meanwhile.
        info = (
            self._tables.wait_active(table, told(min(1, total), names[0]))
            if names and info.status != "ACTIVE"
            else info
        )
        for number, name in enumerate(names, start=1):
            info = self._changes.add_index(table, name, told(number, name))
        if streaming:
            info = self._changes.enable_stream(table, told(total, "stream"))
        return UpgradeResult(names, streaming, info)

    def set_capacity(
        self, table: str, *, read: int, write: int, progress: Callable[[TableInfo], None] | None = None
    ) -> TableInfo:
        """Give the table and every index these provisioned units a second; an on-demand table becomes provisioned.

        Raises:
            UsageError: a number is below 1.
        """
        if min(read, write) < 1:
            raise UsageError("Capacity cannot be below 1 unit", "Give 1 or more, or make the table on-demand.")
        return self._changes.set_capacity(table, Capacity(read, write), progress)

    def set_on_demand(self, table: str, progress: Callable[[TableInfo], None] | None = None) -> TableInfo:
        """Pay by request; AWS allows the change a few times a day."""
        return self._changes.set_on_demand(table, progress)

    def enable_stream(self, table: str) -> TableInfo:
        """Turn DynamoDB Streams on, so that monitors read only what changes."""
        return self._changes.enable_stream(table)

    def set_protection(self, table: str, on: bool, progress: Callable[[TableInfo], None] | None = None) -> TableInfo:
        """Turn deletion protection on or off."""
        return self._changes.set_protection(table, on, progress)

    def scale_between(self, table: str, *, read: tuple[int, int], write: tuple[int, int]) -> tuple[ScalingOutcome, ...]:
        """Let the capacity of the table and every index move between (low, high) units; one outcome for each."""
        info = self._tables.describe(table)
        return self._scaling.register(info, read=Limits(*read), write=Limits(*write))

    def scale_by(
        self, table: str, *, target_percent: float, scale_in_seconds: int = 60, scale_out_seconds: int = 60
    ) -> tuple[ScalingOutcome, ...]:
        """Keep consumption at this share of capacity, with these pauses after lowering and raising it."""
        return self._scaling.put_policies(
            self._tables.describe(table),
            target_percent=target_percent,
            scale_in_seconds=scale_in_seconds,
            scale_out_seconds=scale_out_seconds,
        )

    def stop_scaling(self, table: str) -> tuple[ScalingOutcome, ...]:
        """Leave the capacity where it is from now on; one outcome for each target."""
        return self._scaling.stop(self._tables.describe(table))

    def scaling(self, table: str) -> tuple[ScalingState, ...]:
        """How the table and its indexes scale now; empty where nothing does."""
        return self._scaling.describe(self._tables.describe(table))

    def health(self, info: TableInfo) -> list[TableFinding]:
        """How a table stands, in words, the worst first. Asks AWS nothing."""
        return table_health(info)


def table_health(info: TableInfo) -> list[TableFinding]:
    """How a table stands, in words, the worst first."""
    if info.key != (schema.ITEM_ID,):
        what = f"not a workflow table: its key is {', '.join(info.key)}, not {schema.ITEM_ID}"
        return [TableFinding(Severity.BROKEN, what, "Choose another table, or create one.")]
    found = [*_index_findings(info), *_capacity_findings(info)]
    if info.status != "ACTIVE":
        found.append(TableFinding(Severity.NOTE, f"AWS is at work on it: {info.status}", "Wait until it is ACTIVE."))
    if info.stream_arn is None:
        what = "no stream: monitors read the whole table again and again"
        found.append(TableFinding(Severity.ADVICE, what, "Turn its stream on."))
    elif "NEW" not in (info.stream_view or ""):
        found.append(TableFinding(Severity.ADVICE, f"its stream carries {info.stream_view}, not new images", ""))
    if not info.protected:
        found.append(TableFinding(Severity.NOTE, "not protected against deletion", "Turn its protection on."))
    order = list(Severity)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _index_findings(info: TableInfo) -> list[TableFinding]:
    found: list[TableFinding] = []
    for name in _EVERY_INDEX:
        index = info.index(name)
        worst = Severity.ADVICE if name == schema.SUMMARY_INDEX else Severity.BROKEN
        if index is None:
            found.append(TableFinding(worst, f"no index {name}: {_INDEX_USES[name]}", "Upgrade the table."))
        elif index.status != "ACTIVE" or index.backfilling:
            filling = f", {index.items:,} items so far" if index.backfilling else ""
            found.append(TableFinding(Severity.NOTE, f"index {name} is being made: {index.status}{filling}", "Wait."))
        elif not is_standard(index):
            remedy = "Delete the index in the AWS console, then upgrade the table."
            found.append(TableFinding(worst, f"index {name} has other keys or attributes than it should", remedy))
    return found


def _capacity_findings(info: TableInfo) -> list[TableFinding]:
    if info.billing == Billing.ON_DEMAND or info.capacity is None:
        return []
    low = [
        f"{index.name} ({index.capacity.write})"
        for index in info.indexes
        if index.capacity is not None and index.capacity.write < info.capacity.write
    ]
    if not low:
        return []
    # A write waits for the slowest index that it touches (AWS: "Throttling of global secondary indexes").
    what = f"indexes with fewer write units than the table ({info.capacity.write}) hold it back: {', '.join(low)}"
    return [TableFinding(Severity.ADVICE, what, "Give all the same capacity.")]

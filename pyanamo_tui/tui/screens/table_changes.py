"""The keys of the tables screen that change a table: each asks, then does it in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from pyanamo_tui.tui.format import count, counted
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.form import Form, FormModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.screens.table_work import Outcome, TableWorkScreen, Told, looking
from pyanamo_tui.tui.table_forms import (
    capacity_form,
    create_form,
    new_scaling,
    new_table,
    scaling_form,
    units_of,
)
from pyanamo_tui.tui.table_text import COLUMNS, TableRow
from pyanamo_tui.tui.widgets.item_table import ItemTable
from pyanamo_tui.workflow import schema

if TYPE_CHECKING:
    from pyanamo_tui.aws.scaling import ScalingOutcome, ScalingState
    from pyanamo_tui.aws.tables import TableInfo
    from pyanamo_tui.core.tablework import TableWork, UpgradeProgress
    from pyanamo_tui.core.workspace import Workspace


class TableChangesScreen(TableWorkScreen):
    """What may be asked of the table under the cursor.

    Attributes:
        table: the list.
        rows: all tables that are known there, by name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table: ItemTable[TableRow] = ItemTable(
            COLUMNS, lambda row: row.name, empty="Reading the tables …", id="tables"
        )
        self.rows: dict[str, TableRow] = {}

    def say_no_workflow(self, info: TableInfo, said: str) -> None:
        """Why a table is not for workflows; `said`: what follows from it."""
        what = f"{info.name} is not a workflow table"
        why = f"Its key is {' + '.join(info.key)}; a workflow table has {schema.ITEM_ID}, and a key cannot be changed."
        self.app.push_screen(MessageModal(what, f"{why} {said} d shows its schema; C creates a workflow table."))

    def _place(self, workspace: Workspace) -> str:
        return self.dashboard.place()[1] or workspace.region

    def _to_change(self) -> tuple[Workspace, TableInfo] | None:
        """The place and the table under the cursor, if that may be changed; otherwise it is said why not."""
        workspace, row = self.dashboard.workspace, self.table.row
        if workspace is None or row is None or row.info is None:
            return None
        if self._refused_read_only(workspace):
            return None
        if row.name in self.jobs:
            self.dashboard.notify(f"{row.name} is {self.jobs[row.name].words}: wait for that first.", markup=False)
            return None
        if row.info.key != (schema.ITEM_ID,):
            self.say_no_workflow(row.info, "Change and delete it with AWS's own tools.")
            return None
        return workspace, row.info

    def _refused_read_only(self, workspace: Workspace) -> bool:
        if workspace.read_only:
            self.app.push_screen(MessageModal("This place is open read-only", "Open it without --read-only to change."))
        return workspace.read_only

    async def _ask_form(self, form: Form) -> dict[str, str] | None:
        return await self.app.push_screen_wait(FormModal(form))

    @work(group="table-ask", exclusive=True)
    async def action_create(self) -> None:
        """Create a workflow table with every index."""
        workspace = self.dashboard.workspace
        if workspace is None or self._refused_read_only(workspace):
            return
        values = await self._ask_form(create_form(self._place(workspace), frozenset(self.rows)))
        if values is None:
            return
        new = new_table(values)

        def do(told: Told) -> Outcome:
            workspace.create_table(
                new.name,
                units=new.units,
                stream=new.stream,
                protect=new.protect,
                progress=looking(told, "being created"),
            )
            return Outcome(f"Created {new.name}. Enter opens it, then 9 imports items.")

        self.start(new.name, "being created", do)
        self.table.select_key(new.name)

    @work(group="table-ask", exclusive=True)
    async def action_capacity(self) -> None:
        """Another capacity mode, or other units on the table and every index."""
        found = self._to_change()
        if found is None:
            return
        workspace, info = found
        values = await self._ask_form(capacity_form(info, self._place(workspace)))
        if values is None:
            return
        units = units_of(values)

        def do(told: Told) -> Outcome:
            look = looking(told, "changing capacity")
            if units is None:
                workspace.tablework.set_on_demand(info.name, look)
                return Outcome(f"{info.name} is on-demand now.")
            workspace.tablework.set_capacity(info.name, read=units[0], write=units[1], progress=look)
            what = f"{count(units[0])} read and {counted(units[1], 'write unit')}"
            indexes = counted(len(info.indexes), "index", "indexes")
            return Outcome(f"{info.name} and its {indexes} have {what} each now.")

        self.start(info.name, "changing capacity", do)

    @work(group="table-ask", exclusive=True)
    async def action_scale(self) -> None:
        """Let the units of the table and every index follow what is used, or stop that."""
        found = self._to_change()
        if found is None:
            return
        workspace, info = found
        if info.capacity is None:
            hint = "B gives it provisioned capacity first, if it is to scale between limits of yours."
            self.app.push_screen(MessageModal(f"{info.name} is on-demand: AWS scales it by itself", hint))
            return
        self.start(info.name, "reading its scaling", lambda told: self._read_scaling(workspace, info))

    def _read_scaling(self, workspace: Workspace, info: TableInfo) -> Outcome:
        self.app.call_from_thread(self._ask_scaling, workspace, info, workspace.tablework.scaling(info.name))
        return Outcome("")

    @work(group="table-ask", exclusive=True)
    async def _ask_scaling(self, workspace: Workspace, info: TableInfo, states: tuple[ScalingState, ...]) -> None:
        values = await self._ask_form(scaling_form(info, states, self._place(workspace)))
        if values is None:
            return
        wanted = new_scaling(values)

        def do(told: Told) -> Outcome:
            at = workspace.tablework
            if wanted is None:
                return _scaled(info.name, at.stop_scaling(info.name), "does not scale any more")
            between = at.scale_between(info.name, read=wanted.read, write=wanted.write)
            if not all(one.done for one in between):
                return _scaled(info.name, between, "scales")
            told("setting what share to use")
            return _scaled(info.name, at.scale_by(info.name, target_percent=wanted.target_percent), "scales")

        self.start(info.name, "setting auto-scaling", do, steps=True)

    @work(group="table-ask", exclusive=True)
    async def action_upgrade(self) -> None:
        """Give the table what it lacks of indexes and stream; no item is touched."""
        found = self._to_change()
        if found is None:
            return
        workspace, info = found
        missing = workspace.tablework.missing(info)
        stream = info.stream_arn is None
        lacks = [*missing, *(["stream"] if stream else [])]
        if not lacks:
            self.dashboard.notify(f"{info.name} has every index and a stream.", markup=False)
            return
        question = Question(
            f"Upgrade {info.name}?",
            "Its items are not touched and workers go on. AWS builds one index at a time: minutes to hours on a large "
            "table. Stopped with X, it goes on from there when asked again.",
            facts=(("Table", info.name), ("Account", self._place(workspace)), ("It lacks", ", ".join(lacks))),
            confirm="Upgrade",
            destructive=False,
        )
        if await self.app.push_screen_wait(Confirm(question)):
            self.start(
                info.name, "being upgraded", lambda told: _upgrade(workspace.tablework, info.name, told), steps=True
            )

    @work(group="table-ask", exclusive=True)
    async def action_protect(self) -> None:
        """Turn deletion protection on, or off by typing the table's name."""
        found = self._to_change()
        if found is None:
            return
        workspace, info = found
        turn_on = not info.protected
        state = "on" if turn_on else "off"
        question = Question(
            f"Turn deletion protection of {info.name} {state}?",
            "Nobody can then delete it, here or elsewhere, until it is turned off." if turn_on else "",
            facts=(("Table", info.name), ("Account", self._place(workspace)), ("Items", count(info.items))),
            confirm=f"Turn {state}",
            typed="" if turn_on else info.name,
            destructive=not turn_on,
        )
        if not await self.app.push_screen_wait(Confirm(question)):
            return

        def do(told: Told) -> Outcome:
            workspace.tablework.set_protection(info.name, turn_on, looking(told, "changing protection"))
            return Outcome(f"Deletion protection of {info.name} is {state}.")

        self.start(info.name, "changing protection", do)

    @work(group="table-ask", exclusive=True)
    async def action_delete(self) -> None:
        """Delete the table and all its items, once its name is typed."""
        found = self._to_change()
        if found is None:
            return
        workspace, info = found
        if info.protected:
            what = f"{info.name} is protected against deletion; it was not deleted"
            self.app.push_screen(MessageModal(what, "P turns its protection off, if it really may go."))
            return
        if info.name == workspace.settings.table:
            what = f"{info.name} is the table that is open; it was not deleted"
            self.app.push_screen(MessageModal(what, "Open another table first: @."))
            return
        question = Question(
            f"Delete {info.name} and all its items?",
            "This cannot be undone: U knows items, not tables. `pyanamo-tui export` keeps them in a file.",
            facts=(
                ("Table", info.name),
                ("Account", self._place(workspace)),
                ("Items", f"{count(info.items)} when AWS last counted"),
            ),
            confirm="Delete",
            typed=info.name,
        )
        if not await self.app.push_screen_wait(Confirm(question)):
            return

        def do(told: Told) -> Outcome:
            workspace.tables.delete(info.name, looking(told, "being deleted"))
            return Outcome(f"Deleted {info.name}.")

        self.start(info.name, "being deleted", do)


def _upgrade(tablework: TableWork, name: str, told: Told) -> Outcome:
    def progress(now: UpgradeProgress) -> None:
        items = f", {counted(now.items, 'item')}" if now.items else ""
        filling = f"filling{items}" if now.backfilling else now.status.lower()
        told(f"{now.number} of {now.total}: {now.name} {filling}")

    result = tablework.upgrade(name, progress=progress)
    made = [*result.indexes, *(["stream"] if result.stream else [])]
    return Outcome(f"{name} has {', '.join(made)} now.")


def _scaled(name: str, outcomes: tuple[ScalingOutcome, ...], words: str) -> Outcome:
    done = sum(one.done for one in outcomes)
    lines = tuple(
        f"{'done  ' if one.done else 'failed'}  {one.what}" + f"  {one.why}" * bool(one.why) for one in outcomes
    )
    return Outcome(f"{name} {words}: {done} of {len(outcomes)} targets done", lines)

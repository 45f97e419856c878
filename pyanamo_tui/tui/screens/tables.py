"""Screen 8, tables: the tables of the region, workflow tables first; enter opens one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Label

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import Snapshot


@dataclass(frozen=True, slots=True)
class TableRow:
    """One table as the list shows it."""

    name: str
    status: str
    items: int
    capacity: str
    workflow: bool
    health: str


@dataclass
class TablesRead(Message):
    """The tables of the region were read, or could not be."""

    rows: tuple[TableRow, ...]
    error: PyanamoError | None = None


COLUMNS = (
    Column[TableRow]("name", "TABLE", 20, lambda row: Cell(row.name), flexible=True),
    Column[TableRow]("items", "ITEMS", 10, lambda row: Cell(count(row.items)), right=True),
    Column[TableRow]("status", "STATUS", 9, lambda row: Cell(row.status.lower(), "table--quiet")),
    Column[TableRow]("capacity", "CAPACITY", 12, lambda row: Cell(row.capacity, "table--quiet")),
    Column[TableRow](
        "health",
        "HEALTH",
        22,
        lambda row: Cell(row.health, "state--done" if row.workflow else "table--quiet"),
        flexible=True,
    ),
)


class TablesScreen(DashboardScreen):
    """Reads the tables when it is shown and when asked to, never by itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("C", "create", "create", id="tables.create", key_display="C"),
        Binding("r", "reread", "refresh", id="app.refresh", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.table: ItemTable[TableRow] = ItemTable(
            COLUMNS, lambda row: row.name, empty="Reading the tables …", id="tables"
        )
        self.line = Label("", classes="list-line")

    def body(self) -> ComposeResult:
        """The list and a line about it."""
        with Container(classes="panel") as panel:
            panel.border_title = "Tables"
            yield self.table
        yield self.line

    def on_mount(self) -> None:
        """The list has the keys; it is read at once if the place is open."""
        super().on_mount()
        self.table.focus()
        self.action_reread()

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Nothing here comes from Snapshots."""

    def workspace_opened(self, workspace: Workspace) -> None:
        """Another place has other tables."""
        self.action_reread()

    def action_reread(self) -> None:
        """Read the tables again."""
        if self.dashboard.workspace is not None:
            self._read(self.dashboard.workspace)

    @work(thread=True, group="tables", exclusive=True, exit_on_error=False, description="read tables")
    def _read(self, workspace: Workspace) -> None:
        try:
            infos = [workspace.tables.describe(name) for name in workspace.tables.names()]
        except PyanamoError as error:
            self.post_message(TablesRead((), error))
            return
        rows = [
            TableRow(
                name=info.name,
                status=info.status,
                items=info.items,
                capacity=str(info.billing),
                workflow=info.is_workflow,
                health=workspace.health_of(info),
            )
            for info in infos
        ]
        self.post_message(TablesRead(tuple(sorted(rows, key=lambda row: (not row.workflow, row.name)))))

    @on(TablesRead)
    def _show_read(self, message: TablesRead) -> None:
        if message.error is not None:
            self.table.set_empty(f"{message.error.message}. {message.error.hint}")
            self.table.set_rows(())
            return
        self.table.set_empty("There are no tables here. C creates one.")
        self.table.set_rows(message.rows)
        flows = sum(row.workflow for row in message.rows)
        self.line.update(Text(f"{count(flows)} workflow tables of {count(len(message.rows))} in this region"))

    @on(ItemTable.Selected, "#tables")
    def _open(self, event: ItemTable.Selected) -> None:
        row: TableRow = event.row
        if row.workflow:
            self.dashboard.open_table(row.name)
        else:
            self.dashboard.notify(f"{printable(row.name)}: {row.health}", severity="warning", markup=False)

    @work(group="create", exclusive=True)
    async def action_create(self) -> None:
        """Create a workflow table, on-demand, with every index and a stream."""
        workspace = self.dashboard.workspace
        if workspace is None:
            return
        name = await self.app.push_screen_wait(
            Prompt("Name of the new workflow table", placeholder="Cohort8", restrict=r"[A-Za-z0-9_.\-]*")
        )
        if name:
            self.dashboard.notify(f"Creating {name} …", markup=False)
            self._create(workspace, name)

    @work(thread=True, group="create-table", exclusive=True, exit_on_error=False, description="create table")
    def _create(self, workspace: Workspace, name: str) -> None:
        try:
            workspace.create_table(name)
        except PyanamoError as error:
            self.app.call_from_thread(self.dashboard.tell, error)
            return
        self.app.call_from_thread(self.dashboard.notify, f"Created {name}", markup=False)
        self.app.call_from_thread(self.action_reread)

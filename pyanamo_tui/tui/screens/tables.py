"""Screen 8, tables: the tables of the region, how each stands and what it costs; made, opened, changed, deleted."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widgets import Label, Static
from textual.worker import get_current_worker

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.format import count, counted
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.screens.table_changes import TableChangesScreen
from pyanamo_tui.tui.table_text import TableRow, about, schema_lines
from pyanamo_tui.tui.widgets.item_table import ItemTable
from pyanamo_tui.workflow import schema

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import Snapshot

_TOGETHER_SECONDS: Final = 0.2
"""Tables told of within this time are drawn at once."""


@dataclass
class TablesRead(Message):
    """Some tables of the region, as far as AWS has told. `names`: all there are, with the first of these messages."""

    reading: int
    rows: tuple[TableRow, ...] = ()
    names: tuple[str, ...] | None = None
    error: PyanamoError | None = None
    ended: bool = False


class TablesScreen(TableChangesScreen):
    """Reads the tables when it is shown and when asked to, never by itself; a few at a time, shown as they come."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "schema", "schema", id="tables.schema"),
        Binding("C", "create", "create", id="tables.create", key_display="C"),
        Binding("B", "capacity", "capacity", id="tables.capacity", key_display="B"),
        Binding("T", "scale", "scale", id="tables.scale", key_display="T", tooltip="let AWS scale its capacity"),
        Binding("I", "upgrade", "index", id="tables.upgrade", key_display="I", tooltip="add missing indexes, a stream"),
        Binding("P", "protect", "protect", id="tables.protect", key_display="P", show=False),
        Binding("D", "delete", "delete", id="tables.delete", key_display="D"),
        Binding("X", "stop", "stop waiting", id="tables.stop", key_display="X", show=False),
        Binding("r", "reread", "refresh", id="app.refresh", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._line = Label("", classes="list-line")
        self._about = Static("", id="table-about-text")
        self._reading = 0
        self._whole = False

    def body(self) -> ComposeResult:
        """The list, what is to know of the table under the cursor, and a line about all."""
        with Container(classes="panel", id="tables-list") as panel:
            panel.border_title = "Tables"
            yield self.table
        with VerticalScroll(classes="panel", id="table-about", can_focus=False):
            yield self._about
        yield self._line

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

    # -- reading --------------------------------------------------------------------------------

    def action_reread(self) -> None:
        """Read the tables again."""
        if self.dashboard.workspace is not None:
            self._reading += 1
            self._whole = False
            self._read(self.dashboard.workspace, self._reading)

    @work(thread=True, group="tables", exclusive=True, exit_on_error=False, description="read tables")
    def _read(self, workspace: Workspace, reading: int) -> None:
        from pyanamo_tui.core.regiontables import describe_each  # noqa: PLC0415 - boto3 after the first frame

        here = get_current_worker()
        try:
            names = tuple(workspace.tables.names())
            self.post_message(TablesRead(reading, names=names))
            came: list[TableRow] = []
            drawn = time.monotonic()
            for told in describe_each(workspace.tables, names, cancelled=lambda: here.is_cancelled):
                why = "" if told.error is None else told.error.message
                came.append(TableRow(told.name, told.info, problem=why))
                if time.monotonic() - drawn >= _TOGETHER_SECONDS:
                    self.post_message(TablesRead(reading, tuple(came)))
                    came, drawn = [], time.monotonic()
            self.post_message(TablesRead(reading, tuple(came), ended=True))
        except PyanamoError as error:
            self.post_message(TablesRead(reading, error=error))

    @on(TablesRead)
    def _show_read(self, message: TablesRead) -> None:
        if message.reading != self._reading:
            return
        if message.error is not None:
            self.table.set_empty(f"{message.error.message}. {message.error.hint}")
            self.rows.clear()
        if message.names is not None:
            self.table.set_empty("There are no tables here. C creates one.")
            known = self.rows
            self.rows = {name: known.get(name, TableRow(name)) for name in (*message.names, *self.jobs)}
        self.rows.update({row.name: row for row in message.rows})
        self._whole = self._whole or message.ended
        self._draw()

    def _draw(self) -> None:
        rows = [
            replace(row, work=self.jobs[row.name].words if row.name in self.jobs else "")
            for row in sorted(self.rows.values(), key=lambda row: (row.rank, row.name))
        ]
        self.table.set_rows(rows)
        self._show_about()
        problems, described = sum(bool(row.problem) for row in rows), sum(row.info is not None for row in rows)
        flows = sum(row.rank == 0 for row in rows)
        parts = [f"{counted(flows, 'workflow table')} of {count(len(rows))} in this region"] if described else []
        parts += [f"{count(problems)} could not be looked at"] if problems else []
        parts += [f"{count(described + problems)} read so far"] if rows and not self._whole else []
        self._line.update(Text(" · ".join(parts)))

    @on(ItemTable.Highlighted, "#tables")
    def _show_about(self) -> None:
        from pyanamo_tui.core.tablecost import cost_hints  # noqa: PLC0415 - boto3 after the first frame
        from pyanamo_tui.core.tablework import table_health  # noqa: PLC0415

        row = self.table.row
        self.retitle("#table-about", row.name if row is not None else "")
        if row is None:
            self._about.update("")
            return
        findings = [] if row.info is None else table_health(row.info)
        costs = () if row.info is None else cost_hints(row.info)
        told = [(one.severity.value, one.what, one.remedy) for one in findings]
        self._about.update(about(row, told, costs))

    def job_changed(self, name: str) -> None:
        """Show it on the table's row; what AWS says of it is read again at the end."""
        self.rows.setdefault(name, TableRow(name))
        self._draw()
        if name not in self.jobs:
            self.action_reread()

    # -- looking --------------------------------------------------------------------------------

    @on(ItemTable.Selected, "#tables")
    def _open(self, event: ItemTable.Selected) -> None:
        row: TableRow = event.row
        # One that is not read yet is opened too: opening looks at it first, and says what it is.
        if row.info is None or row.info.is_workflow:
            self.dashboard.open_table(row.name)
        elif row.info.key == (schema.ITEM_ID,):
            self.action_upgrade()
        else:
            self.say_no_workflow(row.info, "It was not opened.")

    def action_schema(self) -> None:
        """Everything that AWS says of the table."""
        row = self.table.row
        if row is not None and row.info is not None:
            self.app.push_screen(MessageModal(row.name, lines=schema_lines(row.info)))

    def action_stop(self) -> None:
        """Wait no more for what is done to the table under the cursor."""
        row = self.table.row
        if row is not None:
            self.stop_waiting(row.name)

"""Screen 7, workers: the engines of the table that run as pilots on AWS Batch, submitted, followed, ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.containers import Container

from pyanamo_tui.core.pilots import PilotJob
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui import pilot_text
from pyanamo_tui.tui.modals.live_lines import LiveLines
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.pilot_changes import submit_pilots, terminate_pilots
from pyanamo_tui.tui.rounds import Rounds
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.item_table import ItemTable
from pyanamo_tui.tui.widgets.log_view import LogView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import Snapshot

BATCH_SECONDS: Final = 15.0
"""How often AWS Batch is asked while the screen is shown."""
_SLOWEST_BATCH: Final = 240.0
_AGE_SECONDS: Final = 5.0
"""How often it is said anew how old the answer is."""
_WIDE: Final = 110
_MANY_PILOTS: Final = 200
_NO_TABLE: Final = "No table is open: 8 lists them, @ opens one."
_NO_PILOTS: Final = "No pilot jobs of this table that AWS Batch remembers. A submits some."


class WorkersScreen(DashboardScreen):
    """AWS Batch is asked every 15 seconds while this is shown, on a thread, and less often where it does not answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "add", "submit", id="worker.add", key_display="A", tooltip="submit pilots to AWS Batch"),
        Binding("X", "terminate", "end job", id="worker.terminate", key_display="X", tooltip="end Batch jobs"),
        Binding("l", "open", "job", id="worker.log", show=False, tooltip="the job and its pilots"),
        Binding("r", "reread", "refresh", id="app.refresh", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pilots: ItemTable[PilotJob] = ItemTable(
            pilot_text.NARROW, lambda pilot: pilot.job.job_id, empty="Asking AWS Batch …", marks=True, id="pilots"
        )
        self.tail = LogView(empty="", id="tail")
        self._batch_at: float | None = None
        self._batch_problem = ""
        self._read_batch = Rounds(
            self, "pilots", self._list_pilots, self._pilots_came, seconds=BATCH_SECONDS, slowest=_SLOWEST_BATCH
        )

    def body(self) -> ComposeResult:
        """The jobs, and what is known of the one under the cursor."""
        with Container(id="workers-batch", classes="panel") as panel:
            panel.border_title = "AWS Batch"
            yield self.pilots
        with Container(id="workers-log", classes="panel"):
            yield self.tail

    def on_mount(self) -> None:
        """The list has the keys."""
        super().on_mount()
        self.pilots.focus()
        self.set_interval(_AGE_SECONDS, self._title_batch)

    def on_screen_resume(self) -> None:
        """Read now, and go on while this is shown."""
        super().on_screen_resume()
        self._begin()

    def on_screen_suspend(self) -> None:
        """Nobody looks: nothing is read."""
        self._read_batch.pause()

    def on_resize(self, event: events.Resize) -> None:
        """More columns where there is room."""
        self.pilots.set_columns(pilot_text.WIDE if event.size.width >= _WIDE else pilot_text.NARROW)

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Nothing here comes from Snapshots."""

    def workspace_opened(self, workspace: Workspace) -> None:
        """Now there is something to ask."""
        if self.is_current:
            self._begin()

    def _begin(self) -> None:
        if self._open_table is None:
            if self.dashboard.workspace is not None:
                self.pilots.set_empty(_NO_TABLE)
            return
        self._read_batch.begin()

    @property
    def _open_table(self) -> Workspace | None:
        """The open place, where a table of it is open."""
        workspace = self.dashboard.workspace
        return None if workspace is None or workspace.settings.table is None else workspace

    # -- reading, on a thread --------------------------------------------------------------------

    def _list_pilots(self) -> tuple[PilotJob, ...]:
        workspace = self._open_table
        return () if workspace is None else workspace.pilots.jobs()

    # -- what came ------------------------------------------------------------------------------

    def _pilots_came(self, answer: tuple[PilotJob, ...] | PyanamoError) -> None:
        if isinstance(answer, PyanamoError):
            self._batch_problem = answer.message
            self.pilots.set_empty(f"AWS Batch could not be asked: {answer.message}. {answer.hint}")
        else:
            self._batch_problem, self._batch_at = "", time.time()
            self.pilots.set_empty(_NO_PILOTS)
            self.pilots.forget_marks(self.pilots.marked - {pilot.job.job_id for pilot in answer})
            self.pilots.set_rows(answer)
        self._title_batch()
        self._look()

    def _title_batch(self) -> None:
        self.retitle("#workers-batch", pilot_text.title_words(self.pilots.rows, self._batch_at, self._batch_problem))

    # -- what the cursor is on ------------------------------------------------------------------

    @on(ItemTable.Highlighted)
    def _look(self) -> None:
        """Show the job under the cursor."""
        pilot = self.pilots.row
        self.retitle("#workers-log", "Job" if pilot is None else f"Job {pilot.job.name}")
        lines = [] if pilot is None else pilot_text.pilot_lines(pilot)
        if lines != list(self.tail.lines):
            self.tail.set_lines(lines, empty="")
            self.tail.action_top()

    @on(ItemTable.Selected)
    def action_open(self) -> None:
        """The job under the cursor with its pilots, over the whole screen."""
        workspace, pilot = self._open_table, self.pilots.row
        if workspace is None or pilot is None:
            return
        lines = LiveLines(
            self.dashboard,
            f"Job {pilot.job.name}",
            lambda: job_and_pilots(workspace, pilot),
            seconds=BATCH_SECONDS * (4 if pilot.pilots > _MANY_PILOTS else 1),
            from_end=False,
        )
        self.app.push_screen(lines)

    def action_reread(self) -> None:
        """Ask AWS Batch now."""
        self._read_batch.now()

    # -- changing -------------------------------------------------------------------------------

    def _to_change(self) -> Workspace | None:
        """The open table, if it may be changed; otherwise it is said why not."""
        workspace = self._open_table
        if workspace is None:
            self.notify(_NO_TABLE, markup=False)
            return None
        if workspace.read_only:
            self.app.push_screen(MessageModal("This place is open read-only", "Open it without --read-only to change."))
            return None
        return workspace

    def _chosen_pilots(self) -> Sequence[PilotJob]:
        marked, row = self.pilots.marked, self.pilots.row
        if marked:
            return [pilot for pilot in self.pilots.rows if pilot.job.job_id in marked]
        return [] if row is None else [row]

    @work(group="change", exclusive=True)
    async def action_add(self) -> None:
        """Submit pilots to AWS Batch."""
        workspace = self._to_change()
        if workspace is not None:
            await submit_pilots(self.dashboard, workspace)
            self._read_batch.now()

    @work(group="change", exclusive=True)
    async def action_terminate(self) -> None:
        """End jobs on AWS Batch."""
        workspace = self._to_change()
        if workspace is not None:
            await terminate_pilots(self.dashboard, workspace, self._chosen_pilots())
            self._read_batch.now()


def job_and_pilots(workspace: Workspace, pilot: PilotJob) -> list[str]:
    """A job as AWS knows it now, and the pilots of an array one by one. Called on a thread.

    Raises:
        PyanamoError: AWS Batch could not be asked.
    """
    job = workspace.pilots.job(pilot.job.job_id)
    if job is None:
        return ["AWS Batch does not know this job any more: it forgets a job about a week after its end."]
    children = workspace.pilots.children(job.job_id) if job.array_size else ()
    return [*pilot_text.pilot_lines(PilotJob(job)), *pilot_text.children_lines(children)]

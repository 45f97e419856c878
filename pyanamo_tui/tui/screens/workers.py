"""Screen 7, workers: the engines of the table, those of this host with their logs, and the pilots on AWS Batch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.containers import Container

from pyanamo_tui.core.pilots import PilotJob
from pyanamo_tui.core.workers import LocalWorker
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui import pilot_text, worker_changes, worker_text
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

LOCAL_SECONDS: Final = 2.0
BATCH_SECONDS: Final = 15.0
"""How often this host's workers, and AWS Batch, are asked while the screen is shown."""
_SLOWEST_BATCH: Final = 240.0
_TAIL_LINES: Final = 200
_WHOLE_LINES: Final = 20_000
_WIDE: Final = 110
_MANY_PILOTS: Final = 200
_NO_TABLE: Final = "No table is open: 8 lists them, @ opens one."
_NO_LOCAL: Final = "No worker of this table runs on this host. A starts some."
_NO_PILOTS: Final = "No pilot jobs of this table that AWS Batch remembers. A submits some."
_LOCAL_KEYS: Final = frozenset({"more", "fewer", "drain", "stop", "kill", "forget", "others"})


class WorkersScreen(DashboardScreen):
    """The local workers are read every two seconds, AWS Batch every 15, each on a thread: neither waits for the other.

    The keys are about whichever of the two lists has the focus; tab or b goes to the other.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "add", "add", id="worker.add", key_display="A", tooltip="start workers, submit pilots"),
        Binding("plus", "more", "one more", id="worker.more", key_display="+"),
        Binding("minus", "fewer", "one fewer", id="worker.fewer", key_display="-"),
        Binding("F", "drain", "drain", id="worker.drain", key_display="F", tooltip="finish what is in hand, then end"),
        Binding("S", "stop", "stop", id="worker.stop", key_display="S", tooltip="give back what is in hand, then end"),
        Binding("K", "kill", "kill", id="worker.kill", key_display="K", tooltip="end at once, give nothing back"),
        Binding("X", "terminate", "end job", id="worker.terminate", key_display="X", tooltip="end Batch jobs"),
        Binding("b", "other_list", "Batch or local", id="worker.list", tooltip="to the other list"),
        Binding("l", "open", "log", id="worker.log", tooltip="the log, or the job, over the whole screen"),
        Binding("a", "others", "other tables'", id="worker.others", show=False, tooltip="show other tables' workers"),
        Binding(
            "D", "forget", "clear away ended", id="worker.forget", key_display="D", show=False, tooltip="delete files"
        ),
        Binding("r", "reread", "refresh", id="app.refresh", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.local: ItemTable[LocalWorker] = ItemTable(
            worker_text.columns(wide=False, everywhere=False),
            lambda worker: worker.id,
            empty="Looking for workers …",
            marks=True,
            id="local",
        )
        self.pilots: ItemTable[PilotJob] = ItemTable(
            pilot_text.NARROW, lambda pilot: pilot.job.job_id, empty="Asking AWS Batch …", marks=True, id="pilots"
        )
        self.tail = LogView(empty="", id="tail")
        self.on_batch = False
        """Whether the keys are about AWS Batch."""
        self.everywhere = False
        """Whether workers of other tables are shown too."""
        self._workers: tuple[LocalWorker, ...] = ()
        self._tail_of: str | None = None
        self._tail_shown: tuple[str | None, list[str]] | None = None
        self._batch_at: float | None = None
        self._batch_problem = ""
        self._read_local = Rounds(self, "workers", self._list_workers, self._workers_came, seconds=LOCAL_SECONDS)
        self._read_tail = Rounds(self, "tail", self._read_log, self._log_came, seconds=LOCAL_SECONDS)
        self._read_batch = Rounds(
            self, "pilots", self._list_pilots, self._pilots_came, seconds=BATCH_SECONDS, slowest=_SLOWEST_BATCH
        )

    def body(self) -> ComposeResult:
        """This host's workers, AWS Batch's, and what is behind the row under the cursor."""
        with Container(id="workers-local", classes="panel") as panel:
            panel.border_title = "Local workers"
            yield self.local
        with Container(id="workers-batch", classes="panel") as panel:
            panel.border_title = "AWS Batch"
            yield self.pilots
        with Container(id="workers-log", classes="panel"):
            yield self.tail

    def on_mount(self) -> None:
        """The local workers have the keys."""
        super().on_mount()
        self.local.focus()

    def on_screen_resume(self) -> None:
        """Read now, and go on while this is shown."""
        super().on_screen_resume()
        self._begin()

    def on_screen_suspend(self) -> None:
        """Nobody looks: nothing is read."""
        for rounds in (self._read_local, self._read_tail, self._read_batch):
            rounds.pause()

    def on_resize(self, event: events.Resize) -> None:
        """More columns where there is room."""
        self._set_columns(event.size.width)

    def _set_columns(self, width: int) -> None:
        self.local.set_columns(worker_text.columns(wide=width >= _WIDE, everywhere=self.everywhere))
        self.pilots.set_columns(pilot_text.WIDE if width >= _WIDE else pilot_text.NARROW)

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Nothing here comes from Snapshots."""

    def workspace_opened(self, workspace: Workspace) -> None:
        """Now there is something to ask."""
        if self.is_current:
            self._begin()

    def _begin(self) -> None:
        if self._open_table is None:
            if self.dashboard.workspace is not None:
                self.local.set_empty(_NO_TABLE)
                self.pilots.set_empty(_NO_TABLE)
            return
        for rounds in (self._read_local, self._read_tail, self._read_batch):
            rounds.begin()

    @property
    def _open_table(self) -> Workspace | None:
        """The open place, where a table of it is open."""
        workspace = self.dashboard.workspace
        return None if workspace is None or workspace.settings.table is None else workspace

    # -- reading, on threads --------------------------------------------------------------------

    def _list_workers(self) -> tuple[LocalWorker, ...]:
        workspace = self._open_table
        return () if workspace is None else tuple(workspace.workers.list(everywhere=True))

    def _read_log(self) -> tuple[str | None, list[str]]:
        workspace, worker_id = self._open_table, self._tail_of
        if workspace is None or worker_id is None:
            return None, []
        return worker_id, worker_text.lines_of(workspace.workers.tail(worker_id, _TAIL_LINES))

    def _list_pilots(self) -> tuple[PilotJob, ...]:
        workspace = self._open_table
        return () if workspace is None else workspace.pilots.jobs()

    # -- what came ------------------------------------------------------------------------------

    def _workers_came(self, answer: tuple[LocalWorker, ...] | PyanamoError) -> None:
        self._title_batch()
        if isinstance(answer, PyanamoError):
            self.local.set_empty(f"{answer.message}. {answer.hint}")
            self.retitle("#workers-local", f"Local workers · not read: {answer.message}")
            return
        self._workers = answer
        self._draw_local()

    def _draw_local(self) -> None:
        shown = worker_text.in_order(worker for worker in self._workers if worker.here or self.everywhere)
        self.local.set_empty(_NO_LOCAL)
        self.local.forget_marks(self.local.marked - {worker.id for worker in shown})
        self.local.set_rows(shown)
        self.retitle("#workers-local", worker_text.title_words(self._workers, everywhere=self.everywhere))
        self._look()

    def _log_came(self, answer: tuple[str | None, list[str]] | PyanamoError) -> None:
        if self.on_batch:
            return
        if isinstance(answer, PyanamoError):
            self.tail.set_lines((), empty=f"{answer.message}. {answer.hint}")
            self._tail_shown = None
        elif answer[0] == self._tail_of and answer != self._tail_shown:
            self._tail_shown = answer
            self.tail.update_lines(answer[1], empty="It has written nothing yet" if answer[0] is not None else "")

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

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The keys are about the list that has the focus; the log belongs to the list that had it last."""
        if event.widget in {self.local, self.pilots}:
            on_batch = event.widget is self.pilots
            if on_batch is not self.on_batch:
                self.on_batch = on_batch
                self._tail_of = self._tail_shown = None
                self.tail.set_lines((), empty="")
            self._look()
            self.refresh_bindings()

    @on(ItemTable.Highlighted)
    def _look(self) -> None:
        """Show the log, or the job, behind the row under the cursor."""
        if self.on_batch:
            self._look_at_job()
            return
        worker = self.local.row
        self.retitle("#workers-log", worker_text.log_title(worker) if worker is not None else "Log")
        worker_id = None if worker is None else worker.id
        if worker_id != self._tail_of:
            self._tail_of = worker_id
            self.tail.set_lines((), empty="Reading the log …" if worker_id is not None else "")
            self._read_tail.now()

    def _look_at_job(self) -> None:
        pilot = self.pilots.row
        self.retitle("#workers-log", "Job" if pilot is None else f"Job {pilot.job.name}")
        lines = [] if pilot is None else pilot_text.pilot_lines(pilot)
        if lines != list(self.tail.lines):
            self.tail.set_lines(lines, empty="")
            self.tail.action_top()

    @on(ItemTable.Selected)
    def action_open(self) -> None:
        """The whole log of a worker, or a job with its pilots, over the whole screen."""
        workspace, worker, pilot = self._open_table, self.local.row, self.pilots.row
        if workspace is None:
            return
        if not self.on_batch:
            if worker is not None:
                title = f"Log of worker {worker.id}, {worker.log_path}"
                self.app.push_screen(
                    LiveLines(
                        self.dashboard,
                        title,
                        lambda: worker_text.lines_of(workspace.workers.tail(worker.id, _WHOLE_LINES)),
                        seconds=LOCAL_SECONDS,
                        from_end=True,
                    )
                )
        elif pilot is not None:
            seconds = BATCH_SECONDS * (4 if pilot.pilots > _MANY_PILOTS else 1)
            self.app.push_screen(
                LiveLines(
                    self.dashboard,
                    f"Job {pilot.job.name}",
                    lambda: pilot_text.job_and_pilots(workspace, pilot),
                    seconds=seconds,
                    from_end=False,
                )
            )

    def action_other_list(self) -> None:
        """From one list to the other."""
        (self.local if self.on_batch else self.pilots).focus()

    def action_others(self) -> None:
        """Show the workers of other tables on this host, or hide them."""
        self.everywhere = not self.everywhere
        self._set_columns(self.size.width)
        self._draw_local()

    def action_reread(self) -> None:
        """Read everything now."""
        for rounds in (self._read_local, self._read_tail, self._read_batch):
            rounds.now()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key does something where the list that has the focus knows it."""
        if action in _LOCAL_KEYS:
            return not self.on_batch
        return self.on_batch if action == "terminate" else True

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

    def _chosen_workers(self) -> Sequence[LocalWorker]:
        marked, row = self.local.marked, self.local.row
        if marked:
            return [worker for worker in self.local.rows if worker.id in marked]
        return [] if row is None else [row]

    def _chosen_pilots(self) -> Sequence[PilotJob]:
        marked, row = self.pilots.marked, self.pilots.row
        if marked:
            return [pilot for pilot in self.pilots.rows if pilot.job.job_id in marked]
        return [] if row is None else [row]

    @work(group="change", exclusive=True)
    async def action_add(self) -> None:
        """Start workers on this host, or submit pilots to AWS Batch."""
        workspace = self._to_change()
        if workspace is not None and self.on_batch:
            await submit_pilots(self.dashboard, workspace)
            self._read_batch.now()
        elif workspace is not None:
            await worker_changes.add_workers(self.dashboard, workspace)
            self._read_local.now()

    @work(group="change", exclusive=True)
    async def action_more(self) -> None:
        """One worker more."""
        await self._scale(1)

    @work(group="change", exclusive=True)
    async def action_fewer(self) -> None:
        """One worker fewer."""
        await self._scale(-1)

    async def _scale(self, step: int) -> None:
        workspace = self._to_change()
        if workspace is not None:
            await worker_changes.scale_workers(self.dashboard, workspace, self._workers, step)
            self._read_local.now()

    @work(group="change", exclusive=True)
    async def action_drain(self) -> None:
        """Let workers finish what they have in hand, and end."""
        await self._end(worker_changes.DRAIN)

    @work(group="change", exclusive=True)
    async def action_stop(self) -> None:
        """Let workers give back what they have in hand, and end."""
        await self._end(worker_changes.STOP)

    @work(group="change", exclusive=True)
    async def action_kill(self) -> None:
        """End workers at once."""
        await self._end(worker_changes.KILL)

    async def _end(self, how: worker_changes.Ending) -> None:
        workspace = self._to_change()
        if workspace is not None:
            await worker_changes.end_workers(self.dashboard, workspace, self._chosen_workers(), how)
            self.local.clear_marks()
            self._read_local.now()

    @work(group="change", exclusive=True)
    async def action_forget(self) -> None:
        """Remove what is left of workers that have ended."""
        workspace = self._to_change()
        if workspace is not None:
            await worker_changes.forget_workers(self.dashboard, workspace, self._chosen_workers())
            self._read_local.now()

    @work(group="change", exclusive=True)
    async def action_terminate(self) -> None:
        """End jobs on AWS Batch."""
        workspace = self._to_change()
        if workspace is not None:
            await terminate_pilots(self.dashboard, workspace, self._chosen_pilots())
            self._read_batch.now()

"""What every screen of the dashboard shares: the status line, the key line, and how a Snapshot reaches it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final, cast

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from pyanamo_tui.tui.widgets.key_line import KeyLine
from pyanamo_tui.tui.widgets.status_line import Banner, StatusLine
from pyanamo_tui.workflow.model import HealthStatus
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from textual.app import ComposeResult

    from pyanamo_tui.core.plan import ActionResult
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.tui.app import Dashboard
    from pyanamo_tui.workflow.model import Snapshot

OUT_OF_DATE: Final = frozenset(
    {
        HealthStatus.STALE,
        HealthStatus.NO_PERMISSION,
        HealthStatus.NO_CREDENTIALS,
        HealthStatus.NO_TABLE,
        HealthStatus.OFFLINE,
        HealthStatus.FAILED,
    }
)
"""How the data stand while nothing comes that would renew them: what is shown is grey, its age on the status line."""


class DashboardScreen(Screen[None]):
    """A screen that renders Snapshots. It never polls: the Monitor does, for all of them.

    A screen that is not on top gets no Snapshots; when it comes back it is given the newest one, with
    `changed` None, meaning "take all as changed".
    """

    TITLE: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back_out", "back", id="screen.back", show=False),
        Binding("U", "undo", "undo the last change", id="change.undo", show=False, key_display="U"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shown_seq = -1
        self._titles: dict[str, Text] = {}
        self._status = StatusLine()
        self._banner = Banner()

    @property
    def dashboard(self) -> Dashboard:
        """The app, by its own type."""
        return cast("Dashboard", self.app)

    def compose(self) -> ComposeResult:
        """Status line and banner, the screen's own part, key line."""
        yield self._status
        yield self._banner
        yield from self.body()
        yield KeyLine()

    @abstractmethod
    def body(self) -> ComposeResult:
        """The screen's own widgets."""

    @abstractmethod
    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Render a Snapshot. `changed`: ids that differ from the one shown before, None for all."""

    def on_mount(self) -> None:
        """Show what is known already."""
        self.show_place()
        self.show_snapshot(self.dashboard.snapshot)

    def on_screen_resume(self) -> None:
        """Catch up with what was published meanwhile."""
        self.show_place()
        self.show_snapshot(self.dashboard.snapshot)

    def show_place(self) -> None:
        """Put table, region and identity on the status line."""
        line = self._status
        line.table, line.place, line.read_only = self.dashboard.place()

    def show_snapshot(self, snapshot: Snapshot | None) -> None:
        """Render a Snapshot unless it is on the screen already."""
        if snapshot is None or not self.is_mounted:
            return
        self._status.snapshot = snapshot
        self._banner.show(snapshot)
        self.set_class(snapshot.health.status in OUT_OF_DATE, "-old")
        if snapshot.seq == self._shown_seq:
            return
        next_in_line = snapshot.seq == self._shown_seq + 1
        self._shown_seq = snapshot.seq
        self.show(snapshot, snapshot.changed if next_in_line else None)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker failed in a way that nobody foresaw: it is told, not lost."""
        if event.state == WorkerState.ERROR and event.worker.error is not None:
            self.dashboard.tell_fault(event.worker.error)

    def retitle(self, panel: str, title: str | Text) -> None:
        """Put a title on a panel's border, and draw nothing when it is there already."""
        found, text = self.query_one(panel), title if isinstance(title, Text) else Text(printable(title))
        if self._titles.get(panel) != text:
            self._titles[panel] = text
            found.border_title = text

    def workspace_opened(self, workspace: Workspace) -> None:
        """Another place or table is open; a screen that shows more than Snapshots asks for it here."""

    @property
    def busy(self) -> str:
        """What goes on here that opening another table would break off, as a sentence; empty when nothing does."""
        return ""

    @work(group="change", exclusive=True)
    async def action_undo(self) -> None:
        """Take the latest change back, whichever screen it was made on; the question names it."""
        from pyanamo_tui.tui.changes import make_change  # noqa: PLC0415 - not before the first frame

        workspace = self.dashboard.workspace
        if workspace is None or workspace.settings.table is None:
            return
        result = await make_change(self.dashboard, workspace.actions.undo, self.marker)
        if result is not None:
            self.undone(workspace, result)

    @property
    def marker(self) -> Callable[[Collection[str]], None] | None:
        """What marks these items and no others; None where nothing can be marked."""
        return None

    def undone(self, workspace: Workspace, result: ActionResult) -> None:
        """A change was taken back; a screen that shows more than Snapshots looks again here."""

    def action_back_out(self) -> None:
        """Escape: undo the innermost thing; by default leave the screen."""
        self.dashboard.go_back()

"""The place that is open: its Workspace and Monitor, how Snapshots reach the screen on top, how one goes elsewhere."""

from __future__ import annotations

import sys
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual import events, on, work
from textual.app import ScreenStackError
from textual.errors import NoWidget

from pyanamo_tui.core.context import Context, OpenWorkspace
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.collector import Collector
from pyanamo_tui.tui.key_order import KeyOrder
from pyanamo_tui.tui.messages import IdentityKnown, SnapshotArrived, WorkspaceFailed, WorkspaceOpened
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.status_line import short_account
from pyanamo_tui.workflow.model import Health, HealthStatus, Snapshot
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.screen import Screen

    from pyanamo_tui.core.monitor import Monitor
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.settings import Settings

ROOT: Final = "overview"
"""The screen at the bottom, where `q` asks whether to quit."""
REST_SECONDS: Final = 30.0
"""How often it is asked whether nobody types."""
TURN_SECONDS: Final = 0.001
"""How long a thread at work on a Snapshot keeps Python from the keyboard, which asks for it several times a key.

Python's own 5 ms, several times over, are what a key waits for while a large table changes.
"""


class PlaceApp(KeyOrder):
    """The part of the dashboard that holds the open place. At most one Workspace and one Monitor are open at a time.

    Args:
        settings: which table to open, and how.
        open_workspace: makes the Workspace; called on a background thread, since importing boto3 takes time.
    """

    def __init__(self, settings: Settings, open_workspace: OpenWorkspace) -> None:
        super().__init__()
        self.settings = settings
        self.open_workspace = open_workspace
        self.snapshot: Snapshot | None = None
        self.workspace: Workspace | None = None
        self.monitor: Monitor | None = None
        self._identity = ""
        self._who = ""
        self._remembered = False
        self._is_over = False
        self._last_seq = -1
        self._note = ""
        self._collector = Collector()
        self._turn_before = sys.getswitchinterval()

    async def on_event(self, event: events.Event) -> None:
        """Whatever comes from the terminal comes by here first."""
        if isinstance(event, events.InputEvent):
            self._collector.typed()
        if isinstance(event, events.MouseDown) and self._is_gone(event):
            return
        await super().on_event(event)

    def _is_gone(self, event: events.MouseDown) -> bool:
        """Whether what was clicked on has been taken away, and only its picture is there; Textual would fail on it."""
        try:
            return not self.screen.get_widget_at(event.x, event.y)[0].is_attached
        except (NoWidget, ScreenStackError):
            return False

    @abstractmethod
    def new_screen(self, name: str) -> Screen[None]:
        """A new instance of one of the numbered screens."""

    def place(self) -> tuple[str, str, bool]:
        """Table name, region and identity in words, and whether it is open read-only."""
        region = self.workspace.region if self.workspace is not None else self.settings.region or ""
        words = " · ".join(part for part in (region, self._identity) if part)
        return self.settings.table or "", words, self.settings.opens_read_only

    # -- the first place ------------------------------------------------------------------------

    def open_first(self) -> None:
        """Open what the settings name, on a thread. Its troubles are the Monitor's to tell: there is no way back."""
        self.set_interval(REST_SECONDS, self._collector.rest)
        sys.setswitchinterval(TURN_SECONDS)
        self._open_in_thread(self.settings)

    @work(thread=True, group="open", exclusive=True, exit_on_error=False, description="open workspace")
    def _open_in_thread(self, settings: Settings) -> None:
        try:
            workspace = self.open_workspace(settings)
        except PyanamoError as error:
            self.post_message(WorkspaceFailed(error))
            return
        self.post_message(WorkspaceOpened(workspace))
        try:
            identity = workspace.identity()
        except PyanamoError:
            # The Monitor meets the same trouble at its first request, and shows it on the status line.
            return
        self.post_message(IdentityKnown(workspace, identity.account, identity.role))

    @on(WorkspaceOpened)
    def _workspace_opened(self, message: WorkspaceOpened) -> None:
        if self.workspace is not None:  # another place was opened before the first one answered
            return
        self._take(message.workspace)
        for screen in self._dashboard_screens():
            screen.show_place()
            screen.workspace_opened(message.workspace)

    def _take(self, workspace: Workspace) -> None:
        """Make a Workspace the one that is open, and follow its table."""
        self._close_monitor()
        self.workspace, self.settings = workspace, workspace.settings
        self.snapshot, self._last_seq, self._remembered, self._note = None, -1, False, ""
        if self.settings.table is not None:
            monitor = self.monitor = workspace.monitor()
            monitor.subscribe(lambda snapshot: self._published(snapshot, monitor))
            monitor.start()

    @on(WorkspaceFailed)
    def _workspace_failed(self, message: WorkspaceFailed) -> None:
        error = message.error
        if self.workspace is None:
            health = Health(HealthStatus.NO_CREDENTIALS, error.message, error.hint)
            self.snapshot = Snapshot(table=self.settings.table or "", seq=0, health=health)
            for screen in self._dashboard_screens():
                screen.show_snapshot(self.snapshot)
        self.tell(error)

    @on(IdentityKnown)
    def _identity_known(self, message: IdentityKnown) -> None:
        if message.workspace is not self.workspace:
            return
        self._know(message.account, message.role)
        for screen in self._dashboard_screens():
            screen.show_place()

    def _know(self, account: str, role: str) -> None:
        self._who = f"{account} · {role}" if account else ""
        self._identity = f"{short_account(account)} · {role}" if account else ""

    # -- opening another place ------------------------------------------------------------------

    def open_table(self, table: str) -> None:
        """Open another table of the same place; see `switch`."""
        self.switch(replace(Context.of(self.settings), table=table))

    @work(group="place", exclusive=True)
    async def action_place(self) -> None:
        """`@`: choose a profile, region, endpoint and table, and go there."""
        region = self.workspace.region if self.workspace is not None else ""
        from pyanamo_tui.tui.modals.place import PlaceModal  # noqa: PLC0415 - not before the first frame

        chosen = await self.push_screen_wait(PlaceModal(self.settings, region, self._who, self.open_workspace))
        if chosen is not None:
            self.switch(chosen)

    @work(group="switch", exclusive=True)
    async def switch(self, context: Context) -> None:
        """Open a place and table in the background; when it has answered, swap all screens at once.

        Where it does not answer, says why; the table that is open stays open and is followed all the while.
        """
        busy = next((screen.busy for screen in self._dashboard_screens() if screen.busy), "")
        if busy:
            self.push_screen(MessageModal(busy, "Wait for it, or stop it, before you open another table."))
            return
        from pyanamo_tui.tui.modals.opening import Opening  # noqa: PLC0415 - not before the first frame

        result = await self.push_screen_wait(Opening(context.applied(self.settings), self.open_workspace))
        if isinstance(result, PyanamoError):
            stays = f"{self.settings.table} stays open." if self.settings.table else "Nothing was changed."
            self.push_screen(MessageModal(result.message, f"{result.hint} {stays}".strip()))
        elif result is not None:
            identity = result.identity
            self._know(*(("", "") if identity is None else (identity.account, identity.role)))
            self._swap(result.workspace)

    def _swap(self, workspace: Workspace) -> None:
        """Put the screens of a new place where those of the one before were: nothing of the old one stays on them."""
        self._take(workspace)
        while len(self.screen_stack) > 2:  # noqa: PLR2004 - Textual's own empty screen, and ours
            self.pop_screen()
        old = list(self._installed_screens.items())
        name = ROOT if self.settings.table is not None else "tables"
        fresh = self.new_screen(name)
        self.switch_screen(fresh)
        for _, screen in old:
            if isinstance(screen, DashboardScreen):
                self.uninstall_screen(screen)
                screen.remove()
        self.install_screen(fresh, name)
        if name != ROOT:
            self.install_screen(self.new_screen(ROOT), ROOT)

    async def _shutdown(self) -> None:
        self._is_over = True
        await super()._shutdown()

    def _handle_exception(self, error: Exception) -> None:
        """Keep a fault; but a screen that misses its parts because the program takes them away has none."""
        if not self._is_over:
            super()._handle_exception(error)

    def _close_monitor(self) -> None:
        if self.monitor is not None:
            self.monitor.stop()
            self.monitor = None

    def on_unmount(self) -> None:
        """The program ends: so does the polling."""
        self._close_monitor()
        self._collector.close()
        sys.setswitchinterval(self._turn_before)

    def _published(self, snapshot: Snapshot, monitor: Monitor) -> None:
        """On the Monitor's thread: a message is all that may be sent from there."""
        self.post_message(SnapshotArrived(snapshot, monitor))

    # -- Snapshots ------------------------------------------------------------------------------

    @on(SnapshotArrived)
    def _snapshot_arrived(self, message: SnapshotArrived) -> None:
        snapshot = message.snapshot
        if message.monitor is not self.monitor or snapshot.seq <= self._last_seq:
            return
        self._last_seq = snapshot.seq
        self.snapshot = snapshot
        self._collector.came(len(snapshot.items if snapshot.changed is None else snapshot.changed))
        if snapshot.exact and not self._remembered:
            self._remembered = True
            self._remember_place(Context.of(self.settings))
        self._tell_note(snapshot.health)
        screen = self.screen
        if isinstance(screen, DashboardScreen):
            screen.show_snapshot(snapshot)

    def _tell_note(self, health: Health) -> None:
        """Say once, while all is well, what is to be known of how the table is read; a banner says what is wrong."""
        if health.status in {HealthStatus.LIVE, HealthStatus.POLLING} and health.message != self._note:
            self._note = health.message
            if self._note:
                self.notify(printable(f"{health.message}. {health.hint}".strip()), markup=False)

    @work(thread=True, group="recent", exit_on_error=False, description="remember the place")
    def _remember_place(self, context: Context) -> None:
        """Put the place first among the recent ones, now that it is known to answer."""
        from pyanamo_tui.core.recent import RecentPlaces  # noqa: PLC0415 - not before the first frame

        try:
            RecentPlaces().add(context)
        except (PyanamoError, OSError) as error:
            self.call_from_thread(self.notify, f"This place will not be among the recent ones: {error}", markup=False)

    def _dashboard_screens(self) -> list[DashboardScreen]:
        known = [*self._installed_screens.values(), *self.screen_stack]
        mounted = [screen for screen in known if isinstance(screen, DashboardScreen) and screen.is_mounted]
        return list(dict.fromkeys(mounted))

    # -- telling --------------------------------------------------------------------------------

    def tell(self, error: PyanamoError) -> None:
        """Show an error: what happened, what to do. The program stays up."""
        self.push_screen(MessageModal(error.message, error.hint))

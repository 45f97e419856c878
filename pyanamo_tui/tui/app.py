"""The wiring: opens a Workspace, starts its Monitor, gives every Snapshot to the screen on top, switches screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.commands import BoundCommands
from pyanamo_tui.tui.messages import IdentityKnown, SnapshotArrived, WorkspaceFailed, WorkspaceOpened
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.help import HelpModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.status_line import short_account
from pyanamo_tui.workflow.model import Health, HealthStatus, Snapshot

if TYPE_CHECKING:
    from textual.screen import Screen

    from pyanamo_tui.core.monitor import Monitor
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.settings import Settings

ROOT: Final = "overview"
SCREEN_CLASSES: Final = {
    "overview": "pyanamo_tui.tui.screens.overview:OverviewScreen",
    "items": "pyanamo_tui.tui.screens.items:ItemsScreen",
    "failures": "pyanamo_tui.tui.screens.failures:FailuresScreen",
    "tables": "pyanamo_tui.tui.screens.tables:TablesScreen",
    "import": "pyanamo_tui.tui.screens.importing:ImportScreen",
}
"""The numbered screens; a module is imported when its screen is first shown, so that the first frame is quick."""


class Dashboard(App[None]):
    """The dashboard.

    Args:
        settings: which table to open, and how.
        open_workspace: makes the Workspace; called on a background thread, since importing boto3 takes time.
        notice: a line to show once at the start.
    """

    TITLE = "pyanamo"
    CSS_PATH = "styles/dashboard.tcss"
    COMMANDS: ClassVar = {BoundCommands}
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", id="app.help", key_display="?"),
        Binding("colon", "command_palette", "command", id="app.command", key_display=":"),
        Binding("1", "go('overview')", "overview", id="go.overview"),
        Binding("2", "go('items')", "items", id="go.items"),
        Binding("4", "go('failures')", "failures", id="go.failures"),
        Binding("8", "go('tables')", "tables", id="go.tables"),
        Binding("9", "go('import')", "import", id="go.import"),
        Binding("r", "refresh_now", "refresh", id="app.refresh", show=False),
        Binding("p", "pause", "pause", id="app.pause", show=False),
        Binding("i", "interval", "interval", id="app.interval", show=False),
        Binding("q", "back", "quit", id="app.back", show=False),
        Binding("ctrl+q", "quit", "quit at once", id="app.quit", show=False, priority=True),
        Binding("ctrl+c", "ask_quit", "quit", id="app.interrupt", show=False),
    ]

    def __init__(
        self, settings: Settings, open_workspace: Callable[[Settings], Workspace], *, notice: str = ""
    ) -> None:
        super().__init__()
        self.settings = settings
        self.snapshot: Snapshot | None = None
        self.workspace: Workspace | None = None
        self.monitor: Monitor | None = None
        self._open_workspace = open_workspace
        self._identity = ""
        self._notice = notice
        self._last_seq = -1

    # -- where we are ---------------------------------------------------------------------------

    def place(self) -> tuple[str, str, bool]:
        """Table name, region and identity in words, and whether it is open read-only."""
        region = self.workspace.region if self.workspace is not None else self.settings.region or ""
        words = " · ".join(part for part in (region, self._identity) if part)
        return self.settings.table or "", words, self.settings.opens_read_only

    def on_mount(self) -> None:
        """Show a frame first; then open AWS, on a thread."""
        if self.settings.theme in self.available_themes:
            self.theme = self.settings.theme
        if self.settings.keymap:
            self.set_keymap(dict(self.settings.keymap))
        self._install(ROOT)
        self.push_screen(ROOT)
        self.get_screen(ROOT).call_after_refresh(self._open)

    def _install(self, name: str) -> None:
        if self.is_screen_installed(name):
            return
        module, _, class_name = SCREEN_CLASSES[name].partition(":")
        screen: Screen[None] = getattr(import_module(module), class_name)()
        self.install_screen(screen, name)

    # -- opening a table ------------------------------------------------------------------------

    def _open(self) -> None:
        if self._notice:
            self.notify(self._notice, markup=False)
        if self.settings.table is None:
            self.action_go("tables")
        self._open_in_thread(self.settings)

    @work(thread=True, group="open", exclusive=True, exit_on_error=False, description="open workspace")
    def _open_in_thread(self, settings: Settings) -> None:
        try:
            workspace = self._open_workspace(settings)
        except PyanamoError as error:
            self.post_message(WorkspaceFailed(error))
            return
        self.post_message(WorkspaceOpened(workspace))
        try:
            identity = workspace.identity()
        except PyanamoError:
            # The Monitor meets the same trouble at its first request, and shows it on the status line.
            return
        self.post_message(IdentityKnown(identity.account, identity.role))

    @on(WorkspaceOpened)
    def _workspace_opened(self, message: WorkspaceOpened) -> None:
        self._close_monitor()
        self.workspace = message.workspace
        self.settings = message.workspace.settings
        self._forget_table()
        if self.settings.table is not None:
            self.monitor = message.workspace.monitor()
            self.monitor.subscribe(self._published)
            self.monitor.start()
        for screen in self._dashboard_screens():
            screen.workspace_opened(message.workspace)

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
        self._identity = f"{short_account(message.account)} · {message.role}"
        for screen in self._dashboard_screens():
            screen.show_place()

    def open_table(self, table: str) -> None:
        """Open another table in the same place; what is on the screens is replaced when it is there."""
        self._open_in_thread(replace(self.settings, table=table))
        self.action_go(ROOT)

    def _forget_table(self) -> None:
        self.snapshot = None
        self._last_seq = -1
        for screen in self._dashboard_screens():
            screen.forget_shown()
            screen.show_place()

    def _close_monitor(self) -> None:
        if self.monitor is not None:
            self.monitor.stop()
            self.monitor = None

    def on_unmount(self) -> None:
        """The program ends: so does the polling."""
        self._close_monitor()

    def _published(self, snapshot: Snapshot) -> None:
        """On the Monitor's thread: a message is all that may be sent from there."""
        self.post_message(SnapshotArrived(snapshot))

    # -- Snapshots ------------------------------------------------------------------------------

    @on(SnapshotArrived)
    def _snapshot_arrived(self, message: SnapshotArrived) -> None:
        snapshot = message.snapshot
        if self.monitor is None or snapshot.table != self.settings.table or snapshot.seq <= self._last_seq:
            return
        self._last_seq = snapshot.seq
        self.snapshot = snapshot
        screen = self.screen
        if isinstance(screen, DashboardScreen):
            screen.show_snapshot(snapshot)

    def _dashboard_screens(self) -> list[DashboardScreen]:
        known = [*self._installed_screens.values(), *self.screen_stack]
        mounted = [screen for screen in known if isinstance(screen, DashboardScreen) and screen.is_mounted]
        return list(dict.fromkeys(mounted))

    # -- moving between screens -----------------------------------------------------------------

    def action_go(self, name: str) -> None:
        """Show one of the numbered screens; whatever was opened over the one before is closed."""
        self._install(name)
        while len(self.screen_stack) > 2:  # noqa: PLR2004 - Textual's own empty screen, and ours
            self.pop_screen()
        self.switch_screen(name)

    def go_back(self) -> bool:
        """Leave the screen on top; False at the root, where there is nothing to leave."""
        if len(self.screen_stack) > 2:  # noqa: PLR2004 - Textual's own empty screen, and ours
            self.pop_screen()
            return True
        if self.screen is not self.get_screen(ROOT):
            self.switch_screen(ROOT)
            return True
        return False

    async def action_back(self) -> None:
        """`q`: back, and at the root ask whether to quit."""
        if not self.go_back():
            self.action_ask_quit()

    @work(group="quit", exclusive=True)
    async def action_ask_quit(self) -> None:
        """Ask whether to quit. Nothing that runs in AWS is stopped by it."""
        question = Question(
            "Quit pyanamo?", "Workers and jobs go on; only this screen closes.", confirm="Quit", destructive=False
        )
        if await self.push_screen_wait(Confirm(question)):
            self.exit()

    def show_items(self, filter_text: str) -> None:
        """The items screen, with a filter."""
        self.action_go("items")
        from pyanamo_tui.tui.screens.item_list import ItemListScreen  # noqa: PLC0415 - not before the first frame

        screen = self.get_screen("items")
        if isinstance(screen, ItemListScreen):
            screen.set_filter(filter_text)

    def show_failures(self, signature: str) -> None:
        """The failures screen, at one group."""
        self.action_go("failures")
        from pyanamo_tui.tui.screens.failures import FailuresScreen  # noqa: PLC0415 - not before the first frame

        screen = self.get_screen("failures")
        if isinstance(screen, FailuresScreen):
            screen.choose_group(signature)

    def show_item(self, item_id: str, task: str | None = None) -> None:
        """Everything about one item, over the screen that is shown."""
        from pyanamo_tui.tui.screens.item import ItemScreen  # noqa: PLC0415 - not before the first frame

        self.push_screen(ItemScreen(item_id, task))

    def action_help(self) -> None:
        """The keys that do something here."""
        self.push_screen(HelpModal(self.screen))

    # -- the Monitor ----------------------------------------------------------------------------

    def action_refresh_now(self) -> None:
        """Look at the table now."""
        if self.monitor is not None:
            self.monitor.refresh()

    def action_pause(self) -> None:
        """Stop looking at the table, or go on."""
        if self.monitor is None:
            return
        paused = self.snapshot is not None and self.snapshot.health.status == HealthStatus.PAUSED
        if paused:
            self.monitor.resume()
        else:
            self.monitor.pause()

    @work(group="interval", exclusive=True)
    async def action_interval(self) -> None:
        """Ask for the seconds between two looks."""
        if self.monitor is None:
            return
        answer = await self.push_screen_wait(
            Prompt("Seconds between two looks at the table", value=f"{self.settings.interval:g}", restrict=r"[0-9.]*")
        )
        if not answer:
            return
        seconds = float(answer) if answer.count(".") <= 1 and answer != "." else 0.0
        if seconds < 0.5:  # noqa: PLR2004 - settings.MIN_INTERVAL, said in the message
            self.notify("Half a second is the shortest.", severity="warning", markup=False)
            return
        self.settings = replace(self.settings, interval=seconds)
        self.monitor.set_interval(seconds)

    # -- telling --------------------------------------------------------------------------------

    def send_to_terminal(self, sequence: str) -> None:
        """Write a control sequence that draws nothing; nothing where there is no terminal."""
        if self._driver is not None:
            self._driver.write(sequence)

    def tell(self, error: PyanamoError) -> None:
        """Show an error: what happened, what to do. The program stays up."""
        self.push_screen(MessageModal(error.message, error.hint))

    def _fatal_error(self) -> None:
        """Close without a traceback on the screen: Textual's own would show the values of variables.

        The command that runs the dashboard raises `crash` again, when the terminal has been given back.
        """
        self.bell()
        self._close_messages_no_wait()

    @property
    def crash(self) -> Exception | None:
        """What ended the program when nobody asked it to end."""
        return self._exception

    def tell_fault(self, error: BaseException) -> None:
        """Show a fault of the program itself."""
        self.push_screen(
            MessageModal("A fault of the program itself", "Please report it.", f"{type(error).__name__}: {error}")
        )

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker of the app's own failed in a way that nobody foresaw."""
        if event.state == WorkerState.ERROR and event.worker.error is not None:
            self.tell_fault(event.worker.error)

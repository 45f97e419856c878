"""The wiring: opens a Workspace, starts its Monitor, gives every Snapshot to the screen on top, switches screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from pyanamo_tui.settings import CHOSEN, remember, remembered
from pyanamo_tui.tui import themes
from pyanamo_tui.tui.commands import BoundCommands, Palette, SettingCommands
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.help import HelpModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.place_app import ROOT, PlaceApp
from pyanamo_tui.tui.view_memory import ListView, ViewMemory
from pyanamo_tui.workflow.model import HealthStatus

if TYPE_CHECKING:
    from textual.screen import Screen

    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.settings import Settings
    from pyanamo_tui.workflow.model import Quarter

SCREEN_CLASSES: Final = {
    "overview": "pyanamo_tui.tui.screens.overview:OverviewScreen",
    "items": "pyanamo_tui.tui.screens.items:ItemsScreen",
    "nested": "pyanamo_tui.tui.screens.nested:NestedScreen",
    "failures": "pyanamo_tui.tui.screens.failures:FailuresScreen",
    "logs": "pyanamo_tui.tui.screens.logs:LogsScreen",
    "locked": "pyanamo_tui.tui.screens.locked:LockedScreen",
    "workers": "pyanamo_tui.tui.screens.workers:WorkersScreen",
    "tables": "pyanamo_tui.tui.screens.tables:TablesScreen",
    "import": "pyanamo_tui.tui.screens.importing:ImportScreen",
    "doctor": "pyanamo_tui.tui.screens.doctor:DoctorScreen",
    "activity": "pyanamo_tui.tui.screens.activity:ActivityScreen",
}
"""The numbered screens; a module is imported when its screen is first shown, so that the first frame is quick."""

_WELCOMED: Final = "welcomed"
_FIRST_KEYS: Final = (
    "? lists the keys of the screen, : runs any of them by name, digits change screens, @ opens a table."
)
_FIRST_SECONDS: Final = 20.0


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        # Nothing, or dots alone: the caller says what is expected.
        return None


class Dashboard(PlaceApp):
    """The dashboard.

    Args:
        settings: which table to open, and how.
        open_workspace: makes the Workspace; called on a background thread, since importing boto3 takes time.
        notice: a line to show once at the start.
        ending: what ends with it, said before it is quit; by default only the screen.
    """

    TITLE = "pyanamo"
    SUSPENDED_SCREEN_CLASS = "-under-another"
    CSS_PATH = ["styles/dashboard.tcss", "styles/themes.tcss"]  # noqa: RUF012 - Textual's own class attribute
    COMMANDS: ClassVar = {BoundCommands, SettingCommands}
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", id="app.help", key_display="?"),
        Binding("colon", "command_palette", "command", id="app.command", key_display=":"),
        Binding(
            "at", "place", "other table", id="app.place", key_display="@", tooltip="profile, region, table", show=False
        ),
        Binding("1", "go('overview')", "overview", id="go.overview"),
        Binding("2", "go('items')", "items", id="go.items"),
        Binding("3", "go('nested')", "nested", id="go.nested"),
        Binding("4", "go('failures')", "failures", id="go.failures"),
        Binding("5", "go('locked')", "locked", id="go.locked"),
        Binding("6", "logs", "logs", id="go.logs"),
        Binding("7", "go('workers')", "workers", id="go.workers"),
        Binding("8", "go('tables')", "tables", id="go.tables"),
        Binding("9", "go('import')", "import", id="go.import"),
        Binding(
            "exclamation_mark",
            "go('doctor')",
            "doctor",
            id="go.doctor",
            show=False,
            key_display="!",
            tooltip="what other software left wrong, and its repair",
        ),
        Binding(
            "u", "go('activity')", "activity", id="go.activity", show=False, tooltip="changes made, and their undo"
        ),
        Binding("r", "refresh_now", "refresh", id="app.refresh", show=False),
        Binding("p", "pause", "pause", id="app.pause", show=False),
        Binding("i", "interval", "interval", id="app.interval", show=False),
        Binding("m", "budget", "read budget", id="app.budget", tooltip="read units a second for counting", show=False),
        Binding("q", "back", "quit", id="app.back", show=False),
        Binding("ctrl+q", "quit", "quit at once", id="app.quit", show=False, priority=True),
        Binding("ctrl+c", "ask_quit", "quit", id="app.interrupt", show=False),
    ]

    def __init__(
        self, settings: Settings, open_workspace: Callable[[Settings], Workspace], *, notice: str = "", ending: str = ""
    ) -> None:
        super().__init__(settings, open_workspace)
        self.settings_problems = settings.problems
        self._notice = notice
        self._ending = ending or "Workers and jobs go on; only this screen closes."
        self.last_read: str | None = None
        """Id of the item whose log was opened last."""

    def on_mount(self) -> None:
        """Show a frame first; then open AWS, on a thread."""
        for theme in themes.ALL:
            self.register_theme(theme)
        self.theme = self.settings.theme
        self._apply_keymap()
        self._install(ROOT)
        self.push_screen(ROOT)
        self.get_screen(ROOT).call_after_refresh(self._open)

    # -- settings -------------------------------------------------------------------------------

    def _apply_keymap(self) -> None:
        """Give bindings the keys that the settings ask for; what cannot be is left as it was, and told."""
        if not self.settings.keymap:
            return
        from pyanamo_tui.tui.keymap import checked  # noqa: PLC0415 - it imports every screen

        keymap, problems = checked(self.settings)
        self.settings_problems += problems
        self.set_keymap(keymap)

    def choose_theme(self, name: str) -> None:
        """Show another theme, and begin with it next time unless the settings name one."""
        self.theme = name
        origin = self.settings.origins.get("theme", "default")
        if origin in {"default", CHOSEN}:
            self._remember("theme", name)
        else:
            self.notify(f"Until you quit: {origin} says {self.settings.theme}.", markup=False)

    def remember_answers(self, name: str, values: Mapping[str, str]) -> None:
        """Keep what a form was answered, for the next time that it is asked."""
        self._remember(name, dict(values))

    def _remember(self, name: str, value: object) -> None:
        try:
            remember(name, value)
        except OSError as error:
            self.notify(f"This will not be remembered: {error}", severity="warning", markup=False)

    def tell_settings_problems(self) -> None:
        """What could not be taken of the settings, line by line."""
        lines = "\n".join(map(str, self.settings_problems))
        self.push_screen(MessageModal("Left out of the settings", "All values: pyanamo-tui settings", lines))

    def _install(self, name: str) -> None:
        if self.is_screen_installed(name):
            return
        self.install_screen(self.new_screen(name), name)

    def new_screen(self, name: str) -> Screen[None]:
        """A new instance of one of the numbered screens."""
        module, _, class_name = SCREEN_CLASSES[name].partition(":")
        screen: Screen[None] = getattr(import_module(module), class_name)()
        return screen

    # -- opening a table ------------------------------------------------------------------------

    def _open(self) -> None:
        if self._notice:
            self.notify(self._notice, markup=False)
        elif not remembered().get(_WELCOMED):
            self.notify(_FIRST_KEYS, title="Where to begin", timeout=_FIRST_SECONDS, markup=False)
            self._remember(_WELCOMED, True)
        if self.settings_problems:
            what = "; ".join(map(str, self.settings_problems[:2]))
            more = f"; and {len(self.settings_problems) - 2} more (: settings)" if self.settings_problems[2:] else ""
            self.notify(what + more, title="Settings", severity="warning", timeout=_FIRST_SECONDS, markup=False)
        if self.settings.table is None:
            self.action_go("tables")
        self.open_first()

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
        question = Question("Quit pyanamo?", self._ending, confirm="Quit", destructive=False)
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

        self.last_read = item_id
        self.push_screen(ItemScreen(item_id, task))

    def action_logs(self) -> None:
        """The log of the item under the cursor; where there is none, the list of what can be read."""
        from pyanamo_tui.tui.screens.item import ItemScreen  # noqa: PLC0415 - not before the first frame
        from pyanamo_tui.tui.screens.item_looks import ItemLooksScreen  # noqa: PLC0415 - the same
        from pyanamo_tui.tui.screens.logs import LogsScreen  # noqa: PLC0415 - the same

        screen = self.screen
        here = screen.item_here() if isinstance(screen, ItemLooksScreen) else None
        if here is None or isinstance(screen, ItemScreen | LogsScreen):
            self.action_go("logs")
        else:
            self.show_item(*here)

    def show_tasks(self, item_id: str) -> None:
        """The task grid of one nested item, over the screen that is shown."""
        from pyanamo_tui.tui.screens.task_grid import TaskGridScreen  # noqa: PLC0415 - not before the first frame

        self.push_screen(TaskGridScreen(item_id))

    def show_nested(self, quarter: Quarter) -> None:
        """The nested screen, with the items of one quarter."""
        self.action_go("nested")
        from pyanamo_tui.tui.screens.nested import NestedScreen  # noqa: PLC0415 - not before the first frame

        screen = self.get_screen("nested")
        if isinstance(screen, NestedScreen):
            screen.choose_quarter(quarter)

    def show_chart(self) -> None:
        """States and rate over the run, over the screen that is shown."""
        from pyanamo_tui.tui.screens.chart import ChartScreen  # noqa: PLC0415 - not before the first frame

        self.push_screen(ChartScreen())

    def action_command_palette(self) -> None:
        """Find a command by its name."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

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
        turn = self.monitor.resume if paused else self.monitor.pause
        turn()

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

    @work(group="budget", exclusive=True)
    async def action_budget(self) -> None:
        """Ask for the read units a second that counting may use."""
        if self.monitor is None:
            return
        from pyanamo_tui.core.budget import LEAST_UNITS  # noqa: PLC0415 - not before the first frame

        budget = None if self.snapshot is None else self.snapshot.cost.budget
        answer = await self.push_screen_wait(
            Prompt(
                "Read units a second that counting may use (empty: a quarter of what is provisioned)",
                value="" if self.settings.read_budget is None or budget is None else f"{budget:g}",
                placeholder="" if budget is None else f"{budget:g}",
                restrict=r"[0-9.]*",
            )
        )
        if answer is None:
            return
        units = _number(answer)
        if answer.strip() and (units is None or units < LEAST_UNITS):
            self.notify(f"{LEAST_UNITS:g} read units a second are the least.", severity="warning", markup=False)
            return
        self.settings = replace(self.settings, read_budget=units)
        self.monitor.set_budget(units)

    # -- telling --------------------------------------------------------------------------------

    @cached_property
    def views(self) -> ViewMemory:
        """How lists were last looked at."""
        memory = ViewMemory()
        self.call_later(self._say_memory_problem)
        return memory

    @work(thread=True, group="memory", exit_on_error=False, description="remember a view")
    def remember(self, place: str, name: str, view: ListView, used_filter: str = "") -> None:
        """Keep how a list is looked at, and a filter that was typed, for the next session."""
        self.views.remember(place, name, view)
        if used_filter:
            self.views.used_filter(used_filter)
        self.call_later(self._say_memory_problem)

    def _say_memory_problem(self) -> None:
        problem, self.views.problem = self.views.problem, ""
        if problem:
            self.notify(problem, severity="warning", markup=False)

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

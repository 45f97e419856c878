"""One item: what it is, its nested tasks, and the log of the one chosen; requeue of the item or of a task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Static

from pyanamo_tui.tui.changes import make_change
from pyanamo_tui.tui.format import age, clock, count
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.screens.item_changes import SCOPES
from pyanamo_tui.tui.screens.item_log import ItemLogScreen, LogWays
from pyanamo_tui.tui.screens.item_looks import ItemLooksScreen
from pyanamo_tui.tui.screens.item_reading import ItemRead
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.workflow.filterfields import since
from pyanamo_tui.workflow.model import Item, ItemState, Task, TaskStatus
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.transitions import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from pyanamo_tui.core.plan import Plan

_TASK_STYLES = {
    TaskStatus.DONE: "state--done",
    TaskStatus.FAILED: "state--failed",
    TaskStatus.TODO: "state--todo",
}


def _exit_cell(task: Task) -> Cell:
    code = None if task.log is None else task.log.exit_code
    return Cell("" if code is None else str(code), "state--failed" if code else "table--quiet")


TASK_COLUMNS = (
    Column[Task]("task", "TASK", 8, lambda task: Cell(task.key), flexible=True),
    Column[Task](
        "status",
        "STATUS",
        7,
        lambda task: Cell(task.status or "?", _TASK_STYLES.get(task.status, "state--other")),  # type: ignore[call-overload]
    ),
    Column[Task]("exit", "EXIT", 4, _exit_cell, right=True),
)


def facts_text(item: Item, script: str) -> Text:
    """What an item is, in a few lines."""
    facts = item.facts
    text = Text(overflow="ellipsis", no_wrap=True)

    def put(label: str, value: str, style: str = "") -> None:
        if value:
            text.append(f"{label} ", "dim")
            text.append(printable(value) + "   ", style)

    put("step", facts.step or "(none)")
    put("state", facts.state or "(none)", "bold")
    if item.nested:
        put("tasks", f"{count(facts.done_tasks)} of {count(len(item.tasks))} done")
        put("failed", count(facts.failed_tasks) if facts.failed_tasks else "")
    at = since(facts)
    put("age", "" if at is None else age(time.time() - at))
    put("attempts", "" if facts.attempts is None else str(facts.attempts))
    text.append("\n")
    put("host", facts.owner or "never locked")
    put("locked", clock(facts.locked_at))
    put("ended", clock(facts.ended_at))
    if facts.lease_until is not None and facts.state == ItemState.LOCKED:
        left = facts.lease_until - time.time()
        put("lease", f"{age(left)} left" if left > 0 else f"ran out {age(-left)} ago")
    text.append("\n")
    put("why", facts.signature or "", "bold red")
    put("wrong", "; ".join(facts.debris), "bold magenta")
    text.append("\n" if facts.signature or facts.debris else "")
    text.append("$ ", "dim")
    text.append(printable(script))
    return text


class ItemScreen(ItemLogScreen):
    """Opened over whatever list the item was in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "requeue", "requeue", id="change.requeue", key_display="R"),
        Binding("n,greater_than_sign", "neighbour(1)", "next failed", id="look.next"),
        Binding("N,less_than_sign", "neighbour(-1)", "failed item before", id="look.previous", show=False),
        Binding("t", "requeue_task", "requeue task", id="change.requeue_task"),
        Binding("right_square_bracket", "task(1)", "next task", id="log.next_task", show=False, key_display="]"),
        Binding("left_square_bracket", "task(-1)", "task before", id="log.previous_task", show=False, key_display="["),
        Binding("tab", "app.focus_next", "next panel", id="look.next_panel", show=False),
        Binding("r", "reread", "refresh", id="app.refresh", show=False),
    ]

    def __init__(self, item_id: str, task: str | None = None, ways: LogWays | None = None) -> None:
        super().__init__(item_id, ways)
        self._first_task = task
        self.tasks: ItemTable[Task] = ItemTable(TASK_COLUMNS, lambda row: row.key, empty="No tasks", id="tasks")

    def body(self) -> ComposeResult:
        """Facts above; tasks on the left where it has any; the log."""
        with Container(id="item-facts", classes="panel") as panel:
            panel.border_title = Text(printable(self.item_id))
            yield Static(Text("Reading …"), id="facts")
        with Horizontal():
            with Container(id="item-tasks", classes="panel") as panel:
                panel.border_title, panel.border_subtitle = "Tasks", Text("] [")
                yield self.tasks
            yield from self.log_panel()

    def on_mount(self) -> None:
        """Read it at once."""
        super().on_mount()
        self.query_one("#item-tasks").display = False
        self.log_view.focus()
        self.read()

    def action_reread(self) -> None:
        """Read it now, and its log wherever that is kept."""
        self.forget_log()
        super().action_reread()

    @on(ItemRead)
    def _show_read(self, message: ItemRead) -> None:
        if message.item is None:
            error = message.error
            words = "" if error is None else f"{error.message}. {error.hint}"
            self.query_one("#facts", Static).update(Text(printable(words)))
            if self.item is None:
                self.log_view.set_lines((), empty="It could not be read")
            return
        if message.item == self.item:
            self.show_log()
            return
        first, self.item = self.item is None, message.item
        self.refresh_bindings()
        self.query_one("#item-tasks").display = self.item.nested
        self.tasks.set_rows(self.item.tasks)
        if first and self.item.nested:
            failed = next((task.key for task in self.item.tasks if task.status == TaskStatus.FAILED), None)
            self.tasks.select_key(self._first_task or failed or "")
            self.tasks.focus()
        self.show_log()

    @property
    def chosen_task(self) -> Task | None:
        """The task under the cursor, or None for a single item."""
        return self.tasks.row if self.item is not None and self.item.nested else None

    def item_here(self) -> tuple[str, str | None] | None:
        """This item, and the task under the cursor."""
        task = self.chosen_task
        return self.item_id, None if task is None else task.key

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for failed items around this one where a list is below; for a task where there are some."""
        if action == "requeue_task":
            return self.item is not None and self.item.nested
        if action == "neighbour":
            return len(self.app.screen_stack) > 1 and isinstance(self.app.screen_stack[-2], ItemLooksScreen)
        return super().check_action(action, parameters)

    def action_neighbour(self, step: int) -> None:
        """The log of the next or previous failed item of the list below, without going back to it."""
        below = self.app.screen_stack[-2]
        found = below.neighbour(self.item_id, step) if isinstance(below, ItemLooksScreen) else None
        if found is None:
            which = "after" if step > 0 else "before"
            self.notify(f"No failed item {which} this one in the list.", markup=False)
        else:
            self.app.switch_screen(ItemScreen(found, ways=self.ways))

    def show_log(self) -> None:
        """The script that is chosen, and its log."""
        item, task = self.item, self.chosen_task
        if item is not None:
            script = (item.script or "(no script)") if task is None else task.script
            self.query_one("#facts", Static).update(facts_text(item, script))
        super().show_log()

    @on(ItemTable.Highlighted, "#tasks")
    def _task_chosen(self) -> None:
        self.show_log()

    @on(ItemTable.Selected, "#tasks")
    def _into_log(self) -> None:
        self.log_view.focus()

    def action_task(self, step: int) -> None:
        """The next or previous task's log, wherever the keys are; of a single item the attempt's."""
        if self.chosen_task is None:
            self.action_attempt(step)
        else:
            self.tasks.action_move(step)

    @work(group="change", exclusive=True)
    async def action_requeue(self) -> None:
        """Make the item wait again, whole or in part."""
        workspace, item = self.dashboard.workspace, self.item
        if workspace is None or item is None:
            return
        scope = Scope.ITEM
        if item.nested:
            chosen = await self.app.push_screen_wait(Choose("Requeue what of this item?", SCOPES))
            if chosen is None:
                return
            scope = Scope(chosen)
        await self._change(lambda: workspace.actions.requeue([self.item_id], scope))

    @work(group="change", exclusive=True)
    async def action_requeue_task(self) -> None:
        """Make the one task under the cursor run again."""
        workspace, task = self.dashboard.workspace, self.chosen_task
        if workspace is not None and task is not None:
            await self._change(lambda: workspace.actions.requeue([self.item_id], Scope.NAMED_TASKS, [task.key]))

    async def _change(self, plan_it: Callable[[], Plan]) -> None:
        await make_change(self.dashboard, plan_it)
        self.read()

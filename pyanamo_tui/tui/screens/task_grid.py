"""The task grid of one nested item: its tasks done, failed, running and waiting; their logs; requeue of tasks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from pyanamo_tui.tui.changes import make_change
from pyanamo_tui.tui.format import age, count
from pyanamo_tui.tui.modals.choose import Choice, Choose
from pyanamo_tui.tui.screens.item_changes import SCOPES
from pyanamo_tui.tui.screens.item_reading import ItemRead, ItemReadingScreen
from pyanamo_tui.tui.task_states import TASK_SIGNS, TASK_STYLES, TaskMark, TaskState, count_marks, task_marks
from pyanamo_tui.tui.widgets.bars import bar
from pyanamo_tui.tui.widgets.figures import Figures
from pyanamo_tui.tui.widgets.task_grid import TaskGrid
from pyanamo_tui.workflow.endings import explain
from pyanamo_tui.workflow.filterfields import since
from pyanamo_tui.workflow.model import Item, ItemState
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.transitions import Scope

if TYPE_CHECKING:
    from textual.app import ComposeResult, RenderResult


_BAR: Final = 30


class TaskFigures(Figures):
    """How many tasks stand how, with the sign that the grid has for each."""

    DEFAULT_CSS = "TaskFigures { height: 2; }"

    def __init__(self) -> None:
        super().__init__()
        self._item: Item | None = None
        self._marks: tuple[TaskMark, ...] = ()
        self._words = "Reading …"

    def show(self, item: Item, marks: tuple[TaskMark, ...]) -> None:
        """Count these."""
        self._item, self._marks = item, marks
        self.refresh()

    def say(self, words: str) -> None:
        """Say this instead, until there is something to count."""
        self._words = words
        self.refresh()

    def render(self) -> RenderResult:
        """A bar with the step, state and worker; then the counts, which are the legend too."""
        item = self._item
        text = Text(no_wrap=True, overflow="ellipsis")
        if item is None:
            self.put(text, self._words, "figures--quiet")
            return text
        counts, total = count_marks(self._marks), len(self._marks)
        done = counts[TaskState.DONE]
        drawn = bar(done / total if total else 0.0, min(_BAR, self.size.width // 3))
        text.append(drawn, self.get_component_rich_style("state--done"))
        text.append(f" {count(done)} of {count(total)}", self.get_component_rich_style("figures--strong"))
        at = since(item.facts)
        parts = [item.facts.step or "", item.facts.state, f"on {item.facts.owner}" if item.facts.owner else ""]
        parts.append("" if at is None else f"for {age(time.time() - at)}")
        self.put(text, "   " + " · ".join(part for part in parts if part), "figures--quiet")
        text.append("\n")
        for state, number in counts.items():
            style = TASK_STYLES[state] if number else "figures--quiet"
            self.put(text, f"{TASK_SIGNS[state]} {state} {count(number)}   ", style)
        silent = item.facts.state == ItemState.LOCKED and not counts[TaskState.RUNNING]
        if silent and counts[TaskState.TODO]:
            self.put(text, "its worker does not say which one runs", "figures--quiet")
        return text


class TaskGridScreen(ItemReadingScreen):
    """Opened over the list of nested items."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", "log", id="look.log"),
        Binding("R", "requeue", "requeue", id="change.requeue", key_display="R"),
        Binding("n", "failed(1)", "next failed task", id="look.next", show=False),
        Binding("N", "failed(-1)", "previous failed task", id="look.previous", show=False, key_display="N"),
        Binding("r", "reread", "refresh", id="app.refresh", show=False),
    ]

    def __init__(self, item_id: str) -> None:
        super().__init__(item_id)
        self.marks: tuple[TaskMark, ...] = ()
        self.grid = TaskGrid(id="task-grid")
        self._figures = TaskFigures()
        self._script = Static("", id="task-script")

    def body(self) -> ComposeResult:
        """Counts above, the grid, what is under the cursor below."""
        with Container(id="grid-counts", classes="panel") as panel:
            panel.border_title = Text(printable(self.item_id))
            yield self._figures
        with Container(id="grid-tasks", classes="panel") as panel:
            panel.border_title = "Tasks"
            yield self.grid
        with Container(id="grid-task", classes="panel") as panel:
            panel.border_title = "Task"
            yield self._script

    def on_mount(self) -> None:
        """Read it at once."""
        super().on_mount()
        self.grid.focus()
        self.read()

    @on(ItemRead)
    def _show_read(self, message: ItemRead) -> None:
        if message.item is None:
            error = message.error
            if error is not None and self.item is None:
                self._figures.say(f"{error.message}. {error.hint}")
            elif error is not None:
                self._script.update(Text(printable(f"{error.message}. {error.hint}")))
            return
        if message.item == self.item:
            return
        first, self.item = self.item is None, message.item
        self.marks = task_marks(message.item)
        self._figures.show(message.item, self.marks)
        self.grid.set_marks(self.marks)
        failed = next((mark.key for mark in self.marks if mark.state is TaskState.FAILED), None)
        if first and failed is not None:
            self.grid.select_key(failed)
        self._show_task()

    @on(TaskGrid.Highlighted)
    def _show_task(self) -> None:
        key, item = self.grid.key, self.item
        task = None if item is None or key is None else item.task(key)
        if task is None:
            self._script.update(Text("No tasks"))
            return
        mark = next((mark for mark in self.marks if mark.key == key), None)
        state = TaskState.OTHER if mark is None else mark.state
        word = printable(task.status) if state is TaskState.OTHER else str(state)
        self.retitle("#grid-task", f"{task.key} · {word or 'no status'}")
        text = Text("$ ", "dim", overflow="ellipsis")
        text.append(printable(task.script))
        if task.log is not None:
            ended = explain(task.log.exit_code) if task.log.exit_code is not None else task.log.status
            lines = (task.log.stderr or task.log.stdout).splitlines()
            text.append(f"\n{printable(ended)}" if ended else "", "bold")
            text.append(f"\n{printable(lines[-1])}" if lines else "", "dim")
        self._script.update(text)

    @on(TaskGrid.Selected)
    def _open_log(self, message: TaskGrid.Selected) -> None:
        self.dashboard.show_item(self.item_id, message.key)

    def action_log(self) -> None:
        """The log of the task under the cursor."""
        self.dashboard.show_item(self.item_id, self.grid.key)

    def action_failed(self, step: int) -> None:
        """The next or previous failed task, round and round."""
        failed = [mark.key for mark in self.marks if mark.state is TaskState.FAILED]
        if not failed:
            return
        keys = [mark.key for mark in self.marks]
        here = keys.index(self.grid.key) if self.grid.key in keys else 0
        places = [keys.index(key) for key in failed]
        after = [place for place in places if place > here] or places
        before = [place for place in places if place < here] or places
        self.grid.select_key(keys[after[0] if step > 0 else before[-1]])

    def item_here(self) -> tuple[str, str | None] | None:
        """This item, and the task under the cursor."""
        return self.item_id, self.grid.key

    @work(group="change", exclusive=True)
    async def action_requeue(self) -> None:
        """Make the task under the cursor, the failed tasks or all of them wait again."""
        workspace, key = self.dashboard.workspace, self.grid.key
        if workspace is None or self.item is None or key is None:
            return
        choices = (Choice(Scope.NAMED_TASKS, key, "this task alone", "t"), *SCOPES)
        chosen = await self.app.push_screen_wait(Choose("Requeue what of this item?", choices))
        if chosen is None:
            return
        scope = Scope(chosen)
        keys = [key] if scope is Scope.NAMED_TASKS else []
        await make_change(self.dashboard, lambda: workspace.actions.requeue([self.item_id], scope, keys))
        self.read()

"""One item: what it is, its nested tasks, and the log of the one chosen; requeue of the item or of a task."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.message import Message
from textual.widgets import Static

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.changes import make_change
from pyanamo_tui.tui.format import age, clock, count
from pyanamo_tui.tui.log_asking import ask_filter, ask_search, filter_words, match_words, pending_words
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.item_changes import SCOPES
from pyanamo_tui.tui.screens.item_looks import ItemLooksScreen
from pyanamo_tui.tui.whole_log import LogPage, both_streams, kept_elsewhere, newest_page, save_log
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.tui.widgets.log_lines import LineKind
from pyanamo_tui.tui.widgets.log_view import LogView
from pyanamo_tui.workflow.endings import explain
from pyanamo_tui.workflow.filterfields import since
from pyanamo_tui.workflow.model import Item, ItemState, LogEntry, Task, TaskStatus
from pyanamo_tui.workflow.printable import clean_file_name, printable
from pyanamo_tui.workflow.transitions import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

    from pyanamo_tui.core.plan import Plan
    from pyanamo_tui.workflow.model import Snapshot

_STREAMS = ("all", "stdout", "stderr")
_BOTH = ("stdout", "stderr")
_TASK_STYLES = {
    TaskStatus.DONE: "state--done",
    TaskStatus.FAILED: "state--failed",
    TaskStatus.TODO: "state--todo",
}


@dataclass
class ItemRead(Message):
    """The item was read, or could not be."""

    item: Item | None
    error: PyanamoError | None = None


@dataclass
class PageRead(Message):
    """The last page of a log that is kept outside the item was read."""

    task: str | None
    stream: str
    page: LogPage


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


def log_lines(log: LogEntry | None, stream: str, live_tail: str | None) -> list[tuple[LineKind, str]]:
    """The lines of a log as the item holds it, both streams or one, each with where it is from."""
    if log is None:
        if not live_tail:
            return []
        told = [(LineKind.OUT, line) for line in live_tail.splitlines()]
        return [(LineKind.NOTE, "running; its last lines:"), *told]
    streams = ((LineKind.OUT, "stdout", log.stdout), (LineKind.ERR, "stderr", log.stderr))
    return both_streams([(kind, text.splitlines()) for kind, name, text in streams if stream in {"all", name}])


class ItemScreen(ItemLooksScreen):
    """Opened over whatever list the item was in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "requeue", "requeue", id="change.requeue", key_display="R"),
        Binding("t", "requeue_task", "requeue task", id="change.requeue_task"),
        Binding("right_square_bracket", "task(1)", "next task", id="log.next_task", show=False, key_display="]"),
        Binding(
            "left_square_bracket", "task(-1)", "previous task", id="log.previous_task", show=False, key_display="["
        ),
        Binding("a", "stream", "stdout/stderr", id="log.stream"),
        Binding("s", "save", "save log", id="log.save"),
        Binding("slash", "search", "search", id="log.search", key_display="/"),
        Binding("ampersand", "filter_log", "filter lines", id="log.filter", show=False, key_display="&"),
        Binding("n,greater_than_sign", "neighbour(1)", "next failed item", id="look.next", show=False),
        Binding("N,less_than_sign", "neighbour(-1)", "failed item before", id="look.previous", show=False),
        Binding("tab", "app.focus_next", "next panel", id="look.next_panel", show=False),
        Binding("r", "reread", "refresh", id="app.refresh", show=False),
    ]

    def __init__(self, item_id: str, task: str | None = None) -> None:
        super().__init__()
        self.item_id = item_id
        self.item: Item | None = None
        self._first_task = task
        self._stream = _STREAMS[0]
        self._note = ""
        self._log_shown: tuple[str | None, str] | None = None
        self.tasks: ItemTable[Task] = ItemTable(TASK_COLUMNS, lambda row: row.key, empty="No tasks", id="tasks")
        self.log_view = LogView(id="log")

    def body(self) -> ComposeResult:
        """Facts above; tasks on the left where it has any; the log."""
        with Container(id="item-facts", classes="panel") as panel:
            panel.border_title = Text(printable(self.item_id))
            yield Static(Text("Reading …"), id="facts")
        with Horizontal():
            with Container(id="item-tasks", classes="panel") as panel:
                panel.border_title = "Tasks"
                yield self.tasks
            with Container(id="item-log", classes="panel") as panel:
                panel.border_title = "Log"
                yield self.log_view

    def on_mount(self) -> None:
        """Read it at once."""
        super().on_mount()
        self.query_one("#item-tasks").display = False
        self.log_view.focus()
        self._read()

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Read the item again when the Snapshot says that it changed."""
        if self.item is not None and (changed is None or self.item_id in changed):
            self._read()

    def action_reread(self) -> None:
        """Read it now."""
        self._read()

    @work(thread=True, group="item", exclusive=True, exit_on_error=False, description="read an item")
    def _read(self) -> None:
        workspace = self.dashboard.workspace
        if workspace is None:
            return
        try:
            self.post_message(ItemRead(workspace.item(self.item_id)))
        except PyanamoError as error:
            self.post_message(ItemRead(None, error))

    @on(ItemRead)
    def _show_read(self, message: ItemRead) -> None:
        if message.item is None:
            error = message.error
            words = "" if error is None else f"{error.message}. {error.hint}"
            self.query_one("#facts", Static).update(Text(printable(words)))
            return
        if message.item == self.item:
            return
        first, self.item = self.item is None, message.item
        self.query_one("#item-tasks").display = self.item.nested
        self.tasks.set_rows(self.item.tasks)
        if first and self.item.nested:
            failed = next((task.key for task in self.item.tasks if task.status == TaskStatus.FAILED), None)
            self.tasks.select_key(self._first_task or failed or "")
            self.tasks.focus()
        self._show_log()

    @property
    def chosen_task(self) -> Task | None:
        """The task under the cursor, or None for a single item."""
        return self.tasks.row if self.item is not None and self.item.nested else None

    def item_here(self) -> tuple[str, str | None] | None:
        """This item, and the task under the cursor."""
        task = self.chosen_task
        return self.item_id, None if task is None else task.key

    def action_neighbour(self, step: int) -> None:
        """The log of the next or previous failed item of the list below, without going back to it."""
        below = self.app.screen_stack[-2]
        found = below.neighbour(self.item_id, step) if isinstance(below, ItemLooksScreen) else None
        if found is None:
            which = "after" if step > 0 else "before"
            self.notify(f"No failed item {which} this one in the list.", markup=False)
        else:
            self.app.switch_screen(ItemScreen(found))

    def _show_log(self) -> None:
        item = self.item
        if item is None:
            return
        task = self.chosen_task
        log = item.log if task is None else task.log
        script = (item.script or "(no script)") if task is None else task.script
        self.query_one("#facts", Static).update(facts_text(item, script))
        key = None if task is None else task.key
        if kept_elsewhere(log):
            self._read_page(key, self._stream)
        running = item.facts.state == ItemState.LOCKED
        empty = "Nothing was written" if log is not None else "No log yet" + (": it is running" if running else "")
        self._put_lines(key, log_lines(log, self._stream, item.live_tail), empty)
        self._title_log(log, task)

    def _put_lines(self, task: str | None, found: Sequence[tuple[LineKind, str]], empty: str | None = None) -> None:
        """Show lines: of the same log in their place, of another from their end."""
        kinds, lines = [kind for kind, _ in found], [line for _, line in found]
        if self._log_shown == (task, self._stream):
            self.log_view.update_lines(lines, kinds=kinds, empty=empty)
        else:
            self._log_shown = (task, self._stream)
            self._note = ""
            self.log_view.set_lines(lines, kinds=kinds, empty=empty)

    @work(thread=True, group="page", exclusive=True, exit_on_error=False, description="read a log")
    def _read_page(self, task: str | None, stream: str) -> None:
        workspace = self.dashboard.workspace
        if workspace is not None:
            page = newest_page(workspace, self.item_id, task, _BOTH if stream == "all" else (stream,))
            self.post_message(PageRead(task, stream, page))

    @on(PageRead)
    def _show_page(self, message: PageRead) -> None:
        message.stop()
        task = self.chosen_task
        if (None if task is None else task.key, self._stream) != (message.task, message.stream):
            return
        if message.page.lines:
            self._put_lines(message.task, message.page.lines)
        self._note = message.page.note
        self._log_moved()

    @work(group="save", exclusive=True)
    async def action_save(self) -> None:
        """Write the whole log of the stream shown (stdout where both are) to a file."""
        workspace, task = self.dashboard.workspace, self.chosen_task
        if workspace is None or self.item is None:
            return
        key, stream = None if task is None else task.key, "stderr" if self._stream == "stderr" else "stdout"
        name = clean_file_name(".".join(part for part in (self.item_id, key, stream) if part)) + ".log"
        path = await self.app.push_screen_wait(Prompt(f"Save the whole {stream} as", value=name))
        if not path:
            return
        try:
            size = await asyncio.to_thread(save_log, workspace, self.item_id, key, stream, path)
        except PyanamoError as error:
            self.dashboard.tell(error)
            return
        self.notify(f"Saved {count(size)} bytes as {printable(path)}", markup=False)

    def _title_log(self, log: LogEntry | None, task: Task | None) -> None:
        parts = ["Log" if task is None else f"Log of {task.key}", self._stream if self._stream != "all" else ""]
        if log is not None:
            parts.append(log.status or explain(log.exit_code))
            parts.append((self._note or "reading the rest …") if kept_elsewhere(log) else "")
        parts += [match_words(self.log_view), filter_words(self.log_view), pending_words(self.log_view)]
        self.query_one("#item-log").border_title = Text(printable(" · ".join(part for part in parts if part)))

    @on(ItemTable.Highlighted, "#tasks")
    def _task_chosen(self) -> None:
        self._show_log()

    @on(ItemTable.Selected, "#tasks")
    def _into_log(self) -> None:
        self.log_view.focus()

    @on(LogView.Moved)
    def _log_moved(self) -> None:
        if self.item is not None:
            task = self.chosen_task
            self._title_log(self.item.log if task is None else task.log, task)

    def action_task(self, step: int) -> None:
        """The next or previous task's log, wherever the keys are."""
        self.tasks.action_move(step)

    def action_stream(self) -> None:
        """Both streams, stdout, stderr, and round again."""
        self._stream = _STREAMS[(_STREAMS.index(self._stream) + 1) % len(_STREAMS)]
        self._show_log()

    @work(group="search", exclusive=True)
    async def action_search(self) -> None:
        """Look for text in the log."""
        await ask_search(self.app, self.log_view)

    @work(group="search", exclusive=True)
    async def action_filter_log(self) -> None:
        """Show only the lines that have some text."""
        await ask_filter(self.app, self.log_view)

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
        self._read()

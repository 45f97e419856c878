"""Screen 3: items with unfinished nested tasks by quarter, their task grid, the log of a task, requeue of one task."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.screens.item import ItemScreen
from pyanamo_tui.tui.screens.items import ItemsScreen
from pyanamo_tui.tui.screens.nested import NestedScreen
from pyanamo_tui.tui.screens.task_grid import TaskGridScreen
from pyanamo_tui.tui.task_states import TASK_SIGNS, TaskState, count_marks, task_marks
from pyanamo_tui.tui.widgets.task_grid import columns_of
from pyanamo_tui.workflow.model import Item, ItemFacts, Quarter, Task
from tests.core.places import fill, nested, open_table, single
from tests.tui.conftest import dashboard_on, until


@pytest.fixture
def cohort(embedded: EmbeddedServer, table_name: str) -> Workspace:
    """Nested items at 0, 25, 50, 95 and 100 percent, and a single item."""
    opened = open_table(embedded, table_name)
    fill(opened, [nested("zero", ["todo"] * 4, "todo"), nested("whole", ["done"] * 4, "done")])
    fill(opened, [nested("quarter", ["done", "failed", "todo", "todo"], "todo")])
    fill(opened, [nested("half", ["done", "done", "todo", "todo"], "todo")])
    fill(opened, [nested("most", ["done"] * 21 + ["failed"]), single("alone", "done")])
    return opened


def _ids(screen: NestedScreen) -> list[str]:
    return [facts.item_id for facts in screen.table.rows]


async def test_unfinished_items_are_listed_by_what_is_done_and_by_quarter(
    embedded: EmbeddedServer, cohort: Workspace
) -> None:
    app = dashboard_on(embedded, cohort.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("3")
        screen = app.screen
        assert isinstance(screen, NestedScreen)
        await until(pilot, lambda: bool(screen.table.rows), "the list")
        assert _ids(screen) == ["zero", "quarter", "half", "most"]
        assert {row.quarter: row.number for row in screen.quarters.rows} == {
            Quarter.TODO: 1,
            Quarter.Q1: 1,
            Quarter.Q2: 1,
            Quarter.Q3: 0,
            Quarter.Q4: 1,
            Quarter.DONE: 1,
        }
        screen.quarters.focus()
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: _ids(screen) == ["half"], "the items of one quarter")
        await pilot.press("escape")
        await until(pilot, lambda: len(_ids(screen)) == 4, "all of them again")
        screen.quarters.focus()
        await pilot.press("end", "enter")
        await until(pilot, lambda: isinstance(app.screen, ItemsScreen), "the finished ones")
        items = app.screen
        assert isinstance(items, ItemsScreen)
        await until(pilot, lambda: [facts.item_id for facts in items.table.rows] == ["whole"], "the finished ones")


async def test_the_grid_shows_every_task_opens_its_log_and_requeues_it(
    embedded: EmbeddedServer, cohort: Workspace
) -> None:
    app = dashboard_on(embedded, cohort.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("3")
        listed = app.screen
        assert isinstance(listed, NestedScreen)
        await until(pilot, lambda: bool(listed.table.rows), "the list")
        listed.table.select_key("most")
        await pilot.press("enter")
        grid = await _grid(pilot, app)
        assert grid.grid.key == "Task_21"
        assert count_marks(grid.marks) == {
            TaskState.DONE: 21,
            TaskState.FAILED: 1,
            TaskState.RUNNING: 0,
            TaskState.TODO: 0,
        }
        shown = "\n".join(
            "".join(segment.text for segment in grid.grid.render_line(y)) for y in range(grid.grid.size.height)
        )
        assert shown.count(TASK_SIGNS[TaskState.DONE]) == 21
        assert f"{TASK_SIGNS[TaskState.FAILED]} 21" in shown
        await pilot.press("g", "right", "down")
        assert grid.grid.key == f"Task_{1 + grid.grid.across}"
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, ItemScreen) and app.screen.item is not None, "the log")
        opened = app.screen
        assert isinstance(opened, ItemScreen)
        await until(pilot, lambda: opened.chosen_task is not None, "the task")
        assert opened.item_here() == ("most", f"Task_{1 + grid.grid.across}")
        await pilot.press("escape", "n")
        assert grid.grid.key == "Task_21"
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Choose), "what of it")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: cohort.item("most").facts.state == "todo", "the requeue")
        await until(pilot, lambda: count_marks(grid.marks)[TaskState.TODO] == 1, "the grid to tell")
    assert [task.status for task in cohort.item("most").tasks] == ["done"] * 21 + ["todo"]


async def _grid(pilot: object, app: Dashboard) -> TaskGridScreen:
    await until(pilot, lambda: isinstance(app.screen, TaskGridScreen) and bool(app.screen.marks), "the grid")  # type: ignore[arg-type]
    screen = app.screen
    assert isinstance(screen, TaskGridScreen)
    return screen


def test_what_runs_is_what_the_worker_says_it_is() -> None:
    tasks = tuple(Task(f"Task_{n}", "x", status) for n, status in enumerate(["done", "todo", "todo", "Parked"]))
    facts = ItemFacts("a", "locked", nested_tasks=4)
    tail = "==> Task_1 <==\nmapping\n==> Task_0 <==\n"
    told = task_marks(Item(facts, tasks=tasks, live_tail=tail))
    assert [mark.state for mark in told] == [TaskState.DONE, TaskState.RUNNING, TaskState.TODO, TaskState.OTHER]
    silent = task_marks(Item(facts, tasks=tasks))
    assert TaskState.RUNNING not in {mark.state for mark in silent}
    ended = task_marks(Item(ItemFacts("a", "todo", nested_tasks=4), tasks=tasks, live_tail=tail))
    assert TaskState.RUNNING not in {mark.state for mark in ended}


@given(st.lists(st.text(max_size=40), max_size=50), st.integers(0, 300))
def test_a_row_of_the_grid_is_never_wider_than_its_room_unless_it_is_one_task(labels: list[str], width: int) -> None:
    across, cell = columns_of(labels, width)
    assert across >= 1
    assert across == 1 or across * cell <= width


def test_every_state_of_a_task_has_a_sign_of_its_own() -> None:
    assert len(set(TASK_SIGNS.values())) == len(TaskState)

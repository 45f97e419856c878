"""Lists of items by keys: columns, what is remembered, saved filters, history, completion, export."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Label

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import state_path
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.columns import ITEM_COLUMNS, columns_that_fit
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.modals.columns import ColumnsModal
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.modals.saved_filters import SavedFilters
from pyanamo_tui.tui.screens.failures import group_words
from pyanamo_tui.tui.screens.item_list import ItemListScreen
from pyanamo_tui.tui.screens.items import ItemsScreen
from pyanamo_tui.tui.widgets.table_columns import column_widths
from pyanamo_tui.workflow.model import FailureGroup
from tests.core.places import open_table, single
from tests.tui.conftest import dashboard_on, until


async def _items(pilot: Pilot[None], app: Dashboard) -> ItemsScreen:
    await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
    await pilot.press("2")
    screen = app.screen
    assert isinstance(screen, ItemsScreen)
    await until(pilot, lambda: bool(screen.table.rows), "the list")
    return screen


def _kept() -> str:
    path = state_path() / "views.json"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("width", [40, 60, 80, 110, 160])
@pytest.mark.parametrize("longest", [10, 24])
def test_an_id_of_usual_length_is_whole_at_every_width(width: int, longest: int) -> None:
    columns = columns_that_fit(ITEM_COLUMNS, width - 4, longest, 15)
    widths = column_widths(columns, width - 4)
    assert columns[0].key == "item"
    assert widths[0] >= longest
    assert sum(widths) + 2 * (len(widths) - 1) <= width - 4
    assert {"item", "state"} <= {column.key for column in columns}


def test_wide_terminals_show_every_column_and_narrow_ones_what_matters() -> None:
    assert len(columns_that_fit(ITEM_COLUMNS, 156, 24, 15)) == len(ITEM_COLUMNS)
    assert [column.key for column in columns_that_fit(ITEM_COLUMNS, 56, 14, 15)] == ["item", "state", "age", "why"]


async def test_columns_sort_and_filter_are_there_again_in_the_next_session(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await _items(pilot, app)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ColumnsModal), "the columns")
        # item, step, state, … : hide the step, and put the state first.
        await pilot.press("j", "space", "j", "K", "K", "enter")
        await until(pilot, lambda: [one.key for one in screen.table.columns][:2] == ["state", "item"], "the choice")
        assert "step" not in {column.key for column in screen.table.columns}
        await pilot.press("slash", *"killed", "enter", "s")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the orders")
        await pilot.press("j", "j", "j", "j", "j", "enter")
        await until(pilot, lambda: '"sort": "age"' in _kept() and "killed" in _kept(), "the file")
        shown = [column.key for column in screen.table.columns]
    again = dashboard_on(embedded, workspace.table)
    async with again.run_test(size=(80, 24)) as pilot:
        screen = await _items(pilot, again)
        assert [column.key for column in screen.table.columns] == shown
        assert screen.table.sorted_by == ("age", False)
        assert {row.item_id for row in screen.table.rows} == {"killed0", "killed1", "killed2"}
        await pilot.press("escape")
        await until(pilot, lambda: len(screen.table.rows) == 12, "all of them")
        await pilot.press("o", "a")
        await until(pilot, lambda: screen.table.columns[0].key == "item", "those that fit")


@pytest.mark.parametrize(("key", "view"), [("3", "nested"), ("5", "locked")])
async def test_the_nested_and_the_locked_remember_their_columns_and_order_too(
    embedded: EmbeddedServer, workspace: Workspace, key: str, view: str
) -> None:
    async def opened(app: Dashboard, pilot: Pilot[None]) -> ItemListScreen:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press(key)
        screen = app.screen
        assert isinstance(screen, ItemListScreen)
        await until(pilot, lambda: screen.table.sorted_by is not None, "the list")
        return screen

    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        first = screen.orders[0].key
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ColumnsModal), "the columns")
        await pilot.press("j", "space", "enter", "s")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the orders")
        await pilot.press("enter")
        await until(pilot, lambda: screen.table.sorted_by == (first, True) and view in _kept(), "the file")
        shown = [column.key for column in screen.table.columns]
    again = dashboard_on(embedded, workspace.table)
    async with again.run_test(size=(80, 24)) as pilot:
        screen = await opened(again, pilot)
        assert [column.key for column in screen.table.columns] == shown
        assert screen.table.sorted_by == (first, True)


async def test_a_damaged_memory_is_said_and_the_list_opens(embedded: EmbeddedServer, workspace: Workspace) -> None:
    path = state_path() / "views.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{half a fi")
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await _items(pilot, app)
        await until(pilot, lambda: any("could not be used" in one.message for one in app._notifications), "the notice")


async def test_filters_are_completed_saved_used_and_deleted(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        screen = await _items(pilot, app)
        await pilot.press("slash", *"sta", "tab")
        line = screen.bar.query_one(Input)
        assert line.value == "state:"
        await pilot.press("f", "tab")
        await until(pilot, lambda: [row.state for row in screen.table.rows] == ["failed"] * 5, "the filter")
        told = str(screen.bar.query_one("#filter-problem", Label).content)
        assert told == "5 match, looked for here in all 12"
        await pilot.press("space", *"exit:", "tab")
        assert line.value == "state:failed exit:137"
        await pilot.press("enter", "slash")
        line.value = "step:A"
        await pilot.press("enter", "slash", "up", "up")
        assert line.value == "state:failed exit:137"
        await pilot.press("down")
        assert line.value == "step:A"
        await pilot.press("up", "enter", "f")
        await until(pilot, lambda: isinstance(app.screen, SavedFilters), "the saved ones")
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, Prompt), "the name")
        await pilot.press(*"killed", "enter")
        await until(pilot, lambda: dict(app.views.saved) == {"killed": "state:failed exit:137"}, "the saving")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: len(screen.table.rows) == 12, "no filter")
        await pilot.press("slash", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, SavedFilters), "the saved ones")
        await pilot.press("enter")
        await until(pilot, lambda: len(screen.table.rows) == 3, "the saved filter")
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, SavedFilters), "the saved ones")
        await pilot.press("D")
        assert not app.views.saved
        await until(pilot, lambda: "exit:137" in _kept() and '"saved": {}' in _kept(), "the file")


async def test_tab_goes_through_what_fits_and_says_how_many(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(100, 24)) as pilot:
        screen = await _items(pilot, app)
        await pilot.press("slash", *"state:", "tab")
        line, label = screen.bar.query_one(Input), screen.bar.query_one("#filter-problem", Label)
        first = line.value
        assert str(label.content).startswith("1 of ")
        await pilot.press("tab")
        assert line.value != first
        await pilot.press("shift+tab")
        assert line.value == first
        assert line.has_focus


async def _export(pilot: Pilot[None], app: Dashboard, which: str, form: str, path: Path) -> None:
    await pilot.press("e")
    await until(pilot, lambda: isinstance(app.screen, Choose), "the questions")
    if which:
        await pilot.press(which)
        await until(pilot, lambda: "items as" in app.screen._title, "the forms")  # type: ignore[attr-defined]
    await pilot.press(form)
    await until(pilot, lambda: isinstance(app.screen, Prompt) and bool(app.screen.query(Input)), "the path")
    app.screen.query_one(Input).value = str(path)
    await pilot.press("enter")


async def test_marked_shown_and_all_are_exported_in_each_form(
    embedded: EmbeddedServer, table_name: str, tmp_path: Path
) -> None:
    workspace = open_table(embedded, table_name)
    workspace.items.batch_put([single(name) for name in ("=cmd()", "a1", "a2", "b1")])
    app = dashboard_on(embedded, table_name)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await _items(pilot, app)
        await _export(pilot, app, "", "c", tmp_path / "all.csv")
        await until(pilot, lambda: any("Exported 4 items" in one.message for one in app._notifications), "the export")
        await pilot.press("slash", *"id:a*", "enter")
        await until(pilot, lambda: len(screen.table.rows) == 2, "the filter")
        await pilot.press("space")
        await _export(pilot, app, "m", "j", tmp_path / "marked.jsonl")
        await until(pilot, (tmp_path / "marked.jsonl").exists, "the export")
        await _export(pilot, app, "s", "w", tmp_path / "whole.jsonl")
        await until(pilot, (tmp_path / "whole.jsonl").exists, "the export")
        await _export(pilot, app, "a", "c", tmp_path / "whole.jsonl")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question about the file that is there")
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen, "the list")
    with (tmp_path / "all.csv").open() as file:
        assert [row["item"] for row in csv.DictReader(file)] == ["'=cmd()", "a1", "a2", "b1"]
    marked = [json.loads(line) for line in (tmp_path / "marked.jsonl").read_text().splitlines()]
    assert [row["item"] for row in marked] == ["a1"]
    assert workspace.exporter.describe_file(tmp_path / "whole.jsonl").items == 2


async def test_a_path_that_cannot_be_written_is_told(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await _items(pilot, app)
        await _export(pilot, app, "", "c", tmp_path / "absent" / "all.csv")
        await until(pilot, lambda: type(app.screen).__name__ == "MessageModal", "the error")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the list")


def test_a_group_says_when_where_and_in_which_steps_it_failed() -> None:
    now = 1_800_000_000.0
    group = FailureGroup("exit 2", 3, 2, now - 7200, now - 120, ("a", "b", "c"), ("Align", "QC"), ("i-1", "i-2"))
    assert group_words(group, now) == "first 2 h ago, last 2 min ago · 2 hosts · Align, QC"
    once = FailureGroup("exit 2", 1, 2, now - 5, now - 5, ("a",), ("a", "b", "c", "d"), ("i-1",))
    assert group_words(once, now) == "5 s ago · i-1 · a, b, c …"

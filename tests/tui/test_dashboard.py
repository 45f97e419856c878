"""The dashboard as a person uses it: real tables, real keys, what is then in the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button, Input, Static

from pyanamo_tui.aws.logstore import LogStore
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.help import HelpModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.failures import FailuresScreen
from pyanamo_tui.tui.screens.importing import ImportScreen
from pyanamo_tui.tui.screens.item import ItemScreen
from pyanamo_tui.tui.screens.items import ItemsScreen
from pyanamo_tui.tui.screens.overview import OverviewScreen
from pyanamo_tui.tui.screens.tables import TablesScreen
from pyanamo_tui.tui.widgets.item_table import ItemTable
from pyanamo_tui.tui.widgets.overview_panels import ProgressFigures
from pyanamo_tui.tui.widgets.status_line import Banner, StatusLine
from pyanamo_tui.workflow.model import HealthStatus
from tests.core.places import REGION, open_table, single
from tests.tui.conftest import dashboard_on, until

SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])


def _known(app: Dashboard) -> bool:
    return app.snapshot is not None and app.snapshot.exact and bool(app.snapshot.failures)


@SIZES
async def test_the_overview_counts_what_the_table_holds(
    embedded: EmbeddedServer, workspace: Workspace, size: tuple[int, int]
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        await pilot.pause()
        assert isinstance(app.screen, OverviewScreen)
        value = app.screen.query_one(ProgressFigures).value
        assert value is not None
        counts, _, exact = value
        assert exact
        assert (counts["todo"], counts["done"], counts["failed"]) == (4, 3, 5)
        assert [group.count for group in app.screen.query_one("#groups", ItemTable).rows] == [3, 1, 1]


async def test_a_group_is_requeued_by_keys_and_undone(embedded: EmbeddedServer, workspace: Workspace) -> None:
    before = {item_id: workspace.record(item_id) for item_id in ("killed0", "killed1", "killed2")}
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        await pilot.press("4", "R")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FailuresScreen), "No by default")
        assert workspace.item("killed0").facts.state == "failed"
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: workspace.item("killed2").facts.state == "todo", "the requeue")
        assert [workspace.item(f"killed{n}").facts.state for n in range(3)] == ["todo"] * 3
        assert workspace.item("killed0").log == workspace.item("killed1").log
        await until(pilot, lambda: isinstance(app.screen, FailuresScreen), "the bar to close")
        await until(pilot, lambda: app.screen.groups.row.count == 1, "the group to go")  # type: ignore[attr-defined]
        await pilot.press("1", "U")  # from any screen
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        assert isinstance(app.screen, Confirm)
        assert app.screen.question.title == "Undo requeue: 3 items?"
        assert dict(app.screen.question.facts)["Change"].startswith("requeue, 2")
        await pilot.press("y")
        await until(pilot, lambda: workspace.item("killed2").facts.state == "failed", "the undo")
    assert {item_id: workspace.record(item_id) for item_id in before} == before


async def test_one_task_of_a_nested_item_is_requeued(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        await pilot.press("2")
        screen = app.screen
        assert isinstance(screen, ItemsScreen)
        await pilot.press("slash", *"nested", "enter")
        await until(pilot, lambda: [row.item_id for row in screen.table.rows] == ["nested0"], "the filter")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemScreen) and app.screen.item is not None, "the item")
        opened = app.screen
        assert isinstance(opened, ItemScreen)
        await pilot.pause()
        assert opened.chosen_task is not None
        assert opened.chosen_task.key == "Task_21"
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: workspace.item("nested0").facts.state == "todo", "the requeue")
    after = workspace.item("nested0")
    assert [task.status for task in after.tasks] == ["done"] * 21 + ["todo"]
    assert (after.facts.log_length, after.facts.failed_tasks, after.facts.nested_tasks) == (21, 0, 22)


async def test_above_twenty_items_the_number_is_typed(embedded: EmbeddedServer, table_name: str) -> None:
    workspace = open_table(embedded, table_name)
    workspace.items.batch_put([single(f"item{n:02}") for n in range(21)])
    app = dashboard_on(embedded, table_name)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        await pilot.press("2", "asterisk", "D")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y", "enter")
        assert isinstance(app.screen, Confirm)
        assert app.screen.query_one("#yes", Button).disabled
        app.screen.query_one(Input).value = "21"
        await pilot.press("enter")
        await until(pilot, lambda: not workspace.items.scan().records, "the delete")


async def test_a_broken_file_is_refused_line_by_line_and_its_good_lines_taken(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "broken.txt"
    path.write_bytes(b"itemID|TaskID|TaskScript\ngood1|Align|seq 3\nbad|Align\n|Align|seq 1\ngood2|Align|seq 4\n")
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        await pilot.press("9")
        screen = app.screen
        assert isinstance(screen, ImportScreen)
        screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, lambda: "line     3" in _preview(screen), "the preview")
        assert "line     4" in _preview(screen)
        await pilot.press("I")
        await pilot.pause()
        await pilot.press("n")
        await pilot.pause()
        assert workspace.items.get("good1") is None
        await pilot.press("I")
        await pilot.pause()
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: workspace.items.get("good2") is not None, "the import")
        assert workspace.items.get("good1") is not None
        assert workspace.items.get("bad") is None


def _preview(screen: ImportScreen) -> str:
    return str(screen.query_one("#preview", Static).content)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("absent.txt", None, "no file"), ("empty.txt", b"", "empty"), ("tabs.txt", b"a;b;c\n1;2;3\n", "header")],
)
async def test_a_file_that_cannot_be_read_is_one_clear_line(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the workspace")
        await pilot.press("9")
        screen = app.screen
        assert isinstance(screen, ImportScreen)
        screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, lambda: said in _preview(screen).lower(), said)


async def test_no_table_opens_the_list_of_tables_and_enter_opens_one(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    app = dashboard_on(embedded, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, TablesScreen), "the tables")
        screen = app.screen
        assert isinstance(screen, TablesScreen)
        await until(pilot, lambda: any(row.name == workspace.table for row in screen.table.rows), "the table")
        screen.table.select_key(workspace.table)
        await pilot.press("enter")
        await until(pilot, lambda: _known(app), "a census")
        assert app.settings.table == workspace.table
        assert isinstance(app.screen, OverviewScreen)


async def test_a_table_that_is_not_there_and_a_lost_network_look_different(
    embedded: EmbeddedServer, table_name: str
) -> None:
    absent = dashboard_on(embedded, table_name)
    async with absent.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(absent.screen.query_one(Banner).message), "the banner")
        assert absent.snapshot is not None
        assert absent.snapshot.health.status == HealthStatus.NO_TABLE
        assert table_name in absent.screen.query_one(Banner).message
    offline = Dashboard(Settings(table="T", region=REGION, endpoint_url="http://127.0.0.1:9"), Workspace)
    async with offline.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(offline.screen.query_one(Banner).message), "the banner")
        assert offline.snapshot is not None
        assert offline.snapshot.health.status == HealthStatus.OFFLINE
        await pilot.pause()
        line, banner = offline.screen.query_one(StatusLine).region, offline.screen.query_one(Banner).region
        assert (line.y, banner.y) == (0, 1)


async def test_a_read_only_table_is_not_changed(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard_on(embedded, workspace.table, read_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        await pilot.press("4", "R")
        await until(pilot, lambda: isinstance(app.screen, (Confirm, MessageModal)), "the refusal")
        assert isinstance(app.screen, MessageModal), "it is not asked what cannot be done"
    assert workspace.item("killed0").facts.state == "failed"


@SIZES
async def test_help_lists_the_keys_of_every_screen(
    embedded: EmbeddedServer, workspace: Workspace, size: tuple[int, int]
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        for screen in ("1", "2", "4", "8"):
            await pilot.press(screen, "question_mark")
            await until(pilot, lambda: isinstance(app.screen, HelpModal), "help")
            text = str(app.screen.query_one("#help-text", Static).content)
            assert "overview" in text
            assert "Elsewhere" not in text
            await pilot.press("escape")


async def test_q_goes_back_and_at_the_root_asks(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        await pilot.press("2", "enter")
        await until(pilot, lambda: isinstance(app.screen, ItemScreen), "the item")
        await pilot.press("q")
        assert isinstance(app.screen, ItemsScreen)
        await pilot.press("q")
        assert isinstance(app.screen, OverviewScreen)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: app.return_code == 0, "the end")


async def test_pause_stops_the_reading_and_r_still_works(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _known(app), "a census")
        await pilot.press("p")
        await until(
            pilot, lambda: app.snapshot is not None and app.snapshot.health.status == HealthStatus.PAUSED, "the pause"
        )
        await pilot.press("p")
        await until(
            pilot,
            lambda: app.snapshot is not None and app.snapshot.health.status != HealthStatus.PAUSED,
            "its end",
        )


async def test_a_log_kept_in_cloudwatch_is_shown_and_saved_whole(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path
) -> None:
    whole = [f"line {number}" for number in range(3000)]
    written = tmp_path / "stdout"
    written.write_text("\n".join(whole))
    store = LogStore(workspace.connection, None, "PyAnamo")
    uri = store.to_cloudwatch([workspace.table, "big", "1", "stdout"], written)
    big = single("big", "done")
    big["Log"]["M"].update({"stdout": {"S": "line 2999"}, "stderr": {"S": ""}, "Log_URI": {"S": uri}})
    workspace.items.put(big)
    target = tmp_path / "big.log"
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the workspace")
        app.show_item("big")
        await until(pilot, lambda: isinstance(app.screen, ItemScreen), "the item")
        screen = app.screen
        assert isinstance(screen, ItemScreen)
        await until(pilot, lambda: len(screen.log_view.lines) > 1000, "the log from CloudWatch")
        assert screen.log_view.lines[-1] == "line 2999"
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Prompt), "the question")
        app.screen.query_one(Input).value = str(target)
        await pilot.press("enter")
        await until(pilot, target.exists, "the file")
    assert target.read_text().splitlines() == whole

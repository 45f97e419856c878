"""The doctor on the screen: examined in the background, explained by kind, repaired by the usual dialog, undone."""

from __future__ import annotations

from textual.widgets import Static

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.screens.doctor import DoctorScreen
from pyanamo_tui.workflow.model import Debris
from pyanamo_tui.workflow.schema import number, text
from tests.core.places import fill, nested, open_table, single
from tests.tui.conftest import dashboard_on, until


def _ill(embedded: EmbeddedServer, name: str) -> Workspace:
    workspace = open_table(embedded, name)
    fill(workspace, [single(f"false{number}", "done") for number in range(3)])
    fill(workspace, [nested("many", ["done", "done"], "Wall_Time_Exceeded", Log_Length=number(5))])
    fill(workspace, [single("sound", "todo"), {"itemID": text("[/b]\x1b[31m"), "ItemState": text("todo")}])
    return workspace


async def test_one_kind_is_found_explained_repaired_and_taken_back(embedded: EmbeddedServer, table_name: str) -> None:
    workspace = _ill(embedded, table_name)
    before = {name: workspace.record(name) for name in ("false0", "false1", "false2")}
    app = dashboard_on(embedded, table_name)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the table")
        await pilot.press("!")
        screen = app.screen
        assert isinstance(screen, DoctorScreen)
        assert screen.found is None, "nothing is read before it is asked for"
        await pilot.press("x")
        await until(pilot, lambda: screen.found is not None, "the examination")
        assert screen.found is not None
        assert screen.found.counts[Debris.DONE_BUT_FAILED] == 3
        assert len(screen.table.rows) == 3, "the commonest kind comes first"
        assert "exit codes" in str(screen.query_one("#about", Static).content)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, Choose), "what to repair")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: workspace.item("false2").facts.state == "failed", "the repair")
        await until(pilot, lambda: Debris.DONE_BUT_FAILED not in [row.kind for row in screen.kinds.rows], "the list")
        assert workspace.item("many").facts.log_length == 5, "only that kind was repaired"
        await pilot.press("U")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: len(screen.found.of_kind(Debris.DONE_BUT_FAILED)) == 3, "the undo")
    assert {name: workspace.record(name) for name in before} == before


async def test_marked_items_alone_are_repaired(embedded: EmbeddedServer, table_name: str) -> None:
    workspace = _ill(embedded, table_name)
    app = dashboard_on(embedded, table_name)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the table")
        await pilot.press("!", "x")
        screen = app.screen
        assert isinstance(screen, DoctorScreen)
        await until(pilot, lambda: screen.found is not None, "the examination")
        await pilot.press("enter", "space", "F")
        await until(pilot, lambda: isinstance(app.screen, Choose), "what to repair")
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: len(screen.table.rows) == 2, "the list to follow")
        assert not screen.table.marked
    assert [workspace.item(f"false{n}").facts.state for n in range(3)].count("failed") == 1

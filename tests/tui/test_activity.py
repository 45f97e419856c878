"""The journal on the screen: what was changed, item by item, and the way back from there."""

from __future__ import annotations

from textual.widgets import Static

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.screens.action import ActionScreen
from pyanamo_tui.tui.screens.activity import ActivityScreen
from tests.tui.conftest import dashboard_on, until


async def test_a_change_is_opened_item_by_item_and_taken_back_from_the_list(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    ids = ("killed0", "killed1", "wait0")
    before = {item_id: workspace.record(item_id) for item_id in ids}
    workspace.actions.apply(workspace.actions.requeue(ids))
    workspace.actions.apply(workspace.actions.delete(["done0"]))
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the table")
        await pilot.press("u")
        screen = app.screen
        assert isinstance(screen, ActivityScreen)
        await until(pilot, lambda: len(screen.table.rows) == 2, "the journal")
        assert [(row.action, row.changed, row.skipped) for row in screen.table.rows] == [
            ("delete", 1, 0),
            ("requeue", 2, 1),
        ]
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, ActionScreen), "the change")
        opened = app.screen
        assert isinstance(opened, ActionScreen)
        await until(pilot, lambda: len(opened.table.rows) == 3, "its items")
        told = {row.item_id: (row.outcome, row.before, row.after) for row in opened.table.rows}
        assert told["killed0"] == ("changed", "failed", "todo")
        assert told["wait0"][0] == "skipped"
        shown = opened.query_one("#difference", Static)
        await until(pilot, lambda: "failed  →  todo" in str(shown.content), "what differs")
        assert "ItemState" in str(shown.content)
        assert "TaskScript" not in str(shown.content)
        await pilot.press("escape", "U")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: workspace.record("killed0") == before["killed0"], "the undo")
        await until(pilot, lambda: len(screen.table.rows) == 3, "the list to follow")
        assert screen.table.rows[0].action == "undo"
        assert screen.table.rows[2].undone_by == screen.table.rows[0].id
    assert {item_id: workspace.record(item_id) for item_id in ids} == before


async def test_a_change_whose_program_was_killed_says_so(embedded: EmbeddedServer, workspace: Workspace) -> None:
    workspace.actions.apply(workspace.actions.requeue(["killed0", "killed1"]))
    (file,) = workspace.journal.folder.glob("*.jsonl")
    kept = [line for line in file.read_bytes().splitlines(keepends=True) if b'"end"' not in line and b'"o"' not in line]
    file.write_bytes(b"".join(kept) + b'{"p":9,"item":"torn')
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the table")
        await pilot.press("u")
        screen = app.screen
        assert isinstance(screen, ActivityScreen)
        await until(pilot, lambda: bool(screen.table.rows), "the journal")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ActionScreen), "the change")
        opened = app.screen
        assert isinstance(opened, ActionScreen)
        assert "interrupted" in str(opened.query_one("#action-text", Static).content)
        await until(pilot, lambda: [row.outcome for row in opened.table.rows] == ["unknown"] * 2, "its items")
        await pilot.press("U")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: workspace.item("killed1").facts.state == "failed", "the undo")
    assert workspace.item("killed0").facts.state == "failed"

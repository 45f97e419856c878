"""Screen 6: the log of the item under the cursor, or the list of what can be read."""

from __future__ import annotations

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.screens.item import ItemScreen
from pyanamo_tui.tui.screens.logs import LogsScreen
from pyanamo_tui.workflow import schema
from tests.core.places import fill, open_table, single
from tests.tui.conftest import dashboard_on, until


def _painted(screen: LogsScreen) -> str:
    return "\n".join(screen.table.render_line(line).text for line in range(screen.table.size.height))


@pytest.fixture
def cohort(embedded: EmbeddedServer, table_name: str) -> Workspace:
    """Two items that ended, the second later, and one that never ran."""
    opened = open_table(embedded, table_name)
    later = schema.text("21/11/2026-10:00:00")
    fill(opened, [single("early", "done"), single("late", "failed", Done_Date=later)])
    fill(opened, [schema.new_single("never", "Align", "true")])
    return opened


async def test_what_can_be_read_is_listed_the_newest_first_and_the_last_one_read_is_found_again(
    embedded: EmbeddedServer, cohort: Workspace
) -> None:
    app = dashboard_on(embedded, cohort.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("2")
        await pilot.press("6")
        await until(pilot, lambda: isinstance(app.screen, ItemScreen), "the log of the item under the cursor")
        assert isinstance(app.screen, ItemScreen)
        assert app.screen.item_id == "early"

        await pilot.press("6")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen), "the list")
        screen = app.screen
        assert isinstance(screen, LogsScreen)
        await until(pilot, lambda: bool(screen.table.rows), "its rows")
        assert [facts.item_id for facts in screen.table.rows] == ["late", "early"]
        assert screen.table.row is not None
        assert screen.table.row.item_id == "early", "it was read last"

        await pilot.press("g", "enter")
        await until(pilot, lambda: isinstance(app.screen, ItemScreen), "the log")
        assert isinstance(app.screen, ItemScreen)
        assert app.screen.item_id == "late"


async def test_a_table_in_which_nothing_ran_says_so(embedded: EmbeddedServer, table_name: str) -> None:
    open_table(embedded, table_name)
    app = dashboard_on(embedded, table_name)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("6")
        screen = app.screen
        assert isinstance(screen, LogsScreen)
        await until(pilot, lambda: "No item has run yet" in _painted(screen), "the words")

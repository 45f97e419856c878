"""Any size of the terminal: nothing stands beyond its edge, too small a one says so, and the keys work in every one."""

from __future__ import annotations

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.modals.help import HelpModal
from pyanamo_tui.tui.modals.place import PlaceModal
from pyanamo_tui.tui.screens.items import ItemsScreen
from pyanamo_tui.tui.screens.overview import OverviewScreen
from pyanamo_tui.tui.widgets.status_line import StatusLine
from tests.tui.conftest import dashboard_on, until


@pytest.mark.parametrize(
    ("size", "small"), [((80, 24), False), ((60, 20), False), ((200, 60), False), ((59, 24), True), ((40, 10), True)]
)
async def test_every_size_is_usable_and_too_small_says_so(
    embedded: EmbeddedServer, workspace: Workspace, size: tuple[int, int], small: bool
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.pause()
        said = str(app.screen.query_one(StatusLine).render())
        assert (f"{size[0]}×{size[1]} is too small" in said) is small
        assert (workspace.table in said) is not small
        await pilot.press("2")
        screen = app.screen
        assert isinstance(screen, ItemsScreen)
        await until(pilot, lambda: len(screen.table.rows) == 12, "the items")
        assert screen.table.region.height >= 3
        assert screen.table.region.right <= size[0]
        for key, modal in (("question_mark", HelpModal), ("at", PlaceModal)):
            await pilot.press(key)
            await until(pilot, lambda kind=modal: isinstance(app.screen, kind), "the modal")  # type: ignore[misc]
            await pilot.pause()
            dialog = app.screen.query_one(".dialog").region
            assert dialog.right <= size[0]
            assert dialog.bottom <= size[1]
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen, "the way back")
        await pilot.resize_terminal(80, 24)
        await pilot.press("1")
        assert isinstance(app.screen, OverviewScreen)
        await until(
            pilot, lambda: workspace.table in str(app.screen.query_one(StatusLine).render()), "the table's name"
        )

"""Help holds every key of every screen at once, even where the terminal is small; it is made of the bindings alone."""

from __future__ import annotations

import pytest
from textual.containers import VerticalScroll
from textual.widgets import Static

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import SCREEN_CLASSES, Dashboard
from pyanamo_tui.tui.modals.help import HelpModal, columns, keys_by_group
from tests.core.places import REGION
from tests.tui.conftest import until

OFFLINE = Settings(region=REGION, endpoint_url="http://127.0.0.1:9", table="T")


@pytest.mark.parametrize("screen", SCREEN_CLASSES)
async def test_help_of_every_screen_fits_80_by_24(screen: str) -> None:
    app = Dashboard(OFFLINE, Workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        app.action_go(screen)
        await pilot.pause()
        expected = keys_by_group(app.screen)
        app.action_help()
        await until(pilot, lambda: isinstance(app.screen, HelpModal) and bool(app.screen.query(Static)), "help")
        await pilot.pause()
        assert app.screen.query_one(VerticalScroll).max_scroll_y == 0
        text = str(app.screen.query_one("#help-text", Static).content)
        for title, entries in expected.items():
            assert title in text
            for entry in entries:
                assert entry.keys in text
        assert all(len(line) <= 76 for line in text.splitlines())


def test_columns_hold_every_line_in_order_and_end_with_no_title() -> None:
    lines = [("", "One"), ("a", "x"), ("b", "y"), ("", ""), ("", "Two"), ("c", "z"), ("d", "w")]
    for rows in range(1, 9):
        for number in range(1, 5):
            found = columns(lines, number, rows)
            assert len(found) <= number
            assert [line for column in found for line in column if line[1]] == [line for line in lines if line[1]]
            assert all(column[-1][0] for column in found)
            assert all(column[0][1] for column in found)

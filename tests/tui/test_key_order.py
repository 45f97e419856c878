"""Keys that come many at once, as over a slow line: each has its effect before the next is given to anyone."""

from __future__ import annotations

from textual import events
from textual.keys import Keys
from textual.widgets import Input

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.screens.items import ItemsScreen
from tests.tui.conftest import dashboard_on, until

NAMES = {"/": "slash", ":": "colon", "\r": Keys.Enter.value}


def burst(app: Dashboard, keys: str) -> None:
    """All of them in one read of the terminal."""
    for key in keys:
        app.post_message(events.Key(NAMES.get(key, key), key))


async def test_what_is_typed_after_a_slash_is_the_filter_however_fast_it_comes(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        burst(app, "2/Dry")
        await until(pilot, lambda: isinstance(app.screen, ItemsScreen), "the items")
        screen = app.screen
        await until(pilot, lambda: screen.query_one(Input).value == "Dry", "the filter")
        assert app.screen is screen
        app.post_message(events.Paste("nest"))
        burst(app, "ed\rs")
        await until(pilot, lambda: screen.query_one(Input).value == "Drynested", "what was pasted, and more")
        await until(
            pilot, lambda: isinstance(app.screen, Choose), "the orders to choose from: the list has the keys again"
        )


async def test_keys_after_one_that_closes_a_dialog_are_for_what_is_under_it(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        app.tell_fault(ValueError("for the test"))
        await until(pilot, lambda: isinstance(app.screen, MessageModal), "a message")
        burst(app, "\r2")  # the first closes the dialog that has the focus, and its button with it
        await until(pilot, lambda: isinstance(app.screen, ItemsScreen), "the key after")
        burst(app, "R")
        await until(pilot, lambda: isinstance(app.screen, (Confirm, MessageModal)), "the key after that")

"""Going to another table, region or endpoint: all at once when it answers, not at all when it does not."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Label, OptionList

from pyanamo_tui.core.context import Context
from pyanamo_tui.core.recent import KEPT, RecentPlaces
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import ReadOnly
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.opening import Opening
from pyanamo_tui.tui.modals.place import PlaceModal
from pyanamo_tui.tui.screens.items import ItemsScreen
from pyanamo_tui.tui.screens.overview import OverviewScreen
from pyanamo_tui.tui.screens.tables import TablesScreen
from pyanamo_tui.tui.widgets.status_line import StatusLine
from tests.core.places import REGION, fill, open_table, single
from tests.tui.conftest import dashboard_on, until, words


@pytest.fixture
def other(embedded: EmbeddedServer, table_name: str) -> Workspace:
    """A second table, with one item that the first one has not."""
    opened = open_table(embedded, f"{table_name}-other")
    fill(opened, [single("only-here", "todo")])
    return opened


def _shows(app: Dashboard, table: str) -> bool:
    return app.settings.table == table and app.snapshot is not None and app.snapshot.exact


def _listed(app: Dashboard) -> list[str]:
    listed = app.screen.query_one(OptionList)
    return [str(option.prompt) for option in listed.options]


async def _choose(app: Dashboard, pilot: Pilot[None], table: str) -> None:
    await pilot.press("at")
    await until(pilot, lambda: isinstance(app.screen, PlaceModal), "the choice")
    app.screen.query_one(Input).value = table
    await until(pilot, lambda: any(line.split()[0] == table for line in _listed(app) if line.strip()), "the tables")
    await pilot.press("enter")


async def test_another_table_replaces_everything_that_the_screens_held(
    embedded: EmbeddedServer, workspace: Workspace, other: Workspace
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _shows(app, workspace.table), "a census")
        await pilot.press("2", "asterisk")
        before = app.screen
        assert isinstance(before, ItemsScreen)
        assert before.table.marked
        await pilot.press("enter")
        await _choose(app, pilot, other.table)
        await until(pilot, lambda: _shows(app, other.table), "the other table")
        assert isinstance(app.screen, OverviewScreen)
        line = app.screen.query_one(StatusLine)
        await until(pilot, lambda: line.table == other.table, "its name")
        assert "1234…9012" in line.place
        await pilot.press("2")
        after = app.screen
        assert isinstance(after, ItemsScreen)
        assert after is not before
        await until(pilot, lambda: [row.item_id for row in after.table.rows] == ["only-here"], "its items alone")
        assert not after.table.marked
        await pilot.press("1", "8")
        assert isinstance(app.screen, TablesScreen)
        assert not before.is_attached


async def test_a_place_that_does_not_answer_leaves_everything_as_it_is(
    embedded: EmbeddedServer, workspace: Workspace, table_name: str
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _shows(app, workspace.table), "a census")
        await pilot.press("2")
        opened, monitor, screen = app.workspace, app.monitor, app.screen
        for wrong, said in (
            (Context(f"{table_name}-absent", REGION, None, embedded.endpoint_url), "There is no table"),
            (Context(workspace.table, REGION, "nowhere", embedded.endpoint_url), "nowhere"),
            (Context(workspace.table, REGION, None, "http://127.0.0.1:9"), "cannot be reached"),
        ):
            app.switch(wrong)
            await until(
                pilot, lambda: isinstance(app.screen, MessageModal) and bool(app.screen.query(Label)), "the reason"
            )
            shown = words(app.screen)
            assert said in shown
            assert f"{workspace.table} stays open" in shown
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen, "the screen that was there")
        assert (app.workspace, app.monitor) == (opened, monitor)
        fill(workspace, [single("new-one", "todo")])
        await until(
            pilot, lambda: app.snapshot is not None and "new-one" in app.snapshot.items, "the old table to be followed"
        )


async def test_waiting_for_a_place_can_be_given_up(embedded: EmbeddedServer, workspace: Workspace) -> None:
    answer = threading.Event()

    def slowly(settings: Settings) -> Workspace:
        if settings.table == "slow":
            answer.wait(20)
        return Workspace(settings)

    app = dashboard_on(embedded, workspace.table)
    app = Dashboard(app.settings, slowly)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _shows(app, workspace.table), "a census")
        app.switch(replace(Context.of(app.settings), table="slow"))
        await until(pilot, lambda: isinstance(app.screen, Opening), "the wait")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, OverviewScreen), "the way back")
        answer.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.settings.table == workspace.table
        assert isinstance(app.screen, OverviewScreen)


async def test_read_only_by_pattern_holds_for_whichever_table_is_opened(
    embedded: EmbeddedServer, workspace: Workspace, other: Workspace
) -> None:
    settings = Settings(
        table=workspace.table,
        region=REGION,
        endpoint_url=embedded.endpoint_url,
        interval=0.5,
        read_only_tables=("*-other",),
    )
    app = Dashboard(settings, Workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _shows(app, workspace.table), "a census")
        assert app.workspace is not None
        assert not app.workspace.read_only
        app.open_table(other.table)
        await until(pilot, lambda: _shows(app, other.table), "the protected table")
        assert app.screen.query_one(StatusLine).read_only
        with pytest.raises(ReadOnly):
            app.workspace.items.put(single("another"))
        with pytest.raises(ReadOnly):
            app.workspace.tables.delete(workspace.table)
        app.open_table(workspace.table)
        await until(pilot, lambda: _shows(app, workspace.table), "the first table")
        app.workspace.items.put(single("another"))
        assert not app.screen.query_one(StatusLine).read_only


async def test_typing_narrows_and_recent_places_come_first(
    embedded: EmbeddedServer, workspace: Workspace, other: Workspace
) -> None:
    elsewhere = Context("Elsewhere", "eu-west-1", None, "http://127.0.0.1:9")
    RecentPlaces().add(elsewhere)
    settings = replace(dashboard_on(embedded, workspace.table).settings, endpoints={"lab": "http://127.0.0.1:9"})
    app = Dashboard(settings, Workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: _shows(app, workspace.table), "a census")
        await until(pilot, lambda: len(RecentPlaces().read()) == 2, "this place among the recent ones")
        await pilot.press("at")
        await until(pilot, lambda: isinstance(app.screen, PlaceModal), "the choice")
        await until(pilot, lambda: any(other.table in line for line in _listed(app)), "the tables")
        assert _listed(app)[0].split() == ["Elsewhere", "recent", "·", "eu-west-1", "·", "lab"]
        assert any(line.endswith("open now") for line in _listed(app))
        assert "123456789012" in str(app.screen.query_one("#place-who", Label).content)
        app.screen.query_one(Input).value = other.table[3:]
        await until(pilot, lambda: [line.split()[0] for line in _listed(app)] == [other.table], "one table")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, OverviewScreen), "the way back")
        assert app.settings.table == workspace.table


def test_recent_places_are_few_each_once_and_survive_damage() -> None:
    recent = RecentPlaces()
    assert recent.read() == ()
    for number in range(KEPT + 3):
        recent.add(Context(f"T{number}", "r"))
    recent.add(Context("T5", "r"))
    found = recent.read()
    assert len(found) == KEPT
    assert found[0] == Context("T5", "r")
    assert len(set(found)) == KEPT
    recent.path.write_text('[{"table": 3}, {"table": "A", "region": null}, 7]')
    assert recent.read() == (Context("A"),)
    recent.path.write_text("{not json")
    assert recent.read() == ()

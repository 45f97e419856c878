"""From the overview by enter: a state, a step, a quarter and a failure group each lead to their items; the budget."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.latest import LATEST, latest_ended
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.failures import FailuresScreen
from pyanamo_tui.tui.screens.item import ItemScreen
from pyanamo_tui.tui.screens.items import ItemsScreen
from pyanamo_tui.tui.screens.nested import NestedScreen
from pyanamo_tui.tui.widgets.item_table import ItemTable
from pyanamo_tui.tui.widgets.overview_panels import ProgressFigures, RateFigures
from pyanamo_tui.tui.widgets.status_line import StatusLine, cost_words
from pyanamo_tui.workflow.model import ItemFacts
from pyanamo_tui.workflow.schema import text
from tests.core.places import fill, single
from tests.tui.conftest import dashboard_on, until


async def test_every_panel_leads_to_its_items(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await until(pilot, lambda: bool(app.screen.query_one("#quarters", ItemTable).rows), "the quarters")
        app.screen.query_one(ProgressFigures).focus()
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, ItemsScreen) and len(app.screen.table.rows) == 3, "done ones")
        assert {facts.state for facts in app.screen.table.rows} == {"done"}  # type: ignore[attr-defined]
        await pilot.press("1")
        app.screen.query_one("#quarters").focus()
        await pilot.press("down", "down", "down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, NestedScreen), "the nested items")
        nested = app.screen
        assert isinstance(nested, NestedScreen)
        await until(pilot, lambda: [facts.item_id for facts in nested.table.rows] == ["nested0"], "those of a quarter")
        await pilot.press("1")
        app.screen.query_one("#groups").focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FailuresScreen), "the failures")


async def test_items_that_ran_out_of_wall_time_have_ended(embedded: EmbeddedServer, workspace: Workspace) -> None:
    fill(workspace, [single("late", "Wall_Time_Exceeded")])
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.pause()
        value = app.screen.query_one(RateFigures).value
        assert value is not None
        assert value[1] == 4


async def test_the_read_budget_is_set_while_it_runs_and_stands_on_the_status_line(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Prompt), "the question")
        app.screen.query_one(Input).value = "7.5"
        await pilot.press("enter")
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.cost.budget == 7.5, "the budget")
        assert app.snapshot is not None
        assert "of 450 RCU/min" in cost_words(app.snapshot)
        await until(pilot, lambda: "of 450 RCU/min" in str(app.screen.query_one(StatusLine).render()), "the line")
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Prompt), "the question")
        app.screen.query_one(Input).value = "0"
        await pilot.press("enter")
        await pilot.pause()
        assert app.settings.read_budget == 7.5


async def test_a_large_screen_shows_the_run_and_what_ended_last_and_a_small_one_does_not(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    fill(workspace, [single("newest", "done", Done_Date=text("22/11/2026-10:00:00"))])
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        ended = app.screen.query_one("#ended", ItemTable)
        await until(pilot, lambda: len(ended.rows) == 8, "all that ended")
        assert ended.region.height > 20
        fill(workspace, [single("newer", "failed", Done_Date=text("23/11/2026-10:00:00"))])
        await until(pilot, lambda: [one.item_id for one in ended.rows[:2]] == ["newer", "newest"], "the newest")
        ended.focus()
        await pilot.press("home", "enter")
        await until(pilot, lambda: isinstance(app.screen, ItemScreen), "the item")
        await pilot.press("escape")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: not app.screen.query_one("#overview-run").display, "a small screen")
        assert app.screen.query_one("#groups").region.bottom > 20


def test_one_of_the_last_that_ended_earlier_than_was_told_gives_its_place_to_the_next() -> None:
    items = {f"i{number}": ItemFacts(f"i{number}", "done", ended_at=float(number)) for number in range(LATEST + 1)}
    latest = latest_ended(items, None, ())
    assert latest[-1].item_id == "i1"
    items["i9"] = replace(items["i9"], ended_at=-1.0)
    now = latest_ended(items, {"i9"}, latest)
    assert now[-1].item_id == "i0"
    assert now == latest_ended(items, None, ())


_states = st.sampled_from(["todo", "locked", "done", "failed"])
_facts = st.builds(
    ItemFacts, st.sampled_from([f"item{one}" for one in range(90)]), _states, ended_at=st.none() | st.floats(0, 9)
)


@given(st.lists(st.lists(_facts, max_size=100), min_size=1, max_size=4))
def test_what_ended_last_is_kept_up_by_what_changed(rounds: list[list[ItemFacts]]) -> None:
    items: dict[str, ItemFacts] = {}
    latest: tuple[ItemFacts, ...] = ()
    for changes in rounds:
        before = dict(items)
        items = {**items, **{one.item_id: one for one in changes}}
        gone = set(list(items)[::7])
        items = {key: one for key, one in items.items() if key not in gone}
        changed = {key for key in {*before, *items} if before.get(key) != items.get(key)}
        latest = latest_ended(items, changed, latest)
        assert latest == latest_ended(items, None, ())

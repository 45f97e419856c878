"""The tables screen as a person uses it: forms that say what is wrong, typed names, changes seen in the table after."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Label, Select, Static

from pyanamo_tui.aws.tables import Billing
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import TableNotFound
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.form import FormModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.screens.table_work import Outcome, Told
from pyanamo_tui.tui.screens.tables import TablesScreen
from pyanamo_tui.tui.table_text import TableRow, health
from pyanamo_tui.workflow import schema
from tests.core.places import open_table
from tests.tui.conftest import dashboard_on, until, words

MANY = 300


@pytest.fixture(scope="module")
def region() -> Iterator[EmbeddedServer]:
    """A server of these tests' own: other tests would find their tables in the list."""
    with EmbeddedServer() as server:
        yield server


def _bare(workspace: Workspace, name: str, key: str) -> None:
    workspace.connection.dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _row(app: Dashboard, name: str) -> TableRow | None:
    screen = app.screen
    return screen.rows.get(name) if isinstance(screen, TablesScreen) else None


async def _at(app: Dashboard, pilot: Pilot[None], name: str) -> TablesScreen:
    """The tables screen with the cursor on a table that was read."""

    def read() -> bool:
        row = _row(app, name)
        return row is not None and row.info is not None

    await until(pilot, read, f"{name} to be read")
    screen = app.screen
    assert isinstance(screen, TablesScreen)
    screen.table.select_key(name)
    return screen


def _work(screen: TablesScreen, name: str) -> str:
    return next((row.work for row in screen.table.rows if row.name == name), "")


async def _form(app: Dashboard, pilot: Pilot[None], key: str) -> FormModal:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, FormModal) and bool(app.screen.query(Button)), "the form")
    form = app.screen
    assert isinstance(form, FormModal)
    return form


async def _fill(pilot: Pilot[None], form: FormModal, **values: str) -> str:
    for key, value in values.items():
        widget = form.query_one(f"#field-{key}")
        if isinstance(widget, Select):
            widget.value = value
        else:
            assert isinstance(widget, Input)
            widget.value = value
        await pilot.pause()
    problem = str(form.query_one("#form-problem", Label).content)
    assert form.query_one("#form-accept", Button).disabled == bool(problem)
    return problem


async def _idle(app: Dashboard, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(app.screen, TablesScreen) and not app.screen.jobs, "the work to end")


async def test_a_table_is_created_by_a_form_that_says_what_is_wrong(region: EmbeddedServer, table_name: str) -> None:
    there = open_table(region, f"{table_name}-there")
    app = dashboard_on(region, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await _at(app, pilot, there.table)
        form = await _form(app, pilot, "C")
        assert "needs a name" in str(form.query_one("#form-problem", Label).content)
        assert "3 characters" in await _fill(pilot, form, name="ab")
        assert "'/'" in await _fill(pilot, form, name="a/bc")
        assert "255" in await _fill(pilot, form, name="x" * 256)
        assert "already" in await _fill(pilot, form, name=there.table)
        assert form.query_one("#field-read").disabled
        assert await _fill(pilot, form, name=table_name) == ""
        assert "Read units" in await _fill(pilot, form, mode="provisioned", read="0")
        assert "Write units" in await _fill(pilot, form, read="3", write="99999")
        assert await _fill(pilot, form, write="2", protect="yes", stream="no") == ""
        form.query_one("#field-name", Input).focus()
        await pilot.press("enter")
        await _idle(app, pilot)
        made = there.tables.describe(table_name)
        assert made.capacity is not None
        assert (made.capacity.read, made.capacity.write) == (3, 2)
        assert made.protected
        assert made.stream_arn is None
        assert made.is_workflow
        await _at(app, pilot, table_name)


async def test_delete_wants_the_typed_name_and_respects_protection(region: EmbeddedServer, table_name: str) -> None:
    place = open_table(region, table_name)
    place.tablework.set_protection(table_name, True)
    app = dashboard_on(region, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await _at(app, pilot, table_name)
        await pilot.press("D")
        await until(
            pilot, lambda: isinstance(app.screen, MessageModal) and "protected" in words(app.screen), "the refusal"
        )
        await pilot.press("escape")
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and bool(app.screen.query(Input)), "the question")
        app.screen.query_one(Input).value = table_name
        await pilot.press("enter")
        await _idle(app, pilot)
        await until(pilot, lambda: not _protected(app, table_name), "the protection to be off")
        screen = await _at(app, pilot, table_name)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and bool(app.screen.query(Input)), "the question")
        app.screen.query_one(Input).value = table_name[:-1]
        await pilot.press("enter")
        assert isinstance(app.screen, Confirm)
        assert app.screen.query_one("#yes", Button).disabled
        assert place.tables.exists(table_name)
        app.screen.query_one(Input).value = table_name
        await pilot.press("enter")
        await _idle(app, pilot)
        await until(pilot, lambda: table_name not in screen.rows, "the row to go")
        with pytest.raises(TableNotFound):
            place.tables.describe(table_name)


def _protected(app: Dashboard, name: str) -> bool:
    row = _row(app, name)
    return row is None or row.info is None or row.info.protected


async def test_capacity_changes_on_the_table_and_every_index_and_scales(
    region: EmbeddedServer, table_name: str
) -> None:
    place = open_table(region, table_name)
    app = dashboard_on(region, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await _at(app, pilot, table_name)
        await pilot.press("T")
        await until(
            pilot, lambda: isinstance(app.screen, MessageModal) and "on-demand" in words(app.screen), "the refusal"
        )
        await pilot.press("escape")
        form = await _form(app, pilot, "B")
        assert "has now" in str(form.query_one("#form-problem", Label).content)
        assert await _fill(pilot, form, mode="provisioned", read="7", write="6") == ""
        await pilot.press("tab", "enter")
        await _idle(app, pilot)
        info = place.tables.describe(table_name)
        assert info.billing == Billing.PROVISIONED
        units = [info.capacity, *(index.capacity for index in info.indexes)]
        assert {(one.read, one.write) for one in units if one is not None} == {(7, 6)}
        await until(pilot, lambda: not _on_demand(app, table_name), "the new mode")
        form = await _form(app, pilot, "T")
        assert "lowest is above" in await _fill(pilot, form, read_low="9", read_high="8")
        assert "percent" in await _fill(pilot, form, read_high="80", target="95")
        assert await _fill(pilot, form, target="60") == ""
        form.query_one("#field-target", Input).focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MessageModal) and bool(app.screen.query(Static)), "outcomes")
        assert "12 of 12 targets done" in words(app.screen)
        assert {(one.limits.low, one.target_percent) for one in place.tablework.scaling(table_name)} == {
            (9, 60.0),
            (6, 60.0),
        }


def _on_demand(app: Dashboard, name: str) -> bool:
    row = _row(app, name)
    return row is None or row.info is None or row.info.billing == Billing.ON_DEMAND


async def test_a_table_that_lacks_indexes_is_upgraded_in_place(region: EmbeddedServer, table_name: str) -> None:
    place = open_table(region, table_name, create=False)
    _bare(place, table_name, schema.ITEM_ID)
    app = dashboard_on(region, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await _at(app, pilot, table_name)
        row = _row(app, table_name)
        assert row is not None
        assert health(row).text == "lacks 4 of 4 indexes"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and bool(app.screen.query(Label)), "the question")
        assert all(name in words(app.screen) for name in (*schema.STANDARD_INDEXES, schema.SUMMARY_INDEX, "stream"))
        assert not place.tables.describe(table_name).indexes
        await pilot.press("y")
        await _idle(app, pilot)
        info = place.tables.describe(table_name)
        assert info.has_summary_index
        assert not info.missing
        assert info.stream_arn is not None


async def test_another_kind_of_table_is_looked_at_and_left_alone(region: EmbeddedServer, table_name: str) -> None:
    place = open_table(region, table_name, create=False)
    _bare(place, table_name, "user")
    app = dashboard_on(region, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await _at(app, pilot, table_name)
        for key in ("enter", "B", "T", "I", "P", "D"):
            await pilot.press(key)
            await until(
                pilot, lambda: isinstance(app.screen, MessageModal) and "key is user" in words(app.screen), "why not"
            )
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, TablesScreen), "the list")
        await pilot.press("d")
        await until(
            pilot, lambda: isinstance(app.screen, MessageModal) and bool(app.screen.query(Static)), "its schema"
        )
        assert any("arn:aws:dynamodb" in str(one.content) for one in app.screen.query(Static))
        assert place.tables.exists(table_name)


async def test_a_work_is_waited_for_from_any_screen_or_no_more(region: EmbeddedServer, table_name: str) -> None:
    there = open_table(region, table_name)
    over = threading.Event()

    def until_over(told: Told) -> Outcome:
        while not over.wait(0.02):
            told("2 of 3 indexes to go")
        return Outcome(f"{table_name} is ready")

    app = dashboard_on(region, there.table)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("8")
        screen = await _at(app, pilot, table_name)
        screen.start(table_name, "being upgraded", until_over)
        await until(pilot, lambda: "2 of 3" in _work(screen, table_name), "how far it is")
        await pilot.press("I")
        await until(pilot, lambda: any("wait for that" in one.message for one in app._notifications), "the refusal")
        await pilot.press("1")
        over.set()
        await until(pilot, lambda: any("is ready" in one.message for one in app._notifications), "its end")
        over.clear()
        await pilot.press("8")
        screen.start(table_name, "being upgraded", until_over)
        await until(pilot, lambda: "2 of 3" in _work(screen, table_name), "how far it is")
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, MessageModal), "that nobody waits any more")
        assert "goes on with what it has begun" in words(app.screen)
        assert not screen.jobs


async def test_read_only_refuses_every_change_and_says_why(region: EmbeddedServer, table_name: str) -> None:
    there = open_table(region, table_name)
    app = dashboard_on(region, there.table, read_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("8")
        screen = await _at(app, pilot, table_name)
        for key in ("C", "B", "T", "I", "P", "D"):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, MessageModal) and bool(app.screen.query(Label)), "why")
            assert "read-only" in words(app.screen)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen, "the tables")


async def test_three_hundred_tables_come_in_while_keys_are_answered(table_name: str) -> None:
    with EmbeddedServer() as server:
        place = open_table(server, table_name)
        for number in range(MANY):
            _bare(place, f"a-{number:03}", "k")
        app = dashboard_on(server, None)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: _row(app, "a-299") is not None, "their names")
            await pilot.press("j", "j")
            screen = app.screen
            assert isinstance(screen, TablesScreen)
            held = screen.table.row
            assert held is not None
            await until(pilot, lambda: all(row.info is not None for row in screen.rows.values()), "all to be read")
            assert len(screen.rows) == MANY + 1
            await until(pilot, lambda: screen.table.rows[0].name == table_name, "the workflow table first")
            assert screen.table.row is not None
            assert screen.table.row.name == held.name

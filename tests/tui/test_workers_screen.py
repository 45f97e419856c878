"""Screen 7: the pilots on AWS Batch, submitted after they were shown whole, looked at, and ended after a question."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.scroll_view import ScrollView
from textual.widgets import Button, Input, Label, Static

from pyanamo_tui.aws.batch import Batch
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.form import FormModal
from pyanamo_tui.tui.modals.live_lines import LiveLines
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.workers import WorkersScreen
from tests.batchplace import make_queue
from tests.core.places import REGION, open_table
from tests.gate import Answer, Call, Gate, refusal
from tests.tui.conftest import dashboard_on, until


@pytest.fixture
def table(embedded: EmbeddedServer, table_name: str) -> Workspace:
    return open_table(embedded, table_name)


@pytest.fixture(scope="module")
def queue(embedded: EmbeddedServer) -> str:
    return make_queue(embedded.endpoint_url, REGION)


async def shown(app: Dashboard, pilot: Pilot[None]) -> WorkersScreen:
    """The workers screen once the list was read."""
    await until(pilot, lambda: app.workspace is not None, "the place")
    await pilot.press("7")
    await until(pilot, lambda: isinstance(app.screen, WorkersScreen) and app.screen.is_mounted, "the screen")
    screen = app.screen
    assert isinstance(screen, WorkersScreen)
    await until(pilot, lambda: "Asking" not in text_of(screen, "pilots"), "AWS Batch")
    return screen


def text_of(screen: WorkersScreen, which: str) -> str:
    """A list, or the log under them, as it is drawn, with the title of its panel."""
    lists: dict[str, ScrollView] = {"pilots": screen.pilots, "tail": screen.tail}
    widget = lists[which]
    lines = [widget.render_line(y).text for y in range(widget.size.height)]
    assert widget.parent is not None
    return "\n".join([str(widget.parent.border_title), *lines])  # type: ignore[attr-defined]


def words(screen: object) -> str:
    """Everything that a dialog says."""
    assert isinstance(screen, MessageModal | Confirm | FormModal | Prompt)
    return "\n".join(str(found.content) for found in screen.query(Static) if not isinstance(found, Button))


async def asked(app: Dashboard, pilot: Pilot[None], kind: type[object], what: str) -> str:
    await until(pilot, lambda: isinstance(app.screen, kind) and app.screen.is_mounted, what)
    await pilot.pause()
    return words(app.screen)


async def closed(app: Dashboard, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(app.screen, WorkersScreen), "the dialog to close")
    await pilot.pause()


async def test_where_nothing_runs_it_says_how_to_begin(embedded: EmbeddedServer, table: Workspace) -> None:
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(app, pilot)
        assert "A submits some" in text_of(screen, "pilots")
        await pilot.press("X", "enter", "l")
        await pilot.pause()
        assert app.screen is screen


async def test_read_only_says_why_a_key_does_nothing(embedded: EmbeddedServer, table: Workspace) -> None:
    app = dashboard_on(embedded, table.table, read_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        for key in ("A", "X"):
            await pilot.press(key)
            assert "open read-only" in await asked(app, pilot, MessageModal, "the reason")
            await pilot.press("escape")
            await closed(app, pilot)


async def test_batch_that_is_refused_says_so_in_its_panel(embedded: EmbeddedServer, table: Workspace) -> None:
    let_go = threading.Event()

    def answer(call: Call) -> Answer | None:
        if "jobqueue" not in call.operation.lower():
            return None
        let_go.wait(20)
        return refusal("AccessDeniedException", "User: x is not authorized to perform: batch:DescribeJobQueues on *")

    with Gate(embedded.endpoint_url, answer=answer) as gate:
        settings = Settings(table=table.table, region=REGION, endpoint_url=gate.url, interval=0.5)
        app = Dashboard(settings, Workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.workspace is not None, "the place")
            await pilot.press("7")
            screen = app.screen
            assert isinstance(screen, WorkersScreen)
            assert "Asking" in text_of(screen, "pilots")
            let_go.set()
            await until(pilot, lambda: "could not be asked" in text_of(screen, "pilots"), "the refusal")
            assert "batch:DescribeJobQueues" in text_of(screen, "pilots")
            assert app.screen is screen


async def test_pilots_are_submitted_looked_at_and_ended(
    embedded: EmbeddedServer, table: Workspace, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(app, pilot)
        await pilot.press("A")
        await asked(app, pilot, FormModal, "the form")
        form = app.screen
        assert form.query_one("#form-accept").region.bottom <= 23
        form.query_one("#field-queue").value = queue  # type: ignore[attr-defined]
        form.query_one("#field-definition").value = queue  # type: ignore[attr-defined]
        for key, value, problem in (
            ("number", "3", ""),
            ("timeout", "10s", "Time limit"),
            ("timeout", "1h", ""),
            ("environment", "no variable", "NAME=VALUE"),
            ("environment", "SECRET='a b' N=1", ""),
        ):
            form.query_one(f"#field-{key}", Input).value = value
            await pilot.pause()
            said = str(form.query_one("#form-problem", Label).content)
            assert problem in said if problem else not said
        form.query_one("#field-number", Input).focus()
        await pilot.press("enter")
        question = await asked(app, pilot, Confirm, "the question")
        named = ("Submit 3 pilots?", queue, f"pyanamo-engine -t {table.table}", "SECRET=a b", "N=1", "1 h", table.table)
        assert all(part in question for part in named)
        await pilot.press("y")
        await until(pilot, lambda: len(screen.pilots.rows) == 1, "the job")
        assert "SECRET" not in (Path.home() / ".local/state/pyanamo-tui/remembered.json").read_text()
        told = text_of(screen, "pilots")
        assert "0 pilots run or wait" in told
        job = screen.pilots.rows[0].job
        await until(pilot, lambda: job.job_id in text_of(screen, "tail"), "the job's lines")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveLines), "the job over the screen")
        await until(pilot, lambda: bool(app.screen.view.lines), "its lines")  # type: ignore[attr-defined]
        lines = "\n".join(app.screen.view.lines)  # type: ignore[attr-defined]
        assert job.job_id in lines
        assert "PILOT" in lines
        await pilot.press("escape")
        # The stand-in's jobs end at once: this one is told as running.
        live = replace(job, state="RUNNING", children={"RUNNING": 3})
        monkeypatch.setattr(Batch, "describe", lambda _, ids: {one: live for one in ids if one == job.job_id})
        await closed(app, pilot)
        await pilot.press("r")
        await until(pilot, lambda: "3 RUNNING" in text_of(screen, "pilots"), "the running job")
        assert "3 pilots run or wait" in text_of(screen, "pilots")
        for answer, ended in (("n", 0), ("y", 1)):
            await pilot.press("X")
            await until(pilot, lambda: isinstance(app.screen, Prompt), "the reason")
            app.screen.query_one(Input).value = "image is wrong"
            await pilot.press("enter")
            question = await asked(app, pilot, Confirm, "the question")
            assert all(part in question for part in (job.name, "3 pilots", table.table, "image is wrong", "Account"))
            await pilot.press(answer)
            await until(
                pilot,
                lambda ended=ended: (  # type: ignore[misc]
                    sum(one.action == "terminate-jobs" and one.changed for one in table.journal.activity()) == ended
                ),
                "the journal",
            )
            await closed(app, pilot)

"""Screen 7: the workers of this host and their logs, the pilots on AWS Batch; added, scaled, ended after a question."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.scroll_view import ScrollView
from textual.widgets import Button, Input, Label, Static

from pyanamo_tui.aws.batch import Batch
from pyanamo_tui.core.engineorder import EngineOrder
from pyanamo_tui.core.workers import LocalWorker, RunningItem, Scaled, WorkerOutcome, WorkerStage
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import ServiceUnavailable
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.form import FormModal
from pyanamo_tui.tui.modals.live_lines import LiveLines
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.outcome import OutcomeModal
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.workers import WorkersScreen
from pyanamo_tui.tui.worker_forms import workers_form
from pyanamo_tui.workflow import schema
from tests.batchplace import make_queue
from tests.core.places import REGION, fill, open_table, single
from tests.gate import Answer, Call, Gate, refusal
from tests.tui.conftest import dashboard_on, until, words

HOSTILE = "[/bad]\x1b]0;owned\x07\x1b[2J\u202e"


def worker(name: str, stage: WorkerStage = WorkerStage.WORKING, **more: object) -> LocalWorker:
    """A worker of this host and table that began an hour ago."""
    now = time.time()
    one = LocalWorker(
        id=name,
        stage=stage,
        pid=4000 + sum(map(ord, name)),
        table="Cohort7",
        region=REGION,
        endpoint_url=None,
        here=True,
        started_at=now - 3600,
        updated_at=now - 1,
        ended_at=None,
        claimed=3,
        done=1204,
        failed=2,
        lost=0,
        released=0,
        items_at_once=2,
        tasks_at_once=4,
        running=(),
        error="",
        cpu_percent=97.4,
        memory_bytes=512 << 20,
        log_path=Path("/var/log/worker.log"),
    )
    return replace(one, **more)  # type: ignore[arg-type]


@dataclass
class FakeWorkers:
    """The workers of a host as the core tells of them, without processes; remembers what it was asked to do."""

    there: list[LocalWorker] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    orders: list[tuple[int, EngineOrder]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    listed: int = 0

    def list(self, *, everywhere: bool = False) -> tuple[LocalWorker, ...]:
        self.listed += 1
        return tuple(one for one in self.there if one.here or everywhere)

    def start(
        self, count: int, order: EngineOrder, *, bucket: str | None = None, key_prefix: str | None = None
    ) -> tuple[LocalWorker, ...]:
        self.orders.append((count, order))
        started = tuple(worker(f"new{number}", WorkerStage.STARTING) for number in range(count))
        self.there += started
        return started

    def scale(self, to: int, order: EngineOrder) -> Scaled:
        self.orders.append((to, order))
        return Scaled((), (worker("one"),))

    def _do(self, what: str, ids: Sequence[str]) -> tuple[WorkerOutcome, ...]:
        self.asked.append((what, tuple(ids)))
        return tuple(WorkerOutcome(one, one not in self.refused, self.refused.get(one, "")) for one in ids)

    def drain(self, ids: Sequence[str]) -> tuple[WorkerOutcome, ...]:
        return self._do("drain", ids)

    def stop(self, ids: Sequence[str]) -> tuple[WorkerOutcome, ...]:
        return self._do("stop", ids)

    def kill(self, ids: Sequence[str]) -> tuple[WorkerOutcome, ...]:
        return self._do("kill", ids)

    def tail(self, id: str, lines: int = 200) -> str:  # noqa: A002 - the core's own name
        return self.logs.get(id, "")

    def forget(self, ids: Sequence[str] | None = None) -> int:
        self.asked.append(("forget", tuple(ids or ())))
        return len(ids or ())


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> FakeWorkers:
    fake = FakeWorkers()
    monkeypatch.setattr(Workspace, "workers", property(lambda _: fake))
    return fake


@pytest.fixture
def table(embedded: EmbeddedServer, table_name: str) -> Workspace:
    return open_table(embedded, table_name)


@pytest.fixture(scope="module")
def queue(embedded: EmbeddedServer) -> str:
    return make_queue(embedded.endpoint_url, REGION)


async def shown(app: Dashboard, pilot: Pilot[None]) -> WorkersScreen:
    """The workers screen once both lists were read."""
    await until(pilot, lambda: app.workspace is not None, "the place")
    await pilot.press("7")
    await until(pilot, lambda: isinstance(app.screen, WorkersScreen) and app.screen.is_mounted, "the screen")
    screen = app.screen
    assert isinstance(screen, WorkersScreen)
    await until(pilot, lambda: "Looking" not in text_of(screen, "local"), "the workers")
    await until(pilot, lambda: "Asking" not in text_of(screen, "pilots"), "AWS Batch")
    return screen


def text_of(screen: WorkersScreen, which: str) -> str:
    """A list, or the log under them, as it is drawn, with the title of its panel."""
    lists: dict[str, ScrollView] = {"local": screen.local, "pilots": screen.pilots, "tail": screen.tail}
    widget = lists[which]
    lines = [widget.render_line(y).text for y in range(widget.size.height)]
    assert widget.parent is not None
    return "\n".join([str(widget.parent.border_title), *lines])  # type: ignore[attr-defined]


async def asked(app: Dashboard, pilot: Pilot[None], kind: type[object], what: str) -> str:
    await until(pilot, lambda: isinstance(app.screen, kind) and app.screen.is_mounted, what)
    await pilot.pause()
    return words(app.screen)


async def closed(app: Dashboard, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(app.screen, WorkersScreen), "the dialog to close")
    await pilot.pause()


async def test_where_nothing_runs_it_says_how_to_begin(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers
) -> None:
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(app, pilot)
        assert "A starts some" in text_of(screen, "local")
        assert "A submits some" in text_of(screen, "pilots")
        await pilot.press("K", "F", "S", "X", "D", "enter", "l")
        await pilot.pause()
        assert app.screen is screen


async def test_workers_are_told_by_word_sign_item_and_log_and_hostile_names_do_nothing(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers
) -> None:
    running = (RunningItem(HOSTILE, "Align", 1, ()), RunningItem("S2", "Call", 1, ("Task_3", "Task_4")))
    workers.there = [
        worker("gone", WorkerStage.KILLED, ended_at=time.time(), error="killed by signal 9"),
        worker("busy", running=running),
        worker("else", here=False, table="Other"),
    ]
    workers.logs = {"busy": "claimed S2\n\x1b[2Jline two\n", "gone": "the end\n"}
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(160, 48)) as pilot:
        screen = await shown(app, pilot)
        told = text_of(screen, "local")
        assert "1 working, 1 killed · 1 of other tables: a shows them" in told
        assert all(part in told for part in ("▶ working", "1,204", "97%", "512 MB", "2 × 4", "S2 · Call · 2 tasks"))
        assert all(part in told for part in ("✗ killed", "killed by signal 9"))
        assert "Other" not in told
        assert all(character.isprintable() or character == "\n" for character in told)
        await until(pilot, lambda: "line two" in text_of(screen, "tail"), "the log")
        workers.logs["busy"] += "line three\n"
        await until(pilot, lambda: "line three" in text_of(screen, "tail"), "what was added to it")
        await pilot.press("j")
        await until(pilot, lambda: "the end" in text_of(screen, "tail"), "the other log")
        await pilot.press("a")
        assert "Other" in text_of(screen, "local")
        await pilot.press("g", "l")
        await until(pilot, lambda: isinstance(app.screen, LiveLines), "the whole log")
        assert isinstance(app.screen, LiveLines)
        await until(pilot, lambda: "line three" in "".join(app.screen.view.lines), "its lines")  # type: ignore[attr-defined]


async def test_a_hundred_workers_keep_the_cursor_and_are_killed_by_typing_their_number(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers
) -> None:
    workers.there = [worker(f"w{number:03}") for number in range(100)]
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(app, pilot)
        assert len(screen.local.rows) == 100
        await pilot.press("G")
        last = screen.local.rows[-1].id
        workers.there.insert(0, worker("first", started_at=time.time()))
        await pilot.press("r")
        await until(pilot, lambda: len(screen.local.rows) == 101, "the new one")
        assert screen.local.rows[screen.local.cursor].id == last
        await pilot.press("asterisk", "K")
        question = await asked(app, pilot, Confirm, "the question")
        assert "Kill 101 workers?" in question
        assert "Type 101" in question
        await pilot.press("escape", "1")
        await until(pilot, lambda: not isinstance(app.screen, WorkersScreen), "another screen")
        assert workers.asked == []
        listed = workers.listed
        await pilot.press("7")
        await until(pilot, lambda: workers.listed > listed, "another look at the workers")


async def test_workers_are_added_by_a_form_that_checks_and_remembers(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers
) -> None:
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        await pilot.press("A")
        assert table.table in await asked(app, pilot, FormModal, "the form")
        form = app.screen
        for key, value, problem in (
            ("number", "0", "How many"),
            ("number", "101", "How many"),
            ("number", "3", ""),
            ("items", "", "Items at once"),
            ("items", "2", ""),
            ("wall", "soon", "Wall time"),
            ("wall", "12h", ""),
        ):
            form.query_one(f"#field-{key}", Input).value = value
            await pilot.pause()
            said = str(form.query_one("#form-problem", Label).content)
            assert problem in said if problem else not said
            assert form.query_one("#form-accept", Button).disabled == bool(problem)
        form.query_one("#field-number", Input).focus()
        await pilot.press("enter")
        await until(pilot, lambda: bool(workers.orders), "the start")
        assert workers.orders == [(3, EngineOrder(items_at_once=2, wall_time=43200.0))]
        await closed(app, pilot)
        await pilot.press("A")
        await asked(app, pilot, FormModal, "the form again")
        assert app.screen.query_one("#field-wall", Input).value == "12h"
        await pilot.press("escape")
        await closed(app, pilot)
        await pilot.press("plus")
        question = await asked(app, pilot, Confirm, "the question")
        assert "2 items at once" in question
        await pilot.press("y")
        await until(pilot, lambda: len(workers.orders) == 2, "the scaling")
        assert workers.orders[1] == (4, EngineOrder(items_at_once=2, wall_time=43200.0))


async def test_one_fewer_asks_and_counts_only_those_that_claim(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers
) -> None:
    app = dashboard_on(embedded, table.table)
    workers.there = [
        worker("a"),
        worker("b", WorkerStage.WAITING),
        worker("c", WorkerStage.DRAINING),
        worker("d", here=False),
    ]
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        await pilot.press("minus")
        assert "from 2 to 1 worker?" in await asked(app, pilot, Confirm, "the question")
        await pilot.press("n")
        await closed(app, pilot)
        assert not workers.orders
        await pilot.press("minus")
        await asked(app, pilot, Confirm, "the question")
        await pilot.press("y")
        await until(pilot, lambda: bool(workers.orders), "the scaling")
        assert workers.orders[0][0] == 1


@pytest.mark.parametrize(("key", "what"), [("F", "drain"), ("S", "stop"), ("K", "kill")])
async def test_workers_are_ended_after_a_question_that_says_what_is_lost(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers, key: str, what: str
) -> None:
    lease = {"Lease_Until": {"N": f"{time.time() + 250:.3f}"}, "InstanceID": schema.text("me")}
    fill(table, [single("S9", "locked", lockID=schema.text("L"), **lease)])  # type: ignore[arg-type]
    busy = worker("busy", running=(RunningItem("S9", "Align", 1, ()),))
    workers.there = [busy, worker("done", WorkerStage.ENDED, ended_at=time.time())]
    workers.refused = {"busy": "it ended just now"} if what == "stop" else {}
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and "S9" in app.snapshot.items, "the item")
        await shown(app, pilot)
        await pilot.press(key)
        question = await asked(app, pilot, Confirm, "the question")
        assert all(part in question for part in ("1 worker?", str(busy.pid), "S9 · Align", table.table, "In hand"))
        if what == "kill":
            assert "until the lease runs out, in 4 min" in question
            assert "claims it again" in question
        await pilot.press("n")
        await closed(app, pilot)
        assert workers.asked == []
        await pilot.press(key)
        await asked(app, pilot, Confirm, "the question")
        await pilot.press("y")
        await until(pilot, lambda: workers.asked == [(what, ("busy",))], "what was asked")
        if workers.refused:
            await until(pilot, lambda: not isinstance(app.screen, WorkersScreen | Confirm), "the refusal")
            assert any("it ended just now" in str(one.content) for one in app.screen.query(Static))


async def test_only_ended_workers_are_cleared_away_and_those_of_other_tables_are_left_alone(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers
) -> None:
    workers.there = [
        worker("live"),
        worker("over", WorkerStage.ENDED, ended_at=time.time()),
        worker("else", here=False, table="Other"),
    ]
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(app, pilot)
        await pilot.press("D")
        assert "Only workers that have ended" in await asked(app, pilot, MessageModal, "the refusal")
        await pilot.press("escape")
        await closed(app, pilot)
        await pilot.press("asterisk", "D")
        assert "Clear away 1 worker?" in await asked(app, pilot, Confirm, "the question")
        await pilot.press("y")
        await until(pilot, lambda: workers.asked == [("forget", ("over",))], "what was asked")
        await closed(app, pilot)
        await pilot.press("backslash", "a")
        screen.local.select_key("else")
        await pilot.press("K")
        assert "another table" in await asked(app, pilot, MessageModal, "the refusal")


async def test_read_only_says_why_a_key_does_nothing(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers
) -> None:
    workers.there = [worker("busy")]
    app = dashboard_on(embedded, table.table, read_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        for key in ("A", "plus", "minus", "F", "S", "K", "D", "b", "A", "X"):
            await pilot.press(key)
            if key != "b":
                assert "open read-only" in await asked(app, pilot, MessageModal, "the reason")
                await pilot.press("escape")
                await closed(app, pilot)


async def test_batch_that_is_refused_says_so_in_its_panel_and_delays_nothing(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers
) -> None:
    let_go = threading.Event()

    def answer(call: Call) -> Answer | None:
        if "jobqueue" not in call.operation.lower():
            return None
        let_go.wait(20)
        return refusal("AccessDeniedException", "User: x is not authorized to perform: batch:DescribeJobQueues on *")

    workers.there = [worker("busy")]
    with Gate(embedded.endpoint_url, answer=answer) as gate:
        settings = Settings(table=table.table, region=REGION, endpoint_url=gate.url, interval=0.5)
        app = Dashboard(settings, Workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.workspace is not None, "the place")
            await pilot.press("7")
            screen = app.screen
            assert isinstance(screen, WorkersScreen)
            await until(
                pilot, lambda: "▶ working" in text_of(screen, "local"), "the workers, while AWS Batch is silent"
            )
            listed = workers.listed
            await until(pilot, lambda: workers.listed > listed, "another look at the workers")
            assert "Asking" in text_of(screen, "pilots")
            let_go.set()
            await until(pilot, lambda: "could not be asked" in text_of(screen, "pilots"), "the refusal")
            assert "batch:DescribeJobQueues" in text_of(screen, "pilots")
            assert app.screen is screen


async def test_pilots_are_submitted_looked_at_and_ended(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(app, pilot)
        await pilot.press("b", "A")
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


async def test_an_unreadable_state_of_workers_is_told_in_the_panel(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*, everywhere: bool = False) -> tuple[LocalWorker, ...]:
        raise ServiceUnavailable("The folder of workers cannot be read", "Look at its permissions.")

    monkeypatch.setattr(workers, "list", fails)
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(app, pilot)
        assert "Look at its permissions" in text_of(screen, "local")


def test_what_was_remembered_wrongly_is_not_offered() -> None:
    form = workers_form("T", "here", {"idle": "sometimes", "number": "2"})
    values = {one.key: one.value for one in form.fields}
    assert values["idle"] == "exit"
    assert values["number"] == "2"
    assert form.check(values) == ""
    assert form.check({**values, "number": "9" * 5000})
    assert form.check({**values, "wall": "0"})


async def test_a_real_worker_is_started_seen_at_work_and_killed(embedded: EmbeddedServer, table: Workspace) -> None:
    fill(table, [schema.new_single("S1", "Align", "sleep 600")])
    app = dashboard_on(embedded, table.table)
    try:
        async with app.run_test(size=(100, 30)) as pilot:
            screen = await shown(app, pilot)
            await pilot.press("A")
            await asked(app, pilot, FormModal, "the form")
            await pilot.press("enter")
            await until(pilot, lambda: "S1 · Align" in text_of(screen, "local"), "the worker at its item")
            assert "▶ working" in text_of(screen, "local")
            await until(pilot, lambda: "S1" in "".join(screen.tail.lines), "its log")
            await pilot.press("K")
            assert "S1 · Align" in await asked(app, pilot, Confirm, "the question")
            await pilot.press("y")
            await until(pilot, lambda: "✗ killed" in text_of(screen, "local"), "its end")
    finally:
        table.workers.kill([one.id for one in table.workers.list() if one.alive])


async def test_a_worker_that_ends_at_once_says_why(
    embedded: EmbeddedServer, table: Workspace, workers: FakeWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = worker("dead", WorkerStage.KILLED, pid=None, error="Unable to locate credentials")
    monkeypatch.setattr(workers, "start", lambda count, order: (dead,))
    app = dashboard_on(embedded, table.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        await pilot.press("A")
        await asked(app, pilot, FormModal, "the form")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, OutcomeModal), "the outcome")
        assert any("Unable to locate credentials" in str(one.content) for one in app.screen.query(Static))

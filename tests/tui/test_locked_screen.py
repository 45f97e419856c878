"""Screen 5: who holds the locked items, by lease and by AWS Batch, asked in the background; requeue of the dead."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.widgets import Input

from pyanamo_tui.core.locked import JobsTold, Verdict, judge
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.locked_columns import lease_cell, summary
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.outcome import OutcomeModal
from pyanamo_tui.tui.screens.locked import LockedScreen, held_now
from pyanamo_tui.workflow.model import ItemFacts, Snapshot
from tests.core.places import REGION, fill, open_table, single
from tests.gate import Answer, Call, Gate, refusal
from tests.tui.conftest import until

JOB = "4e1f2a3b-0c0d-4e4f-8a8b-1234567890ab"


class Jobs:
    """AWS Batch: two jobs, or a refusal."""

    def __init__(self) -> None:
        self.refuses = False
        self.asked = 0

    def __call__(self, call: Call) -> Answer | None:
        if call.operation != "/v1/describejobs":
            return None
        self.asked += 1
        if self.refuses:
            return refusal(
                "AccessDeniedException", "User: x is not authorized to perform: batch:DescribeJobs on resource: *"
            )
        known = {
            f"{JOB}:1": {"status": "FAILED", "statusReason": "Host EC2 (instance i-0abc) terminated."},
            f"{JOB}:2": {"status": "RUNNING"},
        }
        return 200, {"jobs": [{"jobId": job, **known[job]} for job in call.body["jobs"] if job in known]}


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def gate(embedded: EmbeddedServer, jobs: Jobs) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url, answer=jobs) as gate:
        yield gate


@pytest.fixture
def held(embedded: EmbeddedServer, table_name: str) -> Workspace:
    """Items held by a dead job, a running one, a lease that ran out, one that runs, and by a host that nobody knows."""
    opened = open_table(embedded, table_name)
    now = time.time()

    def locked(item_id: str, owner: str, lease: float | None = None) -> None:
        extra = {"InstanceID": {"S": owner}, "lockID": {"S": f"lock-{item_id}"}}
        if lease is not None:
            extra["Lease_Until"] = {"N": f"{now + lease:.3f}"}
        fill(opened, [single(item_id, "locked", **extra)])  # type: ignore[arg-type]

    locked("deadjob", f"{JOB}-1")
    locked("livejob", f"{JOB}-2")
    locked("deadlease", "ip-10-0-0-1", -120)
    locked("livelease", "ip-10-0-0-2", 600)
    locked("host", "ip-10-0-0-3")
    fill(opened, [single("other", "done")])
    return opened


def _dashboard(gate: Gate, table: str) -> Dashboard:
    return Dashboard(Settings(table=table, region=REGION, endpoint_url=gate.url, interval=0.5), Workspace)


async def _screen(pilot: object, app: Dashboard, jobs: Jobs) -> LockedScreen:
    await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")  # type: ignore[arg-type]
    await pilot.press("5")  # type: ignore[attr-defined]
    screen = app.screen
    assert isinstance(screen, LockedScreen)
    await until(pilot, lambda: jobs.asked > 0, "AWS Batch to be asked")  # type: ignore[arg-type]
    return screen


def _verdicts(screen: LockedScreen) -> dict[str, str]:
    return {found.facts.item_id: found.verdict for found in screen.report.items}


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
async def test_every_lock_has_a_verdict_and_the_dead_stand_first(
    gate: Gate, held: Workspace, jobs: Jobs, size: tuple[int, int]
) -> None:
    app = _dashboard(gate, held.table)
    async with app.run_test(size=size) as pilot:
        screen = await _screen(pilot, app, jobs)
        await until(pilot, lambda: _verdicts(screen)["deadjob"] == "dead", "the job's end")
        assert _verdicts(screen) == {
            "deadjob": "dead",
            "deadlease": "dead",
            "livejob": "alive",
            "livelease": "alive",
            "host": "unknown",
        }
        await until(pilot, lambda: {row.item_id for row in screen.table.rows[:2]} == {"deadjob", "deadlease"}, "order")
        screen.table.select_key("deadjob")
        await until(pilot, lambda: "Host EC2" in str(screen._why.content), "the evidence")
        words = summary(screen.report, lambda _: Style()).plain
        assert words == "1 job FAILED   1 job RUNNING   2 items dead   2 alive   1 unknown"


async def test_the_dead_alone_are_requeued_and_only_while_their_lock_is_the_same(
    gate: Gate, held: Workspace, jobs: Jobs
) -> None:
    app = _dashboard(gate, held.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await _screen(pilot, app, jobs)
        await until(pilot, lambda: _verdicts(screen)["deadjob"] == "dead", "the job's end")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        taken = held.record("deadlease")
        taken["lockID"] = {"S": "another worker's"}
        held.items.put(taken, ())
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, OutcomeModal), "the outcome")
        await pilot.press("escape")
    states = {item: held.item(item).facts.state for item in ("deadjob", "deadlease", "livejob", "livelease", "host")}
    assert states.pop("deadjob") == "todo"
    assert set(states.values()) == {"locked"}
    assert held.item("deadlease").facts.lock_id == "another worker's"


async def test_a_marked_item_that_lives_is_not_given_back(gate: Gate, held: Workspace, jobs: Jobs) -> None:
    app = _dashboard(gate, held.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await _screen(pilot, app, jobs)
        screen.table.select_key("livelease")
        await pilot.press("space", "R")
        await until(pilot, lambda: isinstance(app.screen, MessageModal), "the refusal")
        await pilot.press("escape")
    assert held.item("livelease").facts.state == "locked"


async def test_a_batch_that_may_not_be_asked_leaves_the_verdict_open_and_is_no_error(
    gate: Gate, held: Workspace, jobs: Jobs
) -> None:
    jobs.refuses = True
    app = _dashboard(gate, held.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await _screen(pilot, app, jobs)
        await until(pilot, lambda: "batch:DescribeJobs" in screen.report.batch_problem, "what is missing")
        found = {one.facts.item_id: one for one in screen.report.items}["deadjob"]
        assert found.verdict == Verdict.UNKNOWN
        assert "batch:DescribeJobs" in found.evidence
        assert app.screen is screen
        asked = jobs.asked
        await pilot.press("slash", *"dead")
        await until(pilot, lambda: len(screen.table.rows) == 2, "the filter")
        assert isinstance(app.focused, Input)
        assert jobs.asked == asked
        jobs.refuses = False
        await pilot.press("enter", "r")
        await until(pilot, lambda: _verdicts(screen)["deadjob"] == "dead", "the job's end, asked again")


def test_a_job_not_asked_for_yet_and_a_lease_read_as_what_they_are() -> None:
    facts = ItemFacts("a", "locked", owner=f"{JOB}-1")
    found = judge([facts], JobsTold(), 100.0).items[0]
    assert (found.verdict, "not been asked" in found.evidence) == (Verdict.UNKNOWN, True)
    assert lease_cell(facts, 100.0).text == "none"
    assert lease_cell(ItemFacts("a", "locked", lease_until=160.0), 100.0).text == "1 min left"
    assert lease_cell(ItemFacts("a", "locked", lease_until=40.0), 100.0).text == "expired 1 min"


_facts = st.builds(ItemFacts, st.sampled_from("abcdef"), st.sampled_from(["todo", "locked", "done"]))
_tables = st.lists(_facts, max_size=6).map(lambda found: {facts.item_id: facts for facts in found})


@given(_tables, _tables)
def test_what_is_locked_is_kept_up_by_what_changed(before: dict[str, ItemFacts], after: dict[str, ItemFacts]) -> None:
    changed = frozenset(name for name in before.keys() | after.keys() if before.get(name) is not after.get(name))
    held = held_now(None, Snapshot(table="T", items=before), None)

    assert held_now(held, Snapshot(table="T", items=after), changed) == held_now(
        None, Snapshot(table="T", items=after), None
    )

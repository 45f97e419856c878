"""`b` and `X`: the AWS Batch job behind an item, told and ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyanamo_tui.aws.batch import Batch
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.workflow import schema
from tests.batchplace import make_queue
from tests.core.places import REGION, fill, open_table, single
from tests.tui.conftest import dashboard_on, until, words


@pytest.fixture(scope="module")
def queue(embedded: EmbeddedServer) -> str:
    return make_queue(embedded.endpoint_url, REGION)


def lock(workspace: Workspace, owner: str) -> None:
    fill(workspace, [single("S1", "locked", InstanceID=schema.text(owner), lockID=schema.text("L"))])


async def test_the_job_of_an_item_is_told_and_one_that_has_ended_is_not_ended_again(
    embedded: EmbeddedServer, table_name: str, queue: str
) -> None:
    workspace = open_table(embedded, table_name)
    job_id = workspace.pilots.submit(workspace.pilots.plan(queue=queue, definition=queue)).job_id
    lock(workspace, job_id)
    app = dashboard_on(embedded, table_name)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "the table")
        await pilot.press("2")
        await until(pilot, lambda: getattr(app.screen, "item_here", lambda: None)() is not None, "the row")
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, MessageModal), "the job")
        told = words(app.screen)
        assert job_id in told
        assert queue in told
        await pilot.press("escape", "X")
        await until(pilot, lambda: isinstance(app.screen, MessageModal), "the refusal")
        assert "has ended" in words(app.screen)


async def test_a_running_job_is_ended_after_a_question_that_names_it(
    embedded: EmbeddedServer, table_name: str, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_table(embedded, table_name)
    job_id = workspace.pilots.submit(workspace.pilots.plan(queue=queue, definition=queue)).job_id
    lock(workspace, job_id)
    known = workspace.pilots.job(job_id)
    assert known is not None
    # The stand-in's jobs end at once: this one is told as running.
    monkeypatch.setattr(Batch, "describe", lambda _, asked: {job: replace(known, state="RUNNING") for job in asked})
    app = dashboard_on(embedded, table_name)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "the table")
        await pilot.press("2")
        await until(pilot, lambda: getattr(app.screen, "item_here", lambda: None)() is not None, "the row")
        for answer, ended in (("n", 0), ("y", 1)):
            await pilot.press("X")
            await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
            assert all(named in words(app.screen) for named in (job_id, table_name, "S1", "cannot be undone"))
            await pilot.press(answer)
            await until(
                pilot,
                lambda ended=ended: (  # type: ignore[misc]
                    sum(one.action == "terminate-jobs" and one.changed for one in workspace.journal.activity()) == ended
                ),
                "the journal",
            )


async def test_an_item_without_a_job_says_so(embedded: EmbeddedServer, table_name: str) -> None:
    workspace = open_table(embedded, table_name)
    lock(workspace, "i-0abc")
    app = dashboard_on(embedded, table_name)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "the table")
        await pilot.press("2")
        await until(pilot, lambda: getattr(app.screen, "item_here", lambda: None)() is not None, "the row")
        before = app.screen
        await pilot.press("X")
        await until(pilot, lambda: app.screen is not before or len(app._notifications) > 0, "the refusal")
        assert not isinstance(app.screen, Confirm)

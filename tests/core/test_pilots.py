"""Pilot jobs on AWS Batch: what is sent, how they are found again, how they end, and what the journal keeps of it."""

from __future__ import annotations

import dataclasses
import shlex
import uuid
from collections.abc import Callable, Iterator

import pytest

from pyanamo_tui.aws.batch import Batch
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.core.engineorder import EngineOrder
from pyanamo_tui.core.journalfile import ActionStatus
from pyanamo_tui.core.pilotplan import job_prefix
from pyanamo_tui.core.pilots import PilotJob, Pilots
from pyanamo_tui.core.who import Who
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.engine.options import Idle, parse
from pyanamo_tui.errors import NotFound, ReadOnly, ServiceUnavailable, UsageError
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from tests.batchplace import make_queue
from tests.core.places import REGION, open_table
from tests.gate import Answer, Call, Gate, refusal

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def queue(embedded: EmbeddedServer) -> str:
    return make_queue(embedded.endpoint_url, REGION)


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Workspace:
    return open_table(embedded, table_name, create=False)


@pytest.fixture
def gate(embedded: EmbeddedServer) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url) as gate:
        yield gate


def test_the_command_says_to_an_engine_what_was_ordered() -> None:
    order = EngineOrder(
        items_at_once=2,
        tasks_at_once=4,
        wall_time=3600,
        lease=120.5,
        max_attempts=3,
        task_timeout=900,
        max_items=7,
        idle="wait",
        log_json=True,
    )
    program, *words = order.command("Cohort 7", REGION, endpoint_url="http://h:1", bucket="logs", key_prefix="deep/er")
    options = parse(words, {})
    assert program == "pyanamo-engine"
    assert (options.table, options.region, options.endpoint_url) == ("Cohort 7", REGION, "http://h:1")
    assert (options.bucket, options.key_prefix) == ("logs", "deep/er")
    assert (options.items_at_once, options.tasks_at_once, options.wall_time) == (2, 4, 3600)
    assert (options.lease, options.max_attempts, options.task_timeout) == (120.5, 3, 900)
    assert (options.max_items, options.idle, options.log_json) == (7, Idle.WAIT, True)
    plain = EngineOrder().command("T", REGION)
    assert plain == ("pyanamo-engine", "-t", "T", "-r", REGION)
    assert dataclasses.asdict(parse(plain[1:], {})) == dataclasses.asdict(parse(["-t", "T", "-r", REGION], {}))


@pytest.mark.parametrize("wrong", [{"items_at_once": 0}, {"lease": 0.5}, {"wall_time": -1.0}, {"idle": "sleep"}])
def test_an_order_that_no_engine_takes_is_refused_before_anything_is_sent(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        EngineOrder(**wrong)  # type: ignore[arg-type]


def test_an_array_of_pilots_is_submitted_found_and_ended(workspace: Workspace, queue: str) -> None:
    pilots = workspace.pilots
    plan = pilots.plan(
        3, queue=queue, definition=queue, order=EngineOrder(tasks_at_once=4), environment={"A": "secret"}
    )
    assert plan.command[:5] == ("pyanamo-engine", "-t", workspace.table, "-r", REGION)
    submitted = pilots.submit(plan)
    (found,) = pilots.jobs(queues=[queue])
    assert (found.job.job_id, found.job.name, found.pilots) == (submitted.job_id, plan.name, 3)
    assert found.job.command == plan.command
    assert sum(found.by_state.values()) == 3
    children = pilots.children(submitted.job_id)
    assert [child.job_id for child in children] == [f"{submitted.job_id}:{index}" for index in range(3)]
    assert found in pilots.jobs(), "without a queue being named, all of them are looked into"
    assert pilots.job(NOBODY) is None


def running(*job_ids: str) -> Callable[[Call], Answer | None]:
    """What AWS tells while these jobs run; the stand-in's own end at once."""

    def answer(call: Call) -> Answer | None:
        if not call.operation.endswith("describejobs"):
            return None
        return 200, {"jobs": [{"jobId": job, "jobName": "n", "status": "RUNNING"} for job in job_ids]}

    return answer


def test_running_jobs_are_ended_and_others_left_alone(
    gate: Gate, embedded: EmbeddedServer, table_name: str, queue: str
) -> None:
    workspace = open_table(embedded, table_name, create=False)
    plan = workspace.pilots.plan(3, queue=queue, definition=queue)
    array, over = workspace.pilots.submit(plan).job_id, workspace.pilots.submit(plan).job_id
    through = Batch(Connection(region=REGION, endpoint_url=gate.url))
    pilots = Pilots(through, lambda: through, workspace.journal, who=Who)
    sent: list[Call] = []

    def answer(call: Call) -> Answer | None:
        if call.operation.endswith("terminatejob"):
            sent.append(call)
            return (200, {}) if call.body["jobId"] == array else refusal("AccessDeniedException")
        return running(array, f"{array}:1")(call)

    gate.answer = answer
    ended, unknown, refused = pilots.terminate([array, NOBODY, f"{array}:1", array], "no more needed")
    assert (ended.done, unknown.done, unknown.failed) == (True, False, False)
    assert (refused.done, refused.failed) == (False, True)
    assert "batch:TerminateJob" in refused.why
    assert [(call.body["jobId"], call.body["reason"]) for call in sent] == [
        (array, "no more needed"),
        (f"{array}:1", "no more needed"),
    ]
    last = workspace.journal.activity()[0]
    assert (last.action, last.detail["reason"]) == ("terminate-jobs", "no more needed")
    assert (last.changed, last.skipped, last.failed, last.undoable) == (1, 1, 1, False)
    (again,) = workspace.pilots.terminate([over], "once more")
    assert not again.done
    assert "ended already" in again.why
    assert workspace.pilots.jobs(queues=[queue], ended=False) == ()


def test_a_submission_is_in_the_journal_and_says_that_it_cannot_be_undone(workspace: Workspace, queue: str) -> None:
    pilots = workspace.pilots
    submitted = pilots.submit(pilots.plan(1, queue=queue, definition=queue, environment={"TOKEN": "s3cr3t"}))
    (first,) = workspace.journal.activity()
    assert (first.action, first.changed, first.status) == ("submit-pilots", 1, ActionStatus.FINISHED)
    assert first.detail["job"] == submitted.name
    assert not first.undoable
    assert workspace.journal.latest_undoable() is None
    (noted,) = workspace.journal.read(submitted.action_id).outcomes()
    assert noted.item_id == submitted.job_id
    assert "s3cr3t" not in "".join(path.read_text() for path in workspace.journal.folder.iterdir())
    with pytest.raises(UsageError, match="cannot be undone"):
        workspace.actions.undo(submitted.action_id)


def test_pilots_of_a_table_with_a_name_alike_are_not_taken_for_ours(embedded: EmbeddedServer, queue: str) -> None:
    stem = f"t{uuid.uuid4().hex[:8]}"
    names = [f"{stem}.a", f"{stem}_a", f"{stem}_a-b"]
    places = [open_table(embedded, name, create=False) for name in names]
    assert job_prefix(names[0]) == job_prefix(names[1]), "Batch knows no dots"
    ids = [place.pilots.submit(place.pilots.plan(queue=queue, definition=queue)).job_id for place in places]
    for place, job_id in zip(places, ids, strict=True):
        assert [pilot.job.job_id for pilot in place.pilots.jobs(queues=[queue])] == [job_id]


@pytest.mark.parametrize("table", ["T" * 255, "a.b_c-d", "Kohorte ü"])
def test_names_keep_to_what_batch_takes(workspace: Workspace, queue: str, table: str) -> None:
    settings = Settings(table=table, region=REGION, endpoint_url=workspace.settings.endpoint_url)
    name = Workspace(settings).pilots.plan(queue=queue, definition=queue).name
    assert len(name) <= 128
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_what_cannot_be_submitted_is_refused_with_the_choices(workspace: Workspace, queue: str) -> None:
    plan = workspace.pilots.plan
    with pytest.raises(NotFound, match="no job queue nowhere") as missing:
        plan(queue="nowhere", definition=queue)
    assert queue in missing.value.hint
    with pytest.raises(NotFound, match="no active job definition none"):
        plan(queue=queue, definition="none")
    assert plan(queue=queue, definition=f"{queue}:1").definition == f"{queue}:1"
    for wrong in ({"pilots": 0}, {"pilots": 10_001}, {"attempts": 11}, {"timeout": 59}, {"environment": {"a b": ""}}):
        with pytest.raises(UsageError):
            plan(queue=queue, definition=queue, **wrong)
    assert plan(10_000, queue=queue, definition=queue).pilots == 10_000


def test_a_single_queue_and_definition_need_not_be_named(gate: Gate, table_name: str) -> None:
    queues = [
        {"jobQueueName": name, "jobQueueArn": f"arn:q/{name}", "state": state, "priority": 1}
        for name, state in (("spot", "ENABLED"), ("old", "DISABLED"))
    ]
    definitions = [{"jobDefinitionName": "pilot", "jobDefinitionArn": "arn:d/pilot:1", "revision": 1}]

    def answer(call: Call) -> Answer | None:
        return 200, {"jobQueues": queues, "jobDefinitions": definitions}

    gate.answer = answer
    pilots = Workspace(Settings(table=table_name, region=REGION, endpoint_url=gate.url)).pilots
    plan = pilots.plan()
    assert (plan.queue, plan.definition) == ("spot", "pilot")
    with pytest.raises(UsageError, match="disabled"):
        pilots.plan(queue="old")
    queues[1]["state"] = "ENABLED"
    with pytest.raises(UsageError, match="Which job queue") as which:
        pilots.plan()
    assert "old, spot" in which.value.hint


def test_a_submission_without_an_answer_is_not_sent_again(
    gate: Gate, embedded: EmbeddedServer, table_name: str, queue: str
) -> None:
    through = Connection(region=REGION, endpoint_url=gate.url)
    journal = open_table(embedded, table_name, create=False).journal
    pilots = Pilots(Batch(through), lambda: Batch(through.beside(max_attempts=1)), journal, who=Who)
    plan = pilots.plan(5, queue=queue, definition=queue)
    before = gate.seen.total()
    gate.closed = True
    with pytest.raises(ServiceUnavailable, match="is not known") as lost:
        pilots.submit(plan)
    assert "batch list" in lost.value.hint
    assert gate.seen.total() == before + 1
    (noted,) = journal.activity()
    assert (noted.status, noted.unknown) == (ActionStatus.STOPPED, 5)


def test_read_only_sends_and_notes_nothing(embedded: EmbeddedServer, table_name: str, queue: str) -> None:
    workspace = open_table(embedded, table_name, create=False, read_only=True)
    plan = workspace.pilots.plan(queue=queue, definition=queue)
    with pytest.raises(ReadOnly):
        workspace.pilots.submit(plan)
    with pytest.raises(ReadOnly):
        workspace.pilots.terminate([NOBODY], "x")
    assert workspace.journal.activity() == []


def test_who_may_submit_but_not_look_is_taken_at_their_word(gate: Gate, table_name: str) -> None:
    gate.answer = lambda _: refusal("AccessDeniedException")
    pilots = Workspace(Settings(table=table_name, region=REGION, endpoint_url=gate.url)).pilots
    plan = pilots.plan(queue="spot", definition="pilot:3")
    assert (plan.queue, plan.definition) == ("spot", "pilot:3")


def test_pilots_are_counted_by_their_states(workspace: Workspace, queue: str) -> None:
    job = workspace.pilots.submit(workspace.pilots.plan(queue=queue, definition=queue)).job_id
    known = workspace.pilots.job(job)
    assert known is not None
    counted = {"FAILED": 1, "RUNNING": 2, "SUCCEEDED": 1}
    array = PilotJob(dataclasses.replace(known, state="PENDING", array_size=4, children=counted))
    assert list(array.by_state.items()) == [("RUNNING", 2), ("SUCCEEDED", 1), ("FAILED", 1)]
    assert (array.pilots, array.live) == (4, 2)
    single = PilotJob(dataclasses.replace(known, state="RUNNING"))
    assert (single.by_state, single.live) == ({"RUNNING": 1}, 1)
    assert shlex.join(known.command).startswith("pyanamo-engine -t")

"""AWS Batch over a socket: states of single and array jobs, submitting, listing, ending."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pyanamo_tui.aws.batch import DESCRIBE_JOBS, Batch, JobState
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.errors import NotFound, PermissionDenied, ReadOnly, ServiceRefused, UsageError
from pyanamo_tui.local.server import EmbeddedServer
from tests.batchplace import make_queue
from tests.gate import Answer, Call, Gate, refusal

REGION = "eu-west-2"
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass
class Place:
    """A queue and a job definition on the embedded server."""

    batch: Batch
    queue: str
    definition: str


@pytest.fixture
def place(embedded: EmbeddedServer) -> Place:
    name = make_queue(embedded.endpoint_url, REGION)
    return Place(Batch(Connection(region=REGION, endpoint_url=embedded.endpoint_url)), name, name)


@pytest.fixture
def gate(embedded: EmbeddedServer) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url) as gate:
        yield gate


def test_queues_and_the_latest_revision_of_definitions_are_listed(place: Place) -> None:
    queue = next(found for found in place.batch.queues() if found.name == place.queue)
    assert (queue.enabled, queue.priority) == (True, 7)
    definitions = [found for found in place.batch.definitions() if found.name == place.definition]
    assert [(found.revision, found.image, found.vcpus, found.memory_mib) for found in definitions] == [
        (2, "pilot:1", 2.0, 512)
    ]


def test_an_array_job_its_children_and_a_single_one_are_told_apart(place: Place) -> None:
    single = place.batch.submit("one", queue=place.queue, definition=place.definition, environment={"A": "1"})
    array = place.batch.submit("many", queue=place.queue, definition=place.definition, size=3, command=["true"])
    found = place.batch.describe([single, array, f"{array}:2", NOBODY])
    assert found.keys() == {single, array, f"{array}:2"}, "one that AWS does not know is no error"
    assert found[array].array_size == 3
    assert found[single].array_size is None
    assert {child.job_id for child in place.batch.children(array)} >= {f"{array}:{index}" for index in range(3)}
    assert {single, array} <= {job.job_id for job in place.batch.jobs(place.queue)}


def test_ending_a_job_keeps_the_reason(place: Place) -> None:
    job = place.batch.submit("one", queue=place.queue, definition=place.definition)
    place.batch.terminate(job, "no more needed")
    assert "no more needed" in place.batch.describe([job])[job].reason
    with pytest.raises(NotFound):
        place.batch.terminate(NOBODY, "x")


def test_what_aws_does_not_take_is_said(place: Place) -> None:
    with pytest.raises(UsageError, match="10,000"):
        place.batch.submit("x", queue=place.queue, definition=place.definition, size=10_001)
    with pytest.raises(ServiceRefused):
        place.batch.submit("x", queue="no-such-queue", definition=place.definition)


def test_a_hundred_jobs_a_call(gate: Gate) -> None:
    asked: list[int] = []

    def answer(call: Call) -> Answer | None:
        asked.append(len(call.body["jobs"]))
        return 200, {"jobs": [{"jobId": found, "status": "RUNNING"} for found in call.body["jobs"]]}

    gate.answer = answer
    batch = Batch(Connection(region=REGION, endpoint_url=gate.url))
    found = batch.describe([str(number) for number in range(250)] + ["7", "7"])
    assert len(found) == 250
    assert asked == [DESCRIBE_JOBS, DESCRIBE_JOBS, 50]
    assert batch.describe([]) == {}


def test_why_a_job_failed_is_told_with_its_exit_code(gate: Gate) -> None:
    job = {
        "jobId": "j",
        "jobName": "n",
        "jobQueue": "arn:aws:batch:eu-west-2:1:job-queue/spot",
        "status": "FAILED",
        "statusReason": "Host EC2 (instance i-0abc) terminated.",
        "createdAt": 1_795_410_000_500,
        "startedAt": 1_795_410_001_000,
        "stoppedAt": 1_795_410_009_000,
        "attempts": [{"container": {"exitCode": 137, "reason": "OutOfMemoryError"}}],
    }
    gate.answer = lambda _: (200, {"jobs": [job]})
    found = Batch(Connection(region=REGION, endpoint_url=gate.url)).describe(["j"])["j"]
    assert (found.state, found.queue, found.exit_code) == (JobState.FAILED, "spot", 137)
    assert found.reason == "Host EC2 (instance i-0abc) terminated.: OutOfMemoryError"
    assert found.ended
    assert (found.created_at, found.stopped_at) == (1_795_410_000.5, 1_795_410_009.0)


def test_permission_and_read_only(gate: Gate) -> None:
    gate.answer = lambda _: refusal("AccessDeniedException")
    with pytest.raises(PermissionDenied) as refused:
        Batch(Connection(region=REGION, endpoint_url=gate.url)).describe(["j"])
    assert refused.value.action == "batch:DescribeJobs"
    before = gate.seen.total()
    with pytest.raises(ReadOnly):
        Batch(Connection(region=REGION, endpoint_url=gate.url, read_only=True)).submit("x", queue="q", definition="d")
    assert gate.seen.total() == before

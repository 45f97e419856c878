"""AWS Batch, typed in and out: the states of jobs, a hundred a call, and pilot jobs submitted, listed, ended.

Ids here are AWS's own: a plain job is a UUID, the child of an array job is `UUID:index`. A job that AWS no longer
knows (it forgets jobs about a week after they end) is left out of what is answered; that is no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

from pyanamo_tui.aws.faults import calling
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.errors import NotFound, UsageError

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

DESCRIBE_JOBS: Final = 100
"""Job ids that one DescribeJobs takes (AWS: "DescribeJobs")."""
MAX_ARRAY: Final = 10_000
MIN_ARRAY: Final = 2
"""Children of an array job (AWS: "Array jobs")."""
DEFAULT_LOG_GROUP: Final = "/aws/batch/job"
"""Where Batch keeps what a job prints, unless its definition says otherwise (AWS: "Using the awslogs log driver")."""
MAX_NAME: Final = 128
"""Characters of a job's name: letters, digits, `-` and `_` (AWS: "SubmitJob")."""
MAX_ATTEMPTS: Final = 10
MIN_TIMEOUT: Final = 60
"""Attempts of a job at the most, and seconds of a timeout at the least (AWS: "RetryStrategy", "JobTimeout")."""
_MILLISECONDS: Final = 1000.0


class JobState(StrEnum):
    """The states of a Batch job."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


ENDED_JOBS: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED})


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Times are epoch seconds. `children` counts an array job's children by state; empty for others.

    `definition` is `name:revision`. `attempts` is how many ended or run. What only DescribeJobs tells (command,
    attempts, log group and stream) is empty where a job was listed.
    """

    job_id: str
    name: str
    queue: str
    state: str
    reason: str = ""
    exit_code: int | None = None
    created_at: float | None = None
    started_at: float | None = None
    stopped_at: float | None = None
    array_size: int | None = None
    children: Mapping[str, int] | None = None
    definition: str = ""
    command: tuple[str, ...] = ()
    attempts: int = 0
    log_group: str = ""
    log_stream: str = ""

    @property
    def ended(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in ENDED_JOBS


@dataclass(frozen=True, slots=True)
class Queue:
    """One job queue, and whether jobs may be submitted to it."""

    name: str
    arn: str
    enabled: bool
    priority: int


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """One active revision of a job definition."""

    name: str
    revision: int
    arn: str
    image: str
    vcpus: float | None
    memory_mib: int | None


def _seconds(milliseconds: object) -> float | None:
    return float(milliseconds) / _MILLISECONDS if isinstance(milliseconds, int | float) and milliseconds else None


def _last_part(arn: str) -> str:
    return arn.rpartition("/")[2]


def _job(raw: Mapping[str, Any]) -> Job:
    """A job from DescribeJobs or ListJobs: both say the same things, the first more of them."""
    container, array = raw.get("container", {}), raw.get("arrayProperties", {})
    attempts: Sequence[Mapping[str, Any]] = raw.get("attempts", ())
    last = attempts[-1].get("container", {}) if attempts else {}
    log = container.get("logConfiguration", {}).get("options", {})
    reasons = (raw.get("statusReason"), container.get("reason") or last.get("reason"))
    return Job(
        job_id=raw["jobId"],
        name=raw.get("jobName", ""),
        queue=_last_part(raw.get("jobQueue", "")),
        state=raw.get("status", ""),
        reason=": ".join(dict.fromkeys(reason for reason in reasons if reason)),
        exit_code=container.get("exitCode", last.get("exitCode")),
        created_at=_seconds(raw.get("createdAt")),
        started_at=_seconds(raw.get("startedAt")),
        stopped_at=_seconds(raw.get("stoppedAt")),
        array_size=array.get("size"),
        children={state: count for state, count in array.get("statusSummary", {}).items() if count},
        definition=_last_part(raw.get("jobDefinition", "")),
        command=tuple(container.get("command", ())),
        attempts=len(attempts) + (raw.get("status") == JobState.RUNNING),
        log_group=log.get("awslogs-group", DEFAULT_LOG_GROUP) if container else "",
        log_stream=container.get("logStreamName") or last.get("logStreamName") or "",
    )


def _definition(raw: Mapping[str, Any]) -> JobDefinition:
    container = raw.get("containerProperties", {})
    asked = {entry.get("type"): entry.get("value") for entry in container.get("resourceRequirements", ())}
    vcpus, memory = asked.get("VCPU", container.get("vcpus")), asked.get("MEMORY", container.get("memory"))
    return JobDefinition(
        name=raw["jobDefinitionName"],
        revision=int(raw.get("revision", 1)),
        arn=raw["jobDefinitionArn"],
        image=container.get("image", ""),
        vcpus=None if vcpus is None else float(vcpus),
        memory_mib=None if memory is None else int(memory),
    )


class Batch:
    """The jobs, queues and job definitions of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _client(self) -> BatchClient:
        return self._connection.batch

    def describe(self, job_ids: Iterable[str]) -> dict[str, Job]:
        """What AWS knows of these jobs, by id, a hundred a call. Those it does not know are left out."""
        wanted = list(dict.fromkeys(job_ids))
        found: dict[str, Job] = {}
        for place in range(0, len(wanted), DESCRIBE_JOBS):
            with calling("batch", "jobs"):
                answer = self._client.describe_jobs(jobs=wanted[place : place + DESCRIBE_JOBS])
            for raw in answer.get("jobs", ()):
                job = _job(cast("Mapping[str, Any]", raw))
                found[job.job_id] = job
        return found

    def jobs(self, queue: str, state: JobState | None = None) -> Iterator[Job]:
        """The jobs of a queue, in one state or, a state after the other, in all; page by page."""
        for wanted in JobState if state is None else (state,):
            yield from self._list(jobQueue=queue, jobStatus=wanted.value)

    def named(self, queue: str, prefix: str) -> Iterator[Job]:
        """The jobs of a queue whose name begins so (in capitals or not), in whatever state; no children of arrays."""
        listed = self._list(jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [prefix + "*"]}])
        yield from (job for job in listed if ":" not in job.job_id)

    def children(self, array_id: str) -> Iterator[Job]:
        """The children of an array job, in whatever state."""
        for state in JobState:
            yield from self._list(arrayJobId=array_id, jobStatus=state.value)

    def _list(self, **which: Any) -> Iterator[Job]:  # noqa: ANN401 - ListJobs' own parameters
        start: dict[str, str] = {}
        while True:
            with calling("batch", "queue " + which.get("jobQueue", "") if "jobQueue" in which else "array job"):
                answer = self._client.list_jobs(**cast("Any", {**which, **start}))
            for raw in answer.get("jobSummaryList", ()):
                yield _job({"jobQueue": which.get("jobQueue", ""), **cast("Mapping[str, Any]", raw)})
            token = answer.get("nextToken")
            if not token:
                return
            start = {"nextToken": token}

    def queues(self) -> list[Queue]:
        """Every job queue, the one of the highest priority first."""
        found: list[Queue] = []
        with calling("batch", "job queues"):
            for page in self._client.get_paginator("describe_job_queues").paginate():
                found.extend(
                    Queue(
                        name=raw["jobQueueName"],
                        arn=raw["jobQueueArn"],
                        enabled=raw.get("state") == "ENABLED",
                        priority=int(raw.get("priority", 0)),
                    )
                    for raw in page["jobQueues"]
                )
        return sorted(found, key=lambda queue: (-queue.priority, queue.name))

    def definitions(self) -> list[JobDefinition]:
        """The active job definitions, the latest revision of each, by name."""
        latest: dict[str, JobDefinition] = {}
        with calling("batch", "job definitions"):
            for page in self._client.get_paginator("describe_job_definitions").paginate(status="ACTIVE"):
                for raw in page["jobDefinitions"]:
                    found = _definition(cast("Mapping[str, Any]", raw))
                    if found.name not in latest or latest[found.name].revision < found.revision:
                        latest[found.name] = found
        return [latest[name] for name in sorted(latest)]

    def submit(
        self,
        name: str,
        *,
        queue: str,
        definition: str,
        size: int = 1,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        attempts: int | None = None,
        timeout: int | None = None,
    ) -> str:
        """Submit a job, or an array job where `size` is more than one.

        Args:
            name: letters, digits, `-` and `_`, at most 128.
            queue: name or ARN of the queue.
            definition: name, `name:revision` or ARN of the job definition.
            size: how many run the same: 1 to 10,000.
            command: instead of the definition's own.
            environment: added to the definition's own.
            attempts: how often Batch starts it until it succeeds, 1 to 10; None is what the definition says.
            timeout: seconds after which Batch ends an attempt, from 60; None is what the definition says.

        Returns:
            The job's id; an array job's children are this, `:` and their index.

        Raises:
            UsageError: the size is out of range.
            ServiceRefused: AWS takes no such job; says why.
        """
        if not 1 <= size <= MAX_ARRAY:
            raise UsageError(f"A job has 1 to {MAX_ARRAY:,} pilots, not {size:,}", "Submit several jobs for more.")
        overrides: dict[str, Any] = {}
        if command is not None:
            overrides["command"] = list(command)
        if environment:
            overrides["environment"] = [{"name": key, "value": value} for key, value in environment.items()]
        request: dict[str, Any] = {"jobName": name, "jobQueue": queue, "jobDefinition": definition}
        if overrides:
            request["containerOverrides"] = overrides
        if size >= MIN_ARRAY:
            request["arrayProperties"] = {"size": size}
        if attempts is not None:
            request["retryStrategy"] = {"attempts": attempts}
        if timeout is not None:
            request["timeout"] = {"attemptDurationSeconds": timeout}
        with calling("batch", f"queue {_last_part(queue)}"):
            return self._client.submit_job(**request)["jobId"]

    def terminate(self, job_id: str, reason: str) -> None:
        """End a job in whatever state it is, an array job with all its children; its reason is kept with it.

        Raises:
            NotFound: AWS does not know the job. (It accepts the request all the same.)
        """
        if job_id not in self.describe([job_id]):
            raise NotFound(f"AWS Batch knows no job {job_id}", "It may have ended long ago.")
        with calling("batch", f"job {job_id}"):
            self._client.terminate_job(jobId=job_id, reason=reason)

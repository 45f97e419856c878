"""Pilot jobs on AWS Batch: engines of the open table where one host is not enough; submitted, found again, ended.

    plan = workspace.pilots.plan(20, queue="spot", definition="pyanamo-pilot", order=EngineOrder(tasks_at_once=4))
    submitted = workspace.pilots.submit(plan)      # one array job of 20
    workspace.pilots.jobs()                        # newest first, ended ones too as long as AWS knows them
    workspace.pilots.terminate([submitted.job_id], "no more needed")

They are found again by their name, `pyanamo-TABLE-…`, and told from those of tables with a name alike by their command.
Submitting and ending are in the journal; nothing takes them back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.aws.batch import Batch, Job, JobDefinition, JobState, Queue
from pyanamo_tui.core.journal import SUBMIT_PILOTS, TERMINATE_JOBS, Journal
from pyanamo_tui.core.journalfile import ActionCounts, ActionStatus, ActionWriter, Fate, JournalUnwritable, Noted
from pyanamo_tui.core.pilotplan import PilotPlan, PilotPlanner, job_prefix
from pyanamo_tui.core.who import Who
from pyanamo_tui.errors import CredentialsError, PyanamoError, ReadOnly, ServiceUnavailable, Throttled

_QUEUES_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that AWS took, and what the journal calls it."""

    job_id: str
    name: str
    pilots: int
    action_id: str


@dataclass(frozen=True, slots=True)
class PilotJob:
    """One job of pilots of this table. `by_state` counts its pilots by their state; a plain job is one pilot."""

    job: Job

    @property
    def pilots(self) -> int:
        """How many pilots it was submitted as."""
        return self.job.array_size or 1

    @property
    def by_state(self) -> Mapping[str, int]:
        """How many of its pilots are in each state, in the order of a job's life; states without any are left out."""
        if not self.job.array_size:
            return {self.job.state: 1}
        counts = self.job.children or {}
        return {state.value: counts[state] for state in JobState if counts.get(state)}

    @property
    def live(self) -> int:
        """How many of its pilots have not ended."""
        ended = sum(self.by_state.get(state, 0) for state in (JobState.SUCCEEDED, JobState.FAILED))
        return 0 if self.job.ended else max(0, self.pilots - ended)


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of ending one job: `done`, or why not. `failed` tells a refusal of AWS from nothing to do."""

    job_id: str
    name: str
    done: bool
    why: str = ""
    failed: bool = False


def is_pilot_of(job: Job, table: str) -> bool:
    """Whether a job runs an engine on this table, by its command."""
    words = job.command
    return any(
        (word in {"-t", "--table"} and words[place + 1 : place + 2] == (table,)) or word == f"--table={table}"
        for place, word in enumerate(words)
    )


class Pilots:
    """The pilot jobs of one table.

    Args:
        batch: AWS Batch of the same place.
        once: the same, sending each request once only: a submission sent again would be a second job.
        journal: the table's.
        who: account and role, for the journal.
        endpoint_url: where engines find AWS, if not where it is.
        bucket, key_prefix: where engines keep large logs.
        read_only: refuse to submit and to end.
        clock: epoch seconds.
    """

    def __init__(  # noqa: PLR0913 - one for each thing it works with
        self,
        batch: Batch,
        once: Callable[[], Batch],
        journal: Journal,
        *,
        who: Callable[[], Who],
        endpoint_url: str | None = None,
        bucket: str | None = None,
        key_prefix: str | None = None,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._batch = batch
        self._once = once
        self._journal = journal
        self._who = who
        self._read_only = read_only
        self.plan: Final = PilotPlanner(
            batch,
            table=journal.table,
            region=journal.region,
            endpoint_url=endpoint_url,
            bucket=bucket,
            key_prefix=key_prefix,
            clock=clock,
        ).plan
        """What `submit` is given: see `PilotPlanner.plan`. Asks AWS, and changes nothing."""

    # -- where pilots can run -----------------------------------------------------------------------

    def queues(self) -> list[Queue]:
        """Every job queue of the region, the one of the highest priority first."""
        return self._batch.queues()

    def definitions(self) -> list[JobDefinition]:
        """The active job definitions of the region, the latest revision of each, by name."""
        return self._batch.definitions()

    # -- submitting ---------------------------------------------------------------------------------

    def submit(self, plan: PilotPlan) -> Submitted:
        """Submit what was planned, as one job, noted in the journal first.

        Raises:
            ReadOnly: the table is open read-only. Nothing was sent.
            JournalUnwritable: it could not be journalled. Nothing was sent.
            ServiceRefused, PermissionDenied: AWS does not take it; says why.
            ServiceUnavailable: no answer came: it may have been submitted all the same, and is not sent again.
        """
        if self._read_only:
            raise ReadOnly("batch:SubmitJob")
        detail = {
            "job": plan.name,
            "pilots": f"{plan.pilots:,}",
            "queue": plan.queue,
            "definition": plan.definition,
            "command": " ".join(plan.command),
        }
        action = self._begin(SUBMIT_PILOTS, plan.pilots, detail)
        try:
            job_id = self._once().submit(
                plan.name,
                queue=plan.queue,
                definition=plan.definition,
                size=plan.pilots,
                command=plan.command,
                environment=plan.environment,
                attempts=plan.attempts,
                timeout=plan.timeout,
            )
        except PyanamoError as error:
            unsure = isinstance(error, ServiceUnavailable) and not isinstance(error, Throttled)
            counts = ActionCounts(ActionStatus.STOPPED, **{"unknown" if unsure else "failed": plan.pilots})
            _close(action, [Noted(None, plan.name, Fate.FAILED, error.message)], counts)
            if unsure:
                raise ServiceUnavailable(
                    f"{error.message}; whether {plan.name} was submitted is not known",
                    "Look before submitting again: pyanamo-tui batch list",
                ) from error
            raise
        words = "submitted" if plan.pilots == 1 else f"submitted as an array of {plan.pilots:,}"
        counts = ActionCounts(ActionStatus.FINISHED, changed=plan.pilots)
        _close(action, [Noted(None, job_id, Fate.CHANGED, f"{words}; cannot be undone")], counts)
        return Submitted(job_id, plan.name, plan.pilots, action.id)

    # -- following ----------------------------------------------------------------------------------

    def jobs(self, *, queues: Iterable[str] | None = None, ended: bool = True) -> tuple[PilotJob, ...]:
        """The pilot jobs of the table, the newest first. AWS forgets a job about a week after its end.

        Args:
            queues: look into these only; None is all of the region.
            ended: those, too, that have ended.
        """
        names = [queue.name for queue in self._batch.queues()] if queues is None else list(queues)
        prefix = job_prefix(self._journal.table)
        with ThreadPoolExecutor(_QUEUES_AT_ONCE, thread_name_prefix="pilots") as threads:
            listed = threads.map(lambda name: [*self._batch.named(name, prefix)], names)
            wanted = [job.job_id for jobs in listed for job in jobs if ended or not job.ended]
        found = self._batch.describe(wanted).values()
        mine = [PilotJob(job) for job in found if is_pilot_of(job, self._journal.table)]
        return tuple(sorted(mine, key=lambda pilot: (-(pilot.job.created_at or 0.0), pilot.job.job_id)))

    def job(self, job_id: str) -> Job | None:
        """What AWS knows now of one job, a child of an array by `ID:index`; None if nothing (any more)."""
        return self._batch.describe([job_id]).get(job_id)

    def children(self, job_id: str) -> tuple[Job, ...]:
        """The pilots of an array job one by one, by index; of a plain job none."""
        listed = [child.job_id for child in self._batch.children(job_id)]
        return tuple(sorted(self._batch.describe(listed).values(), key=lambda child: _index(child.job_id)))

    # -- ending -------------------------------------------------------------------------------------

    def terminate(self, job_ids: Sequence[str], reason: str) -> tuple[Ended, ...]:
        """End jobs, whole arrays or single children (`ID:index`); engines give their items back within 30 seconds.

        Args:
            job_ids: of any table: locks name jobs that others submitted, too.
            reason: kept with the job by AWS.

        Returns:
            An outcome for each, in this order: one that has ended already or is not known is left alone.

        Raises:
            ReadOnly, JournalUnwritable: nothing was sent.
            CredentialsError: they ended on the way.
        """
        if self._read_only:
            raise ReadOnly("batch:TerminateJob")
        wanted = list(dict.fromkeys(job_ids))
        known = self._batch.describe(wanted)
        detail = {"reason": reason, "jobs": ", ".join(wanted[:3]) + (" …" if len(wanted) > 3 else "")}  # noqa: PLR2004
        action = self._begin(TERMINATE_JOBS, len(wanted), detail)
        told: list[Ended] = []
        status = ActionStatus.STOPPED
        try:
            for job_id in wanted:
                told.append(self._end(job_id, known.get(job_id), reason))
            status = ActionStatus.FINISHED
        finally:
            fates = [(one, Fate.CHANGED if one.done else Fate.FAILED if one.failed else Fate.SKIPPED) for one in told]
            counts = ActionCounts(
                status,
                changed=sum(fate is Fate.CHANGED for _, fate in fates),
                skipped=sum(fate is Fate.SKIPPED for _, fate in fates),
                failed=sum(fate is Fate.FAILED for _, fate in fates),
                not_started=len(wanted) - len(told),
            )
            notes = [Noted(None, one.job_id, fate, one.why or "ended; cannot be undone") for one, fate in fates]
            _close(action, notes, counts)
        return tuple(told)

    def _end(self, job_id: str, job: Job | None, reason: str) -> Ended:
        if job is None:
            return Ended(job_id, "", False, "AWS Batch does not know it")
        if job.ended:
            return Ended(job_id, job.name, False, f"it has ended already: {job.state}")
        try:
            self._batch.terminate(job_id, reason)
        except CredentialsError:
            raise
        except PyanamoError as error:
            return Ended(job_id, job.name, False, error.message, failed=True)
        return Ended(job_id, job.name, True)

    def _begin(self, action: str, total: int, detail: Mapping[str, str]) -> ActionWriter:
        who = self._who()
        return self._journal.begin(action, total, detail=detail, account=who.account, role=who.role)


def _close(action: ActionWriter, notes: Sequence[Noted], counts: ActionCounts) -> None:
    try:
        action.outcomes(notes)
        action.end(counts)
    except JournalUnwritable:
        # What AWS did is told to whoever asked, and must not be hidden by this; the action is listed as interrupted.
        action.close()


def _index(job_id: str) -> int:
    index = job_id.rpartition(":")[2]
    return int(index) if index.isdigit() else -1

"""Who holds the locked items, and whether they still live: owner, lease and Batch job weighed into a verdict.

A lease decides where there is one, for engines reclaim by it. The original's locks have none: there the owner's
Batch job is asked, and a job that AWS cannot tell of leaves the verdict open, never an error (docs/wire-format.md).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pyanamo_tui.aws.batch import Batch, Job, JobState
from pyanamo_tui.aws.items import Items
from pyanamo_tui.core.census import facts_of
from pyanamo_tui.errors import CredentialsError, PyanamoError
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemFacts, ItemState

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_JOB: Final = re.compile(rf"({_UUID})(?:[:-](\d{{1,5}}))?", re.IGNORECASE)
_INSTANCE: Final = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class OwnerKind(StrEnum):
    """What an owner's name says it is."""

    BATCH_JOB = "Batch job"
    INSTANCE = "EC2 instance"
    HOST = "host"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who locked an item, as written in it. `job_id` is the Batch job as AWS writes it: an array child with `:`."""

    name: str
    kind: OwnerKind
    job_id: str | None = None


class Verdict(StrEnum):
    """Whether whoever locked an item still works on it."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LockedItem:
    """One locked item and what is known of its lock.

    `age` is seconds since it was locked, `lease_left` seconds until its lease ends (below 0: since it ended); None
    where the item does not say. `job_state` is AWS's word, empty where AWS does not know or was not asked.
    """

    facts: ItemFacts
    owner: Owner
    age: float | None
    lease_left: float | None
    job_state: str
    job_reason: str
    verdict: Verdict
    evidence: str


@dataclass(frozen=True, slots=True)
class JobsTold:
    """What AWS Batch told of the jobs asked for: those it knows, all that were asked for, and why it did not answer."""

    jobs: Mapping[str, Job] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LockedReport:
    """All locked items, the dead first, then the unknown, the oldest of each first.

    `batch_problem` says why AWS Batch could not be asked, empty if it was or need not be.
    """

    items: tuple[LockedItem, ...]
    batch_problem: str = ""

    @property
    def dead(self) -> tuple[LockedItem, ...]:
        """Those whose owner works on them no more."""
        return tuple(found for found in self.items if found.verdict is Verdict.DEAD)

    def by_verdict(self) -> Mapping[Verdict, int]:
        """How many there are of each verdict; every verdict is there."""
        return {verdict: sum(found.verdict is verdict for found in self.items) for verdict in Verdict}


def owner_of(name: str | None) -> Owner:
    """Tell apart Batch job ids (`UUID`, `UUID:3` written `UUID-3`), EC2 instance ids and host names."""
    if not name:
        return Owner("", OwnerKind.NOBODY)
    if job := _JOB.fullmatch(name):
        parent, child = job.group(1), job.group(2)
        return Owner(name, OwnerKind.BATCH_JOB, parent if child is None else f"{parent}:{int(child)}")
    if _INSTANCE.fullmatch(name):
        return Owner(name, OwnerKind.INSTANCE)
    return Owner(name, OwnerKind.HOST)


def span(seconds: float) -> str:
    """A length of time in words of at most two units: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    whole = int(abs(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours} h {rest // _MINUTE} min" if rest >= _MINUTE else f"{hours} h"
    days, rest = divmod(whole, _DAY)
    return f"{days} d {rest // _HOUR} h" if rest >= _HOUR else f"{days} d"


def _judge(owner: Owner, lease_left: float | None, job: Job | None, problem: str) -> tuple[Verdict, str]:
    """The verdict on one lock, and what it rests on."""
    if lease_left is not None:
        if lease_left > 0:
            return Verdict.ALIVE, f"its lease runs for {span(lease_left)} more"
        return Verdict.DEAD, f"its lease ran out {span(lease_left)} ago"
    if owner.kind is not OwnerKind.BATCH_JOB:
        who = (
            "nobody is named as its owner"
            if owner.kind is OwnerKind.NOBODY
            else f"{owner.kind} {owner.name} cannot be asked"
        )
        return Verdict.UNKNOWN, f"no lease, and {who}"
    if job is None:
        return Verdict.UNKNOWN, f"no lease, and {problem or 'AWS Batch knows its job no more'}"
    told = f"no lease; its job is {job.state}" + (f" ({job.reason})" if job.reason else "")
    if job.state == JobState.RUNNING:
        return Verdict.ALIVE, told
    return (Verdict.DEAD if job.ended else Verdict.UNKNOWN), told


_FIRST: Final = {Verdict.DEAD: 0, Verdict.UNKNOWN: 1, Verdict.ALIVE: 2}


class Locked:
    """Looks into the locks of one table.

    Args:
        items: the table.
        batch: AWS Batch of the same place.
        index: gives the index by state to read from.
        clock: epoch seconds.
    """

    def __init__(
        self, items: Items, batch: Batch, index: Callable[[], str], clock: Callable[[], float] = time.time
    ) -> None:
        self._items = items
        self._batch = batch
        self._index = index
        self._clock = clock

    def read(self) -> LockedReport:
        """Read the locked items of the table now, and look into them.

        Raises:
            PyanamoError: the table could not be read.
        """
        index, start = self._index(), None
        found: list[ItemFacts] = []
        while True:
            page = self._items.query_state(
                ItemState.LOCKED, index=index, attributes=schema.FACT_ATTRIBUTES, start=start
            )
            found.extend(facts_of(record) for record in page.records)
            start = page.next_key
            if start is None:
                return self.look(found)

    def look(self, items: Iterable[ItemFacts]) -> LockedReport:
        """Look into those of these items that are locked, asking AWS Batch for their jobs, a hundred a call.

        What AWS Batch refuses or does not know is told in the report.

        Raises:
            CredentialsError: there are none, or they have expired.
        """
        held = [facts for facts in items if facts.state == ItemState.LOCKED]
        return judge(held, self.ask(held), self._clock())

    def ask(self, items: Iterable[ItemFacts]) -> JobsTold:
        """Ask AWS Batch for the jobs that hold these items, a hundred a call.

        Raises:
            CredentialsError: there are none, or they have expired.
        """
        wanted = {owner_of(facts.owner).job_id for facts in items if facts.state == ItemState.LOCKED}
        asked = frozenset(job_id for job_id in wanted if job_id is not None)
        if not asked:
            return JobsTold()
        try:
            return JobsTold(self._batch.describe(sorted(asked)), asked)
        except CredentialsError:
            raise
        except PyanamoError as error:
            return JobsTold(asked=asked, problem=error.message)


def judge(items: Iterable[ItemFacts], told: JobsTold, now: float) -> LockedReport:
    """Weigh what is known of those of these items that are locked; asks nobody.

    A job that AWS Batch has not been asked for yet leaves the verdict open.
    """
    judged = [_look_at(facts, told, now) for facts in items if facts.state == ItemState.LOCKED]
    judged.sort(key=lambda found: (_FIRST[found.verdict], -(found.age or 0.0), found.facts.item_id))
    return LockedReport(tuple(judged), told.problem)


def _look_at(facts: ItemFacts, told: JobsTold, now: float) -> LockedItem:
    owner = owner_of(facts.owner)
    job = told.jobs.get(owner.job_id or "")
    lease_left = None if facts.lease_until is None else facts.lease_until - now
    problem = told.problem or ("" if owner.job_id in told.asked else "AWS Batch has not been asked for its job yet")
    verdict, evidence = _judge(owner, lease_left, job, problem)
    return LockedItem(
        facts=facts,
        owner=owner,
        age=None if facts.locked_at is None else max(0.0, now - facts.locked_at),
        lease_left=lease_left,
        job_state="" if job is None else job.state,
        job_reason="" if job is None else job.reason,
        verdict=verdict,
        evidence=evidence,
    )

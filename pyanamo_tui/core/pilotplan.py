"""What submitting pilot jobs would send to AWS Batch: queue and definition chosen, command made, numbers checked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pyanamo_tui.aws.batch import MAX_ARRAY, MAX_ATTEMPTS, MAX_NAME, MIN_TIMEOUT, Batch, Queue
from pyanamo_tui.core.engineorder import EngineOrder
from pyanamo_tui.errors import NotFound, PermissionDenied, UsageError

NAME_PREFIX: Final = "pyanamo-"
_STAMP: Final = "%Y%m%d-%H%M%S"
_STAMP_LENGTH: Final = 15
_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_-]")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFINITION: Final = re.compile(r"(?:arn:.*/)?(?P<name>[^/:]+)(?::\d+)?")


@dataclass(frozen=True, slots=True)
class PilotPlan:
    """What would be submitted, whole: what AWS is sent, and where.

    Attributes:
        name: the job's name.
        pilots: how many run the same; above one they are an array job.
        queue, definition: by name (or ARN, as they were given).
        command: the words each pilot runs, instead of the definition's own.
        environment: added to the definition's own.
        attempts: how often Batch starts a pilot until it succeeds; None is what the definition says.
        timeout: seconds after which Batch ends a pilot; None is what the definition says.
        table, region: where the items are.
    """

    name: str
    pilots: int
    queue: str
    definition: str
    command: tuple[str, ...]
    table: str
    region: str
    environment: Mapping[str, str] = field(default_factory=dict)
    attempts: int | None = None
    timeout: int | None = None


def job_prefix(table: str) -> str:
    """What the names of a table's pilot jobs begin with, of the characters that Batch allows and short enough."""
    room = MAX_NAME - len(NAME_PREFIX) - 1 - _STAMP_LENGTH
    return f"{NAME_PREFIX}{_FORBIDDEN.sub('_', table)[:room]}-"


class PilotPlanner:
    """Makes plans for the pilot jobs of one table.

    Args:
        batch: AWS Batch of the same place, to ask for queues and definitions.
        table, region: where the items are.
        endpoint_url: where engines find AWS, if not where it is.
        bucket, key_prefix: where engines keep large logs.
        clock: epoch seconds.
    """

    def __init__(
        self,
        batch: Batch,
        *,
        table: str,
        region: str,
        endpoint_url: str | None = None,
        bucket: str | None = None,
        key_prefix: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._batch = batch
        self._table = table
        self._region = region
        self._endpoint_url = endpoint_url
        self._bucket = bucket
        self._key_prefix = key_prefix
        self._clock = clock

    def plan(
        self,
        pilots: int = 1,
        *,
        queue: str | None = None,
        definition: str | None = None,
        order: EngineOrder | None = None,
        environment: Mapping[str, str] | None = None,
        attempts: int | None = None,
        timeout: int | None = None,
    ) -> PilotPlan:
        """What `Pilots.submit` would send. Asks AWS for queues and definitions, and changes nothing.

        Args:
            pilots: how many, 1 to 10,000.
            queue: name or ARN; None is the only queue that takes jobs.
            definition: name, `name:revision` or ARN; None is the only one there is.
            order: how the engines are to work.
            environment: added to the definition's own.
            attempts: how often Batch starts a pilot until it succeeds, 1 to 10.
            timeout: seconds after which Batch ends a pilot, from 60.

        Raises:
            UsageError: a number or a name cannot be used, or one has to be chosen; lists the choices.
            NotFound: there is no such queue or definition.
        """
        _check("pilots", pilots, 1, MAX_ARRAY, "Submit several times for more.")
        if attempts is not None:
            _check("attempts", attempts, 1, MAX_ATTEMPTS, "AWS Batch starts a job ten times at the most.")
        if timeout is not None and timeout < MIN_TIMEOUT:
            raise UsageError(f"A timeout of {timeout} s is too short", f"AWS Batch takes {MIN_TIMEOUT} s or more.")
        wanted = dict(environment or {})
        for name in wanted:
            if not _VARIABLE.fullmatch(name) or name.startswith("AWS_BATCH"):
                raise UsageError(
                    f"{name!r} cannot be a variable of a job",
                    "Use letters, digits and _; names that begin with AWS_BATCH are kept by AWS.",
                )
        command = (order or EngineOrder()).command(
            self._table,
            self._region,
            endpoint_url=self._endpoint_url,
            bucket=self._bucket,
            key_prefix=self._key_prefix,
        )
        return PilotPlan(
            name=job_prefix(self._table) + time.strftime(_STAMP, time.gmtime(self._clock())),
            pilots=pilots,
            queue=self._choose_queue(queue),
            definition=self._choose_definition(definition),
            command=command,
            environment=wanted,
            attempts=attempts,
            timeout=timeout,
            table=self._table,
            region=self._region,
        )

    def _choose_queue(self, asked: str | None) -> str:
        try:
            known = self._batch.queues()
        except PermissionDenied:
            if asked is None:
                raise
            # Who may submit but not look is taken at their word; AWS says if there is no such queue.
            return asked
        found = next((queue for queue in known if asked in {queue.name, queue.arn}), None)
        if found is not None:
            if not found.enabled:
                raise UsageError(f"Queue {found.name} takes no jobs: it is disabled", _choices(known))
            return found.name
        if asked is not None:
            raise NotFound(f"There is no job queue {asked} in {self._region}", _choices(known))
        return _only("job queue", "--queue", [queue.name for queue in known if queue.enabled])

    def _choose_definition(self, asked: str | None) -> str:
        try:
            names = [found.name for found in self._batch.definitions()]
        except PermissionDenied:
            if asked is None:
                raise
            return asked
        if asked is None:
            return _only("job definition", "--definition", names)
        named = _DEFINITION.fullmatch(asked)
        if named is None or named["name"] not in names:
            told = "They are: " + ", ".join(names) if names else "Register one: docs/engine.md"
            raise NotFound(f"There is no active job definition {asked} in {self._region}", told)
        return asked


def _check(what: str, value: int, least: int, most: int, hint: str) -> None:
    if not least <= value <= most:
        raise UsageError(f"A job has {least:,} to {most:,} {what}, not {value:,}", hint)


def _only(what: str, option: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    if not names:
        raise NotFound(f"There is no {what} that can be used here", "Make one first: docs/engine.md says how.")
    raise UsageError(f"Which {what}? There are {len(names):,}", f"Choose with {option}: {', '.join(names)}")


def _choices(known: Iterable[Queue]) -> str:
    names = [queue.name for queue in known if queue.enabled]
    return "Those that take jobs: " + ", ".join(names) if names else "No queue takes jobs here."

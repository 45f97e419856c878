"""The values the whole product speaks in: items, tasks, logs, and the Snapshot every screen renders.

All frozen and slotted. Times are epoch seconds (UTC) as floats; `None` means the table does not say.
Attribute names and the table's own formats live in `schema.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pyanamo_tui.workflow.timeline import Timeline

if TYPE_CHECKING:
    from pyanamo_tui.workflow.rates import RateHistory


class ItemState(StrEnum):
    """The states the engines know. A table may hold any other string that a user chose (docs/wire-format.md)."""

    TODO = "todo"
    LOCKED = "locked"
    DONE = "done"
    FAILED = "failed"
    WALL_TIME = "Wall_Time_Exceeded"


KNOWN_STATES: Final = tuple(ItemState)


class TaskStatus(StrEnum):
    """The status of one nested task. `failed` is ours: the original engine only runs `todo` tasks."""

    TODO = "todo"
    DONE = "done"
    FAILED = "failed"


ENDED_STATUSES: Final = frozenset({TaskStatus.DONE, TaskStatus.FAILED})


class Debris(StrEnum):
    """What can be wrong with an item that other software left in the table; the value says it to a user."""

    PHANTOM = "no step and no script: a phantom"
    NO_SCRIPT = "no script to run"
    EMPTY_TASKS = "a nested item without tasks"
    STEP_NOT_TEXT = "the step is not text"
    COUNT_EXCEEDS = "more finished tasks than tasks"
    COUNT_WRONG = "the task counts disagree with the tasks"
    NOTHING_TO_RUN = "waiting, but every task is done"
    DONE_BUT_FAILED = "done, but the log says it failed"
    LOCK_WITHOUT_ID = "locked without a lock id"
    STATE_NOT_TEXT = "the state is missing or not text"
    MALFORMED = "an attribute has an unexpected type"


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """The small attributes of an item: what lists, counts and the Monitor hold, never scripts or logs.

    `log_length` is lines of stdout for a single item, ended tasks for a nested one.
    `ended_with_error` is true where the original wrote `Error-` before the date.
    """

    item_id: str
    state: str
    step: str | None = None
    owner: str | None = None
    lock_id: str | None = None
    locked_at: float | None = None
    ended_at: float | None = None
    ended_with_error: bool = False
    log_length: int | None = None
    nested_tasks: int | None = None
    failed_tasks: int | None = None
    exit_code: int | None = None
    attempts: int | None = None
    lease_until: float | None = None
    signature: str | None = None
    updated_at: float | None = None
    debris: tuple[Debris, ...] = ()

    @property
    def nested(self) -> bool:
        """Whether the item says that it has nested tasks."""
        return self.nested_tasks is not None

    @property
    def done_tasks(self) -> int:
        """Nested tasks that ended well, never more than there are tasks."""
        ended = min(self.log_length or 0, self.nested_tasks or 0)
        return max(0, ended - (self.failed_tasks or 0))

    @property
    def percent_done(self) -> int:
        """Whole percent of the nested tasks that ended well: 100 only when all did, 0 only when none did."""
        total = self.nested_tasks or 0
        if total <= 0:
            return 100 if self.state == ItemState.DONE else 0
        done = self.done_tasks
        if done <= 0:
            return 0
        return 100 if done >= total else min(99, max(1, done * 100 // total))


@dataclass(frozen=True, slots=True)
class EarlierLog:
    """What is kept of an earlier attempt's log once a later attempt has ended."""

    attempt: int | None = None
    exit_code: int | None = None
    status: str = ""
    stdout: str = ""
    stderr: str = ""
    uri: str | None = None
    stderr_uri: str | None = None
    finished_at: float | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log as it stands in the item: the whole of it, or its tail with `uri` naming where the whole is."""

    status: str = ""
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    attempt: int | None = None
    uri: str | None = None
    stderr_uri: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    earlier: tuple[EarlierLog, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One nested task: its key (`Task_0`), command, status, and log if it has one."""

    key: str
    script: str
    status: str
    log: LogEntry | None = None

    @property
    def ended(self) -> bool:
        """Whether the task has run to an end, well or not."""
        return self.status in ENDED_STATUSES


@dataclass(frozen=True, slots=True)
class Item:
    """A whole item as read: its facts, what it runs, its logs."""

    facts: ItemFacts
    script: str | None = None
    tasks: tuple[Task, ...] = ()
    log: LogEntry | None = None
    live_tail: str | None = None

    @property
    def item_id(self) -> str:
        """The item's id."""
        return self.facts.item_id

    @property
    def nested(self) -> bool:
        """Whether it runs nested tasks rather than one script."""
        return self.facts.nested or bool(self.tasks)

    def task(self, key: str) -> Task | None:
        """The nested task of this key, or None."""
        return next((task for task in self.tasks if task.key == key), None)


class Quarter(StrEnum):
    """Nested items by percent done (docs/wire-format.md, "The documented client")."""

    TODO = "todo"
    Q1 = "Q1"
    Q2 = "Q2"
    Q3 = "Q3"
    Q4 = "Q4"
    DONE = "done"


QUARTER_LABELS: Final[Mapping[Quarter, str]] = {
    Quarter.TODO: "0 %",
    Quarter.Q1: "1–25 %",
    Quarter.Q2: "26–50 %",
    Quarter.Q3: "51–75 %",
    Quarter.Q4: "76–99 %",
    Quarter.DONE: "100 %",
}


def quarter_of(percent: int) -> Quarter:
    """The quarter that a percentage (0–100) belongs to."""
    if percent <= 0:
        return Quarter.TODO
    for upper, quarter in ((25, Quarter.Q1), (50, Quarter.Q2), (75, Quarter.Q3), (99, Quarter.Q4)):
        if percent <= upper:
            return quarter
    return Quarter.DONE


@dataclass(frozen=True, slots=True)
class StepCounts:
    """How many items of one step are in each state."""

    step: str
    states: Mapping[str, int]

    @property
    def total(self) -> int:
        """All items of the step."""
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failed items that share a signature. `first` and `last` are when the earliest and latest of them ended."""

    signature: str
    count: int
    exit_code: int | None
    first: float | None
    last: float | None
    item_ids: tuple[str, ...]
    steps: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How fast the workflow goes. Rates are items ended per minute; `eta` is seconds left as (low, high).

    `idle`: items wait, and no worker holds any.
    """

    percent: int = 0
    rate_per_minute: float | None = None
    rate_overall: float | None = None
    failures_per_hour: float | None = None
    eta: tuple[float, float] | None = None
    stalled: bool = False
    idle: bool = False
    history: tuple[float, ...] = ()


class Source(StrEnum):
    """How a Snapshot knows what it says."""

    NONE = "none"
    CENSUS = "census"
    STREAM = "stream"


class HealthStatus(StrEnum):
    """How the Monitor stands with AWS; each looks different on the status line."""

    CONNECTING = "connecting"
    LIVE = "live"
    POLLING = "polling"
    PAUSED = "paused"
    STALE = "stale"
    THROTTLED = "throttled"
    NO_PERMISSION = "no permission"
    NO_CREDENTIALS = "credentials"
    NO_TABLE = "no table"
    OFFLINE = "offline"
    FAILED = "error"


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the connection, in words a user can act on."""

    status: HealthStatus = HealthStatus.CONNECTING
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """Read units this Monitor has consumed: in all, in the last minute, and what it allows itself per second."""

    consumed: float = 0.0
    per_minute: float = 0.0
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One immutable picture of a table; every screen, status line and command renders this.

    `counts` is by state, exact when `exact`, a lower bound (`>500`) when not. `items` maps every known id to
    its facts and is never mutated after publication; `changed` are the ids that differ from the previous
    Snapshot (None: take all as changed). `as_of` is when the data was read. `timeline` is how the counts went since
    the first whole one, `rates` when items ended, from before that where the table says so.
    """

    table: str
    seq: int = 0
    as_of: float | None = None
    exact: bool = False
    source: Source = Source.NONE
    counts: Mapping[str, int] = field(default_factory=dict)
    items: Mapping[str, ItemFacts] = field(default_factory=dict)
    changed: frozenset[str] | None = None
    steps: tuple[StepCounts, ...] = ()
    quarters: Mapping[Quarter, int] = field(default_factory=dict)
    failures: tuple[FailureGroup, ...] = ()
    progress: Progress = Progress()
    cost: Cost = Cost()
    health: Health = Health()
    timeline: Timeline = field(default_factory=Timeline)
    rates: RateHistory | None = None

    @property
    def total(self) -> int:
        """Items counted so far."""
        return sum(self.counts.values())

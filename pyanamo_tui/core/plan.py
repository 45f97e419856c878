"""What is going to be done to which items, and what was: the values that confirmations, bars and results show.

A `Plan` is made by `core.actions.Actions` (or the doctor) and given to `Actions.apply`, which answers with an
`ActionResult` that has an outcome for every item (DESIGN "Per-item outcomes").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.workflow.change import Change, Condition
from pyanamo_tui.workflow.schema import Record


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """One item that was skipped or failed, and why, in the words of a user."""

    item: str
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """One write to one item: it is `before` now and shall be `after` (None: no such item).

    With a `change` it is sent as an update, else as a put or a delete under `conditions`.
    """

    item_id: str
    before: Record | None
    after: Record | None
    change: Change | None = None
    conditions: tuple[Condition, ...] = ()


class Decide(Protocol):
    """Decides what happens to one item, from the item as it is now (None: there is none) and the time.

    Raises:
        Refused: nothing shall happen to it; the message says why.
    """

    def __call__(self, item_id: str, record: Record | None, now: float, /) -> Step: ...


Progress = Callable[[int, int, int, int, int], None]
"""Told (done, total, changed, skipped, failed) after each batch, on the thread that called `apply`."""
Cancelled = Callable[[], bool]
"""Asked before each item, from several threads; True stops the action (`threading.Event.is_set` will do)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An action that has not been made yet. Nothing is written before `Actions.apply`.

    Attributes:
        action: `requeue`, `set-state`, `delete`, `delete-tasks`, `repair` or `undo`.
        item_ids: the items, each once, in the order given.
        table, region, account: where; the account number is None where AWS did not tell.
        detail: what else was asked, for people: `scope`, `state`, `tasks`, `signature`.
        outcomes: how many items by what is expected of them, in words: `{"requeued": 198, "a worker holds it": 3}`.
            Empty where nothing was looked at.
        would_change: items expected to change; None where nothing was looked at.
        skipped: items that would be skipped, one by one; only where each item was read (`exact`).
        write_units: estimate of the write units, indexes included; None where nothing was looked at.
        exact: each item was read for this; False: it is by what was known of their states.
        undoes: id of the action that this takes back, for `undo`.
        about: that action in words: what was done, when, by whom.
        decide: what happens to each item, decided again when it is applied.
    """

    action: str
    item_ids: tuple[str, ...]
    table: str
    region: str
    account: str | None
    detail: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    would_change: int | None = None
    skipped: tuple[ItemOutcome, ...] = ()
    write_units: float | None = None
    exact: bool = False
    undoes: str | None = None
    about: str = ""
    decide: Decide = field(kw_only=True, repr=False, compare=False)

    @property
    def total(self) -> int:
        """How many items it names."""
        return len(self.item_ids)

    def dry(self) -> dict[str, object]:
        """The plan for `--dry-run --json`."""
        return {
            "action": self.action,
            "table": self.table,
            "region": self.region,
            "account": self.account,
            "detail": dict(self.detail),
            "items": self.total,
            "would_change": self.would_change,
            "outcomes": dict(self.outcomes),
            "skipped": [{"item": one.item, "why": one.why} for one in self.skipped],
            "write_units": self.write_units,
            "exact": self.exact,
            "undoes": self.undoes,
            "about": self.about,
            "dry_run": True,
        }


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action did, item by item.

    Attributes:
        action: as in the Plan.
        id: the action's id in the journal, which undo takes; None where there was nothing to write.
        changed: how many items were changed.
        changed_ids: which.
        skipped, failed: items left alone on purpose, and items for which AWS refused or could not be reached. A failed
            one can be tried again safely by running the same again.
        cancelled: it was told to stop.
        not_started: items that nothing was sent for, because it stopped.
        error: what stopped it before its end, if anything did.
    """

    action: str
    id: str | None
    changed: int
    skipped: tuple[ItemOutcome, ...] = ()
    failed: tuple[ItemOutcome, ...] = ()
    cancelled: bool = False
    not_started: int = 0
    changed_ids: tuple[str, ...] = ()
    error: PyanamoError | None = None

    @property
    def complete(self) -> bool:
        """Whether every item was dealt with: changed, or skipped for a reason of its own."""
        return not (self.failed or self.not_started or self.cancelled or self.error)

    def as_json(self) -> dict[str, object]:
        """The shape that `--json` gives for every bulk change."""
        return {
            "action": self.action,
            "id": self.id,
            "changed": self.changed,
            "skipped": [{"item": one.item, "why": one.why} for one in self.skipped],
            "failed": [{"item": one.item, "why": one.why} for one in self.failed],
            "cancelled": self.cancelled,
            "not_started": self.not_started,
            "error": None if self.error is None else self.error.message,
        }


def asked_words(detail: Mapping[str, str]) -> str:
    """What was asked beside the action's name, from a Plan's or an action's `detail`: scope, state, file …"""
    return ", ".join(f"{name} {value}" for name, value in detail.items() if value)


def undone_action(detail: Mapping[str, str]) -> str:
    """Which kind of action an undo takes back, from its `detail`: `import`, `delete` …; empty where it is no undo."""
    return detail.get("of", "").partition(" ")[0]


def reasons(outcomes: Sequence[ItemOutcome]) -> dict[str, int]:
    """How many items by why, most first: what a summary of a thousand skipped items says."""
    return dict(Counter(outcome.why for outcome in outcomes).most_common())

"""What users change: requeue, set state, delete, undo. First a plan that says what would happen, then apply.

    plan = workspace.actions.requeue(ids, facts=snapshot.items)     # nothing is written
    result = workspace.actions.apply(plan, progress=show, cancelled=stop.is_set)
    workspace.actions.apply(workspace.actions.undo(result.id))

Each item is decided by `workflow.transitions` on what it is at the moment of writing, journalled as it was, and
written under the condition that it still is that; so a plan that has grown old does no harm.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from pyanamo_tui.aws.items import GET_BATCH, Items
from pyanamo_tui.core.apply import NO_SUCH_ITEM, WORKERS, Application
from pyanamo_tui.core.journal import IMPORT, Journal
from pyanamo_tui.core.plan import ActionResult, Cancelled, Decide, ItemOutcome, Plan, Progress, Step, reasons
from pyanamo_tui.core.undo import undoing
from pyanamo_tui.core.who import Who
from pyanamo_tui.errors import NotFound, ReadOnly, UsageError
from pyanamo_tui.workflow import transitions
from pyanamo_tui.workflow.change import Change, apply, fold
from pyanamo_tui.workflow.model import ItemFacts, ItemState
from pyanamo_tui.workflow.schema import LOCK_ID, Record, string_of
from pyanamo_tui.workflow.sizes import record_bytes
from pyanamo_tui.workflow.transitions import Refused, Scope

REQUEUE: Final = "requeue"
SET_STATE: Final = "set-state"
DELETE: Final = "delete"
DELETE_TASKS: Final = "delete-tasks"
UNDO: Final = "undo"
REPAIR: Final = "repair"

EXACT_UP_TO: Final = 500
"""Items up to which a plan reads each of them even where their facts are known."""
DONE_TO: Final[Mapping[str, str]] = {
    REQUEUE: "requeued",
    SET_STATE: "set to the state",
    DELETE: "deleted",
    DELETE_TASKS: "without those tasks",
    UNDO: "put back as before",
    REPAIR: "repaired",
}
"""What a Plan's `outcomes` call an item that would be changed."""
TAKEN_OUT: Final = "taken out again"
"""What they call one that an undo deletes, since the action that is undone made it."""
HELD: Final = "a worker holds it"
_INDEXES: Final = 5
_WRITE_UNIT: Final = 1024
_ROLE_PATIENCE: Final = 3.0

Keys = Collection[str] | Mapping[str, Collection[str]]
"""Task keys: the same for every item, or by item id."""


class Actions:
    """The changes of one table.

    Args:
        items, journal: of the table.
        who: asks AWS for account and role; may fail.
        created: asks when the table was made, epoch seconds; None where that is not known.
        read_only: refuse to apply anything.
        clock: epoch seconds.
        workers: batches written at once.
    """

    def __init__(
        self,
        items: Items,
        journal: Journal,
        *,
        who: Callable[[], Who] = Who,
        created: Callable[[], float | None] = lambda: None,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
        workers: int = WORKERS,
    ) -> None:
        self._items = items
        self._journal = journal
        self._ask_who = who
        self._created = created
        self._read_only = read_only
        self._clock = clock
        self._workers = workers
        self._who: Who | None = None

    def requeue(
        self,
        item_ids: Iterable[str],
        scope: Scope = Scope.ITEM,
        keys: Keys = (),
        *,
        steal: bool = False,
        dead: Mapping[str, str | None] | None = None,
        facts: Mapping[str, ItemFacts] | None = None,
        look: bool = True,
        detail: Mapping[str, str] | None = None,
    ) -> Plan:
        """Make items wait again, keeping their logs until the next attempt ends.

        Args:
            item_ids: which; repeated ones count once.
            scope: what of them (workflow.transitions.Scope).
            keys: task keys for `Scope.NAMED_TASKS`, the same for every item or by item id.
            steal: also items that a worker holds, whoever it is.
            dead: of held items only these, by item id with the `lockID` that was found dead; one that another worker
                has locked since is skipped.
            facts: what is known of the items: with more than 500 of them the plan says what would happen by that,
                without reading them twice.
            look: False makes the plan without looking at anything, for `--yes`.
            detail: noted in the journal, e.g. `{"signature": ...}`.
        """

        def decide(record: Record, now: float) -> Change:
            item_id = record["itemID"]["S"]
            mine = steal or _is_dead(record, dead)
            named = keys.get(item_id, ()) if isinstance(keys, Mapping) else keys
            return transitions.requeue(record, now=now, scope=scope, keys=tuple(named), steal=mine)

        def foresee(known: ItemFacts) -> str | None:
            dead_too = steal or (dead is not None and dead.get(known.item_id, "") == known.lock_id)
            if known.state == ItemState.LOCKED and not dead_too:
                return HELD
            if known.state == ItemState.TODO and not known.nested:
                return "it is waiting already"
            if scope in {Scope.FAILED_TASKS, Scope.NAMED_TASKS} and not known.nested:
                return "it has no nested tasks"
            if scope == Scope.FAILED_TASKS and known.failed_tasks == 0:
                return "none of its tasks failed"
            return None

        told = {"scope": scope.value, **(detail or {})}
        if scope == Scope.NAMED_TASKS:
            told["tasks"] = "by item" if isinstance(keys, Mapping) else ", ".join(keys)
        if dead is not None:
            told["dead"] = "only of workers found dead"
        return self._plan(REQUEUE, item_ids, updating(decide), told, foresee, facts, look=look)

    def set_state(
        self,
        item_ids: Iterable[str],
        state: str,
        *,
        steal: bool = False,
        dead: Mapping[str, str | None] | None = None,
        facts: Mapping[str, ItemFacts] | None = None,
        look: bool = True,
    ) -> Plan:
        """Park items in a state; `todo` is a requeue. Their tasks and logs stay. `dead` is as in `requeue`.

        Raises:
            UsageError: no item can be given that state by a person.
        """
        if not state.strip():
            raise UsageError("A state cannot be empty", "Give it a name, e.g. Pending.")
        if state == ItemState.LOCKED:
            raise UsageError("Only a worker can lock an item", "Park items in a state of any other name.")

        def decide(record: Record, now: float) -> Change:
            return transitions.set_state(record, state, now=now, steal=steal or _is_dead(record, dead))

        def foresee(known: ItemFacts) -> str | None:
            dead_too = steal or (dead is not None and dead.get(known.item_id, "") == known.lock_id)
            if known.state == ItemState.LOCKED and not dead_too:
                return HELD
            if known.state == state and not known.nested:
                return f"it is {state} already"
            return None

        return self._plan(SET_STATE, item_ids, updating(decide), {"state": state}, foresee, facts, look=look)

    def delete(
        self,
        item_ids: Iterable[str],
        *,
        steal: bool = False,
        facts: Mapping[str, ItemFacts] | None = None,
        look: bool = True,
    ) -> Plan:
        """Delete items. One that a worker holds is skipped unless `steal`."""

        def decide(item_id: str, record: Record | None, _now: float) -> Step:
            if record is None:
                raise Refused(NO_SUCH_ITEM)
            if record.get("ItemState") == {"S": ItemState.LOCKED} and not steal:
                raise Refused(HELD)
            return Step(item_id, record, None, conditions=transitions.exactly(record))

        def foresee(known: ItemFacts) -> str | None:
            return HELD if known.state == ItemState.LOCKED and not steal else None

        return self._plan(DELETE, item_ids, decide, {}, foresee, facts, look=look)

    def delete_tasks(self, items: str | Iterable[str], keys: Keys | None, *, look: bool = True) -> Plan:
        """Delete nested tasks and their logs, every count put right; `keys` None is all of them, said on purpose.

        Args:
            items: one id or several.
            keys: task keys for every item, or by item id; None for all tasks.
        """

        def decide(record: Record, now: float) -> Change:
            named = keys.get(record["itemID"]["S"], ()) if isinstance(keys, Mapping) else keys
            if named is not None and not named:
                raise Refused("no task was named")
            return transitions.delete_tasks(record, named, now=now)

        told = "all" if keys is None else "by item" if isinstance(keys, Mapping) else ", ".join(keys)
        ids = [items] if isinstance(items, str) else items
        return self._plan(DELETE_TASKS, ids, updating(decide), {"tasks": told}, None, None, look=look)

    def undo(self, action_id: str | None = None, *, look: bool = True) -> Plan:
        """Take an action back: every item that it changed becomes what it was, if it still is what the action left.

        Args:
            action_id: from `ActionResult.id` or `journal.activity()`; None is the latest that can be undone. An undo is
                an action too: undoing it makes the change again.

        Raises:
            NotFound: there is no such action, or none to undo.
            UsageError: it is still running, was made in another account, or was done by AWS Batch.
        """
        if action_id is None:
            latest = self._journal.latest_undoable()
            if latest is None:
                raise NotFound("There is nothing to undo", "List what was done: pyanamo-tui activity")
            action_id = latest.id
        file = self._journal.read(action_id)
        if file.running():
            raise UsageError(f"Action {action_id} is still running", "Stop it or let it end, then undo it.")
        account = self.who().account
        if account is not None and file.header.account not in {None, account}:
            raise UsageError(
                f"Action {action_id} was made in account {file.header.account}, not in {account}",
                "Open the table with the profile of that account.",
            )
        item_ids, decide = undoing(file)
        detail = {"of": f"{file.header.action} {action_id}"}
        plan = self._plan(UNDO, item_ids, decide, detail, None, None, look=look and len(item_ids) <= EXACT_UP_TO)
        if look and not plan.exact:
            done = TAKEN_OUT if file.header.action == IMPORT else DONE_TO[UNDO]
            plan = replace(plan, outcomes={done: plan.total}, would_change=plan.total)
        about = file.header.words
        if look and (self._created() or 0.0) > file.header.at:
            about += ". The table was made anew since: the items are those of a table that is gone"
        return replace(plan, undoes=action_id, about=about)

    def apply(self, plan: Plan, progress: Progress | None = None, cancelled: Cancelled | None = None) -> ActionResult:
        """Make a planned change, journalled first; every item gets an outcome.

        Args:
            plan: made by this or by the doctor.
            progress: told (done, total, changed, skipped, failed) after each batch, on this thread.
            cancelled: asked before each item, from several threads; True stops within one batch.

        Raises:
            ReadOnly: the table is open read-only. Nothing was sent.
            JournalUnwritable: it could not be journalled. Nothing was changed.
            PyanamoError: credentials, permission or table were missing before anything was changed.
        """
        if self._read_only:
            raise ReadOnly(plan.action)
        if not plan.item_ids:
            return ActionResult(plan.action, None, 0)
        who = self.who()
        log = self._journal.begin(
            plan.action, plan.total, detail=plan.detail, undoes=plan.undoes, account=who.account, role=who.role
        )
        running = Application(self._items, log, plan, clock=self._clock, workers=self._workers)
        return running.run(progress, cancelled)

    def who(self) -> Who:
        """Account and role for confirmations and the journal, asked for once; waits 3 seconds at the most."""
        if self._who is None:
            answers: list[Who] = []
            asking = threading.Thread(target=lambda: answers.append(self._ask_who()), daemon=True)
            asking.start()
            asking.join(_ROLE_PATIENCE)
            self._who = answers[0] if answers else Who()
        return self._who

    def plan(
        self,
        action: str,
        item_ids: Iterable[str],
        decide: Decide,
        *,
        detail: Mapping[str, str] | None = None,
        look: bool = True,
    ) -> Plan:
        """A plan of another kind, for other parts of the core (the doctor): `decide` says what happens to each item."""
        return self._plan(action, item_ids, decide, detail or {}, None, None, look=look)

    def _plan(
        self,
        action: str,
        item_ids: Iterable[str],
        decide: Decide,
        detail: Mapping[str, str],
        foresee: Callable[[ItemFacts], str | None] | None,
        facts: Mapping[str, ItemFacts] | None,
        *,
        look: bool,
    ) -> Plan:
        ids = tuple(dict.fromkeys(item_ids))
        plan = Plan(
            action=action,
            item_ids=ids,
            table=self._items.table,
            region=self._journal.region,
            account=self.who().account,
            detail=detail,
            decide=decide,
        )
        if not look:
            return plan
        if facts is None or foresee is None or len(ids) <= EXACT_UP_TO:
            return self._looked_at(plan)
        expected: dict[str, int] = {}
        for item_id in ids:
            known = facts.get(item_id)
            why = NO_SUCH_ITEM if known is None else foresee(known)
            outcome = DONE_TO[action] if why is None else why
            expected[outcome] = expected.get(outcome, 0) + 1
        changing = expected.get(DONE_TO[action], 0)
        return replace(plan, outcomes=expected, would_change=changing, write_units=float(changing * _units(1, action)))

    def _looked_at(self, plan: Plan) -> Plan:
        """The plan with what would happen to each item now, from reading them all, a hundred a call."""
        skipped: list[ItemOutcome] = []
        changing: Counter[str] = Counter()
        units = 0

        def look(batch: tuple[str, ...]) -> tuple[int, list[str], list[ItemOutcome]]:
            records = self._items.get_many(batch)
            now, cost = self._clock(), 0
            done: list[str] = []
            refused: list[ItemOutcome] = []
            for item_id in batch:
                try:
                    step = plan.decide(item_id, records.get(item_id), now)
                except Refused as refusal:
                    refused.append(ItemOutcome(item_id, str(refusal)))
                else:
                    larger = max(record_bytes(step.before or {}), record_bytes(step.after or {}))
                    cost += _units(-(-larger // _WRITE_UNIT), plan.action)
                    done.append(TAKEN_OUT if plan.action == UNDO and step.after is None else DONE_TO[plan.action])
            return cost, done, refused

        with ThreadPoolExecutor(self._workers, thread_name_prefix="pyanamo-plan") as pool:
            batches = [plan.item_ids[start : start + GET_BATCH] for start in range(0, plan.total, GET_BATCH)]
            for cost, done, refused in pool.map(look, batches):
                units += cost
                changing.update(done)
                skipped += refused
        return replace(
            plan,
            outcomes={**changing, **reasons(skipped)},
            would_change=changing.total(),
            skipped=tuple(skipped),
            write_units=float(units),
            exact=True,
        )


def _is_dead(record: Record, dead: Mapping[str, str | None] | None) -> bool:
    """Whether an item is held by the very lock that was found dead; raises Refused where it is by another."""
    item_id = record["itemID"]["S"]
    if dead is None or item_id not in dead or record.get("ItemState") != {"S": ItemState.LOCKED}:
        return False
    # As facts have it: where other software left no lock id, or "NULL", it is None.
    if string_of(record, LOCK_ID) != dead[item_id]:
        raise Refused("another worker has locked it since")
    return True


def updating(change_of: Callable[[Record, float], Change]) -> Decide:
    """A decision by one of the transitions: the change it makes of the item as it is."""

    def decide(item_id: str, record: Record | None, now: float) -> Step:
        if record is None:
            raise Refused(NO_SUCH_ITEM)
        try:
            change = fold(change_of(record, now), record)
            after = apply(change, record)
        except ValueError as error:
            raise Refused(f"an attribute has an unexpected type: {error}") from error
        if after is None:
            raise Refused("it is not what it should be")
        return Step(item_id, record, after, change)

    return decide


def _units(kilobytes: int, action: str) -> int:
    """Write units of one item: the table, and every index, which a change of state leaves and enters."""
    return kilobytes * (1 + _INDEXES * (1 if action == DELETE else 2))

"""That no order of changes, crashes and other software's faults leaves an item at odds with itself."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.change import UNCHANGED_BY, Change, Path, apply
from pyanamo_tui.workflow.model import EarlierLog, Item, ItemState, LogEntry, TaskStatus
from pyanamo_tui.workflow.schema import Record, mapping, number, read_item, text
from pyanamo_tui.workflow.transitions import Outcome, Refused, Scope

START: Final = 1_790_000_000.0
LEASE: Final = 300.0
WORKERS: Final = st.sampled_from(["w1", "w2", "w3"])
STATES: Final = st.sampled_from(["done", "failed", "Wall_Time_Exceeded", "Pending", "locked", " ", "todo"])
KEYS: Final = st.sampled_from([f"Task_{index}" for index in range(5)])


def overlapping(change: Change) -> list[tuple[Path, Path]]:
    """Paths that DynamoDB would refuse to change in one write: the same twice, or one within another."""
    paths = [*change.sets, *change.removes, *change.increments]
    return [
        (one, other)
        for place, one in enumerate(paths)
        for other in paths[place + 1 :]
        if one[: len(other)] == other[: len(one)]
    ]


def written(change: Change, record: Record | None) -> Record | None:
    """What DynamoDB makes of a change: as `apply`, and the change must be one that it takes."""
    assert not overlapping(change)
    return apply(change, record)


def outcome(ok: bool, *, lines: int = 1) -> Outcome:
    log = LogEntry(
        status="done" if ok else "failed", stdout="out", stderr="" if ok else "boom", exit_code=0 if ok else 3
    )
    return Outcome(ok=ok, log=log, lines=lines, signature=None if ok else "exit 3 · boom")


def assert_counts_agree(record: Record) -> None:
    item = read_item(record)
    ended = [task for task in item.tasks if task.status in {"done", "failed"}]
    assert record["Log_Length"] == number(len(ended))
    assert record["Failed_Tasks"] == number(sum(task.status == "failed" for task in ended))
    assert record["Nested_Tasks"] == number(len(item.tasks))


def assert_lock_agrees(record: Record) -> None:
    if record["ItemState"] == text("locked"):
        assert record["lockID"] != text("NULL")
        assert record["Lease_Lock"] == record["lockID"]
        assert "Lease_Until" in record
        assert record["InstanceID"] != text("NULL")
    else:
        assert not {"Lease_Until", "Lease_Lock", "Live_Tail"} & set(record)
    if record["ItemState"] == text("todo"):
        assert record["lockID"] == text("NULL")


@dataclass
class Worker:
    """What an engine knows of the item that it holds: its lock, and its own view of the tasks."""

    lock_id: str
    item: Item
    has_log_map: bool

    def learned(self, key: str, ok: bool) -> None:
        status = TaskStatus.DONE if ok else TaskStatus.FAILED
        tasks = tuple(replace(task, status=status) if task.key == key else task for task in self.item.tasks)
        self.item = replace(self.item, tasks=tasks)
        self.has_log_map = True


class ItemLife(RuleBasedStateMachine):
    """One item, engines of ours that crash, people who act on what they saw a while ago, and the original software."""

    record: Record

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.locks = 0
        self.workers: dict[str, Worker] = {}
        self.seen: Record = {}
        self.counts_ours = True
        self.lock_ours = True

    @initialize(tasks=st.integers(0, 4))
    def imported(self, tasks: int) -> None:
        if tasks:
            self.record = schema.new_nested("S1", "Call", [f"seq {index}" for index in range(tasks)])
            self.record["Failed_Tasks"] = number(0)
        else:
            self.record = schema.new_single("S1", "Align", "seq 1")
        self.seen = self.record

    def _lock(self) -> str:
        self.locks += 1
        return f"ours{self.locks}"

    def _write(self, change: Change) -> bool:
        before = copy.deepcopy(self.record)
        after = written(change, self.record)
        assert self.record == before
        if after is not None:
            self.record = after
            assert after["itemID"] == text("S1")
        return after is not None

    def _as_worker(self, name: str, make: Callable[[Worker], Change]) -> bool:
        """A worker's write: it must go through exactly when the worker still holds the item."""
        worker = self.workers[name]
        holds = self.record["ItemState"] == text("locked") and self.record["lockID"] == text(worker.lock_id)
        went = self._write(make(worker))
        assert went == holds
        if not went:
            del self.workers[name]
        return went

    def _holding(self, name: str, lock_id: str) -> None:
        self.workers[name] = Worker(lock_id, read_item(self.record), schema.map_of(self.record, "Log") is not None)
        self.lock_ours = True

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """One thing that can happen now. One rule for all, so that long lives are as usual as short ones."""
        possible = [
            self.time_passes,
            self.a_person_looks,
            *[self.a_person_requeues] * 3,
            self.a_person_sets_the_state,
            self.a_person_deletes_tasks,
            self.an_original_engine_takes_the_lock,
            self.original_software_leaves_its_faults,
            self.engines_race_for_it,
            self.an_expired_lease_is_taken_over,
        ]
        if self.record["ItemState"] == text("todo"):
            possible += [self.engines_race_for_it] * 12
        if self.workers:
            possible += [*[self.a_worker_ends_what_it_runs] * 10, self.a_worker_renews, self.a_worker_renews]
            possible += [self.a_worker_gives_it_back, self.a_worker_crashes]
        if any(worker.item.tasks for worker in self.workers.values()):
            possible += [self.a_worker_closes_a_nested_item] * 3
        happening = data.draw(st.sampled_from(possible))
        note(happening.__name__)
        happening(data)

    def time_passes(self, data: st.DataObject) -> None:
        self.now += data.draw(st.sampled_from([1.0, 200.0, 1000.0]))

    def engines_race_for_it(self, data: st.DataObject) -> None:
        waiting = self.record["ItemState"] == text("todo")
        winners = []
        for name in data.draw(st.lists(WORKERS, min_size=1, max_size=3, unique=True)):
            lock_id = self._lock()
            change = transitions.claim(owner=name, lock_id=lock_id, lease_until=self.now + LEASE, now=self.now)
            if self._write(change):
                winners.append(name)
                self._holding(name, lock_id)
        assert len(winners) == int(waiting)

    def an_expired_lease_is_taken_over(self, data: st.DataObject) -> None:
        name = data.draw(WORKERS)
        old = self.record["lockID"]["S"]
        until = schema.float_of(self.record, "Lease_Until")
        held = self.record["ItemState"] == text("locked")
        ours = self.record.get("Lease_Lock") == text(old)
        expired = held and ours and until is not None and until < self.now
        lock_id = self._lock()
        change = transitions.reclaim(
            old_lock_id=old, owner=name, lock_id=lock_id, lease_until=self.now + LEASE, now=self.now
        )
        assert self._write(change) == expired
        if expired:
            self._holding(name, lock_id)

    def a_worker_renews(self, data: st.DataObject) -> None:
        tail = data.draw(st.none() | st.just("last line"))
        self._as_worker(
            data.draw(st.sampled_from(sorted(self.workers))),
            lambda worker: transitions.renew(
                lock_id=worker.lock_id, lease_until=self.now + LEASE, now=self.now, live_tail=tail
            ),
        )

    def a_worker_ends_what_it_runs(self, data: st.DataObject) -> None:
        ok, retry, close = data.draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
        name = data.draw(st.sampled_from(sorted(self.workers)))
        worker = self.workers[name]
        if not worker.item.tasks:
            self._as_worker(
                name,
                lambda held: transitions.finish(
                    held.item, outcome(ok), lock_id=held.lock_id, now=self.now, retry=retry
                ),
            )
            self.workers.pop(name, None)
            return
        key = data.draw(st.sampled_from([task.key for task in worker.item.tasks]))
        rest = [task for task in worker.item.tasks if task.key != key]
        failed = not ok or any(task.status == TaskStatus.FAILED for task in rest)
        ends = close and all(task.ended for task in rest)
        state = (ItemState.FAILED if failed else ItemState.DONE) if ends else None

        def record_task(held: Worker) -> Change:
            return transitions.finish_task(
                held.item,
                key,
                outcome(ok),
                lock_id=held.lock_id,
                now=self.now,
                has_log_map=held.has_log_map,
                close=state,
            )

        if self._as_worker(name, record_task):
            worker.learned(key, ok)
            self.counts_ours = True
            if state is not None:
                assert read_item(self.record).facts.state == state
                del self.workers[name]

    def a_worker_closes_a_nested_item(self, data: st.DataObject) -> None:
        again = data.draw(st.booleans())
        name = data.draw(st.sampled_from(sorted(name for name, held in self.workers.items() if held.item.tasks)))
        tasks = self.workers[name].item.tasks
        failed = [task.key for task in tasks if task.status == TaskStatus.FAILED]
        if not all(task.ended for task in tasks):
            state = data.draw(st.sampled_from([ItemState.TODO, ItemState.WALL_TIME]))
        elif failed:
            state = ItemState.TODO if again else ItemState.FAILED
        else:
            state = ItemState.DONE
        retried = failed if state == ItemState.TODO else []
        went = self._as_worker(
            name,
            lambda held: transitions.close_nested(held.item, state, lock_id=held.lock_id, now=self.now, again=retried),
        )
        if went:
            self.counts_ours = True
            assert self.record["ItemState"] == text(state)
            if state in {ItemState.DONE, ItemState.FAILED}:
                assert (self.record["Failed_Tasks"] == number(0)) == (state == ItemState.DONE)
            del self.workers[name]

    def a_worker_gives_it_back(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.workers)))
        self._as_worker(name, lambda held: transitions.release(lock_id=held.lock_id, now=self.now))
        self.workers.pop(name, None)

    def a_worker_crashes(self, data: st.DataObject) -> None:
        del self.workers[data.draw(st.sampled_from(sorted(self.workers)))]

    def _maybe_looks(self, data: st.DataObject) -> None:
        """People mostly act on what is on the screen now, sometimes on what was there a while ago."""
        if data.draw(st.sampled_from([True, True, True, False])):
            self.a_person_looks(data)

    def a_person_looks(self, _data: st.DataObject) -> None:
        self.seen = copy.deepcopy(self.record)

    def _as_person(self, make: Callable[[Record], Change]) -> bool:
        """A person's change, planned on what they saw: it must go through only if nothing has moved since."""
        try:
            change = make(self.seen)
        except Refused:
            return False
        moved = {name for name in UNCHANGED_BY if self.seen.get(name) != self.record.get(name)}
        went = self._write(change)
        assert not (went and moved)
        if went:
            self.seen = copy.deepcopy(self.record)
        return went

    def a_person_requeues(self, data: st.DataObject) -> None:
        self._maybe_looks(data)
        scope, steal = data.draw(st.tuples(st.sampled_from(list(Scope)), st.booleans()))
        keys = data.draw(st.lists(KEYS, max_size=2))
        if self._as_person(lambda seen: transitions.requeue(seen, now=self.now, scope=scope, keys=keys, steal=steal)):
            item = read_item(self.record)
            assert item.facts.state == ItemState.TODO
            assert not item.tasks or any(not task.ended for task in item.tasks)
            assert "Error_Signature" not in self.record
            self.counts_ours = self.lock_ours = True

    def a_person_sets_the_state(self, data: st.DataObject) -> None:
        self._maybe_looks(data)
        state = data.draw(STATES)
        if self._as_person(lambda seen: transitions.set_state(seen, state, now=self.now)):
            assert self.record["ItemState"] == text(state)
            self.lock_ours = True

    def a_person_deletes_tasks(self, data: st.DataObject) -> None:
        self._maybe_looks(data)
        keys = data.draw(st.none() | st.lists(KEYS, min_size=1, max_size=2))
        if self._as_person(lambda seen: transitions.delete_tasks(seen, keys, now=self.now)):
            left = read_item(self.record).tasks
            assert not {task.key for task in left} & set(keys or [])
            self.counts_ours = True

    def an_original_engine_takes_the_lock(self, _data: st.DataObject) -> None:
        """It writes without a condition, over any lock."""
        self.locks += 1
        self.record = {
            **self.record,
            "ItemState": text("locked"),
            "lockID": text(f"original{self.locks}"),
            "InstanceID": text("host"),
            "Lock_Date": text("01/01/2026-00:00:00"),
        }
        self.lock_ours = False

    def original_software_leaves_its_faults(self, data: st.DataObject) -> None:
        """It ends or resets the item with counts that are wrong, and with every task or none done."""
        ending = data.draw(st.sampled_from(["done", "Wall_Time_Exceeded", "todo"]))
        free, count = data.draw(st.tuples(st.booleans(), st.integers(0, 9)))
        self.locks += 1
        record = {**copy.deepcopy(self.record), "ItemState": text(ending), "Log_Length": number(count)}
        record["lockID"] = text("NULL" if free or ending == "todo" else f"original{self.locks}")
        for task in (schema.map_of(record, "TaskScript") or {}).values():
            task["M"]["Status"] = text("done" if ending == "done" else "todo")
        if free:
            record["Log"] = mapping({})
            record.pop("Failed_Tasks", None)
        self.record = record
        self.counts_ours = self.lock_ours = False

    @invariant()
    def what_ours_wrote_agrees(self) -> None:
        if not hasattr(self, "record"):
            return
        if self.lock_ours:
            assert_lock_agrees(self.record)
        if self.counts_ours and schema.map_of(self.record, "TaskScript") is not None:
            assert_counts_agree(self.record)

    @invariant()
    def at_most_one_worker_holds_it(self) -> None:
        if hasattr(self, "record"):
            holders = [
                name
                for name, worker in self.workers.items()
                if self.record["ItemState"] == text("locked") and self.record["lockID"] == text(worker.lock_id)
            ]
            assert len(holders) <= 1


TestItemLife = ItemLife.TestCase
TestItemLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def locked(record: Record, lock_id: str = "L1", *, now: float = START) -> Record:
    change = transitions.claim(owner="w", lock_id=lock_id, lease_until=now + LEASE, now=now)
    after = apply(change, record)
    assert after is not None
    return after


def done(record: Record, change: Change) -> Record:
    after = written(change, record)
    assert after is not None
    return after


@given(st.integers(1, 8))
def test_of_any_number_of_claimers_one_wins(claimers: int) -> None:
    record = schema.new_single("S1", "Align", "true")
    won = 0
    for index in range(claimers):
        change = transitions.claim(owner=f"w{index}", lock_id=f"L{index}", lease_until=START + LEASE, now=START)
        after = written(change, record)
        won += after is not None
        record = after or record
    assert won == 1
    assert record["Attempts"] == number(1)


def test_every_change_of_a_worker_is_fenced_by_its_own_lock() -> None:
    record = locked(nested_with(["todo", "todo"], "todo"), "another")
    item = read_item(record)
    changes = [
        transitions.renew(lock_id="mine", lease_until=START, now=START, live_tail="x"),
        transitions.release(lock_id="mine", now=START),
        transitions.finish(item, outcome(True), lock_id="mine", now=START),
        transitions.finish_task(item, "Task_0", outcome(True), lock_id="mine", now=START, has_log_map=True),
        transitions.close_nested(item, ItemState.WALL_TIME, lock_id="mine", now=START),
    ]
    assert [written(change, record) for change in changes] == [None] * len(changes)
    for change in changes:
        assert written(change, {**record, "lockID": text("mine")}) is not None
        assert written(change, {**record, "lockID": text("mine"), "ItemState": text("todo")}) is None


def test_no_worker_change_creates_an_item() -> None:
    item = read_item(schema.new_nested("S1", "Call", ["a"]))
    changes = [
        transitions.claim(owner="w", lock_id="L", lease_until=1, now=1),
        transitions.renew(lock_id="L", lease_until=1, now=1),
        transitions.release(lock_id="L", now=1),
        transitions.close_nested(item, ItemState.DONE, lock_id="L", now=1),
        transitions.finish(item, outcome(True), lock_id="L", now=1),
    ]
    assert [apply(change, None) for change in changes] == [None] * len(changes)


def test_an_original_engine_over_our_lock_does_not_inherit_our_lease() -> None:
    record = locked(schema.new_single("S1", "Align", "true"))
    record["lockID"] = text("theirs")
    change = transitions.reclaim(
        old_lock_id="theirs", owner="w2", lock_id="L2", lease_until=START + 9999, now=START + 9000
    )
    assert written(change, record) is None
    assert read_item(record).facts.lease_until is None


def test_a_failed_single_item_says_so_and_a_second_attempt_keeps_the_first_log() -> None:
    record = locked(schema.new_single("S1", "Align", "false"))
    record = done(record, transitions.finish(read_item(record), outcome(False, lines=7), lock_id="L1", now=START + 5))
    facts = read_item(record).facts
    assert (facts.state, facts.exit_code, facts.signature, facts.log_length) == ("failed", 3, "exit 3 · boom", 7)
    assert facts.ended_at == START + 5
    record = locked(done(record, transitions.requeue(record, now=START + 6)), "L2")
    record = done(record, transitions.finish(read_item(record), outcome(True), lock_id="L2", now=START + 9))
    item = read_item(record)
    assert (item.facts.state, item.facts.exit_code, item.facts.signature, item.facts.attempts) == ("done", 0, None, 2)
    assert item.log is not None
    assert item.log.earlier == (EarlierLog(exit_code=3, status="failed", stdout="out", stderr="boom"),)


def test_a_retry_waits_again_without_a_lock() -> None:
    record = locked(schema.new_single("S1", "Align", "false"))
    change = transitions.finish(read_item(record), outcome(False), lock_id="L1", now=START, retry=True)
    record = done(record, change)
    assert record["ItemState"] == text("todo")
    assert_lock_agrees(record)


def test_earlier_logs_are_bounded_in_number_and_size() -> None:
    record = schema.new_single("S1", "Align", "false")
    for attempt in range(12):
        record = locked(record, f"L{attempt}")
        log = LogEntry(status="failed", stdout="x" * 5000, attempt=attempt, exit_code=1)
        change = transitions.finish(
            read_item(record), Outcome(ok=False, log=log), lock_id=f"L{attempt}", now=START, retry=True
        )
        record = done(record, change)
    found = read_item(record).log
    assert found is not None
    assert [old.attempt for old in found.earlier] == [6, 7, 8, 9, 10]
    assert all(len(old.stdout) == transitions.EARLIER_TAIL for old in found.earlier)


def nested_with(statuses: list[str], state: str = "failed") -> Record:
    record = schema.new_nested("S1", "Call", ["seq 1"] * len(statuses))
    for index, status in enumerate(statuses):
        record["TaskScript"]["M"][f"Task_{index}"]["M"]["Status"] = text(status)
    ended = [status for status in statuses if status != "todo"]
    counts = {"Log_Length": number(len(ended)), "Failed_Tasks": number(ended.count("failed"))}
    return {**record, **counts, "ItemState": text(state), "Done_Date": text("01/01/2026-00:00:00")}


def statuses_of(record: Record) -> list[str]:
    return [task.status for task in read_item(record).tasks]


def test_one_failed_task_of_many_is_run_again_and_counts_end_right() -> None:
    record = nested_with(["done"] * 21 + ["failed"])
    record = done(record, transitions.requeue(record, now=START, scope=Scope.FAILED_TASKS))
    assert statuses_of(record) == ["done"] * 21 + ["todo"]
    assert (record["Log_Length"], record["Failed_Tasks"]) == (number(21), number(0))
    record = locked(record)
    change = transitions.finish_task(
        read_item(record),
        "Task_21",
        outcome(True),
        lock_id="L1",
        now=START,
        has_log_map=True,
        close=ItemState.DONE,
    )
    record = done(record, change)
    assert (record["Log_Length"], record["Nested_Tasks"]) == (number(22), number(22))
    assert record["ItemState"] == text("done")
    assert read_item(record).facts.debris == ()


def test_tasks_that_the_original_could_not_run_are_among_the_failed() -> None:
    record = nested_with(["done", "done"], "done")
    record["Log"] = mapping({"Task_1": mapping({"Status": text("Execution Failed")})})
    record = done(record, transitions.requeue(record, now=START))
    assert statuses_of(record) == ["done", "todo"]


def malformed() -> Record:
    record = nested_with(["done", "failed"])
    record["TaskScript"]["M"]["Task_1"] = text("not a task")
    return record


@pytest.mark.parametrize(
    ("record", "scope", "keys", "why"),
    [
        (locked(schema.new_single("S1", "a", "b")), Scope.ITEM, [], "a worker holds it"),
        (schema.new_single("S1", "a", "b"), Scope.ITEM, [], "it is waiting already"),
        (nested_with(["todo", "done"], "todo"), Scope.ITEM, [], "it is waiting already"),
        (schema.new_single("S1", "a", "  "), Scope.ITEM, [], "it has no script to run"),
        ({"itemID": text("x"), "ItemState": text("todo")}, Scope.ITEM, [], "it has no script to run"),
        (schema.new_single("S1", "a", "b"), Scope.FAILED_TASKS, [], "it has no nested tasks"),
        (nested_with([]), Scope.ITEM, [], "it has no nested tasks left"),
        (nested_with(["done"]), Scope.FAILED_TASKS, [], "none of its tasks failed"),
        (nested_with(["done"]), Scope.ITEM, [], "all 1 of its tasks are done: requeue all tasks to run them again"),
        (nested_with(["done"]), Scope.NAMED_TASKS, ["Task_7"], "it has no task Task_7"),
        (nested_with(["done"], "done"), Scope.NAMED_TASKS, [], "no task was named"),
        (malformed(), Scope.ALL_TASKS, [], "its task Task_1 is not a task: delete it"),
    ],
)
def test_a_requeue_that_would_run_nothing_is_refused(record: Record, scope: Scope, keys: list[str], why: str) -> None:
    with pytest.raises(Refused) as refused:
        transitions.requeue(record, now=START, scope=scope, keys=keys)
    assert str(refused.value) == why


def test_a_waiting_item_whose_counts_are_wrong_is_put_right_by_a_requeue() -> None:
    record = {**nested_with(["todo", "done"], "todo"), "Log_Length": number(7)}
    record = done(record, transitions.requeue(record, now=START))
    assert_counts_agree(record)


def test_a_dead_lock_is_taken_only_from_the_lock_that_was_seen() -> None:
    seen = locked(schema.new_single("S1", "a", "b"))
    change = transitions.requeue(seen, now=START, steal=True)
    assert written(change, {**seen, "lockID": text("another")}) is None
    assert done(seen, change)["ItemState"] == text("todo")


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("", "a state cannot be empty"),
        ("locked", "only a worker can lock an item"),
        ("Pending", "it is Pending already"),
        ("é" * 1025, "a state cannot be longer than 2,048 bytes"),
    ],
)
def test_a_state_that_cannot_be_is_refused(state: str, why: str) -> None:
    record = {**schema.new_single("S1", "a", "b"), "ItemState": text("Pending")}
    with pytest.raises(Refused) as refused:
        transitions.set_state(record, state, now=START)
    assert str(refused.value) == why


def test_a_held_item_is_not_parked() -> None:
    with pytest.raises(Refused, match="a worker holds it"):
        transitions.set_state(locked(schema.new_single("S1", "a", "b")), "Pending", now=START)


def test_an_item_that_a_person_calls_done_is_no_failure_any_more() -> None:
    record = locked(schema.new_single("S1", "a", "b"))
    record = done(record, transitions.finish(read_item(record), outcome(False), lock_id="L1", now=START))
    record = done(record, transitions.set_state(record, "done", now=START + 1))
    assert not {"Exit_Code", "Error_Signature"} & set(record)
    assert read_item(record).log is not None


def test_deleting_the_last_open_tasks_ends_the_item_by_what_is_left() -> None:
    record = nested_with(["done", "failed", "todo"], "todo")
    after = done(record, transitions.delete_tasks(record, ["Task_2"], now=START))
    assert (after["ItemState"], after["Nested_Tasks"], after["Failed_Tasks"]) == (text("failed"), number(2), number(1))
    after = done(record, transitions.delete_tasks(record, ["Task_1", "Task_2"], now=START))
    assert (after["ItemState"], after["Nested_Tasks"], after["Failed_Tasks"]) == (text("done"), number(1), number(0))
    after = done(record, transitions.delete_tasks(record, None, now=START))
    assert (after["ItemState"], after["Nested_Tasks"], after["Log_Length"]) == (text("done"), number(0), number(0))


@pytest.mark.parametrize(
    ("record", "keys", "why"),
    [
        (schema.new_single("S1", "a", "b"), None, "it has no nested tasks"),
        ({**schema.new_single("S1", "a", "b"), "Nested_Tasks": number(3)}, None, "it has no nested tasks"),
        (nested_with(["done"]), ["Task_9"], "it has no task Task_9"),
        (nested_with(["done"]), [], "no task was named"),
        (locked(nested_with(["todo"], "todo")), None, "a worker holds it"),
    ],
)
def test_deleting_tasks_that_are_not_there_is_refused(record: Record, keys: list[str] | None, why: str) -> None:
    with pytest.raises(Refused) as refused:
        transitions.delete_tasks(record, keys, now=START)
    assert str(refused.value) == why


def test_a_task_that_is_not_the_items_cannot_be_finished() -> None:
    with pytest.raises(Refused, match="no task Task_9"):
        transitions.finish_task(
            read_item(nested_with(["todo"])), "Task_9", outcome(True), lock_id="L", now=START, has_log_map=True
        )


def test_exactly_sees_any_change_and_nothing_else() -> None:
    record = nested_with(["done", "failed"])
    conditions = transitions.exactly(record)
    assert apply(Change(conditions), record) == record
    for name in record:
        assert apply(Change(conditions), {**record, name: text("another")}) is None or name == "itemID"
    assert apply(Change(conditions), {**record, "Live_Tail": text("x")}) is None
    assert apply(Change(conditions), None) is None

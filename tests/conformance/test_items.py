"""Items on every stand-in: exact types, conditions, pages, lives of items from claim to end, and what they cost."""

from __future__ import annotations

import pytest

from pyanamo_tui.aws.inserts import Inserts
from pyanamo_tui.aws.items import GET_BATCH, WRITE_BATCH, ItemChanged
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import ReadOnly, ServiceRefused
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.change import Absent, Equals, apply
from pyanamo_tui.workflow.model import ItemState, LogEntry
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.transitions import Outcome, Scope
from tests.conformance.places import LEASE, LOCK, NOW, claim, every_type, fail, failing, fill, open_at
from tests.core.places import whole_table
from tests.standins import Standin


def ids_of(records: tuple[Record, ...]) -> list[str]:
    return [schema.record_id(record) for record in records]


def test_every_type_comes_back_as_it_was_written(workspace: Workspace) -> None:
    record = every_type("A")
    workspace.items.put(record)
    assert workspace.items.get("A") == record
    assert workspace.items.get_many(["A", "none"]) == {"A": record}
    assert workspace.items.get("A", [schema.STEP]) == {schema.STEP: record[schema.STEP]}
    workspace.items.batch_put([every_type("A"), every_type("B")])
    assert whole_table(workspace) == {"A": record, "B": every_type("B")}


def test_nothing_is_overwritten_or_made_by_accident(workspace: Workspace, standin: Standin) -> None:
    there = fill(workspace, [every_type("A")])["A"]
    with pytest.raises(ItemChanged):
        workspace.items.put(schema.new_single("A", "Other", "false"))
    for change in (
        transitions.claim(owner="w", lock_id=LOCK, lease_until=LEASE, now=NOW),
        transitions.requeue(fail_record("B"), now=NOW),
        transitions.set_state(schema.new_single("B", "S", "true"), "Pending", now=NOW),
    ):
        with pytest.raises(ItemChanged):
            workspace.items.update("B", change)
    with pytest.raises(ItemChanged):
        workspace.items.delete("A", (Equals((schema.STEP,), schema.text("Other")),))
    with pytest.raises(ItemChanged):
        workspace.items.delete("A", (Absent((schema.STEP,)),))
    assert whole_table(workspace) == {"A": there}
    if standin.compares_maps:
        workspace.items.delete("A", transitions.exactly(there))
        assert workspace.items.get("A") is None
    else:
        with pytest.raises(ItemChanged):
            workspace.items.delete("A", transitions.exactly(there))


def fail_record(item_id: str) -> Record:
    """A failed item that no table holds."""
    return {**schema.new_single(item_id, "S", "true"), schema.STATE: schema.text("failed")}


def test_a_refused_write_says_what_the_item_is(workspace: Workspace, standin: Standin) -> None:
    fill(workspace, [schema.new_single("A", "S", "true")])
    held = claim(workspace, "A")
    change = transitions.claim(owner="late", lock_id="B" * 30, lease_until=LEASE, now=NOW)
    with pytest.raises(ItemChanged) as refused:
        workspace.items.update("A", change, explain=True)
    assert refused.value.current == (held if standin.explains_refusals else None)
    assert workspace.record("A") == held


def test_the_life_of_a_single_item(workspace: Workspace) -> None:
    fill(workspace, [every_type("A")])
    held = claim(workspace, "A")
    assert schema.read_item(held).facts.attempts == 1
    workspace.items.update("A", transitions.renew(lock_id=LOCK, lease_until=LEASE + 9, now=NOW, live_tail="line\n"))
    assert workspace.item("A").live_tail == "line\n"
    stranger = transitions.finish(schema.read_item(held), failing("A"), lock_id="another", now=NOW)
    with pytest.raises(ItemChanged):
        workspace.items.update("A", stranger)

    workspace.items.update("A", transitions.finish(schema.read_item(held), failing("A"), lock_id=LOCK, now=NOW))

    failed = workspace.item("A")
    assert (failed.facts.state, failed.facts.exit_code, failed.live_tail) == ("failed", 3, None)
    assert failed.facts.signature == "exit 3 · no such file"
    workspace.items.update("A", transitions.requeue(workspace.record("A"), now=NOW))
    item = schema.read_item(claim(workspace, "A"))
    good = Outcome(ok=True, log=LogEntry(status="Done: exit code 0", stdout="ok\n", exit_code=0), lines=1)
    workspace.items.update("A", transitions.finish(item, good, lock_id=LOCK, now=NOW))
    done = workspace.item("A")
    assert (done.facts.state, done.facts.attempts, done.facts.signature) == ("done", 2, None)
    assert done.log is not None
    assert [old.exit_code for old in done.log.earlier] == [3]
    assert workspace.record("A")["every type: é ' \" #n :v"] == every_type("A")["every type: é ' \" #n :v"]


def test_the_life_of_a_nested_item_is_what_memory_says(workspace: Workspace, standin: Standin) -> None:
    fill(workspace, [schema.new_nested("N", "Call", [f"seq {number}" for number in range(3)])])
    record = claim(workspace, "N")
    for key, ok in (("Task_0", True), ("Task_1", False), ("Task_2", True)):
        outcome = Outcome(ok=True, log=LogEntry(status="Done", stdout=key)) if ok else failing(key)
        close = ItemState.FAILED if key == "Task_2" else None
        change = transitions.finish_task(
            schema.read_item(record), key, outcome, lock_id=LOCK, now=NOW, has_log_map=True, close=close
        )
        wanted = apply(change, record)
        written = workspace.items.update("N", change, read_back=True)
        assert written == wanted, "DynamoDB and our own judge must agree"
        assert written is not None
        record = written
    facts = workspace.item("N").facts
    assert (facts.state, facts.log_length, facts.failed_tasks, facts.nested_tasks) == ("failed", 3, 1, 3)

    again = transitions.requeue(record, now=NOW, scope=Scope.FAILED_TASKS)
    if not standin.compares_maps:
        with pytest.raises(ItemChanged):
            workspace.items.update("N", again)
        assert workspace.record("N") == record
        return
    workspace.items.update("N", again)
    waiting = workspace.item("N")
    assert [task.status for task in waiting.tasks] == ["done", "todo", "done"]
    assert (waiting.facts.state, waiting.facts.log_length, waiting.facts.failed_tasks) == ("todo", 2, 0)
    workspace.items.update("N", transitions.delete_tasks(workspace.record("N"), ["Task_1"], now=NOW))
    left = workspace.item("N")
    assert (left.facts.state, left.facts.nested_tasks, left.facts.debris) == ("done", 2, ())


def test_only_a_lease_that_ran_out_is_taken_over(workspace: Workspace) -> None:
    fill(workspace, [schema.new_single("A", "S", "true")])
    claim(workspace, "A", lease_until=NOW + 100)

    def reclaim(now: float, old: str = LOCK) -> None:
        change = transitions.reclaim(old_lock_id=old, owner="new", lock_id="N" * 30, lease_until=LEASE, now=now)
        workspace.items.update("A", change)

    for now, old in ((NOW + 99, LOCK), (NOW + 101, "another")):
        with pytest.raises(ItemChanged):
            reclaim(now, old)
    reclaim(NOW + 101)
    assert workspace.item("A").facts.lock_id == "N" * 30


def test_pages_hold_every_item_once_in_order(workspace: Workspace) -> None:
    ids = [f"i{number:03}" for number in range(60)]
    for start in range(0, len(ids), WRITE_BATCH):
        batch = [schema.new_single(item_id, "S", "true") for item_id in ids[start : start + WRITE_BATCH]]
        workspace.items.batch_put(batch)
    for index in (schema.STATE_INDEX, schema.SUMMARY_INDEX):
        for forward in (True, False):
            found: list[str] = []
            start_key = None
            while True:
                page = workspace.items.query_state("todo", index=index, limit=20, start=start_key, forward=forward)
                found += ids_of(page.records)
                start_key = page.next_key
                if start_key is None:
                    break
            assert found == (ids if forward else ids[::-1])
    page = workspace.items.query_state("todo", index=schema.SUMMARY_INDEX)
    assert not any(schema.SCRIPT in record or schema.LOG in record for record in page.records)
    assert workspace.items.query_state("no such state", index=schema.STATE_INDEX).records == ()
    assert sorted(ids_of(workspace.items.scan(index=schema.SUMMARY_INDEX).records)) == ids
    assert set(workspace.items.get_many([*ids, "none"][:GET_BATCH])) == set(ids)
    workspace.items.batch_delete(ids[:WRITE_BATCH])
    assert sorted(whole_table(workspace)) == ids[WRITE_BATCH:]


def test_an_item_moves_between_states_in_every_index(workspace: Workspace) -> None:
    fill(workspace, [schema.new_single("A", "S", "true")])
    fail(workspace, "A")
    for index in (*schema.STANDARD_INDEXES, schema.SUMMARY_INDEX):
        assert ids_of(workspace.items.query_state("failed", index=index).records) == ["A"]
        assert workspace.items.query_state("todo", index=index).records == ()


def test_what_cannot_be_an_item_is_refused_by_name(workspace: Workspace, standin: Standin) -> None:
    fill(workspace, [schema.new_single("A", "S", "true")])
    refused = [schema.new_single("", "S", "true"), schema.new_single("B", "S", "x" * 412_000)]
    if standin.checks_types_of_keys:
        refused.append({**schema.new_single("B", "S", "true"), schema.LOG_LENGTH: schema.text("three")})
        refused.append({**schema.new_single("B", "S", "true"), schema.STEP: schema.number(3)})
    for record in refused:
        with pytest.raises(ServiceRefused, match="dynamodb:PutItem"):
            workspace.items.put(record)
    assert list(whole_table(workspace)) == ["A"]


def test_read_only_reads_everything_and_sends_no_change(workspace: Workspace, standin: Standin) -> None:
    there = fill(workspace, [fail_record("A")])
    watching = open_at(standin, workspace.table, read_only=True)
    claiming = transitions.claim(owner="w", lock_id=LOCK, lease_until=LEASE, now=NOW)
    sent = watching.connection.meter.read().requests
    for change in (
        lambda: watching.items.put(schema.new_single("B", "S", "true")),
        lambda: watching.items.update("A", claiming),
        lambda: watching.items.delete("A", ()),
        lambda: watching.items.batch_put([schema.new_single("B", "S", "true")]),
        lambda: watching.items.batch_delete(["A"]),
        lambda: Inserts(watching.connection, watching.table).insert([schema.new_single("B", "S", "true")]),
        lambda: watching.actions.apply(watching.actions.requeue(["A"], look=False)),
        lambda: watching.importer.import_records([schema.new_single("B", "S", "true")]),
        lambda: watching.connection.table_resource(watching.table).put_item(Item={"itemID": "B"}),
    ):
        with pytest.raises(ReadOnly):
            change()
    assert watching.connection.meter.read().requests == sent
    assert whole_table(watching) == there == whole_table(workspace)
    assert watching.monitor().poll_once().counts == {"failed": 1}


def test_the_meter_adds_up_what_was_consumed(workspace: Workspace, standin: Standin) -> None:
    record = schema.new_single("A", "S", "x" * 9_000)
    before = workspace.connection.meter.read()
    workspace.items.put(record)
    wrote = workspace.connection.meter.read()
    workspace.items.get("A")
    workspace.items.query_state("todo", index=schema.STATE_INDEX)
    read = workspace.connection.meter.read()
    assert (read.requests - before.requests, read.write_units) == (3, wrote.write_units)
    if standin.counts_writes:
        # Between 8 and 9 KB: 9 units for the table and for each ALL index but the sparse one, 1 for the summary index.
        assert wrote.write_units - before.write_units == 9 * (1 + 3) + 1
    if standin.counts_reads:
        # Strongly consistent 3 units of 4 KB; the query eventually consistent, half of that.
        assert read.read_units - wrote.read_units == 3 + 1.5

"""What users do, on every stand-in: import, list, count, requeue, delete, undo, repair, export, restore; hostile data.

dynalite cannot compare maps (`Standin.compares_maps`), so that a change which depends on one is refused there. The
tests hold it to that: what is refused is told, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyanamo_tui.core.actions import Actions
from pyanamo_tui.core.bulkwrite import Existing
from pyanamo_tui.core.listing import list_states
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import TableNotFound
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.model import Debris, Source
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.sizes import record_bytes
from pyanamo_tui.workflow.transitions import Scope
from tests.conformance.places import (
    HOSTILE_IDS,
    LEASE,
    LOCK,
    NOW,
    ONE_LINE_IDS,
    claim,
    every_type,
    fail,
    fill,
    largest,
    open_at,
    sized,
)
from tests.core.places import whole_table
from tests.standins import Standin

LONGEST_ID = "/".join(["long"] * 500)[: schema.MAX_KEY_BYTES]


@pytest.fixture
def copy(standin: Standin, table_name: str, workspace: Workspace) -> Iterator[Workspace]:
    """A second, empty table."""
    opened = open_at(standin, table_name + "-copy")
    opened.create_table(opened.table, stream=False)
    yield opened
    opened.tables.delete(opened.table)


@pytest.fixture
def roomy(standin: Standin, table_name: str) -> Iterator[Workspace]:
    """A table of other software whose index by state sorts by nothing, so that ids may have all of 2,048 bytes."""
    opened = open_at(standin, table_name + "-roomy")
    opened.connection.dynamodb.create_table(
        TableName=opened.table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": schema.ITEM_ID, "AttributeType": "S"},
            {"AttributeName": schema.STATE, "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": schema.ITEM_ID, "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": schema.STATE_INDEX,
                "KeySchema": [{"AttributeName": schema.STATE, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    opened.tables.wait_active(opened.table)
    yield opened
    opened.tables.delete(opened.table)


def listed(workspace: Workspace, state: str) -> set[str]:
    """The ids of a state's items, as lists show them."""
    return {facts.item_id for facts in list_states(workspace.items, workspace.describe(), {state})}


def round_trip(workspace: Workspace, file: Path, ids: list[str], standin: Standin) -> None:
    """Requeue and undo failed items, export the table, lose it, restore it: every byte is as it was."""
    before = whole_table(workspace)
    assert sorted(before) == sorted(ids)
    assert listed(workspace, "failed") == set(ids)
    requeued = workspace.actions.apply(workspace.actions.requeue(ids))
    assert (sorted(requeued.changed_ids), requeued.skipped, requeued.failed) == (sorted(ids), (), ())
    assert listed(workspace, "todo") == set(ids)
    after = whole_table(workspace)
    undone = workspace.actions.apply(workspace.actions.undo(requeued.id))
    if standin.compares_maps:
        assert undone.changed == len(ids)
        assert whole_table(workspace) == before
    else:
        assert (undone.changed, len(undone.skipped)) == (0, len(ids))
        assert whole_table(workspace) == after
    there = whole_table(workspace)
    assert workspace.exporter.export(file).items == len(ids)
    for start in range(0, len(ids), 25):
        workspace.items.batch_delete(ids[start : start + 25])
    assert whole_table(workspace) == {}
    assert workspace.exporter.restore(file).written == len(ids)
    assert whole_table(workspace) == there


def test_hostile_ids_pass_through_everything_unchanged(workspace: Workspace, standin: Standin, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(
        b"itemID\tTaskID\tTaskScript\n"
        + "".join(f"{item_id}\tStep \U0001f9ec\techo '{n}'\n" for n, item_id in enumerate(ONE_LINE_IDS)).encode()
    )
    assert workspace.importer.run(path).written == len(ONE_LINE_IDS)
    more = [schema.new_single(item_id, "S", "true") for item_id in HOSTILE_IDS if item_id not in ONE_LINE_IDS]
    assert workspace.importer.import_records(more).written == len(more)
    assert listed(workspace, "todo") == set(HOSTILE_IDS) == set(workspace.monitor().poll_once().items)
    again = workspace.importer.run(path)
    assert (again.written, again.skipped) == (0, len(ONE_LINE_IDS))
    for item_id in HOSTILE_IDS:
        fail(workspace, item_id)

    round_trip(workspace, tmp_path / "out.jsonl", list(HOSTILE_IDS), standin)


def test_the_largest_item_passes_through_everything_unchanged(
    workspace: Workspace, standin: Standin, tmp_path: Path
) -> None:
    large = sized("large", largest(standin))
    large[schema.STATE] = schema.text("failed")
    large[schema.SCRIPT] = schema.text("tru!")  # As long as "true": what is not imported is not of our making.
    assert record_bytes(large) in range(largest(standin), largest(standin) + 8)
    assert workspace.importer.import_records([large]).written == 1

    round_trip(workspace, tmp_path / "out.jsonl", ["large"], standin)


def test_an_id_of_2048_bytes_passes_through_everything_unchanged(
    roomy: Workspace, standin: Standin, tmp_path: Path
) -> None:
    path = tmp_path / "in.txt"
    path.write_text(f"itemID|TaskID|TaskScript\n{LONGEST_ID}|Align|true\n")
    assert len(LONGEST_ID.encode()) == 2048
    assert roomy.importer.run(path).written == 1
    assert roomy.monitor().poll_once().counts == {"todo": 1}
    fail(roomy, LONGEST_ID)

    round_trip(roomy, tmp_path / "out.jsonl", [LONGEST_ID], standin)


def test_an_id_that_an_index_cannot_sort_by_is_told_and_the_rest_is_written(
    workspace: Workspace, standin: Standin
) -> None:
    ids = ["before", "x" * schema.MAX_SORT_KEY_BYTES, "y" * (schema.MAX_SORT_KEY_BYTES + 1), LONGEST_ID, "z" * 2049]
    result = workspace.importer.import_records([schema.new_single(item_id, "S", "true") for item_id in ids])
    taken = [item_id for item_id in ids if len(item_id) <= standin.sort_key_bytes]
    assert sorted(whole_table(workspace)) == sorted(taken) == sorted(result.written_ids)
    assert {one.item for one in result.failed_items} == set(ids) - set(taken)
    assert all(one.why for one in result.failed_items)


def test_import_skips_replaces_or_refuses_what_is_there(workspace: Workspace, standin: Standin) -> None:
    there = fill(workspace, [every_type("A")])["A"]
    held_id = fill(workspace, [schema.new_single("held", "S", "true")])
    held = claim(workspace, *held_id)
    new = [schema.new_single(item_id, "New", "false") for item_id in ("A", "B", "held")]
    result = workspace.importer.import_records(new)
    assert (result.written_ids, result.skipped) == (("B",), 2)
    assert workspace.record("A") == there

    replaced = workspace.importer.import_records(new, existing=Existing.REPLACE)

    assert workspace.record("held") == held
    if standin.compares_maps:
        assert replaced.written_ids == ("A",)
        assert workspace.record("A") == new[0]
        workspace.actions.apply(workspace.actions.undo(replaced.action_id))
        assert workspace.record("A") == there
    else:
        assert workspace.record("A") == there


def test_every_change_names_what_it_left_alone(workspace: Workspace, standin: Standin) -> None:
    fill(workspace, [schema.new_single(item_id, "S", "true") for item_id in ("waits", "held", "failed", "parked")])
    held, failed = claim(workspace, "held"), fail(workspace, "failed")
    ids = ["waits", "held", "failed", "none"]
    plan = workspace.actions.requeue(ids)
    assert plan.would_change == 1
    result = workspace.actions.apply(plan)
    assert result.changed_ids == ("failed",)
    assert {one.item for one in result.skipped} == {"waits", "held", "none"}
    assert workspace.record("held") == held
    assert workspace.actions.apply(workspace.actions.set_state(["parked"], "Pending")).changed == 1
    assert workspace.monitor().poll_once().counts == {"todo": 2, "locked": 1, "Pending": 1}
    again = workspace.actions.apply(workspace.actions.requeue(ids))
    assert (again.changed, len(again.skipped)) == (0, 4)
    assert workspace.items.get("none") is None

    deleted = workspace.actions.apply(workspace.actions.delete(["waits", "held", "none"]))
    assert deleted.changed == (1 if standin.compares_maps else 0)
    assert len(deleted.skipped) == 3 - deleted.changed
    assert ("waits" in whole_table(workspace)) != standin.compares_maps
    workspace.actions.apply(workspace.actions.undo(deleted.id))
    workspace.actions.apply(workspace.actions.undo(result.id))
    assert (workspace.record("failed") == failed) == standin.compares_maps
    assert sorted(whole_table(workspace)) == ["failed", "held", "parked", "waits"]


def test_failed_tasks_are_requeued_deleted_and_brought_back(workspace: Workspace, standin: Standin) -> None:
    record = nested_failed("N")
    before = fill(workspace, [record])["N"]
    result = workspace.actions.apply(workspace.actions.requeue(["N"], Scope.FAILED_TASKS))
    if not standin.compares_maps:
        assert len(result.skipped) == 1
        assert workspace.record("N") == before
        return
    assert [task.status for task in workspace.item("N").tasks] == ["done", "todo", "done"]
    dropped = workspace.actions.apply(workspace.actions.delete_tasks("N", ["Task_1"]))
    assert workspace.item("N").facts.debris == ()
    assert (workspace.item("N").facts.state, len(workspace.item("N").tasks)) == ("done", 2)
    for action_id in (dropped.id, result.id):
        assert workspace.actions.apply(workspace.actions.undo(action_id)).changed == 1
    assert workspace.record("N") == before


def nested_failed(item_id: str) -> Record:
    """A nested item of three tasks, the second of which failed."""
    record = schema.new_nested(item_id, "Call", ["seq 1", "false", "seq 3"])
    logs: dict[str, schema.AttributeValue] = {}
    for number, status in enumerate(("done", "failed", "done")):
        record[schema.SCRIPT]["M"][f"Task_{number}"]["M"][schema.STATUS] = schema.text(status)
        entry = {schema.STATUS: schema.text(status), "stdout": schema.text(""), "stderr": schema.text("é")}
        logs[f"Task_{number}"] = schema.mapping(entry)
    record[schema.LOG] = schema.mapping(logs)
    record[schema.LOG_LENGTH], record[schema.FAILED_TASKS] = schema.number(3), schema.number(1)
    record[schema.STATE] = schema.text("failed")
    return record


def test_an_item_that_moved_between_look_and_write_is_left_alone(workspace: Workspace) -> None:
    fill(workspace, [schema.new_single("A", "S", "true")])
    fail(workspace, "A")

    class Racing(type(workspace.items)):  # type: ignore[misc]
        """Another manager requeues, and an engine claims, between our look and our write."""

        def update(self, item_id: str, change: object, **options: object) -> object:
            workspace.items.update(item_id, transitions.requeue(workspace.record(item_id), now=NOW))
            claim(workspace, item_id, lock_id="other")
            return super().update(item_id, change, **options)

    racing = Actions(Racing(workspace.connection, workspace.table), workspace.journal)
    result = racing.apply(racing.requeue(["A"], look=False))

    assert (result.changed, [one.item for one in result.skipped]) == (0, ["A"])
    facts = workspace.item("A").facts
    assert (facts.state, facts.lock_id) == ("locked", "other")


def test_what_an_upset_table_holds_is_counted_found_and_mended(workspace: Workspace, standin: Standin) -> None:
    upset = nested_failed("count")
    upset[schema.LOG_LENGTH] = schema.number(9)
    upset[schema.STATE] = schema.text("Wall_Time_Exceeded")
    phantom: Record = {"itemID": schema.text("phantom"), "ItemState": schema.text("todo")}
    stateless = {name: value for name, value in every_type("stateless").items() if name != schema.STATE}
    fill(workspace, [upset, phantom, stateless, every_type("well")])

    snapshot = workspace.monitor().poll_once()
    findings = workspace.doctor.examine().findings

    assert snapshot.counts == {"Wall_Time_Exceeded": 1, "todo": 2}
    assert (snapshot.exact, snapshot.source) == (True, Source.CENSUS)
    found = {finding.item_id: set(finding.debris) for finding in findings}
    assert set(found) == {"count", "phantom", "stateless"}
    assert Debris.COUNT_EXCEEDS in found["count"]
    assert Debris.PHANTOM in found["phantom"]
    assert Debris.STATE_NOT_TEXT in found["stateless"]

    result = workspace.doctor.fix(findings)

    if standin.compares_maps:
        assert result.changed == 3
        assert workspace.doctor.examine().findings == ()
        assert workspace.item("count").facts.state == "failed"
    assert workspace.record("well") == every_type("well")


def test_a_table_without_the_summary_index_is_listed_and_counted(roomy: Workspace) -> None:
    fill(roomy, [schema.new_single(f"i{number}", "S", "true") for number in range(5)])
    claim(roomy, "i3", lock_id=LOCK, lease_until=LEASE)
    assert roomy.monitor().poll_once().counts == {"todo": 4, "locked": 1}
    assert listed(roomy, "locked") == {"i3"}


def test_a_table_that_is_not_there_is_told_by_everything(standin: Standin, table_name: str, tmp_path: Path) -> None:
    nowhere = open_at(standin, table_name)
    for ask in (
        lambda: nowhere.items.get("A"),
        nowhere.items.scan,
        lambda: nowhere.items.query_state("todo", index=schema.STATE_INDEX),
        lambda: nowhere.items.batch_put([schema.new_single("A", "S", "true")]),
        lambda: nowhere.monitor().poll_once(),
        lambda: nowhere.exporter.export(tmp_path / "out.jsonl"),
        lambda: nowhere.importer.import_records([schema.new_single("A", "S", "true")]),
        lambda: nowhere.actions.apply(nowhere.actions.requeue(["A"], look=False)),
    ):
        with pytest.raises(TableNotFound):
            ask()
    assert not (tmp_path / "out.jsonl").exists()


def test_restore_into_another_table_leaves_what_is_there(workspace: Workspace, copy: Workspace, tmp_path: Path) -> None:
    originals = fill(workspace, [every_type("A"), every_type("B"), nested_failed("N")])
    there = fill(copy, [schema.new_single("B", "Other", "false")])["B"]
    workspace.exporter.export(tmp_path / "out.jsonl")

    result = copy.exporter.restore(tmp_path / "out.jsonl")

    assert (result.written, result.skipped) == (2, 1)
    assert whole_table(copy) == {**originals, "B": there}

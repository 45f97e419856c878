"""What users change, on the embedded server over a socket: outcomes, conditions, journal and the way back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

import pytest

from pyanamo_tui.aws.items import Items
from pyanamo_tui.core.actions import Actions
from pyanamo_tui.core.apply import Application
from pyanamo_tui.core.journalfile import ActionStatus
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import NotFound, ReadOnly, TableNotFound, Throttled, UsageError
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Change, Condition
from pyanamo_tui.workflow.model import ItemFacts
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.sizes import MAX_ITEM_BYTES, record_bytes
from pyanamo_tui.workflow.transitions import Scope
from tests.core.places import REGION, fill, nested, open_table, settled, single, whole_table
from tests.faultproxy import FaultProxy, Faults

HOSTILE_IDS = (
    "with spaces",
    'quote\'s "both"',
    "line\nfeed\r\n",
    "🧬 sample é",
    "\x1b[31mred\x1b[0m\x07",
    "../../etc/passwd",
    "[bold]{x}%s$(id)`id`",
    "B",
    "x" * 1024,
)


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Workspace:
    return open_table(embedded, table_name)


def touch(workspace: Workspace, item_id: str, name: str = schema.ATTEMPTS, value: str = "7") -> None:
    """Another writer's change to one attribute."""
    workspace.items.update(item_id, Change((), {(name,): {"N": value}}))


def test_requeue_changes_what_can_run_and_names_every_other_item(workspace: Workspace) -> None:
    fill(
        workspace,
        [
            single("broken"),
            single("waiting", "todo"),
            single("held", "locked", lockID={"S": "L" * 30}),
            nested("half", ["done", "failed", "todo"]),
            nested("whole", ["done", "done"], "done"),
        ],
    )
    ids = ["broken", "waiting", "held", "half", "whole", "nowhere", "broken"]
    plan = workspace.actions.requeue(ids)
    assert plan.item_ids == ("broken", "waiting", "held", "half", "whole", "nowhere")
    assert (plan.would_change, plan.exact, plan.table, plan.region) == (2, True, workspace.table, REGION)
    assert plan.account == "123456789012"
    assert plan.outcomes["requeued"] == 2
    assert plan.write_units is not None
    assert workspace.item("broken").facts.state == "failed", "planning writes nothing"
    assert workspace.journal.activity() == []

    seen: list[tuple[int, int, int, int, int]] = []
    result = workspace.actions.apply(plan, progress=lambda *told: seen.append(told))
    assert result.changed == 2
    assert set(result.changed_ids) == {"broken", "half"}
    assert {one.item: one.why for one in result.skipped} == {one.item: one.why for one in plan.skipped}
    assert {one.item for one in result.skipped} == {"waiting", "held", "whole", "nowhere"}
    assert not result.failed
    assert result.complete
    assert seen[-1] == (6, 6, 2, 4, 0)
    broken, half = workspace.item("broken"), workspace.item("half")
    assert (broken.facts.state, broken.facts.owner) == ("todo", None)
    assert broken.log is not None
    assert broken.log.stderr == "no such file\n", "the log is kept until the next attempt ends"
    assert [task.status for task in half.tasks] == ["done", "todo", "todo"]
    assert (half.facts.log_length, half.facts.failed_tasks, half.facts.nested_tasks) == (1, 0, 3)
    assert workspace.items.get("nowhere") is None, "no phantom is made"


def test_the_same_again_is_safe(workspace: Workspace) -> None:
    fill(workspace, [single("a"), single("b")])
    first = workspace.actions.apply(workspace.actions.requeue(["a", "b"]))
    again = workspace.actions.apply(workspace.actions.requeue(["a", "b"]))
    assert (first.changed, again.changed) == (2, 0)
    assert {one.why for one in again.skipped} == {"it is waiting already"}


def test_task_scopes_and_keys_by_item(workspace: Workspace) -> None:
    fill(workspace, [nested("one", ["done", "done", "failed"]), nested("two", ["done", "done"], "done"), single("s")])
    apply, requeue = workspace.actions.apply, workspace.actions.requeue
    failed = apply(requeue(["one", "two", "s"], Scope.FAILED_TASKS))
    assert failed.changed_ids == ("one",)
    named = apply(requeue(["one", "two"], Scope.NAMED_TASKS, {"one": ["Task_0"], "two": ["Task_9"]}))
    assert named.changed_ids == ("one",)
    assert [one.why for one in named.skipped] == ["it has no task Task_9"]
    assert [task.status for task in workspace.item("one").tasks] == ["todo", "done", "todo"]
    assert apply(requeue(["two"], Scope.ALL_TASKS)).changed == 1
    assert workspace.item("two").facts.log_length == 0


def test_only_the_very_lock_that_was_found_dead_is_taken_over(workspace: Workspace) -> None:
    fill(workspace, [single(name, "locked", lockID={"S": "dead"}) for name in ("gone", "other")])
    fill(workspace, [single("alive", "locked", lockID={"S": "busy"})])
    touched = Change((), {(schema.LOCK_ID,): {"S": "another"}})
    workspace.items.update("other", touched)
    plan = workspace.actions.requeue(["gone", "other", "alive"], dead={"gone": "dead", "other": "dead"})
    result = workspace.actions.apply(plan)
    assert result.changed_ids == ("gone",)
    assert {one.item: one.why for one in result.skipped} == {
        "other": "another worker has locked it since",
        "alive": "a worker holds it",
    }


def test_a_plan_by_facts_reads_nothing_and_apply_decides_again(workspace: Workspace) -> None:
    fill(workspace, [single("f0"), single("f1", "todo")])
    facts = {f"f{number}": ItemFacts(f"f{number}", "failed") for number in range(600)}
    before = workspace.connection.meter.read().requests
    plan = workspace.actions.requeue([*facts, "unheard of"], facts=facts)
    assert workspace.connection.meter.read().requests == before
    assert (plan.exact, plan.would_change) == (False, 600)
    assert plan.outcomes == {"requeued": 600, "there is no such item": 1}
    result = workspace.actions.apply(plan)
    assert (result.changed_ids, len(result.skipped)) == (("f0",), 600)


def meddling(workspace: Workspace, meddle: Callable[[str], None]) -> Actions:
    """Actions whose every item is changed by another writer between its journalling and its write."""

    class Meddled(Items):
        def update(
            self, item_id: str, change: Change, *, read_back: bool = False, explain: bool = False
        ) -> Record | None:
            meddle(item_id)
            return super().update(item_id, change, read_back=read_back, explain=explain)

        def delete(self, item_id: str, conditions: Sequence[Condition]) -> None:
            meddle(item_id)
            super().delete(item_id, conditions)

    return Actions(Meddled(workspace.connection, workspace.table), workspace.journal)


def test_items_changed_between_reading_and_writing_are_skipped(workspace: Workspace) -> None:
    fill(workspace, [single("a"), nested("n", ["failed"]), single("d")])
    actions = meddling(workspace, lambda item_id: touch(workspace, item_id))
    requeued = actions.apply(actions.requeue(["a", "n"]))
    deleted = actions.apply(actions.delete(["d"]))
    assert requeued.changed == deleted.changed == 0
    assert {one.why for one in (*requeued.skipped, *deleted.skipped)} == {"it changed meanwhile"}
    assert workspace.item("d").facts.attempts == 7
    assert workspace.item("a").facts.state == "failed"


def test_an_item_that_a_worker_took_meanwhile_stays_its_own(workspace: Workspace) -> None:
    fill(workspace, [single("a", "Pending")])

    def take(item_id: str) -> None:
        workspace.items.update(item_id, Change((), {(schema.STATE,): {"S": "locked"}, (schema.LOCK_ID,): {"S": "W"}}))

    actions = meddling(workspace, take)
    result = actions.apply(actions.set_state(["a"], "Later"))
    assert [one.why for one in result.skipped] == ["it changed meanwhile: it is locked now"]
    assert workspace.item("a").facts.lock_id == "W"


def test_an_item_deleted_meanwhile_is_not_made_again(workspace: Workspace) -> None:
    fill(workspace, [single("a")])
    actions = meddling(workspace, lambda item_id: workspace.items.batch_delete([item_id]))
    result = actions.apply(actions.requeue(["a"]))
    assert [one.why for one in result.skipped] == ["it was deleted meanwhile"]
    assert workspace.items.get("a") is None
    assert workspace.items.scan().records == ()


def test_an_attribute_of_another_program_added_meanwhile_keeps_the_item(workspace: Workspace) -> None:
    fill(workspace, [single("a")])
    actions = meddling(workspace, lambda item_id: touch(workspace, item_id, schema.EXIT_CODE, "3"))
    assert actions.apply(actions.delete(["a"])).changed == 0
    assert workspace.items.get("a") is not None


def test_set_state_parks_and_refuses_what_only_a_worker_may_do(workspace: Workspace) -> None:
    fill(workspace, [single("a"), single("b", "Pending"), single("c", "locked", lockID={"S": "W"})])
    result = workspace.actions.apply(workspace.actions.set_state(["a", "b", "c"], "Pending"))
    assert result.changed_ids == ("a",)
    assert {one.item: one.why for one in result.skipped} == {"b": "it is Pending already", "c": "a worker holds it"}
    for state in ("locked", " "):
        with pytest.raises(UsageError):
            workspace.actions.set_state(["a"], state)


def test_delete_and_delete_tasks_then_undo_restores_byte_for_byte(workspace: Workspace) -> None:
    binary: Record = {
        "bytes": {"B": b"\x00\xff\n"},
        "several": {"BS": [b"a", b"\xfe"]},
        "numbers": {"NS": ["1", "2.50"]},
        "B": {"S": "an attribute named as a type"},
        "deep": {"M": {"B": {"L": [{"NULL": True}, {"BOOL": False}, {"B": b"\x01"}]}}},
    }
    originals = fill(
        workspace, [{**single("s"), **binary}, nested("n", ["done", "failed", "todo"], "todo"), nested("all", ["done"])]
    )
    held = fill(workspace, [single("held", "locked", lockID={"S": "W"})])
    tasks = workspace.actions.apply(workspace.actions.delete_tasks("n", ["Task_1"]))
    assert [task.key for task in workspace.item("n").tasks] == ["Task_0", "Task_2"]
    every = workspace.actions.apply(workspace.actions.delete_tasks(["all"], None))
    assert workspace.item("all").tasks == ()
    gone = workspace.actions.apply(workspace.actions.delete(["s", "n", "all", "held"]))
    assert gone.changed == 3
    assert workspace.items.scan().records == tuple(held)
    for result in (gone, every, tasks):
        back = workspace.actions.apply(workspace.actions.undo())
        assert back.changed == result.changed
        assert not back.skipped
        assert [one.undone_by for one in workspace.journal.activity() if one.id == result.id] == [back.id]
    assert [workspace.record(schema.record_id(record)) for record in originals] == originals
    with pytest.raises(NotFound):
        workspace.actions.undo()


def test_undo_leaves_alone_what_changed_since_and_can_be_undone(workspace: Workspace) -> None:
    original = fill(workspace, [single("a"), single("b"), single("c"), single("d")])
    result = workspace.actions.apply(workspace.actions.requeue(["a", "b", "c", "d"]))
    requeued = workspace.record("a")
    touch(workspace, "b")
    touch(workspace, "c", "Of_Another_Program")
    workspace.items.batch_delete(["d"])
    undo = workspace.actions.apply(workspace.actions.undo(result.id))
    assert undo.changed_ids == ("a",)
    assert {one.item: one.why for one in undo.skipped} == {
        "b": "it changed since",
        "c": "it changed since",
        "d": "it was deleted since",
    }
    assert workspace.record("a") == original[0]
    assert workspace.items.get("d") is None
    again = workspace.actions.apply(workspace.actions.undo(undo.id))
    assert again.changed_ids == ("a",)
    assert workspace.record("a") == requeued


def test_an_undo_tells_of_a_table_that_was_made_anew_since(workspace: Workspace) -> None:
    fill(workspace, [single("a")])
    workspace.actions.apply(workspace.actions.delete(["a"]))
    assert "made anew" not in workspace.actions.undo().about
    workspace.tables.delete(workspace.table)
    workspace.create_table(workspace.table, stream=False)
    assert "The table was made anew since" in workspace.actions.undo().about


def test_a_deleted_item_that_came_back_is_not_overwritten_by_undo(workspace: Workspace) -> None:
    fill(workspace, [single("a")])
    result = workspace.actions.apply(workspace.actions.delete(["a"]))
    anew = fill(workspace, [schema.new_single("a", "Other", "echo")])
    undo = workspace.actions.apply(workspace.actions.undo(result.id))
    assert [one.why for one in undo.skipped] == ["there is an item of this id again"]
    assert [workspace.record("a")] == anew


def test_hostile_ids_pass_through_every_change_and_back(workspace: Workspace) -> None:
    originals = fill(workspace, [single(item_id) for item_id in HOSTILE_IDS])
    requeued = workspace.actions.apply(workspace.actions.requeue(HOSTILE_IDS))
    assert set(requeued.changed_ids) == set(HOSTILE_IDS)
    deleted = workspace.actions.apply(workspace.actions.delete(HOSTILE_IDS))
    assert deleted.changed == len(HOSTILE_IDS)
    for _ in (deleted, requeued):
        assert workspace.actions.apply(workspace.actions.undo()).changed == len(HOSTILE_IDS)
    assert [workspace.record(item_id) for item_id in HOSTILE_IDS] == originals
    assert {path.parent for path in workspace.journal.folder.rglob("*")} == {workspace.journal.folder}


LARGEST = 404_000
"""The embedded server refuses items above 405,000 bytes; AWS takes 409,600."""


def test_an_item_as_large_as_there_is_and_one_of_500_tasks_go_and_come_back(workspace: Workspace) -> None:
    large = single("large")
    large[schema.LOG]["M"]["stdout"] = schema.text("x" * (LARGEST - record_bytes(large)))
    assert LARGEST - 10 < record_bytes(large) < MAX_ITEM_BYTES
    many = nested("many", ["failed"] * 500)
    originals = fill(workspace, [large, many])
    ids = ["large", "many"]
    assert workspace.actions.apply(workspace.actions.requeue(ids)).changed == 2
    assert {task.status for task in workspace.item("many").tasks} == {"todo"}
    assert (
        workspace.actions.apply(workspace.actions.delete_tasks("many", [f"Task_{n}" for n in range(400)])).changed == 1
    )
    assert len(workspace.item("many").tasks) == 100
    assert workspace.actions.apply(workspace.actions.delete(ids)).changed == 2
    for _ in range(3):
        assert not workspace.actions.apply(workspace.actions.undo()).skipped
    assert [workspace.record(item_id) for item_id in ids] == originals


def test_cancelling_stops_within_a_batch_and_says_what_was_not_started(workspace: Workspace) -> None:
    ids = [f"i{number}" for number in range(60)]
    fill(workspace, [single(item_id) for item_id in ids])
    stop = threading.Event()
    actions = Actions(workspace.items, workspace.journal, workers=2)
    plan = actions.requeue(ids, look=False)
    assert (plan.would_change, plan.outcomes) == (None, {})
    result = actions.apply(plan, progress=lambda *_: stop.set(), cancelled=stop.is_set)
    assert result.cancelled
    assert 0 < result.not_started < 60
    assert result.changed + result.not_started == 60
    assert sum(item.get(schema.STATE) == {"S": "todo"} for item in workspace.items.scan().records) == result.changed
    listed = workspace.journal.activity()[0]
    assert (listed.status, listed.changed, listed.not_started) == (
        ActionStatus.CANCELLED,
        result.changed,
        result.not_started,
    )
    assert actions.apply(actions.requeue(ids)).changed == result.not_started
    assert actions.apply(actions.undo(result.id)).changed == result.changed


def test_ctrl_c_ends_the_action_tidily_and_goes_on_up(workspace: Workspace) -> None:
    ids = [f"i{number}" for number in range(40)]
    fill(workspace, [single(item_id) for item_id in ids])
    actions = Actions(workspace.items, workspace.journal, workers=2)

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        actions.apply(actions.requeue(ids), progress=interrupt)
    listed = workspace.journal.activity()[0]
    todo = sum(item.get(schema.STATE) == {"S": "todo"} for item in workspace.items.scan().records)
    assert (listed.status, listed.changed, listed.unknown) == (ActionStatus.CANCELLED, todo, 0)


def test_read_only_plans_but_neither_journals_nor_sends(embedded: EmbeddedServer, workspace: Workspace) -> None:
    fill(workspace, [single("a")])
    watching = open_table(embedded, workspace.table, create=False, read_only=True)
    plan = watching.actions.requeue(["a"])
    assert plan.would_change == 1
    with pytest.raises(ReadOnly):
        watching.actions.apply(plan)
    assert watching.journal.activity() == []
    assert workspace.item("a").facts.state == "failed"


def test_a_missing_table_says_so_and_changes_nothing(embedded: EmbeddedServer, table_name: str) -> None:
    workspace = open_table(embedded, table_name, create=False)
    with pytest.raises(TableNotFound):
        workspace.actions.apply(workspace.actions.requeue(["a"], look=False))


def test_a_server_that_goes_away_fails_items_and_the_rest_is_not_started(table_name: str) -> None:
    ids = [f"i{number:04}" for number in range(2000)]
    with EmbeddedServer() as server:
        workspace = open_table(server, table_name)
        for start in range(0, 200, 25):
            workspace.items.batch_put([single(item_id) for item_id in ids[start : start + 25]])
        actions = Actions(workspace.items, workspace.journal, workers=4)
        plan = actions.requeue(ids, look=False)

        def end(done: int, *_: int) -> None:
            if done < 100:
                server.stop()

        result = actions.apply(plan, progress=end)
    assert result.changed
    assert result.failed
    assert result.not_started
    assert result.changed + len(result.failed) + result.not_started + len(result.skipped) == 2000
    assert result.error is not None
    assert "cannot be reached" in result.failed[0].why
    assert workspace.journal.activity()[0].status == ActionStatus.STOPPED


def through(proxy: FaultProxy, workspace: Workspace) -> Workspace:
    """The same table, by way of a bad network."""
    return Workspace(Settings(table=workspace.table, region=REGION, endpoint_url=proxy.url))


def test_an_answer_that_was_lost_is_not_taken_for_another_s_change(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    ids = [f"i{number}" for number in range(40)]
    originals = fill(workspace, [single(item_id) for item_id in ids])
    writes = Faults(lost_answers=0.15, only=lambda request: b".UpdateItem" in request or b".DeleteItem" in request)
    with FaultProxy(embedded.endpoint_url, writes, seed=3) as proxy:
        bad = through(proxy, workspace)
        requeued = bad.actions.apply(bad.actions.requeue(ids))
        lost = proxy.injected["lost_answers"]
        deleted = bad.actions.apply(bad.actions.delete(ids))
        assert 0 < lost < proxy.injected["lost_answers"]
        assert (requeued.changed, requeued.skipped) == (40, ())
        assert (deleted.changed, deleted.skipped) == (40, ())
        for _ in range(2):
            assert bad.actions.apply(bad.actions.undo()).changed == 40
    assert [workspace.record(item_id) for item_id in ids] == originals


def test_throttling_is_ridden_out(embedded: EmbeddedServer, workspace: Workspace) -> None:
    ids = [f"i{number}" for number in range(12)]
    fill(workspace, [single(item_id) for item_id in ids])
    with FaultProxy(embedded.endpoint_url, Faults(throttle=0.4), seed=3) as proxy:
        bad = through(proxy, workspace)
        result = bad.actions.apply(bad.actions.requeue(ids, look=False))
        assert proxy.injected["throttle"]
    assert (result.changed, result.failed) == (12, ())


def test_writes_that_stay_throttled_fail_and_can_be_run_again(workspace: Workspace) -> None:
    fill(workspace, [single("a"), single("b")])

    class TooFast(Items):
        # What boto3's own tries, seconds each, end in.
        def update(
            self, item_id: str, change: Change, *, read_back: bool = False, explain: bool = False
        ) -> Record | None:
            raise Throttled("index ItemStateIndex", "IndexWriteProvisionedThroughputExceeded")

    clock = iter(range(0, 1_000_000, 100))
    plan = workspace.actions.requeue(["a", "b"])
    log = workspace.journal.begin(plan.action, plan.total)
    items = TooFast(workspace.connection, workspace.table)
    result = Application(items, log, plan, pace=lambda: float(next(clock))).run()
    assert (result.changed, {one.item for one in result.failed}) == (0, {"a", "b"})
    assert "Throttled on index ItemStateIndex" in result.failed[0].why
    assert workspace.actions.apply(workspace.actions.requeue(["a", "b"])).changed == 2
    assert workspace.actions.undo(log.id).would_change == 0, "a failed write may have been made: undo looks"


KILLED = """
import signal
import sys
from pyanamo_tui.aws.items import Items
from pyanamo_tui.core.actions import Actions
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.settings import Settings

table, region, endpoint = sys.argv[1:]
workspace = Workspace(Settings(table=table, region=region, endpoint_url=endpoint))
ids = [line.rstrip("\\n") for line in sys.stdin]
actions = Actions(workspace.items, workspace.journal, workers=4)
print("begun", flush=True)


def first_batch_done(*told):
    print(*told, flush=True)
    signal.pause()  # The batches under way go on; no further one begins, however slow the test is.


actions.apply(actions.requeue(ids, look=False), progress=first_batch_done)
"""


def test_kill_9_in_a_bulk_requeue_is_told_and_undone_byte_for_byte(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    ids = [f"k{number:03}" for number in range(300)]
    for start in range(0, 300, 25):
        workspace.items.batch_put([single(item_id) for item_id in ids[start : start + 25]])
    originals = whole_table(workspace)
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, workspace.table, REGION, embedded.endpoint_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("\n".join(ids))
    child.stdin.close()
    assert child.stdout.readline() == "begun\n"
    assert child.stdout.readline().split()[1] == "300", "the first batch is done"
    child.send_signal(signal.SIGSTOP)
    running = workspace.journal.activity()[0]
    assert running.status == ActionStatus.RUNNING
    assert not running.undoable
    with pytest.raises(UsageError):
        workspace.actions.undo(running.id)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()

    killed = workspace.journal.activity()[0]
    assert (killed.id, killed.status, killed.undoable) == (running.id, ActionStatus.INTERRUPTED, True)
    todo = {
        item_id for item_id, record in settled(workspace, embedded).items() if record[schema.STATE] == {"S": "todo"}
    }
    assert killed.changed <= len(todo) <= killed.changed + killed.unknown
    assert len(todo) < 300, "it was killed in the middle"
    undo = workspace.actions.apply(workspace.actions.undo())
    assert set(undo.changed_ids) == todo
    assert {one.why for one in undo.skipped} <= {"it is what it was before the action already"}
    assert whole_table(workspace) == originals


def test_the_result_has_the_shape_that_scripts_rely_on(workspace: Workspace) -> None:
    fill(workspace, [single("a")])
    plan = workspace.actions.requeue(["a", "b"], detail={"signature": "exit 1"})
    dry = json.loads(json.dumps(plan.dry()))
    assert (dry["would_change"], dry["skipped"]) == (1, [{"item": "b", "why": "there is no such item"}])
    told = json.loads(json.dumps(workspace.actions.apply(plan).as_json()))
    assert told["id"] == workspace.journal.activity()[0].id
    del told["id"]
    assert told == {
        "action": "requeue",
        "changed": 1,
        "skipped": [{"item": "b", "why": "there is no such item"}],
        "failed": [],
        "cancelled": False,
        "not_started": 0,
        "error": None,
    }
    assert workspace.actions.apply(workspace.actions.requeue([])).id is None

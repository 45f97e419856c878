"""Several managers, importers and engines on one table at once, on every stand-in: nothing is lost, nothing twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pyanamo_tui.aws.items import ItemChanged
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.model import LogEntry
from pyanamo_tui.workflow.transitions import Outcome
from tests.conformance.places import LEASE, NOW, fail, fill, open_at
from tests.core.places import whole_table
from tests.standins import Standin

PATIENCE = 60.0


def at_once(works: Sequence[Callable[[], None]]) -> None:
    """Run them in threads, all begun at one moment; the first error of any is raised here."""
    barrier, errors = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], None]) -> None:
        try:
            barrier.wait(PATIENCE)
            work()
        except BaseException as error:  # Raised again by the test's own thread, below.
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads)


def test_every_item_is_claimed_by_one_and_every_end_is_kept(workspace: Workspace, standin: Standin) -> None:
    ids = [f"i{number:02}" for number in range(12)]
    fill(workspace, [schema.new_single(item_id, "S", "true") for item_id in ids])
    wins: Counter[str] = Counter()
    good = Outcome(ok=True, log=LogEntry(status="Done: exit code 0", exit_code=0))

    def engine(name: str) -> Callable[[], None]:
        items = open_at(standin, workspace.table).items

        def work() -> None:
            for item_id in ids:
                lock = f"{name}-{item_id}"
                change = transitions.claim(owner=name, lock_id=lock, lease_until=LEASE, now=NOW)
                try:
                    record = items.update(item_id, change, read_back=True)
                except ItemChanged:
                    continue
                assert record is not None
                wins[item_id] += 1
                items.update(item_id, transitions.finish(schema.read_item(record), good, lock_id=lock, now=NOW))

        return work

    at_once([engine(f"e{number}") for number in range(6)])

    assert wins == dict.fromkeys(ids, 1)
    assert {facts.attempts for facts in (workspace.item(item_id).facts for item_id in ids)} == {1}
    assert workspace.monitor().poll_once().counts == {"done": len(ids)}


def test_two_importers_of_the_same_ids_write_each_once(workspace: Workspace, standin: Standin, tmp_path: Path) -> None:
    count = 75
    written: dict[str, int] = {}

    def importer(name: str) -> Callable[[], None]:
        path = tmp_path / f"{name}.txt"
        lines = "".join(f"i{number:03}|{name}|echo {name}\n" for number in range(count))
        path.write_text("itemID|TaskID|TaskScript\n" + lines)

        def work() -> None:
            result = open_at(standin, workspace.table).importer.run(path)
            assert result.written + result.skipped == count
            written[name] = result.written

        return work

    at_once([importer("one"), importer("two")])

    table = whole_table(workspace)
    assert len(table) == count
    assert Counter(record[schema.STEP]["S"] for record in table.values()) == {k: n for k, n in written.items() if n}


def test_two_managers_and_an_engine_lose_nothing(workspace: Workspace, standin: Standin) -> None:
    """Both requeue all failed items while an engine takes what waits: each item is requeued once, claimed once."""
    ids = [f"i{number:02}" for number in range(20)]
    fill(workspace, [schema.new_single(item_id, "S", "true") for item_id in ids])
    for item_id in ids:
        fail(workspace, item_id)
    changed: list[str] = []
    claimed: Counter[str] = Counter()
    over = threading.Event()
    ended: list[str] = []

    def manager() -> None:
        actions = open_at(standin, workspace.table).actions
        result = actions.apply(actions.requeue(ids, look=False))
        assert not result.failed
        changed.extend(result.changed_ids)
        ended.append("manager")
        if len(ended) == 2:
            over.set()

    def engine() -> None:
        items = open_at(standin, workspace.table).items
        while True:
            last = over.is_set()
            for record in items.query_state("todo", index=schema.SUMMARY_INDEX).records:
                item_id = schema.record_id(record)
                lock = f"lock-{item_id}-{claimed[item_id]}"
                change = transitions.claim(owner="e", lock_id=lock, lease_until=LEASE, now=NOW)
                try:
                    items.update(item_id, change)
                except ItemChanged:
                    continue
                claimed[item_id] += 1
            if last:
                return

    at_once([manager, manager, engine])

    assert sorted(changed) == ids, "an item that was requeued twice was taken from its engine"
    assert claimed == dict.fromkeys(ids, 1)
    table = [schema.read_facts(record) for record in whole_table(workspace).values()]
    assert {(facts.state, facts.attempts, facts.lock_id) for facts in table} == {
        ("locked", 2, f"lock-{item_id}-0") for item_id in ids
    }
    assert len(workspace.journal.activity()) == 2

"""An import can be taken back: what it made goes again, what anybody has used since, or had made before, stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyanamo_tui.core.journalfile import ActionStatus
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import transitions
from tests.core.importing import import_until_killed, write_file
from tests.core.places import fill, open_table, settled, single, whole_table


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Iterator[Workspace]:
    """A new workflow table."""
    opened = open_table(embedded, table_name)
    yield opened
    opened.tables.delete(table_name)


def test_undo_takes_out_what_the_import_made_and_leaves_the_rest(workspace: Workspace, tmp_path: Path) -> None:
    (before,) = fill(workspace, [single("S00003", "done")])
    result = workspace.importer.run(write_file(tmp_path, 60))
    assert (result.written, result.skipped) == (59, 1)
    workspace.items.update("S00007", transitions.claim(owner="w", lock_id="L" * 30, lease_until=2e9, now=1e9))
    claimed = workspace.record("S00007")

    plan = workspace.actions.undo()
    assert plan.about.startswith("import, ")
    assert plan.outcomes["taken out again"] == plan.would_change == 58
    undone = workspace.actions.apply(plan)

    assert whole_table(workspace) == {"S00003": before, "S00007": claimed}
    assert undone.changed == 58
    assert [one.item for one in undone.skipped] == ["S00007"]
    again = workspace.actions.apply(workspace.actions.undo(undone.id))
    assert (again.changed, len(whole_table(workspace))) == (58, 60)


def test_an_import_of_what_is_there_already_takes_nothing_of_it_out(workspace: Workspace, tmp_path: Path) -> None:
    path = write_file(tmp_path, 60)
    workspace.importer.run(path)
    second = workspace.importer.run(path)
    assert (second.written, second.skipped) == (0, 60)

    plan = workspace.actions.undo(second.action_id)

    assert plan.total == 0
    assert len(whole_table(workspace)) == 60


def test_a_killed_import_is_taken_back_but_for_what_may_be_anothers(
    workspace: Workspace, embedded: EmbeddedServer, tmp_path: Path
) -> None:
    import_until_killed(workspace, embedded, write_file(tmp_path, 600), 300)
    there = settled(workspace, embedded)
    killed = workspace.journal.activity()[0]
    assert (killed.action, killed.status) == ("import", ActionStatus.INTERRUPTED)
    assert killed.changed <= len(there) <= killed.changed + killed.unknown

    undone = workspace.actions.apply(workspace.actions.undo())

    left = whole_table(workspace)
    assert undone.changed == killed.changed
    assert len(left) == len(there) - killed.changed
    assert {one.item for one in undone.skipped} >= set(left)
    assert all("ended before it knew" in one.why for one in undone.skipped if one.item in left)


def test_an_import_that_was_taken_back_begins_anew(workspace: Workspace, tmp_path: Path) -> None:
    path = write_file(tmp_path, 600)
    stop = threading.Event()
    first = workspace.importer.run(
        path, cancelled=stop.is_set, progress=lambda now: stop.set() if now.written >= 200 else None
    )
    assert first.cancelled
    workspace.actions.apply(workspace.actions.undo())
    assert whole_table(workspace) == {}
    assert workspace.importer.preview(path).resumes_from_line is None

    second = workspace.importer.run(path)

    assert (second.resumed_from_line, second.written) == (None, 600)
    assert len(whole_table(workspace)) == 600

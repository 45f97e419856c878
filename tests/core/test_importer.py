"""Imports over a socket: what is refused and skipped, what a crash leaves, and that nothing is ever overwritten."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pyanamo_tui.aws.inserts import Inserts, Outcome, Way
from pyanamo_tui.core.bulkwrite import Existing
from pyanamo_tui.core.importer import Importer
from pyanamo_tui.core.importresult import ImportProgress, ImportRefused, Phase
from pyanamo_tui.core.importrun import LINES_AHEAD
from pyanamo_tui.core.importsurvey import IDS_CHECKED, IDS_SAMPLED
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import BadInput, Interrupted, ReadOnly, ServiceUnavailable, UsageError
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import state_path
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.schema import Record
from tests.core.importing import HEADER, import_until_killed, write_file
from tests.core.places import fill, open_table, settled, single, whole_table


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Iterator[Workspace]:
    """A new workflow table."""
    opened = open_table(embedded, table_name)
    yield opened
    opened.tables.delete(table_name)


def test_a_file_is_previewed_and_then_imported(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "cohort.txt"
    path.write_text("TaskScript\titemID\ttaskid\tTaskArgs\nseq\tA 1\tStep\t8,2\nseq\tB\tStep\t1, 2 ,3\n")
    fill(workspace, [single("B", "done")])

    preview = workspace.importer.preview(path)

    assert (preview.survey.items, preview.survey.nested, preview.survey.tasks) == (2, 2, 5)
    assert (preview.header.delimiter, preview.guessed) == ("\t", True)
    assert (preview.existing, preview.existing_checked, preview.existing_sampled) == (1, 2, False)
    # The table, three indexes that project everything (no item has an owner yet), and the summary index.
    assert preview.write_units == 2 * 5
    assert preview.seconds is None
    assert list(whole_table(workspace)) == ["B"]

    result = workspace.importer.run(path)

    assert (result.read, result.written, result.skipped) == (2, 1, 1)
    assert result.skipped_why == {"there is an item of this id already": 1}
    assert workspace.record("A 1") == schema.new_nested("A 1", "Step", ["seq 8", "seq 2"])
    assert workspace.record("B")[schema.STATE] == {"S": "done"}


def test_a_file_with_problems_is_refused_whole_unless_the_good_lines_are_asked_for(
    workspace: Workspace, tmp_path: Path
) -> None:
    path, rejects = tmp_path / "items.txt", tmp_path / "rejects.txt"
    path.write_text(HEADER + "A|Step|seq 1\nB|Step\n|Step|seq 2\nC|Step|seq 3\nA|Step|seq 4\n")

    with pytest.raises(ImportRefused, match=r"3 lines .* \(line 3, 4, 6\)") as refused:
        workspace.importer.run(path, rejects=rejects)

    assert [problem.line for problem in refused.value.problems] == [3, 4, 6]
    assert whole_table(workspace) == {}
    assert rejects.read_text() == HEADER + "B|Step\n|Step|seq 2\nA|Step|seq 4\n"

    result = workspace.importer.run(path, good_lines_only=True)

    assert sorted(whole_table(workspace)) == ["A", "C"]
    assert (result.read, result.written, result.problem_count, result.complete) == (2, 2, 3, False)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"", "is empty"),
        ("packed.txt", b"\x1f\x8b\x08\x00rest", r"compressed \(gzip\)"),
        ("binary.txt", b"\x7fELF\x00\x01\n", "not UTF-8"),
        ("wrong.txt", b"itemID|TaskID|TaskScript\n", "split"),
        ("columns.txt", b"itemID,TaskID\nA,B\n", "TaskScript"),
    ],
)
def test_unusable_files_say_what_is_wrong_and_what_to_do(
    workspace: Workspace, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    delimiter = ";" if name == "wrong.txt" else None

    with pytest.raises((BadInput, UsageError), match=said) as refused:
        workspace.importer.run(path, delimiter=delimiter)

    assert refused.value.hint
    assert refused.value.exit_code == 2


def test_missing_files_and_folders_are_told_apart(workspace: Workspace, tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.txt", "There is no file"), (tmp_path, "is a folder")):
        with pytest.raises(BadInput, match=said):
            workspace.importer.preview(path)


def test_replace_journals_what_was_and_leaves_what_a_worker_holds(workspace: Workspace, tmp_path: Path) -> None:
    path = write_file(tmp_path, 4)
    held = single("S00001", "locked", lockID={"S": "abc"})
    old, held, equal = fill(workspace, [single("S00000", "done"), held, schema.new_single("S00002", "Align", "seq 2")])

    result = workspace.importer.run(path, existing=Existing.REPLACE)

    assert (result.written, result.replaced, result.skipped) == (2, 1, 2)
    assert result.skipped_why == {"a worker holds it": 1, "it is the same already": 1}
    assert workspace.record("S00001") == held
    assert workspace.record("S00002") == equal
    assert workspace.record("S00000") == schema.new_single("S00000", "Align", "seq 0")
    assert result.action_id is not None
    workspace.actions.apply(workspace.actions.undo(result.action_id))
    assert workspace.record("S00000") == old
    assert sorted(whole_table(workspace)) == ["S00000", "S00001", "S00002"], "the new one is taken out again"


def test_fail_refuses_the_file_when_an_id_exists(workspace: Workspace, tmp_path: Path) -> None:
    path = write_file(tmp_path, 30)
    fill(workspace, [single("S00007")])

    with pytest.raises(ImportRefused, match="1 item of") as refused:
        workspace.importer.run(path, existing=Existing.FAIL)

    assert [problem.line for problem in refused.value.problems] == [9]
    assert list(whole_table(workspace)) == ["S00007"]


def test_a_read_only_workspace_imports_nothing(workspace: Workspace, embedded: EmbeddedServer, tmp_path: Path) -> None:
    watching = open_table(embedded, workspace.table, create=False, read_only=True)
    path = write_file(tmp_path, 3)

    assert watching.importer.preview(path).survey.items == 3
    with pytest.raises(ReadOnly):
        watching.importer.run(path)


def test_standard_input_is_imported(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with write_file(tmp_path, 3).open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        result = workspace.importer.run("-")

    assert (result.read, result.written, result.resumed_from_line) == (3, 3, None)


def test_items_in_memory_say_which_were_written(workspace: Workspace) -> None:
    fill(workspace, [single("B")])

    result = workspace.importer.import_records([schema.new_single(name, "Step", "true") for name in "ABC"])

    assert (set(result.written_ids), result.skipped) == ({"A", "C"}, 1)


def test_the_same_command_goes_on_after_a_cancel(workspace: Workspace, tmp_path: Path) -> None:
    path = write_file(tmp_path, 600)
    stop = threading.Event()

    first = workspace.importer.run(
        path, cancelled=stop.is_set, progress=lambda now: stop.set() if now.written >= 200 else None
    )

    assert first.cancelled
    assert 200 <= first.written < 600
    assert first.written + first.not_written == 600
    assert len(whole_table(workspace)) == first.written
    assert workspace.importer.preview(path).resumes_from_line is not None

    second = workspace.importer.run(path)

    assert second.resumed_from_line is not None
    assert second.resumed_from_line > 2
    assert second.written_before + second.written == 600
    assert second.skipped == 0
    assert len(whole_table(workspace)) == 600
    assert workspace.importer.preview(path).resumes_from_line is None


def test_a_changed_file_or_another_table_begins_anew(workspace: Workspace, tmp_path: Path) -> None:
    path = write_file(tmp_path, 300)
    stop = threading.Event()
    stopped = workspace.importer.run(
        path, cancelled=stop.is_set, progress=lambda now: stop.set() if now.written >= 50 else None
    )
    assert stopped.cancelled
    workspace.tables.delete(workspace.table)
    workspace.create_table(workspace.table, stream=False)

    result = workspace.importer.run(path)

    assert (result.resumed_from_line, result.written) == (None, 300)


def test_cancelling_before_anything_is_written_says_so(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        workspace.importer.run(write_file(tmp_path, 2500), cancelled=lambda: True)


def test_an_import_killed_at_sixty_percent_is_finished_by_the_same_command(
    workspace: Workspace, embedded: EmbeddedServer, tmp_path: Path
) -> None:
    total = 1000
    path = write_file(tmp_path, total)
    limit = total * 6 // 10
    import_until_killed(workspace, embedded, path, limit)
    survivors = settled(workspace, embedded)
    assert limit <= len(survivors) < total
    # A worker takes the last item that was written, which the checkpoint does not know of.
    claimed = transitions.claim(owner="w", lock_id="L" * 30, lease_until=2e9, now=1e9)
    workspace.items.update(max(survivors), claimed)
    before = whole_table(workspace)

    result = workspace.importer.run(path)

    after = whole_table(workspace)
    assert len(after) == total
    assert {name: after[name] for name in before} == before
    assert (result.written, result.written_before, result.skipped) == (total - len(before), len(before), 0)
    assert result.resumed_from_line is not None
    assert list((state_path() / "imports").iterdir()) == []


def test_what_existed_before_is_not_taken_for_the_interrupted_runs(workspace: Workspace, tmp_path: Path) -> None:
    path = write_file(tmp_path, 3 * LINES_AHEAD // 10)
    fill(workspace, [single("S00500", "done")])
    stop = threading.Event()
    workspace.importer.run(path, cancelled=stop.is_set, progress=lambda now: stop.set() if now.written > 99 else None)

    result = workspace.importer.run(path)

    assert result.skipped == 1
    assert [one.item for one in result.skipped_items] == ["S00500"]


def test_a_second_import_of_the_same_file_on_this_host_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = write_file(tmp_path, 50)
    refusals: list[str] = []

    def again(_: object) -> None:
        if not refusals:
            with pytest.raises(Exception, match="being imported") as refused:
                workspace.importer.run(path)
            refusals.append(str(refused.value))

    workspace.importer.run(path, progress=again)

    assert str(os.getpid()) in refusals[0]


def test_two_importers_and_an_engine_at_once_overwrite_nothing(
    workspace: Workspace, embedded: EmbeddedServer, tmp_path: Path
) -> None:
    # Two hosts: two copies of the file, so that no lock keeps them apart, with other commands under the same ids.
    paths = [write_file(tmp_path, 300, "one.txt"), write_file(tmp_path, 300, "two.txt", command="echo")]
    results: list[int] = []
    claimed: dict[str, Record] = {}
    over = threading.Event()

    at_once = threading.Barrier(len(paths))

    def bring_in(path: Path) -> None:
        waited: list[int] = []

        def hold_the_first_batch() -> bool:
            if not waited:
                waited.append(at_once.wait(30))
            return False

        importer = open_table(embedded, workspace.table, create=False).importer
        results.append(importer.run(path, cancelled=hold_the_first_batch).written)

    def claim() -> None:
        engine = open_table(embedded, workspace.table, create=False)
        while not over.is_set():
            page = engine.items.query_state("todo", index="ItemStateIndex", attributes=["itemID"], limit=20)
            for record in page.records:
                item_id = schema.record_id(record)
                change = transitions.claim(owner="w", lock_id=f"lock-{item_id}", lease_until=2e9, now=1e9)
                held = engine.items.update(item_id, change, read_back=True)
                assert held is not None
                assert item_id not in claimed, "it was put back after it was claimed"
                claimed[item_id] = held

    threads = [threading.Thread(target=bring_in, args=(path,)) for path in paths]
    engine = threading.Thread(target=claim)
    for thread in (engine, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    engine.join()

    assert claimed
    assert sum(results) == 300
    table = whole_table(workspace)
    assert len(table) == 300
    assert {name: table[name] for name in claimed} == claimed


def importer_with(workspace: Workspace, inserts: Inserts) -> Importer:
    return Importer(workspace.items, inserts, workspace.journal, describe=workspace.describe)


class _Lossy(Inserts):
    """Writes, then says that the answer was lost, every time that new items are sent."""

    def insert(
        self, records: Sequence[Record], *, again: bool = False, stopped: Callable[[], bool] = lambda: False
    ) -> list[Outcome]:
        outcomes = super().insert(records, again=again, stopped=stopped)
        return outcomes if again else [ServiceUnavailable("lost")] * len(outcomes)


def test_a_lost_answer_is_found_out_and_counts_as_written(workspace: Workspace, tmp_path: Path) -> None:
    fill(workspace, [single("S00003")])
    importer = importer_with(workspace, _Lossy(workspace.connection, workspace.table, way=Way.PUTS))

    result = importer.run(write_file(tmp_path, 60))

    assert (result.written, result.skipped, result.failed) == (59, 1, 0)


def test_statements_give_way_to_puts_where_they_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    inserts = Inserts(workspace.connection, workspace.table, way=Way.STATEMENTS)

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "BatchExecuteStatement")

    workspace.connection.dynamodb.batch_execute_statement = refuse  # type: ignore[method-assign, assignment]
    result = importer_with(workspace, inserts).run(write_file(tmp_path, 60))

    assert (result.written, result.slower) == (60, "dynamodb:PartiQLInsert")


def test_ids_of_any_kind_arrive_unchanged(workspace: Workspace, tmp_path: Path) -> None:
    ids = ["with space", "quote'\"", "emoji 🧬", "esc \x1b[31m", "x" * 1024, "é" * 100, "[bold]", "../../etc"]
    path = tmp_path / "odd.txt"
    path.write_text(HEADER + "".join(f"{name}|Step|echo '{number}'\n" for number, name in enumerate(ids)))

    workspace.importer.run(path)

    assert sorted(whole_table(workspace)) == sorted(ids)


def test_refused_items_are_told_one_by_one(workspace: Workspace) -> None:
    too_large = schema.new_single("B", "Step", "x" * (400 * 1024))
    result = workspace.importer.import_records(
        [schema.new_single("A", "Step", "true"), too_large, schema.new_single("C", "Step", "true")]
    )

    assert (result.written, result.failed, [one.item for one in result.failed_items]) == (2, 1, ["B"])
    assert not result.complete


def test_progress_counts_up_to_all_items(workspace: Workspace, tmp_path: Path) -> None:
    seen: list[ImportProgress] = []

    workspace.importer.run(write_file(tmp_path, 120), progress=seen.append)

    written = [now.written for now in seen if now.phase == Phase.WRITING]
    assert written == sorted(written)
    assert (seen[-1].items, seen[-1].total, seen[-1].written) == (120, 120, 120)
    assert seen[-1].bytes_done == seen[-1].bytes_total


def test_of_many_ids_a_sample_is_looked_for_and_on_demand_every_one(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text(HEADER + "".join(f"S{number:05}|Align|seq {number}\n" for number in range(IDS_CHECKED + 100)))
    fill(workspace, [single(f"S{number:05}") for number in range(IDS_CHECKED, IDS_CHECKED + 30)])
    sampled = workspace.importer.preview(path)
    assert (sampled.existing_sampled, sampled.existing_checked) == (True, IDS_SAMPLED)
    told: list[ImportProgress] = []
    exact = workspace.importer.look_for_all(path, sampled, progress=told.append)
    assert (exact.existing, exact.existing_checked, exact.existing_sampled) == (30, IDS_CHECKED + 100, False)
    assert [now.items for now in told] == list(range(100, IDS_CHECKED + 101, 100))
    with pytest.raises(Interrupted):
        workspace.importer.look_for_all(path, sampled, cancelled=lambda: True)
    path.write_text(HEADER + "S00000|Align|seq 1\n")
    with pytest.raises(BadInput):
        workspace.importer.look_for_all(path, sampled)

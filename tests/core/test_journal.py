"""The journal on disk: what a crash, a full disk or a hostile name leaves of it, and what it tells."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.core.journal import SUFFIX, Journal, place_folder
from pyanamo_tui.core.journalfile import (
    ActionCounts,
    ActionFile,
    ActionHeader,
    ActionStatus,
    ActionWriter,
    Fate,
    JournalUnwritable,
    Noted,
)
from pyanamo_tui.core.plan import Step
from pyanamo_tui.errors import NotFound
from pyanamo_tui.workflow import dynamojson
from pyanamo_tui.workflow.dynamojson import same
from pyanamo_tui.workflow.schema import Record

NOW = 1_795_000_000.0


class Clock:
    """A clock that the test winds."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "a" / "journal", table="T", region="eu-west-2", clock=Clock())


def record(item_id: str, **extra: str) -> Record:
    return {"itemID": {"S": item_id}, **{name: {"S": value} for name, value in extra.items()}}


def made(journal: Journal, *item_ids: str, undoes: str | None = None, status: str = "finished") -> ActionWriter:
    """A whole action that deleted these items."""
    log = journal.begin("delete", len(item_ids), undoes=undoes)
    numbers = log.before([Step(item_id, record(item_id), None) for item_id in item_ids])
    log.outcomes(Noted(number, item_id, Fate.CHANGED) for number, item_id in zip(numbers, item_ids, strict=True))
    log.end(ActionCounts(ActionStatus(status), changed=len(item_ids)))
    return log


def test_an_action_is_read_back_as_it_was_written(journal: Journal) -> None:
    log = journal.begin("requeue", 4, detail={"scope": "item"}, account="123456789012", role="bastion")
    before: Record = {"itemID": {"S": "a\n\u2028é"}, "blob": {"B": b"\x00\xff"}, "old": {"N": "1"}, "M": {"M": {}}}
    after: Record = {"itemID": before["itemID"], "blob": {"B": b"\x01"}, "M": {"M": {}}, "B": {"BS": [b"\xfe"]}}
    steps = [Step("a", before, after), Step("b", record("b"), None), Step("c", None, record("c"))]
    assert list(log.before(steps)) == [0, 1, 2]
    log.outcomes(
        [
            Noted(0, "a", Fate.CHANGED),
            Noted(1, "b", Fate.SKIPPED, "it changed"),
            Noted(None, "d", Fate.SKIPPED, "there is no such item"),
        ]
    )
    log.outcomes([Noted(2, "c", Fate.FAILED, "throttled")])
    log.end(ActionCounts(ActionStatus.FINISHED, changed=1, skipped=2, failed=1))

    file = journal.read(log.id)
    assert file.header == ActionHeader(
        id=log.id,
        at=NOW + 1,
        who=file.header.who,
        action="requeue",
        detail={"scope": "item"},
        total=4,
        table="T",
        region="eu-west-2",
        account="123456789012",
    )
    assert file.header.who.endswith(" (bastion)")
    assert [(entry.item_id, entry.before, entry.after) for entry in file.entries()] == [
        (step.item_id, step.before, step.after) for step in steps
    ]
    assert file.fates() == {0: Fate.CHANGED, 1: Fate.SKIPPED, 2: Fate.FAILED}
    assert [(one.number, one.item_id, one.fate, one.why) for one in file.outcomes()] == [
        (0, "", Fate.CHANGED, ""),
        (1, "", Fate.SKIPPED, "it changed"),
        (None, "d", Fate.SKIPPED, "there is no such item"),
        (2, "", Fate.FAILED, "throttled"),
    ]
    assert [file.entry_at(offset) for _, offset in file.offsets().values()] == list(file.entries())
    listed = journal.activity()[0]
    assert (listed.changed, listed.skipped, listed.failed, listed.status) == (1, 2, 1, ActionStatus.FINISHED)


def test_only_its_owner_can_read_it(journal: Journal) -> None:
    log = made(journal, "a")
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700


@given(cut=st.integers(min_value=0, max_value=10_000))
def test_wherever_a_crash_cuts_the_file_the_rest_is_read(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    journal = Journal(tmp_path_factory.mktemp("cut"), table="T", region="r")
    log = journal.begin("delete", 3)
    log.before([Step("a", record("a", x="1"), None), Step("b", record("b"), record("b", y="2"))])
    log.outcomes([Noted(0, "a", Fate.CHANGED)])
    log.end(ActionCounts(ActionStatus.FINISHED, changed=1, failed=1))
    whole = log.path.read_bytes()
    kept = whole[: cut % len(whole)]
    log.path.write_bytes(kept)
    lines = kept.split(b"\n")
    if len(lines) == 1:
        # A header that is whole but for its line feed is still a header.
        assert len(journal.activity()) in {0, 1}
        return
    listed = journal.activity()[0]
    assert listed.status == ActionStatus.INTERRUPTED
    entries = list(journal.read(log.id).entries())
    assert len(entries) >= sum(line.startswith(b'{"p"') for line in lines[:-1])
    assert [entry.item_id for entry in entries] == ["a", "b"][: len(entries)]
    assert listed.changed + listed.unknown == len(entries)
    assert listed.undoable == bool(entries)


def _then_refuse(write: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
    """Ten bytes go to the disk, then it is full."""
    calls: list[int] = []

    def refuse(descriptor: int, data: bytes) -> int:
        calls.append(descriptor)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:10])

    return refuse


def test_a_write_that_the_disk_refuses_stops_the_action_and_spoils_nothing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = journal.begin("delete", 2)
    log.before([Step("a", record("a"), None)])
    written = log.path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", _then_refuse(write))
    with pytest.raises(JournalUnwritable, match="No space left"):
        log.before([Step("b", record("b"), None)])
    monkeypatch.setattr(os, "write", write)
    assert log.path.read_bytes() == written
    log.outcomes([Noted(0, "a", Fate.CHANGED)])
    log.end(ActionCounts(ActionStatus.STOPPED, changed=1, not_started=1))
    assert [entry.item_id for entry in journal.read(log.id).entries()] == ["a"]
    assert journal.activity()[0].status == ActionStatus.STOPPED


def test_a_journal_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "journal", table="T", region="r")
    with pytest.raises(JournalUnwritable):
        journal.begin("delete", 1)
    assert journal.activity() == []


def test_undone_by_follows_chains_of_undo(journal: Journal) -> None:
    first, second = made(journal, "a"), made(journal, "b")
    assert latest(journal) == second.id
    undo = made(journal, "b", undoes=second.id)
    assert latest(journal) == first.id
    assert {one.id: one.undone_by for one in journal.activity()} == {undo.id: None, second.id: undo.id, first.id: None}
    redo = made(journal, "b", undoes=undo.id)
    assert latest(journal) == second.id
    assert {one.id: one.undone_by for one in journal.activity()}[undo.id] == redo.id


def latest(journal: Journal) -> str | None:
    found = journal.latest_undoable()
    return None if found is None else found.id


def test_an_undo_that_left_every_item_alone_undid_nothing(journal: Journal) -> None:
    action = made(journal, "a")
    log = journal.begin("undo", 1, undoes=action.id)
    log.outcomes([Noted(None, "a", Fate.SKIPPED, "it changed since")])
    log.end(ActionCounts(ActionStatus.FINISHED, skipped=1))
    assert latest(journal) == action.id
    assert journal.activity()[1].undone_by is None


def test_an_undo_that_did_not_end_can_be_made_again(journal: Journal) -> None:
    action = made(journal, "a", "b")
    made(journal, "a", undoes=action.id, status="cancelled")
    assert latest(journal) == action.id


def test_nothing_is_undoable_where_nothing_was_changed(journal: Journal) -> None:
    log = journal.begin("delete", 1)
    log.outcomes([Noted(None, "x", Fate.SKIPPED, "there is no such item")])
    log.end(ActionCounts(ActionStatus.FINISHED, skipped=1))
    assert journal.latest_undoable() is None


def test_a_running_action_is_told_from_one_that_died(journal: Journal) -> None:
    log = journal.begin("delete", 2)
    log.before([Step("a", record("a"), None)])
    running = journal.activity()[0]
    assert (running.status, running.unknown, running.not_started) == (ActionStatus.RUNNING, 1, 1)
    log.close()
    died = journal.activity()[0]
    assert (died.status, died.undoable) == (ActionStatus.INTERRUPTED, True)


def test_old_and_large_actions_are_pruned_but_the_latest_stay(tmp_path: Path) -> None:
    clock = Clock()
    journal = Journal(tmp_path, table="T", region="r", clock=clock)
    old = [made(journal, f"old{number}") for number in range(3)]
    clock.now += 91 * 86400
    new = [made(journal, f"new{number}") for number in range(2)]
    assert len(journal.activity()) == 5, "the latest twenty stay whatever their age"
    assert set(journal.prune(keep_latest=1)) == {log.id for log in old}
    assert journal.prune(max_bytes=0, keep_latest=1) == (new[0].id,)
    assert [one.id for one in journal.activity()] == [new[1].id]


def test_files_that_are_none_of_ours_are_passed_over(journal: Journal) -> None:
    made(journal, "a")
    for name, content in {"x": b"", "y": b"\xff\x00\n", "z": b'{"journal":1,"odd":2}\n', "w": b"[1]\n"}.items():
        (journal.folder / (name + SUFFIX)).write_bytes(content)
    assert len(journal.activity()) == 1
    for name in ("x", "y", "../../../etc/passwd", "nothing", ""):
        with pytest.raises(NotFound):
            journal.read(name)


@pytest.mark.parametrize("name", ["../up", "a/b", "\x1b[31m", "", "x" * 300, ".hidden"])
def test_no_name_leaves_the_journal_folder(tmp_path: Path, name: str) -> None:
    folder = place_folder(region="r", table=name, endpoint_url=None, profile=name, root=tmp_path)
    assert folder.resolve().is_relative_to(tmp_path / "journal" / "r")
    assert len(folder.relative_to(tmp_path).parts) == 4
    Journal(folder, table=name, region="r").begin("delete", 0).close()


def test_places_do_not_share_a_journal(tmp_path: Path) -> None:
    folders = {
        place_folder(region=region, table=table, endpoint_url=endpoint, profile=profile, root=tmp_path)
        for region in ("r1", "r2")
        for table in ("t", "T")
        for endpoint, profile in ((None, "p"), (None, "q"), ("http://127.0.0.1:1", "p"), ("http://127.0.0.1:2", "p"))
    }
    assert len(folders) == 16


texts = st.text(max_size=8)
values = st.recursive(
    st.one_of(
        st.builds(lambda text: {"S": text}, texts),
        st.builds(lambda number: {"N": str(number)}, st.integers()),
        st.builds(lambda blob: {"B": blob}, st.binary(max_size=8)),
        st.builds(lambda blobs: {"BS": list(blobs)}, st.sets(st.binary(max_size=4), min_size=1)),
        st.builds(lambda found: {"BOOL": found}, st.booleans()),
        st.just({"NULL": True}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda entries: {"M": entries}, st.dictionaries(texts | st.sampled_from(["B", "BS"]), inner)),
        st.builds(lambda entries: {"L": entries}, st.lists(inner, max_size=3)),
    ),
    max_leaves=8,
)


@given(st.dictionaries(texts | st.sampled_from(["B", "BS", "M"]), values, max_size=4))
def test_any_record_comes_back_from_its_line(found: Record) -> None:
    line = dynamojson.dumps(found)
    assert "\n" not in line
    assert dynamojson.load_record(line) == found


def test_equal_to_dynamodb_is_equal() -> None:
    one: Record = {"n": {"N": "1.0"}, "s": {"SS": ["a", "b"]}, "d": {"M": {"x": {"L": [{"NS": ["1", "2"]}]}}}}
    other: Record = {"n": {"N": "1"}, "s": {"SS": ["b", "a"]}, "d": {"M": {"x": {"L": [{"NS": ["2.0", "1"]}]}}}}
    assert same(one, other)
    assert not same(one, {**other, "n": {"S": "1"}})
    assert not same(one, {**other, "s": {"SS": ["a"]}})
    assert not same(one, {**other, "more": {"NULL": True}})
    assert same(None, None)
    assert not same(one, None)


def test_a_header_that_never_reached_the_disk_is_no_action(journal: Journal) -> None:
    log = made(journal, "a")
    log.path.write_bytes(log.path.read_bytes()[:20])
    assert ActionFile.open(log.path) is None
    assert journal.activity() == []

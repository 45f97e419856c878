"""Imports where the original did harm, and ids of every kind through the client: by what the table holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import BadInput, UsageError
from pyanamo_tui.manager import PyAnamo_Manager
from pyanamo_tui.manager.imports import OnExisting
from pyanamo_tui.manager.plain import PlainItem
from tests.core.places import fill, single
from tests.manager.items import HOSTILE_IDS, ids


def test_an_id_that_is_there_is_left_alone_unless_told(workspace: Workspace, manager: PyAnamo_Manager) -> None:
    table = workspace.table
    (done,) = fill(workspace, [single("A", "done")])

    def again(existing: OnExisting) -> PlainItem | None:
        return manager.import_item(table, "Step", "A", "true", existing=existing)

    assert manager.import_item(table_name=table, taskID="Step", itemID="A", taskScript="true") is None
    assert manager.import_nested_item(table, "Step", "A", "true", "1,2", ",") is None
    assert manager.import_items(["A|Step|true"], "|", table) == {"N": 0, "Items": []}
    with pytest.raises(BadInput, match="exist already"):
        again("fail")
    assert workspace.record("A") == done
    replaced = again("replace")
    assert replaced is not None
    assert (replaced["ItemState"], replaced["Log"], replaced["Log_Length"]) == ("todo", {}, 0)
    workspace.actions.apply(workspace.actions.undo())
    assert workspace.record("A") == done
    with pytest.raises(UsageError, match="existing"):
        again("overwrite")  # type: ignore[arg-type]


def test_rows_that_give_no_item_are_named_and_nothing_is_written(
    workspace: Workspace, manager: PyAnamo_Manager
) -> None:
    rows = ["A|Step|true", "B|Step", "A|Step|false"]
    with pytest.raises(BadInput, match=r"row 2: 2 columns .*row 3: the same itemID") as refused:
        manager.import_items(data=rows, delim="|", table_name=workspace.table)
    assert [problem.line for problem in refused.value.problems] == [2, 3]
    for call in (
        lambda: manager.import_items(rows, None, workspace.table),
        lambda: manager.import_items("A|Step|true", "|", workspace.table),
        lambda: manager.import_item(workspace.table, taskID="Step", itemID="A"),
        lambda: manager.import_nested_item(workspace.table, "Step", "A", "seq", "1,2"),
        lambda: manager.import_items(rows[:1], "|"),
        lambda: manager.import_from_file(workspace.table),
    ):
        with pytest.raises(UsageError):
            call()
    assert ids(workspace) == set()


def test_a_nested_item_may_split_its_arguments_by_what_splits_columns_elsewhere(
    workspace: Workspace, manager: PyAnamo_Manager
) -> None:
    item = manager.import_nested_item(workspace.table, "Step", "A", "echo", "a  b|c", "|")
    assert item is not None
    assert item["TaskScript"]["Task_0"]["Script"] == "echo a  b"
    assert item["Nested_Tasks"] == 2
    assert repr(item) == repr(json.loads(json.dumps(item))), "every value is a plain one"


def test_files_are_imported_by_the_names_of_their_columns(
    workspace: Workspace, manager: PyAnamo_Manager, tmp_path: Path
) -> None:
    file = tmp_path / "items.txt"
    file.write_bytes("TASKID;itemid;TaskScript;TaskArgs\r\nStep;é;seq;1,2\r\n\r\nStep;B;seq;3\r\n".encode())
    answer = manager.import_from_file(workspace.table, str(file), ";", ",")
    assert answer["N"] == 2
    assert [item["itemID"] for item in answer["Items"]] == ["é", "B"]
    assert [task.script for task in workspace.item("é").tasks] == ["seq 1", "seq 2"]
    assert manager.import_from_file(workspace.table, str(file))["N"] == 0
    assert manager.readFile(str(file))[1:3] == ["Step;é;seq;1,2", ""]
    headless = tmp_path / "headless.txt"
    headless.write_text("C|Step|seq 1\nD|Step|seq 2\n")
    with pytest.raises(BadInput, match="header"):
        manager.import_from_file(workspace.table, str(headless), "|")
    assert manager.import_from_file(workspace.table, str(headless), "|", force_import=1)["N"] == 2
    assert ids(workspace) == {"é", "B", "C", "D"}
    with pytest.raises(BadInput, match="no file"):
        manager.import_from_file(workspace.table, str(tmp_path / "none.txt"), "|")


def test_files_are_read_as_utf8(manager: PyAnamo_Manager, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"é": [1, "x"]}, ensure_ascii=False), encoding="utf-8")
    assert manager.read_jsonFile(str(file)) == {"é": [1, "x"]}
    file.write_text("{\n  oops\n}")
    with pytest.raises(BadInput, match="line 2"):
        manager.read_jsonFile(str(file))
    file.write_bytes(b"\xff")
    with pytest.raises(BadInput, match="UTF-8"):
        manager.readFile(str(file))
    with pytest.raises(BadInput, match="cannot be read"):
        manager.readFile(str(tmp_path))


def test_hostile_ids_pass_through_unharmed(
    workspace: Workspace, manager: PyAnamo_Manager, capsys: pytest.CaptureFixture[str]
) -> None:
    table = workspace.table
    for item_id in HOSTILE_IDS:
        imported = manager.import_item(table, taskID="Step", itemID=item_id, taskScript="true")
        assert imported is not None
    assert manager.getToDoItems("todo")["Items"] == [{"itemID": item_id} for item_id in sorted(HOSTILE_IDS)]
    assert manager.reset_itemState(table, "Parked", list(HOSTILE_IDS))["Failed"] == []
    assert manager.delete_singleItem(table, list(HOSTILE_IDS))["Deleted"] == list(HOSTILE_IDS)
    assert "\x1b" not in capsys.readouterr().out

"""`import`, `export` and `restore`: figures, problems by line, nothing overwritten unasked."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from pyanamo_tui.core.workspace import Workspace
from tests.cli.conftest import Run

GOOD = "itemID|TaskID|TaskScript|TaskArgs\nS1|Align|seq|8,2\nS2|Align|true|1\n"


@pytest.fixture
def good(tmp_path: Path) -> str:
    """A file of two nested items."""
    path = tmp_path / "good.txt"
    path.write_text(GOOD)
    return str(path)


def written(tmp_path: Path, text: str) -> str:
    """A file of this text."""
    path = tmp_path / "input.txt"
    path.write_text(text)
    return str(path)


def test_a_file_is_imported_once(run: Run, workspace: Workspace, good: str) -> None:
    dry = run("import", good, "--dry-run", "--json")
    assert dry.code == 0
    assert (dry.json["items"], dry.json["nested"], dry.json["tasks"], dry.json["existing"]) == (2, 2, 3, 0)
    assert run("status", "--json").json["total"] == 0

    first = run("import", good, "--json")
    assert first.code == 0
    assert {"read": 2, "written": 2, "skipped": 0, "problems": []}.items() <= first.json.items()
    again = run("import", good)
    assert again.code == 0
    assert again.out == "0 imported, 2 skipped: there is an item of this id already, 0 failed.\n"


def test_problems_are_named_by_line_and_nothing_is_written(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    broken = written(tmp_path, GOOD + "S1|Align|true|1\nS4|Align\n")
    ran = run("import", broken, "--json")
    assert ran.code == 2
    assert [problem["line"] for problem in ran.json["problems"]] == [4, 5]
    assert "line 4: the same itemID is on line 2" in ran.err
    assert "nothing was written" in ran.err
    assert "--good-lines-only" in ran.err
    assert run("status", "--json").json["total"] == 0

    assert run("import", broken, "--check-all").code == 2
    dry = run("import", broken, "--dry-run")
    assert dry.code == 2
    rejects = tmp_path / "rejects.txt"
    taken = run("import", broken, "--good-lines-only", "--rejects", str(rejects), "--json")
    assert taken.code == 0
    assert (taken.json["written"], len(taken.json["problems"])) == (2, 2)
    assert rejects.read_text().splitlines()[1:] == ["S1|Align|true|1", "S4|Align"]


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("text", "options", "what", "way_out"),
    [
        ("", [], "is empty", "It needs a header line"),
        ("itemID|TaskID\nS1|A\n", [], "no column TaskScript", "It needs itemID"),
        (GOOD, ["-d", ";"], "the header is not split by ';'", "Use -d '|'"),
        (GOOD, ["-n", "|"], "", ""),
    ],
    ids=["empty", "missing column", "wrong delimiter", "same delimiters"],
)
def test_a_file_that_is_no_import_file_is_refused(
    run: Run, tmp_path: Path, text: str, options: list[str], what: str, way_out: str
) -> None:
    ran = run("import", written(tmp_path, text), *options)
    assert ran.code == 2
    assert ran.out == ""
    first, second = ran.err.splitlines()
    assert what in first
    assert way_out in second


@pytest.mark.usefixtures("workspace")
def test_a_file_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    ran = run("import", str(tmp_path / "none.txt"))
    assert ran.code == 2
    assert ran.err.startswith("pyanamo-tui: There is no file ")
    assert "is a folder" in run("import", str(tmp_path)).err


def test_existing_items_are_replaced_only_with_yes(run: Run, cohort: Workspace, good: str) -> None:
    unasked = run("import", good, "--existing", "replace")
    assert unasked.code == 2
    assert "Replace 2 items, with their logs" in unasked.err
    assert cohort.item("S1").facts.state == "failed"
    refused = run("import", good, "--existing", "fail")
    assert refused.code == 2
    assert "exist already" in refused.err

    replaced = run("import", good, "--existing", "replace", "--yes", "--json")
    assert replaced.code == 0
    assert replaced.json["replaced"] == 2
    assert cohort.item("S1").facts.state == "todo"
    assert run("undo", replaced.json["id"], "--yes").code == 0
    assert cohort.item("S1").facts.state == "failed"


def test_standard_input_is_imported(run: Run, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert run("import", "-", "--json").json["written"] == 2


def test_a_table_goes_into_a_file_and_back(run: Run, cohort: Workspace, tmp_path: Path) -> None:
    file = str(tmp_path / "cohort.jsonl")
    before = {name: cohort.record(name) for name in ("S1", "S4", "N1")}
    exported = run("export", file, "--json")
    assert (exported.code, exported.json["items"]) == (0, 5)
    assert run("export", file).code == 2
    assert run("export", str(tmp_path / "failed.jsonl"), "--state", "failed", "--json").json["items"] == 3

    assert run("delete", "S1", "S4", "N1", "--yes").code == 0
    restored = run("restore", file, "--json")
    assert restored.code == 0
    assert (restored.json["written"], restored.json["skipped"]) == (3, 2)
    assert {name: cohort.record(name) for name in before} == before

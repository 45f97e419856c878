"""The way out and back over a socket: every type and byte as it was, whole files or none, damage told by line."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyanamo_tui.core.bulkwrite import Existing
from pyanamo_tui.core.export import FactsForm, export_facts
from pyanamo_tui.core.exportfile import ExportHeader, end_line, header_line, item_line, read_items
from pyanamo_tui.core.importresult import ImportRefused
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import BadInput, Interrupted, ReadOnly
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.importfile import ItemLine
from pyanamo_tui.workflow.schema import AttributeValue, Record, read_facts
from pyanamo_tui.workflow.sizes import MAX_ITEM_BYTES, record_bytes
from tests.core.places import fill, nested, open_table, single

ODD_IDS = ["with space", "quote'\"", "new\nline\r\n", "emoji 🧬", "esc \x1b[31m\x07", "x" * 1024, "\x00nul", "[b]=1+1"]


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Iterator[Workspace]:
    """A new workflow table."""
    opened = open_table(embedded, table_name)
    yield opened
    opened.tables.delete(table_name)


def whole_table(workspace: Workspace) -> dict[str, Record]:
    page = workspace.items.scan()
    records = list(page.records)
    while page.next_key is not None:
        page = workspace.items.scan(start=page.next_key)
        records += page.records
    return {schema.record_id(record): record for record in records}


def emptied(workspace: Workspace) -> None:
    workspace.items.batch_delete(list(whole_table(workspace)))


def large(item_id: str) -> Record:
    record = single(item_id)
    record[schema.LOG] = schema.mapping({"stdout": schema.text("")})
    room = 399_000 - record_bytes(record)
    record[schema.LOG] = schema.mapping({"stdout": schema.text("x" * room)})
    assert 398_000 < record_bytes(record) <= MAX_ITEM_BYTES
    return record


def test_a_table_goes_out_and_comes_back_byte_for_byte(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    fill(workspace, [single(name, "done") for name in ODD_IDS])
    fill(workspace, [large("large"), nested("nested", ["done", "failed", "todo"])])
    fill(
        workspace,
        [
            single(
                "typed",
                extra={"L": [{"NULL": True}, {"BOOL": False}, {"M": {"B": {"B": b"\x00\xff"}, "S": {"S": "B"}}}]},
                bytes={"B": b"\x00\x01\xfe"},
                numbers={"NS": ["1", "2.5"]},
                blobs={"BS": [b"a", b"\xff"]},
            )
        ],
    )
    before = whole_table(workspace)

    exported = workspace.exporter.export(path)

    assert (exported.items, exported.bytes) == (len(before), path.stat().st_size)
    described = workspace.exporter.describe_file(path)
    assert (described.table, described.items, described.with_logs) == (workspace.table, len(before), True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.jsonl"]

    emptied(workspace)
    restored = workspace.exporter.restore(path)

    assert (restored.read, restored.written, restored.complete) == (len(before), len(before), True)
    assert whole_table(workspace) == before


def test_restoring_leaves_what_is_there_unless_told_to_replace(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    before = fill(workspace, [single("A", "done"), single("B", "done"), single("C", "done")])
    workspace.exporter.export(path)
    changed = [single("A", "todo"), single("B", "locked", lockID={"S": "now"})]
    for record in changed:
        workspace.items.put(record, ())
    workspace.items.batch_delete(["C"])

    first = workspace.exporter.restore(path)
    assert (first.written, first.skipped) == (1, 2)
    assert workspace.record("A") == changed[0]

    with pytest.raises(ImportRefused, match="3 items"):
        workspace.exporter.restore(path, existing=Existing.FAIL)

    second = workspace.exporter.restore(path, existing=Existing.REPLACE)
    assert (second.replaced, second.skipped) == (1, 2)
    assert second.skipped_why == {"a worker holds it": 1, "it is the same already": 1}
    assert whole_table(workspace) == {"A": before[0], "B": changed[1], "C": before[2]}


def test_logs_are_left_out_when_asked_and_the_rest_stays(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    (before,) = fill(workspace, [nested("N", ["done", "failed"])])

    workspace.exporter.export(path, with_logs=False)
    emptied(workspace)
    workspace.exporter.restore(path)

    assert workspace.record("N") == {**before, schema.LOG: {"M": {}}}


def test_chosen_items_go_into_a_stream_and_missing_ones_are_told(workspace: Workspace, tmp_path: Path) -> None:
    fill(workspace, [single("A"), single("B"), single("C")])
    stream = io.BytesIO()

    result = workspace.exporter.export(stream, item_ids=["C", "gone", "A", "C"])

    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["itemID"]["S"] for line in lines[1:-1]] == ["C", "A"]
    assert json.loads(lines[0])["items"] is None
    assert json.loads(lines[-1]) == {"end": {"items": 2}}
    assert result.missing == ("gone",)


def test_standard_input_is_restored(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.jsonl"
    fill(workspace, [single("A")])
    workspace.exporter.export(path)
    emptied(workspace)

    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert workspace.exporter.restore("-").written == 1


def test_an_export_is_whole_or_not_there(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    fill(workspace, [single("A")])
    path.write_text("mine")

    with pytest.raises(BadInput, match="There is a file"):
        workspace.exporter.export(path)
    with pytest.raises(Interrupted):
        workspace.exporter.export(path, overwrite=True, cancelled=lambda: True)

    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(BadInput, match="cannot be written"):
        workspace.exporter.export(tmp_path / "no" / "such" / "folder")


def test_a_damaged_export_is_refused_by_line_and_the_good_lines_can_be_had(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "table.jsonl"
    fill(workspace, [single("A"), single("B")])
    workspace.exporter.export(path)
    lines = path.read_bytes().splitlines(keepends=True)
    emptied(workspace)
    path.write_bytes(
        b"".join([lines[0], lines[1], b'{"itemID":{"S":"C"},"x":{"Q":1}}\n', b"{}\n", lines[1], lines[2][:40]])
    )

    with pytest.raises(ImportRefused) as refused:
        workspace.exporter.restore(path)

    # Three lines that are no item, one id twice, one torn; and no end line.
    assert [problem.line for problem in refused.value.problems] == [3, 4, 5, 6, 6]
    assert whole_table(workspace) == {}
    assert workspace.exporter.restore(path, good_lines_only=True).written == 1


@pytest.mark.parametrize("content", [b"itemID|TaskID|TaskScript\n", b"[]\n", b'{"pyanamo_export":99}\n'])
def test_what_is_no_export_is_refused(workspace: Workspace, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    with pytest.raises(BadInput, match="export") as refused:
        workspace.exporter.restore(path)

    assert refused.value.hint


def test_a_read_only_workspace_exports_and_restores_nothing(
    workspace: Workspace, embedded: EmbeddedServer, tmp_path: Path
) -> None:
    watching = open_table(embedded, workspace.table, create=False, read_only=True)
    path = tmp_path / "table.jsonl"

    assert watching.exporter.export(path).items == 0
    with pytest.raises(ReadOnly):
        watching.exporter.restore(path)


def test_lists_of_items_are_read_back_by_other_tools(tmp_path: Path) -> None:
    facts = [read_facts(single(name, "failed", Exit_Code={"N": "137"})) for name in ODD_IDS]
    facts.append(read_facts(nested("N", ["done", "failed", "todo", "todo"])))
    table, lines = tmp_path / "items.csv", tmp_path / "items.jsonl"

    assert export_facts(facts, table) == export_facts(facts, lines, form=FactsForm.JSON_LINES) == len(facts)

    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    objects = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [row["item"] for row in rows] == [one["item"] for one in objects] == [one.item_id for one in facts]
    assert (rows[0]["exit_code"], rows[0]["ended_at"]) == ("137", "2026-11-20T10:00:00Z")
    assert (objects[-1]["tasks"], objects[-1]["tasks_failed"], objects[-1]["percent_done"]) == (4, 1, 25)


_scalars: st.SearchStrategy[AttributeValue] = st.one_of(
    st.builds(lambda value: AttributeValue(S=value), st.text()),
    st.builds(lambda value: AttributeValue(N=str(value)), st.integers()),
    st.builds(lambda value: AttributeValue(B=value), st.binary()),
    st.builds(lambda value: AttributeValue(BOOL=value), st.booleans()),
    st.builds(lambda value: AttributeValue(BS=value), st.lists(st.binary(min_size=1), min_size=1, unique=True)),
    st.just(AttributeValue(NULL=True)),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.builds(lambda value: AttributeValue(L=value), st.lists(inner, max_size=3)),
        st.builds(lambda value: AttributeValue(M=value), st.dictionaries(st.text(min_size=1), inner, max_size=3)),
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), st.dictionaries(st.text(min_size=1), _values, max_size=4), max_size=4))
@example({"x" * 2048: {"Log": {"S": "\x00" * 1000}}})
def test_any_item_is_read_back_as_it_was_written(others: dict[str, Record]) -> None:
    records = [Record({**attributes, schema.ITEM_ID: {"S": item_id}}) for item_id, attributes in others.items()]
    header = header_line(ExportHeader("T", "r", 1.0, True, None))
    lines = [header, *(item_line(record) for record in records), end_line(len(records))]

    found = list(read_items(lines, "test"))

    assert [line.record for line in found if isinstance(line, ItemLine)] == records
    assert len(found) == len(records)

"""How lists were last looked at: kept, shared by two dashboards, and never a reason to fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.tui.view_memory import HISTORY_KEPT, LISTS_KEPT, MOST_BYTES, VERSION, ListView, ViewMemory

SEEN = ListView(("item", "why"), "age", reverse=True, filter="state:failed")


def test_what_is_remembered_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "views.json"
    memory = ViewMemory(path)
    memory.remember("eu-west-2 T", "items", SEEN)
    memory.save_filter("mine", 'sig:"a b"')
    memory.used_filter("exit:137")
    memory.used_filter("exit:2")
    memory.used_filter("exit:137")
    again = ViewMemory(path)
    assert again.list_view("eu-west-2 T", "items") == SEEN
    assert again.list_view("eu-west-2 T", "failures") == ListView()
    assert again.list_view("eu-west-1 T", "items") == ListView()
    assert again.saved == {"mine": 'sig:"a b"'}
    assert again.history == ("exit:2", "exit:137")
    again.delete_filter("mine")
    assert ViewMemory(path).saved == {}
    assert again.problem == ""


def test_two_dashboards_do_not_lose_each_others(tmp_path: Path) -> None:
    one, two = ViewMemory(tmp_path / "v.json"), ViewMemory(tmp_path / "v.json")
    one.save_filter("a", "exit:1")
    two.save_filter("b", "exit:2")
    one.used_filter("exit:3")
    assert ViewMemory(tmp_path / "v.json").saved == {"a": "exit:1", "b": "exit:2"}
    assert one.saved == {"a": "exit:1", "b": "exit:2"}


def test_it_stays_small(tmp_path: Path) -> None:
    memory = ViewMemory(tmp_path / "v.json")
    for number in range(HISTORY_KEPT + 5):
        memory.used_filter(f"exit:{number}")
    assert len(memory.history) == HISTORY_KEPT
    assert memory.history[-1] == f"exit:{HISTORY_KEPT + 4}"
    lists: dict[str, object] = {f"r T{number} items": {} for number in range(LISTS_KEPT + 50)}
    (tmp_path / "v.json").write_text(json.dumps({"version": VERSION, "lists": lists}))
    memory.remember("r new", "items", SEEN)
    kept = json.loads((tmp_path / "v.json").read_text())["lists"]
    assert len(kept) == LISTS_KEPT
    assert "r new items" in kept


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"version": 0}',
        b'{"version": 2, "lists": {}}',
        b'{"version": 1, "lists": []}',
        b'{"version": 1, "lists": {"a": {"columns": "item"}}}',
        b'{"version": 1, "lists": {"a": {"reverse": 1}}}',
        b'{"version": 1, "saved": {"a": 1}}',
        b'{"version": 1, "history": [null]}',
        b'{"version": 1, "history": ["' + b"x" * 5000 + b'"]}',
        b" " * (MOST_BYTES + 1),
    ],
)
def test_a_file_that_cannot_be_used_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "views.json"
    path.write_bytes(content)
    memory = ViewMemory(path)
    assert memory.list_view("r T", "items") == ListView()
    assert str(path) in memory.problem
    assert path.with_suffix(".json.old").read_bytes() == content
    memory.save_filter("a", "exit:1")
    assert ViewMemory(path).saved == {"a": "exit:1"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=10,
    ),
    st.sampled_from(["lists", "saved", "history", "version"]),
)
def test_no_content_is_an_error(tmp_path_factory: pytest.TempPathFactory, told: object, where: str) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile-views.json"
    path.write_text(json.dumps({"version": VERSION, where: told}))
    memory = ViewMemory(path)
    memory.used_filter("exit:1")
    assert memory.history[-1] == "exit:1"
    assert ViewMemory(path).problem == ""


def test_a_place_that_cannot_be_written_is_said_and_the_session_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = ViewMemory(tmp_path / "file" / "views.json")
    memory.save_filter("a", "exit:1")
    assert memory.saved == {"a": "exit:1"}
    assert "cannot be remembered" in memory.problem

"""What a change did to an item: every attribute that differs is named, and none that does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.workflow.difference import Difference, differences
from pyanamo_tui.workflow.schema import AttributeValue, Record, mapping, number, text

_leaf: st.SearchStrategy[AttributeValue] = st.sampled_from([text(""), text("a"), text("1"), number(1), number(2)])
_map = st.dictionaries(st.sampled_from("abc"), _leaf, max_size=3).map(mapping)
_value = _leaf | _map | st.dictionaries(st.sampled_from("ab"), _map, max_size=2).map(mapping)
_records = st.dictionaries(st.sampled_from("wxyz"), _value, max_size=4)


def test_maps_are_compared_within_and_named_by_the_whole_way() -> None:
    before: Record = {"itemID": text("a"), "TaskScript": mapping({"Task_0": mapping({"Status": text("failed")})})}
    after: Record = {"itemID": text("a"), "TaskScript": mapping({"Task_0": mapping({"Status": text("todo")})})}
    assert list(differences(before, after)) == [Difference("TaskScript.Task_0.Status", "failed", "todo")]


def test_what_was_not_there_and_what_is_gone() -> None:
    assert list(differences(None, {"itemID": text("a")})) == [Difference("itemID", None, "a")]
    assert list(differences({"N": number(3), "E": text("")}, None)) == [
        Difference("E", '""', None),
        Difference("N", "3", None),
    ]


@given(_records, _records)
def test_nothing_differs_exactly_where_the_records_are_the_same(one: Record, other: Record) -> None:
    assert not list(differences(one, one))
    assert bool(list(differences(one, other))) == (one != other)

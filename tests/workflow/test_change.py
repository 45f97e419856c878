"""A change happens whole or not at all, and a folded change does what the long one does."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.change import FOLD_ABOVE, Absent, Below, Change, Equals, Exists, apply, fold, holds, value_at
from pyanamo_tui.workflow.schema import Record, mapping, number, text
from pyanamo_tui.workflow.transitions import Scope

RECORD: Record = {
    "itemID": text("x"),
    "ItemState": text("todo"),
    "Attempts": number(2),
    "TaskScript": mapping({"Task_0": mapping({"Status": text("done")})}),
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Exists(("itemID",)), True),
        (Exists(("TaskScript", "Task_0", "Status")), True),
        (Exists(("TaskScript", "Task_1", "Status")), False),
        (Exists(("ItemState", "below")), False),
        (Absent(("Lease_Until",)), True),
        (Absent(("itemID",)), False),
        (Equals(("Attempts",), number(2)), True),
        (Equals(("Attempts",), text("2")), False),
        (Below(("Attempts",), 3), True),
        (Below(("Attempts",), 2), False),
        (Below(("ItemState",), 2), False),
        (Below(("Lease_Until",), 2), False),
    ],
)
def test_conditions(condition: Exists | Absent | Equals | Below, expected: bool) -> None:
    assert holds(condition, RECORD) is expected
    assert holds(condition, None) is isinstance(condition, Absent)


def test_one_condition_that_does_not_hold_stops_all_of_it() -> None:
    before = copy.deepcopy(RECORD)
    change = Change((Exists(("itemID",)), Exists(("no",))), {("ItemState",): text("done")})
    assert apply(change, RECORD) is None
    assert before == RECORD


def test_all_of_a_change_happens_and_the_argument_stays() -> None:
    before = copy.deepcopy(RECORD)
    change = Change(
        (),
        {("ItemState",): text("locked"), ("TaskScript", "Task_0", "Status"): text("todo")},
        frozenset({("Log",), ("Attempts",)}),
        {("New",): 1},
    )
    after = apply(change, RECORD)
    assert before == RECORD
    assert after == {
        "itemID": text("x"),
        "ItemState": text("locked"),
        "TaskScript": mapping({"Task_0": mapping({"Status": text("todo")})}),
        "New": number(1),
    }
    counted = apply(Change((), increments={("Attempts",): -1}), RECORD)
    assert counted is not None
    assert counted["Attempts"] == number(1)


def test_setting_below_a_map_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no map at Log"):
        apply(Change((), {("Log", "Task_0"): text("x")}), RECORD)


@given(
    st.lists(st.sampled_from(["todo", "done", "failed"]), min_size=1, max_size=150), st.sampled_from(["all", "delete"])
)
def test_a_folded_change_does_the_same_and_is_refused_once_the_item_moved(statuses: list[str], kind: str) -> None:
    record = schema.new_nested("S1", "Call", ["true"] * len(statuses))
    for index, status in enumerate(statuses):
        record["TaskScript"]["M"][f"Task_{index}"]["M"]["Status"] = text(status)
    record["ItemState"] = text("failed")
    keys = [f"Task_{index}" for index in range(0, len(statuses), 2)]
    change = (
        transitions.requeue(record, now=1.0, scope=Scope.ALL_TASKS)
        if kind == "all"
        else transitions.delete_tasks(record, keys, now=1.0)
    )
    folded = fold(change, record)
    assert len(folded.sets) + len(folded.removes) <= FOLD_ABOVE
    assert apply(folded, record) == apply(change, record)
    moved = copy.deepcopy(record)
    moved["TaskScript"]["M"]["Task_0"]["M"]["Script"] = text("changed")
    assert apply(folded, moved) is None


def test_a_value_is_found_by_its_path() -> None:
    assert value_at(RECORD, ("TaskScript", "Task_0", "Status")) == text("done")
    assert value_at(RECORD, ("TaskScript", "Task_9", "Status")) is None

"""An item as JSON: valid, exact to the last digit, safe on the screen, long texts folded to be read."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.tui.raw_json import FOLD_AT, json_lines, json_text
from pyanamo_tui.tui.widgets.log_lines import plain
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.dynamojson import dumps
from pyanamo_tui.workflow.schema import AttributeValue, Record

_numbers = st.decimals(allow_nan=False, allow_infinity=False).map(str)
_scalars: st.SearchStrategy[AttributeValue] = st.one_of(
    st.builds(lambda text: {"S": text}, st.text()),
    st.builds(lambda number: {"N": number}, _numbers),
    st.builds(lambda held: {"BOOL": held}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda held: {"B": held}, st.binary(max_size=20)),
    st.builds(lambda held: {"SS": held}, st.lists(st.text(), min_size=1, max_size=3)),
    st.builds(lambda held: {"NS": held}, st.lists(_numbers, min_size=1, max_size=3)),
    st.builds(lambda held: {"BS": held}, st.lists(st.binary(max_size=5), min_size=1, max_size=3)),
)
_values: st.SearchStrategy[AttributeValue] = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.builds(lambda held: {"M": held}, st.dictionaries(st.text(max_size=8), inner, max_size=4)),
        st.builds(lambda held: {"L": held}, st.lists(inner, max_size=4)),
    ),
    max_leaves=8,
)
_records = st.dictionaries(st.text(min_size=1, max_size=12), _values, max_size=5)


@given(_records)
def test_the_exact_form_is_what_dynamodb_holds(record: Record) -> None:
    assert json.loads(json_text(record, exact=True)) == json.loads(dumps(record))


@given(_records)
def test_the_plain_form_is_valid_and_keeps_every_digit(record: Record) -> None:
    read = json.loads(json_text(record, exact=False), parse_float=Decimal, parse_int=Decimal)
    for name, value in record.items():
        if "N" in value:
            assert read[name] == Decimal(value["N"])
        if "S" in value:
            assert read[name] == value["S"]


@given(_records, st.booleans())
def test_the_screen_shows_the_same_and_no_text_of_an_item_is_a_sequence(record: Record, exact: bool) -> None:
    lines = json_lines(record, exact=exact)
    shown = "".join(plain(line).strip(" ") for line in lines)
    assert "\x1b" not in shown
    assert all("\n" not in line for line in lines)
    assert shown.replace(" ", "") == json_text(record, exact=exact).replace("\n", "").replace(" ", "")


def test_the_id_the_state_and_the_step_come_first() -> None:
    record = schema.new_single("HG01", "Align", "bwa")
    assert [line.split('"')[1] for line in json_text(record, exact=True).splitlines()[1:4]] == [
        "itemID",
        "ItemState",
        "taskID",
    ]


def test_a_long_text_is_folded_at_its_line_ends_and_where_it_has_none() -> None:
    log = "\n".join(f"line {number}" for number in range(5000)) + "\n" + "x" * (FOLD_AT * 3)
    lines = json_lines({"itemID": {"S": "a"}, "Log": {"S": log}}, exact=False)
    assert len(lines) > 5000
    assert max(len(plain(line)) for line in lines) <= FOLD_AT + 20

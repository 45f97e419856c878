"""That any record DynamoDB can hold is read without failing, and that what is written reads back the same."""

from __future__ import annotations

from typing import Final, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.failures import group_failures, item_failure
from pyanamo_tui.workflow.model import Debris, EarlierLog, LogEntry
from pyanamo_tui.workflow.progress import Tally
from pyanamo_tui.workflow.schema import AttributeValue, Record, mapping, number, read_facts, read_item, text

TEXTS: Final = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["NULL", "", "todo", "locked", "done", "failed", "Error-01/02/2026-10:11:12", "31/02/2026-99:99:99"]
    ),
)
NUMBERS: Final = st.one_of(
    st.integers().map(str),
    st.sampled_from(["0", "-1", "1E+125", "-9.9E-130", "99999999999999999999999999999999999999", "0.1"]),
)
KEYS: Final = st.sampled_from(
    [
        "Task_0",
        "Task_10",
        "Task_2",
        "Task_" + "9" * 5000,
        "Status",
        "Script",
        "stdout",
        "stderr",
        "Exit_Code",
        "Earlier",
        "x",
    ]
)
LEAVES: Final = st.one_of(
    TEXTS.map(lambda value: {"S": value}),
    NUMBERS.map(lambda value: {"N": value}),
    st.binary(max_size=4).map(lambda value: {"B": value}),
    st.lists(TEXTS, min_size=1, max_size=2).map(lambda value: {"SS": value}),
    st.lists(NUMBERS, min_size=1, max_size=2).map(lambda value: {"NS": value}),
    st.lists(st.binary(max_size=3), min_size=1, max_size=2).map(lambda value: {"BS": value}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
)
VALUES: Final = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, max_size=4).map(lambda value: {"M": value}),
        st.lists(inner, max_size=3).map(lambda value: {"L": value}),
    ),
    max_leaves=12,
)
NAMES: Final = st.sampled_from(
    [*(set(schema.FACT_ATTRIBUTES) - {schema.ITEM_ID}), schema.SCRIPT, schema.LOG, schema.LIVE_TAIL, "other"]
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any item: the key is a string that is not empty, the rest is anything."""
    record = cast("Record", draw(st.dictionaries(NAMES, VALUES, max_size=8)))
    return {**record, schema.ITEM_ID: text(draw(st.text(min_size=1, max_size=8)))}


@given(records())
def test_any_record_is_read_and_counted(record: Record) -> None:
    item = read_item(record)
    facts = read_facts(record)
    assert item.item_id == facts.item_id == record["itemID"]["S"]
    assert item.facts.state == facts.state
    assert 0 <= facts.percent_done <= 100
    assert Tally([facts, item.facts]).failures() == group_failures([facts, item.facts])
    failure = item_failure(item)
    assert failure is None or (failure.signature and failure.sample in failure.tasks)
    assert [task.key for task in item.tasks] == sorted(record.get("TaskScript", {}).get("M", {}), key=schema.task_order)


SECONDS: Final = st.floats(0, 4e9).map(lambda value: round(value, 3))
EARLIER: Final = st.builds(
    EarlierLog,
    attempt=st.none() | st.integers(0, 99),
    exit_code=st.none() | st.integers(-64, 255),
    status=TEXTS,
    stdout=TEXTS,
    stderr=TEXTS,
    uri=st.none() | st.just("s3://b/k"),
    stderr_uri=st.none() | st.just("s3://b/k2"),
    finished_at=st.none() | SECONDS,
)
LOGS: Final = st.builds(
    LogEntry,
    status=TEXTS,
    stdout=TEXTS,
    stderr=TEXTS,
    exit_code=st.none() | st.integers(-64, 255),
    attempt=st.none() | st.integers(0, 99),
    uri=st.none() | st.just("cloudwatch://g/s"),
    stderr_uri=st.none() | st.just("s3://b/k"),
    started_at=st.none() | SECONDS,
    finished_at=st.none() | SECONDS,
    earlier=st.lists(EARLIER, max_size=3).map(tuple),
)


@given(LOGS)
def test_a_log_reads_back_as_it_was_written(log: LogEntry) -> None:
    written = schema.write_log(log)
    assert schema.read_log(written) == log
    assert {"Status", "stdout", "stderr"} <= set(written["M"])


def test_a_task_that_printed_null_keeps_its_output() -> None:
    entry = schema.read_log(mapping({"Status": text("done"), "stdout": text("NULL"), "stderr": text("")}))
    assert entry is not None
    assert entry.stdout == "NULL"


@given(st.text(min_size=1), st.text(), st.text().filter(str.strip))
def test_a_new_single_item_has_nothing_wrong_with_it(item_id: str, step: str, script: str) -> None:
    item = read_item(schema.new_single(item_id, step, script))
    assert item.facts.debris == ()
    assert (item.item_id, item.script, item.facts.state, item.tasks) == (item_id, script, "todo", ())
    assert (item.facts.owner, item.facts.lock_id, item.facts.ended_at, item.facts.log_length) == (None, None, None, 0)


@given(st.lists(st.text().filter(str.strip), min_size=1, max_size=15))
def test_a_new_nested_item_has_nothing_wrong_with_it(commands: list[str]) -> None:
    item = read_item(schema.new_nested("S1", "Call", commands))
    assert item.facts.debris == ()
    assert [task.script for task in item.tasks] == commands
    assert {task.status for task in item.tasks} == {"todo"}
    assert item.facts.nested_tasks == len(commands)


def nested(*statuses: str, **more: AttributeValue) -> Record:
    record = schema.new_nested("S1", "Call", ["seq 1"] * len(statuses))
    for index, status in enumerate(statuses):
        record["TaskScript"]["M"][f"Task_{index}"]["M"]["Status"] = text(status)
    return {**record, **more}


FAILED_LOG: Final = mapping({"Status": text("Execution Failed")})


@pytest.mark.parametrize(
    ("record", "debris"),
    [
        ({"itemID": text("x"), "ItemState": text("todo")}, [Debris.PHANTOM]),
        ({**schema.new_single("x", "s", ""), "lockID": text("a")}, [Debris.NO_SCRIPT]),
        ({"itemID": text("x"), "taskID": text("s"), "ItemState": text("todo")}, [Debris.NO_SCRIPT]),
        (schema.new_nested("x", "s", []), [Debris.EMPTY_TASKS]),
        ({**schema.new_single("x", "s", "a"), "taskID": number(7)}, [Debris.STEP_NOT_TEXT]),
        (nested("done", "done", Log_Length=number(3), ItemState=text("done")), [Debris.COUNT_EXCEEDS]),
        (nested("done", "todo", Log_Length=number(0)), [Debris.COUNT_WRONG]),
        (nested("done", Log_Length=number(1)), [Debris.NOTHING_TO_RUN]),
        (
            nested("done", Log_Length=number(1), ItemState=text("done"), Log=mapping({"Task_0": FAILED_LOG})),
            [Debris.DONE_BUT_FAILED],
        ),
        ({**schema.new_single("x", "s", "a"), "ItemState": text("done"), "Log": FAILED_LOG}, [Debris.DONE_BUT_FAILED]),
        ({**schema.new_single("x", "s", "a"), "ItemState": text("failed"), "Log": FAILED_LOG}, []),
        ({**schema.new_single("x", "s", "a"), "ItemState": text("locked")}, [Debris.LOCK_WITHOUT_ID]),
        ({**schema.new_single("x", "s", "a"), "ItemState": {"NULL": True}}, [Debris.STATE_NOT_TEXT]),
        ({**schema.new_single("x", "s", "a"), "TaskScript": {"BOOL": True}}, [Debris.MALFORMED]),
    ],
)
def test_each_kind_of_debris_is_named(record: Record, debris: list[Debris]) -> None:
    assert list(read_item(record).facts.debris) == debris


def test_a_state_that_is_the_word_null_is_that_state() -> None:
    assert read_item({**schema.new_single("x", "s", "a"), "ItemState": text("NULL")}).facts.state == "NULL"


@pytest.mark.parametrize("theirs", ["original", "NULL"])
def test_a_lease_belongs_to_the_lock_that_made_it(theirs: str) -> None:
    lease = {"Lease_Until": number(9), "Lease_Lock": text("ours"), "ItemState": text("locked")}
    record = {**schema.new_single("x", "s", "a"), **lease, "lockID": text("ours")}
    assert read_facts(record).lease_until == 9
    assert read_facts({**record, "lockID": text(theirs)}).lease_until is None


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("01/02/2026-03:04:05", 1769915045.0),
        ("Error-01/02/2026-03:04:05", 1769915045.0),
        ("NULL", None),
        ("31/02/2026-03:04:05", None),
        ("01/02/26-03:04:05", None),
    ],
)
def test_dates_of_the_table(date: str, at: float | None) -> None:
    assert schema.parse_date(date) == at


@given(st.integers(0, 4_000_000_000))
def test_a_date_reads_back_as_it_was_written(at: int) -> None:
    assert schema.parse_date(schema.format_date(at)) == at

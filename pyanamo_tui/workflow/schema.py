"""Attribute and index names, and Item <-> DynamoDB, reading debris without failing.

A `Record` is an item exactly as DynamoDB's low-level API gives it (`{"itemID": {"S": "x"}, ...}`), so that
what is journalled, exported and restored keeps every type and byte. Rules: docs/wire-format.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypedDict

from pyanamo_tui.workflow.debris import log_debris, nested_debris
from pyanamo_tui.workflow.model import (
    Debris,
    EarlierLog,
    Item,
    ItemFacts,
    ItemState,
    LogEntry,
    Task,
    TaskStatus,
)


class AttributeValue(TypedDict, total=False):
    """One DynamoDB attribute value, low-level form."""

    S: str
    N: str
    B: bytes
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    M: dict[str, AttributeValue]
    L: list[AttributeValue]
    NULL: bool
    BOOL: bool


Record = dict[str, AttributeValue]

ITEM_ID: Final = "itemID"
STEP: Final = "taskID"
SCRIPT: Final = "TaskScript"
STATE: Final = "ItemState"
LOCK_ID: Final = "lockID"
LOCK_DATE: Final = "Lock_Date"
DONE_DATE: Final = "Done_Date"
OWNER: Final = "InstanceID"
LOG: Final = "Log"
LOG_LENGTH: Final = "Log_Length"
NESTED_TASKS: Final = "Nested_Tasks"
EXIT_CODE: Final = "Exit_Code"
ATTEMPTS: Final = "Attempts"
FAILED_TASKS: Final = "Failed_Tasks"
LEASE_UNTIL: Final = "Lease_Until"
LEASE_LOCK: Final = "Lease_Lock"
"""The `lockID` that the lease belongs to: an original engine that takes a lock leaves another's lease behind."""
SIGNATURE: Final = "Error_Signature"
LIVE_TAIL: Final = "Live_Tail"
UPDATED_AT: Final = "Updated_At"

STATUS: Final = "Status"
TASK_COMMAND: Final = "Script"
TASK_PREFIX: Final = "Task_"
LOG_URI: Final = "Log_URI"
STDERR_URI: Final = "Stderr_URI"
STARTED_AT: Final = "Started_At"
FINISHED_AT: Final = "Finished_At"
ATTEMPT: Final = "Attempt"
EARLIER: Final = "Earlier"

FREE: Final = "NULL"
"""What the original writes where it means "nobody" or "never"."""

FACT_ATTRIBUTES: Final = (
    ITEM_ID,
    STATE,
    STEP,
    LOCK_ID,
    LOCK_DATE,
    DONE_DATE,
    OWNER,
    LOG_LENGTH,
    NESTED_TASKS,
    EXIT_CODE,
    ATTEMPTS,
    FAILED_TASKS,
    LEASE_UNTIL,
    LEASE_LOCK,
    SIGNATURE,
    UPDATED_AT,
)
"""The small attributes: what `ItemFacts` is read from and what the summary index projects."""

SUMMARY_INDEX: Final = "StateSummaryIndex"
STATE_INDEX: Final = "ItemStateIndex"
STANDARD_INDEXES: Final[Mapping[str, str]] = {
    "ItemStateIndex": ITEM_ID,
    "TaskStateIndex": STEP,
    "InstanceStateIndex": OWNER,
    "LoggingIndex": LOG_LENGTH,
}
"""The original's indexes: all keyed by `ItemState`, each with this sort key, all projecting everything."""

KEY_TYPES: Final[Mapping[str, str]] = {ITEM_ID: "S", STATE: "S", STEP: "S", OWNER: "S", LOG_LENGTH: "N"}
"""Attribute definitions of the table: every attribute that is a key somewhere."""

MAX_KEY_BYTES: Final = 2048
MAX_SORT_KEY_BYTES: Final = 1024
"""AWS allows a sort key 1,024 bytes, of an index too: `itemID` and `taskID` are sort keys of the standard indexes."""

DATE_FORMAT: Final = "%d/%m/%Y-%H:%M:%S"
ERROR_DATE_PREFIX: Final = "Error-"
_DATE_LENGTH: Final = 19
_TASK_NUMBER: Final = re.compile(r"Task_(\d{1,18})\Z")


def text(value: str) -> AttributeValue:
    """A string attribute."""
    return {"S": value}


def number(value: float) -> AttributeValue:
    """A number attribute, without a fraction where there is none."""
    return {"N": str(int(value)) if value == int(value) else repr(value)}


def mapping(values: dict[str, AttributeValue]) -> AttributeValue:
    """A map attribute."""
    return {"M": values}


def format_date(at: float) -> str:
    """A time (epoch seconds) in the table's own form, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime(DATE_FORMAT)


def parse_date(value: str) -> float | None:
    """Epoch seconds of one of the table's dates, taken as UTC since it carries no zone; None if it is none."""
    date = value.removeprefix(ERROR_DATE_PREFIX)
    if len(date) != _DATE_LENGTH:
        return None
    try:
        day, month, year = int(date[0:2]), int(date[3:5]), int(date[6:10])
        hour, minute, second = int(date[11:13]), int(date[14:16]), int(date[17:19])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def task_number(key: str) -> int | None:
    """The number of a task key (`Task_12` gives 12), or None if it is not of that form."""
    match = _TASK_NUMBER.match(key)
    return int(match.group(1)) if match else None


def task_order(key: str) -> tuple[int, str]:
    """Sort key that puts `Task_2` before `Task_10`, and foreign keys last."""
    value = task_number(key)
    return (value, key) if value is not None else (1 << 62, key)


def string_of(record: Mapping[str, AttributeValue], name: str) -> str | None:
    """The text of an attribute; a number's digits if it is a number; None if absent, `NULL` or anything else."""
    value = record.get(name)
    if value is None:
        return None
    found = value.get("S", value.get("N"))
    return None if found is None or found == FREE else found


def int_of(record: Mapping[str, AttributeValue], name: str) -> int | None:
    """The whole number an attribute holds, as a number or as digits in a string; None otherwise."""
    found = float_of(record, name)
    return None if found is None else int(found)


def float_of(record: Mapping[str, AttributeValue], name: str) -> float | None:
    """The number an attribute holds, as a number or as digits in a string; None otherwise."""
    value = record.get(name)
    if value is None:
        return None
    found = value.get("N", value.get("S"))
    if found is None or found == FREE:
        return None
    try:
        result = float(found)
    except ValueError:
        return None
    return result if math.isfinite(result) else None


def _told(record: Mapping[str, AttributeValue], name: str) -> str:
    """The text of an attribute as it stands, where `NULL` means just that; `""` if there is none."""
    value = record.get(name, {})
    return value.get("S", value.get("N", ""))


def map_of(record: Mapping[str, AttributeValue], name: str) -> dict[str, AttributeValue] | None:
    """The map an attribute holds, or None."""
    value = record.get(name)
    return None if value is None else value.get("M")


def record_id(record: Mapping[str, AttributeValue]) -> str:
    """The item's id. Every record that DynamoDB returns has one: it is the key."""
    return record[ITEM_ID]["S"]


def _facts_debris(record: Record, state: str, *, whole: bool) -> tuple[Debris, ...]:
    found: list[Debris] = []
    step = record.get(STEP)
    if "S" not in record.get(STATE, {}):
        found.append(Debris.STATE_NOT_TEXT)
    if step is None:
        if not whole or SCRIPT not in record:
            found.append(Debris.PHANTOM)
    elif "S" not in step:
        found.append(Debris.STEP_NOT_TEXT)
    nested, ended = int_of(record, NESTED_TASKS), int_of(record, LOG_LENGTH)
    if nested is not None and ended is not None and ended > nested:
        found.append(Debris.COUNT_EXCEEDS)
    if state == ItemState.LOCKED and string_of(record, LOCK_ID) is None:
        found.append(Debris.LOCK_WITHOUT_ID)
    return tuple(found)


def _lease_of(record: Record) -> float | None:
    """Until when the lock that the item has now is leased; None for a lock that was taken over a lease of another's."""
    leased, held = string_of(record, LEASE_LOCK), string_of(record, LOCK_ID)
    return None if leased is not None and leased != held else float_of(record, LEASE_UNTIL)


def read_facts(record: Record, *, whole: bool = False) -> ItemFacts:
    """The small attributes of an item, from an index's projection or from the whole item.

    Takes any record that DynamoDB can return; what is absent, `"NULL"` or of a wrong type reads as None and
    is named in `debris`. `whole` says that the record is not a projection, so that an absent script counts.
    """
    state = _told(record, STATE)
    done_date = string_of(record, DONE_DATE)
    lock_date = string_of(record, LOCK_DATE)
    updated = float_of(record, UPDATED_AT)
    nested = int_of(record, NESTED_TASKS)
    if nested is None and whole and map_of(record, SCRIPT) is not None:
        nested = len(map_of(record, SCRIPT) or {})
    return ItemFacts(
        item_id=record_id(record),
        state=state,
        step=string_of(record, STEP),
        owner=string_of(record, OWNER),
        lock_id=string_of(record, LOCK_ID),
        locked_at=None if lock_date is None else parse_date(lock_date),
        ended_at=None if done_date is None else parse_date(done_date),
        ended_with_error=done_date is not None and done_date.startswith(ERROR_DATE_PREFIX),
        log_length=int_of(record, LOG_LENGTH),
        nested_tasks=nested,
        failed_tasks=int_of(record, FAILED_TASKS),
        exit_code=int_of(record, EXIT_CODE),
        attempts=int_of(record, ATTEMPTS),
        lease_until=_lease_of(record),
        signature=string_of(record, SIGNATURE),
        updated_at=None if updated is None else updated / 1000,
        debris=_facts_debris(record, state, whole=whole),
    )


def _read_earlier(value: AttributeValue) -> EarlierLog:
    entry = value.get("M", {})
    return EarlierLog(
        attempt=int_of(entry, ATTEMPT),
        exit_code=int_of(entry, EXIT_CODE),
        status=_told(entry, STATUS),
        stdout=_told(entry, "stdout"),
        stderr=_told(entry, "stderr"),
        uri=string_of(entry, LOG_URI),
        stderr_uri=string_of(entry, STDERR_URI),
        finished_at=float_of(entry, FINISHED_AT),
    )


def read_log(value: AttributeValue | None) -> LogEntry | None:
    """One log entry (`{Status, stdout, stderr, ...}`), or None where there is none."""
    entry = None if value is None else value.get("M")
    if not entry:
        return None
    return LogEntry(
        status=_told(entry, STATUS),
        stdout=_told(entry, "stdout"),
        stderr=_told(entry, "stderr"),
        exit_code=int_of(entry, EXIT_CODE),
        attempt=int_of(entry, ATTEMPT),
        uri=string_of(entry, LOG_URI),
        stderr_uri=string_of(entry, STDERR_URI),
        started_at=float_of(entry, STARTED_AT),
        finished_at=float_of(entry, FINISHED_AT),
        earlier=tuple(_read_earlier(old) for old in entry.get(EARLIER, {}).get("L", [])),
    )


def _put(entry: dict[str, AttributeValue], name: str, value: str | float | None) -> None:
    if value is not None:
        entry[name] = text(value) if isinstance(value, str) else number(value)


def write_log(log: LogEntry) -> AttributeValue:
    """A log entry as the table holds it; `Status`, `stdout` and `stderr` are always there (the original reads them)."""
    entry = _write_ended(log)
    _put(entry, STARTED_AT, log.started_at)
    if log.earlier:
        entry[EARLIER] = {"L": [mapping(_write_ended(old)) for old in log.earlier]}
    return mapping(entry)


def _write_ended(log: LogEntry | EarlierLog) -> dict[str, AttributeValue]:
    entry = {STATUS: text(log.status), "stdout": text(log.stdout), "stderr": text(log.stderr)}
    _put(entry, EXIT_CODE, log.exit_code)
    _put(entry, ATTEMPT, log.attempt)
    _put(entry, LOG_URI, log.uri)
    _put(entry, STDERR_URI, log.stderr_uri)
    _put(entry, FINISHED_AT, log.finished_at)
    return entry


def read_tasks(record: Record) -> tuple[Task, ...]:
    """The nested tasks in their order, each with its log; none for a single item."""
    scripts = map_of(record, SCRIPT)
    if not scripts:
        return ()
    logs = map_of(record, LOG) or {}
    return tuple(
        Task(
            key=key,
            script=_told(scripts[key].get("M", {}), TASK_COMMAND),
            status=_told(scripts[key].get("M", {}), STATUS),
            log=read_log(logs.get(key)),
        )
        for key in sorted(scripts, key=task_order)
    )


def read_item(record: Record) -> Item:
    """A whole item. Never fails on what DynamoDB can return; what is wrong is named in `facts.debris`."""
    facts = read_facts(record, whole=True)
    script = record.get(SCRIPT, {}).get("S")
    tasks = read_tasks(record)
    log = None if facts.nested else read_log(record.get(LOG))
    item = Item(facts=facts, script=script, tasks=tasks, log=log, live_tail=string_of(record, LIVE_TAIL))
    extra = _item_debris(record, item)
    return replace(item, facts=replace(facts, debris=facts.debris + extra)) if extra else item


def _item_debris(record: Record, item: Item) -> tuple[Debris, ...]:
    found: list[Debris] = []
    script = record.get(SCRIPT)
    if script is None:
        if Debris.PHANTOM not in item.facts.debris:
            found.append(Debris.NO_SCRIPT)
    elif "M" in script:
        found.extend(nested_debris(item))
    elif "S" not in script:
        found.append(Debris.MALFORMED)
    elif not script["S"].strip():
        found.append(Debris.NO_SCRIPT)
    found.extend(log_debris(item))
    return tuple(found)


def new_single(item_id: str, step: str, script: str) -> Record:
    """A single item as import writes it: waiting, never locked."""
    return {
        ITEM_ID: text(item_id),
        STEP: text(step),
        SCRIPT: text(script),
        STATE: text(ItemState.TODO),
        LOCK_ID: text(FREE),
        LOCK_DATE: text(FREE),
        DONE_DATE: text(FREE),
        LOG: mapping({}),
        LOG_LENGTH: number(0),
    }


def new_nested(item_id: str, step: str, commands: Iterable[str]) -> Record:
    """A nested item as import writes it: one `Task_i` a command, in their order."""
    tasks = {
        f"{TASK_PREFIX}{index}": mapping({STATUS: text(TaskStatus.TODO), TASK_COMMAND: text(command)})
        for index, command in enumerate(commands)
    }
    record = new_single(item_id, step, "")
    record[SCRIPT] = mapping(tasks)
    record[NESTED_TASKS] = number(len(tasks))
    return record

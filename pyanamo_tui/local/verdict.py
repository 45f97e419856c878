"""Judges a finished run of the sample workflow: was any item lost, run twice, or misreported?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from pyanamo_tui.local.sample import Expectation, ExpectedRun, FailureKind
from pyanamo_tui.workflow.model import Item, LogEntry
from pyanamo_tui.workflow.schema import Record, read_item

EXIT_CODES: Final[Mapping[FailureKind | None, frozenset[int]]] = {
    None: frozenset({0}),
    FailureKind.KILLED: frozenset({137}),
    FailureKind.MISSING_INPUT: frozenset({1, 2}),
    FailureKind.NOT_FOUND: frozenset({127}),
}


def problems_of(wanted: Expectation, records: Iterable[Record], ledger: str) -> list[str]:
    """Everything that is not as it must be, one sentence each; nothing for a good run.

    Args:
        wanted: from `sample.expected`.
        records: every item of the table, whole.
        ledger: the text of the ledger file.
    """
    items = {item.item_id: item for item in map(read_item, records)}
    return [*_item_problems(wanted, items), *_run_problems(wanted, items), *_ledger_problems(wanted, ledger)]


def _item_problems(wanted: Expectation, items: Mapping[str, Item]) -> Iterable[str]:
    for item_id in sorted(wanted.item_states.keys() - items.keys()):
        yield f"{item_id} is lost: it is not in the table any more"
    for item_id in sorted(items.keys() - wanted.item_states.keys()):
        yield f"{item_id} is in the table, but was never imported"
    for item_id, state in wanted.item_states.items():
        item = items.get(item_id)
        if item is None:
            continue
        if item.facts.state != state:
            yield f"{item_id} is {item.facts.state}, not {state}"
        if item.facts.attempts != 1:
            yield f"{item_id} was claimed {item.facts.attempts or 0} times, not once"
        for debris in item.facts.debris:
            yield f"{item_id} is not sound: {debris}"


def _run_problems(wanted: Expectation, items: Mapping[str, Item]) -> Iterable[str]:
    for run in wanted.runs:
        item = items.get(run.item_id)
        if item is None:
            continue
        task = item.task(run.task) if run.task is not None else None
        log = item.log if task is None else task.log
        if log is None:
            yield f"{_name(run)} has no log"
        else:
            yield from _log_problems(run, log)


def _log_problems(run: ExpectedRun, log: LogEntry) -> Iterable[str]:
    if log.exit_code not in EXIT_CODES[run.failure]:
        codes = " or ".join(map(str, sorted(EXIT_CODES[run.failure])))
        yield f"{_name(run)} has exit code {log.exit_code}, not {codes}"
    for stream, has, text in (("stdout", run.stdout_has, log.stdout), ("stderr", run.stderr_has, log.stderr)):
        if has not in text:
            yield f"{_name(run)} has a {stream} without {has!r}"


def _ledger_problems(wanted: Expectation, ledger: str) -> Iterable[str]:
    ran = Counter(tuple(line.split()[:2]) for line in ledger.splitlines())
    for run in wanted.runs:
        times = ran.pop((run.item_id, run.task or "-"), 0)
        if times != (1 if run.writes_ledger else 0):
            yield f"{_name(run)} ran {times} times, not once"
    for line in ran:
        yield f"{' '.join(line)} ran, but is no command of the sample"


def _name(run: ExpectedRun) -> str:
    return run.item_id if run.task is None else f"{run.item_id} {run.task}"

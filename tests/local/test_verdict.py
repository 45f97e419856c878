"""The verdict on a demo: a good run passes, and each way of losing, repeating or misreporting work is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyanamo_tui.local.sample import Expectation, FailureKind, expected, sample_items
from pyanamo_tui.local.verdict import EXIT_CODES, problems_of
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import LogEntry
from pyanamo_tui.workflow.schema import AttributeValue, Record, number, text


def good_run() -> tuple[Expectation, dict[str, Record], list[str]]:
    """Items as a faultless run of the sample leaves them, and its ledger."""
    records = {schema.record_id(record): record for record in sample_items(20)}
    wanted = expected(records.values())
    ledger = []
    for run in wanted.runs:
        log = schema.write_log(
            LogEntry(stdout=run.stdout_has, stderr=run.stderr_has, exit_code=min(EXIT_CODES[run.failure]))
        )
        record = records[run.item_id]
        record[schema.STATE] = text(wanted.item_states[run.item_id])
        record[schema.ATTEMPTS] = number(1)
        if run.writes_ledger:
            ledger.append(f"{run.item_id} {run.task or '-'} 1")
        if run.task is None:
            record[schema.LOG] = log
            continue
        record[schema.LOG]["M"][run.task] = log
        status = text("failed" if run.failure else "done")
        record[schema.SCRIPT]["M"][run.task]["M"][schema.STATUS] = status
        record[schema.LOG_LENGTH] = number(len(record[schema.LOG]["M"]))
        if run.failure:
            record[schema.FAILED_TASKS] = number(1)
    return wanted, records, ledger


def judge(wanted: Expectation, records: dict[str, Record], ledger: list[str]) -> list[str]:
    return problems_of(wanted, records.values(), "\n".join(ledger))


def test_a_good_run_has_no_problems() -> None:
    assert judge(*good_run()) == []


def lost(records: dict[str, Record], _: list[str]) -> None:
    del records["COH7-0001.QC"]


def phantom(records: dict[str, Record], _: list[str]) -> None:
    records["ghost"] = {**records["COH7-0001.QC"], schema.ITEM_ID: text("ghost")}


def misreported(records: dict[str, Record], _: list[str]) -> None:
    records["COH7-0001.QC"][schema.STATE] = text("failed")


def claimed_twice(records: dict[str, Record], _: list[str]) -> None:
    records["COH7-0001.QC"][schema.ATTEMPTS] = number(2)


def ran_twice(_: dict[str, Record], ledger: list[str]) -> None:
    ledger.append("COH7-0001.QC - 1")


def a_task_never_ran(_: dict[str, Record], ledger: list[str]) -> None:
    ledger.remove("COH7-0001.HaplotypeCall Task_3 1")


def a_stranger_ran(_: dict[str, Record], ledger: list[str]) -> None:
    ledger.append("other Task_1 1")


def wrong_code(records: dict[str, Record], _: list[str]) -> None:
    records["COH7-0001.QC"][schema.LOG]["M"][schema.EXIT_CODE] = number(3)


def no_log(records: dict[str, Record], _: list[str]) -> None:
    records["COH7-0001.HaplotypeCall"][schema.LOG]["M"].pop("Task_2")


def log_of_another(records: dict[str, Record], _: list[str]) -> None:
    records["COH7-0001.QC"][schema.LOG]["M"]["stdout"] = text("Analysis complete for COH7-0002")


def miscounted(records: dict[str, Record], _: list[str]) -> None:
    records["COH7-0001.HaplotypeCall"][schema.LOG_LENGTH] = number(1)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lost, "COH7-0001.QC is lost: it is not in the table any more"),
        (phantom, "ghost is in the table, but was never imported"),
        (misreported, "COH7-0001.QC is failed, not done"),
        (claimed_twice, "COH7-0001.QC was claimed 2 times, not once"),
        (ran_twice, "COH7-0001.QC ran 2 times, not once"),
        (a_task_never_ran, "COH7-0001.HaplotypeCall Task_3 ran 0 times, not once"),
        (a_stranger_ran, "other Task_1 ran, but is no command of the sample"),
        (wrong_code, "COH7-0001.QC has exit code 3, not 0"),
        (no_log, "COH7-0001.HaplotypeCall Task_2 has no log"),
        (log_of_another, "COH7-0001.QC has a stdout without 'Analysis complete for COH7-0001'"),
        (miscounted, "COH7-0001.HaplotypeCall is not sound: the task counts disagree with the tasks"),
    ],
)
def test_what_went_wrong_is_named(spoil: Callable[[dict[str, Record], list[str]], None], problem: str) -> None:
    wanted, records, ledger = good_run()
    spoil(records, ledger)
    problems = judge(wanted, records, ledger)
    assert problem in problems
    assert len(problems) <= 2


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failure_taken_for_a_success_is_named(kind: FailureKind) -> None:
    wanted, records, ledger = good_run()
    run = next(run for run in wanted.runs if run.failure is kind and run.task is None)
    done: AttributeValue = text("done")
    records[run.item_id][schema.STATE] = done
    records[run.item_id][schema.LOG]["M"][schema.EXIT_CODE] = number(0)
    problems = judge(wanted, records, ledger)
    assert f"{run.item_id} is done, not failed" in problems
    assert any(problem.startswith(f"{run.item_id} has exit code 0") for problem in problems)

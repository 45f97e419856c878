"""The sample workflow: as many items as asked, its commands real, and what they do is what is expected of them."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from pyanamo_tui.errors import UsageError
from pyanamo_tui.local.sample import (
    DEFAULT_COUNT,
    MIN_COUNT,
    ExpectedRun,
    FailureKind,
    expected,
    missing_tools,
    sample_items,
)
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.command import split_command
from pyanamo_tui.workflow.schema import Record, read_item
from pyanamo_tui.workflow.sizes import record_bytes


def commands_of(records: list[Record]) -> dict[tuple[str, str | None], str]:
    found: dict[tuple[str, str | None], str] = {}
    for item in map(read_item, records):
        if item.nested:
            found.update({(item.item_id, task.key): task.script for task in item.tasks})
        else:
            found[item.item_id, None] = item.script or ""
    return found


@pytest.mark.parametrize("count", [MIN_COUNT, 13, 20, 57, DEFAULT_COUNT, 2000])
def test_it_has_as_many_items_as_asked_and_every_kind_of_failure(count: int) -> None:
    records = sample_items(count)
    assert len({schema.record_id(record) for record in records}) == len(records) == count
    outcome = expected(records)
    assert set(outcome.failures) == set(FailureKind)
    assert outcome.failing_tasks
    assert sum(outcome.states.values()) == count
    assert 0.03 < outcome.states["failed"] / count < 0.5


def test_the_usual_sample_is_known_to_the_number() -> None:
    outcome = expected(sample_items())
    assert outcome.states == {"done": 368, "failed": 32}
    assert outcome.failures == {
        FailureKind.KILLED: 15,
        FailureKind.MISSING_INPUT: 11,
        FailureKind.NOT_FOUND: 6,
    }
    assert len(outcome.failing_items) == 32
    assert len(outcome.failing_tasks) == 6
    steps = Counter(read_item(record).facts.step for record in sample_items())
    assert steps == {"Align": 230, "QC": 140, "HaplotypeCall": 30}


def test_it_is_the_same_every_time() -> None:
    assert sample_items(60) == sample_items(60)


def test_too_few_items_are_refused() -> None:
    with pytest.raises(UsageError, match="needs 12 items, not 11"):
        sample_items(MIN_COUNT - 1)


def test_items_are_clean_and_fit_into_the_table() -> None:
    for record in sample_items():
        assert read_item(record).facts.debris == ()
        assert record_bytes(record) < 20_000


def test_this_host_has_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert missing_tools() == ()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "awk" in missing_tools()


def run(command: str, ledger: Path, attempt: str = "1") -> subprocess.CompletedProcess[str] | None:
    """Run a command as an engine would; None if there is no such program."""
    environment = {**os.environ, "PYANAMO_LEDGER": str(ledger), "PYANAMO_ATTEMPT": attempt}
    words = split_command(command, environment)
    assert words == shlex.split(command)
    try:
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        return None


def one_of_each() -> list[tuple[ExpectedRun, str]]:
    """One command of each step, of each kind of ending."""
    records = sample_items(80)
    commands = commands_of(records)
    found = {(run.item_id.partition(".")[2], run.failure): run for run in expected(records).runs}
    return [(run, commands[run.item_id, run.task]) for run in found.values()]


@pytest.mark.parametrize(
    ("wanted", "command"), [pytest.param(*pair, id=f"{pair[0].item_id}-{pair[0].failure}") for pair in one_of_each()]
)
def test_commands_end_as_expected(wanted: ExpectedRun, command: str, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ended = run(command, ledger)
    match wanted.failure:
        case FailureKind.NOT_FOUND:
            assert ended is None
            assert not ledger.exists()
            return
        case FailureKind.KILLED:
            assert ended is not None
            assert ended.returncode == -9
        case FailureKind.MISSING_INPUT:
            assert ended is not None
            assert ended.returncode in {1, 2}
        case None:
            assert ended is not None
            assert ended.returncode == 0
    assert wanted.stdout_has in ended.stdout
    assert wanted.stderr_has in ended.stderr
    assert ledger.read_text() == f"{wanted.item_id} {wanted.task or '-'} 1\n"


def test_the_ledger_keeps_every_line_of_commands_at_once(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    command = commands_of(sample_items(20))["COH7-0001.HaplotypeCall", "Task_0"]
    environment = {**os.environ, "PYANAMO_LEDGER": str(ledger)}
    running = [
        subprocess.Popen(
            shlex.split(command),
            env={**environment, "PYANAMO_ATTEMPT": str(attempt)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for attempt in range(12)
    ]
    assert [process.wait(60) for process in running] == [0] * 12
    assert sorted(ledger.read_text().splitlines()) == sorted(f"COH7-0001.HaplotypeCall Task_0 {n}" for n in range(12))


def test_without_a_ledger_the_commands_run_all_the_same() -> None:
    command = commands_of(sample_items(20))["COH7-0001.HaplotypeCall", "Task_0"]
    ended = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True, timeout=60)
    assert "COH7-0001 chr1:" in ended.stdout

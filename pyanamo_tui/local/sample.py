"""The sample workflow: a small cohort that looks like the users' own work, whose every ending is known beforehand.

Three steps: Align and QC of single items, and HaplotypeCall of nested ones, one task a chromosome. The commands
are real programs found on any Linux. Some are killed as by the OOM killer, some miss their input, some name a
program that is not installed. A sample is the same every time for the same count, so that a run of it can be checked.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pyanamo_tui.errors import UsageError
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import Record

ALIGN: Final = "Align"
QC: Final = "QC"
CALL: Final = "HaplotypeCall"
DEFAULT_COUNT: Final = 400
MIN_COUNT: Final = 12
"""Fewer items could not hold each kind of failure."""
TOOLS: Final = ("sh", "seq", "awk", "sort", "gzip", "md5sum", "sleep")
CHROMOSOMES: Final = tuple(f"chr{name}" for name in (*range(1, 23), "X", "Y"))
LEDGER: Final = "PYANAMO_LEDGER"
"""Environment variable naming a file to which each command appends `ITEM TASK ATTEMPT` as it begins (`-`: no task)."""

_CALL_SHARE: Final = 0.075
_QC_SHARE: Final = 0.35
_KILLED_SHARE: Final = 0.05
_MISSING_SHARE: Final = 0.06
_NOT_FOUND_SHARE: Final = 0.04
_CALL_FAILED_SHARE: Final = 0.2
_FEWEST_TASKS: Final = 8
_TASK_SPREAD: Final = 15

_BEGIN: Final = 'echo {item} {task} "${{PYANAMO_ATTEMPT:-1}}" >> "${{PYANAMO_LEDGER:-/dev/null}}"'
_KILL: Final = "kill -9 $$"
_INPUT_FOLDER: Final = "/data/cohort7"
_ABSENT_PROGRAM: Final = "fastqc-0.12.9"


class FailureKind(StrEnum):
    """How a command of the sample fails; the value is what a log or signature shows of it."""

    KILLED = "killed"
    MISSING_INPUT = "No such file or directory"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class ExpectedRun:
    """One command of the sample: how it must end, and what its log must hold.

    `task` is None for a single item. `writes_ledger` is false for the command that does not exist.
    """

    item_id: str
    task: str | None
    failure: FailureKind | None
    stdout_has: str
    stderr_has: str

    @property
    def writes_ledger(self) -> bool:
        """Whether the command gets as far as its line in the ledger."""
        return self.failure is not FailureKind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a finished run of the sample must look like."""

    states: Mapping[str, int]
    item_states: Mapping[str, ItemState]
    runs: tuple[ExpectedRun, ...]

    @property
    def failing_items(self) -> frozenset[str]:
        """Ids of the items that end `failed`."""
        return frozenset(item for item, state in self.item_states.items() if state is ItemState.FAILED)

    @property
    def failing_tasks(self) -> frozenset[tuple[str, str]]:
        """Item and task key of each nested task that fails."""
        return frozenset((run.item_id, run.task) for run in self.runs if run.failure and run.task is not None)

    @property
    def failures(self) -> Mapping[FailureKind, int]:
        """How many commands fail in each way."""
        return Counter(run.failure for run in self.runs if run.failure is not None)


def missing_tools() -> tuple[str, ...]:
    """Programs that the sample needs and this host lacks."""
    return tuple(tool for tool in TOOLS if shutil.which(tool) is None)


def _spread(count: int, share: float, offset: float) -> frozenset[int]:
    """Positions below `count`, evenly spread, as many as the share says and one at least."""
    chosen = max(1, round(count * share))
    return frozenset(int((number + offset) * count / chosen) for number in range(chosen))


def _begin(item: str, task: str = "-") -> str:
    return _BEGIN.format(item=item, task=task)


def _align(sample: str, number: int, *, killed: bool) -> str:
    reads = 52_000 + number * 7919 % 48_000
    seconds = f"0.{5 + number * 7 % 30:02}"
    work = (
        f"echo '[M::bwa_idx_load_from_disk] read 0 ALT contigs' >&2; "
        f"echo '[M::process] read {reads} sequences ({reads * 151} bp)...' >&2; "
        f'seq {reads // 10} | awk "{{print \\$1 * 7919 % 65521}}" | sort -n | md5sum | '
        f'awk "{{print \\"{sample}.sorted.bam\\", \\$1}}"; sleep {seconds}; '
    )
    if killed:
        end = f"echo '[M::mem_pestat] analyzing insert size distribution for orientation FR...' >&2; {_KILL}"
    else:
        end = (
            f"echo '[main] Real time: {seconds} sec; CPU: {seconds} sec' >&2; "
            f"echo '{sample}: {reads - reads // 97} of {reads} reads mapped'"
        )
    return _shell(f"{_begin(f'{sample}.{ALIGN}')}; {work}{end}")


def _qc(sample: str, number: int, *, missing: bool, not_found: bool) -> str:
    if not_found:
        return f"{_ABSENT_PROGRAM} --threads 1 --outdir qc {sample}.sorted.bam"
    begin = _begin(f"{sample}.{QC}")
    if missing:
        source = f"{_INPUT_FOLDER}/{sample}/{sample}_R1.fastq.gz"
        return _shell(f"{begin}; echo 'Started analysis of {sample}'; gzip -dc {source} > /dev/null || exit 1")
    steps = "; ".join(f"echo 'Approx {percent}% complete for {sample}' >&2" for percent in (25, 50, 75, 95))
    work = f'seq {4000 + number % 3000} | awk "{{s += \\$1 % 41}} END {{printf \\"mean_quality %.2f\\\\n\\", s / NR}}"'
    return _shell(
        f"{begin}; echo 'Started analysis of {sample}'; {steps}; {work}; "
        f"sleep 0.{5 + number * 11 % 20:02}; echo 'Analysis complete for {sample}'"
    )


def _call(sample: str, number: int, chromosome: str, failure: FailureKind | None) -> str:
    task = f"{schema.TASK_PREFIX}{CHROMOSOMES.index(chromosome)}"
    begin = _begin(f"{sample}.{CALL}", task)
    start = f"echo 'INFO  HaplotypeCaller - Initializing engine for {sample}' >&2"
    match failure:
        case FailureKind.KILLED:
            return _shell(f"{begin}; {start}; echo 'INFO  ProgressMeter - {chromosome}:1' >&2; {_KILL}")
        case FailureKind.MISSING_INPUT:
            source = f"{_INPUT_FOLDER}/{sample}/{sample}.{chromosome}.bam.bai"
            return _shell(f"{begin}; {start}; sort {source} || exit 2")
        case _:
            sites = 900 + number * 613 % 5000
            work = f'seq {sites} | awk "\\$1 % 17 == 0" | gzip -c | md5sum'
            return _shell(
                f"{begin}; {start}; {work}; sleep 0.0{number % 9}; echo '{sample} {chromosome}: {sites} sites'"
            )


def _shell(script: str) -> str:
    """A command that runs a script; the script's own single quotes become double ones, so that a person can read it."""
    return "sh -c '" + script.replace("'", '"') + "'"


def sample_items(count: int = DEFAULT_COUNT) -> list[Record]:
    """The sample's items, waiting, in the order of its samples.

    Args:
        count: how many items in all.

    Raises:
        UsageError: fewer than `MIN_COUNT` items are asked for.
    """
    if count < MIN_COUNT:
        raise UsageError(f"The sample workflow needs {MIN_COUNT} items, not {count}", f"Ask for {MIN_COUNT} or more.")
    calls = max(2, round(count * _CALL_SHARE))
    checks = max(4, round(count * _QC_SHARE))
    aligned = count - calls - checks
    killed = _spread(aligned, _KILLED_SHARE, 0.5)
    missing = _spread(checks, _MISSING_SHARE, 0.3)
    not_found = _spread(checks, _NOT_FOUND_SHARE, 0.8) - missing
    failing_calls = sorted(_spread(calls, _CALL_FAILED_SHARE, 0.6))
    records: list[Record] = []
    for number in range(max(aligned, checks, calls)):
        sample = f"COH7-{number + 1:04}"
        if number < aligned:
            command = _align(sample, number, killed=number in killed)
            records.append(schema.new_single(f"{sample}.{ALIGN}", ALIGN, command))
        if number < checks:
            command = _qc(sample, number, missing=number in missing, not_found=number in not_found)
            records.append(schema.new_single(f"{sample}.{QC}", QC, command))
        if number < calls:
            failing = failing_calls.index(number) if number in failing_calls else None
            records.append(schema.new_nested(f"{sample}.{CALL}", CALL, _chromosome_commands(sample, number, failing)))
    return records


def _chromosome_commands(sample: str, number: int, failing: int | None) -> Sequence[str]:
    """One command a chromosome; with `failing`, one of them fails, in a way that alternates with that number."""
    chromosomes = CHROMOSOMES[: _FEWEST_TASKS + number * 7 % _TASK_SPREAD]
    commands = []
    for index, chromosome in enumerate(chromosomes):
        failure = None
        if failing is not None and index == len(chromosomes) * 2 // 3:
            failure = FailureKind.KILLED if failing % 2 == 0 else FailureKind.MISSING_INPUT
        commands.append(_call(sample, number + index, chromosome, failure))
    return commands


def _failure_of(command: str) -> FailureKind | None:
    if command.startswith(_ABSENT_PROGRAM):
        return FailureKind.NOT_FOUND
    if _KILL in command:
        return FailureKind.KILLED
    return FailureKind.MISSING_INPUT if _INPUT_FOLDER in command else None


def _expected_run(item_id: str, task: str | None, command: str) -> ExpectedRun:
    failure = _failure_of(command)
    sample, _, step = item_id.partition(".")
    step_says = {ALIGN: "reads mapped", QC: f"Analysis complete for {sample}", CALL: f"{sample} chr"}
    stderr = {ALIGN: "[M::process]", QC: f"complete for {sample}", CALL: f"Initializing engine for {sample}"}[step]
    if failure is FailureKind.MISSING_INPUT:
        stderr = FailureKind.MISSING_INPUT.value
    elif failure is FailureKind.NOT_FOUND:
        stderr = ""
    return ExpectedRun(item_id, task, failure, "" if failure else step_says[step], stderr)


def expected(records: Iterable[Record]) -> Expectation:
    """How a run of the sample must end, when each item is run once.

    Args:
        records: items from `sample_items`.
    """
    runs: list[ExpectedRun] = []
    states: dict[str, ItemState] = {}
    for item in map(schema.read_item, records):
        commands = [(None, item.script or "")] if not item.nested else [(task.key, task.script) for task in item.tasks]
        of_item = [_expected_run(item.item_id, key, command) for key, command in commands]
        runs.extend(of_item)
        failed = any(run.failure for run in of_item)
        states[item.item_id] = ItemState.FAILED if failed else ItemState.DONE
    counts = Counter(str(state) for state in states.values())
    return Expectation(states=dict(counts), item_states=states, runs=tuple(runs))

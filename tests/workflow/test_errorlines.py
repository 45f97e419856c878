"""Which lines of a log read like an error: counts of nothing do not."""

from __future__ import annotations

import pytest

from pyanamo_tui.workflow.errorlines import speaks_of_error, without_zero_counts
from pyanamo_tui.workflow.telling import Rank, rank_of


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: x",
        "ValueError: y",
        "Killed",
        "bash: x: command not found",
        "[E] fatal",
        "\x1b[31merror\x1b[0m: coloured",
        "java.lang.OutOfMemoryError",
        "3 errors",
        "10 failed, 0 errors",
        "9 done, 1 failed",
        "0 errors, 3 failed",
        "no errors so far, then Segmentation fault",
        "rank 0 failed",
        "node 0 aborted",
        "Task_0 failed",
        "GPU #0 failed",
        "v1.0 failed to start",
        "at 10:00 failed",
        "Error: 0 reads mapped",
        "failed: 01-sample.bam",
        "error: 0.5 is no integer",
        "100 failures",
        "no such file: errors.txt",
        "failed",
    ],
)
def test_a_line_that_tells_of_an_error_is_one(line: str) -> None:
    assert speaks_of_error(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "terrors",
        "unfailing",
        "skilled",
        "0 errors",
        "0 failed",
        "2026-11-23 10:00:00 worker ended: 9 done, 0 failed",
        "12 passed 0 failed",
        "done with 0 failures",
        "0 tasks failed",
        "Compiled with 0 warnings and 0 errors",
        "no errors",
        "No fatal errors found",
        "finished without any error",
        "no tasks failed",
        "zero failures",
        "failed: 0",
        "errors=0",
        "Tests run: 5, Failures: 0, Errors: 0, Skipped: 1",
        "ok=3 changed=1 unreachable=0 failed=0 skipped=2",
        '{"done": 9, "failed": 0, "errors": 0}',
        "Errors: none.",
        "\x1b[32m0 failed\x1b[0m",
        "failed tasks: 0",
    ],
)
def test_a_line_that_says_nothing_failed_is_none(line: str) -> None:
    assert not speaks_of_error(line)


def test_a_count_of_nothing_does_not_hide_what_did_fail_when_the_telling_line_is_looked_for() -> None:
    assert rank_of("9 done, 0 failed") is Rank.PLAIN
    assert rank_of("0 errors in stage one, stage two failed") is Rank.ERROR
    assert without_zero_counts("nothing of the kind") == "nothing of the kind"

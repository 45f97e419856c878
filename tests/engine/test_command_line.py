"""The command `pyanamo-engine`: what it refuses, with which exit code, and what it says."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.engine.execution import Result
from pyanamo_tui.engine.options import GRACE_SECONDS, Idle, Options, parse
from pyanamo_tui.engine.runner import TERM_SECONDS
from pyanamo_tui.engine.stop import LAST_WORDS, Stage
from pyanamo_tui.engine.worker import LEAVE_AFTER
from pyanamo_tui.local.server import dummy_environment
from tests.engine.engines import Bench, single, until


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pyanamo_tui.engine.main", *arguments],
        env={**dummy_environment(os.environ), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.processes
def test_exit_codes_tell_why_it_could_not_work(server_url: str) -> None:
    place = ("-r", "us-east-1", "--endpoint-url", server_url)
    no_table = run("-t", "NoSuchTable", *place)
    assert (no_table.returncode, no_table.stdout) == (4, "")
    assert no_table.stderr.startswith("pyanamo-engine: There is no table NoSuchTable")
    usage = run("-t", "T", "-i", "0")
    assert usage.returncode == 2
    assert "whole number from 1" in usage.stderr
    nobody = run("-t", "T", *place, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert nobody.returncode == 3
    assert "credentials" in nobody.stderr
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        offline = run("-t", "T", "-r", "us-east-1", "--endpoint-url", f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert offline.returncode == 1
    assert "cannot be reached" in offline.stderr
    assert all("Traceback" not in done.stderr for done in (no_table, usage, nobody, offline))


@pytest.mark.processes
def test_a_host_that_cannot_keep_output_takes_no_item(bench: Bench, tmp_path: Path) -> None:
    bench.add(single("one", "true"))
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    engine = bench.start("--work-dir", str(blocked / "work"))
    assert engine.wait() == 1
    assert "cannot run commands" in engine.errors
    assert bench.state("one") == "todo"
    assert bench.item("one").facts.attempts is None


@pytest.mark.processes
def test_two_engines_have_no_state_file_together(bench: Bench, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = bench.start("--idle", "wait", "--state-file", str(state))
    until(state.exists, "the state file")
    second = bench.start("--state-file", str(state))
    assert second.wait() == 2
    assert f"another engine, process {first.process.pid}" in second.errors
    first.close()
    bench.run("--state-file", str(state))


@pytest.mark.processes
def test_the_owner_is_the_batch_job(bench: Bench) -> None:
    bench.add(single("one", "true"))
    bench.run(AWS_BATCH_JOB_ID="abc-1:17")
    assert bench.item("one").facts.owner == "abc-1-17"


def test_the_originals_flags_and_ours_are_understood() -> None:
    told = [
        "-t",
        "T",
        "-r",
        "eu-west-1",
        "-b",
        "bucket",
        "-k",
        "my/prefix/",
        "-i",
        "4",
        "-n",
        "8",
        "-w",
        "3600",
        "--idle",
        "wait",
        "--max-attempts",
        "3",
    ]
    options = parse(told, {})
    assert options == Options(
        table="T",
        region="eu-west-1",
        bucket="bucket",
        key_prefix="my/prefix",
        items_at_once=4,
        tasks_at_once=8,
        wall_time=3600.0,
        idle=Idle.WAIT,
        max_attempts=3,
    )


@pytest.mark.parametrize(
    "told", ["--lease 0", "--lease nan", "-n x", "--idle sleep", "-w -5", "--max-items 0", "--lea 5"]
)
def test_wrong_values_are_usage_errors(told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["-t", "T", *told.split()], {})
    assert ended.value.code == 2
    assert "pyanamo-engine" in capsys.readouterr().err


def test_stopping_fits_the_time_that_batch_allows() -> None:
    assert GRACE_SECONDS + TERM_SECONDS < GRACE_SECONDS + LAST_WORDS + LEAVE_AFTER < 30


def test_the_document_names_tests_and_events_that_there_are() -> None:
    root = Path(__file__).parents[2]
    document = (root / "docs" / "engine.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", document))
    assert len(named) > 20
    assert not {name for name in named if f"def {name}(" not in sources}
    engine = "".join(path.read_text(encoding="utf-8") for path in (root / "pyanamo_tui" / "engine").glob("*.py"))
    told = set(re.findall(r'\.say\(\s*"([a-z-]+)"', engine)) | set(re.findall(r'_say\("([a-z-]+)"', engine))
    told |= {stage.name.lower() for stage in Stage if stage > Stage.WORKING} | {result.value for result in Result}
    listed = document.partition("Events: ")[2].partition(".\n")[0]
    assert told <= set(re.findall(r"`([a-z-]+)`", listed))


def test_an_event_is_one_line_whatever_it_says(tmp_path: Path) -> None:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    log = EventLog("host/1", descriptor=descriptor, clock=lambda: 0.0)
    log.say("claimed", item='a b\n\x1b[31m"', task=None, attempt=2)
    log.say("failed", "two\nlines \x1b]0;x\x07", item="S1", seconds=1.5)
    os.close(descriptor)
    first, second = path.read_text().splitlines()
    assert first == '1970-01-01T00:00:00.000Z host/1 claimed item="a b\\n␛[31m\\"" attempt=2'
    assert second.startswith("1970-01-01T00:00:00.000Z host/1 failed item=S1 seconds=1.5 two")
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", path.read_text())


def test_a_log_without_a_reader_stops_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    EventLog("host/1", descriptor=writing).say("claimed", item="S1")
    os.close(writing)

"""A tethered program ends with the process that started it, and passes its exit code on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pyanamo_tui.local.tether import tethered
from tests.local.test_server import runs, wait_until

PARENT = """
import os, signal, sys
from pathlib import Path
from pyanamo_tui.local.tether import tethered
held = tethered(sys.argv[1:], environment=os.environ, directory=Path.cwd())
signal.pause()
"""


def tether(command: list[str], directory: Path) -> subprocess.Popen[bytes]:
    return tethered(command, environment=os.environ, directory=directory)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_exit_code_is_the_programs(script: str, code: int, tmp_path: Path) -> None:
    with tether(["sh", "-c", script], tmp_path) as process:
        assert process.wait(30) == code


def test_terminating_it_terminates_the_program(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f"trap 'echo term > {told}; exit 3' TERM; echo $$ > pid; while :; do sleep 0.05; done"
    with tether(["sh", "-c", script], tmp_path) as process:
        assert wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        process.terminate()
        assert process.wait(30) == 3
    assert told.read_text() == "term\n"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_program_ends_when_the_parent_does(how: signal.Signals, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = ["sh", "-c", "echo $$ > pid; exec sleep 300"]
    with subprocess.Popen([sys.executable, "-c", PARENT, *program], cwd=tmp_path) as parent:
        assert wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")
        pid = int(pid_file.read_text())
        assert runs(pid)
        parent.send_signal(how)
    assert wait_until(lambda: not runs(pid))

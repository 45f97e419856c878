"""However the dashboard ends, the terminal is given back, and what can be told of the end is told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pyanamo_tui.local.server import EmbeddedServer
from tests.faultproxy import FaultProxy, Faults
from tests.terminal.tmux import TMUX, Terminal, dashboard

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.processes,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed"),
]
NOWHERE = dashboard("T", "http://127.0.0.1:9")
OURS, GIVEN_BACK = "110", "001"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGTERM, "ended with 143"),
        (signal.SIGKILL, "was killed, or crashed"),
        (signal.SIGSEGV, "Please report it, with"),
    ],
    ids=["SIGTERM", "SIGKILL", "SIGSEGV"],
)
def test_the_terminal_is_given_back_after(number: signal.Signals, told: str) -> None:
    with Terminal(NOWHERE, size=(200, 30)) as terminal:
        terminal.wait("help")
        assert terminal.modes() == OURS
        os.kill(terminal.command_pid(), number)
        screen = terminal.wait(told)
        assert terminal.modes() == GIVEN_BACK
        terminal.type("typed")
        terminal.wait("typed")  # the terminal echoes again
        report = re.search(r"report it, with (\S+)", screen)
        assert (report is not None) == (number is signal.SIGSEGV)
        if report is not None:
            assert "Segmentation fault" in Path(report[1]).read_text()
            assert Path(report[1]).stat().st_mode & 0o077 == 0


def test_it_ends_at_once_though_aws_does_not_answer(embedded: EmbeddedServer) -> None:
    with FaultProxy(embedded.endpoint_url, Faults(paused=True)) as proxy:
        with Terminal(dashboard("T", proxy.url), size=(100, 30)) as terminal:
            terminal.wait("help")
            time.sleep(1)  # until it asks
            terminal.press("C-q")
            terminal.wait("ended with 0", 20)
        proxy.faults.paused = False


def test_a_dashboard_whose_terminal_is_gone_ends_without_being_told() -> None:
    side, other = os.openpty()
    # Of another session than the terminal's, as a program is that was left running: no signal comes.
    left = subprocess.Popen(NOWHERE, stdin=other, stdout=other, stderr=other, start_new_session=True)
    os.close(other)
    seen = b""
    while b"help" not in seen:
        seen += os.read(side, 1 << 16)
    os.close(side)
    try:
        assert left.wait(60) == 128 + signal.SIGHUP
    finally:
        left.kill()
        left.wait()

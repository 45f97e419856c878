"""The main job in a real terminal: the demo opens, counts move, a failed item is read, requeued, and ends again."""

from __future__ import annotations

import os
import re
import signal
import time

import psutil
import pytest

from tests.terminal.tmux import TMUX, Terminal, program

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.processes,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed"),
]
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
DEMO = program("demo", "--items", "40")


def _count(screen: str, state: str) -> int:
    found = re.search(rf"{state} ([0-9,]+)", screen)
    return int(found.group(1).replace(",", "")) if found else 0


@SIZES
def test_a_failed_item_is_found_read_requeued_and_ends_again(size: tuple[int, int]) -> None:
    with Terminal(DEMO, size=size) as terminal:
        first = terminal.wait(lambda screen: _count(screen, "done") > 0)
        moved = terminal.wait(lambda screen: _count(screen, "done") > _count(first, "done"))
        assert all(len(line) <= size[0] for line in moved.splitlines())
        terminal.wait(lambda screen: _count(screen, "todo") == 0 and _count(screen, "locked") == 0)
        terminal.press("4")
        terminal.wait("No such file")
        terminal.wait(lambda screen: "attempt 1" in screen)
        terminal.press("Enter", "Enter")
        opened = terminal.wait(lambda screen: "stderr" in screen and "attempts 1" in screen)
        assert "state failed" in opened
        terminal.press("R")
        asked = terminal.wait(lambda screen: "Requeue 1 item?" in screen or "Requeue what" in screen)
        if "Requeue what" in asked:
            terminal.press("i")
            terminal.wait("Requeue 1 item?")
        assert "Cohort7" in asked
        terminal.press("y")
        ended = terminal.wait(lambda screen: "attempts 2" in screen and "state failed" in screen)
        assert "Requeue 1 item?" not in ended


def test_kill_9_leaves_no_process_behind() -> None:
    with Terminal(DEMO, size=(80, 24)) as terminal:
        terminal.wait(lambda screen: _count(screen, "done") > 0)
        home = os.environ["HOME"]
        mine = [process for process in _of_home(home) if "pyanamo" in " ".join(process.cmdline())]
        dashboard = next(process for process in mine if "demo" in process.cmdline() and process.children())
        family = dashboard.children(recursive=True)
        assert len(family) >= 3
        os.kill(dashboard.pid, signal.SIGKILL)
        deadline = time.monotonic() + 40
        while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in family):
            assert time.monotonic() < deadline, "processes of a killed demo still run"
            time.sleep(0.2)


def _of_home(home: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == home and "python" in process.name():
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found

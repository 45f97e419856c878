"""The dashboard is killed in a real terminal in the middle of a bulk change: activity tells it, undo brings it back."""

from __future__ import annotations

import os
import re
import signal

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from tests.core.places import open_table, settled, single, whole_table
from tests.faultproxy import FaultProxy, Faults
from tests.terminal.tmux import TMUX, Terminal, dashboard

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.processes,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed"),
]
ITEMS, LET_THROUGH = 200, 120
_ID = re.compile(rb'"k(\d{3})"')


def _held_back(request: bytes) -> bool:
    found = _ID.search(request) if b".UpdateItem" in request else None
    return found is not None and int(found.group(1)) >= LET_THROUGH


def _todo(workspace: Workspace) -> int:
    return sum(record[schema.STATE]["S"] == "todo" for record in whole_table(workspace).values())


def test_a_change_killed_half_way_is_told_and_taken_back(embedded: EmbeddedServer, table_name: str) -> None:
    workspace = open_table(embedded, table_name)
    for start in range(0, ITEMS, 25):
        workspace.items.batch_put([single(f"k{number:03}") for number in range(start, start + 25)])
    before = whole_table(workspace)
    with FaultProxy(embedded.endpoint_url, Faults(paused=True, only=_held_back)) as proxy:
        command = dashboard(table_name, proxy.url)
        with Terminal(command, size=(80, 24)) as terminal:
            terminal.wait("failed 200")
            terminal.press("2")
            terminal.wait("200 of 200")
            terminal.press("*", "R")
            terminal.wait("Requeue 200 items?")
            terminal.type("200")
            terminal.press("Enter")
            while _todo(workspace) < LET_THROUGH:
                terminal.wait("esc stops after")
            os.kill(terminal.command_pid(), signal.SIGKILL)
            terminal.wait("was killed")
        proxy.faults.paused = False
        settled(workspace, embedded)
        changed = _todo(workspace)
        assert LET_THROUGH <= changed < ITEMS
        with Terminal(command, size=(80, 24)) as terminal:
            terminal.wait("failed ")
            terminal.press("u")
            terminal.wait("interrupted")
            terminal.press("U")
            terminal.wait(f"Undo requeue: {changed} items?")
            terminal.type(str(changed))
            terminal.press("Enter")
            terminal.wait(f"{changed} taken back, {ITEMS - changed} skipped")
    assert whole_table(workspace) == before

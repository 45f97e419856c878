"""A new cohort in a real terminal: three broken lines are named, the mended file is imported, killed, and goes on."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from tests.core.importing import HEADER
from tests.core.places import REGION, open_table, settled, single, whole_table
from tests.faultproxy import FaultProxy, Faults
from tests.terminal.tmux import TMUX, Terminal, dashboard

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.processes,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed"),
]
ITEMS, LET_THROUGH = 400, 240
ALMOST = 100
_WRITTEN = re.compile(rb'"itemID": ?\{"S": ?"S(\d{5})"')
BROKEN = {101: "S00099|Align\n", 202: "|Align|seq 1\n", 303: "S00000|Align|seq 2\n"}
"""By line number: a column too few, no id, the id of line 2."""


class Gate:
    """Lets the first items of the file be written and holds back whatever would write another one."""

    def __init__(self, most: int) -> None:
        self.most = most

    def holds_back(self, request: bytes) -> bool:
        """Whether a request has to wait; asked again and again for the same one."""
        found = _WRITTEN.search(request) if b"DynamoDB_20120810.PutItem" in request else None
        return found is not None and int(found.group(1)) >= self.most


def _lines() -> list[str]:
    return [HEADER, *(f"S{number:05}|Align|seq {number}\n" for number in range(ITEMS))]


def _name_file(terminal: Terminal, path: Path) -> None:
    terminal.wait("polling")
    terminal.press("9")
    terminal.wait("File to import")
    terminal.type(str(path))
    terminal.press("Enter")


def _import(terminal: Terminal) -> None:
    terminal.press("I")
    terminal.wait("Import 400 items?")
    terminal.press("y")


def test_a_killed_import_goes_on_and_writes_nothing_twice(
    embedded: EmbeddedServer, table_name: str, tmp_path: Path
) -> None:
    workspace = open_table(embedded, table_name)
    kept = single("S00350", "done")
    workspace.items.put(kept)
    path = tmp_path / "cohort.txt"
    broken = _lines()
    for line, text in BROKEN.items():
        broken[line - 1] = text
    path.write_text("".join(broken))
    gate = Gate(ALMOST)
    with FaultProxy(embedded.endpoint_url, Faults(paused=True, only=gate.holds_back)) as proxy:
        command = dashboard(table_name, proxy.url)
        with Terminal(command, size=(80, 24)) as terminal:
            _name_file(terminal, path)
            seen = terminal.wait("lines cannot be taken")
            assert all(f"line   {line}" in seen for line in BROKEN), seen
            assert len(whole_table(workspace)) == 1
            path.write_text("".join(_lines()))
            terminal.press("e", "Enter")
            terminal.wait("1 of 400 ids")
            _import(terminal)
            _until(lambda: len(whole_table(workspace)) == ALMOST + 1)
            through = Workspace(Settings(table=table_name, region=REGION, endpoint_url=proxy.url))
            while through.importer.preview(path).resumes_from_line is None:  # until it is kept how far it came
                assert gate.most < LET_THROUGH
                gate.most += 1
                time.sleep(0.05)
            gate.most = LET_THROUGH
            _until(lambda: len(whole_table(workspace)) == LET_THROUGH + 1)
            assert "written" in terminal.wait("Importing cohort.txt")
            os.kill(terminal.command_pid(), signal.SIGKILL)
            terminal.wait("was killed")
        proxy.faults.paused = False
        before = settled(workspace, embedded)
        assert LET_THROUGH < len(before) < ITEMS
        touched = {**before["S00001"], schema.STATE: schema.text("done")}
        workspace.items.put(touched, conditions=())
        with Terminal(command, size=(80, 24)) as terminal:
            _name_file(terminal, path)
            terminal.wait("goes on at line")
            _import(terminal)
            terminal.wait("Went on at line")
    after = whole_table(workspace)
    assert sorted(after) == [f"S{number:05}" for number in range(ITEMS)]
    assert after["S00350"] == kept
    assert after["S00001"] == touched
    for number in set(range(ITEMS)) - {1, 350}:
        assert after[f"S{number:05}"] == schema.new_single(f"S{number:05}", "Align", f"seq {number}")


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "the import did not come so far"
        time.sleep(0.1)

"""One chromosome of 22 failed: in a real terminal its log is read, that task alone requeued; it ends 22 of 22."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer, dummy_environment
from pyanamo_tui.workflow import schema
from tests.core.places import REGION, open_table
from tests.engine.engines import Engine, python
from tests.terminal.tmux import TMUX, Terminal, dashboard

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.processes,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed"),
]


def _run(workspace: Workspace, url: str, folder: Path) -> None:
    engine = Engine(workspace.table, url, folder, ["-r", REGION, "-n", "8"], dummy_environment(os.environ))
    try:
        assert engine.wait() == 0, engine.errors
    finally:
        engine.close()


def _tasks(workspace: Workspace) -> Counter[str]:
    tasks = workspace.record("NA12878")[schema.SCRIPT]["M"].values()
    return Counter(task["M"][schema.STATUS]["S"] for task in tasks)


def test_the_one_failed_task_of_22_is_requeued_and_the_item_ends_22_of_22(
    embedded: EmbeddedServer, table_name: str, tmp_path: Path
) -> None:
    workspace = open_table(embedded, table_name)
    image = tmp_path / "image"
    commands = [f"echo chr{number + 1} called" for number in range(22)]
    commands[16] = python(f'import sys, pathlib; pathlib.Path("{image}").exists() or sys.exit("chr17: no such image")')
    workspace.items.put(schema.new_nested("NA12878", "Call", commands))
    _run(workspace, embedded.endpoint_url, tmp_path)
    with Terminal(dashboard(table_name, embedded.endpoint_url), size=(80, 24)) as terminal:
        terminal.wait("failed 1")
        terminal.press("2")
        terminal.wait("NA12878")
        terminal.press("Enter")
        opened = terminal.wait("chr17: no such image")
        assert "tasks 21 of 22 done" in opened
        assert "Log of Task_16" in opened
        image.touch()
        terminal.press("t")
        asked = terminal.wait("Requeue 1 item?")
        assert "NA12878" in asked
        assert "Task_16" in asked
        terminal.press("y")
        terminal.wait("1 requeued.")
        assert _tasks(workspace) == {"done": 21, "todo": 1}
        _run(workspace, embedded.endpoint_url, tmp_path)
        terminal.wait("tasks 22 of 22 done")
    assert _tasks(workspace) == {"done": 22}
    record = workspace.record("NA12878")
    assert (record[schema.STATE]["S"], record[schema.LOG_LENGTH]["N"]) == ("done", "22")

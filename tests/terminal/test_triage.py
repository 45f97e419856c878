"""A Monday and a slip in a real terminal: a group is read, requeued, taken back; what was deleted comes back."""

from __future__ import annotations

from collections import Counter

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from tests.core.places import open_table, single, whole_table
from tests.terminal.tmux import TMUX, Terminal, dashboard

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.processes,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed"),
]
GROUPS = {"exit 137 (SIGKILL) · Killed": 201, "exit 1 · No such file <path>": 88, "exit 2 · bad header": 11}


def _fill(workspace: Workspace) -> dict[str, schema.Record]:
    for group, (signature, many) in enumerate(GROUPS.items()):
        for number in range(many):
            workspace.items.put(single(f"G{group}-{number:03}", Error_Signature=schema.text(signature)))
    workspace.items.put(single("waits", "todo"))
    return whole_table(workspace)


def _states(workspace: Workspace) -> Counter[str]:
    return Counter(record[schema.STATE]["S"] for record in whole_table(workspace).values())


def _confirm(terminal: Terminal, question: str, typed: str) -> None:
    asked = terminal.wait(question)
    assert f"Type {typed} to confirm" in asked
    terminal.type(typed)
    terminal.press("Enter")


def test_the_largest_group_is_requeued_and_all_is_deleted_and_both_are_undone(
    embedded: EmbeddedServer, table_name: str
) -> None:
    workspace = open_table(embedded, table_name)
    before = _fill(workspace)
    with Terminal(dashboard(table_name, embedded.endpoint_url), size=(80, 24)) as terminal:
        terminal.wait("failed 300")
        terminal.press("4")
        terminal.wait("Failures: 300 in 3 groups")
        terminal.press("Enter", "w")
        terminal.wait(lambda screen: "exit 137" in screen and "no such file" in screen and "i-0abc" in screen)
        terminal.press("Escape", "Escape", "R")
        _confirm(terminal, "Requeue 201 items?", "201")
        terminal.wait("201 requeued.")
        assert _states(workspace) == {"failed": 99, "todo": 202}
        terminal.wait("Failures: 99 in 2 groups")
        terminal.press("U")
        _confirm(terminal, "Undo requeue: 201 items?", "201")
        terminal.wait("201 taken back.")
        assert whole_table(workspace) == before
        terminal.press("2", "/")
        terminal.type("state:failed")
        terminal.press("Enter")
        terminal.wait("300 of 301")
        terminal.press("*", "D")
        _confirm(terminal, "Delete 300 items?", "300")
        terminal.wait("300 deleted.")
        assert set(whole_table(workspace)) == {"waits"}
        terminal.press("U")
        _confirm(terminal, "Undo delete: 300 items?", "300")
        terminal.wait("300 taken back.")
    assert whole_table(workspace) == before

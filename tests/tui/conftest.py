"""Dashboards on real tables of the embedded server, driven by keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Static

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.confirm import Confirm
from tests.core.places import REGION, fill, nested, open_table, single

PATIENCE = 30.0


def words(screen: Screen[Any]) -> str:
    """Everything that a dialog says beside its buttons."""
    said = [str(found.content) for found in screen.query(Static) if not isinstance(found, Button)]
    facts = screen.question.facts if isinstance(screen, Confirm) else ()
    return "\n".join([*said, *(f"{label} {value}" for label, value in facts)])


async def until(pilot: Pilot[None], true: Callable[[], bool], what: str) -> None:
    """Let the program run until something is true.

    Raises:
        AssertionError: it did not become true in time.
    """
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await pilot.pause(0.02)


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Workspace:
    """A table with 4 waiting, 3 done and 5 failed items of three causes, one of them nested with 22 tasks."""
    opened = open_table(embedded, table_name)
    signature = {"Error_Signature": {"S": "exit 137 (SIGKILL) · Killed"}, "Exit_Code": {"N": "137"}}
    fill(opened, [single(f"wait{n}", "todo") for n in range(4)])
    fill(opened, [single(f"done{n}", "done", Exit_Code={"N": "0"}) for n in range(3)])
    fill(opened, [single(f"killed{n}", **signature) for n in range(3)])  # type: ignore[arg-type]
    fill(opened, [single("[/missing]", Error_Signature={"S": "exit 1 · No such file <path>"})])
    statuses = ["done"] * 21 + ["failed"]
    fill(opened, [nested("nested0", statuses, Error_Signature={"S": "exit 2 · chrY"})])
    return opened


def dashboard_on(server: EmbeddedServer, table: str | None, *, read_only: bool = False) -> Dashboard:
    """The dashboard on a table of the embedded server."""
    settings = Settings(table=table, region=REGION, endpoint_url=server.endpoint_url, interval=0.5, read_only=read_only)
    return Dashboard(settings, Workspace)

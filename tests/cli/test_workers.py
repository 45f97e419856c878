"""`workers`: what is printed and done, and with which exit code it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.workflow import schema
from tests.cli.conftest import Run
from tests.core.places import fill

DEADLINE = 30.0


@pytest.fixture
def table(workspace: Workspace) -> Iterator[Workspace]:
    """An empty table; what works on it is killed afterwards."""
    yield workspace
    workspace.workers.kill([one.id for one in workspace.workers.list() if one.alive])


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_workers_are_started_listed_tailed_and_ended(
    run: Run, table: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(table, [schema.new_single("S1", "Align", "sh -c 'sleep 60'")])
    started = run("workers", "start", "2", "--idle", "wait", "--json")
    assert started.code == 0
    first, second = (one["worker"] for one in started.json["workers"])

    until(lambda: any(one["running"] for one in run("workers", "list", "--json").json["workers"]))
    listed = {one["worker"]: one for one in run("workers", "list", "--json").json["workers"]}
    assert set(listed) == {first, second}
    (busy,) = [name for name, one in listed.items() if one["running"]]
    (idle,) = set(listed) - {busy}
    assert listed[busy]["running"][0]["item"] == "S1"
    assert f"{busy}\tworking" in run("workers", "list").out
    assert "claimed" in run("workers", "tail", busy).out

    monkeypatch.delenv("PYANAMO_TUI_TABLE")
    everywhere = run("workers", "list", "--json")
    assert everywhere.code == 0, "where no table is named, every table's"
    assert {first, second} <= {one["worker"] for one in everywhere.json["workers"]}
    monkeypatch.setenv("PYANAMO_TUI_TABLE", table.table)

    drained = run("workers", "drain", idle)
    assert (drained.code, drained.out) == (0, "1 of 1 told to drain.\n")
    until(lambda: not {one.id: one for one in table.workers.list()}[idle].alive)
    assert "ended" in run("workers", "tail", idle, "--follow").out or run("workers", "tail", idle).out
    again = run("workers", "drain", idle)
    assert (again.code, "it has ended already" in again.err) == (1, True)

    assert run("workers", "kill", busy).code == 2, "nobody was asked"
    killed = run("workers", "kill", "--all", "--yes", "--json")
    assert (killed.code, killed.json["workers"]) == (0, [{"worker": busy, "ok": True, "why": ""}])
    until(lambda: not any(one.alive for one in table.workers.list()))
    assert run("workers", "stop", "--all").err == f"No engine of table {table.table} runs on this host.\n"
    assert run("workers", "forget").out == "2 forgotten.\n"


def test_scaling_starts_and_drains(run: Run, table: Workspace) -> None:
    assert run("workers", "scale", "2", "--idle", "wait").out == "2 started, 0 told to drain.\n"
    assert run("workers", "scale", "2", "--idle", "wait").out == "0 started, 0 told to drain.\n"
    assert run("workers", "scale", "0").out == "0 started, 2 told to drain.\n"
    until(lambda: not any(one.alive for one in table.workers.list()))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["start", "0"], 2, "0"),
        (["start", "--read-only"], 3, "Read-only"),
        (["drain"], 2, "Name workers, or give --all"),
        (["drain", "w-1", "--all"], 2, "Name workers, or give --all"),
        (["tail", "nobody"], 4, "There is no worker 'nobody'"),
        (["stop", "nobody"], 4, "There is no worker 'nobody'"),
        (["tail", "x", "--json", "--follow"], 2, "exclude each other"),
        (["start", "-t", "None-of-ours"], 4, "None-of-ours"),
    ],
)
def test_what_cannot_be_done_is_said_in_two_lines(
    run: Run, table: Workspace, arguments: list[str], code: int, said: str
) -> None:
    ran = run("workers", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert table.workers.list() == ()

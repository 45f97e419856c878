"""Workflow tables from the command line: made, listed, described, changed, deleted."""

from __future__ import annotations

import pytest

from pyanamo_tui.core.workspace import Workspace
from tests.cli.conftest import Run


def test_a_table_is_made_described_listed_and_deleted(run: Run, place: str) -> None:
    made = run("tables", "create", "--json", "--no-stream")
    assert made.code == 0
    assert made.json["name"] == place
    assert made.json["is_workflow"]
    assert made.json["missing"] == []

    again = run("tables", "create")
    assert again.code == 2
    assert f"There is a table {place} already" in again.err

    described = run("tables", "describe")
    assert described.code == 0
    assert "workflow table" in described.out
    assert "StateSummaryIndex" in described.out

    listed = run("tables", "list", "--workflow", "--json")
    assert place in [one["name"] for one in listed.json["tables"]]

    unasked = run("tables", "delete")
    assert unasked.code == 2
    assert "Nobody is there to answer" in unasked.err
    gone = run("tables", "delete", place, "--yes", "--json")
    assert (gone.code, gone.json) == (0, {"deleted": place})
    assert run("tables", "describe").code == 4


def test_read_only_deletes_nothing(run: Run, workspace: Workspace) -> None:
    ran = run("tables", "delete", "--yes", "--read-only")
    assert ran.code == 3
    assert "Read-only" in ran.err
    assert workspace.tables.exists(workspace.table)


def test_a_protected_table_is_not_deleted(run: Run, place: str) -> None:
    assert run("tables", "create", "--protect").code == 0
    ran = run("tables", "delete", "--yes")
    assert ran.code == 2
    assert f"{place} is protected against deletion" in ran.err


def test_capacity_and_autoscaling_are_set_shown_and_stopped(run: Run, workspace: Workspace) -> None:
    assert run("tables", "capacity", "--json").json["billing"] == "on-demand"
    made = run("tables", "capacity", "--read", "5", "--write", "6", "--json").json
    assert made["capacity"] == {"read": 5, "write": 6}
    assert set(map(str, made["indexes"].values())) == {"{'read': 5, 'write': 6}"}

    assert run("tables", "autoscale", "--json").json["scaling"] == []
    scaled = run("tables", "autoscale", "--read", "5-20", "--write", "6-30", "--target", "60", "--json")
    assert scaled.code == 0
    assert all(one["done"] for one in scaled.json["outcomes"])
    states = run("tables", "autoscale", "--json").json["scaling"]
    assert {(one["low"], one["high"], one["target_percent"]) for one in states} == {(5, 20, 60.0), (6, 30, 60.0)}
    assert run("tables", "autoscale", "--off").code == 0
    assert "does not scale" in run("tables", "autoscale").out


def test_upgrade_gives_what_is_missing(run: Run, workspace: Workspace) -> None:
    made = run("tables", "upgrade", "--json").json
    assert made == {"table": workspace.table, "indexes": [], "stream": True}
    again = run("tables", "upgrade")
    assert (again.code, again.out) == (0, f"{workspace.table} lacks nothing.\n")


@pytest.mark.usefixtures("workspace")
def test_the_table_can_be_named_with_or_without_the_option(run: Run, place: str) -> None:
    assert run("tables", "describe", place, "-t", "Other", "--json").json["name"] == place
    assert run("tables", "describe", "-t", place, "--json").json["name"] == place

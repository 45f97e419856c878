"""`batch`: what is printed and sent, and with which exit code it ends."""

from __future__ import annotations

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import load
from tests.batchplace import make_queue
from tests.cli.conftest import Run
from tests.core.places import REGION

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def queue(embedded: EmbeddedServer) -> str:
    return make_queue(embedded.endpoint_url, REGION)


@pytest.fixture
def opened(embedded: EmbeddedServer, place: str) -> Workspace:
    """The place of the commands, for looking at what they did."""
    return Workspace(load({"table": place, "region": REGION, "endpoint_url": embedded.endpoint_url}, {}))


def test_queues_and_definitions_are_listed(run: Run, place: str, queue: str) -> None:
    listed = {one["name"]: one for one in run("batch", "queues", "--json").json["queues"]}
    assert (listed[queue]["enabled"], listed[queue]["priority"]) == (True, 7)
    assert f"{queue}\t7\ttakes jobs" in run("batch", "queues").out
    (mine,) = [one for one in run("batch", "definitions", "--json").json["definitions"] if one["name"] == queue]
    assert (mine["revision"], mine["image"], mine["memory_mib"]) == (2, "pilot:1", 512)
    assert f"{queue}\t2\t2\t512 MiB\tpilot:1" in run("batch", "definitions").out


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(run: Run, opened: Workspace, queue: str) -> None:
    where = ("--queue", queue, "--definition", queue, "--dry-run")
    asked = ("batch", "submit", "20", *where, "--nests", "4", "--wall-time", "3600", "-e", "SCRATCH=/x y")
    told = run(*asked)
    assert told.code == 0
    command = f"pyanamo-engine -t {opened.table} -r {REGION} --endpoint-url {opened.settings.endpoint_url} -n 4 -w 3600"
    assert f"Command      {command}\n" in told.out
    assert "Environment  SCRATCH=/x y\n" in told.out
    assert "Pilots       20 (an array job)\n" in told.out
    plan = run(*asked, "--json").json
    assert (plan["queue"], plan["definition"], plan["pilots"]) == (queue, queue, 20)
    assert (plan["command"], plan["environment"]) == (command.split(), {"SCRATCH": "/x y"})
    assert opened.pilots.jobs(queues=[queue]) == ()
    assert opened.journal.activity() == []


def test_pilots_are_submitted_listed_and_ended(run: Run, opened: Workspace, queue: str) -> None:
    where = ("--queue", queue, "--definition", queue)
    asked = run("batch", "submit", *where)
    assert asked.code == 2, "nobody is there to answer"
    assert opened.journal.activity() == []
    submitted = run("batch", "submit", "3", *where, "--yes", "--json").json
    (listed,) = run("batch", "list", "--queue", queue, "--json").json["jobs"]
    assert listed["job_id"] == submitted["job_id"]
    assert (listed["pilots"], sum(listed["by_state"].values())) == (3, 3)
    assert listed["command"] == submitted["command"]
    assert submitted["job_id"] in run("batch", "list").out
    children = run("batch", "list", submitted["job_id"], "--json").json["pilots"]
    assert [one["job_id"] for one in children] == [f"{submitted['job_id']}:{index}" for index in range(3)]
    action = run("activity", submitted["action_id"])
    assert submitted["job_id"] in action.out
    assert run("undo", submitted["action_id"], "--yes").code == 2

    over = run("batch", "terminate", submitted["job_id"], "--yes", "--json")
    assert over.code == 1, "the stand-in's jobs end at once, and one that has ended is left alone"
    assert "ended already" in over.json["jobs"][0]["why"]


def test_what_is_wrong_is_said_with_its_exit_code(run: Run, place: str, queue: str) -> None:
    assert run("batch", "terminate").code == 2
    assert run("batch", "terminate", NOBODY, "--yes").code == 4
    assert run("batch", "list", NOBODY).code == 4
    assert run("batch", "submit", "0").code == 2
    assert run("batch", "submit", "--queue", "nowhere", "--definition", queue).code == 4
    assert run("batch", "submit", "--queue", queue, "--definition", queue, "-e", "novalue").code == 2
    refused = run("batch", "submit", "--queue", queue, "--definition", queue, "--yes", "--read-only")
    assert (refused.code, "batch:SubmitJob" in refused.err) == (3, True)
    nothing = run("batch", "terminate", "--all", "--yes")
    assert (nothing.code, "No pilot job" in nothing.err) == (0, True)
    assert "no pilot jobs" in run("batch", "list").out

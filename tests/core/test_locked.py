"""Who holds locked items: owners told apart, leases and Batch jobs weighed, and never an error for what is unknown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.core.locked import LockedReport, OwnerKind, Verdict, owner_of, span
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import CredentialsError
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemFacts
from tests.core.places import REGION, open_table, single
from tests.gate import Answer, Call, Gate, refusal

JOB = "4e1f2a3b-0c0d-4e4f-8a8b-1234567890ab"
JOBS: dict[str, dict[str, Any]] = {
    JOB: {"status": "RUNNING"},
    f"{JOB}:3": {"status": "FAILED", "statusReason": "Host EC2 (instance i-0abc) terminated."},
    f"{JOB}:12": {"status": "SUCCEEDED"},
    f"{JOB}:4": {"status": "RUNNABLE"},
}


def batch_answers(call: Call) -> Answer | None:
    """AWS Batch's word on the jobs above; it knows no others."""
    if call.operation != "/v1/describejobs":
        return None
    known = [{"jobId": found, **JOBS[found]} for found in call.body["jobs"] if found in JOBS]
    return 200, {"jobs": known}


@pytest.fixture
def gate(embedded: EmbeddedServer) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url, answer=batch_answers) as gate:
        yield gate


@pytest.fixture
def workspace(gate: Gate, table_name: str) -> Workspace:
    return Workspace(Settings(table=table_name, region=REGION, endpoint_url=gate.url))


@pytest.mark.parametrize(
    ("name", "kind", "job_id"),
    [
        (JOB, OwnerKind.BATCH_JOB, JOB),
        (f"{JOB}-3", OwnerKind.BATCH_JOB, f"{JOB}:3"),
        (f"{JOB}:3", OwnerKind.BATCH_JOB, f"{JOB}:3"),
        (f"{JOB}-9999", OwnerKind.BATCH_JOB, f"{JOB}:9999"),
        (f"{JOB}-x", OwnerKind.HOST, None),
        ("i-0a1b2c3d4e5f60718", OwnerKind.INSTANCE, None),
        ("i-0a1b2c3d", OwnerKind.INSTANCE, None),
        ("i-node.cluster", OwnerKind.HOST, None),
        ("ip-10-0-0-7", OwnerKind.HOST, None),
        ("", OwnerKind.NOBODY, None),
        (None, OwnerKind.NOBODY, None),
    ],
)
def test_owners_are_told_apart(name: str | None, kind: OwnerKind, job_id: str | None) -> None:
    owner = owner_of(name)
    assert (owner.kind, owner.job_id) == (kind, job_id)


@given(st.text())
def test_any_owner_can_be_read(name: str) -> None:
    assert owner_of(name).name == name


def look(workspace: Workspace, *items: ItemFacts) -> LockedReport:
    return workspace.locked.look(items)


def verdict(workspace: Workspace, owner: str | None, lease: float | None = None) -> tuple[Verdict, str]:
    """What is found of one lock; `lease` in seconds from now."""
    until = None if lease is None else time.time() + lease
    report = look(workspace, ItemFacts("x", "locked", owner=owner, lease_until=until))
    return report.items[0].verdict, report.items[0].evidence


def test_a_lease_decides_whatever_batch_says(workspace: Workspace) -> None:
    assert verdict(workspace, f"{JOB}-3", lease=205.5) == (Verdict.ALIVE, "its lease runs for 3 min more")
    found, evidence = verdict(workspace, JOB, lease=-130)
    assert found is Verdict.DEAD
    assert evidence == "its lease ran out 2 min ago"


def test_without_a_lease_the_batch_job_decides(workspace: Workspace) -> None:
    assert verdict(workspace, JOB) == (Verdict.ALIVE, "no lease; its job is RUNNING")
    dead = "no lease; its job is FAILED (Host EC2 (instance i-0abc) terminated.)"
    assert verdict(workspace, f"{JOB}-3") == (Verdict.DEAD, dead)
    assert verdict(workspace, f"{JOB}-12")[0] is Verdict.DEAD
    assert verdict(workspace, f"{JOB}-4")[0] is Verdict.UNKNOWN


def test_what_nobody_can_tell_is_unknown_and_no_error(workspace: Workspace) -> None:
    assert verdict(workspace, f"{JOB}-77") == (Verdict.UNKNOWN, "no lease, and AWS Batch knows its job no more")
    assert verdict(workspace, "i-0a1b2c3d") == (
        Verdict.UNKNOWN,
        "no lease, and EC2 instance i-0a1b2c3d cannot be asked",
    )
    assert verdict(workspace, None) == (Verdict.UNKNOWN, "no lease, and nobody is named as its owner")


def test_only_locked_items_and_only_batch_jobs_are_asked_about(workspace: Workspace, gate: Gate) -> None:
    report = look(
        workspace, ItemFacts("a", "done", owner=JOB), ItemFacts("b", "todo"), ItemFacts("c", "locked", owner="host")
    )
    assert [found.facts.item_id for found in report.items] == ["c"]
    assert gate.seen["/v1/describejobs"] == 0


def test_many_items_of_few_jobs_are_one_call(workspace: Workspace, gate: Gate) -> None:
    items = [ItemFacts(f"i{number}", "locked", owner=f"{JOB}-{number % 90}") for number in range(500)]
    assert len(look(workspace, *items).items) == 500
    assert gate.seen["/v1/describejobs"] == 1


def test_a_refusal_of_batch_is_told_and_leases_still_count(workspace: Workspace, gate: Gate) -> None:
    gate.answer = lambda call: refusal("AccessDeniedException") if call.operation == "/v1/describejobs" else None
    report = look(
        workspace,
        ItemFacts("a", "locked", owner=JOB),
        ItemFacts("b", "locked", owner=JOB, lease_until=time.time() - 5),
    )
    assert "batch:DescribeJobs" in report.batch_problem
    assert [(found.facts.item_id, found.verdict) for found in report.items] == [
        ("b", Verdict.DEAD),
        ("a", Verdict.UNKNOWN),
    ]
    assert "batch:DescribeJobs" in report.items[1].evidence
    gate.answer = lambda call: refusal("ExpiredTokenException")
    with pytest.raises(CredentialsError):
        look(workspace, ItemFacts("a", "locked", owner=JOB))


def test_the_dead_come_first_and_are_counted(workspace: Workspace) -> None:
    now = time.time()
    report = look(
        workspace,
        ItemFacts("alive", "locked", owner=JOB, locked_at=now - 50),
        ItemFacts("young", "locked", owner=f"{JOB}-3", locked_at=now - 10),
        ItemFacts("old", "locked", owner=f"{JOB}-3", locked_at=now - 900),
        ItemFacts("whose", "locked", owner="host"),
    )
    assert [found.facts.item_id for found in report.items] == ["old", "young", "whose", "alive"]
    assert [found.facts.item_id for found in report.dead] == ["old", "young"]
    assert report.by_verdict() == {Verdict.ALIVE: 1, Verdict.DEAD: 2, Verdict.UNKNOWN: 1}
    assert report.items[0].age == pytest.approx(900, abs=30)
    assert report.items[0].job_reason.startswith("Host EC2")


def test_the_table_itself_can_be_read(embedded: EmbeddedServer, workspace: Workspace) -> None:
    opened = open_table(embedded, workspace.table)
    locked = [single(f"l{number}", "locked", InstanceID=schema.text(f"{JOB}-3")) for number in range(3)]
    opened.items.batch_put([*locked, single("d", "done")])
    report = workspace.locked.read()
    assert {found.facts.item_id for found in report.dead} == {"l0", "l1", "l2"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (11100, "3 h 5 min"),
        (-86400, "1 d"),
        (187200, "2 d 4 h"),
    ],
)
def test_lengths_of_time_are_said_in_two_units(seconds: float, words: str) -> None:
    assert span(seconds) == words

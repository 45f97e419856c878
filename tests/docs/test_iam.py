"""The policies of docs/iam.md against the calls that the code makes: found in its text, and seen when it runs."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

import pyanamo_tui
from pyanamo_tui.aws.session import Connection, reads_only
from pyanamo_tui.local.server import EmbeddedServer, dummy_environment
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState
from tests.batchplace import make_queue
from tests.core.places import REGION, fill, open_table, single
from tests.gate import Gate

PACKAGE = Path(pyanamo_tui.__file__).parent
DOCUMENT = PACKAGE.parent / "docs" / "iam.md"
SERVICES = ("dynamodb", "dynamodbstreams", "logs", "s3", "batch", "application-autoscaling", "sts")
PERMITTED_AS = {
    # AWS: "IAM security policies with PartiQL for DynamoDB"; the statements are inserts.
    "dynamodb:BatchExecuteStatement": "dynamodb:PartiQLInsert",
    # AWS: "Multipart upload API and permissions"
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
}
FREE = {"sts:GetCallerIdentity"}
_CLIENT = re.compile(r"(?:self\._client|client|self\._connection\.[a-z0-9]+|self\.sts)")


def permission(service: str, operation: str) -> str:
    """The IAM action that a call needs."""
    action = f"{'dynamodb' if service == 'dynamodbstreams' else service}:{operation}"
    return PERMITTED_AS.get(action, action)


def policies() -> dict[str, set[str]]:
    """The actions of each policy of the document, by its heading."""
    parts = re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found: dict[str, set[str]] = {}
    for part in parts:
        (block,) = re.findall(r"```json\n(.*?)```", part, re.DOTALL)
        policy = json.loads(block)
        assert policy["Version"] == "2012-10-17"
        assert all(one["Effect"] == "Allow" and one["Resource"] for one in policy["Statement"])
        found[part.splitlines()[0]] = {action for one in policy["Statement"] for action in one["Action"]}
    return found


def calls_in_the_code() -> set[str]:
    """Every AWS action that the text of pyanamo_tui/aws calls by a client."""
    named: dict[str, set[str]] = {}
    for service in SERVICES:
        client = boto3.client(service, region_name=REGION)  # type: ignore[call-overload]
        for method, operation in client.meta.method_to_api_mapping.items():
            named.setdefault(method, set()).add(permission(service, operation))
    found: set[str] = set()
    for path in sorted((PACKAGE / "aws").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not _CLIENT.fullmatch(ast.unparse(node.func.value)):
                continue
            method = node.func.attr
            if method == "get_paginator":
                (name,) = node.args
                assert isinstance(name, ast.Constant)
                method = str(name.value)
            actions = named.get(method, set())
            assert len(actions) == 1, f"{path.name}:{node.lineno}: {method} is no call of one service"
            found |= actions
    return found - FREE


def test_every_call_is_in_a_policy_and_no_policy_names_another() -> None:
    called, named = calls_in_the_code(), set().union(*policies().values())
    assert len(called) > 30
    assert sorted(called - named) == [], "called, and in no policy"
    assert sorted(named - called) == [], "in a policy, and never called"


def test_the_viewer_can_change_nothing_and_the_others_add_what_is_new() -> None:
    held = policies()
    assert all(reads_only(action.partition(":")[2]) for action in held["Viewer"])
    assert not held["Operator"] & held["Viewer"]
    assert not held["Table administrator"] & (held["Viewer"] | held["Operator"])


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The actions of the calls that are made from now on."""
    seen: set[str] = set()
    before = Connection._before

    def noting(self: Connection, params: dict[str, object], model: object, **more: object) -> object:
        seen.add(permission(model.service_model.service_name, model.name))  # type: ignore[attr-defined]
        return before(self, params, model, **more)

    monkeypatch.setattr(Connection, "_before", noting)
    yield seen
    seen -= FREE


def test_what_each_person_does_needs_their_policy_alone(
    embedded: EmbeddedServer, table_name: str, made: set[str], tmp_path: Path
) -> None:
    held = policies()
    viewer, operator = held["Viewer"], held["Viewer"] | held["Operator"]
    admin = operator | held["Table administrator"]
    workspace = open_table(embedded, table_name)
    workspace.tablework.set_protection(table_name, False)
    assert made - FREE <= admin
    assert "dynamodb:CreateTable" in made
    queue = make_queue(embedded.endpoint_url, REGION)

    made.clear()
    source = tmp_path / "cohort.txt"
    source.write_text("itemid|taskid|taskscript\nI1|Align|run.sh 1\nI2|Align|run.sh 2\n")
    fill(workspace, [single("S1"), single("S2")])
    workspace.importer.run(source)
    workspace.actions.apply(workspace.actions.requeue(["S1"]))
    workspace.actions.apply(workspace.actions.delete(["S2"]))
    workspace.actions.apply(workspace.actions.undo())
    job = workspace.pilots.submit(workspace.pilots.plan(queue=queue, definition=queue)).job_id
    workspace.batch.terminate(job, "enough")
    assert sorted(made - FREE - operator) == []
    assert {"dynamodb:UpdateItem", "batch:SubmitJob", "batch:TerminateJob"} <= made

    made.clear()
    looking = open_table(embedded, table_name, create=False, read_only=True)
    looking.describe()
    list(looking.tables.names())
    looking.item("S1")
    fill_locked = single("L1", "locked", InstanceID=schema.text(job))
    workspace.items.put(fill_locked)
    made.discard("dynamodb:PutItem")
    looking.locked.read()
    looking.exporter.export(tmp_path / "out.jsonl")
    looking.pilots.jobs()
    looking.pilots.definitions()
    looking.tablework.scaling(table_name)
    assert sorted(made - FREE - viewer) == []
    assert {"dynamodb:Query", "batch:DescribeJobs", "batch:ListJobs"} <= made


def test_an_engine_needs_the_pilots_policy_alone(embedded: EmbeddedServer, table_name: str, tmp_path: Path) -> None:
    workspace = open_table(embedded, table_name)
    script = f"{sys.executable} -c \"print('x' * 9000)\""
    waiting = schema.new_single("I1", "Align", script)
    fill(workspace, [waiting])
    with Gate(embedded.endpoint_url) as gate:
        command = [sys.executable, "-m", "pyanamo_tui.engine.main", "-t", table_name, "-r", REGION]
        done = subprocess.run(
            [*command, "--endpoint-url", gate.url, "--work-dir", str(tmp_path)],
            env=dummy_environment(os.environ),
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
    assert workspace.item("I1").facts.state == ItemState.DONE
    allowed = {action.partition(":")[2] for action in policies()["Pilot job"]}
    assert set(gate.seen) <= allowed
    assert {"UpdateItem", "Query", "PutLogEvents"} <= set(gate.seen)

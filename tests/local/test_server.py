"""The embedded server: every service answers, claims are atomic, and it never outlives its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import MissingExtra, ServiceUnavailable
from pyanamo_tui.local.server import EmbeddedServer, OneAtATime, dummy_environment
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from tests.claiming import race

CLAIMERS = 16
ITEMS = 100


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return true()


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Iterator[Workspace]:
    opened = Workspace(Settings(table=table_name, region="us-east-1", endpoint_url=embedded.endpoint_url))
    opened.tables.create(table_name)
    yield opened
    opened.tables.delete(table_name)


def test_of_sixteen_claimers_at_once_exactly_one_wins_each_item(
    embedded: EmbeddedServer, table_name: str, workspace: Workspace
) -> None:
    ids = [f"S{number:03}" for number in range(ITEMS)]
    for start in range(0, ITEMS, 25):
        workspace.items.batch_put([schema.new_single(i, "Align", "true") for i in ids[start : start + 25]])
    wins = race(workspace.settings, ids, CLAIMERS)

    assert sorted(item_id for won in wins for item_id in won) == ids
    for worker, won in enumerate(wins):
        for item_id in won:
            assert workspace.record(item_id)[schema.LOCK_ID] == {"S": f"lock{worker}"}
            assert workspace.record(item_id)[schema.ATTEMPTS] == {"N": "1"}


def test_one_request_at_a_time_is_let_in() -> None:
    inside, most = 0, 0
    counting = threading.Lock()
    entered = threading.Barrier(CLAIMERS)

    def application(_: dict[str, object], __: Callable[..., object]) -> Iterator[bytes]:
        nonlocal inside, most
        with counting:
            inside += 1
            most = max(most, inside)
        yield b"half "
        threading.Event().wait(0.002)
        yield b"whole"
        with counting:
            inside -= 1

    served = OneAtATime(application)

    def ask(_: int) -> bytes:
        entered.wait(timeout=60)
        return b"".join(served({}, lambda *_: None))

    with ThreadPoolExecutor(CLAIMERS) as pool:
        assert list(pool.map(ask, range(CLAIMERS))) == [b"half whole"] * CLAIMERS
    assert most == 1


class TestServices:
    def test_identity_is_a_dummy_account(self, workspace: Workspace) -> None:
        assert workspace.identity().account == "123456789012"

    def test_a_new_table_has_a_stream_that_can_be_read(self, workspace: Workspace, table_name: str) -> None:
        workspace.items.put(schema.new_single("S1", "Align", "true"))
        streams = workspace.connection.streams
        arn = streams.list_streams(TableName=table_name)["Streams"][0]["StreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        position = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=position["ShardIterator"])["Records"]
        assert [record["dynamodb"]["Keys"] for record in records] == [{"itemID": {"S": "S1"}}]

    def test_logs_give_back_what_was_put(self, workspace: Workspace) -> None:
        logs, group = workspace.connection.logs, f"/{workspace.table}/"
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="T/S1")
        now = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName=group, logStreamName="T/S1", logEvents=[{"timestamp": now, "message": "hello"}]
        )
        events = logs.get_log_events(logGroupName=group, logStreamName="T/S1")["events"]
        assert [event["message"] for event in events] == ["hello"]

    def test_s3_gives_back_bytes_ranges_and_metadata(self, workspace: Workspace) -> None:
        s3, body = workspace.connection.s3, bytes(range(256)) * 9000
        s3.create_bucket(Bucket="logs")
        s3.put_object(Bucket="logs", Key="PyAnamo/T/S1 é.txt.gz", Body=body, Metadata={"kept_as": "is"})
        whole = s3.get_object(Bucket="logs", Key="PyAnamo/T/S1 é.txt.gz")
        part = s3.get_object(Bucket="logs", Key="PyAnamo/T/S1 é.txt.gz", Range="bytes=100-199")
        head = s3.head_object(Bucket="logs", Key="PyAnamo/T/S1 é.txt.gz")
        assert whole["Body"].read() == body
        assert part["Body"].read() == body[100:200]
        assert (head["ContentLength"], head["Metadata"]) == (len(body), {"kept_as": "is"})

    def test_batch_answers_without_docker(self, workspace: Workspace) -> None:
        batch = workspace.connection.batch
        batch.register_job_definition(
            jobDefinitionName="pilot",
            type="container",
            containerProperties={"image": "pilot", "vcpus": 1, "memory": 128, "command": ["true"]},
        )
        assert batch.describe_job_definitions()["jobDefinitions"][0]["jobDefinitionName"] == "pilot"
        assert batch.describe_jobs(jobs=["no-such-job"])["jobs"] == []

    def test_auto_scaling_keeps_a_target(self, workspace: Workspace, table_name: str) -> None:
        scaling = workspace.connection.scaling
        scaling.register_scalable_target(
            ServiceNamespace="dynamodb",
            ResourceId=f"table/{table_name}",
            ScalableDimension="dynamodb:table:ReadCapacityUnits",
            MinCapacity=5,
            MaxCapacity=50,
        )
        targets = scaling.describe_scalable_targets(ServiceNamespace="dynamodb", ResourceIds=[f"table/{table_name}"])[
            "ScalableTargets"
        ]
        assert [target["MaxCapacity"] for target in targets] == [50]


class TestProcess:
    def test_it_listens_on_loopback_only(self, embedded: EmbeddedServer) -> None:
        assert embedded.pid is not None
        addresses = {c.laddr.ip for c in psutil.Process(embedded.pid).net_connections() if c.status == "LISTEN"}
        assert addresses == {"127.0.0.1"}

    def test_stopping_ends_the_process(self) -> None:
        with EmbeddedServer() as server:
            pid = server.pid
            assert pid is not None
            assert runs(pid)
        assert not psutil.pid_exists(pid)
        assert server.endpoint_url == ""

    def test_it_ends_when_its_parent_is_killed(self) -> None:
        program = (
            "import signal; from pyanamo_tui.local.server import EmbeddedServer; "
            "print(EmbeddedServer().start().pid, flush=True); signal.pause()"
        )
        parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        with parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            assert runs(pid)
            parent.send_signal(signal.SIGKILL)
        assert wait_until(lambda: not runs(pid))

    def test_a_port_that_is_taken_is_said(self, embedded: EmbeddedServer) -> None:
        port = int(embedded.endpoint_url.rpartition(":")[2])
        with pytest.raises(ServiceUnavailable, match=f"Port {port} is in use"):
            EmbeddedServer(port).start()

    def test_without_the_extra_it_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "moto").mkdir()
        (tmp_path / "moto" / "__init__.py").write_text("raise ImportError('No module named moto')\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(MissingExtra) as raised:
            EmbeddedServer().start()
        assert "pip install 'pyanamo-tui[local]'" in raised.value.hint


class TestEnvironment:
    def test_nothing_of_the_users_aws_setup_is_left(self) -> None:
        mine = {"AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "t", "PYANAMO_TUI_TABLE": "Prod", "PATH": "/bin"}
        given = dummy_environment(mine, "http://127.0.0.1:1")
        assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "PYANAMO_TUI_TABLE"} & set(given)
        assert given["PATH"] == "/bin"
        assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"

    def test_a_child_with_it_finds_dummy_credentials_only(self, embedded: EmbeddedServer, tmp_path: Path) -> None:
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "credentials").write_text(
            "[default]\naws_access_key_id = REAL\naws_secret_access_key = REAL\n"
        )
        program = "import boto3, json; print(json.dumps(boto3.Session().get_credentials().access_key))"
        environment = embedded.environment({**os.environ, "HOME": str(tmp_path), "AWS_PROFILE": "default"})
        found = subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, stdout=subprocess.PIPE, timeout=60
        )
        assert json.loads(found.stdout) == "local"

"""Where logs go by their size, what refuses them, and that none of it can fail an item."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyanamo_tui.aws.logstore import BATCH_BYTES, BATCH_EVENTS, EVENT_OVERHEAD, LogStore, batches, clean_part, events
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.engine.logkeeper import cut_front, fitted
from pyanamo_tui.errors import Interrupted, ServiceUnavailable
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import EarlierLog, ItemState, LogEntry
from pyanamo_tui.workflow.printable import decode_output
from pyanamo_tui.workflow.sizes import value_bytes
from tests.engine.engines import Bench, nested, single
from tests.faultproxy import FaultProxy, Faults

processes = pytest.mark.processes


def stream_of(uri: str) -> tuple[str, str]:
    """Group and stream of a `cloudwatch://` URI."""
    group, _, stream = uri.removeprefix("cloudwatch://").rpartition("/")
    return group, unquote(stream)


def read_cloudwatch(connection: Connection, uri: str) -> str:
    """A whole log: the concatenation of its events."""
    group, stream = stream_of(uri)
    parts: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = connection.logs.get_log_events(
            logGroupName=group,
            logStreamName=stream,
            startFromHead=True,
            **token,  # type: ignore[arg-type]
        )
        parts += [event["message"] for event in answer["events"]]
        if not answer["events"] or answer["nextForwardToken"] == token.get("nextToken"):
            return "".join(parts)
        token = {"nextToken": answer["nextForwardToken"]}


def read_s3(connection: Connection, uri: str) -> bytes:
    """A whole log from S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return gzip.decompress(connection.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.fixture
def bucket(connection: Connection, table_name: str) -> str:
    """A bucket."""
    name = table_name.lower() + "-logs"
    connection.s3.create_bucket(Bucket=name)
    return name


@processes
def test_logs_go_by_size_and_are_kept_whole(bench: Bench, connection: Connection, bucket: str) -> None:
    bench.add(
        single("small", "seq 1 100"),
        single("medium", "sh -c 'seq 1 9000; seq 1 2000 >&2'"),
        single("large", "seq 1 1700000"),
        nested("two: of/them", "seq 1 1000", "seq 1 2000"),
    )
    bench.run("-b", bucket, "-k", "my/logs")
    small, medium, large = (bench.item(name).log for name in ("small", "medium", "large"))
    assert small is not None
    assert (small.uri, small.stdout) == (None, "".join(f"{n}\n" for n in range(1, 101)))
    assert medium is not None
    assert medium.uri is not None
    assert medium.stderr_uri is not None
    assert read_cloudwatch(connection, medium.uri) == "".join(f"{n}\n" for n in range(1, 9001))
    assert read_cloudwatch(connection, medium.stderr_uri) == "".join(f"{n}\n" for n in range(1, 2001))
    assert medium.stdout.endswith("8999\n9000\n")
    assert 1_900 < len(medium.stdout) <= 2_000
    assert stream_of(medium.uri)[0] == "/PyAnamo/"
    assert stream_of(medium.uri)[1].startswith(f"{bench.items.table}/medium/attempt-1-")
    assert large is not None
    assert large.uri is not None
    assert large.uri.startswith(f"s3://{bucket}/my/logs/{bench.items.table}/large/attempt-1-")
    assert read_s3(connection, large.uri) == b"".join(b"%d\n" % n for n in range(1, 1_700_001))
    tasks = bench.item("two: of/them").tasks
    uris = [task.log.uri for task in tasks if task.log and task.log.uri]
    assert [len(read_cloudwatch(connection, uri).splitlines()) for uri in uris] == [1000, 2000]


@processes
def test_a_log_that_cannot_be_kept_fails_nothing_and_says_so(bench: Bench) -> None:
    bench.add(single("one", "seq 1 9000"), single("two", "sh -c 'seq 1 9000; exit 5'"), single("tiny", "echo x"))
    logs_only = Faults(reset=1.0, only=lambda request: b"Logs_20140328" in request)
    with FaultProxy(bench.url, logs_only) as proxy:
        bench.run(url=proxy.url)
        assert proxy.injected["reset"] > 0
    one, two, tiny = (bench.item(name) for name in ("one", "two", "tiny"))
    assert [item.facts.state for item in (one, two, tiny)] == [ItemState.DONE, ItemState.FAILED, ItemState.DONE]
    for item in (one, two):
        assert item.log is not None
        assert item.log.uri is None
        assert item.log.stdout.endswith("9000\n")
        assert "stdout (43.9 KB) is kept by its last lines only" in item.log.status
        assert "CloudWatch Logs" in item.log.status
    assert tiny.log is not None
    assert tiny.log.status == "Done: exit code 0"


@processes
def test_a_bucket_that_is_not_there_leaves_the_last_part_in_cloudwatch(bench: Bench, connection: Connection) -> None:
    bench.add(single("large", "seq 1 1700000"))
    bench.run("-b", "no-such-bucket-anywhere")
    log = bench.item("large").log
    assert log is not None
    assert log.uri is not None
    assert "S3" in log.status
    assert read_cloudwatch(connection, log.uri).endswith("1699999\n1700000\n")


def test_an_upload_that_is_cut_short_leaves_nothing_in_the_bucket(
    connection: Connection, bucket: str, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 3_000_000)
    asked = iter([False, False, True])
    store = LogStore(connection, bucket, "p")
    with pytest.raises(Interrupted):
        store.to_s3(["T", "i"], path, cancelled=lambda: next(asked))
    assert connection.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_log_of_many_parts_arrives_whole_or_not_at_all(
    connection: Connection, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    content = random.Random(7).randbytes(14_000_000)
    path.write_bytes(content)
    store = LogStore(connection, bucket, "p")
    assert read_s3(connection, store.to_s3(["T", "whole"], path)) == content
    url = connection.endpoint_url
    assert url is not None
    with FaultProxy(url, Faults(reset=1.0, only=lambda request: b"partNumber=2" in request)) as proxy:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        cut = LogStore(Connection(region="us-east-1", endpoint_url=proxy.url), bucket, "p")
        with pytest.raises(ServiceUnavailable):
            cut.to_s3(["T", "cut"], path)
    keys = [found["Key"] for found in connection.s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["p/T/whole.log.gz"]
    assert not connection.s3.list_multipart_uploads(Bucket=bucket).get("Uploads")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40_000), max_size=8))
def test_events_are_the_log_and_keep_to_the_limits(chunks: list[bytes]) -> None:
    texts = list(events(iter(chunks)))
    whole = b"".join(chunks)
    assert "".join(texts) == decode_output(whole) or b"\xff" in whole or any(byte >= 0x80 for byte in whole)
    assert all(texts)
    total = 0
    for batch in batches(iter(texts), 1000):
        assert sum(len(event["message"].encode()) + EVENT_OVERHEAD for event in batch) <= BATCH_BYTES
        assert len(batch) <= BATCH_EVENTS
        assert [event["timestamp"] for event in batch] == list(range(1000 + total, 1000 + total + len(batch)))
        total += len(batch)
    assert total == len(texts)


def test_an_event_never_ends_inside_a_character() -> None:
    text = "é" * 40_000
    assert "".join(events([text.encode()])) == text


@given(st.text(max_size=300))
def test_parts_of_names_are_plain_and_bounded(text: str) -> None:
    part = clean_part(text)
    assert part.isascii()
    assert 0 < len(part) <= 100
    assert not set(part) & set("/:* \\?%")
    assert part not in {".", ".."}


def test_parts_that_differ_stay_apart() -> None:
    names = ["a/b", "a:b", "a b", "a_b", "x" * 200, "x" * 201, "", ".", ".."]
    assert len({clean_part(name) for name in names}) == len(names)


texts = st.text(max_size=600)


@given(out=texts, err=texts, status=st.text(max_size=200), room=st.integers(0, 4_000), old=texts)
def test_an_entry_fits_the_room_it_is_given(out: str, err: str, status: str, room: int, old: str) -> None:
    log = LogEntry(
        status=status,
        stdout=out,
        stderr=err,
        exit_code=1,
        attempt=2,
        uri="s3://" + "u" * 100,
        stderr_uri="s3://" + "e" * 100,
        started_at=1e9,
        finished_at=1e9,
        earlier=(EarlierLog(attempt=1, stdout=old),),
    )
    cut = fitted(log, room)
    size = value_bytes(schema.write_log(cut))
    assert size <= max(room, 200)
    assert (cut.exit_code, cut.attempt) == (1, 2)
    if value_bytes(schema.write_log(log)) <= room:
        assert cut == log


@given(st.text(max_size=200), st.integers(0, 300))
def test_a_tail_is_an_end_of_the_text(text: str, limit: int) -> None:
    tail = cut_front(text, limit)
    assert text.endswith(tail)
    assert len(tail.encode()) <= limit

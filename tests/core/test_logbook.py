"""Reading logs wherever they are kept, on the embedded server's CloudWatch Logs and S3."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.aws import logs
from pyanamo_tui.aws.logs import Place, place_of_status, place_of_uri
from pyanamo_tui.aws.logstore import LogStore
from pyanamo_tui.core import logtext
from pyanamo_tui.core.logtext import LogFacts, LogText, TextLog
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import ItemNotFound, NotFound, UsageError
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.attempts import EARLIER_TAIL
from pyanamo_tui.workflow.change import Change
from pyanamo_tui.workflow.model import EarlierLog, LogEntry
from tests.core.places import REGION, fill, nested, open_table, single

if TYPE_CHECKING:
    from mypy_boto3_s3.literals import BucketLocationConstraintType


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Workspace:
    return open_table(embedded, table_name)


@pytest.fixture
def bucket(workspace: Workspace) -> str:
    name = f"logs-{uuid.uuid4().hex}"
    where = cast("BucketLocationConstraintType", REGION)
    workspace.connection.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": where})
    return name


def put_log(workspace: Workspace, item_id: str, log: LogEntry) -> None:
    fill(workspace, [single(item_id, "done", Log=schema.write_log(log))])


def large(lines: int) -> list[str]:
    return [f"{number:07} é {'x' * (number % 90)}" for number in range(lines)]


def backwards(text: LogText) -> list[str]:
    """All lines by paging from the end, put in order."""
    return [line for page in reversed(list(text.pages_back())) for line in page]


def test_a_log_in_the_item_has_both_streams_and_its_earlier_attempts(workspace: Workspace) -> None:
    long = "".join(f"{number:03}\n" for number in range(EARLIER_TAIL // 4))
    earlier = EarlierLog(attempt=1, exit_code=137, status="Failed", stdout=long, stderr="Killed\n")
    entry = LogEntry("Done", "one\ntwo\n\n", "warn", exit_code=0, attempt=2, earlier=(earlier,))
    put_log(workspace, "a", entry)
    out = workspace.logbook.read("a")
    assert (out.newest(), out.problem, out.running, out.source) == (("one", "two", ""), "", False, "the item")
    assert (out.facts.attempt, out.facts.exit_code, out.facts.status) == (2, 0, "Done")
    assert workspace.logbook.read("a", stream="stderr").newest() == ("warn",)
    first = workspace.logbook.read("a", stream="stderr", attempt=1)
    assert (first.newest(), first.facts.exit_code, first.problem) == (("Killed",), 137, "")
    assert first.facts.attempts == (1, 2)
    assert "last lines" in workspace.logbook.read("a", attempt=1).problem
    assert workspace.logbook.read("a", attempt=2).newest() == ("one", "two", "")
    with pytest.raises(NotFound, match="attempt 9"):
        workspace.logbook.read("a", attempt=9)


def test_an_item_that_runs_again_has_its_last_log_and_what_it_writes_now(workspace: Workspace, bucket: str) -> None:
    workspace.connection.s3.put_object(Bucket=bucket, Key="first", Body=b"one\nof the first attempt\n")
    earlier = EarlierLog(status="Failed", stdout="of the first attempt\n", uri=f"s3://{bucket}/first")
    log = schema.write_log(LogEntry("Failed", "second\n", earlier=(earlier,)))
    fill(workspace, [single("a", "locked", Log=log, Attempts={"N": "3"}, Live_Tail={"S": "third\n"})])
    now = workspace.logbook.read("a")
    assert (now.facts.attempt, now.facts.attempts, now.running, now.newest()) == (3, (1, 2, 3), True, ("third",))
    assert workspace.logbook.read("a", attempt=2).newest() == ("second",)
    first = workspace.logbook.read("a", attempt=1)
    assert (first.newest(), first.problem) == (("one", "of the first attempt"), "")
    fill(workspace, [nested("n", ["done", "todo"], "locked", Live_Tail={"S": "==> Task_1 <==\nnow\n"})])
    assert workspace.logbook.read("n", "Task_1").facts.attempts == (1,)
    with pytest.raises(NotFound, match="attempt 2"):
        workspace.logbook.read("n", "Task_0", attempt=2)


def test_a_page_that_cannot_be_read_is_not_taken_for_the_beginning(
    workspace: Workspace, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "RANGE_BYTES", 1000)
    workspace.connection.s3.put_object(Bucket=bucket, Key="gone", Body="\n".join(large(100)).encode())
    put_log(workspace, "a", LogEntry("Done", "the tail", uri=f"s3://{bucket}/gone"))
    text = workspace.logbook.read("a")
    assert text.newest()[-1] == large(100)[-1]
    workspace.connection.s3.delete_object(Bucket=bucket, Key="gone")
    for _ in range(2):
        with pytest.raises(NotFound):
            text.earlier()
    assert not text.begun
    assert text.above


def test_nested_items_need_a_task_that_is_there(workspace: Workspace) -> None:
    fill(workspace, [nested("n", ["done", "todo"])])
    assert workspace.logbook.read("n", "Task_0").newest() == ("0",)
    empty = workspace.logbook.read("n", "Task_1")
    assert (empty.newest(), empty.problem) == ((), "It has no log yet")
    with pytest.raises(UsageError, match="2 nested tasks"):
        workspace.logbook.read("n")
    fill(workspace, [nested("f", [*["done"] * 6, "failed"])])
    with pytest.raises(UsageError) as raised:
        workspace.logbook.read("f")
    assert raised.value.hint == "Name one. Failed: Task_6"
    with pytest.raises(NotFound):
        workspace.logbook.read("n", "Task_2")
    with pytest.raises(ItemNotFound):
        workspace.logbook.read("nowhere")


@pytest.mark.parametrize("kind", ["cloudwatch", "gzip", "plain"])
def test_a_stored_log_is_paged_from_its_end_read_whole_and_saved(
    workspace: Workspace, bucket: str, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "RANGE_BYTES", 10_000)
    monkeypatch.setattr(logtext, "PAGE_LINES", 500)
    lines = large(3000)
    whole = ("\n".join(lines) + "\n").encode()
    file = tmp_path / "log"
    file.write_bytes(whole)
    store = LogStore(workspace.connection, bucket, "logs")
    if kind == "cloudwatch":
        uri = store.to_cloudwatch([workspace.table, "odd item/🧬", "stdout"], file)
    elif kind == "gzip":
        uri = store.to_s3([workspace.table, "odd item/🧬", "stdout"], file)
    else:
        uri = f"s3://{bucket}/plain.log.gz"
        workspace.connection.s3.put_object(Bucket=bucket, Key="plain.log.gz", Body=whole)
    put_log(workspace, "a", LogEntry("Done", "the tail", uri=uri))
    with workspace.logbook.read("a") as text:
        assert text.problem == ""
        newest = text.newest()
        assert newest == tuple(lines[-len(newest) :])
        assert 0 < len(newest) <= 500
        assert not text.begun
        assert text.above == (
            None if kind == "cloudwatch" else len(whole) - sum(len(f"{ln}\n".encode()) for ln in newest)
        )
        assert backwards(text) == lines
        assert (text.begun, text.above, text.earlier()) == (True, 0, ())
        assert text.newest() == newest
        assert list(text.lines()) == lines
        saved = tmp_path / "saved"
        assert text.save(saved) == len(whole)
        assert saved.read_bytes() == whole
        with pytest.raises(UsageError, match="already"):
            text.save(saved)
        with pytest.raises(UsageError, match="cannot be written"):
            text.save(tmp_path / "no folder" / "x")
    assert {path.name for path in tmp_path.iterdir()} == {"log", "saved"}


def test_gzip_of_several_members_is_read_whole_and_a_cut_one_falls_back(workspace: Workspace, bucket: str) -> None:
    members = gzip.compress(b"one\n") + gzip.compress(b"two\n" * 10_000)
    put, uri = workspace.connection.s3.put_object, f"s3://{bucket}/"
    put(Bucket=bucket, Key="whole", Body=members)
    put(Bucket=bucket, Key="cut", Body=members[:-20])
    put(Bucket=bucket, Key="empty", Body=b"")
    for name in ("whole", "cut", "empty"):
        put_log(workspace, name, LogEntry("Done", "kept\n", uri=uri + name))
    with workspace.logbook.read("whole") as text:
        assert backwards(text) == ["one", *["two"] * 10_000]
    cut = workspace.logbook.read("cut")
    assert (cut.newest(), "not whole gzip" in cut.problem) == (("kept",), True)
    assert workspace.logbook.read("empty").newest() == ()


def test_the_original_s_pointers_lead_to_the_very_stream_and_object(workspace: Workspace, bucket: str) -> None:
    client = workspace.connection.logs
    step = f"{workspace.table}/Step 1"
    if not client.describe_log_groups(logGroupNamePrefix="/PyAnamo/")["logGroups"]:
        client.create_log_group(logGroupName="/PyAnamo/")
    for stream in (step + "0", step):
        client.create_log_stream(logGroupName="/PyAnamo/", logStreamName=stream)
        for number in range(2):
            event = {"timestamp": 1_795_000_000_000 + number, "message": f"{stream} {number}"}
            client.put_log_events(logGroupName="/PyAnamo/", logStreamName=stream, logEvents=[event])  # type: ignore[list-item]
    key = f"PyAnamo/{workspace.table}/S.TaskLog.txt.gz"
    workspace.connection.s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(b"in s3\n"))
    put_log(workspace, "cw", LogEntry(f"Updated Cloudwatch /PyAnamo/{step}", "PyAnamo:\tline", "err"))
    put_log(workspace, "s3", LogEntry(f"Compressed active log to S3 = s3://{bucket}/{key}", ""))
    text = workspace.logbook.read("cw")
    assert text.newest() == (f"{step} 0", f"{step} 1")
    assert list(text.lines()) == [f"{step} 0", f"{step} 1"]
    assert workspace.logbook.read("cw", stream="stderr").newest() == ("err",)
    assert workspace.logbook.read("s3").newest() == ("in s3",)


def test_a_log_of_the_original_s_that_is_gone_leaves_its_marked_lines_and_says_which_they_are(
    workspace: Workspace,
) -> None:
    put_log(workspace, "a", LogEntry("Updated Cloudwatch /PyAnamo/gone/Step", "PyAnamo:\tbegun\nPyAnamo:\tended\n"))
    text = workspace.logbook.read("a")
    assert text.newest() == ("PyAnamo:\tbegun", "PyAnamo:\tended")
    assert "no longer there" in text.problem
    assert "lines that began with PyAnamo:" in text.facts.hint


@pytest.mark.parametrize(
    "uri",
    [
        "cloudwatch:///PyAnamo//gone",
        "cloudwatch:///NoGroup/gone",
        "s3://BUCKET/gone",
        "s3://no-such-bucket-anywhere/gone",
    ],
)
def test_a_log_that_is_gone_says_so_and_shows_the_tail(workspace: Workspace, bucket: str, uri: str) -> None:
    put_log(workspace, "a", LogEntry("Done", "the tail\n", uri=uri.replace("BUCKET", bucket)))
    text = workspace.logbook.read("a")
    assert text.newest() == ("the tail",)
    assert "no longer there" in text.problem
    assert text.facts.hint


def test_a_place_that_cannot_be_read_says_so(workspace: Workspace) -> None:
    put_log(workspace, "a", LogEntry("Done", "the tail\n", uri="ftp://somewhere/x"))
    assert "ftp://somewhere/x" in workspace.logbook.read("a").problem


def test_a_forbidden_log_names_the_permission(workspace: Workspace) -> None:
    put_log(workspace, "a", LogEntry("Done", "the tail\n", uri="cloudwatch:///PyAnamo//x"))

    def denied(**_: object) -> None:
        answer = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
        raise ClientError(answer, "GetLogEvents")  # type: ignore[arg-type]

    # The embedded server forbids nothing, so the refusal is put in where the answer would arrive.
    workspace.connection.logs.meta.events.register("before-call.cloudwatch-logs.GetLogEvents", denied)
    text = workspace.logbook.read("a")
    assert text.newest() == ("the tail",)
    assert "logs:GetLogEvents" in text.problem


def test_a_running_item_is_followed_until_its_worker_lets_go(workspace: Workspace) -> None:
    fill(workspace, [single("a", "locked", lockID={"S": "W"}, Live_Tail={"S": "1\n2\nhal"})])

    def tell(tail: str, state: str = "locked") -> None:
        change = Change((), {(schema.LIVE_TAIL,): {"S": tail}, (schema.STATE,): {"S": state}})
        workspace.items.update("a", change)

    text = workspace.logbook.read("a")
    assert (text.running, text.newest()) == (True, ("1", "2", "hal"))
    assert "still running" in text.problem
    steps: Iterator[tuple[str, str]] = iter([("2\nhalf\n3\n", "locked"), ("2\nhalf\n3\n", "locked"), ("", "done")])
    told: list[tuple[str, ...]] = []
    for lines in text.follow(lambda: False, wait=lambda _: tell(*next(steps))):
        told.append(lines)
    assert told == [(), ("half", "3"), ()]


def test_a_running_task_shows_its_own_lines(workspace: Workspace) -> None:
    tail = "==> Task_1 <==\none\n==> Task_2 <==\ntwo\nlines\n"
    statuses = ["done", "todo", "todo", "todo"]
    fill(workspace, [nested("n", statuses, "locked", lockID={"S": "W"}, Live_Tail={"S": tail})])
    read = workspace.logbook.read
    assert read("n", "Task_2").newest() == ("two", "lines")
    assert read("n", "Task_1").newest() == ("one",)
    assert (read("n", "Task_0").running, read("n", "Task_0").newest()) == (False, ("0",))
    assert read("n", "Task_3").problem == "It has no log yet"


def test_a_lock_that_tells_nothing_says_so(workspace: Workspace) -> None:
    fill(workspace, [single("a", "locked", lockID={"S": "W"})])
    text = workspace.logbook.read("a")
    assert (text.newest(), text.running) == ((), True)
    assert "nothing" in text.problem


def test_new_events_of_a_stream_are_followed(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"one\ntwo\n")
    store = LogStore(workspace.connection, None, "x")
    parts = [workspace.table, "grows"]
    put_log(workspace, "a", LogEntry("Done", uri=store.to_cloudwatch(parts, file)))
    text = workspace.logbook.read("a")
    assert text.newest() == ("one", "two")
    file.write_bytes(b"three\nfo")
    told: list[str] = []
    waits: list[float] = []

    def write_more(seconds: float) -> None:
        waits.append(seconds)
        store.to_cloudwatch(parts, file)

    for lines in text.follow(lambda: len(waits) > 1, wait=write_more):
        told += lines
    assert told == ["three"], "the line that has not ended is waited for"


class Pieces:
    """A text in pieces, as a store would give it; `knows` says whether it knows which is the first."""

    def __init__(self, pieces: list[bytes], *, knows: bool = False) -> None:
        self._pieces = pieces
        self._knows = knows

    @property
    def size(self) -> int:
        return sum(map(len, self._pieces))

    def backwards(self) -> Iterator[tuple[bytes, bool]]:
        for number in reversed(range(len(self._pieces))):
            yield self._pieces[number], self._knows and number == 0

    def forwards(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def close(self) -> None:
        pass


NO_FACTS = LogFacts("a", None, "stdout", None, "", None, None, None, "here")


@given(st.lists(st.binary(max_size=6).map(lambda piece: piece.replace(b"a", b"\n")), max_size=8), st.booleans())
def test_pages_from_the_end_are_the_lines_from_the_start(pieces: list[bytes], knows: bool) -> None:
    assert backwards(LogText(NO_FACTS, Pieces(pieces, knows=knows))) == list(LogText(NO_FACTS, Pieces(pieces)).lines())


@given(st.text())
def test_any_text_in_an_item_can_be_read(text: str) -> None:
    assert "\n".join([*LogText(NO_FACTS, TextLog(text)).lines()]).count("\n") <= text.count("\n")
    assert backwards(LogText(NO_FACTS, TextLog(text))) == list(LogText(NO_FACTS, TextLog(text)).lines())


def test_a_log_without_line_ends_is_cut_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logtext, "LONGEST_LINE", 10)
    pieces = [b"x" * 7] * 9
    assert "".join(LogText(NO_FACTS, Pieces(pieces)).lines()) == "x" * 63
    pages = list(LogText(NO_FACTS, Pieces(pieces)).pages_back())
    assert len(pages) > 1
    assert "".join(line for page in reversed(pages) for line in page) == "x" * 63


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("cloudwatch:///PyAnamo//T%2Fa%20b%2F1", Place("logs", "/PyAnamo/", "T/a b/1")),
        ("s3://bucket/a/b c.gz", Place("s3", "bucket", "a/b c.gz")),
        ("s3://bucket", None),
        ("cloudwatch://", None),
        ("https://example.com/x", None),
    ],
)
def test_a_uri_names_a_place(uri: str, place: Place | None) -> None:
    assert place_of_uri(uri) == place


@pytest.mark.parametrize("status", ["done", "", "Created Cloudwatch", "I Created Cloudwatch /PyAnamo/T/x"])
def test_other_sentences_lead_nowhere(status: str) -> None:
    assert place_of_status(status) is None

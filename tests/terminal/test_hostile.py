"""Data that are made to take a terminal over: by the very bytes that the dashboard sends, nothing comes of them."""

from __future__ import annotations

import gzip
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from pyanamo_tui.core.workerfiles import Order, WorkerFiles, workers_folder
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import AttributeValue, Record
from tests.core.places import REGION, fill, nested, open_table, single
from tests.terminal.pseudo import terminal
from tests.terminal.strict import StrictScreen
from tests.terminal.tmux import dashboard

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef
    from mypy_boto3_s3.literals import BucketLocationConstraintType

pytestmark = [pytest.mark.terminal, pytest.mark.processes]
SIZE = (170, 40)
HOSTILE = {
    "[red]loud[/red]": "[red]loud[/red]",
    "[/unopened]": "[/unopened]",
    "[link=https://evil.example]l[/link]": "[link=https://evil.example]l[/link]",
    "[@click=app.quit]q[/]": "[@click=app.quit]q[/]",
    "\x1b]52;c;UFdORUQ=\x07": "␛]52;c;UFdORUQ=␇",
    "\x1b]8;;https://evil.example\x1b\\l": "␛]8;;https://evil.example␛\\l",
    "\x1b]0;PWNED\x07": "␛]0;PWNED␇",
    "\x1b[2J\x1b[9;9H": "␛[2J␛[9;9H",
    "\x1b[?1049l": "␛[?1049l",
    "\x1bc\x1b(0": "␛c␛(0",
    "\x9b2J\x9d0;PWNED\x9c": "<U+009B>2J<U+009D>0;PWNED<U+009C>",
    "a\u202egpj.exe\u2066x\u2069": "a<U+202E>gpj.exe<U+2066>x<U+2069>",
    "nul\x00nul\x7f": "nul␀nul␡",
    "back\x08\x08\x0e": "back␈␈␎",
    "zero\u200bwidth\ufeff\U000e0041": "zero<U+200B>width<U+FEFF><U+E0041>",
}
"""What stands in the data, and how it has to be shown."""
MIX, MIX_SHOWN = "[b]\x1b[2J\x9b2J\u202e\x00", "[b]␛[2J<U+009B>2J<U+202E>␀"
LOOKS = "\x1b[5;8;31m"
"""Blinking, hidden, red: a log may ask for colours, and gets no more than those."""
NOT_UTF8, NOT_UTF8_SHOWN = b"\xff\xfe\x80 end", r"\xff\xfe\x80 end"
LONG = b"A" * 1_000_000
A_SCREENFUL = 200_000
"""Characters that some screens take, colours included; a line of a million is not sent."""
LINES = "".join(f"{LOOKS}{bad}\n" for bad in HOSTILE)
SIGN = "\ufffd"
"""What stands in a line that is typed into for what has no picture of its own."""
WORKER = "w-20261123-113000-evil"


def _mixed(word: str) -> AttributeValue:
    return schema.text(f"{word}{MIX}")


def _log(**entry: str) -> AttributeValue:
    told = {"stdout": "", "stderr": "", "Status": f"exit 1 {MIX}", **entry}
    return schema.mapping({"Exit_Code": {"N": "1"}, **{name: schema.text(value) for name, value in told.items()}})


def _items() -> Iterator[Record]:
    now = time.time()
    ended: Record = {"taskID": _mixed("step"), "InstanceID": _mixed("host"), "Error_Signature": _mixed("exit 1 · ")}
    yield {**single(f"!{MIX}", TaskScript=_mixed("run"), Log=_log(stderr=LINES)), **ended}
    for number, bad in enumerate(HOSTILE):
        yield {**single(f"{number:02}{bad}"), **ended}
    tasks = {**nested(f"nested{MIX}", ["done", "failed"]), **ended}
    tasks["TaskScript"]["M"]["Task_1"]["M"]["Script"] = _mixed("call")
    tasks["Log"]["M"]["Task_1"] = _log(stderr=LINES)
    yield tasks
    since, until = schema.text(schema.format_date(now - 600)), schema.number(int(now - 60))
    lock: Record = {"lockID": _mixed("lock"), "Lock_Date": since, "Lease_Lock": _mixed("lock"), "Lease_Until": until}
    yield {**single(f"held{MIX}", "locked", Live_Tail=_mixed("tail")), **ended, **lock}
    yield single(f"parked{MIX}", f"wait{MIX}")
    yield {"itemID": _mixed("phantom"), "ItemState": schema.text("todo")}


def _stored(workspace: Workspace) -> None:
    """Items whose logs are elsewhere: in S3, one with bytes that are no text, one of one long line; in CloudWatch."""
    bucket, group = f"logs-{uuid.uuid4().hex}", f"/PyAnamo/{uuid.uuid4().hex}"
    where = cast("BucketLocationConstraintType", REGION)
    s3, logs = workspace.connection.s3, workspace.connection.logs
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": where})
    s3.put_object(Bucket=bucket, Key="bytes.gz", Body=gzip.compress(LINES.encode() + NOT_UTF8))
    s3.put_object(Bucket=bucket, Key="long", Body=MIX.encode() + LONG)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="stream")
    event: InputLogEventTypeDef = {"timestamp": int(time.time() * 1000), "message": LINES}
    logs.put_log_events(logGroupName=group, logStreamName="stream", logEvents=[event])
    for name, uri in {
        "bytes": f"s3://{bucket}/bytes.gz",
        "long": f"s3://{bucket}/long",
        "cloud": f"cloudwatch://{group}/stream",
    }.items():
        fill(workspace, [single(f"{name}{MIX}", "done", Log=_log(Log_URI=uri))])


def _worker(workspace: Workspace) -> None:
    """A worker of this host that was killed, and what it left."""
    files = WorkerFiles(workers_folder())
    files.folder.mkdir(parents=True, mode=0o700)
    place = (workspace.table or "", REGION, workspace.settings.endpoint_url)
    files.write_order(Order(WORKER, *place, time.time() - 60, ("pyanamo-engine",), 1, 0.0))
    files.state_path(WORKER).write_text(json.dumps({"error": f"error{MIX}", "stage": f"x{MIX}"}))
    files.log_path(WORKER).write_bytes(LINES.encode() + NOT_UTF8 + b"\n")


@contextmanager
def _dashboard(server: EmbeddedServer, table: str) -> Iterator[StrictScreen]:
    with terminal(dashboard(table, server.endpoint_url), size=SIZE) as side:
        yield StrictScreen(side, *SIZE)


def _leave(screen: StrictScreen) -> None:
    """Quit: the terminal has to be what it was, and nothing more is said."""
    screen.press("\x11")
    assert screen.left().strip() == ""
    assert [text for text in screen.copied if "\x1b" in text] == []


def _close(screen: StrictScreen) -> None:
    """Close what stands over a screen."""
    screen.wait("esc closes")
    screen.press("\x1b")
    screen.wait(lambda text: "esc closes" not in text)


def _every_one(prefix: str = "") -> tuple[str, ...]:
    return tuple(prefix + shown for shown in HOSTILE.values())


def test_what_items_and_logs_hold_is_shown_and_does_nothing(embedded: EmbeddedServer, table_name: str) -> None:
    workspace = open_table(embedded, table_name)
    fill(workspace, _items())
    _stored(workspace)
    _worker(workspace)
    ids = tuple(f"{number:02}{shown}" for number, shown in enumerate(HOSTILE.values()))
    with _dashboard(embedded, table_name) as screen:
        screen.wait(f"wait{MIX_SHOWN} 1", "step[b]␛[2J", f"exit 1 · {MIX_SHOWN}")
        screen.press("2")
        screen.wait(*ids, f"!{MIX_SHOWN}", "step[b]␛[2J", "wait[b]␛", "host[b]␛")
        screen.press("w")
        screen.wait("Why", f"host      host{MIX_SHOWN}", "<U+202E>gpj.exe", "nul␀nul␡", "> zero<U+200B>width<U+FEFF>")
        _close(screen)
        screen.press("y")
        screen.wait(r'"taskID": {"S": "step[b]\u001b[2J<U+009B>2J<U+202E>\u0000"}', r"\u001b[2J\u001b[9;9H")
        _close(screen)
        screen.press("\r")
        screen.wait(f"$ run{MIX_SHOWN}", *_every_one("▎ "))
        screen.press("c")
        screen.wait("what the item keeps")
        screen.press("i")
        screen.wait(f"Copied the id !{MIX_SHOWN}")
        _stored_logs(screen)
        _groups_and_locks(screen)
        _tasks_workers_and_debris(screen)
        _leave(screen)


def _stored_logs(screen: StrictScreen) -> None:
    """Logs that are kept elsewhere. Of a line of a megabyte no more is sent than is seen."""
    screen.press("2")
    screen.wait("ITEM ▲", "23 of 23")
    for name, wanted in {
        "bytes": ("from s3://", *_every_one("  "), NOT_UTF8_SHOWN),
        "cloud": ("from CloudWatch", *_every_one("  ")),
        "long": ("from s3://", f"{MIX_SHOWN}AAAAAAAA"),
    }.items():
        screen.press("/")
        screen.wait("!not  state:failed")
        screen.press(name, "\r")
        screen.wait(f"1 of 23   / {name}", f"▌  {name}{MIX_SHOWN}")
        before = screen.taken
        screen.press("\r")
        screen.wait(*wanted)
        assert screen.taken - before < A_SCREENFUL
        screen.press("\x1b")
        screen.wait(f"1 of 23   / {name}")
        screen.press("\x1b")
        screen.wait("ITEM ▲", "23 of 23")


def _groups_and_locks(screen: StrictScreen) -> None:
    """Failures by cause, and locks: whose, and what is asked before they are given back."""
    screen.press("4")
    screen.wait("Failures:", f"exit 1 · {MIX_SHOWN}", f"on host{MIX_SHOWN}", "<U+202E>gpj.exe")
    screen.press("5")
    screen.wait("1 item dead", "held[b]␛[2J", f"host host{MIX_SHOWN}")
    screen.press("w")
    screen.wait(f"tail{MIX_SHOWN}")
    _close(screen)
    screen.press("R")
    screen.wait("Requeue 1 item?")
    screen.press("y")
    screen.wait("1 requeued", "No item is locked")


def _tasks_workers_and_debris(screen: StrictScreen) -> None:
    """Nested tasks, the workers of this host with their log, what the doctor finds, and the journal."""
    screen.press("3")
    screen.wait(f"▌  nested{MIX_SHOWN}")
    screen.press("n")
    screen.wait(f"call{MIX_SHOWN}")
    screen.press("\r")
    screen.wait("▎ ", HOSTILE["\x1b[?1049l"])
    screen.press("7")
    screen.wait("1 killed", f"error{MIX_SHOWN}", NOT_UTF8_SHOWN)
    screen.press("l")
    screen.wait(f"Log of worker {WORKER}", *_every_one("│  "), NOT_UTF8_SHOWN)
    _close(screen)
    screen.press("!")
    screen.wait("Not examined yet")
    screen.press("x")
    screen.wait("items read", f"bytes{MIX_SHOWN}")
    screen.press("j")
    screen.wait(f"phantom{MIX_SHOWN}")
    screen.press("u")
    screen.wait("requeue", "enter shows each item")
    screen.press("\r")
    screen.wait(f"held{MIX_SHOWN}", f"lock{MIX_SHOWN}")


def test_what_is_typed_imported_and_deleted_is_shown_and_does_nothing(
    embedded: EmbeddedServer, table_name: str, tmp_path: Path
) -> None:
    workspace = open_table(embedded, table_name)
    items = fill(workspace, [single(f"{number:02}{bad}") for number, bad in enumerate(HOSTILE)])
    before = {schema.record_id(record): record for record in items}
    lines = [f"new{number}{bad}|{bad}|run {bad}\n" for number, bad in enumerate(HOSTILE)]
    path = tmp_path / f"a{MIX[:-1]}.txt"
    path.write_bytes("".join(["itemID|TaskID|TaskScript\n", *lines, f"two{MIX[:-1]}|columns\n"]).encode() + NOT_UTF8)
    with _dashboard(embedded, table_name) as screen:
        screen.wait("failed 15")
        screen.press("9")
        screen.wait("enter reads it")
        screen.press(f"{tmp_path}/", "\x0f")
        screen.wait(f"a{MIX_SHOWN[:-1]}.txt")
        screen.press("\r")
        ids = tuple(f"new{number}{shown}" for number, shown in enumerate(_every_one()))
        screen.wait("3 lines cannot be taken", f"2J{SIGN}.txt", *ids[:10])
        screen.press("2")
        screen.wait("15 of 15")
        screen.press("*", "D")
        screen.wait("Delete 15 items?")
        screen.press("y")
        screen.wait("15 deleted", "0 of 0")
        screen.press("U")
        screen.wait("Undo delete: 15 items?")
        screen.press("y")
        screen.wait("15 of 15")
        screen.press("/")
        screen.wait("!not  state:failed")
        screen.press(f"\x1b[200~\u202e\x9b2J{MIX[:3]}\u200b\x1b[201~")
        screen.wait(f"/ {SIGN}{SIGN}2J[b]{SIGN}", "0 of 15")
        _leave(screen)
    assert [workspace.record(item_id) for item_id in before] == list(before.values())

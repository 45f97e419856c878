"""Workflow tables on the embedded server for the core's tests: opened as a user opens them, filled with real items."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import AttributeValue, Record

REGION = "eu-west-2"


def open_table(server: EmbeddedServer, name: str, *, create: bool = True, read_only: bool = False) -> Workspace:
    """A workspace on a table of the embedded server, made first unless told not to."""
    settings = Settings(table=name, region=REGION, endpoint_url=server.endpoint_url, read_only=read_only)
    workspace = Workspace(settings)
    if create:
        workspace.create_table(name, stream=False)
    return workspace


def fill(workspace: Workspace, records: Iterable[Record]) -> list[Record]:
    """Write whole items as they are, and give them back as DynamoDB holds them."""
    written = list(records)
    for record in written:
        workspace.items.put(record)
    return [workspace.record(schema.record_id(record)) for record in written]


def whole_table(workspace: Workspace) -> dict[str, Record]:
    found: dict[str, Record] = {}
    start: Record | None = None
    while True:
        page = workspace.items.scan(start=start)
        found.update({schema.record_id(record): record for record in page.records})
        start = page.next_key
        if start is None:
            return found


def settled(workspace: Workspace, server: EmbeddedServer) -> dict[str, Record]:
    """The table once the server has answered everything that killed processes had sent.

    The end of a connection whose client is gone stays half closed until the server has carried out what came by it.
    """
    deadline = time.monotonic() + 30
    earlier: dict[str, Record] | None = None
    while time.monotonic() < deadline:
        half_closed = [
            one for one in psutil.Process(server.pid).net_connections("tcp") if one.status == psutil.CONN_CLOSE_WAIT
        ]
        now = whole_table(workspace)
        if now == earlier and not half_closed:
            return now
        earlier = now
    raise TimeoutError("the server is still at work for processes that were killed")


def single(item_id: str, state: str = "failed", **extra: AttributeValue) -> Record:
    """A single item that has run once."""
    record = schema.new_single(item_id, "Align", f"run.sh {len(item_id)}")
    record[schema.STATE] = schema.text(state)
    record[schema.LOG] = schema.mapping(
        {
            schema.STATUS: schema.text("exit 1"),
            "stdout": schema.text("begun\n"),
            "stderr": schema.text("no such file\n"),
            schema.EXIT_CODE: schema.number(1),
        }
    )
    record[schema.LOG_LENGTH] = schema.number(1)
    record[schema.DONE_DATE] = schema.text("20/11/2026-10:00:00")
    record[schema.OWNER] = schema.text("i-0abc")
    record.update(extra)
    return record


def nested(item_id: str, statuses: Iterable[str], state: str = "failed", **extra: AttributeValue) -> Record:
    """A nested item whose tasks have these statuses, counts and logs in order."""
    known = list(statuses)
    record = schema.new_nested(item_id, "Call", [f"call.sh {number}" for number in range(len(known))])
    logs: dict[str, AttributeValue] = {}
    for number, status in enumerate(known):
        key = f"Task_{number}"
        record[schema.SCRIPT]["M"][key]["M"][schema.STATUS] = schema.text(status)
        if status in {"done", "failed"}:
            logs[key] = schema.mapping(
                {schema.STATUS: schema.text(status), "stdout": schema.text(f"{number}\n"), "stderr": schema.text("")}
            )
    record[schema.LOG] = schema.mapping(logs)
    record[schema.LOG_LENGTH] = schema.number(len(logs))
    record[schema.FAILED_TASKS] = schema.number(known.count("failed"))
    record[schema.STATE] = schema.text(state)
    record.update(extra)
    return record

"""Workspaces on the stand-ins, and items with everything in them that a table may hold."""

from __future__ import annotations

from collections.abc import Iterable

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.model import LogEntry
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.sizes import record_bytes
from pyanamo_tui.workflow.transitions import Outcome
from tests.standins import Kind, Standin

REGION = "eu-west-2"
LOCK = "A1" * 15
LEASE = 2_000_000_000.0
NOW = 1_800_000_000.0

ONE_LINE_IDS = (
    "with spaces",
    "two  spaces, a comma; a semicolon",
    'quote\'s "both" `ticks`',
    "\\back\\slash\\n",
    "🧬 sample é",
    "e\u0301 and \u00e9 are two",
    "\u202eright to left\u202c",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "../../etc/passwd",
    "[bold]{x}%s$(id)`id`",
    "NULL",
    "0042",
    "x" * schema.MAX_SORT_KEY_BYTES,
    "é" * (schema.MAX_SORT_KEY_BYTES // 2),
)
"""Ids that a line of an import file can hold."""
HOSTILE_IDS = (*ONE_LINE_IDS, " leading and trailing ", "line\nfeed\r\nand\ttab", "\x00nul", "\n")
"""Ids that a table can hold; the longest are as long as an index by `itemID` allows at AWS."""


def open_at(standin: Standin, table: str, *, read_only: bool = False) -> Workspace:
    """A workspace on a table of a stand-in; the table need not be there."""
    settings = Settings(table=table, region=REGION, endpoint_url=standin.endpoint_url, read_only=read_only)
    return Workspace(settings)


def fill(workspace: Workspace, records: Iterable[Record]) -> dict[str, Record]:
    """Write whole items as they are; gives them as the table holds them."""
    written: dict[str, Record] = {}
    for record in records:
        workspace.items.put(record)
        written[schema.record_id(record)] = workspace.record(schema.record_id(record))
    return written


def every_type(item_id: str) -> Record:
    """A single item with an attribute of every type that DynamoDB has."""
    record = schema.new_single(item_id, "Step 'one'", "echo \"{}\" '?'")
    record["every type: é ' \" #n :v"] = {
        "L": [
            {"S": ""},
            {"N": "-12345678901234567890123456789012345678"},
            {"N": "0.000001"},
            {"B": b"\x00\xff"},
            {"BOOL": False},
            {"NULL": True},
            {"SS": ["a", "b"]},
            {"NS": ["1", "2.5"]},
            {"BS": [b"\x01", b"\x02"]},
            {"M": {"S": {"L": []}, "#n": {"M": {}}}},
        ]
    }
    return record


def largest(standin: Standin) -> int:
    """Bytes of the largest item that a test may write: 399 KB, and of moto, which refuses what AWS takes, 404,000."""
    return 404_000 if standin.kind is Kind.MOTO else 399 * 1024


def sized(item_id: str, size: int) -> Record:
    """An item of exactly so many bytes, by AWS's rule."""
    record = schema.new_single(item_id, "Align", "true")
    log = {schema.STATUS: schema.text("exit 1"), "stdout": schema.text(""), "stderr": schema.text("")}
    record[schema.LOG] = schema.mapping(log)
    log["stdout"] = schema.text("x" * (size - record_bytes(record)))
    assert record_bytes(record) == size
    return record


def claim(workspace: Workspace, item_id: str, *, lock_id: str = LOCK, lease_until: float = LEASE) -> Record:
    """Take a waiting item as an engine does; gives it as it is then."""
    change = transitions.claim(owner="worker", lock_id=lock_id, lease_until=lease_until, now=NOW)
    held = workspace.items.update(item_id, change, read_back=True)
    assert held is not None
    return held


def failing(item_id: str) -> Outcome:
    """How a script ends that fails and says so."""
    log = LogEntry(status="Failed: exit code 3", stdout="begun\n", stderr=f"no such file: {item_id}", exit_code=3)
    return Outcome(ok=False, log=log, lines=1, signature="exit 3 · no such file")


def fail(workspace: Workspace, item_id: str) -> Record:
    """Claim an item and end it as failed, as an engine does; gives it as it is then."""
    item = schema.read_item(claim(workspace, item_id))
    workspace.items.update(item_id, transitions.finish(item, failing(item_id), lock_id=LOCK, now=NOW))
    return workspace.record(item_id)

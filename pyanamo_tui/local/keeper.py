"""Keeps the tables of the embedded server in one file, since moto itself keeps nothing: saved whole, restored at start.

Only DynamoDB's tables and items are kept. Logs, S3 objects, Batch jobs and auto-scaling of the embedded server are not;
what an item holds of its log is. A kill -9 or a power cut loses what changed since the last save, seconds before.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from pyanamo_tui.core.wholefile import whole_file
from pyanamo_tui.errors import BadInput, ServiceUnavailable

FILE: Final = "tables.jsonl"
SAVE_EVERY: Final = 2.0
"""Seconds between two looks whether something has changed."""
_SHARE: Final = 10.0
"""A save waits so many times as long as the one before took, so that saving never takes the server over."""
_TARGET: Final = "DynamoDB_20120810."
_READING: Final = ("Get", "BatchGet", "Query", "Scan", "Describe", "List", "TransactGet")
_REGION: Final = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")
_BATCH: Final = 25

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Keeper:
    """A WSGI application around the server's that notes what may have changed, and writes it down.

    Args:
        application: the server's own.
        alone: held while tables are read, so that a save is of one moment.
        folder: where the file is.
    """

    def __init__(self, application: Application, alone: AbstractContextManager[object], folder: Path) -> None:
        self._application = application
        self._alone = alone
        self._path = folder / FILE
        self._regions: set[str] = set()
        self._changed = threading.Event()
        self._saving = threading.Lock()
        self.asked_at = time.monotonic()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; WSGI's own protocol (PEP 3333)."""
        self.asked_at = time.monotonic()
        answer = self._application(environ, start_response)
        target: str = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith(_TARGET) and not target.removeprefix(_TARGET).startswith(_READING):
            found = _REGION.search(environ.get("HTTP_AUTHORIZATION", ""))
            if found is not None:
                self._regions.add(found[1])
            self._changed.set()
        return answer

    # -- asking the server ----------------------------------------------------------------------

    def _ask(self, region: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        from werkzeug.test import Client  # noqa: PLC0415 - an optional package

        signed = f"AWS4-HMAC-SHA256 Credential=local/20260101/{region}/dynamodb/aws4_request, SignedHeaders=host"
        headers = {
            "X-Amz-Target": _TARGET + operation,
            "Authorization": signed,
            "Host": f"dynamodb.{region}.amazonaws.com",
        }
        answer = Client(self._application).post(  # type: ignore[arg-type, unused-ignore]
            "/", data=json.dumps(request), headers=headers, content_type="application/x-amz-json-1.0"
        )
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            raise ServiceUnavailable(f"The embedded DynamoDB refused {operation}: {answer.get_data(as_text=True)}")
        found: dict[str, Any] = json.loads(answer.get_data(as_text=True))
        return found

    # -- saving ---------------------------------------------------------------------------------

    def save(self) -> None:
        """Write every table down, in place of what was written before.

        Raises:
            BadInput: the file cannot be written.
        """
        with self._saving:
            self._changed.clear()
            with self._alone:
                lines = [line for region in sorted(self._regions) for line in self._lines(region)]
            with whole_file(self._path) as file:
                for line in lines:
                    file.write(json.dumps(line).encode() + b"\n")

    def _lines(self, region: str) -> Iterator[dict[str, Any]]:
        names: list[str] = []
        listed: dict[str, Any] = {}
        while not names or listed.get("LastEvaluatedTableName"):
            start = {"ExclusiveStartTableName": names[-1]} if names else {}
            listed = self._ask(region, "ListTables", start)
            if not listed["TableNames"]:
                break
            names += listed["TableNames"]
        for name in names:
            described = self._ask(region, "DescribeTable", {"TableName": name})["Table"]
            yield {"region": region, "table": creation_of(described)}
            page: dict[str, Any] = {"LastEvaluatedKey": None}
            while "LastEvaluatedKey" in page:
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if page["LastEvaluatedKey"] else {}
                page = self._ask(region, "Scan", {"TableName": name, "ConsistentRead": True, **start})
                for item in page["Items"]:
                    yield {"item": item}

    def keep_saving(self, idle_seconds: float, end: Callable[[], None], told: Callable[[str], None]) -> None:
        """Save whatever changes, until nobody has asked for anything for long. Runs on a thread of its own.

        Args:
            idle_seconds: this long without a request ends the server.
            end: ends it, saved.
            told: told of a save that failed; it is tried again.
        """
        rest = SAVE_EVERY
        while time.monotonic() - self.asked_at < idle_seconds:
            time.sleep(rest)
            rest = SAVE_EVERY
            if self._changed.is_set():
                began = time.monotonic()
                try:
                    self.save()
                except (BadInput, ServiceUnavailable) as error:
                    self._changed.set()
                    told(error.message)
                rest = max(SAVE_EVERY, _SHARE * (time.monotonic() - began))
        end()

    # -- restoring ------------------------------------------------------------------------------

    def restore(self) -> None:
        """Make the tables that were written down, and put their items in.

        Raises:
            BadInput: the file is damaged; nothing is overwritten then, since the server does not start.
        """
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return
        region, table, waiting = "", "", list[dict[str, Any]]()
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                entry = json.loads(line)
                if "table" in entry:
                    self._put(region, table, waiting)
                    region, table, waiting = entry["region"], entry["table"]["TableName"], []
                    self._regions.add(region)
                    self._ask(region, "CreateTable", entry["table"])
                else:
                    waiting.append(entry["item"])
            except (ValueError, KeyError, TypeError) as error:
                raise BadInput(
                    f"{self._path}, line {number} is damaged", "Move the file away to begin with an empty database."
                ) from error
            if len(waiting) == _BATCH:
                self._put(region, table, waiting)
                waiting = []
        self._put(region, table, waiting)

    def _put(self, region: str, table: str, items: list[dict[str, Any]]) -> None:
        if items:
            requests = [{"PutRequest": {"Item": item}} for item in items]
            self._ask(region, "BatchWriteItem", {"RequestItems": {table: requests}})


def creation_of(described: dict[str, Any]) -> dict[str, Any]:
    """The CreateTable request that makes a table as DescribeTable tells it."""
    provisioned = described.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST"

    def units(found: dict[str, Any]) -> dict[str, Any]:
        told = found.get("ProvisionedThroughput", {})
        names = ("ReadCapacityUnits", "WriteCapacityUnits")
        return {"ProvisionedThroughput": {name: max(1, told.get(name, 1)) for name in names}} if provisioned else {}

    request: dict[str, Any] = {
        "TableName": described["TableName"],
        "AttributeDefinitions": described["AttributeDefinitions"],
        "KeySchema": described["KeySchema"],
        "BillingMode": "PROVISIONED" if provisioned else "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": described.get("DeletionProtectionEnabled", False),
        **units(described),
    }
    indexes = [
        {"IndexName": index["IndexName"], "KeySchema": index["KeySchema"], "Projection": index["Projection"]}
        | units(index)
        for index in described.get("GlobalSecondaryIndexes", ())
    ]
    if indexes:
        request["GlobalSecondaryIndexes"] = indexes
    stream = described.get("StreamSpecification")
    if stream and stream.get("StreamEnabled"):
        request["StreamSpecification"] = stream
    return request

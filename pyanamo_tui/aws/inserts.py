"""Writes many new items at once, each only where there is none of its id: what import and restore stand on.

BatchWriteItem has no conditions: between a look and the write another importer may create the item and an engine take
it, and the write would undo that. Two ways keep each item conditional in DynamoDB itself:

- statements: BatchExecuteStatement with 25 PartiQL INSERTs, each refused by itself where the item exists (AWS:
  "PartiQL insert statements for DynamoDB"). A write unit costs what it costs by PutItem; a request carries 25.
- puts: PutItem with `attribute_not_exists(itemID)`, one request an item. Needs no permission but PutItem.

AWS is asked by statements until it refuses them; any other server is asked by puts, since stand-ins differ in PartiQL.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, cast
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from pyanamo_tui.aws.faults import calling, error_code
from pyanamo_tui.aws.items import ItemChanged, Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.errors import (
    PermissionDenied,
    PyanamoError,
    ServiceRefused,
    ServiceUnavailable,
    TableNotFound,
    Throttled,
)
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import Record

STATEMENTS_AT_ONCE: Final = 25
"""Statements that one BatchExecuteStatement takes (AWS: "BatchExecuteStatement")."""
STATEMENT_CHARACTERS: Final = 8192
"""Characters that one statement takes (AWS: "BatchStatementRequest"); an item with more names is put by itself."""
REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Bytes of items that are sent in one request."""
_ROUNDS: Final = 6
_BACKOFF: Final = 0.05
_BACKOFF_MAX: Final = 2.0

_THERE: Final = frozenset({"DuplicateItem", "ConditionalCheckFailed"})
_TOO_FAST: Final = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"})
_PASSING: Final = frozenset({"InternalServerError", "TransactionConflict"})
_NOT_SPOKEN: Final = frozenset(
    {"UnknownOperationException", "ValidationException", "AccessDeniedException", "AccessDenied", "NotImplemented"}
)

Outcome = PyanamoError | None
"""What came of one record: None written, ItemChanged there was one of this id, another error why it was not."""


class Way(StrEnum):
    """How new items are sent."""

    STATEMENTS = "statements"
    PUTS = "puts"


class Inserts:
    """Creates items of one table. Safe to share between threads.

    Args:
        connection: where.
        table: its name.
        way: how they are sent; None for statements at AWS and puts at any other server.
        sleep: waits so many seconds.

    Attributes:
        way: how they are sent now; it becomes PUTS for good when statements are refused.
        denied: the permission that statements lack, None where they lack none.
    """

    def __init__(
        self,
        connection: Connection,
        table: str,
        *,
        way: Way | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.table = table
        self.denied: str | None = None
        self._connection = connection
        self._items = Items(connection, table, sleep)
        self._resource = f"table {table}"
        self._sleep = sleep
        self.way = way or (Way.STATEMENTS if self._is_aws() else Way.PUTS)

    def _is_aws(self) -> bool:
        host = urlsplit(self._connection.dynamodb.meta.endpoint_url).hostname or ""
        return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))

    def insert(
        self, records: Sequence[Record], *, again: bool = False, stopped: Callable[[], bool] = lambda: False
    ) -> list[Outcome]:
        """Write up to 25 new items; never replaces one.

        Args:
            records: whole items, each id once.
            again: these were sent before without an answer that says what came of them: an item that is there and is
                exactly the record counts as written.
            stopped: asked before each item that is put by itself and before each pause.

        Returns:
            An outcome for each record, in their order. Those with a ServiceUnavailable (Throttled is one) can be sent
            again; so can those not sent because of `stopped`, which are Throttled too.

        Raises:
            CredentialsError, PermissionDenied, TableNotFound, ReadOnly: what every other item would meet too.
        """
        if self.way == Way.PUTS:
            return self._put_each(records, again, stopped)
        return self._state_all(records, again, stopped)

    def _put_each(self, records: Sequence[Record], again: bool, stopped: Callable[[], bool]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        unreachable: ServiceUnavailable | None = None
        for record in records:
            if unreachable is not None or stopped():
                outcomes.append(unreachable or Throttled(self._resource, "not sent"))
                continue
            try:
                self._items.put(record)
                outcomes.append(None)
            except ItemChanged as there:
                outcomes.append(self._there(record, retried=again or there.retried))
            except (ServiceRefused, Throttled) as refused:
                outcomes.append(refused)
            except ServiceUnavailable as gone:
                # The others would each wait as long for the same: the caller decides when to go on.
                unreachable = gone
                outcomes.append(gone)
        return outcomes

    def _state_all(self, records: Sequence[Record], again: bool, stopped: Callable[[], bool]) -> list[Outcome]:
        if len(records) > STATEMENTS_AT_ONCE:
            raise ValueError(f"BatchExecuteStatement takes {STATEMENTS_AT_ONCE} statements, not {len(records)}")
        outcomes: list[Outcome] = [None] * len(records)
        statements = {number: _statement(self.table, record) for number, record in enumerate(records)}
        oversized = [number for number, one in statements.items() if len(one["Statement"]) > STATEMENT_CHARACTERS]
        for number in oversized:
            del statements[number]
            outcomes[number] = self._put_each([records[number]], again, stopped)[0]
        waiting = list(statements)
        for round_number in range(_ROUNDS):
            if not waiting:
                return outcomes
            try:
                answer = self._send([statements[number] for number in waiting])
            except ServiceUnavailable as unavailable:
                return [unavailable if number in waiting else outcome for number, outcome in enumerate(outcomes)]
            if answer is None:
                self.way = Way.PUTS
                put = self._put_each([records[number] for number in waiting], again, stopped)
                for number, outcome in zip(waiting, put, strict=True):
                    outcomes[number] = outcome
                return outcomes
            resent = again or round_number > 0 or bool(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))
            waiting = self._take(answer["Responses"], waiting, records, outcomes, sent_before=resent)
            if waiting and not stopped():
                self._sleep(random.uniform(0, min(_BACKOFF_MAX, _BACKOFF * 2**round_number)))
        return outcomes

    def _send(self, statements: Sequence[Mapping[str, object]]) -> Mapping[str, Any] | None:
        """The answer, or None where statements are not to be had here: not spoken, or not permitted."""
        with calling("dynamodb", self._resource):
            try:
                answer = self._connection.dynamodb.batch_execute_statement(Statements=cast("Any", statements))
            except ClientError as error:
                if error_code(error) not in _NOT_SPOKEN:
                    raise
                if error_code(error).startswith("AccessDenied"):
                    self.denied = "dynamodb:PartiQLInsert"
                return None
        if any(one.get("Error", {}).get("Code") == "AccessDenied" for one in answer["Responses"]):
            self.denied = "dynamodb:PartiQLInsert"
            return None
        return cast("Mapping[str, Any]", answer)

    def _take(
        self,
        responses: Sequence[Mapping[str, Any]],
        numbers: Sequence[int],
        records: Sequence[Record],
        outcomes: list[Outcome],
        *,
        sent_before: bool,
    ) -> list[int]:
        """Note what came of each statement; gives those that are worth sending again."""
        waiting: list[int] = []
        for number, response in zip(numbers, responses, strict=True):
            refusal = response.get("Error")
            code = "" if refusal is None else str(refusal.get("Code", ""))
            if refusal is None:
                outcomes[number] = None
            elif code in _THERE:
                outcomes[number] = self._there(records[number], retried=sent_before)
            elif code in _TOO_FAST | _PASSING:
                outcomes[number] = Throttled(self._resource, code)
                waiting.append(number)
            elif code == "ResourceNotFound":
                raise TableNotFound(self.table)
            elif code == "AccessDenied":
                raise PermissionDenied("dynamodb:PartiQLInsert", self._resource)
            else:
                outcomes[number] = ServiceRefused(
                    f"AWS refused dynamodb:PartiQLInsert on {self._resource}: {refusal.get('Message') or code}"
                )
        return waiting

    def _there(self, record: Record, *, retried: bool) -> Outcome:
        """That the item exists; none where it was sent twice, and the first sending is what is there."""
        item_id = schema.record_id(record)
        current = self._items.get(item_id) if retried else None
        return None if current is not None and current == record else ItemChanged(item_id, current, retried=retried)


def _statement(table: str, record: Record) -> dict[str, Any]:
    names = ",".join("'" + name.replace("'", "''") + "':?" for name in record)
    quoted = table.replace('"', '""')
    return {"Statement": f'INSERT INTO "{quoted}" VALUE {{{names}}}', "Parameters": list(record.values())}

"""What every call passes, over a socket: the read-only guard, the capacity meter, and errors in our own words."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pyanamo_tui.aws import session
from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection, reads_only
from pyanamo_tui.aws.tables import Tables
from pyanamo_tui.errors import (
    CredentialsError,
    PermissionDenied,
    PyanamoError,
    ReadOnly,
    ServiceRefused,
    ServiceUnavailable,
    TableNotFound,
    Throttled,
    UsageError,
)
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Change
from tests.aws.scripted import Scripted, scripted_server

scripted = pytest.fixture(scripted_server)

REGION = "eu-west-2"


def once(url: str, *, read_only: bool = False) -> Connection:
    return Connection(region=REGION, endpoint_url=url, read_only=read_only, max_attempts=1)


def every_write(connection: Connection) -> list[Callable[[], object]]:
    """Changes by every door: our own modules, raw clients, people's own Table."""
    items, table = Items(connection, "T"), connection.table_resource("T")
    return [
        lambda: items.put(schema.new_single("A", "S", "true")),
        lambda: items.update("A", Change((), {("ItemState",): {"S": "x"}})),
        lambda: items.delete("A", ()),
        lambda: items.batch_delete(["A"]),
        lambda: Tables(connection).create("T"),
        lambda: Tables(connection).delete("T"),
        lambda: connection.dynamodb.batch_execute_statement(Statements=[{"Statement": "SELECT * FROM T"}]),
        lambda: connection.dynamodb.transact_write_items(TransactItems=[]),
        lambda: table.put_item(Item={"itemID": "A"}),
        lambda: connection.logs.create_log_group(logGroupName="g"),
        lambda: connection.s3.put_object(Bucket="bucket", Key="k", Body=b""),
        lambda: connection.batch.terminate_job(jobId="1", reason="r"),
        lambda: connection.scaling.delete_scaling_policy(
            PolicyName="p",
            ServiceNamespace="dynamodb",
            ResourceId="table/T",
            ScalableDimension="dynamodb:table:ReadCapacityUnits",
        ),
    ]


def test_read_only_sends_no_change_by_any_door(scripted: Scripted) -> None:
    connection = once(scripted.url, read_only=True)

    for change in every_write(connection):
        with pytest.raises(ReadOnly, match="nothing was sent"):
            change()

    assert scripted.asked == []
    scripted.status, scripted.body = 200, {"Item": {"itemID": {"S": "A"}}}
    assert Items(connection, "T").get("A") == {"itemID": {"S": "A"}}
    assert scripted.asked == ["GetItem"]


def test_the_same_changes_are_sent_when_it_is_not_read_only(scripted: Scripted) -> None:
    scripted.fails("ValidationException")
    connection = once(scripted.url)

    for change in every_write(connection):
        with pytest.raises(Exception, match=r".") as refused:
            change()
        assert not isinstance(refused.value, ReadOnly)

    assert "PutItem" in scripted.asked
    assert "BatchExecuteStatement" in scripted.asked


@pytest.mark.parametrize(
    ("operation", "reads"),
    [
        ("GetItem", True),
        ("BatchGetItem", True),
        ("DescribeTable", True),
        ("ListTables", True),
        ("HeadObject", True),
        ("BatchWriteItem", False),
        ("BatchExecuteStatement", False),
        ("ExecuteStatement", False),
        ("TagResource", False),
    ],
)
def test_what_reads_is_known_by_its_name(operation: str, reads: bool) -> None:
    assert reads_only(operation) is reads


def test_read_only_lasts_through_renewed_credentials_and_connections_beside(scripted: Scripted) -> None:
    connection = once(scripted.url, read_only=True)
    connection.renew()

    for one in (connection, connection.beside()):
        with pytest.raises(ReadOnly):
            Items(one, "T").put(schema.new_single("A", "S", "true"))
    assert scripted.asked == []


@pytest.mark.parametrize(
    ("code", "status", "kind", "said"),
    [
        ("AccessDeniedException", 400, PermissionDenied, "dynamodb:GetItem on table T"),
        ("ExpiredTokenException", 400, CredentialsError, "expired"),
        ("UnrecognizedClientException", 400, CredentialsError, "does not accept"),
        ("ResourceNotFoundException", 400, TableNotFound, "no table T"),
        ("ProvisionedThroughputExceededException", 400, Throttled, "table T"),
        ("RequestLimitExceeded", 400, Throttled, "table T"),
        ("InternalServerError", 500, ServiceUnavailable, "AWS failed"),
        ("ValidationException", 400, ServiceRefused, "the very words"),
    ],
)
def test_aws_errors_become_ours(
    scripted: Scripted, code: str, status: int, kind: type[PyanamoError], said: str
) -> None:
    scripted.fails(code, "the very words", status)

    with pytest.raises(PyanamoError, match=said) as raised:
        Items(once(scripted.url), "T").get("A")

    assert type(raised.value) is kind
    assert raised.value.__cause__ is not None
    assert len(scripted.asked) == 1


def test_an_expired_session_is_told_from_wrong_keys(scripted: Scripted) -> None:
    for code, expired in (("ExpiredTokenException", True), ("InvalidSignatureException", False)):
        scripted.fails(code)
        with pytest.raises(CredentialsError) as raised:
            Items(once(scripted.url), "T").get("A")
        assert (raised.value.expired, raised.value.exit_code) == (expired, 3)
        assert raised.value.hint


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ProvisionedThroughputExceededException", "ThrottlingReasons"),
        ("ThrottlingException", "throttlingReasons"),
    ],
)
def test_throttling_carries_its_reason_and_resource(scripted: Scripted, code: str, name: str) -> None:
    reasons = [
        {
            "reason": "IndexWriteProvisionedThroughputExceeded",
            "resource": "arn:aws:dynamodb:eu-west-2:123456789012:table/T/index/ItemStateIndex",
        }
    ]
    scripted.fails(code)
    scripted.body[name] = reasons

    with pytest.raises(Throttled, match="IndexWriteProvisionedThroughputExceeded on table/T/index/ItemStateIndex"):
        Items(once(scripted.url), "T").get("A")


def test_throttled_requests_are_sent_again_as_often_as_allowed(scripted: Scripted) -> None:
    scripted.fails("ThrottlingException")
    connection = Connection(region=REGION, endpoint_url=scripted.url, max_attempts=2)

    with pytest.raises(Throttled):
        Items(connection, "T").get("A")

    assert scripted.asked == ["GetItem", "GetItem"]


def test_nobody_there_is_unavailable_and_says_where_to_look() -> None:
    with pytest.raises(ServiceUnavailable, match="cannot be reached") as raised:
        Items(once("http://127.0.0.1:9"), "T").get("A")
    assert "local start" in raised.value.hint
    with pytest.raises(ServiceUnavailable, match="cannot be reached") as raised:
        Items(once("http://nowhere.invalid:9"), "T").get("A")
    assert "endpoint" in raised.value.hint


def test_no_credentials_no_region_and_no_url_are_told_apart(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="not an endpoint"):
        Connection(region=REGION, endpoint_url="localhost:8000")
    with pytest.raises(CredentialsError, match="nobody"):
        Connection(region=REGION, profile="nobody")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(CredentialsError, match="no AWS credentials"):
        Items(once(scripted.url), "T").get("A")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(UsageError, match="region"):
        Connection()


def test_the_meter_adds_up_what_dynamodb_says(scripted: Scripted) -> None:
    connection = once(scripted.url)
    scripted.status = 200
    items = Items(connection, "T")

    scripted.body = {"ConsumedCapacity": {"TableName": "T", "CapacityUnits": 2.5}}
    items.get("A")
    scripted.body = {"ConsumedCapacity": {"TableName": "T", "CapacityUnits": 7.0}}
    items.put(schema.new_single("A", "S", "true"))
    scripted.body = {"Responses": [{}], "ConsumedCapacity": [{"CapacityUnits": 1.0}, {"CapacityUnits": 2.0}]}
    connection.dynamodb.batch_execute_statement(Statements=[{"Statement": "x"}])

    consumed = connection.meter.read()
    assert (consumed.read_units, consumed.write_units, consumed.requests) == (2.5, 10.0, 3)
    assert consumed.read_units_last_minute == 2.5
    assert connection.beside().meter.read().requests == 0


def test_identity_is_the_account_and_the_role(embedded: EmbeddedServer) -> None:
    identity = once(embedded.endpoint_url).identity()

    assert len(identity.account) == 12
    assert identity.role


def test_one_connection_serves_many_threads(embedded: EmbeddedServer, table_name: str) -> None:
    connection = Connection(region=REGION, endpoint_url=embedded.endpoint_url)
    Tables(connection).create(table_name, stream=False)
    items = Items(connection, table_name)
    barrier = threading.Barrier(session.MAX_CONNECTIONS)

    def write(number: int) -> None:
        barrier.wait(30)
        items.put(schema.new_single(f"S{number}", "Step", "true"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(session.MAX_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(items.scan().records) == session.MAX_CONNECTIONS
    Tables(connection).delete(table_name)

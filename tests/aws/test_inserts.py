"""New items in bulk, on every stand-in: each written once, none replaced, by statements as by puts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from pyanamo_tui.aws.inserts import STATEMENTS_AT_ONCE, Inserts, Way
from pyanamo_tui.aws.items import ItemChanged, Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import Tables
from pyanamo_tui.errors import PermissionDenied, ReadOnly, ServiceRefused, ServiceUnavailable, TableNotFound, Throttled
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import Record
from tests.aws.scripted import Scripted, scripted_server
from tests.standins import Kind, Standin

scripted = pytest.fixture(scripted_server)
REGION = "eu-west-2"


@pytest.fixture
def place(standin: Standin, table_name: str) -> Iterator[tuple[Connection, Items, list[Way]]]:
    """A new table on a stand-in, and the ways that it speaks."""
    connection = Connection(region=REGION, endpoint_url=standin.endpoint_url)
    Tables(connection).create(table_name, stream=False)
    ways = [Way.PUTS, Way.STATEMENTS] if standin.kind is Kind.DYNAMODB_LOCAL else [Way.PUTS]
    yield connection, Items(connection, table_name), ways
    Tables(connection).delete(table_name)


def odd(item_id: str) -> Record:
    record = schema.new_nested(item_id, "Step 'one'", ["echo ?", 'echo "{}"'])
    record["odd 'name\" ?"] = {"L": [{"B": b"\x00\xff"}, {"NULL": True}, {"M": {"S": {"SS": ["a", "b"]}}}]}
    return record


def test_each_item_is_written_once_and_none_is_replaced(place: tuple[Connection, Items, list[Way]]) -> None:
    connection, items, ways = place
    for way in ways:
        ids = [f"{way} {number} 'é🧬\"" for number in range(STATEMENTS_AT_ONCE)]
        there = schema.new_single(ids[3], "Other", "true")
        items.put(there)
        inserts = Inserts(connection, items.table, way=way)

        first = inserts.insert([odd(item_id) for item_id in ids])
        second = inserts.insert([odd(item_id) for item_id in ids])

        assert [number for number, outcome in enumerate(first) if outcome is not None] == [3]
        assert all(isinstance(outcome, ItemChanged) for outcome in second)
        assert items.get(ids[3]) == there
        assert items.get(ids[0]) == odd(ids[0])
        assert inserts.way == way


def winners(connection: Connection, table: str, way: Way, ids: list[str]) -> dict[str, list[str]]:
    """Six writers insert the same ids at once; gives who of them was told that it wrote each."""
    writers = [f"writer {number}" for number in range(6)]
    barrier, lock = threading.Barrier(len(writers)), threading.Lock()
    won: dict[str, list[str]] = {}

    def write(me: str) -> None:
        inserts = Inserts(connection, table, way=way)
        barrier.wait(30)
        outcomes = inserts.insert([schema.new_single(item_id, me, "true") for item_id in ids])
        with lock:
            for item_id, outcome in zip(ids, outcomes, strict=True):
                if outcome is None:
                    won.setdefault(item_id, []).append(me)

    threads = [threading.Thread(target=write, args=(me,)) for me in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_of_many_writers_one_wins_each_item(place: tuple[Connection, Items, list[Way]]) -> None:
    connection, items, ways = place
    for way in ways:
        ids = [f"{way}-{number}" for number in range(STATEMENTS_AT_ONCE)]

        won = winners(connection, items.table, way, ids)

        assert {item_id: [record[schema.STEP]["S"]] for item_id, record in items.get_many(ids).items()} == won


def by_statements(scripted: Scripted, sleep: Callable[[float], None] = lambda _: None) -> Inserts:
    connection = Connection(region=REGION, endpoint_url=scripted.url, max_attempts=1)
    return Inserts(connection, "T", way=Way.STATEMENTS, sleep=sleep)


def records(count: int) -> list[Record]:
    return [schema.new_single(f"S{number}", "Step", "true") for number in range(count)]


def test_each_statement_has_its_own_outcome(scripted: Scripted) -> None:
    codes = [None, "DuplicateItem", "ValidationError", "ThrottlingError"]
    scripted.status = 200
    scripted.body = {"Responses": [{} if code is None else {"Error": {"Code": code, "Message": "m"}} for code in codes]}
    # The throttled one is sent again by itself, and gets an answer of its own.
    inserts = by_statements(
        scripted, lambda _: scripted.body.update(Responses=[{"Error": {"Code": "ThrottlingError"}}])
    )

    outcomes = inserts.insert(records(4))

    assert [type(outcome) for outcome in outcomes] == [type(None), ItemChanged, ServiceRefused, Throttled]
    assert set(scripted.asked) == {"BatchExecuteStatement"}


@pytest.mark.parametrize("code", ["UnknownOperationException", "ValidationException"])
def test_a_server_without_statements_is_asked_by_puts_from_then_on(scripted: Scripted, code: str) -> None:
    scripted.fails(code)
    inserts = by_statements(scripted)

    assert all(isinstance(outcome, ServiceRefused) for outcome in inserts.insert(records(2)))

    assert scripted.asked == ["BatchExecuteStatement", "PutItem", "PutItem"]
    assert (inserts.way, inserts.denied) == (Way.PUTS, None)


def test_statements_that_are_not_permitted_name_the_permission(scripted: Scripted) -> None:
    scripted.fails("AccessDeniedException")
    inserts = by_statements(scripted)

    with pytest.raises(PermissionDenied, match="dynamodb:PutItem"):
        inserts.insert(records(2))

    assert (inserts.way, inserts.denied) == (Way.PUTS, "dynamodb:PartiQLInsert")


def test_a_failing_server_leaves_what_was_not_answered_to_be_sent_again(scripted: Scripted) -> None:
    scripted.fails("InternalServerError", status=500)

    for way in Way:
        inserts = by_statements(scripted)
        inserts.way = way
        scripted.asked.clear()
        outcomes = inserts.insert(records(3))
        assert all(isinstance(outcome, ServiceUnavailable) for outcome in outcomes)
        assert len(scripted.asked) == 1


def test_a_missing_table_is_no_outcome_but_an_error(scripted: Scripted) -> None:
    scripted.status, scripted.body = 200, {"Responses": [{"Error": {"Code": "ResourceNotFound"}}]}

    with pytest.raises(TableNotFound):
        by_statements(scripted).insert(records(1))


def test_read_only_sends_nothing_either_way(scripted: Scripted) -> None:
    connection = Connection(region=REGION, endpoint_url=scripted.url, read_only=True)

    for way in Way:
        with pytest.raises(ReadOnly):
            Inserts(connection, "T", way=way).insert(records(1))

    assert scripted.asked == []


def test_aws_is_asked_by_statements_and_others_by_puts(scripted: Scripted) -> None:
    assert Inserts(Connection(region=REGION), "T").way == Way.STATEMENTS
    assert Inserts(Connection(region=REGION, endpoint_url=scripted.url), "T").way == Way.PUTS

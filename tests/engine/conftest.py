"""A table of its own for each engine test, on the embedded server or on DynamoDB Local (`--server dynamodb-local`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import Tables
from pyanamo_tui.local.server import EmbeddedServer, dummy_environment
from tests import standins
from tests.engine.engines import Bench
from tests.faultproxy import FaultProxy
from tests.standins import Kind


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> Kind:
    """Which DynamoDB these tests run on."""
    chosen = Kind(request.config.getoption("--server"))
    reason = standins.why_not(chosen)
    if reason and standins.REQUIRED:
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return chosen


@pytest.fixture(scope="session")
def server_url(kind: Kind, embedded: EmbeddedServer) -> Iterator[str]:
    """Where AWS is: DynamoDB Local knows DynamoDB alone, so the rest goes to the embedded server."""
    if kind is Kind.MOTO:
        yield embedded.endpoint_url
        return
    with (
        standins.running(kind) as started,
        FaultProxy(started.endpoint_url, elsewhere=embedded.endpoint_url) as both,
    ):
        yield both.url


@pytest.fixture
def connection(server_url: str) -> Connection:
    """A connection to the server."""
    return Connection(region="us-east-1", endpoint_url=server_url)


@pytest.fixture
def bench(connection: Connection, table_name: str, tmp_path: Path) -> Iterator[Bench]:
    """A new workflow table, and a way to start engines on it."""
    yield from opened(connection, table_name, tmp_path)


def opened(connection: Connection, table_name: str, folder: Path) -> Iterator[Bench]:
    """A new workflow table at a connection; its engines are killed afterwards."""
    Tables(connection).create(table_name, stream=False)
    assert connection.endpoint_url is not None
    made = Bench(Items(connection, table_name), connection.endpoint_url, folder, dummy_environment(os.environ))
    yield made
    made.close()

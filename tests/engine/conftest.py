"""A table of its own for each engine test, on the embedded server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import Tables
from pyanamo_tui.local.server import EmbeddedServer
from tests.engine.engines import Bench


@pytest.fixture
def connection(embedded: EmbeddedServer) -> Connection:
    """A connection to the embedded server."""
    return Connection(region="us-east-1", endpoint_url=embedded.endpoint_url)


@pytest.fixture
def bench(embedded: EmbeddedServer, connection: Connection, table_name: str, tmp_path: Path) -> Iterator[Bench]:
    """A new workflow table, and a way to start engines on it."""
    Tables(connection).create(table_name, stream=False)
    made = Bench(Items(connection, table_name), embedded.endpoint_url, tmp_path, embedded.environment(os.environ))
    yield made
    made.close()

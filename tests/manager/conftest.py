"""A table on the embedded server, and a manager client on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.manager import PyAnamo_Manager
from tests.core.places import REGION, open_table
from tests.gate import Gate


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Workspace:
    return open_table(embedded, table_name)


@pytest.fixture
def manager(embedded: EmbeddedServer, workspace: Workspace) -> PyAnamo_Manager:
    return PyAnamo_Manager(workspace.table, REGION, endpoint_url=embedded.endpoint_url)


@pytest.fixture
def gate(embedded: EmbeddedServer) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url) as gate:
        yield gate

"""A workflow table on each stand-in, opened as a user opens one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyanamo_tui.core.workspace import Workspace
from tests.conformance.places import open_at
from tests.standins import Standin


@pytest.fixture
def workspace(standin: Standin, table_name: str) -> Iterator[Workspace]:
    """A new workflow table, without a stream; deleted afterwards, so that no server gathers tables."""
    opened = open_at(standin, table_name)
    opened.create_table(table_name, stream=False)
    yield opened
    opened.tables.delete(table_name)

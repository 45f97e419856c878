"""What every test stands on: a home of its own, no AWS of the user's, one embedded server a test process."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyanamo_tui.local.server import EmbeddedServer, dummy_environment
from tests import standins

_FOREIGN = ("AWS_", "PYANAMO", "XDG_", "MOTO_")
_COLOURS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "TEXTUAL", "TEXTUAL_THEME")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--server dynamodb-local` runs the engine's tests on DynamoDB Local, with moto for the logs."""
    kinds = (standins.Kind.MOTO.value, standins.Kind.DYNAMODB_LOCAL.value)
    parser.addoption("--server", choices=kinds, default=kinds[0], help="which DynamoDB the engine's tests run on")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and none of the settings, credentials or colours of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    for name in os.environ:
        if name.startswith(_FOREIGN) or name in _COLOURS:
            monkeypatch.delenv(name)
    for name, value in dummy_environment({}).items():
        monkeypatch.setenv(name, value)
    for name, folder in {
        "XDG_CONFIG_HOME": ".config",
        "XDG_STATE_HOME": ".local/state",
        "XDG_DATA_HOME": ".local/share",
        "XDG_CACHE_HOME": ".cache",
        "XDG_RUNTIME_DIR": ".run",
    }.items():
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    return home


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedServer]:
    """The embedded server, one for all tests of this test process. Tests keep apart by the name of their table."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
def table_name() -> str:
    """A table name that no other test uses."""
    return f"T{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session", params=standins.KINDS, ids=lambda kind: kind.value)
def standin(request: pytest.FixtureRequest) -> Iterator[standins.Standin]:
    """Each DynamoDB stand-in in turn: moto's always, the others when they have been fetched."""
    kind: standins.Kind = request.param
    reason = standins.why_not(kind)
    if reason and standins.REQUIRED:
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with standins.running(kind) as started:
        yield started


def pytest_report_header() -> list[str]:
    """Say which stand-ins the contract tests leave out, and why."""
    return [f"LEFT OUT of the conformance tests: {line}" for line in standins.left_out()]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`pytest -m conformance` runs the tests that stand on a stand-in."""
    for item in items:
        if "standin" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.conformance)

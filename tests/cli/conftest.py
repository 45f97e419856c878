"""Runs the command line as `main()` does it, in this process, on a table of the embedded server."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pyanamo_tui.cli.main import main
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.workflow import schema
from tests.core.places import REGION, fill, nested, open_table, single


@dataclass(frozen=True)
class Ran:
    """What a command printed, and what it ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command printed
        """Its standard output as JSON."""
        return json.loads(self.out)


SIGNATURE = "exit 1 · no such file"
Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command line; its exit code, standard output and standard error."""

    def run_it(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in printed.err
        return Ran(ended.value.code, printed.out, printed.err)

    return run_it


@pytest.fixture
def place(embedded: EmbeddedServer, table_name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment points to the embedded server and to a table that does not exist yet."""
    monkeypatch.setenv("PYANAMO_TUI_ENDPOINT_URL", embedded.endpoint_url)
    monkeypatch.setenv("PYANAMO_TUI_TABLE", table_name)
    monkeypatch.setenv("AWS_REGION", REGION)
    return table_name


@pytest.fixture
def workspace(embedded: EmbeddedServer, place: str) -> Workspace:
    """An empty table at that place, opened."""
    return open_table(embedded, place)


@pytest.fixture
def cohort(workspace: Workspace) -> Workspace:
    """Two failed items alike, a failed nested one, one done, one waiting."""
    alike = {"Exit_Code": schema.number(1), "Error_Signature": schema.text(SIGNATURE)}
    well = schema.mapping({"Status": schema.text("Done"), "stdout": schema.text(""), "stderr": schema.text("")})
    fill(
        workspace,
        [
            single("S1", "failed", **alike),
            single("S2", "failed", **alike),
            single("S3", "done", Exit_Code=schema.number(0), Log=well),
            single("S4", "todo"),
            nested("N1", ["done", "failed", "done"]),
        ],
    )
    return workspace

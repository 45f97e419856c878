"""The demo: real workers on the embedded server end the sample as they must, and nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import psutil
import pytest

from pyanamo_tui.core.engineorder import EngineOrder
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import UsageError
from pyanamo_tui.local.demo import DemoSession, run_headless
from pyanamo_tui.local.sample import expected, sample_items
from tests.local.test_server import wait_until


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.mark.processes
def test_a_headless_demo_ends_right_and_says_so() -> None:
    before = children()
    said: list[str] = []
    summary = run_headless(16, 2, said.append)
    assert summary.problems == ()
    assert summary.ok
    assert summary.states == expected(sample_items(16)).states
    told = json.loads(json.dumps(summary.as_json()))
    assert (told["ok"], told["total"], told["problems"]) == (True, 16, [])
    assert sum(group["count"] for group in told["failures"]["groups"]) == summary.states["failed"]
    assert said[-1].startswith("100 %")
    assert children() == before


@pytest.mark.processes
def test_a_session_works_in_the_background_and_is_torn_down_whole() -> None:
    before, environment = children(), dict(os.environ)
    with contextlib.suppress(KeyboardInterrupt), DemoSession(12, 1) as session:
        workspace = Workspace(session.settings)
        assert workspace.identity().account == "123456789012"
        assert session.working() == 1
        assert wait_until(lambda: session.ledger.read_text() != "")
        assert len(workspace.workers.list()) == 1, "the demo's own are among the workers of this host"
        (added,) = workspace.workers.start(1, EngineOrder(idle="wait"))
        assert added.pid is not None
        folder = session.ledger.parent
        assert Path(os.environ["XDG_STATE_HOME"]).is_relative_to(folder)
        raise KeyboardInterrupt
    assert children() == before
    assert wait_until(lambda: not psutil.pid_exists(added.pid or 0)), "nor does one that was added stay"
    assert not folder.exists()
    assert dict(os.environ) == environment
    assert session.endpoint_url == ""


def test_a_host_without_the_programs_is_told_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="needs sh, seq, awk"), DemoSession(12, 1):
        pass


def test_too_few_workers_are_refused() -> None:
    with pytest.raises(UsageError, match="needs a worker"):
        DemoSession(12, 0)

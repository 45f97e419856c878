"""`--local`: one server a folder, found by every command, its tables as they were after it was stopped or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyanamo_tui.cli.place import with_local_folder
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import ServiceUnavailable
from pyanamo_tui.local.keeper import FILE
from pyanamo_tui.local.resident import LocalFolder, Resident, lead_to
from pyanamo_tui.settings import Settings
from tests.core.places import fill, nested, single
from tests.local.test_server import wait_until

pytestmark = pytest.mark.processes


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[LocalFolder]:
    """A folder whose server, if any, is stopped in the end."""
    local = LocalFolder(tmp_path / "data")
    yield local
    local.stop()


def opened(resident: Resident, region: str = "us-east-1") -> Workspace:
    """Table Kept of a local server."""
    return Workspace(Settings(table="Kept", region=region, endpoint_url=resident.endpoint_url))


def test_tables_are_as_they_were_after_a_stop_and_the_address_stays(folder: LocalFolder) -> None:
    first = folder.start()
    assert folder.start() == first
    workspace = opened(first)
    workspace.create_table("Kept", units=(7, 3), protect=True)
    other = opened(first, "eu-west-1")
    other.create_table("Kept")
    written = fill(workspace, [single(f"[/i{n}\x1b", "todo") for n in range(60)] + [nested("n", ["done", "failed"])])
    described = workspace.describe()
    assert folder.stop()
    assert folder.running() is None
    assert not folder.stop()
    second = folder.start()
    assert second.pid != first.pid
    assert second.endpoint_url == first.endpoint_url
    again = opened(second)
    assert {record["itemID"]["S"]: record for record in again.items.scan().records} == {
        record["itemID"]["S"]: record for record in written
    }
    after = again.describe()
    assert (after.capacity, after.billing, after.protected) == (described.capacity, described.billing, True)
    assert sorted(index.name for index in after.indexes) == sorted(index.name for index in described.indexes)
    assert after.stream_view == described.stream_view
    assert opened(second, "eu-west-1").describe().name == "Kept"
    assert opened(second, "eu-west-1").items.scan().records == ()


def test_what_was_saved_survives_kill_9(folder: LocalFolder) -> None:
    resident = folder.start()
    workspace = opened(resident)
    workspace.create_table("Kept")
    workspace.items.put(single("survivor"))
    assert wait_until(lambda: (folder.folder / FILE).exists() and "survivor" in (folder.folder / FILE).read_text())
    os.kill(resident.pid, signal.SIGKILL)
    assert wait_until(lambda: folder.running() is None)
    assert opened(folder.start()).items.get("survivor") is not None


def test_a_damaged_file_is_told_and_left_alone(folder: LocalFolder) -> None:
    folder.folder.mkdir()
    (folder.folder / FILE).write_text('{"region": "us-east-1"\n')
    with pytest.raises(ServiceUnavailable, match="line 1 is damaged"):
        folder.start()
    assert (folder.folder / FILE).read_text() == '{"region": "us-east-1"\n'
    (folder.folder / FILE).unlink()


def test_commands_at_once_find_one_server(folder: LocalFolder) -> None:
    folder.folder.mkdir()
    code = "import sys; from pyanamo_tui.local.resident import *; print(LocalFolder(Path(sys.argv[1])).start())"
    command = [sys.executable, "-c", code, str(folder.folder)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: subprocess.run(command, capture_output=True, check=True).stdout, range(2)))
    assert len(set(found)) == 1


def test_commands_share_one_database_and_never_aws(folder: LocalFolder, tmp_path: Path) -> None:
    items = tmp_path / "items.txt"
    items.write_text("itemID|TaskID|TaskScript\none|Align|seq 3\ntwo|Align|seq 4\n")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pyanamo_tui.cli.main", "--local", f"{folder.folder}/", *words]
        environment = {**os.environ, "AWS_PROFILE": "nobody", "PYANAMO_TUI_TABLE": "Mine"}
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env=environment)

    assert run("tables", "create", "Mine").returncode == 0
    assert run("import", str(items)).returncode == 0
    assert folder.stop()
    ran = run("status", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["states"] == {"todo": 2}
    wrong = run("status", "--profile", "mine")
    assert (wrong.returncode, wrong.stderr.splitlines()[0]) == (
        2,
        "pyanamo-tui: --local and --profile exclude each other",
    )


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["--local", "tables", "list"], ["--local=", "tables", "list"]),
        (["--local", "./d", "tables"], ["--local=./d", "tables"]),
        (["tables", "list", "--local", "/d/e"], ["tables", "list", "--local=/d/e"]),
        (["--local=d", "status"], ["--local=d", "status"]),
        (["--local"], ["--local="]),
        (["--local", "--json"], ["--local=", "--json"]),
        (["logs", "--", "--local"], ["logs", "--", "--local"]),
    ],
)
def test_a_folder_is_told_from_a_command(given: list[str], read: list[str]) -> None:
    assert with_local_folder(given, {"tables", "status", "logs"}) == read


def test_the_environment_leads_nowhere_but_there() -> None:
    environment = {
        "AWS_PROFILE": "real",
        "AWS_SESSION_TOKEN": "secret",
        "PYANAMO_TUI_TABLE": "T",
        "PYANAMO_TUI_PROFILE": "real",
        "PATH": "/bin",
    }
    lead_to(Resident(Path("d"), 1, "http://127.0.0.1:1"), environment)
    assert "secret" not in environment.values()
    assert "real" not in environment.values()
    assert (environment["PYANAMO_TUI_TABLE"], environment["PATH"]) == ("T", "/bin")
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"

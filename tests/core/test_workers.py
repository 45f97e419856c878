"""Engines on this host as real processes: started, found again, drained, stopped, killed, scaled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pyanamo_tui.core.engineorder import EngineOrder
from pyanamo_tui.core.workerfiles import ORDER_SUFFIX, workers_folder
from pyanamo_tui.core.workers import LocalWorker, LocalWorkers, WorkerStage, WorkPlace
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import NotFound, ReadOnly, UsageError
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from tests.core.places import REGION, fill, open_table

DEADLINE = 30.0
WAITS = EngineOrder(idle="wait")


@pytest.fixture
def workspace(embedded: EmbeddedServer, table_name: str) -> Iterator[Workspace]:
    """A new workflow table; its workers are killed afterwards."""
    opened = open_table(embedded, table_name)
    yield opened
    opened.workers.kill([one.id for one in opened.workers.list() if one.alive])


def one_of(workspace: Workspace, worker_id: str) -> LocalWorker:
    return next(one for one in workspace.workers.list() if one.id == worker_id)


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, f"not seen: {what}"
        time.sleep(0.05)


def folder() -> Path:
    return workers_folder()


def test_workers_do_the_work_and_end_and_are_forgotten(workspace: Workspace) -> None:
    fill(workspace, [schema.new_single(f"S{number}", "Align", "true") for number in range(6)])

    started = workspace.workers.start(2)

    assert len(started) == 2
    until(lambda: all(one.stage is WorkerStage.ENDED for one in workspace.workers.list()), "both ended")
    ended = workspace.workers.list()
    assert (sum(one.done for one in ended), sum(one.claimed for one in ended)) == (6, 6)
    assert all(one.ended_at is not None and one.error == "" for one in ended)
    assert "summary" in workspace.workers.tail(ended[0].id)
    assert workspace.workers.forget() == 2
    assert workspace.workers.list() == ()
    assert [path.name for path in folder().iterdir()] == ["lock"]


STARTER = textwrap.dedent(
    """
    import os, signal, sys
    from pyanamo_tui.core.engineorder import EngineOrder
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.settings import Settings
    table, endpoint = sys.argv[1:]
    workspace = Workspace(Settings(table=table, region="eu-west-2", endpoint_url=endpoint))
    print(workspace.workers.start(1, EngineOrder(idle="wait"))[0].id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """
)


def test_a_worker_outlives_its_starter_and_is_found_drained_and_ends(
    workspace: Workspace, embedded: EmbeddedServer
) -> None:
    starter = subprocess.run(
        [sys.executable, "-c", STARTER, workspace.table, embedded.endpoint_url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert starter.returncode == -signal.SIGKILL
    worker = one_of(workspace, starter.stdout.strip())
    assert worker.stage is WorkerStage.WAITING
    assert worker.pid is not None
    assert os.getsid(worker.pid) != os.getsid(0), "no hang-up of a terminal reaches it"
    fill(workspace, [schema.new_single("S1", "Align", "sh -c 'sleep 5; echo over'")])
    until(lambda: one_of(workspace, worker.id).stage is WorkerStage.WORKING, "the item in hand")
    assert [one.item for one in one_of(workspace, worker.id).running] == ["S1"]

    (outcome,) = workspace.workers.drain([worker.id])

    assert outcome.ok
    until(lambda: one_of(workspace, worker.id).stage is WorkerStage.ENDED, "its end")
    assert workspace.item("S1").facts.state == "done"
    (late,) = workspace.workers.drain([worker.id])
    assert (late.ok, late.why) == (False, "it has ended already")


def test_a_stopped_worker_gives_its_item_back_and_a_killed_one_is_said_to_be(workspace: Workspace) -> None:
    first, second = workspace.workers.start(2, WAITS)
    fill(workspace, [schema.new_single(name, "Align", "sleep 600") for name in ("S1", "S2")])
    until(lambda: all(one.running for one in workspace.workers.list()), "an item in hand of each")
    held = {one.running[0].item for one in workspace.workers.list() if one.id == first.id}

    workspace.workers.kill([second.id])
    until(lambda: one_of(workspace, second.id).stage is WorkerStage.KILLED, "killed")
    dead = one_of(workspace, second.id)
    assert dead.error, "the last line of its log"
    assert not dead.alive

    # Twice is without patience: the grace is for tasks that are worth it.
    workspace.workers.stop([first.id])
    until(lambda: one_of(workspace, first.id).stage is WorkerStage.STOPPING, "stopping")
    workspace.workers.stop([first.id])
    until(lambda: one_of(workspace, first.id).stage is WorkerStage.ENDED, "stopped")
    (item_id,) = held
    assert workspace.item(item_id).facts.state == "todo"


def test_two_who_scale_at_once_agree(workspace: Workspace, embedded: EmbeddedServer) -> None:
    def scale() -> None:
        open_table(embedded, workspace.table, create=False).workers.scale(3, WAITS)

    both = [threading.Thread(target=scale) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert len([one for one in workspace.workers.list() if one.alive]) == 3
    fewer = workspace.workers.scale(1)
    assert (len(fewer.started), len(fewer.draining)) == (0, 2)
    until(lambda: sum(one.alive for one in workspace.workers.list()) == 1, "one left")


def test_no_other_process_is_ever_signalled(workspace: Workspace) -> None:
    (worker,) = workspace.workers.start(1, WAITS)
    workspace.workers.kill([worker.id])
    until(lambda: not one_of(workspace, worker.id).alive, "its end")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        # The system gives the pid to another process, which was made later.
        state = json.loads((folder() / f"{worker.id}.json").read_text())
        state["pid"], state["pid_created"] = other.pid, state["pid_created"] - 60
        (folder() / f"{worker.id}.json").write_text(json.dumps(state))

        assert one_of(workspace, worker.id).stage is WorkerStage.KILLED
        for outcome in (*workspace.workers.kill([worker.id]), *workspace.workers.stop([worker.id])):
            assert (outcome.ok, outcome.why) == (False, "it has ended already")
        assert psutil.Process(other.pid).is_running()
        assert other.poll() is None
        assert other.stdin is not None
        other.stdin.write(b"\n")


def test_a_process_that_is_no_engine_is_not_signalled_whatever_a_file_says(workspace: Workspace) -> None:
    (worker,) = workspace.workers.start(1, WAITS)
    workspace.workers.kill([worker.id])
    until(lambda: not one_of(workspace, worker.id).alive, "its end")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        state = json.loads((folder() / f"{worker.id}.json").read_text())
        state["pid"], state["pid_created"] = other.pid, psutil.Process(other.pid).create_time()
        (folder() / f"{worker.id}.json").write_text(json.dumps(state))

        assert [outcome.ok for outcome in workspace.workers.kill([worker.id])] == [False]
        assert other.poll() is None
        assert other.stdin is not None
        other.stdin.write(b"\n")


def test_what_tasks_write_beside_them_stays_when_a_worker_is_forgotten(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(workspace, [schema.new_single("S1", "Align", "sh -c 'echo result > result.bam'")])
    workspace.workers.start(1)
    until(lambda: all(one.stage is WorkerStage.ENDED for one in workspace.workers.list()), "its end")

    workspace.workers.forget()

    assert (tmp_path / "result.bam").read_text() == "result\n"


def test_a_profile_goes_before_keys_of_the_environment(
    embedded: EmbeddedServer, table_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "credentials"
    config.write_text("[lab]\naws_access_key_id = of-the-profile\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(config))
    opened = open_table(embedded, table_name)
    workers = LocalWorkers(WorkPlace(table_name, opened.region, opened.settings.endpoint_url, "lab"))
    (worker,) = workers.start(1, WAITS)
    try:
        assert worker.pid is not None
        environment = psutil.Process(worker.pid).environ()
        assert environment["AWS_PROFILE"] == "lab"
        assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & set(environment)
    finally:
        workers.kill([worker.id])


def test_without_a_table_all_workers_can_be_listed_and_none_started(
    workspace: Workspace, embedded: EmbeddedServer
) -> None:
    workspace.workers.start(1, WAITS)
    nowhere = Workspace(Settings(region=REGION, endpoint_url=embedded.endpoint_url))

    assert nowhere.workers.list() == ()
    assert [one.table for one in nowhere.workers.list(everywhere=True)] == [workspace.table]
    with pytest.raises(UsageError, match="No table"):
        nowhere.workers.start(1)


def test_a_worker_that_cannot_start_says_why(workspace: Workspace) -> None:
    workspace.tables.delete(workspace.table)

    (worker,) = workspace.workers.start(1)

    assert worker.stage is WorkerStage.KILLED
    assert "table" in workspace.workers.tail(worker.id)
    assert worker.error.startswith("pyanamo-engine: There is no table")
    assert "Check" in worker.error


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '"x"', '{"id":1}', '{"table":7}', "[" * 100_000, "\ud800".encode("utf-8", "surrogatepass")],
)
def test_damaged_files_are_told_and_never_acted_upon(workspace: Workspace, content: str | bytes) -> None:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    name = "w-20261123-101500-abcd"
    data = content if isinstance(content, bytes) else content.encode()
    (folder() / (name + ORDER_SUFFIX)).write_bytes(data)
    (folder() / f"../../{name}{ORDER_SUFFIX}").write_bytes(data)

    (worker,) = workspace.workers.list(everywhere=True)

    assert worker.stage is WorkerStage.UNREADABLE
    assert worker.error
    (outcome,) = workspace.workers.kill([name])
    assert (outcome.ok, bool(outcome.why)) == (False, True)
    assert workspace.workers.forget([name]) == 1
    assert workspace.workers.list(everywhere=True) == ()


def test_a_file_that_points_elsewhere_is_not_read(workspace: Workspace, tmp_path: Path) -> None:
    (worker,) = workspace.workers.start(1, WAITS)
    state = folder() / f"{worker.id}.json"
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps({**json.loads(state.read_text()), "done": 77}))
    workspace.workers.kill([worker.id])
    until(lambda: not one_of(workspace, worker.id).alive, "its end")
    state.unlink()
    state.symlink_to(elsewhere)

    assert one_of(workspace, worker.id).done == 0


def test_a_table_open_read_only_gets_no_workers(workspace: Workspace, embedded: EmbeddedServer) -> None:
    reader = open_table(embedded, workspace.table, create=False, read_only=True)
    for start in (lambda: reader.workers.start(1), lambda: reader.workers.scale(1)):
        with pytest.raises(ReadOnly):
            start()
    assert reader.workers.list() == ()


def test_credentials_are_in_no_file_and_on_no_command_line(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-37-letters-that-is-unique")
    (worker,) = workspace.workers.start(1, WAITS)
    assert worker.pid is not None
    process = psutil.Process(worker.pid)
    assert process.environ()["AWS_SECRET_ACCESS_KEY"] == "a-secret-of-37-letters-that-is-unique"
    assert "a-secret" not in " ".join(process.cmdline())
    for path in folder().rglob("*"):
        if path.is_file():
            assert b"a-secret" not in path.read_bytes(), path
    assert folder().stat().st_mode & 0o077 == 0


def test_a_followed_log_comes_line_by_line_wherever_its_writing_was_cut(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (worker,) = workspace.workers.start(1, WAITS)
    os.kill(worker.pid or 0, signal.SIGSTOP)
    log = worker.log_path.open("ab")
    log.write("\ncafé\nna".encode())
    log.flush()
    rest = iter([b"\xc3", b"\xaf", b"ve\nbad \xff\nlast", b""])

    def write_on(_seconds: float) -> None:
        part = next(rest)
        log.write(part)
        log.flush()
        if not part:
            workspace.workers.kill([worker.id])
            psutil.wait_procs([psutil.Process(worker.pid)] if psutil.pid_exists(worker.pid or 0) else [], DEADLINE)

    monkeypatch.setattr("pyanamo_tui.core.workers.time.sleep", write_on)
    lines = list(workspace.workers.follow(worker.id, 1))
    log.close()
    assert lines == ["naïve", "bad \\xff", "last"]


def test_workers_of_other_tables_are_told_apart(workspace: Workspace, embedded: EmbeddedServer) -> None:
    workspace.workers.start(1, WAITS)
    other = open_table(embedded, workspace.table + "-other")

    assert other.workers.list() == ()
    (seen,) = other.workers.list(everywhere=True)
    assert (seen.here, seen.table) == (False, workspace.table)
    with pytest.raises(NotFound):
        other.workers.tail("w-20261123-101500-none")

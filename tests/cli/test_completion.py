"""The tab key: what bash is offered for a line, and that it is neither kept waiting nor told of errors."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pyanamo_tui.core.workspace import Workspace
from tests.cli.conftest import Run
from tests.core.places import REGION, fill, nested, single

WAITED = 30.0
"""Less than AWS would be asked again and again for: by then the key has to be answered."""
_ASK = """
eval "$(<"$1")"
compopt() { printf 'files of the shell\\n'; }
shift
for COMP_LINE; do
    COMP_POINT=${#COMP_LINE}
    _pyanamo_tui_completion pyanamo-tui
    printf '%s\\n' "${COMPREPLY[@]}" .
done
"""


def offered(run: Run, folder: Path, lines: Sequence[str]) -> list[list[str]]:
    """What bash itself puts up for each line, with the cursor at its end."""
    script = folder / "completion.bash"
    script.write_text(run("completion", "bash").out)
    program = folder / "pyanamo-tui"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pyanamo_tui.cli.main "$@"\n')
    program.chmod(0o700)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["bash", "-c", _ASK, "bash", str(script), *lines],
        capture_output=True,
        text=True,
        timeout=WAITED,
        check=True,
        env=environment,
    )
    assert ran.stderr == ""
    return [answer.split("\n")[:-1] if answer.strip() else [] for answer in ran.stdout.split(".\n")[:-1]]


def test_bash_is_offered_commands_options_states_files_and_what_the_table_holds(
    run: Run, workspace: Workspace, tmp_path: Path
) -> None:
    fill(
        workspace,
        [single("S 1", "done"), single("lane:1", "todo"), single("-x", "todo"), nested("N1", ["done", "todo"])],
    )
    table = workspace.table
    asked = {
        "pyanamo-tui set": ["set-state", "settings"],
        "pyanamo-tui items --st": ["--state"],
        "pyanamo-tui items --state=f": ["failed"],
        "pyanamo-tui import ": ["files of the shell"],
        f"pyanamo-tui items -t {table[:-1]}": [table],
        "pyanamo-tui logs ": ["N1", r"S\ 1", "lane:1"],
        'pyanamo-tui logs "S': ["S 1"],
        "pyanamo-tui logs lane:": ["1"],
        "pyanamo-tui requeue N1 --task ": ["Task_0", "Task_1"],
        "pyanamo-tui -t None-of-ours logs ": [],
        "pyanamo-tui --local ./none-of-ours items -t ": [],
        "pyanamo-tui nonsense ": [],
    }
    found = offered(run, tmp_path, list(asked))
    assert dict(zip(asked, found, strict=True)) == asked
    assert not Path("none-of-ours").exists(), "pressing a key starts no server"


def test_nobody_waits_for_a_server_that_does_not_answer(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        line = f"pyanamo-tui -r {REGION} --endpoint-url {url} items -t "
        assert offered(run, tmp_path, [line]) == [[]]
        silent.settimeout(0)
        silent.accept()[0].close()

"""Cron: a shell script without a terminal reads `status --json` and its exit code, and both can be trusted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pyanamo_tui.local.server import EmbeddedServer
from tests.core.places import REGION, fill, open_table, single
from tests.terminal.tmux import program

pytestmark = pytest.mark.processes
SCRIPT = """
told=$($PROGRAM status -t "$1" -r {region} --endpoint-url "$2" --json 2>err) || {{ echo "code $?"; cat err; exit 0; }}
echo "$told" | $PYTHON -c 'import json, sys; told = json.load(sys.stdin); print(told["states"], told["exact"])'
"""


def test_a_script_without_a_terminal_can_trust_status(
    embedded: EmbeddedServer, table_name: str, tmp_path: Path
) -> None:
    workspace = open_table(embedded, table_name)
    fill(workspace, [single("a", "done"), single("b"), single("c")])
    script = tmp_path / "watch.sh"
    script.write_text(SCRIPT.format(region=REGION))
    command = program()

    def run(table: str, url: str, **changed: str) -> list[str]:
        mine = {"PROGRAM": " ".join(command), "PYTHON": command[0], "AWS_MAX_ATTEMPTS": "1"}
        done = subprocess.run(
            ["/bin/sh", str(script), table, url],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, **mine, **changed},
            cwd=tmp_path,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    assert run(table_name, embedded.endpoint_url) == ["{'done': 1, 'failed': 2} True"]
    for code, told in (
        (4, run("no-such-table", embedded.endpoint_url)),
        (3, run(table_name, embedded.endpoint_url, **nobody)),
        (1, run(table_name, "http://127.0.0.1:9")),
    ):
        assert told[0] == f"code {code}"
        assert len(told) == 3, "one line says what happened, one what to do"

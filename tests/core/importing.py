"""What tests of imports need: a file to import, and an import killed in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer

HEADER = "itemID|TaskID|TaskScript\n"

_PROGRAM = textwrap.dedent(
    """
    import os, signal, sys
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.settings import Settings
    table, endpoint, path, limit = sys.argv[1:]
    def told(now):
        if now.written >= int(limit):
            os.kill(os.getpid(), signal.SIGKILL)
    workspace = Workspace(Settings(table=table, region="eu-west-2", endpoint_url=endpoint))
    workspace.importer.run(path, progress=told)
    """
)


def write_file(folder: Path, count: int, name: str = "items.txt", command: str = "seq") -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"S{i:05}|Align|{command} {i}\n" for i in range(count)))
    return path


def import_until_killed(workspace: Workspace, embedded: EmbeddedServer, path: Path, limit: int) -> None:
    """Import a file in a process that is killed when so many items are written."""
    arguments = [workspace.table, embedded.endpoint_url, str(path), str(limit)]
    killed = subprocess.run([sys.executable, "-c", _PROGRAM, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL

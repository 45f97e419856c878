"""What a crash leaves: a report file, without values of variables, and a line that says where it is."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from pathlib import Path

from pyanamo_tui import __version__
from pyanamo_tui.settings import state_path


def new_report_path() -> Path:
    """Where a report of this process goes."""
    return state_path() / "crashes" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"


def report_head() -> str:
    """The first lines of a report: versions and the time."""
    versions = f"pyanamo-tui {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return f"{versions}\n{time.strftime('%Y-%m-%dT%H:%M:%S%z')}"


def write_report(error: BaseException) -> Path | None:
    """Write a report about an error that nobody expected; None if no file could be written.

    It holds the traceback and versions. It holds no variables, arguments or environment, where secrets could be.
    """
    path = new_report_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(f"{report_head()}\n{''.join(traceback.format_exception(error))}", encoding="utf-8")
        path.chmod(0o600)
    except OSError as problem:
        print(f"pyanamo-tui: no crash report could be written: {problem}", file=sys.stderr)  # noqa: T201 - the last resort
        return None
    return path

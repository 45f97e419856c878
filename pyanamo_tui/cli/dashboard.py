"""Opens the dashboard: textual is imported here, boto3 later on a thread of the dashboard's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyanamo_tui.errors import UsageError

if TYPE_CHECKING:
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.settings import Settings


def has_terminal() -> bool:
    """Whether there is somebody to show a screen to."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _open_workspace(settings: Settings) -> Workspace:
    from pyanamo_tui.core.workspace import Workspace  # noqa: PLC0415 - boto3, after the first frame

    return Workspace(settings)


def open_dashboard(settings: Settings, *, notice: str = "") -> None:
    """Run the dashboard until it is quit.

    Raises:
        UsageError: there is no terminal.
    """
    if not has_terminal():
        raise UsageError(
            "The dashboard needs a terminal", "Use a command instead, e.g. pyanamo-tui status -t NAME --json"
        )
    from pyanamo_tui.tui.app import Dashboard  # noqa: PLC0415 - textual, only when it is wanted

    dashboard = Dashboard(settings, _open_workspace, notice=notice)
    dashboard.run()
    if dashboard.crash is not None:
        raise dashboard.crash

"""Opens the dashboard: textual is imported here, boto3 later on a thread of the dashboard's own."""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
import termios
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from pyanamo_tui.cli.leaving import do_not_wait
from pyanamo_tui.cli.terminal_guard import guarded_terminal
from pyanamo_tui.errors import UsageError

if TYPE_CHECKING:
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.settings import Settings
    from pyanamo_tui.tui.app import Dashboard

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)
"""Asked to end from outside, and left by the terminal: it ends as by key, and the terminal is given back."""
EXIT_SIGNAL: Final = 128
"""What a shell adds to the number of a signal in the exit code of what it ended."""
_HANGUP_SECONDS: Final = 2.0
"""How often it is looked whether the terminal is still there."""


def has_terminal() -> bool:
    """Whether there is somebody to show a screen to."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _open_workspace(settings: Settings) -> Workspace:
    from pyanamo_tui.core.workspace import Workspace  # noqa: PLC0415 - boto3, after the first frame

    return Workspace(settings)


def open_dashboard(settings: Settings, *, notice: str = "", ending: str = "") -> None:
    """Run the dashboard until it is quit.

    Args:
        settings: which table to open, and how.
        notice: a line to show once at the start.
        ending: what ends with it, where that is more than the screen.

    Raises:
        UsageError: there is no terminal.
        SystemExit: a signal ended it.
    """
    if not has_terminal():
        raise UsageError(
            "The dashboard needs a terminal", "Use a command instead, e.g. pyanamo-tui status -t NAME --json"
        )
    from pyanamo_tui.tui.app import Dashboard  # noqa: PLC0415 - textual, only when it is wanted

    dashboard = Dashboard(settings, _open_workspace, notice=notice, ending=ending)
    with guarded_terminal():
        runner = asyncio.Runner()
        try:
            ended_by = runner.run(_until_it_ends(dashboard))
        finally:
            if _changes_under_way():
                runner.close()  # Waits for them: the terminal says nothing of them any more, the journal does.
            do_not_wait()
    if dashboard.crash is not None:
        raise dashboard.crash
    if ended_by is not None:
        sys.exit(EXIT_SIGNAL + ended_by)


def _changes_under_way() -> bool:
    journal = sys.modules.get("pyanamo_tui.core.journalfile")  # not there where no table was ever opened
    return journal is not None and bool(journal.ActionWriter.any_open())


async def _until_it_ends(dashboard: Dashboard) -> signal.Signals | None:
    """Run it; gives the signal that ended it, if one did."""
    by: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        by.append(number)
        dashboard.exit()

    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, partial(end, number))
    watch = asyncio.create_task(_until_hung_up(partial(end, signal.SIGHUP)))
    try:
        await dashboard.run_async()
    except OSError as error:
        if not by or error.errno != errno.EIO:
            raise
        # The terminal is gone: it cannot be given back.
    finally:
        watch.cancel()
    return by[0] if by else None


async def _until_hung_up(end: Callable[[], None]) -> None:
    """A terminal that is gone sends SIGHUP to its session only: a dashboard of another one reads nothing for ever."""
    while True:
        await asyncio.sleep(_HANGUP_SECONDS)
        try:
            termios.tcgetattr(sys.stdin.fileno())
        except termios.error:
            end()
            return

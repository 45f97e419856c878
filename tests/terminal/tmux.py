"""A real terminal for tests: the program in tmux, keys pressed, the screen read as a person would."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import psutil

from tests.core.places import REGION

TMUX = shutil.which("tmux")
PATIENCE = 60.0


def program(*arguments: str) -> list[str]:
    """The command that starts the program with these arguments."""
    return [sys.executable, "-m", "pyanamo_tui.cli.main", *arguments]


def dashboard(table: str, url: str) -> list[str]:
    """The command that opens the dashboard on a table of a stand-in."""
    return program("-t", table, "-r", REGION, "--endpoint-url", url)


class Terminal:
    """One tmux session with one program. Leaves nothing behind."""

    def __init__(
        self, command: Sequence[str], *, size: tuple[int, int] = (80, 24), environment: Mapping[str, str] | None = None
    ) -> None:
        self._socket = f"pyanamo-{uuid.uuid4().hex[:8]}"
        self._command = command
        self._size = size
        self._environment = {**os.environ, **(environment or {}), "TERM": "xterm-256color"}
        for name in ("TMUX", "COLUMNS", "LINES"):  # a size of the tests' own terminal would hold for the program too
            self._environment.pop(name, None)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, "-f", os.devnull, *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=self._environment,
        )
        return done.stdout

    def __enter__(self) -> Self:
        columns, rows = self._size
        inside = f"env TERM=tmux-256color {shlex.join(self._command)}; code=$?; echo; echo ended with $code; sleep 600"
        self._tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), inside)
        self._tmux("set-option", "-g", "status", "off")
        self.resize(columns, rows)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True)

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names (`Enter`, `Escape`, `j`)."""
        for key in keys:
            self._tmux("send-keys", key)
            # A person's pace: Escape followed within a tenth of a second by another key would be Alt and that key.
            time.sleep(0.2 if key == "Escape" else 0.05)

    def type(self, text: str) -> None:
        """Type text."""
        self._tmux("send-keys", "-l", text)

    def pasted(self) -> str:
        """What tmux would paste."""
        return self._tmux("show-buffer")

    def screen(self) -> str:
        """What is on the screen now."""
        return self._tmux("capture-pane", "-p")

    def modes(self) -> str:
        """Three digits: is the program on the other screen, does it hear of the mouse, is the cursor shown."""
        return self._tmux("display-message", "-p", "#{alternate_on}#{mouse_any_flag}#{cursor_flag}").strip()

    def command_pid(self) -> int:
        """The process of the program that runs."""
        shell = psutil.Process(int(self._tmux("display-message", "-p", "#{pane_pid}")))
        return shell.children()[0].pid

    def wait(self, what: str | Callable[[str], bool], patience: float = PATIENCE) -> str:
        """The screen, once it holds this text or passes this test.

        Raises:
            AssertionError: it did not in time; shows the screen.
        """
        deadline = time.monotonic() + patience
        while True:
            screen = self.screen()
            if what(screen) if callable(what) else what in screen:
                return screen
            assert time.monotonic() < deadline, f"never saw {what!r} on:\n{screen}"
            time.sleep(0.1)

"""Ends a process with the one that started it, however that one ended: nothing of ours is left running.

The parent holds the writing end of a pipe that is the child's standard input. When the parent is gone, by
whatever signal, the kernel closes the pipe and the child reads its end. As a command, this module ties any
program in that way: `python -m pyanamo_tui.local.tether --parent-pid N -- PROGRAM ARGUMENT...`
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_LOOK_EVERY: Final = 1.0
GRACE: Final = 8.0
"""Seconds that a tethered program has to end after SIGTERM before it is killed."""


def when_parent_ends(parent_pid: int, then: Callable[[], None]) -> None:
    """Call `then` from a thread of its own once standard input is at its end or the parent is another process.

    Args:
        parent_pid: the process that holds the other end of standard input.
        then: what to do; called once.
    """

    def watch() -> None:
        stdin = sys.stdin.fileno()
        while os.getppid() == parent_pid:
            readable, _, _ = select.select([stdin], [], [], _LOOK_EVERY)
            if readable and not os.read(stdin, 4096):
                break
        then()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def tethered(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    output: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process: on SIGTERM first, killed after a grace.

    Args:
        command: program and arguments; run without a shell.
        environment: its whole environment.
        directory: where it runs.
        output: where its stdout and stderr go.

    Returns:
        The process to wait for. Its exit code is the program's (128 + N for one that signal N ended);
        `terminate()` ends the program and then it.
    """
    tether = [sys.executable, "-P", "-m", "pyanamo_tui.local.tether", "--parent-pid", str(os.getpid()), "--", *command]
    return subprocess.Popen(
        tether,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=directory,
        start_new_session=True,
    )


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # The whole group has ended.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a program until it ends or the parent does; the program's exit code is ours."""
    parser = argparse.ArgumentParser(description="Run a program that ends with the process that started it.")
    parser.add_argument("--parent-pid", type=int, required=True)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    signal.signal(signal.SIGINT, lambda *_: told.set())
    child = subprocess.Popen(options.command, stdin=subprocess.DEVNULL, start_new_session=True)

    def end_child() -> None:
        told.wait()
        child.terminate()
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            _kill_group(child)

    threading.Thread(target=end_child, name="end-child", daemon=True).start()
    when_parent_ends(options.parent_pid, told.set)
    code = child.wait()
    if told.is_set():
        _kill_group(child)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())

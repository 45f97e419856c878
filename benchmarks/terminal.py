"""A program in a real pseudo-terminal of 80×24: its keys pressed, its bytes read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Sequence

_QUIET = 0.6
"""Seconds without a byte, after which a screen has settled (or twelve times as long with some)."""


class Terminal:
    """The other side of a program's terminal."""

    def __init__(self, pid: int, side: int) -> None:
        self.pid = pid
        self._side = side

    def read(self, patience: float) -> bytes:
        """What it sends next; nothing if it is silent that long (seconds)."""
        readable, _, _ = select.select([self._side], [], [], max(0.0, patience))
        return os.read(self._side, 1 << 16) if readable else b""

    def press(self, keys: str) -> None:
        """Type these."""
        os.write(self._side, keys.encode())

    def until(self, wanted: bytes, patience: float) -> bytes:
        """Everything it sends up to where this is in it.

        Raises:
            RuntimeError: it was not, in that many seconds.
        """
        sent, deadline = b"", time.monotonic() + patience
        while wanted not in sent:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RuntimeError(f"{wanted!r} did not come to the terminal")
            sent += self.read(left)
        return sent

    def settle(self) -> None:
        """Read until it is quiet, or has been given time enough."""
        deadline = time.monotonic() + 12 * _QUIET
        while time.monotonic() < deadline and self.read(_QUIET):
            pass

    def drain(self) -> None:
        """Read what is there already."""
        while self.read(0.0):
            pass


@contextlib.contextmanager
def terminal(command: Sequence[str], *, keep: Sequence[int] = ()) -> Iterator[Terminal]:
    """Run a program in a terminal of 80×24 until the end of the block; `keep` are descriptors that it inherits."""
    pid, side = pty.fork()
    if pid == 0:
        for number in keep:
            os.set_inheritable(number, True)
        os.execve(command[0], list(command), {**os.environ, "TERM": "xterm-256color", "COLORTERM": ""})
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    try:
        yield Terminal(pid, side)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(side)

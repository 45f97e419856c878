"""A program in a real pseudo-terminal: its keys pressed, its very bytes read, as no screen shows them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
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
        """What it sends next; nothing if it is silent that long (seconds).

        Raises:
            EOFError: the program has ended, and all that it sent is read.
        """
        readable, _, _ = select.select([self._side], [], [], max(0.0, patience))
        if not readable:
            return b""
        try:
            sent = os.read(self._side, 1 << 16)
        except OSError:  # Linux's way to say that nobody holds the other side any more
            sent = b""
        if not sent:
            raise EOFError("the program has ended")
        return sent

    def press(self, keys: str) -> None:
        """Type these."""
        os.write(self._side, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal another size, and tell the program."""
        _set_size(self._side, columns, rows)
        os.kill(self.pid, signal.SIGWINCH)

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


def _set_size(side: int, columns: int, rows: int) -> None:
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextlib.contextmanager
def terminal(
    command: Sequence[str], *, size: tuple[int, int] = (80, 24), keep: Sequence[int] = ()
) -> Iterator[Terminal]:
    """Run a program in a terminal until the end of the block.

    Args:
        command: the program and its arguments.
        size: columns and rows.
        keep: descriptors that it inherits.
    """
    side, other = os.openpty()
    _set_size(side, *size)
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": ""}
    for name in ("COLUMNS", "LINES"):  # a size of our own terminal would hold for the program too
        environment.pop(name, None)
    program = subprocess.Popen(
        command, stdin=other, stdout=other, stderr=other, env=environment, pass_fds=keep, start_new_session=True
    )
    os.close(other)
    try:
        yield Terminal(program.pid, side)
    finally:
        program.kill()
        program.wait()
        os.close(side)

"""Ends the process without waiting for answers of AWS that nobody needs any more.

Threads that ask AWS where it does not answer go on for a minute, one that reads keys of a terminal that is gone for
ever; and Python waits for all of them before it ends.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

_waiting = True


def do_not_wait() -> None:
    """Nothing that is still under way in threads is needed, or changes anything."""
    global _waiting  # noqa: PLW0603 - one process ends once
    _waiting = False


def leave(ending: SystemExit) -> NoReturn:
    """End with this exit code: as Python does, or at once."""
    if _waiting or not isinstance(ending.code, int):
        raise ending
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # the terminal is gone
            stream.flush()
    os._exit(ending.code)

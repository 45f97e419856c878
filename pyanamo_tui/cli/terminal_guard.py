"""Gives the terminal back when the dashboard could not: killed, out of memory, or crashed below Python.

A process that is killed cleans nothing up; its terminal would stay on the other screen, without a cursor, sending a
sequence for every movement of the mouse. So a shell waits beside the dashboard for the end of a pipe, and mends it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from pyanamo_tui.cli.crash import new_report_path, report_head

_ENDED: Final = b"ended\n"
_MODES_OFF: Final = (
    r"\033[?2004l\033[?7h\033[?1000l\033[?1003l\033[?1015l\033[?1006l\033[<u\033[?1049l\033[?25h\033[?1004l"
)
"""Bracketed paste, mouse, keyboard protocol, the other screen, the hidden cursor, focus events: as they were."""
_TOLD: Final = "pyanamo-tui was killed, or crashed. What it had changed: pyanamo-tui activity"
_SCRIPT: Final = r"""
exec 3>&1
IFS= read -r first
[ "$first" = ended ] && exit
case $(stty -a <&3) in *-isig*) stty sane <&3 ;; esac
printf '%b' "$1"; printf '%s\n' "$2"
[ -n "$first" ] || exit
umask 077
mkdir -p "${3%/*}" && { printf '%s\n%s\n' "$4" "$first"; cat; } > "$3" && printf 'Please report it, with %s\n' "$3"
"""
"""Reads how the dashboard ended: a word of its own, nothing when it was killed, or where it was when it crashed.

Keys that send no signals are the dashboard's doing; with signals the user's shell has taken its terminal back already.
"""


@contextlib.contextmanager
def guarded_terminal() -> Iterator[None]:
    """While inside, the terminal of standard output is mended when this process ends without leaving properly.

    A crash of the interpreter leaves a report file with the functions and lines that ran, no values of variables.
    """
    words = [_MODES_OFF, _TOLD, str(new_report_path()), report_head()]
    reading, writing = os.pipe()
    try:
        guard = subprocess.Popen(
            ["sh", "-c", _SCRIPT, "pyanamo-tui", *words],
            stdin=reading,
            stdout=sys.stdout.fileno(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a hangup or a key of the terminal ends the dashboard first
        )
    except OSError:
        # No shell on this host: then nobody mends the terminal after kill -9, and all else is as ever.
        os.close(writing)
        yield
        return
    finally:
        os.close(reading)
    faulthandler.enable(writing)
    try:
        yield
    finally:
        faulthandler.disable()
        with contextlib.suppress(BrokenPipeError):  # somebody ended the shell
            os.write(writing, _ENDED)
        os.close(writing)
        guard.wait()

"""A terminal that goes away while much is written to it: what is written is dropped, and nothing waits for it."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import os, sys
from textual.drivers._writer_thread import WriterThread
from pyanamo_tui.tui.terminal import Output

terminal = open(int(sys.argv[1]), "w")
thread = WriterThread(Output(terminal))
thread.start()
thread.write("there")
sys.stdin.read()
for number in range(100):
    thread.write(str(number))
thread.stop()
os._exit(7)
"""


def test_what_is_written_to_a_terminal_that_is_gone_is_dropped() -> None:
    side, other = os.openpty()
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, str(other)], stdin=subprocess.PIPE, pass_fds=[other])
    os.close(other)
    assert os.read(side, 100) == b"there"
    os.close(side)
    try:
        program.communicate(timeout=60)
        assert program.returncode == 7
    finally:
        program.kill()
        program.wait()

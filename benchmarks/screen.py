"""The dashboard in a real pseudo-terminal: how soon its first frame is there, and what an idle screen sends."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from contextlib import AbstractContextManager

from benchmarks.places import REGION, ended, fill, new_table, server
from benchmarks.report import Figure, Goal, seconds
from tests.standins import Kind
from tests.terminal.pseudo import Terminal, terminal

TIMES = 5
FRAME_BYTES = 1_000
"""Less than this is a title, not a screen of 80×24."""
IDLE_SECONDS = 20.0
SETTLE_SECONDS = 8.0
TABLE = "Cohort7"
_PATIENCE = 60.0


def _dashboard(*arguments: str) -> AbstractContextManager[Terminal]:
    return terminal([sys.executable, "-m", "pyanamo_tui.cli.main", *arguments])


def _first_frame() -> float:
    """Seconds until the table's name is on the screen; nobody answers at the endpoint."""
    began, sent = time.perf_counter(), b""
    with _dashboard("-t", TABLE, "-r", REGION, "--endpoint-url", "http://127.0.0.1:9") as shown:
        while TABLE.encode() not in sent or len(sent) < FRAME_BYTES:
            sent += shown.read(_PATIENCE)
            if time.perf_counter() - began > _PATIENCE:
                raise RuntimeError("there was no first frame")
        return time.perf_counter() - began


def start() -> list[Figure]:
    """The first frame, before AWS has answered, against importing textual.app in a fresh interpreter."""
    bare = [sys.executable, "-c", "import textual.app"]
    seconds(lambda: subprocess.run(bare, check=True))
    pairs = [(_first_frame(), seconds(lambda: subprocess.run(bare, check=True))) for _ in range(TIMES)]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(over / under for over, under in pairs)
    told = f"{ours:.2f} s", f"{floor:.2f} s"
    return [Figure("start: first frame", "importing textual.app alone", "none", *told, ratio, Goal.AT_MOST, 3.0)]


def idle_screen() -> list[Figure]:
    """Bytes a second that the dashboard writes to the terminal while nothing changes."""
    with server(Kind.DYNALITE) as url:
        one = new_table(url)
        fill(one, ended(200, "failed"))
        with _dashboard("-t", one.table, "-r", REGION, "--endpoint-url", url) as shown:
            settled = time.perf_counter() + SETTLE_SECONDS
            while (left := settled - time.perf_counter()) > 0:
                shown.read(left)
            sent, until = 0, time.perf_counter() + IDLE_SECONDS
            while (left := until - time.perf_counter()) > 0:
                sent += len(shown.read(left))
    rate = sent / IDLE_SECONDS
    told = f"{rate:,.0f} B/s", "500 B/s"
    return [
        Figure("idle screen, nothing changing", "500 B/s", Kind.DYNALITE.value, *told, rate / 500, Goal.AT_MOST, 1.0)
    ]

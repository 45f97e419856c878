"""100,000 failed items in a real terminal while a thousand a second change: how soon a key is seen."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.report import Figure, Goal
from tests.terminal.pseudo import Terminal, terminal

ITEMS = 100_000
CHANGES = 1_000
PRESSES = 300
FIRST_PAINT = 0.3
KEY_TO_PAINT = 0.05
_BETWEEN = 0.05
"""Seconds between two keys: a finger that is held down."""
_PATIENCE = 60.0
_CURSOR = "▌".encode()
_SCREENS = {"2": b"Sample-0", "4": b"Sample-0"}


@dataclass(frozen=True, slots=True)
class _Crowd:
    """The dashboard, and where it says when its data were there."""

    terminal: Terminal
    told: int


@contextlib.contextmanager
def _crowd() -> Iterator[_Crowd]:
    told, telling = os.pipe()
    command = [sys.executable, "-m", "benchmarks.crowd", str(ITEMS), str(CHANGES), str(telling)]
    try:
        with terminal(command, keep=(telling,)) as shown:
            yield _Crowd(shown, told)
    finally:
        for number in (told, telling):
            os.close(number)


def _measure(screen: str) -> tuple[float, list[float]]:
    """Seconds from the data to the first paint of a screen, and from each key to the cursor's move."""
    with _crowd() as crowd:
        shown = crowd.terminal
        shown.until(b"overview", _PATIENCE)
        shown.settle()
        shown.press(screen)
        shown.settle()
        os.kill(shown.pid, signal.SIGUSR1)
        shown.until(_SCREENS[screen], _PATIENCE)
        painted = time.monotonic() - float(os.read(crowd.told, 64))
        if screen == "4":
            shown.settle()
            shown.press("\t")  # Into the items of the first group.
        shown.settle()
        spent = []
        for _ in range(PRESSES):
            shown.drain()
            began = time.monotonic()
            shown.press("j")
            shown.until(_CURSOR, _PATIENCE)
            spent.append(time.monotonic() - began)
            time.sleep(_BETWEEN)
    return painted, spent


def keyboard() -> list[Figure]:
    """Screens 2 and 4 of 100,000 failed items while a thousand a second change."""
    figures = []
    for screen, name in (("2", "items"), ("4", "failures")):
        painted, spent = _measure(screen)
        p50, p99 = statistics.median(spent), statistics.quantiles(spent, n=100)[98]
        figures += [
            Figure(
                f"{ITEMS:,} failed items, screen {name}: first paint after data",
                f"{FIRST_PAINT} s",
                "none",
                f"{painted:.3f} s",
                f"{FIRST_PAINT} s",
                painted / FIRST_PAINT,
                Goal.AT_MOST,
                1.0,
            ),
            Figure(
                f"the same while {CHANGES:,} a second change: key to paint, p99 (p50 {p50 * 1000:.0f} ms)",
                f"{KEY_TO_PAINT * 1000:.0f} ms",
                "none",
                f"{p99 * 1000:.0f} ms",
                f"{KEY_TO_PAINT * 1000:.0f} ms",
                p99 / KEY_TO_PAINT,
                Goal.AT_MOST,
                1.0,
            ),
        ]
    return figures

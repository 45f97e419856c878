"""Any size of a real terminal, at the start and while it runs: all is drawn anew, too small a one says so and works."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyanamo_tui.local.server import EmbeddedServer
from tests.core.places import fill, open_table, single
from tests.terminal.tmux import TMUX, Terminal, dashboard

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.processes,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed"),
]
LAPTOP, LEAST, WALL, TINY = (80, 24), (60, 20), (200, 60), (40, 10)
WALKS = (LEAST, WALL, LAPTOP), (WALL, TINY), (TINY, LEAST)
"""80×24 is what every other test begins with."""


def _drawn(table: str, size: tuple[int, int], wanted: str) -> Callable[[str], bool]:
    """Whether a screen fills the terminal: its first line says where one is, its last one the keys, up to the edges."""
    columns, rows = size
    first = f"{columns}×{rows} is too small: 60×20 at least"[: columns - 2] if size == TINY else table

    def passes(screen: str) -> bool:
        lines = screen.split("\n")[:rows]
        right = max(map(len, lines))
        return first in lines[0] and "help" in lines[-1] and wanted in screen and columns - 12 <= right <= columns

    return passes


def test_every_size_is_drawn_from_edge_to_edge_at_the_start_and_after(
    embedded: EmbeddedServer, table_name: str
) -> None:
    fill(open_table(embedded, table_name), [single(f"S{number}") for number in range(3)])
    command = dashboard(table_name, embedded.endpoint_url)
    for walk in WALKS:
        with Terminal(command, size=walk[0]) as terminal:
            terminal.wait(_drawn(table_name, walk[0], "Steps"))
            for size, key, wanted in zip(walk[1:], "21", ("S2", "Steps"), strict=False):
                terminal.resize(*size)
                terminal.wait(_drawn(table_name, size, "Steps" if key == "2" else "S2"))
                terminal.press(key)
                terminal.wait(_drawn(table_name, size, wanted))
            terminal.press("C-q")
            terminal.wait("ended with 0")

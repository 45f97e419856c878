"""Copying in a real tmux, as it comes: what is copied in the dashboard is what tmux pastes."""

from __future__ import annotations

import pytest

from tests.terminal.tmux import TMUX, Terminal, program

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.processes,
    pytest.mark.skipif(TMUX is None, reason="tmux is not installed"),
]


def test_an_id_is_copied_through_tmux() -> None:
    command = program("demo", "--items", "12")
    with Terminal(command, size=(80, 24)) as terminal:
        terminal.wait(lambda screen: "done" in screen and "live" in screen)
        terminal.press("2")
        terminal.wait("12 of 12")
        terminal.press("j", "c")
        terminal.wait("with DynamoDB's types")
        terminal.press("i")
        said = " ".join(terminal.wait("Copied the id").split())
        copied = terminal.pasted()
        assert copied
        assert copied[:8] in said

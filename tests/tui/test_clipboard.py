"""Copying to the terminal's clipboard: the bytes that are sent, plain, in tmux and in GNU screen."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.tui.clipboard import MOST_BYTES, Through, copy_sequence, fits, pasteable, through

TEXT = "HG00012_align \x1b]0;x\x07 漢字"


def _taken(sequence: str) -> str:
    """The text that a terminal takes to its clipboard from one sequence."""
    found = re.fullmatch("\x1b\\]52;c;([A-Za-z0-9+/=]*)\x07", sequence)
    assert found is not None, sequence
    return base64.b64decode(found.group(1)).decode()


def _through_tmux(sequence: str) -> tuple[str, str]:
    """What tmux takes for itself, and what it hands on to the terminal around it."""
    found = re.fullmatch("(\x1b\\][^\x1b]*\x07)\x1bPtmux;(.*)\x1b\\\\", sequence, re.DOTALL)
    assert found is not None, sequence
    assert "\x1b" not in found.group(2).replace("\x1b\x1b", ""), "an ESC that is not doubled ends the passage"
    return found.group(1), found.group(2).replace("\x1b\x1b", "\x1b")


def _through_screen(sequence: str) -> str:
    """What GNU screen hands on: the content of each of its strings, one after the other."""
    pieces = re.findall("\x1bP(.*?)\x1b\\\\", sequence, re.DOTALL)
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == sequence, "something stands outside the strings"
    assert max(map(len, pieces)) <= 76
    return "".join(pieces)


def test_a_terminal_is_given_the_text_as_base64_and_nothing_else() -> None:
    assert copy_sequence("abc", Through.NOTHING).encode() == b"\x1b]52;c;YWJj\x07"
    assert _taken(copy_sequence(TEXT, Through.NOTHING)) == TEXT


def test_tmux_is_given_it_for_itself_and_wrapped_for_the_terminal_around_it() -> None:
    assert copy_sequence("abc", Through.TMUX).encode() == (b"\x1b]52;c;YWJj\x07\x1bPtmux;\x1b\x1b]52;c;YWJj\x07\x1b\\")
    own, around = _through_tmux(copy_sequence(TEXT, Through.TMUX))
    assert _taken(own) == _taken(around) == TEXT


def test_screen_is_given_it_in_short_pieces() -> None:
    assert copy_sequence("abc", Through.SCREEN).encode() == b"\x1bP\x1b]52;c;YWJj\x07\x1b\\"
    assert _taken(_through_screen(copy_sequence(TEXT * 100, Through.SCREEN))) == TEXT * 100


@given(st.text(max_size=300), st.sampled_from(Through))
def test_any_text_arrives_and_none_of_it_is_sent_as_itself(text: str, within: Through) -> None:
    sequence = copy_sequence(text, within)
    assert sequence.isascii()
    arrived = {
        Through.NOTHING: lambda: sequence,
        Through.TMUX: lambda: _through_tmux(sequence)[1],
        Through.SCREEN: lambda: _through_screen(sequence),
    }[within]()
    assert _taken(arrived) == text.encode(errors="replace").decode()


@pytest.mark.parametrize(
    ("environment", "within"),
    [
        ({"TERM": "xterm-256color"}, Through.NOTHING),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, Through.TMUX),
        ({"TERM": "screen", "STY": "123.pts-0.host"}, Through.SCREEN),
        ({"TERM": "tmux-256color"}, Through.TMUX),  # over SSH, which does not bring TMUX along
        ({"TERM": "screen-256color"}, Through.NOTHING),  # either: what is wrapped for the wrong one would be drawn
        ({}, Through.NOTHING),
    ],
)
def test_what_stands_between_is_told_by_the_environment(environment: dict[str, str], within: Through) -> None:
    assert through(environment) is within


def test_what_a_shell_would_act_on_is_made_visible_and_a_script_stays_as_it_is() -> None:
    script = "for f in *.bam; do\n\tsamtools index $f\ndone"
    assert pasteable(script) == script
    assert "\x1b" not in pasteable("a\x1b[201~rm -rf x\r")
    assert "\u202e" not in pasteable("abc\u202edef")


def test_no_more_is_sent_than_terminals_take() -> None:
    assert fits("x" * MOST_BYTES)
    assert not fits("x" * (MOST_BYTES + 1))
    assert len(base64.b64encode(b"x" * MOST_BYTES)) + len("\x1b]52;c;\x07") <= 100_000

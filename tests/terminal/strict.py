"""A terminal that takes nothing but what the dashboard needs to draw: any other control sequence fails the test.

A sequence that stands in somebody's data and reaches the terminal is so found wherever it is shown, and what is shown
can be read as a person would.
"""

from __future__ import annotations

import base64
import codecs
import re
import time
import unicodedata
from collections.abc import Callable

from rich.cells import get_character_cell_size

from tests.terminal.pseudo import Terminal

PATIENCE = 30.0

_BEGIN = (
    "\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h\x1b[?25l\x1b[?1004h\x1b[>25u\x1b[?2026$p\x1b[?2048$p"
    "\x1b[?2004h\x1b[?7l\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h"
)
"""What Textual sends first: the other screen, mouse, cursor, focus, keys, two questions, paste, no wrapping."""
_END = (
    "\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
)
"""What Textual sends last: all of that taken back."""
_MOVE = re.compile("\x1b\\[([0-9]{1,3});([0-9]{1,3})H")
_LOOK = re.compile("\x1b\\[([0-9;]{1,40})m")
_POINTER = re.compile("\x1b]22;(?:default|text|pointer)\x07")
_COPIED = re.compile("\x1b]52;c;([A-Za-z0-9+/=]*)\x07")
_LONGEST = 4096
"""Characters of a sequence that is still to end."""
_LOOKS = frozenset({"0", "1", "2", "3", "4", "7"})
"""Reset, bold, dim, italic, underlined, reversed: all there is but colours. Nothing blinks or is hidden."""
_COLOURS = frozenset({"38", "48"})
"""Text and ground, followed by `5` and a number: data that ask for red say 31."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode that act on a terminal, or that nobody sees."""


class StrictScreen:
    """What a terminal shows that a dashboard writes to. Every read checks what was written.

    Args:
        side: the terminal's other side.
        columns, rows: its size.
    """

    def __init__(self, side: Terminal, columns: int, rows: int) -> None:
        self._side = side
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._waiting = ""
        self._begun = False
        self.copied: list[str] = []
        """What was put on the clipboard, in its order."""
        self.taken = 0
        """Characters so far."""
        self._shape(columns, rows)

    def _shape(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._row = self._column = 0

    @property
    def text(self) -> str:
        """What is shown, a line a row."""
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self._side.press(key)

    def wait(self, *wanted: str | Callable[[str], bool]) -> str:
        """The text of the screen, once it has, or passes, all of this.

        Raises:
            AssertionError: it did not come in time, the program ended, or it sent what no dashboard should.
        """
        deadline = time.monotonic() + PATIENCE
        while missing := [what for what in wanted if not (what(self.text) if callable(what) else what in self.text)]:
            assert time.monotonic() < deadline, f"never saw {missing!r} on:\n{self.text}"
            try:
                self._feed(self._side.read(0.5))
            except EOFError:
                raise AssertionError(f"it ended before {missing!r} was seen:\n{self.text}") from None
        return self.text

    def left(self) -> str:
        """Read to the end of the program, which has to give the terminal back; what it says after that.

        Raises:
            AssertionError: it did not end, or left the terminal in another state.
        """
        sent, deadline = self._waiting, time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, f"it did not end:\n{self.text}"
            try:
                sent += self._decoder.decode(self._side.read(0.5))
            except EOFError:
                break
        drawn, end, said = sent.partition(_END)
        assert end, f"the terminal was not given back: {sent[-300:]!r}"
        assert self._take(drawn) == ""
        assert "\x1b" not in said
        return said

    def _feed(self, sent: bytes) -> None:
        self._waiting += self._decoder.decode(sent)
        if not self._begun:
            if len(self._waiting) < len(_BEGIN):
                return
            assert self._waiting.startswith(_BEGIN), f"it began otherwise: {self._waiting[:200]!r}"
            self._waiting, self._begun = self._waiting.removeprefix(_BEGIN), True
        self._waiting = self._take(self._waiting)

    def _take(self, text: str) -> str:
        """Draw this; what is left is a sequence of which more is to come."""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                end = self._obey(text, at)
                if end is None:
                    assert len(text) - at < _LONGEST, self._refused(text, at)
                    break
                at = end
            elif text[at] == "\r":
                if at + 1 == len(text):
                    break
                assert text[at + 1] == "\n", self._refused(text, at)
                self._row, self._column, at = min(self._row + 1, self._rows - 1), 0, at + 2
            else:
                self._draw(text, at)
                at += 1
        self.taken += at
        return text[at:]

    def _refused(self, text: str, at: int) -> str:
        before, after = text[max(0, at - 60) : at], text[at : at + 60]
        where = f"row {self._row}, column {self._column}"
        return f"no dashboard sends {after!r}\nafter {before!r}\nto {where} of:\n{self.text}"

    def _obey(self, text: str, at: int) -> int | None:
        """Take one sequence; gives where it ends, or None where more of it is to come."""
        if found := _LOOK.match(text, at):
            assert _is_plain(found.group(1)), self._refused(text, at)
        elif found := _MOVE.match(text, at):
            row, column = int(found.group(1)), int(found.group(2))
            assert row <= self._rows, self._refused(text, at)
            assert column <= self._columns + 1, self._refused(text, at)
            self._row, self._column = row - 1, column - 1
        elif found := _COPIED.match(text, at):
            self.copied.append(base64.b64decode(found.group(1)).decode())
        else:
            found = _POINTER.match(text, at)
        if found is None:
            ends = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b][^\x07\x1b]*[\x07\x1b]|\x1b[^[\\]]").match(text, at)
            assert ends is None, self._refused(text, at)
            return None
        return found.end()

    def _draw(self, text: str, at: int) -> None:
        character = text[at]
        assert unicodedata.category(character) not in _UNSEEN, self._refused(text, at)
        width = get_character_cell_size(character)
        if width == 0:
            self._cells[self._row][max(0, self._column - 1)] += character
            return
        assert self._column + width <= self._columns, self._refused(text, at)
        self._cells[self._row][self._column : self._column + width] = [character, *[""] * (width - 1)]
        self._column += width


def _is_plain(looks: str) -> bool:
    """Whether a sequence asks for looks that dashboards ask for."""
    codes = iter(looks.split(";"))
    for code in codes:
        if code in _COLOURS:
            if next(codes, "") != "5" or not next(codes, "").isdigit():
                return False
        elif code not in _LOOKS:
            return False
    return True

"""Copies to the clipboard of the terminal's host, through SSH, tmux and GNU screen: what to send, how much fits.

The terminal is asked by OSC 52 (xterm, "Operating System Commands": `52;c;` and the text as base64), so that nothing of
the text itself reaches it as a control sequence.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pyanamo_tui.workflow.printable import printable

MOST_BYTES: Final = 74_994
"""Bytes of text that fit: terminals take 100,000 characters of a sequence, and base64 makes four of three bytes."""
_SCREEN_PIECE: Final = 76
"""Characters of a string that every GNU screen passes on at a time."""
_TMUX_SECONDS: Final = 3.0


class Through(StrEnum):
    """What stands between the program and the terminal."""

    NOTHING = "terminal"
    TMUX = "tmux"
    SCREEN = "screen"


def through(environment: Mapping[str, str]) -> Through:
    """What the program runs in: by the variables of tmux and screen, and the terminal's name where SSH lost those."""
    if environment.get("TMUX"):
        return Through.TMUX
    if environment.get("STY"):
        return Through.SCREEN
    return Through.TMUX if environment.get("TERM", "").startswith("tmux") else Through.NOTHING


def copy_sequence(text: str, within: Through) -> str:
    r"""What to write to the terminal so that it takes the text to its clipboard.

    tmux is given the sequence twice: as it is, which it takes with `set-clipboard on`, and wrapped for the terminal
    around it (`ESC P tmux; … ESC \`, each ESC in it doubled), which it hands on with `allow-passthrough on`.
    GNU screen hands on what is wrapped in `ESC P … ESC \`, in short pieces.
    """
    encoded = base64.b64encode(text.encode("utf-8", errors="replace")).decode("ascii")
    plain = f"\x1b]52;c;{encoded}\x07"
    if within is Through.TMUX:
        return plain + "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if within is Through.SCREEN:
        pieces = [plain[at : at + _SCREEN_PIECE] for at in range(0, len(plain), _SCREEN_PIECE)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain


def hand_to_tmux(text: str, environment: Mapping[str, str]) -> bool:
    """Give the text to the tmux that the program runs in, which gives it to the terminal unless it is told never to.

    This works as tmux comes, where sequences from within are ignored. Blocks for some milliseconds.

    Returns:
        Whether tmux took it: False where there is none to ask, or it is older than 3.2.
    """
    program = shutil.which("tmux")
    if program is None or not environment.get("TMUX"):
        return False
    try:
        done = subprocess.run(
            [program, "load-buffer", "-w", "-"],
            input=text.encode("utf-8", errors="replace"),
            capture_output=True,
            timeout=_TMUX_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False  # The sequence is sent instead.
    return done.returncode == 0


def pasteable(text: str) -> str:
    """Text that does nothing but be text where it is pasted: control and direction characters are made visible.

    Line feeds and tabs stay. A shell that does not know of bracketed paste would act on the others.
    """
    risky = any(unicodedata.category(one) in {"Cc", "Cf"} and one not in "\n\t" for one in set(text))
    return printable(text, keep_newlines=True) if risky else text


def fits(text: str) -> bool:
    """Whether the clipboard takes all of it."""
    return len(text.encode("utf-8", errors="replace")) <= MOST_BYTES

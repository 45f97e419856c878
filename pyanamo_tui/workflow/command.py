"""One rule for how a command becomes the words of a program call, so that import refuses what a worker could not start.

Commands run without a shell. They are split as a POSIX shell would (`shlex`), and `${PYANAMO}` and `${PIPELINE}`
are replaced by the environment's values, as the original engine does (docs/wire-format.md).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Final

from pyanamo_tui.errors import UsageError

REPLACED_VARIABLES: Final = ("PYANAMO", "PIPELINE")
_VARIABLE: Final = re.compile(r"\$\{(" + "|".join(REPLACED_VARIABLES) + r")\}")

_WELL_QUOTED: Final = re.compile(
    r"""[^'"\\]*+ (?: (?: \\. | '[^']*+' | "(?:[^"\\]|\\.)*+" ) [^'"\\]*+ )*+""", re.DOTALL | re.VERBOSE
)
"""What `shlex` can split: every quote closed, every backslash followed by something. Linear in the command's length."""


class CommandError(UsageError):
    """A command cannot be split into words, or has none: it could never be started."""


def split_command(command: str, environment: Mapping[str, str]) -> list[str]:
    """The words of a command, the program first; at least one.

    The command is split first and the variables are replaced inside each word afterwards, in one pass: a value
    with spaces or quotes stays one word, and a value is never searched for variables again. They are replaced in single
    quotes too. A variable that the environment lacks stays as written, so that the error names it.

    Raises:
        CommandError: a quote is not closed, a backslash ends it, it holds a NUL, or it names no program.
    """
    if why := why_unusable(command):
        raise CommandError(f"The command cannot be run: {why}", "Correct the command and import the item again.")
    return [
        _VARIABLE.sub(lambda found: environment.get(found.group(1), found.group(0)), word)
        for word in shlex.split(command, posix=True)
    ]


def why_unusable(command: str) -> str | None:
    """Why `split_command` would refuse a command, in a few words, or None if it would not."""
    if "\0" in command:
        return "it holds a NUL byte"
    if not command.strip(" \t\r\n"):
        return "it is empty"
    if not _WELL_QUOTED.fullmatch(command):
        return _why_unsplit(command)
    if command.lstrip(" \t\r\n")[0] in "'\"" and not shlex.split(command, posix=True)[0]:
        return "it names no program: its first word is empty"
    return None


def _why_unsplit(command: str) -> str:
    try:
        shlex.split(command, posix=True)
    except ValueError as refusal:
        if "escape" in str(refusal):
            return "it ends with a backslash that escapes nothing"
    return "a quote is not closed"

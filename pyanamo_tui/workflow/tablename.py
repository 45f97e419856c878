"""What a table may be called, so that a form or a command can say it before AWS does."""

from __future__ import annotations

import re
from typing import Final

SHORTEST: Final = 3
LONGEST: Final = 255
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9_.-]")


def name_problem(name: str) -> str:
    """Why a table cannot have this name, as a sentence; empty where it can.

    The rule is AWS's (AWS: "Naming rules and data types": 3 to 255 of a-z, A-Z, 0-9, `_`, `-`, `.`).
    """
    foreign = _FOREIGN.search(name)
    if foreign is not None:
        return f"Use letters, digits, _ - and . only; {foreign.group()!r} is none of them."
    if len(name) < SHORTEST:
        return f"A name has {SHORTEST} characters at least."
    if len(name) > LONGEST:
        return f"A name has {LONGEST} characters at most; this one has {len(name)}."
    return ""

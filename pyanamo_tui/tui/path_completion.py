"""Completes a path as one types it, from what lies in its folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.suggester import Suggester


class PathSuggester(Suggester):
    """Completes a path from what lies in its folder."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first entry that goes on from what is typed."""
        return await asyncio.to_thread(complete_path, value)


def complete_path(typed: str) -> str | None:
    """The first file or folder that begins with what is typed; folders end in a slash."""
    if not typed:
        return None
    folder, _, start = typed.rpartition("/")
    base = Path(folder + "/").expanduser() if folder or typed.startswith("/") else Path()
    try:
        names = sorted(
            entry.name + ("/" if entry.is_dir() else "") for entry in base.iterdir() if entry.name.startswith(start)
        )
    except OSError:
        # A folder that is not there, or may not be read, completes to nothing; enter says why.
        return None
    shown = [name for name in names if start.startswith(".") or not name.startswith(".")]
    return f"{folder}/{shown[0]}" if shown and "/" in typed else (shown[0] if shown else None)

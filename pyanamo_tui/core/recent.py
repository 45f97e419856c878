"""The places that were opened last on this host, so that going back to one is choosing it from a short list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pyanamo_tui.core.context import Context
from pyanamo_tui.core.wholefile import whole_file
from pyanamo_tui.settings import state_path

KEPT: Final = 12
_NAMES: Final = ("table", "region", "profile", "endpoint_url")


class RecentPlaces:
    """A list in one file, newest first. A file that is damaged counts as empty: nothing depends on it.

    Args:
        path: the file; None for the usual place.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_path() / "recent.json"

    def read(self) -> tuple[Context, ...]:
        """The places, newest first."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ()
        places = [_context(entry) for entry in found] if isinstance(found, list) else []
        return tuple(place for place in places if place is not None)[:KEPT]

    def add(self, place: Context) -> None:
        """Put a place first.

        Raises:
            BadInput: the file cannot be written.
        """
        kept = [place, *(other for other in self.read() if other != place)][:KEPT]
        entries = [{name: getattr(one, name) for name in _NAMES} for one in kept]
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_file(self.path) as file:
            file.write(json.dumps(entries, indent=1).encode())


def _context(entry: object) -> Context | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("table"), str):
        return None
    values = {name: entry.get(name) for name in _NAMES}
    if not all(value is None or isinstance(value, str) for value in values.values()):
        return None
    return Context(**values)

"""Runs the benchmarks named on the command line, all by default, and keeps the figures in docs/benchmarks.md."""

from __future__ import annotations

import datetime
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import following, keyboard, screen, watching, working, writing
from benchmarks.places import isolate
from benchmarks.report import Figure, rows

KEPT: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BENCHMARKS: Final[Mapping[str, Callable[[], list[Figure]]]] = {
    "import": writing.importing,
    "engine": working.engine,
    "claims": working.claims,
    "requeue": writing.requeueing,
    "delete": writing.deleting,
    "census": watching.census,
    "idle": watching.idle,
    "start": screen.start,
    "idle-screen": screen.idle_screen,
    "following": following.following,
    "keyboard": keyboard.keyboard,
}
_BEGIN: Final = "<!-- figures -->\n"
_END: Final = "<!-- end of figures -->\n"


def _keep(figures: Sequence[Figure]) -> None:
    """Put the table of a whole run into the document, in place of the one before."""
    before, _, rest = KEPT.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    today = datetime.datetime.now(datetime.UTC).date()
    where = f"Measured {today} with Python {platform.python_version()} on {os.cpu_count()} cores.\n\n"
    KEPT.write_text(before + _BEGIN + where + "\n".join(rows(figures)) + "\n" + _END + after)


def main(names: Sequence[str]) -> int:
    """Run them; 2 for a name that is none."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"There is no benchmark {unknown[0]}. There are: {' '.join(BENCHMARKS)}\n")
        return 2
    chosen = names or list(BENCHMARKS)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as home:
        isolate(home)
        for name in chosen:
            sys.stderr.write(f"{name} …\n")
            found = BENCHMARKS[name]()
            figures += found
            # Told at once: a whole run takes minutes, and may be stopped.
            sys.stdout.write("\n".join(rows(found)[0 if len(figures) == len(found) else 2 :]) + "\n")
            sys.stdout.flush()
    if set(chosen) == set(BENCHMARKS):
        _keep(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

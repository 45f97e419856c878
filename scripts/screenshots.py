"""Takes the pictures in `screenshots/` from the real dashboard, on the demo's server, table and workers."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.demo import DemoSession
from pyanamo_tui.tui.app import Dashboard

if TYPE_CHECKING:
    from textual.pilot import Pilot

FOLDER = Path(__file__).parent.parent / "screenshots"
WIDE, NARROW = (120, 34), (80, 24)
ITEMS = 800
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the keys that lead to it from the overview, and what must be seen before it is taken."""

    name: str
    keys: tuple[str, ...]
    size: tuple[int, int] = WIDE
    settle: float = 1.0


PICTURES = (
    Picture("overview", ("1",), settle=8.0),
    Picture("locked", ("5",), settle=2.0),
    Picture("workers", ("7",), settle=4.0),
    Picture("nested", ("3",)),
    Picture("tasks", ("3", "end", "enter")),
    Picture("chart", ("1", "z"), settle=30.0),
    Picture("items", ("2", "space", "down", "space", "down")),
    Picture("failures", ("4", "enter", "down")),
    Picture("failures-80x24", ("4", "enter"), NARROW),
    Picture("item", ("4", "enter", "enter")),
    Picture("why", ("4", "enter", "w")),
    Picture("activity", ("u",)),
    Picture("place", ("at",), settle=2.0),
    Picture("overview-80x24", ("1",), NARROW),
    Picture("requeue", ("4", "R")),
    Picture("help", ("4", "question_mark"), (100, 44)),
    Picture("tables", ("8",)),
    Picture("import", ("9",)),
)


async def _until(pilot: Pilot[None], true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"Gave up waiting for {what}")
        await pilot.pause(0.2)


async def _take(dashboard: Dashboard, picture: Picture) -> None:
    async with dashboard.run_test(size=picture.size) as pilot:

        def enough() -> bool:
            snapshot = dashboard.snapshot
            return snapshot is not None and snapshot.exact and len(snapshot.failures) >= 2  # noqa: PLR2004

        await _until(pilot, enough, "two groups of failures")
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await pilot.pause(picture.settle)
        title = f"pyanamo-tui: {picture.name.partition('-80x24')[0]}"
        (FOLDER / f"{picture.name}.svg").write_text(dashboard.export_screenshot(title=title), encoding="utf-8")


def main(names: list[str]) -> None:
    """Take the pictures of these names, or all."""
    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    FOLDER.mkdir(exist_ok=True)
    with DemoSession(ITEMS, echo=lambda line: print(line, file=sys.stderr)) as session:  # noqa: T201
        for picture in wanted:
            asyncio.run(_take(Dashboard(session.settings, Workspace), picture))
            print(f"screenshots/{picture.name}.svg", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])

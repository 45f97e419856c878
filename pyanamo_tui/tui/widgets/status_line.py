"""The top line: where we are, as whom, how the data is come by, what it costs, and how old it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Region
from textual.reactive import reactive
from textual.widget import Widget

from pyanamo_tui.tui.format import age
from pyanamo_tui.workflow.model import HealthStatus, Snapshot, Source
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import RenderResult

_MARKS: Final = {
    HealthStatus.LIVE: ("●", "good"),
    HealthStatus.POLLING: ("●", "good"),
    HealthStatus.CONNECTING: ("○", "quiet"),
    HealthStatus.PAUSED: ("‖", "warn"),
    HealthStatus.STALE: ("◌", "warn"),
    HealthStatus.THROTTLED: ("▲", "warn"),
}
_TROUBLE: Final = ("✖", "bad")


LEAST_SIZE: Final = (60, 20)
"""Columns and rows below which the dashboard says that the terminal is too small. It stays usable."""


def short_account(account: str) -> str:
    """An account number with its middle left out: enough to tell two apart, too little to leak."""
    return account if len(account) <= 8 else f"{account[:4]}…{account[-4:]}"  # noqa: PLR2004 - two groups of four


_BUDGET_FROM: Final = 80
"""From this many cells on there is room for the budget."""


def cost_words(snapshot: Snapshot, *, budget: bool = True) -> str:
    """Read units used in the last minute and, where the table is counted again and again, how many it may use."""
    cost = snapshot.cost
    used = f"{cost.per_minute:,.1f}" if cost.per_minute < 100 else f"{cost.per_minute:,.0f}"  # noqa: PLR2004 - enough
    if budget and snapshot.source is Source.CENSUS and cost.budget is not None:
        return f"{used} of {cost.budget * 60:,.0f} RCU/min"
    return f"{used} RCU/min"


def region_of_change(before: Text, after: Text, width: int) -> Region:
    """The cells of a line from the first to the last that differ in character or style."""
    old, new = _cells(before), _cells(after)
    if len(old) != len(new):
        return Region(0, 0, width, 1)
    places = [place for place, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    return Region(places[0], 0, places[-1] - places[0] + 1, 1) if places else Region(0, 0, 0, 0)


def _cells(text: Text) -> list[tuple[str, tuple[str, ...]]]:
    """Each cell of a line with its styles; a character of two cells is there twice."""
    spans = [(span.start, span.end, str(span.style)) for span in text.spans]
    cells: list[tuple[str, tuple[str, ...]]] = []
    for place, character in enumerate(text.plain):
        styles = tuple(style for start, end, style in spans if start <= place < end)
        cells += [(character, styles)] * max(1, cell_len(character))
    return cells


class StatusLine(Widget):
    """One line. The left says where; the right says how the data stands."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-line--brand",
        "status-line--table",
        "status-line--quiet",
        "status-line--good",
        "status-line--warn",
        "status-line--bad",
    }
    DEFAULT_CSS = """
    StatusLine {
        dock: top; height: 1; background: $panel; color: $foreground;
        & > .status-line--brand { color: $accent; text-style: bold; }
        & > .status-line--table { text-style: bold; }
        & > .status-line--quiet { color: $foreground-muted; }
        & > .status-line--good { color: $success; }
        & > .status-line--warn { color: $warning; text-style: bold; }
        & > .status-line--bad { color: $error; text-style: bold; }
    }
    """

    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)
    table: reactive[str] = reactive("")
    place: reactive[str] = reactive("")
    read_only: reactive[bool] = reactive(False)

    _shown: Text | None = None

    def on_mount(self) -> None:
        """The age goes on by itself, once a second."""
        self.set_interval(1.0, self._tick)

    def watch_snapshot(self) -> None:
        """Draw what a Snapshot changes."""
        self._tick()

    def _tick(self) -> None:
        """Draw again from the first cell that reads differently: over a slow line every second counts."""
        text, shown = self._line(), self._shown
        if shown is None or text == shown:
            return
        self.refresh(region_of_change(shown, text, self.size.width))

    def _style(self, name: str) -> str:
        return f"status-line--{name}"

    def _right(self) -> list[tuple[str, str]]:
        snapshot = self.snapshot
        if snapshot is None:
            return [("○ opening" if self.table else "○ choose a table", "quiet")]
        mark, style = _MARKS.get(snapshot.health.status, _TROUBLE)
        parts = [(f"{mark} {snapshot.health.status}", style)]
        if snapshot.cost.consumed:
            parts.append((cost_words(snapshot, budget=self.size.width >= _BUDGET_FROM), "quiet"))
        if snapshot.as_of is not None:
            parts.append((age(time.time() - snapshot.as_of), "quiet"))
        return parts

    def _right_text(self) -> Text:
        right = Text(no_wrap=True, end="")
        for text, style in self._right():
            right.append("  ")
            right.append(text, self.get_component_rich_style(self._style(style)))
        right.append(" ")
        return right

    def _too_small(self) -> Text | None:
        """What to say in place of everything else in a terminal that is too small to show it."""
        width, height = self.app.size
        if width >= LEAST_SIZE[0] and height >= LEAST_SIZE[1]:
            return None
        words = f" {width}×{height} is too small: {LEAST_SIZE[0]}×{LEAST_SIZE[1]} at least"
        said = Text(words, self.get_component_rich_style("status-line--warn"), no_wrap=True, end="")
        said.truncate(self.size.width, overflow="ellipsis")
        return said

    def render(self) -> RenderResult:
        """Left and right on one line; the right is never cut, the left gives way."""
        self._shown = self._line()
        return self._shown

    def _line(self) -> Text:
        small = self._too_small()
        if small is not None:
            return small
        right = self._right_text()
        left = Text(" ", no_wrap=True, end="")
        left.append("pyanamo", self.get_component_rich_style("status-line--brand"))
        left.append("  ")
        left.append(printable(self.table) or "no table", self.get_component_rich_style("status-line--table"))
        if self.read_only:
            left.append("  READ-ONLY", self.get_component_rich_style("status-line--warn"))
        if self.place:
            left.append("  " + printable(self.place), self.get_component_rich_style("status-line--quiet"))
        room = max(0, self.size.width - right.cell_len)
        left.truncate(room, overflow="ellipsis")
        left.pad_right(room - left.cell_len)
        return left + right


class Banner(Widget):
    """Below the status line when something is wrong: what, and what to do. Absent when all is well."""

    DEFAULT_CSS = """
    Banner {
        height: auto; max-height: 2; padding: 0 1; display: none;
        background: $error 25%; color: $foreground;
    }
    Banner.-warn { background: $warning 25%; }
    """

    message: reactive[str] = reactive("", layout=True)

    _QUIET: ClassVar = {
        HealthStatus.LIVE,
        HealthStatus.POLLING,
        HealthStatus.CONNECTING,
        HealthStatus.PAUSED,
    }

    def show(self, snapshot: Snapshot) -> None:
        """Say what the Snapshot's health says, or nothing when it is well."""
        health = snapshot.health
        trouble = bool(health.message) and health.status not in self._QUIET
        self.message = f"{health.message}. {health.hint}".strip() if trouble else ""
        self.set_class(health.status in {HealthStatus.STALE, HealthStatus.THROTTLED}, "-warn")
        self.display = trouble

    def render(self) -> RenderResult:
        """The words, never as markup."""
        return Text(printable(self.message))

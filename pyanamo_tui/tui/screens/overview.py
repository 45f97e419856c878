"""Screen 1, overview: how far the workflow is, how fast, where by step, what fails; the run, where it is large."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal

from pyanamo_tui.tui.format import age, count, failures_title
from pyanamo_tui.tui.quarters import QuarterRow, quarter_columns, quarter_rows
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.bars import bar
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.tui.widgets.overview_panels import ProgressFigures, RateFigures
from pyanamo_tui.tui.widgets.run_panel import RunPanel
from pyanamo_tui.workflow.filters import quote
from pyanamo_tui.workflow.model import FailureGroup, ItemState, StepCounts
from pyanamo_tui.workflow.progress import left_of

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.workflow.model import ItemFacts, Snapshot

_BAR: Final = 10
_WIDE: Final = 120
_BARS: Final = 150
"""Cells from which each step has room for a bar."""
_TALL: Final = 32
"""Rows from which the run has room below, where it is wide too."""
_ABOVE: Final = 7
"""Rows of the status line, the figures and the footer."""
_COUNTING: Final = "counting …"
_EMPTY: Final = {"#steps": "No items yet", "#quarters": "No nested items", "#groups": "Nothing has failed"}
"""What stands in a panel without rows once everything was counted: not before, since nobody knows yet."""
_SHOWN_STATES = (
    (ItemState.TODO, "state--todo"),
    (ItemState.LOCKED, "state--locked"),
    (ItemState.DONE, "state--done"),
    (ItemState.FAILED, "state--failed"),
)


def _number(state: str, style: str, digits: int) -> Column[StepCounts]:
    def cell(row: StepCounts) -> Cell:
        number = row.states.get(state, 0)
        return Cell(count(number), style if number else "table--quiet")

    return Column(state, state, max(len(state), digits), cell, right=True)


def _done_share(row: StepCounts) -> Cell:
    total = sum(row.states.values())
    return Cell(bar(row.states.get(ItemState.DONE, 0) / total if total else 0.0, _BAR), "state--done")


def step_columns(digits: int, *, bars: bool = False) -> tuple[Column[StepCounts], ...]:
    """The step, a bar of what is done where asked, then a count for each state, wide enough for so many digits."""
    name = Column[StepCounts]("step", "", 12, lambda row: Cell(row.step or "(no step)"), flexible=True)
    share = (Column[StepCounts]("share", "", _BAR, _done_share),) if bars else ()
    return (name, *share, *(_number(state, style, digits) for state, style in _SHOWN_STATES))


def _last(group: FailureGroup) -> Cell:
    return Cell("" if group.last is None else f"{age(time.time() - group.last)} ago", "table--quiet")


GROUP_COLUMNS = (
    Column[FailureGroup]("count", "", 6, lambda row: Cell(count(row.count), "state--failed"), right=True),
    Column[FailureGroup]("signature", "", 20, lambda row: Cell(row.signature), flexible=True),
)
GROUP_COLUMNS_WIDE = (*GROUP_COLUMNS, Column[FailureGroup]("last", "", 10, _last, right=True))


class OverviewScreen(DashboardScreen):
    """The first screen. Enter on a state, a step, a quarter or a failure group goes to its items; `z` is the chart."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]  # noqa: RUF012 - Textual's own class attribute
    VERTICAL_BREAKPOINTS = [(0, "-low"), (_TALL, "-tall")]  # noqa: RUF012 - Textual's own class attribute
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "chart", "chart", id="look.chart", tooltip="states and rate over time, full screen"),
        Binding("tab", "app.focus_next", "next panel", id="look.next_panel", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._digits = 1
        self.run = RunPanel(id="overview-run")

    def body(self) -> ComposeResult:
        """Two rows of panels; three across below where it is wide."""
        with Horizontal(id="overview-top"):
            with Container(id="progress-panel", classes="panel") as panel:
                panel.border_title = "Progress"
                yield ProgressFigures()
            with Container(id="rate-panel", classes="panel") as panel:
                panel.border_title = "Rate"
                yield RateFigures()
        with Container(id="overview-bottom"):
            with Container(id="steps-panel", classes="panel") as panel:
                panel.border_title = "Steps"
                yield ItemTable(step_columns(1), lambda row: row.step, empty=_COUNTING, id="steps")
            with Container(id="quarters-panel", classes="panel") as panel:
                panel.border_title = "Nested"
                yield ItemTable(
                    quarter_columns(8), lambda row: row.quarter, empty=_COUNTING, header=False, id="quarters"
                )
            with Container(id="failures-panel", classes="panel") as panel:
                panel.border_title = "Failures"
                yield ItemTable(GROUP_COLUMNS, lambda row: row.signature, empty=_COUNTING, header=False, id="groups")
        yield self.run

    def on_mount(self) -> None:
        """The steps have the keys first."""
        super().on_mount()
        self.query_one("#steps").focus()

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Give each panel its figures; a panel whose figures are the same draws nothing."""
        counts = dict(snapshot.counts)
        self.query_one(ProgressFigures).value = (counts, snapshot.progress.percent, snapshot.exact)
        self.query_one(RateFigures).value = (snapshot.progress, left_of(counts), snapshot.exact)
        for name, words in _EMPTY.items():
            self.query_one(name, ItemTable).set_empty(words if snapshot.exact else _COUNTING)
        self._show_rows("#quarters", quarter_rows(snapshot.quarters))
        self._fit_steps(snapshot.steps)
        self._show_rows("#steps", snapshot.steps)
        self._show_rows("#groups", snapshot.failures)
        self.retitle("#failures-panel", failures_title(snapshot.failures))
        self._share_rows()
        self.run.show(snapshot, changed)

    @property
    def _wide(self) -> bool:
        return self.size.width >= _WIDE

    def _share_rows(self) -> None:
        """Where the run stands below, the panels above it are as high as what they hold, up to half of the screen."""
        bottom = self.query_one("#overview-bottom")
        if not (self._wide and self.size.height >= _TALL):
            bottom.styles.height = "1fr"
            return
        steps, quarters, groups = (len(self.query_one(name, ItemTable).rows) for name in _EMPTY)
        bottom.styles.height = min(max(steps + 1, quarters, groups) + 2, (self.size.height - _ABOVE) // 2)

    def _fit_steps(self, steps: tuple[StepCounts, ...]) -> None:
        digits = max((len(count(number)) for step in steps for number in step.states.values()), default=1)
        if digits != self._digits:
            self._digits = digits
            self._set_columns()

    def _set_columns(self) -> None:
        self.query_one("#steps", ItemTable).set_columns(step_columns(self._digits, bars=self.size.width >= _BARS))
        self.query_one("#groups", ItemTable).set_columns(GROUP_COLUMNS_WIDE if self._wide else GROUP_COLUMNS)

    def _show_rows(
        self, name: str, rows: tuple[StepCounts, ...] | tuple[FailureGroup, ...] | tuple[QuarterRow, ...]
    ) -> None:
        table = self.query_one(name, ItemTable)
        if table.rows != rows:
            table.set_rows(rows)

    @on(ItemTable.Selected, "#steps")
    def _open_step(self, event: ItemTable.Selected) -> None:
        step: StepCounts = event.row
        self.dashboard.show_items(f"step={quote(step.step)}")

    @on(ItemTable.Selected, "#groups")
    def _open_group(self, event: ItemTable.Selected) -> None:
        group: FailureGroup = event.row
        self.dashboard.show_failures(group.signature)

    @on(ItemTable.Selected, "#quarters")
    def _open_quarter(self, event: ItemTable.Selected) -> None:
        row: QuarterRow = event.row
        self.dashboard.show_nested(row.quarter)

    @on(ProgressFigures.Selected)
    def _open_state(self, message: ProgressFigures.Selected) -> None:
        self.dashboard.show_items(f"state={quote(message.state)}")

    @on(ItemTable.Selected, "#ended")
    def _open_ended(self, event: ItemTable.Selected) -> None:
        facts: ItemFacts = event.row
        self.dashboard.show_item(facts.item_id)

    def on_resize(self) -> None:
        """More where it is wide; the bars of the quarters take what room there is."""
        self._set_columns()
        self.call_after_refresh(self._fit_quarters)
        if self.dashboard.snapshot is not None:
            self._share_rows()
            self.call_after_refresh(self.run.show, self.dashboard.snapshot, None)

    def _fit_quarters(self) -> None:
        table = self.query_one("#quarters", ItemTable)
        table.set_columns(quarter_columns(max(4, table.size.width - 21)))

    def action_chart(self) -> None:
        """States and rate over the run, on the whole screen."""
        self.dashboard.show_chart()

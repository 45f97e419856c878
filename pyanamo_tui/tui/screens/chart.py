"""The chart of a run on the whole screen: states over time since the dashboard opened, the rate over the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container

from pyanamo_tui.tui.format import duration
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.charts import moment_label
from pyanamo_tui.tui.widgets.run_charts import RateChart, StateChart

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.workflow.model import Snapshot


class ChartScreen(DashboardScreen):
    """States above, rate below; what period each covers stands on its border."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "back_out", "back", id="screen.unzoom"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.states = StateChart(id="state-chart")
        self.rates = RateChart(id="rate-chart")

    def body(self) -> ComposeResult:
        """Two panels."""
        with Container(id="states-panel", classes="panel") as panel:
            panel.border_title = "States"
            yield self.states
        with Container(id="rates-panel", classes="panel") as panel:
            panel.border_title = "Ended a minute"
            yield self.rates

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Both charts, and what they cover."""
        self.states.show(snapshot.timeline)
        self.rates.show(snapshot.rates)
        since = snapshot.timeline.since
        if since is not None:
            at = moment_label(since, max(600.0, snapshot.timeline.span))
            self.retitle("#states-panel", f"States since {at}, when this dashboard had counted the table")
        history = snapshot.rates
        if history is not None and history.samples:
            at = moment_label(history.samples[0].at, max(600.0, history.span))
            self.retitle(
                "#rates-panel", f"Ended a minute since {at}, over {duration(history.span)}, by when items ended"
            )

"""The lower part of a large overview: the charts of the run, and the items that ended last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container, Horizontal, Vertical

from pyanamo_tui.tui.columns import key_of
from pyanamo_tui.tui.latest import latest_columns, latest_ended
from pyanamo_tui.tui.widgets.item_table import ItemTable
from pyanamo_tui.tui.widgets.run_charts import RateChart, StateChart

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.workflow.model import ItemFacts, Snapshot


class RunPanel(Horizontal):
    """Costs nothing while it is hidden; made whole by the first Snapshot after."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._latest: tuple[ItemFacts, ...] = ()
        self._seq = -1
        self.states = StateChart()
        self.rates = RateChart()
        self.ended: ItemTable[ItemFacts] = ItemTable(
            latest_columns(0), key_of, empty="Nothing has ended yet", id="ended"
        )

    def compose(self) -> ComposeResult:
        """Charts on the left, the latest on the right."""
        with Vertical(id="run-charts"):
            with Container(classes="panel") as panel:
                panel.border_title = "States"
                yield self.states
            with Container(classes="panel") as panel:
                panel.border_title = "Ended a minute"
                yield self.rates
        with Container(id="run-ended", classes="panel") as panel:
            panel.border_title = "Ended last"
            yield self.ended

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Bring it up to a Snapshot, if it is shown.

        Args:
            snapshot: the latest.
            changed: ids that differ from the Snapshot before it; None where all may.
        """
        if not self.display or self._seq == snapshot.seq:
            return
        self.ended.set_columns(latest_columns(self.ended.room))
        next_in_line = snapshot.seq == self._seq + 1
        self._seq = snapshot.seq
        self.states.show(snapshot.timeline)
        self.rates.show(snapshot.rates)
        latest = latest_ended(snapshot.items, changed if next_in_line else None, self._latest)
        if latest != self._latest:
            self._latest = latest
            self.ended.set_rows(latest)

"""Screen 5, locked: who holds each locked item, whether they still live and what says so; requeue of the dead."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static

from pyanamo_tui.core.locked import JobsTold, LockedItem, LockedReport, judge
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.columns import key_of
from pyanamo_tui.tui.locked_columns import lock_words, locked_columns, summary
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.screens.item_list import ItemListScreen
from pyanamo_tui.tui.widgets.figures import Figures
from pyanamo_tui.tui.widgets.item_table import Column, ItemTable
from pyanamo_tui.workflow.model import ItemFacts, ItemState
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.transitions import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult, RenderResult

    from pyanamo_tui.workflow.model import Snapshot

ASK_SECONDS: Final = 30.0
"""Least seconds between two rounds of questions to AWS Batch, for jobs that were asked for already."""
NEW_SECONDS: Final = 3.0
"""Least seconds between two rounds where a job that was never asked for holds an item."""
JUDGE_SECONDS: Final = 5.0
"""How often leases are looked at again while nothing else changes: time alone ends them."""

_WIDE: Final = 130
"""From this many cells on, more columns are shown."""


@dataclass
class JobsArrived(Message):
    """AWS Batch told of the jobs, or could not be asked."""

    told: JobsTold


class LockedFigures(Figures):
    """The line over the list, and how AWS Batch stands."""

    DEFAULT_CSS = "LockedFigures { height: auto; min-height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[LockedReport, str] | None = None

    def show(self, report: LockedReport, note: str) -> None:
        """Show these, and draw only if they read differently."""
        before = None if self._shown is None else self._text()
        self._shown = (report, note)
        if before is None or before != self._text():
            self.refresh(layout=True)

    def _text(self) -> Text:
        if self._shown is None:
            return Text("Reading the table …")
        report, note = self._shown
        text = summary(report, self.get_component_rich_style)
        if note:
            text.append("\n")
            text.append(printable(note), self.get_component_rich_style("figures--quiet"))
        return text

    def render(self) -> RenderResult:
        """One line, and a second where there is something to say of AWS Batch."""
        return self._text()


def held_now(
    before: Mapping[str, ItemFacts] | None, snapshot: Snapshot, changed: frozenset[str] | None
) -> Mapping[str, ItemFacts]:
    """The locked items of a Snapshot, from those before and what changed since; of all where that is not known."""
    items = snapshot.items
    if before is None or changed is None:
        return {item_id: facts for item_id, facts in items.items() if facts.state == ItemState.LOCKED}
    held = dict(before)
    for item_id in changed:
        facts = items.get(item_id)
        if facts is not None and facts.state == ItemState.LOCKED:
            held[item_id] = facts
        else:
            held.pop(item_id, None)
    return held


class LockedScreen(ItemListScreen):
    """Every locked item with its verdict. AWS Batch is asked on a thread, now and then, while this screen is shown."""

    EMPTY = "No item is locked."
    VIEW = "locked"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "requeue", "requeue the dead", id="change.requeue", key_display="R"),
        Binding("r", "ask_again", "refresh, and ask AWS Batch", id="app.refresh", show=False),
    ]

    def __init__(self) -> None:
        self._found: dict[str, LockedItem] = {}
        self._held: Mapping[str, ItemFacts] | None = None
        self._wide, self._narrow = locked_columns(self._found.get)
        super().__init__(ItemTable(self._narrow, key_of, marks=True, id="items"))
        self._report = LockedReport(())
        self._told = JobsTold()
        self._asking = False
        self._asked_at: float | None = None
        self._figures = LockedFigures()
        self._why = Static("", id="lock-words")

    @property
    def report(self) -> LockedReport:
        """What was last found of the locks."""
        return self._report

    @property
    def orders(self) -> tuple[Column[ItemFacts], ...]:
        """By verdict first, the dead on top; by any other column."""
        return self._wide

    def body(self) -> ComposeResult:
        """Summary, items, the evidence of one, filter bar."""
        with Container(id="locked-summary", classes="panel") as panel:
            panel.border_title = "Locked"
            yield self._figures
        with Container(id="locked-items", classes="panel") as panel:
            panel.border_title = "Items"
            yield self.table
        with Container(id="locked-why", classes="panel") as panel:
            panel.border_title = "Because"
            yield self._why
        yield self.bar

    def on_mount(self) -> None:
        """The items have the keys; leases are looked at again while nothing else changes."""
        super().on_mount()
        self.table.focus()
        self.set_interval(JUDGE_SECONDS, self._judge_again)

    def columns_for(self, room: int, longest_id: int, longest_step: int) -> tuple[Column[ItemFacts], ...]:
        """Whose it is and whether it is alive; where there is room more of the evidence."""
        return self._wide if room >= _WIDE else self._narrow

    # -- what is known --------------------------------------------------------------------------

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Judge anew where a lock came, went or moved; ask AWS Batch where it is time."""
        if changed is not None and not changed and self._view is not None:
            return
        self._held = held_now(self._held, snapshot, changed)
        self._judge()

    def listed(self, snapshot: Snapshot) -> Mapping[str, ItemFacts]:
        """The locked items."""
        return held_now(None, snapshot, None) if self._held is None else self._held

    def _judge_again(self) -> None:
        if self.is_current and self._held is not None:
            self._judge()

    def _judge(self) -> None:
        held = list((self._held or {}).values())
        self._report = judge(held, self._told, time.time())
        self._found.clear()
        self._found.update((found.facts.item_id, found) for found in self._report.items)
        self._figures.show(self._report, self._note())
        self.relist()
        self._tell_why()
        self._ask_if_due(held)

    def _note(self) -> str:
        if self._told.problem:
            return f"AWS Batch could not be asked: {self._told.problem}"
        if self._asking and self._asked_at is None:
            return "Asking AWS Batch for the jobs …"
        return ""

    # -- AWS Batch ------------------------------------------------------------------------------

    def _ask_if_due(self, held: list[ItemFacts]) -> None:
        wanted = {found.owner.job_id for found in self._report.items if found.owner.job_id is not None}
        if self._asking or not wanted:
            return
        since = None if self._asked_at is None else time.monotonic() - self._asked_at
        wait = NEW_SECONDS if not wanted <= self._told.asked else ASK_SECONDS
        if since is None or since >= wait:
            self._asking = True
            self._figures.show(self._report, self._note())
            self._ask(held)

    @work(thread=True, group="jobs", exit_on_error=False, description="ask AWS Batch")
    def _ask(self, held: list[ItemFacts]) -> None:
        workspace = self.dashboard.workspace
        told = JobsTold()
        if workspace is not None:
            try:
                told = workspace.locked.ask(held)
            except PyanamoError as error:
                # Expired credentials, say: the verdicts stay open and the note says why.
                told = JobsTold(problem=error.message)
        self.post_message(JobsArrived(told))

    @on(JobsArrived)
    def _jobs_arrived(self, message: JobsArrived) -> None:
        message.stop()
        self._told, self._asking, self._asked_at = message.told, False, time.monotonic()
        self._judge_again()

    def action_ask_again(self) -> None:
        """Look at the table now, and ask AWS Batch now."""
        self._asked_at = None
        self.dashboard.action_refresh_now()
        self._judge_again()

    # -- one lock -------------------------------------------------------------------------------

    def show_counts(self, text: Text) -> None:
        """On the border of the items."""
        self.retitle("#locked-items", Text.assemble("Items: ", text))

    @on(ItemTable.Highlighted, "#items")
    def _tell_why(self) -> None:
        row = self.table.row
        found = None if row is None else self._found.get(row.item_id)
        words = Text("") if found is None else lock_words(found)
        if self._why.content != words:
            self._why.update(words)

    # -- changing -------------------------------------------------------------------------------

    @work(group="change", exclusive=True)
    async def action_requeue(self) -> None:
        """Make the marked items, or all that are shown, wait again where their worker is dead."""
        workspace = self.dashboard.workspace
        if workspace is None:
            return
        chosen = self.table.marked or {row.item_id for row in self.table.rows}
        dead = {found.facts.item_id: found.facts for found in self._report.dead if found.facts.item_id in chosen}
        if not dead:
            which = "marked item" if self.table.marked else "item here"
            self.app.push_screen(
                MessageModal(f"No {which} is held by a worker that is dead", "Only the dead are given back here.")
            )
            return
        locks = {item_id: facts.lock_id for item_id, facts in dead.items()}
        await self._change(
            lambda: workspace.actions.requeue(tuple(dead), Scope.ITEM, dead=locks, facts=dead), clear_marks=True
        )

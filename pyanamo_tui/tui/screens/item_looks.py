"""The looks at one item on every screen with items: why it failed, raw JSON, its Batch job, copying parts of it."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.batch_job import end_job, show_job
from pyanamo_tui.tui.copying import Part, copy_choices, copy_part, copy_text
from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.modals.raw_item import RawItemModal
from pyanamo_tui.tui.modals.why import WhyModal
from pyanamo_tui.tui.screens.base import DashboardScreen


class ItemLooksScreen(DashboardScreen):
    """A screen on which an item is chosen: by a cursor in a list, or because the screen is about it.

    Subclasses say which (`item_here`), and which are marked (`marked_here`) where items can be marked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "why", "why", id="look.why"),
        Binding("y", "raw", "raw JSON", id="look.raw", show=False),
        Binding("c", "copy", "copy", id="look.copy", show=False),
        Binding("b", "batch_job", "Batch job", id="look.batch_job", show=False),
        Binding("X", "end_job", "end the Batch job", id="change.end_job", show=False, key_display="X"),
    ]

    @abstractmethod
    def item_here(self) -> tuple[str, str | None] | None:
        """The id of the item that the keys are about and, where it is nested, the key of the task; None for none."""

    def neighbour(self, item_id: str, step: int) -> str | None:
        """The next (1) or previous (-1) failed item of this screen's list, the cursor put on it; None at the end."""
        return None

    def marked_here(self) -> frozenset[str]:
        """Ids that are marked."""
        return frozenset()

    def action_why(self) -> None:
        """Why it failed: exit code and signal in words, last lines, attempts, host, job, what to try."""
        here, workspace = self.item_here(), self.dashboard.workspace
        if here is not None and workspace is not None:
            snapshot = self.dashboard.snapshot
            facts = None if snapshot is None else snapshot.items.get(here[0])
            self.app.push_screen(WhyModal(workspace, here[0], here[1], facts))

    @work(group="job", exclusive=True)
    async def action_batch_job(self) -> None:
        """The AWS Batch job that locked it: state, reason, queue, attempts, exit code, log stream."""
        here, workspace = self.item_here(), self.dashboard.workspace
        if here is not None and workspace is not None:
            await show_job(self.dashboard, workspace, here[0])

    @work(group="change", exclusive=True)
    async def action_end_job(self) -> None:
        """End the AWS Batch job that holds it, after a question."""
        here, workspace = self.item_here(), self.dashboard.workspace
        if here is not None and workspace is not None:
            await end_job(self.dashboard, workspace, here[0])

    @work(group="raw", exclusive=True)
    async def action_raw(self) -> None:
        """The whole item as JSON."""
        here, workspace = self.item_here(), self.dashboard.workspace
        if here is None or workspace is None:
            return
        try:
            record = await asyncio.to_thread(workspace.record, here[0])
        except PyanamoError as error:
            self.dashboard.tell(error)
            return
        await self.app.push_screen(RawItemModal(self.dashboard, here[0], record))

    @work(group="copy", exclusive=True)
    async def action_copy(self) -> None:
        """Choose what of the item to copy, and copy it to the terminal's clipboard."""
        here, marked = self.item_here(), self.marked_here()
        if here is None:
            return
        chosen = await self.app.push_screen_wait(Choose("Copy", copy_choices(len(marked))))
        if chosen == Part.MARKED:
            await copy_text(self.dashboard, "\n".join(sorted(marked)), f"the ids of {count(len(marked))} marked items")
        elif chosen is not None:
            await copy_part(self.dashboard, here[0], here[1], Part(chosen))

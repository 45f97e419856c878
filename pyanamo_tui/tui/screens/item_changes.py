"""The changes that every list of items offers: requeue, set state, delete, undo; on marks, else on the cursor's row."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.suggester import SuggestFromList

from pyanamo_tui.tui.changes import make_change
from pyanamo_tui.tui.format import count, counted
from pyanamo_tui.tui.modals.choose import Choice, Choose
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens.item_looks import ItemLooksScreen
from pyanamo_tui.workflow.model import KNOWN_STATES
from pyanamo_tui.workflow.transitions import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyanamo_tui.core.plan import Plan
    from pyanamo_tui.workflow.model import ItemFacts

_HELD_BACK: Final = ("Pending",)
"""What people call the state of items that no engine shall take yet, after the original's documentation."""
SCOPES: Final = (
    Choice(Scope.ITEM, "item", "all tasks that are not done", "i"),
    Choice(Scope.FAILED_TASKS, "failed tasks", "only tasks that failed", "f"),
    Choice(Scope.ALL_TASKS, "all tasks", "every task, done ones too", "a"),
)


class ItemChangesScreen(ItemLooksScreen):
    """A screen on which items are chosen to be changed: each change is planned, asked and journalled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "requeue", "requeue", id="change.requeue", key_display="R"),
        Binding("E", "set_state", "set state", id="change.set_state", show=False, key_display="E"),
        Binding("D", "delete", "delete", id="change.delete", show=False, key_display="D"),
    ]

    def targets(self) -> tuple[str, ...]:
        """Ids that a change is about: the marked items, or the one under the cursor."""
        here, marked = self.item_here(), self.marked_here()
        if marked:
            return tuple(sorted(marked))
        return () if here is None else (here[0],)

    def _known(self, item_ids: tuple[str, ...]) -> dict[str, ItemFacts]:
        snapshot = self.dashboard.snapshot
        items = {} if snapshot is None else snapshot.items
        return {item_id: items[item_id] for item_id in item_ids if item_id in items}

    @work(group="change", exclusive=True)
    async def action_requeue(self) -> None:
        """Make the chosen items wait again."""
        await self.requeue(self.targets())

    async def requeue(self, item_ids: tuple[str, ...], detail: dict[str, str] | None = None) -> None:
        """Ask what of them to run again where they are nested, then plan, ask and do it."""
        workspace = self.dashboard.workspace
        if workspace is None or not item_ids:
            return
        facts, scope = self._known(item_ids), Scope.ITEM
        nested = sum(known.nested for known in facts.values())
        if nested:
            which = (
                f"{count(len(item_ids))} items, {count(nested)} of them nested" if len(item_ids) > 1 else "this item"
            )
            title = f"Requeue what of {which}?"
            chosen = await self.app.push_screen_wait(Choose(title, SCOPES))
            if chosen is None:
                return
            scope = Scope(chosen)
        await self._change(
            lambda: workspace.actions.requeue(item_ids, scope, facts=facts, detail=detail), clear_marks=True
        )

    @work(group="change", exclusive=True)
    async def action_set_state(self) -> None:
        """Park the chosen items in a state."""
        workspace, item_ids = self.dashboard.workspace, self.targets()
        if workspace is None or not item_ids:
            return
        state = await self.app.push_screen_wait(
            Prompt(
                f"Set the state of {counted(len(item_ids), 'item')} to",
                placeholder="Pending, todo, done, … (→ completes)",
                suggester=SuggestFromList([*KNOWN_STATES, *_HELD_BACK], case_sensitive=False),
            )
        )
        if state:
            await self._change(
                lambda: workspace.actions.set_state(item_ids, state.strip(), facts=self._known(item_ids)),
                clear_marks=True,
            )

    @work(group="change", exclusive=True)
    async def action_delete(self) -> None:
        """Delete the chosen items."""
        workspace, item_ids = self.dashboard.workspace, self.targets()
        if workspace is not None and item_ids:
            await self._change(
                lambda: workspace.actions.delete(item_ids, facts=self._known(item_ids)), clear_marks=True
            )

    async def _change(self, plan_it: Callable[[], Plan], *, clear_marks: bool = False) -> None:
        before = self.marked_here()
        result = await make_change(self.dashboard, plan_it, self.marker)
        unmark = result is not None and clear_marks and result.complete and self.marked_here() == before
        if unmark and self.marker is not None:
            self.marker(())

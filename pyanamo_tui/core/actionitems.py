"""The items of one journalled action as a list shows them: what came of each, and where its pre-image stands.

Read without AWS. Memory is for ids, states and outcomes only: a pre-image is read again when it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyanamo_tui.core.journalfile import ActionFile, Entry, Fate
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import Record


@dataclass(frozen=True, slots=True)
class ActionItem:
    """One item of an action.

    Attributes:
        key: tells it from the others of the action; an item may have been tried twice.
        item_id: which.
        fate: what came of it; None where the program died before it was noted: undo finds out.
        why: why it was skipped or failed.
        before, after: its state as it was and as the change leaves it; None where there was, or is, no such item.
        offset: where its pre-image stands in the file; None where there was nothing to write.
    """

    key: str
    item_id: str
    fate: Fate | None
    why: str
    before: str | None
    after: str | None
    offset: int | None

    @property
    def outcome(self) -> str:
        """What came of it, in a word."""
        return "unknown" if self.fate is None else str(self.fate)


def action_items(file: ActionFile) -> Iterator[ActionItem]:
    """Every item of an action: those with a pre-image in the order of writing, then those left alone at once."""
    noted = {one.number: one for one in file.outcomes() if one.number is not None}
    offsets = file.offsets()
    for entry in file.entries():
        outcome = noted.get(entry.number)
        yield ActionItem(
            key=str(entry.number),
            item_id=entry.item_id,
            fate=None if outcome is None else outcome.fate,
            why="" if outcome is None else outcome.why,
            before=_state(entry.before),
            after=_state(entry.after),
            offset=offsets[entry.number][1],
        )
    untouched = (one for one in file.outcomes() if one.number is None)
    for number, one in enumerate(untouched):
        yield ActionItem(f"-{number}", one.item_id, one.fate, one.why, None, None, None)


def entry_of(file: ActionFile, item: ActionItem) -> Entry | None:
    """The item as it was before and as the change leaves it; None where nothing was to be written."""
    return None if item.offset is None else file.entry_at(item.offset)


def _state(record: Record | None) -> str | None:
    return None if record is None else schema.string_of(record, schema.STATE) or "no state"

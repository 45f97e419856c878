"""What the Monitor knows of a table at this moment, kept by item, and the Snapshots made of it.

Everything is keyed by item id: an item that is read twice, from the index and from the stream, counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from pyanamo_tui.core.factmap import FactMap
from pyanamo_tui.workflow.model import ItemFacts, Progress, Snapshot
from pyanamo_tui.workflow.progress import RateHistory, Tally, history_from_items, progress_of
from pyanamo_tui.workflow.timeline import Timeline

_Value = TypeVar("_Value")


def _same(before: _Value, after: _Value) -> _Value:
    """The object before if the one after equals it, so that whoever shows it can tell by identity."""
    return before if before == after else after


class Picture:
    """The facts of every known item and what is counted of them. Used by one thread at a time."""

    def __init__(self, table: str) -> None:
        self._facts = FactMap()
        self._pending: dict[str, ItemFacts | None] = {}
        self._tally = Tally()
        self._history: RateHistory | None = None
        self._shown = Snapshot(table=table)

    @property
    def dirty(self) -> bool:
        """Whether something is known that the last Snapshot does not show."""
        return bool(self._pending)

    def get(self, item_id: str) -> ItemFacts | None:
        """The facts of an item, None if there is none."""
        return self._pending[item_id] if item_id in self._pending else self._facts.get(item_id)

    def ids(self) -> Iterator[str]:
        """The ids of all items."""
        pending = self._pending
        for item_id in self._facts:
            if item_id not in pending:
                yield item_id
        for item_id, facts in pending.items():
            if facts is not None:
                yield item_id

    def put(self, facts: ItemFacts) -> ItemFacts:
        """Take in what was read of an item; the object that is kept, which is the old one if nothing changed."""
        before = self.get(facts.item_id)
        if before is not None and before == facts:
            return before
        self._tally.update(before, facts)
        self._pending[facts.item_id] = facts
        return facts

    def remove(self, item_id: str) -> bool:
        """Forget an item that is gone; False if it was not known."""
        before = self.get(item_id)
        if before is None:
            return False
        self._tally.update(before, None)
        self._pending[item_id] = None
        return True

    def snapshot(self, frame: Snapshot, seq: int) -> Snapshot:
        """The next Snapshot: what is known now, with the other fields (age, source, cost, health) of `frame`.

        Where nothing changed, it shares every mapping with the one before and `changed` is empty.
        """
        before, pending = self._shown, self._pending
        shown = replace(
            frame,
            seq=seq,
            counts=before.counts,
            items=before.items,
            changed=frozenset(),
            steps=before.steps,
            quarters=before.quarters,
            failures=before.failures,
        )
        if pending:
            self._pending = {}
            self._facts = self._facts.updated(pending)
            shown = replace(
                shown,
                counts=_same(before.counts, self._tally.counts()),
                items=self._facts,
                changed=frozenset(pending),
                steps=_same(before.steps, self._tally.steps()),
                quarters=_same(before.quarters, self._tally.quarters()),
                failures=_same(before.failures, self._tally.failures()),
            )
        shown = replace(shown, progress=_same(before.progress, self._progress(before, shown)))
        shown = replace(shown, timeline=self._timeline(before, shown), rates=self._history)
        self._shown = shown
        return shown

    @staticmethod
    def _timeline(before: Snapshot, shown: Snapshot) -> Timeline:
        """How the counts went; whole counts alone are part of it."""
        if not shown.exact or shown.as_of is None or (shown.as_of == before.as_of and shown.counts == before.counts):
            return before.timeline
        return before.timeline.add(shown.as_of, shown.counts)

    def _progress(self, before: Snapshot, shown: Snapshot) -> Progress:
        """Rates and what is left; unknown until everything has been counted once."""
        if not shown.exact or shown.as_of is None:
            return Progress()
        if self._history is None:
            self._tally.take_ended()
            self._history = history_from_items(self._facts.values(), shown.as_of)
        elif shown.as_of == before.as_of and not shown.changed:
            return before.progress
        else:
            self._history = self._history.add(max(shown.as_of, before.as_of or 0.0), *self._tally.take_ended())
        return progress_of(shown.counts, self._history)

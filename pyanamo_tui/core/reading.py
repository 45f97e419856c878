"""One census as it meets the stream: what it has seen, what was told meanwhile, and what remains in doubt.

An item told of by the stream since the census began is the stream's: a page may show it as it was before. Items that
no page had, or that a check finds other than they should be, are in doubt and are asked by key.
"""

from __future__ import annotations

from typing import Final

from pyanamo_tui.aws.items import GET_BATCH, Items
from pyanamo_tui.core.census import Census
from pyanamo_tui.core.feed import facts_in_census
from pyanamo_tui.core.picture import Picture
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemFacts

SETTLE_SECONDS: Final = 10.0
"""How long a stream has to tell what a check has seen before it is a difference."""


class Reading:
    """A census under way.

    Args:
        census: the reading itself.
        picture: what it is taken into.
        check: only look for differences: the stream should have told everything.
        began: when it began, epoch seconds.
        steady: the same on the clock that never goes back.
    """

    def __init__(self, census: Census, picture: Picture, *, check: bool, began: float, steady: float) -> None:
        self.census = census
        self.check = check
        self.began = began
        self.steady = steady
        self.resolve_at = 0.0
        self.corrected = 0
        self._picture = picture
        self._seen: set[str] = set()
        self._told: set[str] = set()
        self._differ: set[str] = set()
        self._doubts: list[str] | None = None

    @property
    def done(self) -> bool:
        """Whether all is read and nothing is in doubt."""
        return self._doubts == []

    @property
    def in_doubt(self) -> bool:
        """Whether what remains is to ask for items by key, not before `resolve_at`."""
        return bool(self._doubts)

    def advance(self, page_units: float, now: float) -> None:
        """Read one page and take it in.

        Args:
            page_units: read units that it may consume, roughly.
            now: the time on the clock that never goes back.

        Raises:
            PyanamoError: what AWS answered; the reading stands where it stood.
        """
        for facts in self.census.advance(page_units).facts:
            self._take(facts)
        if self.census.done:
            self._doubts = self._find_doubts()
            self.resolve_at = now + (SETTLE_SECONDS if self.check else 0.0)

    def tell(self, item_id: str) -> None:
        """The stream has told of this item."""
        self._told.add(item_id)

    def _take(self, facts: ItemFacts) -> None:
        item_id = facts.item_id
        if item_id in self._told:
            return
        before = self._picture.get(item_id)
        if self.check:
            self._seen.add(item_id if before is None else before.item_id)
            if before != facts:
                self._differ.add(item_id)
            return
        if item_id in self._seen and before is not None and (before.updated_at or 0.0) > (facts.updated_at or 0.0):
            return
        self._seen.add(self._picture.put(facts).item_id)

    def _find_doubts(self) -> list[str]:
        """The items that no page had, and those that a check found different.

        More than one request can ask for have been deleted rather than missed: without a check they are forgotten.
        """
        missing = [found for found in self._picture.ids() if found not in self._seen and found not in self._told]
        if self.check or len(missing) <= GET_BATCH:
            return [*self._differ, *missing]
        for item_id in missing:
            self._picture.remove(item_id)
        return []

    def resolve(self, items: Items) -> None:
        """Ask for up to a hundred items in doubt by key, except those that the stream has told of since.

        Raises:
            PyanamoError: what AWS answered; the same are asked for again.
        """
        doubts = [item_id for item_id in self._doubts or () if item_id not in self._told]
        batch, rest = doubts[:GET_BATCH], doubts[GET_BATCH:]
        records = items.get_many(batch, schema.FACT_ATTRIBUTES)
        for item_id in batch:
            record = records.get(item_id)
            facts = None if record is None else facts_in_census(record)
            if facts != self._picture.get(item_id):
                self.corrected += 1
            if facts is None:
                self._picture.remove(item_id)
            else:
                self._picture.put(facts)
        self._doubts = rest

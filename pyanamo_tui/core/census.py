"""Reads a whole table by state, page by page, from the cheapest index: what the Monitor stands on.

Known states come first, those a user waits for before the rest; then any other state that the table holds.
Only the small attributes are asked for, never scripts or logs. Items without a text `ItemState` are in no index
and so in no census (docs/wire-format.md); the doctor finds them by scanning the table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from pyanamo_tui.aws.items import Items, Page
from pyanamo_tui.aws.tables import TableInfo
from pyanamo_tui.core.budget import UNITS_PER_BYTE
from pyanamo_tui.errors import ServiceRefused
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemFacts, ItemState
from pyanamo_tui.workflow.schema import Record

STATE_ORDER: Final = (ItemState.FAILED, ItemState.LOCKED, ItemState.WALL_TIME, ItemState.TODO, ItemState.DONE)
"""The states that engines know, in the order in which a census reads them."""

MAX_PAGE_ITEMS: Final = 2000
MIN_PAGE_ITEMS: Final = 10
_GUESSED_ITEM_BYTES: Final = 300.0
_REVISIT_AFTER_PAGES: Final = 3
_LAST_ID: Final = "\U0010ffff" * (schema.MAX_SORT_KEY_BYTES // 4)
"""Sorts after every id: the highest code point, as often as a sort key has room for."""
_SHARED: Final = (schema.STATE, schema.STEP, schema.OWNER, schema.SIGNATURE)
"""Attributes whose values many items have in common; each is kept once in memory."""


def facts_of(record: Record, *, whole: bool = False) -> ItemFacts:
    """The facts of a record just read, with the values that many items share kept once. Changes the record."""
    for name in _SHARED:
        value = record.get(name)
        if value is not None and "S" in value:
            value["S"] = sys.intern(value["S"])
    return schema.read_facts(record, whole=whole)


@dataclass(frozen=True, slots=True)
class CensusPage:
    """What one request found, and the read units it consumed. Finding nothing is not the end."""

    facts: tuple[ItemFacts, ...]
    read_units: float


class _Stage(Enum):
    STATES = auto()
    DISCOVER = auto()
    PROVE = auto()
    SCAN = auto()
    REVISIT = auto()
    DONE = auto()


def _unit_guess(info: TableInfo, index: str) -> float:
    found = info.index(index)
    size = found.size_bytes / found.items if found is not None and found.items and found.size_bytes else 0.0
    return (size or _GUESSED_ITEM_BYTES) * UNITS_PER_BYTE


class Census:
    """One reading of a table. Each `advance` sends one request; one that fails can be sent again.

    Args:
        items: the table.
        info: its description, for the size of its items.
        index: an index whose partition key is `ItemState` and whose sort key is `itemID`.
        scan: read the whole index in its own order, for a server that cannot tell states apart (`scans`).
        revisit: read the locked items once more at the end of a long reading; a stream makes that needless.
    """

    def __init__(self, items: Items, info: TableInfo, index: str, *, scan: bool = False, revisit: bool = True) -> None:
        self._items = items
        self._index = index
        self._guess = _unit_guess(info, index)
        self._stage = _Stage.SCAN if scan else _Stage.STATES
        self._states = [str(state) for state in reversed(STATE_ORDER)]
        self._start: Record | None = None
        self._asked: set[str] = set()
        self._held: set[str] = set()
        self._found: set[str] = set()
        self._unproven: list[str] = []
        self._discover_from: Record | None = None
        self._pages_since_locked = 0
        self._revisit = revisit
        self.scans = scan
        self.read_units = 0.0
        self.items_read = 0
        self.pages = 0

    @property
    def done(self) -> bool:
        """Whether every item has been read that was there all the while."""
        return self._stage is _Stage.DONE

    def advance(self, page_units: float) -> CensusPage:
        """Send the next request.

        Args:
            page_units: read units that it may consume, roughly.

        Raises:
            PyanamoError: what AWS answered; the census stands where it stood.
        """
        match self._stage:
            case _Stage.STATES | _Stage.REVISIT:
                return self._read_state(page_units)
            case _Stage.DISCOVER:
                return self._discover()
            case _Stage.PROVE:
                return self._prove()
            case _Stage.SCAN:
                return self._scan(page_units)
            case _Stage.DONE:
                return CensusPage((), 0.0)

    def _limit(self, page_units: float) -> int:
        per_item = self.read_units / self.items_read if self.items_read else self._guess
        return min(MAX_PAGE_ITEMS, max(MIN_PAGE_ITEMS, int(page_units / max(per_item, 1e-6))))

    def _count(self, page: Page, facts: Iterable[ItemFacts] = ()) -> CensusPage:
        found = tuple(facts)
        self.read_units += page.read_units
        self.items_read += len(found)
        self.pages += 1
        self._pages_since_locked += 1
        return CensusPage(found, page.read_units)

    def _read_state(self, page_units: float) -> CensusPage:
        state = self._states[-1]
        page = self._items.query_state(
            state,
            index=self._index,
            attributes=schema.FACT_ATTRIBUTES,
            limit=self._limit(page_units),
            start=self._start,
        )
        self._asked.add(state)
        if page.records:
            self._held.add(state)
        self._start = page.next_key
        if page.next_key is None:
            self._end_of_state()
        if state == ItemState.LOCKED:
            self._pages_since_locked = 0
        return self._count(page, map(facts_of, page.records))

    def _end_of_state(self) -> None:
        self._states.pop()
        if not self._states:
            self._stage = _Stage.DONE if self._stage is _Stage.REVISIT else _Stage.DISCOVER

    def _discover(self) -> CensusPage:
        """Find the next state: the first entry of the index after the last possible one of the state before."""
        try:
            page = self._items.scan(index=self._index, attributes=(schema.STATE,), limit=1, start=self._discover_from)
        except ServiceRefused:
            return self._fall_back()
        if not page.records:
            self._discover_from = page.next_key
            if page.next_key is None:
                self._unproven = sorted(self._held - self._found)
                self._stage = _Stage.PROVE if self._unproven else self._last_stage()
            return self._count(page)
        state = schema.string_of(page.records[0], schema.STATE) or ""
        if state in self._found:
            return self._fall_back()
        self._found.add(state)
        self._discover_from = {schema.STATE: schema.text(state), schema.ITEM_ID: schema.text(_LAST_ID)}
        if state not in self._asked:
            self._states.append(state)
            self._stage = _Stage.STATES
        return self._count(page)

    def _prove(self) -> CensusPage:
        """A state that held items was not found. If it still holds some, this server does not skip: scan instead."""
        state = self._unproven[-1]
        page = self._items.query_state(state, index=self._index, attributes=(schema.STATE,), limit=1)
        if page.records:
            return self._fall_back()
        self._unproven.pop()
        if not self._unproven:
            self._stage = self._last_stage()
        return self._count(page)

    def _fall_back(self) -> CensusPage:
        self._stage, self._start, self.scans = _Stage.SCAN, None, True
        return CensusPage((), 0.0)

    def _scan(self, page_units: float) -> CensusPage:
        page = self._items.scan(
            index=self._index, attributes=schema.FACT_ATTRIBUTES, limit=self._limit(page_units), start=self._start
        )
        self._start = page.next_key
        if page.next_key is None:
            self._stage = self._last_stage()
        return self._count(page, map(facts_of, page.records))

    def _last_stage(self) -> _Stage:
        """Read the locked once more if the rest took long: most items that were missed were being claimed."""
        if not self._revisit or self._pages_since_locked <= _REVISIT_AFTER_PAGES + len(STATE_ORDER):
            return _Stage.DONE
        self._states, self._start = [str(ItemState.LOCKED)], None
        return _Stage.REVISIT

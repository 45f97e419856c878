"""Decides what to read next of a table: describe it, count it, follow its stream; one request or few at a turn.

No thread and no screen in here: the Monitor turns it, and answers for what it raises.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.aws.items import GET_BATCH, Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import TableInfo, Tables
from pyanamo_tui.core.budget import ReadBudget, default_budget
from pyanamo_tui.core.census import Census, facts_of
from pyanamo_tui.core.picture import Picture
from pyanamo_tui.errors import Throttled
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemFacts, Source

DESCRIBE_SECONDS: Final = 60.0
"""How often the table's description is read: a stream or an index may have come or gone."""
PAGE_SECONDS: Final = 2.0
"""Seconds of budget that one page of a census may consume."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where the time comes from: `now` in epoch seconds, `steady` never going back."""

    now: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


class _Reading:
    """A census under way: what it has seen so far, and when it began."""

    def __init__(self, census: Census, began: float, steady: float) -> None:
        self.census = census
        self.began = began
        self.steady = steady
        self.seen: set[str] = set()
        self.told: set[str] = set()


class Watch:
    """Keeps a Picture of one table true, within an interval and a budget.

    Args:
        connection: used by this Watch alone: its meter is what monitoring costs.
        table: the table's name.
        interval: seconds between two looks.
        budget: read units a second, or None for the default (`budget.default_budget`).
        clocks: where the time comes from.
        sleep: waits for unprocessed keys.
    """

    def __init__(
        self,
        connection: Connection,
        table: str,
        *,
        interval: float,
        budget: float | None,
        clocks: Clocks | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clocks = clocks or Clocks()
        self._connection = connection
        self._tables = Tables(connection)
        self._items = Items(connection, table, sleep=sleep)
        self._table = table
        self._interval = interval
        self._asked_budget = budget
        self._info: TableInfo | None = None
        self._described = 0.0
        self._reading: _Reading | None = None
        self._scans = False
        self._next_census = 0.0
        self._census_seconds = 0.0
        self.budget = ReadBudget(budget or 1.0, self._clocks.steady)
        self.picture = Picture(table)
        self.censuses = 0
        self.as_of: float | None = None

    @property
    def info(self) -> TableInfo | None:
        """The table's description as last read."""
        return self._info

    @property
    def exact(self) -> bool:
        """Whether every item has been counted at least once."""
        return self.censuses > 0

    @property
    def source(self) -> Source:
        """How the Picture knows what it says."""
        return Source.CENSUS if self.as_of is not None else Source.NONE

    @property
    def reading_seconds(self) -> float | None:
        """How long the census under way has gone on; None if none is."""
        return None if self._reading is None else self._clocks.steady() - self._reading.steady

    @property
    def expected_seconds(self) -> float:
        """How old the data become in the ordinary course of things, beyond the interval."""
        return 2 * self._census_seconds

    @property
    def note(self) -> str:
        """What a user should know of how the table is read; empty if there is nothing to say."""
        if self._info is not None and not self._info.has_summary_index:
            return f"No {schema.SUMMARY_INDEX}: counting pays for logs"
        return ""

    @property
    def advice(self) -> str:
        """What to do about the note."""
        return f"Add what is missing: pyanamo-tui tables upgrade -t {self._table}" if self.note else ""

    def set_interval(self, seconds: float) -> None:
        """Look this often from now on."""
        self._interval = seconds
        self._next_census = min(self._next_census, self._clocks.steady() + seconds)

    def set_budget(self, units: float | None) -> None:
        """Read units a second; None for the default."""
        self._asked_budget = units
        if units is not None:
            self.budget.set_rate(units)
        elif self._info is not None:
            self.budget.set_rate(default_budget(self._info, self._info.state_index))

    def refresh(self) -> None:
        """Look again now, as far as the budget allows."""
        self._next_census = 0.0
        self._described = 0.0

    def table_gone(self) -> None:
        """The table was not found: describe it anew before anything else is asked."""
        self._info = None
        self._reading = None

    def wait(self) -> float:
        """Seconds until something is to be done."""
        now = self._clocks.steady()
        if self._info is None:
            return 0.0
        due = self.budget.wait() if self._reading is not None else max(self._next_census - now, self.budget.wait())
        return max(0.0, due)

    def turn(self) -> None:
        """Do what is due, a request or few.

        Raises:
            PyanamoError: what AWS answered; the next turn goes on where this one stood.
        """
        now = self._clocks.steady()
        if self._info is None or now - self._described >= DESCRIBE_SECONDS:
            self._describe(now)
            return
        if self._reading is None and now >= self._next_census:
            self._begin_census(self._info)
        if self._reading is not None and self.budget.wait() <= 0:
            self._read_page(self._reading)

    def _describe(self, now: float) -> None:
        info = self._tables.workflow_table(self._table)
        moved = self._info is None or info.state_index != self._info.state_index
        self._info, self._described = info, now
        self.set_budget(self._asked_budget)
        if moved:
            self._reading, self._next_census = None, now

    def _begin_census(self, info: TableInfo) -> None:
        index = info.state_index or schema.STATE_INDEX
        census = Census(self._items, info, index, scan=self._scans)
        self._reading = _Reading(census, self._clocks.now(), self._clocks.steady())

    def _read_page(self, reading: _Reading) -> None:
        with self._charged():
            page = reading.census.advance(self.budget.rate * PAGE_SECONDS)
        for facts in page.facts:
            self._take(reading, facts)
        if not self.exact:
            self.as_of = self._clocks.now()
        if reading.census.done:
            self._end_census(reading)

    def _take(self, reading: _Reading, facts: ItemFacts) -> None:
        """Take in what a page says, unless the stream has told of the item since, or an earlier page is newer."""
        if facts.item_id in reading.told:
            return
        if facts.item_id in reading.seen:
            before = self.picture.get(facts.item_id)
            if before is not None and (before.updated_at or 0.0) > (facts.updated_at or 0.0):
                return
        reading.seen.add(self.picture.put(facts).item_id)

    def _end_census(self, reading: _Reading) -> None:
        census, now = reading.census, self._clocks.steady()
        self._forget_missing(reading)
        self._scans = census.scans
        self._reading = None
        self.censuses += 1
        self.as_of = reading.began
        self._census_seconds = now - reading.steady
        self._next_census = reading.steady + self._interval

    def _forget_missing(self, reading: _Reading) -> None:
        """Forget the items that no page had. A few may only have changed state on the way: those are asked by key."""
        missing = [found for found in self.picture.ids() if found not in reading.seen and found not in reading.told]
        present: dict[str, ItemFacts] = {}
        if 0 < len(missing) <= GET_BATCH:
            with self._charged():
                records = self._items.get_many(missing, schema.FACT_ATTRIBUTES)
            present = {item_id: facts_of(record) for item_id, record in records.items()}
        for item_id in missing:
            if (facts := present.get(item_id)) is not None and facts.state:
                self.picture.put(facts)
            else:
                self.picture.remove(item_id)

    @contextmanager
    def _charged(self) -> Iterator[None]:
        """Charge the budget with what the reads within consumed; a refusal for lack of capacity slows us first."""
        before = self._connection.meter.read().read_units
        try:
            yield
        except Throttled:
            self.budget.slow_down()
            raise
        finally:
            self.budget.charge(self._connection.meter.read().read_units - before)
        self.budget.recover()

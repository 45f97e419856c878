"""Decides what to read next of a table: describe it, follow its stream, count it; a request or few at a turn.

No thread and no screen in here: the Monitor turns it, and answers for what it raises.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.streams import StreamLost, Streams
from pyanamo_tui.aws.tables import TableInfo, Tables
from pyanamo_tui.core.budget import ReadBudget, default_budget
from pyanamo_tui.core.census import Census
from pyanamo_tui.core.feed import Feed
from pyanamo_tui.core.picture import Picture
from pyanamo_tui.core.reading import Reading
from pyanamo_tui.errors import CredentialsError, PermissionDenied, PyanamoError, ServiceUnavailable, Throttled
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Source

DESCRIBE_SECONDS: Final = 20.0
"""How often the table's description is read: a stream or an index may have come or gone."""
PAGE_SECONDS: Final = 2.0
"""Seconds of budget that one page of a census may consume."""
FIRST_CHECK_SECONDS: Final = 300.0
"""When a table that is followed by its stream is counted again: an index may have been behind at the first count."""
CHECK_SECONDS: Final = 3600.0
"""How often after that."""
FEED_RETRY_SECONDS: Final = 60.0
"""Least seconds between two attempts to follow a stream; meanwhile the table is counted."""
FEED_PATIENCE_SECONDS: Final = 20.0
"""How long a stream may fail in passing before the table is counted instead."""
MIN_FEED_SECONDS: Final = 1.0
"""Least seconds between two polls of a stream, whose shards answer five reads a second to all readers together."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where the time comes from: `now` in epoch seconds, `steady` never going back."""

    now: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


class Watch:
    """Keeps a Picture of one table true, within an interval and a budget. Used by one thread at a time.

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
        self._feed: Feed | None = None
        self._feed_arn: str | None = None
        self._feed_trouble = ""
        self._describe_trouble = ""
        self._feed_retry = 0.0
        self._next_poll = 0.0
        self._reading: Reading | None = None
        self._feed_heard = 0.0
        self._based = False
        self._corrected = 0
        self._scans = False
        self._next_census = 0.0
        self._census_seconds = 0.0
        self.following = True
        self.budget = ReadBudget(budget or 1.0, self._clocks.steady)
        self.picture = Picture(table)
        self.censuses = 0
        self.as_of: float | None = None

    @property
    def exact(self) -> bool:
        """Whether every item has been counted at least once."""
        return self.censuses > 0

    @property
    def source(self) -> Source:
        """How the Picture knows what it says: by the stream once a census has been completed upon it."""
        if self.as_of is None:
            return Source.NONE
        return Source.STREAM if self._based else Source.CENSUS

    @property
    def reading_seconds(self) -> float | None:
        """How long the census that is taken in has gone on; None if none is."""
        if self._reading is None or self._reading.check:
            return None
        return self._clocks.steady() - self._reading.steady

    @property
    def expected_seconds(self) -> float:
        """How old the data become in the ordinary course of things, beyond the interval."""
        return 0.0 if self.source is Source.STREAM else 2 * self._census_seconds

    @property
    def note(self) -> str:
        """What a user should know of how the table is read; empty if there is nothing to say."""
        info, notes = self._info, []
        if self._corrected:
            noun = "item" if self._corrected == 1 else "items"
            notes.append(f"The last full check corrected {self._corrected:,} {noun}")
        if self._feed_trouble:
            notes.append(f"{self._feed_trouble}; counting instead")
        elif self._feed is not None and self._feed.reads_items:
            notes.append("The stream has no new images: changed items are read by key")
        elif info is not None and info.stream_arn is None:
            notes.append("No stream: the table is counted again and again")
        if self._describe_trouble:
            notes.append(f"{self._describe_trouble}; whether the table is still the same is not known")
        if info is not None and not info.has_summary_index:
            notes.append(f"No {schema.SUMMARY_INDEX}: counting pays for logs")
        return ". ".join(notes)

    @property
    def advice(self) -> str:
        """What to do about the note; empty if there is nothing to do."""
        info = self._info
        if info is None or (info.stream_arn is not None and info.has_summary_index):
            return ""
        return f"Add what is missing: pyanamo-tui tables upgrade -t {self._table}"

    def set_interval(self, seconds: float) -> None:
        """Look this often from now on."""
        self._interval = seconds
        soon = self._clocks.steady() + seconds
        self._next_poll = min(self._next_poll, soon)
        if self._feed is None:
            self._next_census = min(self._next_census, soon)

    def set_budget(self, units: float | None) -> None:
        """Read units a second; None for the default."""
        self._asked_budget = units
        if units is not None:
            self.budget.set_rate(units)
        elif self._info is not None:
            self.budget.set_rate(default_budget(self._info, self._info.state_index))

    def refresh(self) -> None:
        """Look again now, as far as the budget allows: at the stream where it is followed, else by counting."""
        self._described = -DESCRIBE_SECONDS
        self._next_poll = 0.0
        if self._feed is None:
            self._next_census = self._feed_retry = 0.0

    def count(self) -> None:
        """Count the whole table now, as far as the budget allows, whatever else tells of it."""
        self._next_census = 0.0

    def table_gone(self) -> None:
        """The table was not found: describe it anew before anything else is asked."""
        self._info = None
        self._drop_feed("", self._clocks.steady())
        self._feed_retry = 0.0

    def wait(self) -> float:
        """Seconds until something is to be done."""
        if self._info is None:
            return 0.0
        now = self._clocks.steady()
        due = [self._described + DESCRIBE_SECONDS]
        if self._feed is not None:
            due.append(self._next_poll)
        read_at = self._next_census if self._reading is None else self._reading.resolve_at
        due.append(max(read_at, now + self.budget.wait()))
        return max(0.0, min(due) - now)

    def turn(self) -> None:
        """Do what is due, a request or few.

        Raises:
            PyanamoError: what AWS answered; the next turn goes on where this one stood.
        """
        now = self._clocks.steady()
        if self._info is None or now - self._described >= DESCRIBE_SECONDS:
            self._describe(now)
            return
        self._follow(self._info, now)
        if self.budget.wait() > 0:
            return
        if self._reading is None and now >= self._next_census:
            self._begin_census(self._info)
        if self._reading is not None and now >= self._reading.resolve_at:
            self._read_on(self._reading)

    def _describe(self, now: float) -> None:
        try:
            info = self._tables.workflow_table(self._table)
        except PermissionDenied as error:
            if self._info is None:
                raise
            # It was allowed before: what it said then is gone by, and following the table needs no more.
            self._described, self._describe_trouble = now, error.message
            return
        self._describe_trouble = ""
        moved = self._info is None or info.state_index != self._info.state_index
        self._info, self._described = info, now
        self.set_budget(self._asked_budget)
        if self._feed is not None and info.stream_arn != self._feed_arn:
            self._drop_feed("The stream was turned off or replaced", now)
        if info.stream_arn is None:
            self._feed_trouble, self._feed_retry = "", now
        if moved:
            self._reading, self._next_census = None, now

    def _begin_census(self, info: TableInfo) -> None:
        index = info.state_index or schema.STATE_INDEX
        census = Census(self._items, info, index, scan=self._scans, revisit=self._feed is None)
        self._reading = Reading(
            census,
            self.picture,
            check=self._feed is not None and self._based,
            began=self._clocks.now(),
            steady=self._clocks.steady(),
        )

    def _read_on(self, reading: Reading) -> None:
        with self._charged():
            if reading.in_doubt:
                reading.resolve(self._items)
            else:
                reading.advance(self.budget.rate * PAGE_SECONDS, self._clocks.steady())
        if not self.exact:
            self.as_of = reading.began
        if reading.done:
            self._end_census(reading)

    def _end_census(self, reading: Reading) -> None:
        self._scans = reading.census.scans
        self._reading = None
        self.censuses += 1
        if reading.check:
            self._corrected = reading.corrected
            self._next_census = self._clocks.steady() + CHECK_SECONDS
            return
        self.as_of = reading.began
        self._census_seconds = self._clocks.steady() - reading.steady
        self._based = self._feed is not None
        self._next_census = reading.steady + self._interval
        if self._based:
            self._next_census = self._clocks.steady() + FIRST_CHECK_SECONDS

    def _follow(self, info: TableInfo, now: float) -> None:
        """Read the stream where it is time; one that cannot be followed is left alone for a while."""
        if self._feed is not None and now >= self._next_poll:
            self._poll_or_drop(self._feed, now)
        elif self._feed is None and self.following and info.stream_arn is not None and now >= self._feed_retry:
            try:
                self._begin_feed(info.stream_arn, info.stream_view or "", now)
            except CredentialsError:
                raise
            except PyanamoError as error:
                self._drop_feed(error.message, now)

    def _begin_feed(self, arn: str, view: str, now: float) -> None:
        """Take up the stream first, then count: what the count misses, the stream tells."""
        self._feed_retry = now + FEED_RETRY_SECONDS
        streams = Streams(self._connection, arn, self._table)
        feed = Feed(streams, self._items, view, clock=self._clocks.steady, now=self._clocks.now)
        feed.begin()
        self._feed, self._feed_arn, self._feed_trouble = feed, arn, ""
        self._based, self._feed_heard = False, now
        self._reading, self._next_census, self._next_poll = None, now, now

    def _drop_feed(self, trouble: str, now: float) -> None:
        """Count from now on; the stream is tried again a minute after it was last begun."""
        self._feed = self._feed_arn = None
        self._feed_trouble, self._based = trouble, False
        self._reading, self._next_census = None, now

    def _poll_or_drop(self, feed: Feed, now: float) -> None:
        try:
            self._poll_feed(feed, now)
        except (StreamLost, PermissionDenied) as error:
            self._drop_feed(error.message, now)
        except (Throttled, ServiceUnavailable) as error:
            if now - self._feed_heard < FEED_PATIENCE_SECONDS:
                raise
            self._drop_feed(error.message, now)

    def _poll_feed(self, feed: Feed, now: float) -> None:
        began = self._clocks.now()
        with self._charged():
            news = feed.poll()
        self._feed_heard = now
        for item_id, facts in news.changes.items():
            if self._reading is not None:
                self._reading.tell(item_id)
            if facts is None:
                self.picture.remove(item_id)
            else:
                self.picture.put(facts)
        if self._based and not news.more:
            self.as_of = began
        self._next_poll = now + max(MIN_FEED_SECONDS, 0.0 if news.more else self._interval)

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

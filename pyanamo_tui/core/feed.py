"""Follows a table's stream: every change by whoever made it, in its order, for nothing while nothing happens.

A feed that was begun before a census misses nothing: what the census did not see, the stream tells. Where the stream
carries no new images, the changed items are read by key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pyanamo_tui.aws.items import GET_BATCH, Items
from pyanamo_tui.aws.streams import (
    NEW_IMAGE_VIEWS,
    IteratorExpired,
    Shard,
    StreamChange,
    StreamLost,
    Streams,
)
from pyanamo_tui.core.census import facts_of
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Debris, ItemFacts
from pyanamo_tui.workflow.schema import Record

READS_AT_ONCE: Final = 4
"""Reads of one shard in one poll; it answers five a second, to all its readers together."""
LIST_SECONDS: Final = 300.0
"""How often the shards are listed although none has ended."""
LIST_CHILDREN_SECONDS: Final = 2.0
"""How often they are listed while the children of one that has ended are not yet there."""


_OLD_SECONDS: Final = 90.0
"""Changes older than this are not the end of a shard, however short the page; servers round times to the minute."""


@dataclass(slots=True)
class _Position:
    """Where the reading of one shard stands."""

    shard_id: str
    iterator: str
    from_start: bool
    sequence: str | None = None


@dataclass(slots=True)
class FeedNews:
    """What the stream told: facts by item, None for one that is gone. `more` says that more is waiting already."""

    changes: dict[str, ItemFacts | None] = field(default_factory=dict)
    more: bool = False


def facts_in_census(image: Record) -> ItemFacts | None:
    """The facts of a whole item as a census would give them: none without a text state, for no index holds it."""
    facts = facts_of(image)
    return None if Debris.STATE_NOT_TEXT in facts.debris else facts


class Feed:
    """The changes of one table from the moment `begin` was called. Used by one thread.

    Args:
        streams: the table's stream.
        items: the table, for streams whose records carry no new image.
        view: the stream's view type (`NEW_IMAGE`, `KEYS_ONLY`...).
        clock: seconds, never going back.
        now: epoch seconds.
    """

    def __init__(
        self,
        streams: Streams,
        items: Items,
        view: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._streams = streams
        self._items = items
        self._view = view
        self._clock = clock
        self._now = now
        self._open: dict[str, _Position] = {}
        self._waiting: dict[str, Shard] = {}
        self._known: set[str] = set()
        self._childless: set[str] = set()
        self._listed = 0.0
        self._news = FeedNews()
        self._unread: dict[str, None] = {}

    @property
    def reads_items(self) -> bool:
        """Whether each changed item is read by key, since the stream does not carry it."""
        return self._view not in NEW_IMAGE_VIEWS

    def begin(self) -> None:
        """Take up a position in every open shard: whatever is written from now on will be told.

        Raises:
            StreamLost: the stream is gone.
        """
        self._listed = self._clock()
        for shard in self._streams.shards():
            self._known.add(shard.shard_id)
            if not shard.closed:
                self._open[shard.shard_id] = _Position(
                    shard.shard_id, self._streams.from_now(shard.shard_id), from_start=False
                )
        for position in list(self._open.values()):
            self._read(position)  # An iterator may be resolved only when it is first used: that fixes the place.

    def poll(self) -> FeedNews:
        """What has changed since the last call. A call that fails loses nothing: the next one tells it.

        Raises:
            StreamLost: changes were missed; count the table again, with a new Feed.
            PyanamoError: what AWS answered.
        """
        self._news.more = False
        self._follow_children()
        for position in list(self._open.values()):
            for _ in range(READS_AT_ONCE):
                more = self._read(position)
                if not more or position.shard_id not in self._open:
                    break
            self._news.more |= more
        self._read_items()
        news, self._news = self._news, FeedNews()
        return news

    def _read(self, position: _Position) -> bool:
        """Read one page of a shard; whether more may be waiting there."""
        try:
            page = self._streams.read(position.iterator)
        except IteratorExpired:
            position.iterator = self._again(position)
            return True
        for change in page.changes:
            self._take(change)
            position.sequence = change.sequence
        if page.next_iterator is None:
            del self._open[position.shard_id]
            self._childless.add(position.shard_id)
            self._listed = min(self._listed, self._clock() - LIST_CHILDREN_SECONDS)
            return True
        position.iterator = page.next_iterator
        newest = max((change.at for change in page.changes if change.at is not None), default=None)
        return page.full or (newest is not None and newest < self._now() - _OLD_SECONDS)

    def _again(self, position: _Position) -> str:
        if position.sequence is not None:
            return self._streams.after(position.shard_id, position.sequence)
        if position.from_start:
            return self._streams.from_start(position.shard_id)
        raise StreamLost("The place in the stream was lost: it was not read for a quarter of an hour")

    def _take(self, change: StreamChange) -> None:
        if change.image is not None:
            self._news.changes[change.item_id] = facts_in_census(change.image)
            self._unread.pop(change.item_id, None)
        elif change.removed:
            self._news.changes[change.item_id] = None
            self._unread.pop(change.item_id, None)
        else:
            self._unread[change.item_id] = None

    def _read_items(self) -> None:
        """Read the items of which only the key was told. What is found is at least as new as what was told."""
        while self._unread:
            batch = [item_id for item_id, _ in zip(self._unread, range(GET_BATCH), strict=False)]
            records = self._items.get_many(batch, schema.FACT_ATTRIBUTES)
            for item_id in batch:
                record = records.get(item_id)
                self._news.changes[item_id] = None if record is None else facts_in_census(record)
                del self._unread[item_id]

    def _follow_children(self) -> None:
        """List the shards where one has ended, or now and then; a child is read after its parent, from its start."""
        now = self._clock()
        if now - self._listed >= (LIST_CHILDREN_SECONDS if self._childless else LIST_SECONDS):
            for shard in self._streams.shards():
                self._childless.discard(shard.parent or "")
                if shard.shard_id not in self._known:
                    self._known.add(shard.shard_id)
                    self._waiting[shard.shard_id] = shard
            self._listed = now
        unread = self._open.keys() | self._waiting.keys()
        for shard in list(self._waiting.values()):
            if shard.parent not in unread:
                iterator = self._streams.from_start(shard.shard_id)
                self._open[shard.shard_id] = _Position(shard.shard_id, iterator, from_start=True)
                del self._waiting[shard.shard_id]

"""Finds waiting items cheaply and takes them: a page of ids from the slimmest index, one conditional write a claim.

Many engines look at once. Each looks from a place of its own among the ids, takes the page's ids in random order,
and drops the page at the first claim that it loses, since others are at work on the same ids.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeVar

from pyanamo_tui.aws.items import ItemChanged, Items, Page
from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.engine.identity import new_lock_id
from pyanamo_tui.engine.lease import back_off
from pyanamo_tui.errors import ServiceRefused, ServiceUnavailable
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.change import Change
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.schema import Record

PAGE: Final = 100
WIDE_PAGE: Final = 25
"""Ids a page from an index that holds whole items: each id costs as much as its item."""
PAGE_SECONDS: Final = 2.0
"""How long a page of ids is believed, other engines being at work."""
RECENT_SECONDS: Final = 3.0
"""How long an index may show an item as waiting after it was taken: it is eventually consistent."""
SKEW_PART: Final = 0.1
"""Of the lease: how long past its end an item is left alone, since clocks differ between hosts."""
_STOPPING_TRIES: Final = 3
"""Up to which number of tries the time between two of them grows: it may be that the engine is to stop."""
_CROWDED: Final = 0.01
_CROWDED_MAX: Final = 0.5
"""Seconds to stand back for after several lost claims in a row: more engines than items are left."""
_T = TypeVar("_T")
_DIGITS: Final = "0123456789"
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"


def place_between(low: str, high: str, at: float) -> str:
    """A text at a fraction (0–1) of the way between two ids, as their letters and digits count.

    `place_between("S-0000", "S-1000", 0.5)` is `S-0500`. Used to look from, so it need not be an id.
    """
    width = max(len(low), len(high))
    alphabets = [_alphabet(low[index : index + 1], high[index : index + 1]) for index in range(width)]
    bottom, top = (_value(text, alphabets) for text in (low, high))
    # A fraction, not a float: ids of twelve characters are more than a float can count.
    value = bottom + int((top - bottom) * Fraction(at))
    letters: list[str] = []
    for alphabet in reversed(alphabets):
        value, digit = divmod(value, len(alphabet))
        letters.append(alphabet[digit])
    return "".join(reversed(letters))


def _alphabet(one: str, other: str) -> str:
    both = one + other
    classes = "".join(known for known in (_DIGITS, _UPPER, _LOWER) if any(letter in known for letter in both))
    return "".join(sorted({*classes, *both}))


def _value(text: str, alphabets: list[str]) -> int:
    value = 0
    for index, alphabet in enumerate(alphabets):
        letter = text[index : index + 1]
        value = value * len(alphabet) + (alphabet.index(letter) if letter else 0)
    return value


class Candidates:
    """Ids of waiting items. Shared by the threads of one engine, which never get the same id.

    Args:
        items: the table.
        index: an index by state, the slimmest there is.
        clock: monotonic seconds.
        chance: where randomness comes from.
    """

    def __init__(
        self,
        items: Items,
        index: str,
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        self._items = items
        self._index = index
        self._page_size = PAGE if index == schema.SUMMARY_INDEX else WIDE_PAGE
        self._clock = clock
        self._chance = chance or random.Random()
        self._lock = threading.Lock()
        self._page: list[str] = []
        self._read_at = 0.0
        self._trust = self._page_size
        self._hidden: dict[str, float] = {}
        self._bounds: tuple[str, str] | None = None
        """The first and last id when first looked, once there was more than a page of them."""
        self.some_hidden = False
        """Whether the last look saw only ids that were taken a moment ago: worth another look soon."""

    def next(self) -> str | None:
        """An id that was waiting a moment ago, or None if there was none.

        Raises:
            PyanamoError: the index could not be read.
        """
        with self._lock:
            if self._page and self._clock() - self._read_at <= PAGE_SECONDS:
                return self._taken(self._page.pop())
            self._trust = min(self._page_size, self._trust + 1)
            self._page = self._look()[: self._trust]
            self._read_at = self._clock()
            return self._taken(self._page.pop()) if self._page else None

    def _taken(self, item_id: str) -> str:
        self._hidden[item_id] = self._clock() + RECENT_SECONDS
        return item_id

    def drop_page(self) -> None:
        """Others are at work on these ids: look elsewhere next time, and believe shorter pages until that goes well."""
        with self._lock:
            self._page = []
            self._trust = 0

    def hide(self, item_id: str, *, for_good: bool = False) -> None:
        """Do not give this id for a moment, or never again."""
        with self._lock:
            self._hidden[item_id] = float("inf") if for_good else self._clock() + RECENT_SECONDS

    def show(self, item_id: str) -> None:
        """This id waits again, by our own hand."""
        with self._lock:
            self._hidden.pop(item_id, None)

    def _look(self) -> list[str]:
        now = self._clock()
        self._hidden = {item_id: until for item_id, until in self._hidden.items() if until > now}
        forward = self._either()
        ids = [] if self._bounds is None else self._query(self._somewhere(), forward=forward)
        if not ids:
            ids = self._query(None, forward=forward)
            if self._bounds is None and len(ids) == self._page_size:
                ends = [*ids, *self._query(None, forward=not forward)]
                self._bounds = (min(ends), max(ends))
                ids = self._query(self._somewhere(), forward=self._either()) or ids
        fresh = [item_id for item_id in ids if item_id not in self._hidden]
        self.some_hidden = any(self._hidden[item_id] < float("inf") for item_id in ids if item_id in self._hidden)
        if not fresh and len(ids) == self._page_size:
            fresh = self._beyond_hidden()
        self._chance.shuffle(fresh)
        return fresh

    def _either(self) -> bool:
        return self._chance.random() < 0.5  # noqa: PLR2004 - either way as likely

    def _somewhere(self) -> str:
        assert self._bounds is not None
        return place_between(*self._bounds, self._chance.random())

    def _beyond_hidden(self) -> list[str]:
        """From the first id on, past pages of nothing but ids that are not to be taken."""
        last: str | None = None
        while ids := self._query(last, forward=True):
            fresh = [item_id for item_id in ids if item_id not in self._hidden]
            if fresh or len(ids) < self._page_size:
                return fresh
            last = ids[-1]
        return []

    def _query(self, start: str | None, *, forward: bool) -> list[str]:
        key = None if start is None else {schema.STATE: schema.text(ItemState.TODO), schema.ITEM_ID: schema.text(start)}
        page = self._items.query_state(
            ItemState.TODO,
            index=self._index,
            attributes=(schema.ITEM_ID,),
            limit=self._page_size,
            start=key,
            forward=forward,
        )
        return [schema.record_id(record) for record in page.records]


@dataclass(frozen=True, slots=True)
class Claimed:
    """An item that is ours: as it is with our lock. `reclaimed` says that its lease had run out with somebody else."""

    record: Record
    lock_id: str
    lease_until: float
    reclaimed: bool = False


class Claimer:
    """Takes items for one engine.

    Args:
        items: the table.
        candidates: where waiting ids come from.
        index: an index by state, to look for expired leases.
        owner: who we are, for `InstanceID`.
        lease: seconds.
        log: the engine's log.
        stopping: whether to take no more items.
        giving_up: whether to stop trying to reach AWS about an item that may be ours.
        pause: waits so many seconds, less when the engine is to stop.
        clock: epoch seconds.
    """

    def __init__(  # noqa: PLR0913 - what an engine is made of, each by name
        self,
        items: Items,
        candidates: Candidates,
        index: str,
        *,
        owner: str,
        lease: float,
        log: EventLog,
        stopping: Callable[[], bool],
        giving_up: Callable[[], bool],
        pause: Callable[[float], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._items = items
        self._candidates = candidates
        self._index = index
        self._owner = owner
        self._lease = lease
        self._log = log
        self._stopping = stopping
        self._giving_up = giving_up
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._writes = 0
        self._losses = 0
        self._locked_start: Record | None = None

    @property
    def writes(self) -> int:
        """Claim writes sent so far, lost ones included."""
        return self._writes

    @property
    def losses(self) -> int:
        """Claims that somebody else won."""
        return self._losses

    def take(self) -> Claimed | None:
        """Take a waiting item, or None when there is none now or the engine is to stop.

        Raises:
            PyanamoError: AWS refuses us as a whole: no table, no permission, no credentials.
        """
        lost = 0
        while not self._stopping():
            item_id = self._persist(self._candidates.next, self._stopping)
            if item_id is None:
                return None
            claimed = self._claim(item_id)
            if claimed is not None:
                return claimed
            self._candidates.drop_page()
            lost += 1
            if lost > 1:
                self._pause(random.uniform(0, min(_CROWDED_MAX, _CROWDED * 2.0**lost)))
        return None

    def _claim(self, item_id: str) -> Claimed | None:
        now = self._clock()
        lock_id, until = new_lock_id(), now + self._lease
        change = transitions.claim(owner=self._owner, lock_id=lock_id, lease_until=until, now=now)
        try:
            record = self._win(item_id, change, lock_id)
        except ServiceRefused as error:
            record = self._claim_debris(item_id, change, lock_id, error)
        return None if record is None else Claimed(record, lock_id, until)

    def _win(self, item_id: str, change: Change, lock_id: str) -> Record | None:
        """Send a claim until it is known who won; the item if we did, None if we did not."""

        def send() -> Record | None:
            with self._lock:
                self._writes += 1
            try:
                return self._items.update(item_id, change, read_back=True, explain=True)
            except ItemChanged as refused:
                current = refused.current if refused.current is not None else self._items.get(item_id)
                if current is not None and schema.string_of(current, schema.LOCK_ID) == lock_id:
                    # The claim had been made before, and its answer got lost on the way.
                    return current
            with self._lock:
                self._losses += 1
            return None

        return self._persist(send, self._giving_up)

    def _claim_debris(self, item_id: str, change: Change, lock_id: str, error: ServiceRefused) -> Record | None:
        """Claim an item whose `Attempts` is not a number, which DynamoDB cannot count up: counting begins anew."""
        record = self._persist(lambda: self._items.get(item_id, (schema.ATTEMPTS,)), self._giving_up)
        attempts = None if record is None else record.get(schema.ATTEMPTS)
        if attempts is None or "N" in attempts:
            self._leave_alone(item_id, error.message)
            return None
        anew = replace(change, sets={**change.sets, (schema.ATTEMPTS,): schema.number(1)}, increments={})
        try:
            return self._win(item_id, anew, lock_id)
        except ServiceRefused as again:
            self._leave_alone(item_id, again.message)
            return None

    def _leave_alone(self, item_id: str, why: str) -> None:
        self._candidates.hide(item_id, for_good=True)
        self._log.say("left-alone", f"DynamoDB does not let this item be claimed: {why}", item=item_id)

    def reclaim(self, *, whole: bool) -> Claimed | None:
        """Take an item whose lease ran out, or None: looks at the next page of locked items (`whole`: at all).

        Raises:
            PyanamoError: AWS refuses us as a whole.
        """
        if whole:
            self._locked_start = None
        while not self._stopping():
            page = self._persist(self._locked_page, self._stopping)
            if page is None:
                return None
            self._locked_start = page.next_key
            claimed = self._first_expired(list(page.records))
            if claimed is not None or page.next_key is None or not whole:
                return claimed
        return None

    def _locked_page(self) -> Page:
        wanted = (schema.ITEM_ID, schema.LOCK_ID, schema.LEASE_UNTIL, schema.LEASE_LOCK)
        return self._items.query_state(
            ItemState.LOCKED, index=self._index, attributes=wanted, limit=PAGE, start=self._locked_start
        )

    def _first_expired(self, records: list[Record]) -> Claimed | None:
        random.shuffle(records)
        for seen in records:
            now = self._clock()
            until, old = schema.float_of(seen, schema.LEASE_UNTIL), schema.string_of(seen, schema.LOCK_ID)
            if old is None or schema.string_of(seen, schema.LEASE_LOCK) != old:
                # A lock of the original's, perhaps taken over a lease of ours: nobody knows whether its owner lives.
                continue
            if until is None or until + self._lease * SKEW_PART >= now:
                continue
            lock_id, lease_until = new_lock_id(), now + self._lease
            change = transitions.reclaim(
                old_lock_id=old, owner=self._owner, lock_id=lock_id, lease_until=lease_until, now=now
            )
            try:
                record = self._win(schema.record_id(seen), change, lock_id)
            except ServiceRefused as error:
                record = self._claim_debris(schema.record_id(seen), change, lock_id, error)
            if record is not None:
                return Claimed(record, lock_id, lease_until, reclaimed=True)
        return None

    def _persist(self, call: Callable[[], _T], give_up: Callable[[], bool]) -> _T | None:
        """Make a call until AWS can be reached; None when the engine has to give up before that."""
        tries = 0
        while True:
            try:
                return call()
            except ServiceUnavailable as error:
                if tries in {0, 5} or tries % 20 == 0:
                    self._log.say("aws-retry", error.message, tries=tries + 1)
                if give_up():
                    self._log.say("gave-up", "A look or a claim got no answer; a lease that it left will run out")
                    return None
            # The pause is over at once when the engine is to stop; AWS is not to be asked in a hurry even then.
            (time.sleep if self._stopping() else self._pause)(
                back_off(min(tries, _STOPPING_TRIES) if self._stopping() else tries)
            )
            tries += 1

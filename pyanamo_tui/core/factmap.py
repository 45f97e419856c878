"""A mapping of a million items that is never mutated, yet cheap to follow: what a Snapshot holds as `items`.

The ids are spread over small dicts ("buckets"). A new version copies only the buckets in which something
changed and shares all others with the version before, so that publishing costs what changed.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Final

from pyanamo_tui.workflow.model import ItemFacts

_MIN_BUCKETS: Final = 64
_FULL: Final = 48
"""Items a bucket holds on average before there are more buckets."""
_ROOMY: Final = 12
"""Items a bucket holds on average just after that."""

_Bucket = dict[str, ItemFacts]
_EMPTY: Final[_Bucket] = {}


class FactMap(Mapping[str, ItemFacts]):
    """An immutable mapping from item id to facts. `updated` gives the next version; this one stays as it is."""

    __slots__ = ("_buckets", "_mask", "_size")

    def __init__(self) -> None:
        self._buckets: list[_Bucket] = [_EMPTY] * _MIN_BUCKETS
        self._mask = _MIN_BUCKETS - 1
        self._size = 0

    def __getitem__(self, item_id: str) -> ItemFacts:
        return self._buckets[hash(item_id) & self._mask][item_id]

    def get(self, item_id: str, default: ItemFacts | None = None) -> ItemFacts | None:  # type: ignore[override]
        """The facts of this item, or the default."""
        return self._buckets[hash(item_id) & self._mask].get(item_id, default)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._buckets[hash(item_id) & self._mask]

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        for bucket in self._buckets:
            yield from bucket

    def items(self) -> ItemsView[str, ItemFacts]:
        """Pairs of id and facts, in no particular order."""
        return _Items(self)

    def values(self) -> ValuesView[ItemFacts]:
        """The facts, in no particular order."""
        return _Values(self)

    def buckets(self) -> Iterator[Mapping[str, ItemFacts]]:
        """The parts it is made of, for reading."""
        return iter(self._buckets)

    def updated(self, changes: Mapping[str, ItemFacts | None]) -> FactMap:
        """The next version: these facts put in, those that are None taken out. The same object for no changes."""
        if not changes:
            return self
        following = FactMap()
        following._size = self._size
        following._buckets, following._mask = self._room_for(len(changes))
        own: set[int] = set() if len(following._buckets) == len(self._buckets) else set(range(following._mask + 1))
        for item_id, facts in changes.items():
            place = hash(item_id) & following._mask
            bucket = following._buckets[place]
            if place not in own:
                bucket = following._buckets[place] = dict(bucket)
                own.add(place)
            if facts is not None:
                following._size += item_id not in bucket
                bucket[item_id] = facts
            elif bucket.pop(item_id, None) is not None:
                following._size -= 1
        return following

    def _room_for(self, more: int) -> tuple[list[_Bucket], int]:
        """A copy of the list of buckets, or new buckets when the old would be too full."""
        size = self._size + more
        if size <= _FULL * len(self._buckets):
            return list(self._buckets), self._mask
        count = len(self._buckets)
        while count * _ROOMY < size:
            count *= 2
        mask = count - 1
        buckets: list[_Bucket] = [{} for _ in range(count)]
        for bucket in self._buckets:
            for item_id, facts in bucket.items():
                buckets[hash(item_id) & mask][item_id] = facts
        return buckets, mask


class _Items(ItemsView[str, ItemFacts]):
    _mapping: FactMap

    def __iter__(self) -> Iterator[tuple[str, ItemFacts]]:
        for bucket in self._mapping.buckets():
            yield from bucket.items()


class _Values(ValuesView[ItemFacts]):
    _mapping: FactMap

    def __iter__(self) -> Iterator[ItemFacts]:
        for bucket in self._mapping.buckets():
            yield from bucket.values()

"""Which rows are marked: by key, so that marks outlive refreshes, filters and other orders of the rows."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable


class Marks:
    """A set of marked keys, and the one marked last, from which a range begins."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self.anchor: str | None = None
        self.anchor_at = 0
        """The index at which the anchor was when it was marked: a range looks for it there first."""

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> frozenset[str]:
        """The marked keys."""
        return frozenset(self._keys)

    def toggle(self, key: str, at: int) -> None:
        """Mark what is not marked, unmark what is; a range begins at this key, which is at that index now."""
        self._keys.symmetric_difference_update((key,))
        self.anchor, self.anchor_at = key, at

    def add(self, keys: Iterable[str]) -> None:
        """Mark these too."""
        self._keys.update(keys)

    def invert(self, keys: Iterable[str]) -> None:
        """Of these, unmark what is marked and mark the others; marks of any other key stay."""
        self._keys.symmetric_difference_update(set(keys))

    def clear(self) -> bool:
        """Unmark everything; whether anything was marked."""
        had = bool(self._keys)
        self._keys.clear()
        self.anchor = None
        return had

    def forget(self, keys: Iterable[str]) -> bool:
        """Unmark rows that are gone; whether any of them was marked."""
        gone = self._keys.intersection(keys)
        self._keys -= gone
        if self.anchor in gone:
            self.anchor = None
        return bool(gone)

    def absent(self, present: Container[str], among: Collection[str] | None) -> list[str]:
        """The marked keys that are not present; looked for among these alone, or among all where that is None."""
        doubtful = self._keys if among is None else self._keys.intersection(among)
        return [key for key in doubtful if key not in present]

    def outside(self, shown: Iterable[str]) -> int:
        """How many marked keys are not among these, which are all different."""
        return len(self._keys) - sum(map(self._keys.__contains__, shown))

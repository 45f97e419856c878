"""Which rows are marked: by key, so that marks outlive refreshes, filters and other orders of the rows."""

from __future__ import annotations

from collections.abc import Iterable


class Marks:
    """A set of marked keys, and the one marked last, from which a range begins."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self.anchor: str | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> frozenset[str]:
        """The marked keys."""
        return frozenset(self._keys)

    def toggle(self, key: str) -> None:
        """Mark what is not marked, unmark what is; a range begins here."""
        self._keys.symmetric_difference_update((key,))
        self.anchor = key

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

    def outside(self, shown: Iterable[str]) -> int:
        """How many marked keys are not among these."""
        return len(self._keys.difference(shown))

"""Keeps Python's garbage collector from holding up the keyboard while a hundred thousand items are in memory.

A full collection looks at every object, a tenth of a second or more for a large table, whenever the collector likes.
Facts of items hold no cycles, so looking is in vain: they are put out of its sight (`gc.freeze`). What else is out of
sight with them is looked at now and then, while nobody types.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final

ENOUGH: Final = 20_000
"""New objects worth putting out of sight."""
IDLE_SECONDS: Final = 10.0
"""Without a key for so long, a tenth of a second is nobody's."""
COLLECT_SECONDS: Final = 900.0
"""Between two full collections, at the least."""


class Collector:
    """Decides when garbage is collected.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._new = 0
        self._key_at = self._collected_at = clock()
        self._frozen = False

    def typed(self) -> None:
        """A key was pressed."""
        self._key_at = self._clock()

    def came(self, objects: int) -> None:
        """So many objects came that will stay."""
        self._new += objects
        if self._new >= ENOUGH:
            self._new, self._frozen = 0, True
            gc.freeze()

    def rest(self) -> None:
        """Look at everything, if that is due and nobody types."""
        now = self._clock()
        if self._frozen and now - self._key_at >= IDLE_SECONDS and now - self._collected_at >= COLLECT_SECONDS:
            self._collected_at = now
            gc.unfreeze()
            gc.collect()
            gc.freeze()

    def close(self) -> None:
        """Leave the collector as it was found: the program may go on without the dashboard."""
        if self._frozen:
            self._frozen = False
            gc.unfreeze()

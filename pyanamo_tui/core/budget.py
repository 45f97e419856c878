"""How many read units a second monitoring may use, kept by what DynamoDB says each read consumed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from pyanamo_tui.aws.tables import Capacity, TableInfo

SHARE: Final = 0.25
"""Part of an index's provisioned read units that monitoring takes for itself."""
ON_DEMAND_UNITS: Final = 100.0
"""Read units a second where capacity is on demand: 100,000 items of 250 bytes in about half a minute."""
LEAST_UNITS: Final = 0.5
BURST_SECONDS: Final = 30.0
"""Seconds of budget that may be used at once; DynamoDB keeps 300 seconds of unused capacity for bursts."""
_SLOWEST: Final = 1 / 16
_RECOVERY: Final = 1.1
UNITS_PER_BYTE: Final = 0.5 / 4096
"""An eventually consistent read takes half a unit for each 4 KB (AWS: "DynamoDB read and write operations")."""


def provisioned(info: TableInfo, index: str | None) -> Capacity | None:
    """The capacity that reading this index (None: the table itself) draws on; None on demand."""
    found = None if index is None else info.index(index)
    return info.capacity if found is None else found.capacity


def default_budget(info: TableInfo, index: str | None) -> float:
    """Read units a second that monitoring allows itself unless told otherwise."""
    capacity = provisioned(info, index)
    return ON_DEMAND_UNITS if capacity is None else max(LEAST_UNITS, capacity.read * SHARE)


class ReadBudget:
    """A token bucket of read units: a read may begin while it is not in debt, and is charged what it cost.

    Args:
        rate: units a second.
        clock: seconds, monotonic.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rate = rate
        self._slowed = 1.0
        self._held = rate * BURST_SECONDS
        self._filled_at = clock()

    @property
    def rate(self) -> float:
        """Units a second that are used now: less than allowed for a while after throttling."""
        return self._rate * self._slowed

    @property
    def allowed(self) -> float:
        """Units a second that were set."""
        return self._rate

    def set_rate(self, rate: float) -> None:
        """Allow this many units a second from now on; a debt is forgiven down to one second's worth."""
        self._fill()
        self._rate = rate
        self._held = max(-rate, min(self._held, rate * BURST_SECONDS))

    def charge(self, units: float) -> None:
        """Take what a read consumed; more than is held makes a debt."""
        self._fill()
        self._held -= units

    def slow_down(self) -> None:
        """AWS refused a read for lack of capacity: halve the rate and begin with nothing held."""
        self._fill()
        self._slowed = max(_SLOWEST, self._slowed / 2)
        self._held = min(self._held, 0.0)

    def recover(self) -> None:
        """AWS answered a read: come a step back to the rate allowed."""
        self._slowed = min(1.0, self._slowed * _RECOVERY)

    def wait(self) -> float:
        """Seconds until the next read may begin; 0 for now."""
        self._fill()
        return 0.0 if self._held >= 0 else -self._held / self.rate

    def _fill(self) -> None:
        now = self._clock()
        self._held = min(self._rate * BURST_SECONDS, self._held + (now - self._filled_at) * self.rate)
        self._filled_at = now

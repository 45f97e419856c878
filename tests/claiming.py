"""A race for items that tests of more than one server run: many claimers at a barrier, each by its own connection."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pyanamo_tui.aws.items import ItemChanged
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import transitions


def race(settings: Settings, ids: Sequence[str], claimers: int) -> list[list[str]]:
    """What each of so many claimers won, when all of them try for each item at the same moment.

    Claimer N signs its claims as owner `wN` with the lock `lockN`.
    """
    barrier = threading.Barrier(claimers)

    def claim_all(worker: int) -> list[str]:
        own = Workspace(settings)
        won = []
        for item_id in ids:
            change = transitions.claim(owner=f"w{worker}", lock_id=f"lock{worker}", lease_until=2e9, now=1e9)
            barrier.wait(timeout=60)
            try:
                own.items.update(item_id, change)
            except ItemChanged:
                continue
            won.append(item_id)
        return won

    with ThreadPoolExecutor(claimers) as pool:
        return list(pool.map(claim_all, range(claimers)))

"""Each stand-in is what the contract tests may rely on: it answers, and of many claimers of an item one wins."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from pyanamo_tui.aws.items import ItemChanged
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema, transitions
from tests.standins import Standin

CLAIMERS = 8
ITEMS = 25


def test_of_many_claimers_one_wins(standin: Standin, table_name: str) -> None:
    settings = Settings(table=table_name, region="us-east-1", endpoint_url=standin.endpoint_url)
    workspace = Workspace(settings)
    workspace.tables.create(table_name, stream=standin.has_streams)
    ids = [f"S{number:02}" for number in range(ITEMS)]
    workspace.items.batch_put([schema.new_single(item_id, "Align", "true") for item_id in ids])
    barrier = threading.Barrier(CLAIMERS)

    def claim_all(worker: int) -> list[str]:
        own, won = Workspace(settings), []
        for item_id in ids:
            change = transitions.claim(owner=f"w{worker}", lock_id=f"lock{worker}", lease_until=2e9, now=1e9)
            barrier.wait(timeout=60)
            try:
                own.items.update(item_id, change)
            except ItemChanged:
                continue
            won.append(item_id)
        return won

    with ThreadPoolExecutor(CLAIMERS) as pool:
        wins = [item_id for won in pool.map(claim_all, range(CLAIMERS)) for item_id in won]
    assert sorted(wins) == ids

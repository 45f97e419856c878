"""Each stand-in is what the contract tests may rely on: it answers, and of many claimers of an item one wins."""

from __future__ import annotations

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from tests.claiming import race
from tests.standins import Standin

CLAIMERS = 8
ITEMS = 25


def test_of_many_claimers_one_wins(standin: Standin, table_name: str) -> None:
    settings = Settings(table=table_name, region="us-east-1", endpoint_url=standin.endpoint_url)
    workspace = Workspace(settings)
    workspace.tables.create(table_name, stream=standin.has_streams)
    ids = [f"S{number:02}" for number in range(ITEMS)]
    workspace.items.batch_put([schema.new_single(item_id, "Align", "true") for item_id in ids])
    wins = [item_id for won in race(settings, ids, CLAIMERS) for item_id in won]
    assert sorted(wins) == ids

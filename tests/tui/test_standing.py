"""How the data stand with AWS, each in words of its own on the screen: a real server behind a gate that refuses."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.widgets.figures import Figures
from pyanamo_tui.tui.widgets.status_line import Banner, StatusLine
from tests.core.places import REGION, open_table, single
from tests.gate import Gate, refusal
from tests.tui.conftest import until

THROTTLING = {
    "reason": "IndexReadProvisionedThroughputExceeded",
    "resource": "arn:aws:dynamodb:us-east-1:123456789012:table/Cohort7/index/StateSummaryIndex",
}


@pytest.fixture
def gate(embedded: EmbeddedServer) -> Iterator[Gate]:
    with Gate(embedded.endpoint_url) as gate:
        yield gate


def said(app: Dashboard) -> str:
    """The status line and the banner, as drawn."""
    line, banner = app.screen.query_one(StatusLine), app.screen.query_one(Banner)
    drawn = "".join(line.render_line(y).text for y in range(line.size.height))
    return drawn + " | " + (banner.message if banner.display else "")


def drawn(app: Dashboard) -> str:
    """The figures of the screen, as drawn."""
    return "\n".join(
        figures.render_line(y).text for figures in app.screen.query(Figures) for y in range(figures.size.height)
    )


def grey(app: Dashboard) -> bool:
    """Whether the figures are drawn fainter than they are in good times."""
    opacities = {figures.styles.text_opacity for figures in app.screen.query(Figures)}
    assert len(opacities) == 1
    return opacities.pop() < 1


async def test_each_trouble_has_words_of_its_own_and_greys_what_is_shown_until_it_is_over(
    embedded: EmbeddedServer, gate: Gate, table_name: str
) -> None:
    workspace = open_table(embedded, table_name)
    workspace.items.batch_put([single(f"wait{number}", "todo") for number in range(3)])
    turn = sys.getswitchinterval()
    throttled = refusal("ProvisionedThroughputExceededException", ThrottlingReasons=[THROTTLING])
    gate.refuse("Query", "ExpiredTokenException")
    settings = Settings(table=table_name, region=REGION, endpoint_url=gate.url, interval=0.2, read_only=True)
    app = Dashboard(settings, Workspace)
    async with app.run_test(size=(110, 30)) as pilot:
        assert sys.getswitchinterval() < turn
        await until(pilot, lambda: "session has expired" in said(app), "an expired session")
        assert "✖ credentials" in said(app)
        assert "aws sso login" in said(app)
        assert grey(app)
        assert "counting" in drawn(app)
        assert "nothing left" not in drawn(app)

        gate.answer = lambda call: throttled if "'done'" in str(call.body) else None
        await pilot.press("r")
        await until(pilot, lambda: "todo >3" in drawn(app), "a part of the count")
        assert "▲ throttled" in said(app)
        assert "IndexReadProvisionedThroughputExceeded on table/Cohort7/index/StateSummaryIndex" in said(app)

        gate.let_pass()
        await pilot.press("r")
        await until(pilot, lambda: "todo 3" in drawn(app), "the whole count")
        assert "● polling" in said(app)
        assert "READ-ONLY" in said(app)
        assert not grey(app)

        gate.refuse("Query", "AccessDeniedException")
        await pilot.press("r")
        await until(pilot, lambda: "✖ no permission" in said(app), "a missing permission")
        assert "dynamodb:Query" in said(app)
        assert grey(app)

        gate.closed = True
        gate.let_pass()
        await pilot.press("r")
        await until(pilot, lambda: "✖ offline" in said(app), "no network")
        assert "cannot be reached" in said(app)
        assert grey(app)
        assert "todo 3" in drawn(app)

        gate.closed = False
        await pilot.press("r")
        await until(pilot, lambda: "● polling" in said(app), "the network")
        assert said(app).endswith("| ")
        assert not grey(app)

        await pilot.press("p")
        await until(pilot, lambda: "‖ paused" in said(app), "the pause")
        await pilot.press("p")
        await until(pilot, lambda: "● polling" in said(app), "going on")

        workspace.items.batch_delete([f"wait{number}" for number in range(3)])
        await until(pilot, lambda: "No items yet" in drawn(app), "the empty table")
    assert sys.getswitchinterval() == turn

"""Bulk changes from a list: what the question says, what the result lists, and marking what did not get done."""

from __future__ import annotations

from textual.widgets import Static

from pyanamo_tui.core.plan import Plan, Step
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.changes import REASONS_SHOWN, question_of
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.outcome import OutcomeModal
from pyanamo_tui.tui.screens.items import ItemsScreen
from pyanamo_tui.workflow.schema import text
from tests.core.places import single
from tests.tui.conftest import dashboard_on, until


def _plan(outcomes: dict[str, int]) -> Plan:
    def decide(item_id: str, record: object, now: float) -> Step:
        raise AssertionError("nothing is decided here")

    return Plan(
        action="requeue",
        item_ids=("a",),
        table="Cohort7",
        region="eu-west-2",
        account="1",
        outcomes=outcomes,
        would_change=1,
        write_units=11.0,
        exact=True,
        decide=decide,
    )


def test_the_question_names_what_changes_what_is_left_alone_the_cost_the_table_and_the_account() -> None:
    many = {f"reason {number}": 2 for number in range(REASONS_SHOWN + 2)}
    facts = question_of(_plan({"requeued": 1, **many}), "eu-west-2 · 1234…9012 · admin").facts
    assert ("Item", "a") in facts
    assert ("Changes", "1 requeued") in facts
    assert ("Left alone", "2: reason 0") in facts
    assert ("", "4: other reasons") in facts
    assert {("Table", "Cohort7"), ("Account", "eu-west-2 · 1234…9012 · admin")} <= set(facts)
    assert ("Cost", "about 11 write units") in facts


async def test_what_was_skipped_is_listed_with_its_reason_and_can_be_marked(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    held = [single(f"held{number}", "locked", lockID=text("W" * 30)) for number in range(2)]
    for record in held:
        workspace.items.put(record)
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("2")
        screen = app.screen
        assert isinstance(screen, ItemsScreen)
        await until(pilot, lambda: len(screen.table.rows) == 14, "the items")
        screen.table.mark(["held0", "held1", "wait0"])
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, OutcomeModal), "the result")
        result = app.screen
        assert isinstance(result, OutcomeModal)
        await pilot.pause()
        assert result.outcome.title == "1 deleted, 2 skipped"
        assert "held0  skipped: a worker holds it" in str(result.query_one(".dialog-lines > Static", Static).content)
        await pilot.press("m")
        assert app.screen is result, "nothing failed, so there is nothing to mark by m"
        await pilot.press("s")
        await until(pilot, lambda: app.screen is screen, "the list")
        await until(pilot, lambda: screen.table.marked == {"held0", "held1"}, "the marks")
    assert workspace.items.get("wait0") is None
    assert workspace.items.get("held0") == held[0]

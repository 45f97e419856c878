"""Why, raw JSON and copying, from a list and from inside an item: real keys on a real table."""

from __future__ import annotations

import base64

import pytest
from textual.widgets import Input, Static

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.modals.raw_item import RawItemModal
from pyanamo_tui.tui.modals.why import WhyModal
from pyanamo_tui.tui.screens.item import ItemScreen
from pyanamo_tui.tui.why_text import panel_text, report_text
from pyanamo_tui.tui.widgets.log_lines import plain
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import EarlierLog, Item, ItemFacts, LogEntry, Task
from tests.core.places import single
from tests.tui.conftest import dashboard_on, until

TRIED_TWICE = LogEntry(
    "exit 137",
    stderr="loading\nKilled\n",
    exit_code=137,
    attempt=2,
    finished_at=1_795_000_000.0,
    earlier=(EarlierLog(attempt=1, exit_code=1, stderr="bwa: no such file ref.fa\n", finished_at=1_794_990_000.0),),
)


def _why(app: Dashboard) -> str:
    return str(app.screen.query_one("#why-text", Static).content)


async def test_why_raw_and_copy_from_the_list_and_from_the_item(
    embedded: EmbeddedServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    sent: list[str] = []
    app = dashboard_on(embedded, workspace.table)
    monkeypatch.setattr(app, "send_to_terminal", sent.append)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("2", "slash", *"killed0", "enter")
        await until(pilot, lambda: len(app.screen.table.rows) == 1, "the filter")  # type: ignore[attr-defined]
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WhyModal) and "no such file" in _why(app), "why")
        assert "exit 137 (SIGKILL)" in _why(app)
        assert "Check the path" in _why(app)
        await pilot.press("escape", "y")
        await until(pilot, lambda: isinstance(app.screen, RawItemModal), "the JSON")
        raw = app.screen
        assert isinstance(raw, RawItemModal)
        assert '  "itemID": {"S": "killed0"},' in [plain(line) for line in raw.view.lines]
        await pilot.press("y")
        assert '  "itemID": "killed0",' in [plain(line) for line in raw.view.lines]
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, Prompt), "the question")
        app.screen.query_one(Input).value = "Error_Signature"
        await pilot.press("enter")
        await until(pilot, lambda: raw.view.match == (1, 1), "the match")
        await pilot.press("escape", "c")
        await until(pilot, lambda: isinstance(app.screen, Choose), "what to copy")
        await pilot.press("i")
        await until(pilot, lambda: bool(sent), "the copy")
        assert base64.b64decode(sent[-1].removeprefix("\x1b]52;c;").removesuffix("\x07")) == b"killed0"
        assert "Copied the id killed0" in [notice.message for notice in app._notifications]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemScreen) and app.screen.item is not None, "the item")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WhyModal) and "no such file" in _why(app), "why")
        await pilot.press("escape", "c", "e")
        await until(pilot, lambda: len(sent) == 2, "the last line")
        assert base64.b64decode(sent[-1].removeprefix("\x1b]52;c;").removesuffix("\x07")) == b"no such file"


async def test_the_ids_of_marked_items_are_copied_and_what_is_too_large_is_said(
    embedded: EmbeddedServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    large = single("killed0")
    large[schema.SCRIPT] = {"S": "run.sh " + "x" * 90_000}
    workspace.items.put(large, ())
    sent: list[str] = []
    app = dashboard_on(embedded, workspace.table)
    monkeypatch.setattr(app, "send_to_terminal", sent.append)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("2", "slash", *"killed", "enter")
        await until(pilot, lambda: len(app.screen.table.rows) == 3, "the filter")  # type: ignore[attr-defined]
        await pilot.press("asterisk", "c", "m")
        await until(pilot, lambda: bool(sent), "the copy")
        told = base64.b64decode(sent[-1].removeprefix("\x1b]52;c;").removesuffix("\x07"))
        assert told == b"killed0\nkilled1\nkilled2"
        await pilot.press("c", "s")
        await until(pilot, lambda: any("Not copied" in one.message for one in app._notifications), "the refusal")
        assert len(sent) == 1


def test_every_attempt_is_told_the_latest_first() -> None:
    facts = ItemFacts("HG01", "failed", exit_code=137, signature="exit 137 (SIGKILL) · Killed", attempts=2)
    for text in (report_text(Item(facts, log=TRIED_TWICE)), panel_text(Item(facts, log=TRIED_TWICE))):
        told = text.plain
        assert told.index("Killed", told.index("Attempts")) < told.index("no such file ref.fa")
        assert "exit 1" in told


def test_a_requeued_item_still_tells_what_became_of_it_before() -> None:
    told = report_text(Item(ItemFacts("HG01", "todo"), log=TRIED_TWICE)).plain
    assert "HG01 has not failed; it is todo" in told
    assert "exit 137" in told
    assert "no such file ref.fa" in told


def test_of_many_failed_tasks_the_one_asked_for_is_told_and_the_others_are_named() -> None:
    tasks = tuple(
        Task(f"Task_{n}", "call.sh", "failed", LogEntry("exit", stderr=f"cause {n}\nfailed: {n}\n", exit_code=n + 1))
        for n in range(12)
    )
    item = Item(ItemFacts("HG01", "failed", nested_tasks=12, failed_tasks=12), tasks=tasks)
    told = report_text(item, "Task_7").plain
    assert told.startswith("HG01 · Task_7")
    assert "cause 7" in told
    assert "11 more tasks failed" in told
    assert "… and 5 more" in told


def test_hostile_ids_and_lines_are_shown_as_text() -> None:
    hostile = "[/bad]\x1b[31m\u202e"
    facts = ItemFacts(hostile, "failed", owner=hostile, step=hostile, exit_code=1)
    item = Item(facts, log=LogEntry("exit 1", stderr=hostile + " error\n", exit_code=1))
    for told in (report_text(item).plain, panel_text(item).plain):
        assert all(character.isprintable() or character == "\n" for character in told)


async def test_n_goes_from_one_failed_items_log_to_the_next_without_the_list(
    embedded: EmbeddedServer, workspace: Workspace
) -> None:
    app = dashboard_on(embedded, workspace.table)

    def here() -> str:
        screen = app.screen
        return screen.item_id if isinstance(screen, ItemScreen) and screen.item is not None else ""

    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("2", "slash", *"id:*e*", "enter")  # killed0 … among done and nested ones
        await until(pilot, lambda: len(app.screen.table.rows) == 7, "the filter")  # type: ignore[attr-defined]
        listed = app.screen
        listed.table.select_key("killed1")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: here() == "killed1", "the item")
        await pilot.press("n")
        await until(pilot, lambda: here() == "killed2", "the next")
        await pilot.press("N")
        await until(pilot, lambda: here() == "killed1", "the one before")
        await pilot.press("N")
        await until(pilot, lambda: here() == "killed0", "the first")
        await pilot.press("N")
        await until(pilot, lambda: any("No failed item before" in one.message for one in app._notifications), "its end")
        await pilot.press("q")
        assert app.screen is listed
        assert listed.table.row.item_id == "killed0"  # type: ignore[attr-defined]

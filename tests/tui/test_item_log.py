"""The log on an item's screen: by attempt, read further up, wherever it is kept."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from textual.widgets import Input, Static

from pyanamo_tui.aws import logs
from pyanamo_tui.aws.logstore import LogStore
from pyanamo_tui.core import logtext
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui import whole_log
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.log_asking import filter_of
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.screens import item_log
from pyanamo_tui.tui.screens.item import ItemScreen
from pyanamo_tui.tui.widgets.log_tabs import LogTabs
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import EarlierLog, LogEntry
from tests.core.places import REGION, fill, open_table, single
from tests.tui.conftest import dashboard_on, until

if TYPE_CHECKING:
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from textual.pilot import Pilot


def numbered(first: int, end: int) -> list[str]:
    return [f"line {number:05}" for number in range(first, end)]


@pytest.fixture
def kept(embedded: EmbeddedServer, table_name: str, tmp_path: Path) -> Workspace:
    """Items whose logs are in S3, CloudWatch Logs, or both by the original's sentence, and one that runs again."""
    workspace = open_table(embedded, table_name)
    bucket = f"logs-{uuid.uuid4().hex}"
    where = cast("BucketLocationConstraintType", REGION)
    workspace.connection.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": where})
    body = "\n".join(numbered(0, 3000)) + "\n"
    workspace.connection.s3.put_object(Bucket=bucket, Key="plain", Body=body.encode())
    workspace.connection.s3.put_object(Bucket=bucket, Key="original.gz", Body=b"of the original\n")
    written = tmp_path / "stdout"
    written.write_text("first attempt\n")
    uri = LogStore(workspace.connection, None, "x").to_cloudwatch([table_name, "a", "1", "stdout"], written)
    first = EarlierLog(attempt=1, exit_code=137, status="killed", stdout="attempt\n", uri=uri)
    second = EarlierLog(attempt=2, exit_code=1, stdout="second attempt\n", stderr="boom\n")
    third = LogEntry("x", "tail\n", exit_code=2, attempt=3, earlier=(first, second), uri=f"s3://{bucket}/plain")
    original = LogEntry(f"Compressed active log to S3 = s3://{bucket}/original.gz", "PyAnamo:\tx\n")
    before = LogEntry("x", "before\n", exit_code=1, attempt=1)
    fill(
        workspace,
        [
            single("a", Log=schema.write_log(third)),
            single("b", Log=schema.write_log(original), Error_Signature={"S": "exit 1"}),
            single("c", "locked", Log=schema.write_log(before), Attempts={"N": "2"}, Live_Tail={"S": "now\n"}),
        ],
    )
    return workspace


async def item_shown(app: Dashboard, pilot: Pilot[None], item_id: str) -> ItemScreen:
    await until(pilot, lambda: app.workspace is not None, "the workspace")
    app.show_item(item_id)
    await until(pilot, lambda: isinstance(app.screen, ItemScreen) and app.screen.item is not None, "the item")
    assert isinstance(app.screen, ItemScreen)
    return app.screen


def above(screen: ItemScreen) -> str:
    line = screen.query_one("#log-above", Static)
    return str(line.render()) if line.display else ""


def tabs(screen: ItemScreen) -> str:
    return str(screen.query_one(LogTabs).render())


async def answer(app: Dashboard, pilot: Pilot[None], key: str, text: str) -> None:
    screen = app.screen
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, Prompt), "the question")
    app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await until(pilot, lambda: app.screen is screen, "the answer")


async def test_a_large_log_is_read_further_up_and_its_end_let_go(
    embedded: EmbeddedServer, kept: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "RANGE_BYTES", 6000)
    monkeypatch.setattr(logtext, "PAGE_LINES", 500)
    monkeypatch.setattr(whole_log, "READ_ON_LINES", 400)
    monkeypatch.setattr(item_log, "MOST_LINES", 2000)
    app = dashboard_on(embedded, kept.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await item_shown(app, pilot, "a")
        view = screen.log_view
        await pilot.press("a")
        await until(pilot, lambda: len(view.lines) > 1, "its end")
        assert list(view.lines) == numbered(3000 - len(view.lines), 3000)
        assert len(view.lines) < 600
        assert " KB above" in above(screen)
        assert "page up reads on" in above(screen)
        await answer(app, pilot, "slash", "line 02990")
        assert f"match 1 of 1 in {len(view.lines)} lines read" in str(screen.query_one("#item-log").border_subtitle)
        rounds = 0
        while above(screen):
            known, first = len(view.lines), view.lines[0]
            await pilot.press("g")
            await until(pilot, lambda known=first: view.lines[0] != known, "what is above")  # type: ignore[misc]
            rounds += 1
            assert len(view.lines) <= 2000, known
        assert rounds > 3
        assert (list(view.lines), view.cut_below) == (numbered(0, 2000), True)
        assert "the end is not held" in str(screen.query_one("#item-log").border_subtitle)
        await pilot.press("G")
        await until(pilot, lambda: view.lines[-1] == "line 02999", "the end again")
        assert view.following
        assert above(screen)


async def test_attempts_are_gone_through_and_the_original_s_sentence_is_followed(
    embedded: EmbeddedServer, kept: Workspace, tmp_path: Path
) -> None:
    app = dashboard_on(embedded, kept.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.exact, "a census")
        await pilot.press("2")
        await pilot.pause()
        screen = await item_shown(app, pilot, "a")
        view = screen.log_view
        await until(pilot, lambda: "line 02999" in view.lines, "the log in S3")
        assert "attempt  1 exit 137  2 exit 1  3 exit 2  { }" in tabs(screen)
        await pilot.press("left_curly_bracket")
        assert list(view.lines) == ["stdout", "second attempt", "stderr", "boom"]
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: list(view.lines) == ["stdout", "first attempt"], "the first, in CloudWatch Logs")
        assert "killed by SIGKILL · from CloudWatch" in str(screen.query_one("#item-log").border_title)
        await answer(app, pilot, "s", str(tmp_path / "first"))
        await until(pilot, (tmp_path / "first").exists, "the file")
        assert (tmp_path / "first").read_text() == "first attempt\n"
        await pilot.press("right_curly_bracket", "right_curly_bracket", "number_sign", "a")
        await until(pilot, lambda: "line 02999" in view.lines, "the latest again")
        assert not any(line == "stdout" for line in view.lines)
        await answer(app, pilot, "ampersand", "-C 1 line 0250[12]")
        assert (view.matched, view.shown, view.context) == (2, 4, 1)
        await pilot.press("greater_than_sign")
        await until(
            pilot, lambda: isinstance(app.screen, ItemScreen) and app.screen.item_id == "b", "the next failed item"
        )
        following = app.screen
        assert isinstance(following, ItemScreen)
        await until(pilot, lambda: list(following.log_view.lines) == ["of the original"], "what the sentence leads to")
        assert following.log_view.numbers, "what one looks at the next is looked at likewise"
        await pilot.press("escape")
        running = await item_shown(app, pilot, "c")
        await until(pilot, lambda: "now" in running.log_view.lines, "what its worker tells")
        assert "1 exit 1  2 running" in tabs(running)
        await pilot.press("left_curly_bracket")
        assert "before" in running.log_view.lines


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("error", ("error", 2)),
        ("-C 3 two words", ("two words", 3)),
        ("-C0 error", ("error", 0)),
        ("-C 3", ("", 3)),
        ("-Cx", ("-Cx", 2)),
        ("", ("", 2)),
    ],
)
def test_context_is_typed_as_grep_has_it(typed: str, found: tuple[str, int]) -> None:
    assert filter_of(typed, 2) == found

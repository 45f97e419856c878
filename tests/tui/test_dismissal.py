"""Clicks come faster than screens close: nothing is closed, answered or run twice, and no terminal is too small."""

from __future__ import annotations

from textual import events
from textual.command import CommandList
from textual.widgets import Label

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.commands import Palette
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.help import HelpModal
from pyanamo_tui.tui.modals.prompt import Prompt
from tests.tui.conftest import until
from tests.tui.test_help import OFFLINE


async def test_what_is_closed_twice_takes_nothing_else_away() -> None:
    app = Dashboard(OFFLINE, Workspace)
    answers: list[str | None] = []
    async with app.run_test() as pilot:
        await pilot.press("2")
        items = app.screen
        prompt = Prompt("Which?")
        app.push_screen(prompt, answers.append)
        await pilot.pause()
        prompt.dismiss("this")
        prompt.dismiss("that")
        await pilot.pause()
        assert answers == ["this"]
        assert app.screen is items

        app.push_screen(prompt := Prompt("Which?"), answers.append)
        await pilot.pause()
        await app.push_screen(HelpModal(app.screen))
        prompt.dismiss("meanwhile")
        await pilot.pause()
        assert answers == ["this", "meanwhile"]
        assert app.screen is items


async def test_a_command_is_run_once_however_often_it_is_chosen() -> None:
    app = Dashboard(OFFLINE, Workspace)
    async with app.run_test() as pilot:
        root = app.screen
        await pilot.press(":", *"help")
        palette = app.screen
        assert isinstance(palette, Palette)
        await until(pilot, lambda: palette.query_one(CommandList).option_count == 1, "one command")
        await pilot.press("down")
        for _ in range(2):
            palette.query_one(CommandList).action_select()
        await until(pilot, lambda: isinstance(app.screen, HelpModal), "help")
        await pilot.pause()
        assert app.screen_stack[1:-1] == [root]


async def test_pages_are_moved_by_where_no_line_of_the_palette_is_seen() -> None:
    app = Dashboard(OFFLINE, Workspace)
    async with app.run_test(size=(20, 4)) as pilot:
        await pilot.press(":", "down", "pagedown", "pageup", "escape")
        assert len(app.screen_stack) == 2


async def test_a_click_on_what_is_just_gone_is_nothing() -> None:
    app = Dashboard(OFFLINE, Workspace)
    async with app.run_test() as pilot:
        label = Label("gone in a moment")
        await app.screen.mount(label)
        await until(pilot, lambda: bool(label.region), "the label")
        x, y = label.region.offset
        await label.remove()
        await app.on_event(events.MouseDown(None, x, y, 0, 0, button=1, shift=False, meta=False, ctrl=False))
        assert app.crash is None


async def test_a_program_that_ends_while_a_screen_is_built_ends_well() -> None:
    for _ in range(3):
        app = Dashboard(OFFLINE, Workspace)
        async with app.run_test():
            app.push_screen(Confirm(Question("Really?")))
            app.action_help()
        assert app.crash is None

"""Settings in the dashboard: other keys, themes that are remembered, a first hint, and what could not be taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.settings import THEMES, Settings, load, remembered, settings_path
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.keymap import checked, keys_of
from pyanamo_tui.tui.modals.help import HelpModal
from pyanamo_tui.tui.modals.message import MessageModal
from tests.core.places import REGION
from tests.tui.conftest import until

OFFLINE = Settings(region=REGION, endpoint_url="http://127.0.0.1:9", table="T")


def dashboard(server: EmbeddedServer, table: str, **more: object) -> Dashboard:
    """The dashboard with some settings."""
    place = Settings(table=table, region=REGION, endpoint_url=server.endpoint_url)
    return Dashboard(replace(place, **more), Workspace)  # type: ignore[arg-type]


def toasts(app: Dashboard) -> list[str]:
    """What was notified."""
    return [note.message for note in app._notifications]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("f1", ("f1",)),
        ("?", ("question_mark",)),
        ("x, ctrl+n", ("x", "ctrl+n")),
        (",", ("comma",)),
        ("G", ("G",)),
        ("+", ("plus",)),
        ("ctrl+\\", ("ctrl+backslash",)),
    ],
)
def test_keys_are_written_as_people_write_them(text: str, keys: tuple[str, ...]) -> None:
    assert keys_of(text) == keys


@pytest.mark.parametrize(
    ("keymap", "taken", "wrong"),
    [
        ({"app.help": "f1"}, {"app.help": "f1"}, []),
        ({"app.pause": "r", "app.refresh": "p"}, {"app.pause": "r", "app.refresh": "p"}, []),
        ({"log.wrap": "T", "table.mark": "M"}, {"log.wrap": "T", "table.mark": "M"}, []),
        ({"app.pause": "r"}, {}, ["r is app.refresh already"]),
        ({"go.items": "q"}, {}, ["q is app.back already"]),
        ({"app.pause": "ctrl+b"}, {}, ["tmux and screen take it"]),
        ({"app.pause": " , "}, {}, ["it names no key"]),
        ({"app.puase": "x"}, {}, ["did you mean app.pause?"]),
        ({"tables.create": "question_mark"}, {}, ["question_mark is app.help already"]),
    ],
)
def test_no_key_does_two_things(keymap: dict[str, str], taken: dict[str, str], wrong: list[str]) -> None:
    found, problems = checked(Settings(keymap=keymap))
    assert found == taken
    assert len(problems) == len(wrong)
    for problem, words in zip(problems, wrong, strict=True):
        assert words in problem.what


async def test_a_remapped_key_works_and_help_shows_it(embedded: EmbeddedServer, workspace: Workspace) -> None:
    app = dashboard(embedded, workspace.table, keymap={"go.items": "f2", "app.help": "H", "app.pause": "ctrl+c"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the workspace")
        await pilot.press("f2")
        assert app.screen is app.get_screen("items")
        await pilot.press("1", "2")
        assert app.screen is app.get_screen("overview")
        await pilot.press("question_mark")
        assert not isinstance(app.screen, HelpModal)
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, HelpModal), "help")
        assert "f2" in str(app.screen.query_one("#help-text", Static).content)
        assert ["ctrl+c cannot be bound" in str(problem) for problem in app.settings_problems] == [True]


async def _themed(pilot: Pilot[None], app: Dashboard, name: str) -> None:
    await pilot.press("colon", *f"theme: {name}")
    await pilot.pause(0.3)
    await pilot.press("enter")
    await until(pilot, lambda: app.theme == name, f"theme {name}")


async def test_a_theme_is_chosen_by_the_palette_and_remembered() -> None:
    app = Dashboard(OFFLINE, Workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.theme == "dark"
        await _themed(pilot, app, "light")
    assert load({}, {}).theme == "light"
    fixed = Dashboard(load({"region": REGION}, {"PYANAMO_TUI_THEME": "ansi"}), Workspace)
    async with fixed.run_test(size=(80, 24)) as pilot:
        assert fixed.theme == "ansi"
        fixed.choose_theme("dark")
    assert remembered()["theme"] == "light"


@pytest.mark.parametrize("theme", THEMES)
async def test_every_theme_opens_every_kind_of_thing(theme: str) -> None:
    app = Dashboard(replace(OFFLINE, theme=theme), Workspace)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("2", "at", "escape", "question_mark", "escape", "4", "9")
        assert app.theme == theme


async def test_the_first_keys_are_told_once() -> None:
    for told in (True, False):
        app = Dashboard(OFFLINE, Workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: remembered().get("welcomed") is True, "the start")
            await pilot.pause()
            assert any("? lists the keys" in toast for toast in toasts(app)) is told


async def test_wrong_settings_are_told_at_the_start_and_again_when_asked() -> None:
    path = settings_path()
    path.parent.mkdir(parents=True)
    path.write_text('region = "eu-west-2"\ninterval = "x"\n')
    app = Dashboard(load({"endpoint_url": "http://127.0.0.1:9"}, {}), Workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: any("line 2: interval" in toast for toast in toasts(app)), "the notice")
        app.tell_settings_problems()
        await until(pilot, lambda: isinstance(app.screen, MessageModal) and bool(app.screen.query(Static)), "all")
        assert any("line 2" in str(shown.content) for shown in app.screen.query(Static))

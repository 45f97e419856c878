"""Choosing a file by looking: folders first, narrowed as one types, whatever the names are."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.widgets import Input, OptionList

from pyanamo_tui.tui.modals.browse import BrowseFiles, Entry, entries_of, narrowed
from tests.tui.conftest import until

HOSTILE = "\x1b]52;c;bWFyaw==\x07[bold]x\u202e.txt"


class Chooser(App[None]):
    """Nothing but the dialog."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.chosen: list[Path | None] = []

    def on_mount(self) -> None:
        self.push_screen(BrowseFiles(self.folder), self.chosen.append)


def shown(app: Chooser) -> list[str]:
    listed = app.screen.query_one(OptionList)
    return [
        str(listed.get_option_at_index(index).prompt).split("  ")[-1].strip() for index in range(listed.option_count)
    ]


async def test_a_file_is_found_through_folders(tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    for name in ("cohort7.txt", "Cohort8.txt", ".hidden", HOSTILE):
        (tmp_path / "data" / name).write_text("x")
    app = Chooser(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: shown(app) == ["../", "data/"], "the folder")
        await pilot.press("enter")
        await until(pilot, lambda: "deep/" in shown(app), "the folder below")
        assert shown(app)[:2] == ["../", "deep/"]
        assert ".hidden" not in shown(app)
        assert not any("\x1b" in line or "\x07" in line for line in shown(app))

        await pilot.press(*"COHORT8")
        await until(pilot, lambda: shown(app) == ["Cohort8.txt"], "one left")
        await pilot.press("enter")
        await until(pilot, lambda: app.chosen == [tmp_path / "data" / "Cohort8.txt"], "the choice")


async def test_one_goes_up_and_to_a_path_and_a_closed_door_is_said(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "there.txt").write_text("x")
    app = Chooser(below / "gone")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: shown(app) == ["../"], "the nearest folder that there is")
        await pilot.press(*"..", "enter")
        await until(pilot, lambda: "b/" in shown(app), "one up")
        app.screen.query_one(Input).value = str(tmp_path / "none")
        await pilot.press("enter")
        await until(pilot, lambda: "No such file" in str(app.screen.query_one("#browse-hint").render()), "the reason")
        app.screen.query_one(Input).value = str(tmp_path / "there.txt")
        await pilot.press("enter")
        await until(pilot, lambda: app.chosen == [tmp_path / "there.txt"], "the choice")


@given(st.lists(st.text(min_size=1), max_size=8), st.text(max_size=3))
def test_narrowing_keeps_what_holds_the_words(names: list[str], typed: str) -> None:
    entries = [Entry(name, False) for name in names]
    kept = narrowed(entries, typed)
    assert all(typed.casefold() in entry.name.casefold() for entry in kept)
    assert narrowed(kept, typed) == kept


def test_folders_come_first_and_links_that_lead_nowhere_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "z").mkdir()
    (tmp_path / "a.txt").write_text("abc")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    found = entries_of(tmp_path)
    assert [(entry.name, entry.is_folder, entry.bytes) for entry in found] == [("z", True, 0), ("a.txt", False, 3)]

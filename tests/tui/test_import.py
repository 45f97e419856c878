"""The import screen as a person uses it: its terms, lines that are kept to be mended, ids that exist, time left."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Label, Select, Static

from pyanamo_tui.core.importresult import ImportProgress, Phase
from pyanamo_tui.core.importsurvey import IDS_CHECKED
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import EmbeddedServer
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.import_terms import ImportPace, ImportTerms, rejects_beside, terms_form, terms_of
from pyanamo_tui.tui.modals.browse import BrowseFiles
from pyanamo_tui.tui.modals.choose import Choose
from pyanamo_tui.tui.modals.confirm import Confirm
from pyanamo_tui.tui.modals.form import FormModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.screens.importing import ImportScreen
from pyanamo_tui.workflow import schema
from tests.core.places import fill, single
from tests.tui.conftest import dashboard_on, until, words

HEADER = "itemID|TaskID|TaskScript\n"


async def _read(app: Dashboard, pilot: Pilot[None], path: Path, said: str) -> ImportScreen:
    await until(pilot, lambda: app.workspace is not None, "the place")
    await pilot.press("9")
    screen = app.screen
    assert isinstance(screen, ImportScreen)
    screen.query_one(Input).value = str(path)
    await pilot.press("enter")
    await until(pilot, lambda: said in str(screen.query_one("#preview", Static).content), said)
    return screen


async def test_lines_that_cannot_be_taken_are_kept_beside_the_file(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "cohort.txt"
    path.write_text(HEADER + "new1|Align|seq 1\nbad|Align\nnew2|Align|seq 2\n")
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await _read(app, pilot, path, "1 line cannot be taken")
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the choice")
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and bool(app.screen.query(Button)), "the question")
        assert isinstance(app.screen, Confirm)
        told = dict(app.screen.question.facts)
        assert told["Left out"] == "1 line with problems; kept beside the file in cohort.rejects.txt"
        await pilot.press("y")
        await until(
            pilot, lambda: isinstance(app.screen, MessageModal) and "to mend" in words(app.screen), "the outcome"
        )
        assert (tmp_path / "cohort.rejects.txt").read_text() == HEADER + "bad|Align\n"
        assert workspace.items.get("new2") is not None


async def test_existing_items_are_replaced_only_when_the_terms_say_so(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path
) -> None:
    fill(workspace, [single("there", "failed")])
    path = tmp_path / "cohort.txt"
    path.write_text(HEADER + "there|Align|seq 9\n")
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await _read(app, pilot, path, "1 of 1 id is")
        await pilot.press("I")
        await until(
            pilot, lambda: isinstance(app.screen, MessageModal) and "already" in words(app.screen), "that it is there"
        )
        await pilot.press("escape", "o")
        await until(pilot, lambda: isinstance(app.screen, FormModal) and bool(app.screen.query(Button)), "the form")
        form = app.screen
        form.query_one("#field-delimiter", Input).value = "ab"
        await pilot.pause()
        assert "one character" in str(form.query_one("#form-problem", Label).content)
        form.query_one("#field-delimiter", Input).value = ""
        form.query_one("#field-existing", Select).value = "replace"
        form.query_one("#field-nested", Input).focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "the way back")
        await until(pilot, lambda: "1 of 1 id is" in str(screen.query_one("#preview", Static).content), "the preview")
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and bool(app.screen.query(Button)), "the question")
        assert "are replaced" in words(app.screen)
        assert workspace.item("there").script != "seq 9"
        await pilot.press("y")
        await until(pilot, lambda: workspace.item("there").script == "seq 9", "the item to be replaced")
        assert schema.string_of(workspace.record("there"), schema.STATE) == "todo"


def test_rejects_are_kept_over_no_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.b.txt"
    first = rejects_beside(path)
    assert first == tmp_path / "a.b.rejects.txt"
    first.touch()
    second = rejects_beside(path)
    assert second == tmp_path / "a.b.rejects-2.txt"


def test_rate_and_time_left_count_what_this_run_wrote() -> None:
    now = 0.0
    pace = ImportPace(lambda: now)
    assert "left" not in pace.words(ImportProgress(Phase.WRITING, 600, 1000, 0, 0, written=600))
    now = 10.0
    told = pace.words(ImportProgress(Phase.WRITING, 700, 1000, 0, 0, written=700))
    assert "10 items a second" in told
    assert "30" in told


@pytest.mark.parametrize("terms", [ImportTerms(), ImportTerms("\t", ";", "fail")])
def test_terms_are_kept_by_their_form(terms: ImportTerms) -> None:
    form = terms_form(terms)
    values = {one.key: one.value for one in form.fields}
    assert form.check(values) == ""
    assert terms_of(values) == terms


async def test_tab_completes_a_path_and_then_goes_on(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "cohort7.txt").write_text(HEADER)
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the place")
        await pilot.press("9")
        line = app.screen.query_one(Input)
        line.value = str(tmp_path / "coh")
        await pilot.press("tab")
        await until(pilot, lambda: line.value == str(tmp_path / "cohort7.txt"), "the whole path")
        assert line.cursor_position == len(line.value)
        await pilot.press("tab")
        await until(pilot, lambda: not line.has_focus, "the part below")


async def test_a_file_is_chosen_by_looking(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cohort.txt").write_text(HEADER + "new1|Align|seq 1\n")
    monkeypatch.chdir(tmp_path)
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workspace is not None, "the place")
        await pilot.press("9", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, BrowseFiles), "the folders")
        await pilot.press(*"coh", "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportScreen), "the import screen")
        screen = app.screen
        assert screen.query_one(Input).value == str(tmp_path / "cohort.txt")
        await until(pilot, lambda: "new1" in str(screen.query_one("#preview", Static).content), "its preview")


async def test_reading_is_stopped_by_escape_and_every_id_is_looked_for_when_asked(
    embedded: EmbeddedServer, workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "many.txt"
    path.write_text(HEADER + "".join(f"S{number:06}|Align|seq {number}\n" for number in range(300_000)))
    app = dashboard_on(embedded, workspace.table)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await _read(app, pilot, path, "esc stops")
        await pilot.press("escape")
        preview = screen.query_one("#preview", Static)
        await until(pilot, lambda: "was stopped" in str(preview.content), "the end of reading")
        path.write_text(HEADER + "".join(f"S{number:06}|Align|seq {number}\n" for number in range(IDS_CHECKED + 1)))
        fill(workspace, [single("S000007")])
        await pilot.press("enter")
        await until(pilot, lambda: "a sample of 1,000 ids" in str(preview.content), "the preview")
        await pilot.press("x")
        await until(pilot, lambda: "1 of 5,001 ids" in str(preview.content), "every id")

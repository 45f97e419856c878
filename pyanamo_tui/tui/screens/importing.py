"""Screen 9, import: name a file, see what its items will be and what is wrong by line, then write them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from pyanamo_tui.errors import Interrupted, PyanamoError
from pyanamo_tui.tui.format import count, counted
from pyanamo_tui.tui.import_terms import (
    EXISTING_WORDS,
    ImportPace,
    ImportTerms,
    left_out_facts,
    rejects_beside,
    terms_form,
    terms_of,
)
from pyanamo_tui.tui.import_text import HOW, error_text, preview_text, reading_words
from pyanamo_tui.tui.modals.browse import BrowseFiles
from pyanamo_tui.tui.modals.choose import Choice, Choose
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.form import FormModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.progress import ProgressModal
from pyanamo_tui.tui.path_completion import PathSuggester, complete_path
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.tui.widgets.text_line import TextLine
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.core.importresult import ImportProgress, ImportResult, Preview
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import Snapshot

TYPED_ABOVE: Final = 20
"""Items above which their number is typed before any is replaced."""
_READ_FIRST: Final = "Name a file and read it first: enter on its path."
_ALL, _GOOD = "all", "good"


@dataclass
class ReadSoFar(Message):
    """How far reading the file is."""

    progress: ImportProgress


@dataclass
class Previewed(Message):
    """The file was read through, or could not be."""

    path: Path
    preview: Preview | None
    error: PyanamoError | None = None


class ImportScreen(DashboardScreen):
    """Nothing is written before `I` and a Yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("I", "write", "import", id="import.write", key_display="I"),
        Binding("e", "edit", "edit the path", id="import.edit"),
        Binding("ctrl+o,b", "browse", "browse", id="import.browse", key_display="^o"),
        Binding("o", "terms", "options", id="import.options"),
        Binding("x", "check_all", "look for every id", id="import.check_all"),
        Binding("tab", "next", "next", id="look.next_panel", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._preview: Preview | None = None
        self._terms = ImportTerms()
        self._writing = ""
        self._reading = False
        self._known: Preview | None = None

    @property
    def busy(self) -> str:
        """An import that is under way."""
        return f"{self._writing} is being imported." if self._writing else ""

    def body(self) -> ComposeResult:
        """The path, and what the file holds."""
        with Container(id="import-file", classes="panel") as panel:
            panel.border_title = "File to import"
            yield TextLine(
                placeholder="path of the file; tab completes, enter reads it; ctrl+o browses",
                suggester=PathSuggester(),
                compact=True,
            )
        with Container(id="import-preview", classes="panel") as panel:
            panel.border_title = "Preview"
            with VerticalScroll(id="preview-scroll"):
                yield Static(Text(HOW), id="preview")

    def on_mount(self) -> None:
        """Ready to type."""
        super().on_mount()
        self.query_one(Input).focus()

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Nothing here comes from Snapshots."""

    def action_edit(self) -> None:
        """Back to the path."""
        self.query_one(Input).focus()

    async def action_next(self) -> None:
        """Tab: complete the path that is typed, as a shell does; where there is nothing to complete, the next part."""
        path = self.query_one(Input)
        found = await asyncio.to_thread(complete_path, path.value) if path.has_focus else None
        if found is None or found == path.value:
            self.focus_next()
        else:
            path.value = found
            path.cursor_position = len(found)

    @work(group="browse", exclusive=True)
    async def action_browse(self) -> None:
        """Choose the file from the folders of this host, beginning where the path points."""
        path = self.query_one(Input)
        chosen = await self.app.push_screen_wait(BrowseFiles(_folder_of(path.value)))
        if chosen is not None:
            path.value = str(chosen)
            await path.action_submit()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        workspace = self.dashboard.workspace
        if not event.value.strip():
            return
        if workspace is None or workspace.settings.table is None:
            self.dashboard.notify("Open a table first: 8.", severity="warning", markup=False)
            return
        self._begin_reading(workspace, Path(event.value.strip()).expanduser())

    def _begin_reading(self, workspace: Workspace, path: Path, known: Preview | None = None) -> None:
        self._preview, self._reading, self._known = None, True, known
        self._say(f"Reading {path.name} …")
        self._read(workspace, path, self._terms, known)

    def _say(self, words: str) -> None:
        self.query_one("#preview", Static).update(Text(printable(words, keep_newlines=True)))

    def action_check_all(self) -> None:
        """Look for each id of the file in the table."""
        workspace, path = self.dashboard.workspace, self._path
        if self._preview is None or path is None or workspace is None:
            self.dashboard.notify(_READ_FIRST, markup=False)
        elif not self._preview.existing_sampled:
            self.dashboard.notify("Every id was looked for already.", markup=False)
        else:
            self._begin_reading(workspace, path, self._preview)

    def action_back_out(self) -> None:
        """Escape: stop reading, then as everywhere."""
        if not self._reading:
            super().action_back_out()
            return
        self.workers.cancel_group(self, "preview")
        self._reading = False
        if self._known is None or self._path is None:
            self._say("Reading was stopped. Nothing was written.")
        else:
            self._show_preview(Previewed(self._path, self._known))

    @work(group="terms", exclusive=True)
    async def action_terms(self) -> None:
        """Choose delimiters and what becomes of existing items; a file that is named is read again."""
        values = await self.app.push_screen_wait(FormModal(terms_form(self._terms)))
        if values is not None:
            self._terms = terms_of(values)
            await self.query_one(Input).action_submit()

    @work(thread=True, group="preview", exclusive=True, exit_on_error=False, description="read an import file")
    def _read(self, workspace: Workspace, path: Path, terms: ImportTerms, known: Preview | None) -> None:
        here = get_current_worker()

        def told(now: ImportProgress) -> None:
            if not here.is_cancelled:
                self.post_message(ReadSoFar(now))

        try:
            if known is None:
                preview = workspace.importer.preview(
                    path,
                    delimiter=terms.delimiter or None,
                    nested_delimiter=terms.nested_delimiter,
                    progress=told,
                    cancelled=lambda: here.is_cancelled,
                )
            else:
                preview = workspace.importer.look_for_all(
                    path, known, progress=told, cancelled=lambda: here.is_cancelled
                )
            message = Previewed(path, preview)
        except Interrupted:
            # It was stopped, another file is read instead, or the screen is gone: nobody waits for this one.
            return
        except PyanamoError as error:
            message = Previewed(path, None, error)
        self.post_message(message)

    @on(ReadSoFar)
    def _show_reading(self, message: ReadSoFar) -> None:
        if self._reading:
            self._say(reading_words(message.progress) + "\n\nesc stops")

    @on(Previewed)
    def _show_preview(self, message: Previewed) -> None:
        message.stop()
        self._reading = False
        shown = self.query_one("#preview", Static)
        if message.preview is None:
            self._preview = None
            shown.update(error_text(message.error))
            return
        self._path, self._preview = message.path, message.preview
        shown.update(preview_text(message.preview))
        scroll = self.query_one("#preview-scroll", VerticalScroll)
        scroll.scroll_home(animate=False)
        scroll.focus()

    @work(group="import", exclusive=True)
    async def action_write(self) -> None:
        """Ask, then write the items under a bar."""
        preview, path, workspace = self._preview, self._path, self.dashboard.workspace
        if preview is None or path is None or workspace is None:
            self.dashboard.notify(_READ_FIRST, markup=False)
            return
        survey, rejects, skipping = preview.survey, None, self._terms.existing == "skip"
        if skipping and not preview.existing_sampled and preview.existing == survey.items > 0:
            there = f"All {counted(survey.items, 'item')} of {path.name} are in {workspace.table} already"
            self.app.push_screen(MessageModal(there, "They stay as they are. o: replace them."))
            return
        if survey.problem_count:
            if not await self._take_good_lines(preview):
                return
            rejects = rejects_beside(path)
        replacing = self._terms.existing == "replace"
        question = Question(
            title=f"Import {counted(survey.items, 'item')}?",
            body=EXISTING_WORDS[self._terms.existing],
            facts=(
                ("File", str(path)),
                *left_out_facts(preview, rejects),
                ("Table", workspace.table),
                ("Account", self.dashboard.place()[1]),
                ("Cost", f"at most about {counted(preview.write_units, 'write unit')}"),
            ),
            confirm="Import",
            destructive=replacing,
            typed=str(survey.items) if replacing and survey.items > TYPED_ABOVE else "",
        )
        if await self.app.push_screen_wait(Confirm(question)):
            self._writing = path.name
            try:
                await self._write(workspace, path, rejects)
            finally:
                self._writing = ""

    async def _take_good_lines(self, preview: Preview) -> bool:
        choices = (
            Choice(_ALL, "nothing", "mend the file first", "n"),
            Choice(_GOOD, f"the {counted(preview.survey.items, 'good line')}", "the others are left out", "g"),
        )
        title = f"{counted(preview.survey.problem_count, 'line')} cannot be taken. Import"
        return bool(preview.survey.items) and await self.app.push_screen_wait(Choose(title, choices)) == _GOOD

    async def _write(self, workspace: Workspace, path: Path, rejects: Path | None) -> None:
        modal = ProgressModal(f"Importing {path.name}")
        await self.app.push_screen(modal)
        pace = ImportPace()

        def progress(now: ImportProgress) -> None:
            total = now.total or now.bytes_total
            done = now.items if now.total else now.bytes_done
            self.app.call_from_thread(modal.report, done, total, pace.words(now))

        from pyanamo_tui.core.bulkwrite import Existing  # noqa: PLC0415 - boto3 after the first frame

        failed: PyanamoError | None = None
        result: ImportResult | None = None
        try:
            result = await asyncio.to_thread(
                workspace.importer.run,
                path,
                delimiter=self._terms.delimiter or None,
                nested_delimiter=self._terms.nested_delimiter,
                existing=Existing(self._terms.existing),
                good_lines_only=rejects is not None,
                rejects=rejects,
                progress=progress,
                cancelled=modal.cancelled.is_set,
            )
        except PyanamoError as error:
            failed = error
        finally:
            modal.dismiss()
        self.dashboard.action_refresh_now()
        if failed is not None:
            self.dashboard.tell(failed)
        elif result is not None:
            self._tell(result, rejects)

    def _tell(self, result: ImportResult, rejects: Path | None) -> None:
        words = f"{counted(result.written, 'item')} written"
        words += f", {count(result.skipped)} skipped" if result.skipped else ""
        words += f", {count(result.failed)} failed" if result.failed else ""
        words += f", {count(result.not_written)} not written" if result.not_written else ""
        lines = [f"{number:>8,}  {why}" for why, number in result.skipped_why.items()]
        lines += [f"{one.item}  failed: {one.why}" for one in result.failed_items]
        hint = result.error.message if result.error is not None else ""
        if result.resumed_from_line is not None:
            hint = f"Went on at line {count(result.resumed_from_line)} of an interrupted import. {hint}".rstrip()
        if rejects is not None and result.problem_count:
            hint = f"{hint} In {rejects}: {counted(result.problem_count, 'line')} to mend".strip()
        if lines or hint:
            self.app.push_screen(MessageModal(words, hint, "\n".join(lines)))
        else:
            self.dashboard.notify(words + ".", markup=False)
        self._preview = None
        self._say(words)


def _folder_of(typed: str) -> Path:
    """Where to look for a file, by what was typed of its path."""
    path = Path(typed.strip()).expanduser()
    return path if path.is_dir() else path.parent

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
from textual.suggester import Suggester
from textual.widgets import Input, Static

from pyanamo_tui.errors import BadInput, PyanamoError
from pyanamo_tui.tui.format import count, duration, size
from pyanamo_tui.tui.modals.choose import Choice, Choose
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.progress import ProgressModal
from pyanamo_tui.tui.screens.base import DashboardScreen
from pyanamo_tui.workflow.importheader import shown_delimiter
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.schema import read_item

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.core.importresult import ImportProgress, ImportResult, Preview
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import Snapshot

PROBLEMS_SHOWN: Final = 200
_ALL, _GOOD = "all", "good"


class PathSuggester(Suggester):
    """Completes a path from what lies in its folder."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first entry that goes on from what is typed."""
        return await asyncio.to_thread(complete_path, value)


def complete_path(typed: str) -> str | None:
    """The first file or folder that begins with what is typed; folders end in a slash."""
    if not typed:
        return None
    folder, _, start = typed.rpartition("/")
    base = Path(folder + "/").expanduser() if folder or typed.startswith("/") else Path()
    try:
        names = sorted(
            entry.name + ("/" if entry.is_dir() else "") for entry in base.iterdir() if entry.name.startswith(start)
        )
    except OSError:
        # A folder that is not there, or may not be read, completes to nothing; enter says why.
        return None
    shown = [name for name in names if start.startswith(".") or not name.startswith(".")]
    return f"{folder}/{shown[0]}" if shown and "/" in typed else (shown[0] if shown else None)


@dataclass
class Previewed(Message):
    """The file was read through, or could not be."""

    path: Path
    preview: Preview | None
    error: PyanamoError | None = None


def preview_text(preview: Preview) -> Text:
    """What an import would do, in words and first items."""
    survey = preview.survey
    text = Text()
    guessed = ", guessed from the header" if preview.guessed else ""
    text.append(f"{count(survey.items)} items", "bold")
    nested = f"{count(survey.nested)} nested with {count(survey.tasks)} tasks"
    parts = [f"{count(survey.single)} single" if survey.single else "", nested if survey.nested else ""]
    text.append(": " * any(parts) + ", ".join(part for part in parts if part) + "\n")
    text.append(f"{size(preview.bytes)}, delimiter {shown_delimiter(preview.header.delimiter)}{guessed}\n", "dim")
    how = "a sample of " if preview.existing_sampled else ""
    if preview.existing:
        text.append(
            f"{count(preview.existing)} of {how}{count(preview.existing_checked)} ids are in the table already: "
            "they are left alone\n",
            "bold yellow",
        )
    else:
        text.append(f"none of {how}{count(preview.existing_checked)} ids is in the table yet\n", "dim")
    if preview.resumes_from_line is not None:
        line = count(preview.resumes_from_line)
        text.append(f"an interrupted import of this file goes on at line {line}\n", "bold")
    cost = f"about {count(preview.write_units)} write units, indexes included"
    text.append(cost + (f", at least {duration(preview.seconds)}" if preview.seconds else "") + "\n", "dim")
    if survey.problem_count:
        text.append(f"\n{count(survey.problem_count)} lines cannot be taken\n", "bold red")
        for problem in survey.problems[:PROBLEMS_SHOWN]:
            text.append(f"  line {problem.line:>5}  ", "red")
            text.append(printable(problem.what) + "\n")
        if survey.problem_count > PROBLEMS_SHOWN:
            text.append(f"  … and {count(survey.problem_count - PROBLEMS_SHOWN)} more\n", "dim")
    for notice in survey.notices:
        text.append(f"\nNote, {count(notice.lines)} lines from line {notice.first_line}: ", "yellow")
        text.append(printable(notice.text) + "\n")
    if survey.first:
        text.append("\nFirst items\n", "bold")
        for record in survey.first:
            item = read_item(record)
            script = item.script if not item.nested else f"{len(item.tasks)} tasks: {item.tasks[0].script}"
            text.append(f"  {printable(item.item_id)}  ", "bold")
            text.append(f"{printable(item.facts.step or '')}  ", "dim")
            text.append(printable(script or "") + "\n")
    text.rstrip()
    return text


class ImportScreen(DashboardScreen):
    """Nothing is written before `I` and a Yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("I", "write", "import", id="import.write", key_display="I"),
        Binding("e", "edit", "edit the path", id="import.edit"),
        Binding("tab", "app.focus_next", "next", id="look.next_panel", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._preview: Preview | None = None

    def body(self) -> ComposeResult:
        """The path, and what the file holds."""
        with Container(id="import-file", classes="panel") as panel:
            panel.border_title = "File to import"
            yield Input(
                placeholder="path of the file; → completes, enter reads it", suggester=PathSuggester(), compact=True
            )
        with Container(id="import-preview", classes="panel") as panel:
            panel.border_title = "Preview"
            with VerticalScroll(id="preview-scroll"):
                yield Static(Text(_HOW), id="preview")

    def on_mount(self) -> None:
        """Ready to type."""
        super().on_mount()
        self.query_one(Input).focus()

    def show(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """Nothing here comes from Snapshots."""

    def action_edit(self) -> None:
        """Back to the path."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        workspace = self.dashboard.workspace
        if not event.value.strip():
            return
        if workspace is None or workspace.settings.table is None:
            self.dashboard.notify("Open a table first: 8.", severity="warning", markup=False)
            return
        self._preview = None
        self.query_one("#preview", Static).update("Reading …")
        self._read(workspace, Path(event.value.strip()).expanduser())

    @work(thread=True, group="preview", exclusive=True, exit_on_error=False, description="read an import file")
    def _read(self, workspace: Workspace, path: Path) -> None:
        try:
            message = Previewed(path, workspace.importer.preview(path))
        except PyanamoError as error:
            message = Previewed(path, None, error)
        self.post_message(message)

    @on(Previewed)
    def _show_preview(self, message: Previewed) -> None:
        message.stop()
        shown = self.query_one("#preview", Static)
        if message.preview is None:
            self._preview = None
            shown.update(_error_text(message.error))
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
            self.dashboard.notify("Name a file and read it first: enter on its path.", markup=False)
            return
        survey, good_only = preview.survey, False
        if survey.problem_count:
            good_only = await self._take_good_lines(preview)
            if not good_only:
                return
        question = Question(
            title=f"Import {count(survey.items)} items?",
            body="Items whose id is in the table already are left as they are.",
            facts=(
                ("File", str(path)),
                ("Table", workspace.table),
                ("Account", self.dashboard.place()[1]),
                ("Cost", f"about {count(preview.write_units)} write units"),
            ),
            confirm="Import",
            destructive=False,
        )
        if await self.app.push_screen_wait(Confirm(question)):
            await self._write(workspace, path, good_only)

    async def _take_good_lines(self, preview: Preview) -> bool:
        choices = (
            Choice(_ALL, "nothing", "mend the file first", "n"),
            Choice(_GOOD, f"the {count(preview.survey.items)} good lines", "the others are left out", "g"),
        )
        title = f"{count(preview.survey.problem_count)} lines cannot be taken. Import"
        return bool(preview.survey.items) and await self.app.push_screen_wait(Choose(title, choices)) == _GOOD

    async def _write(self, workspace: Workspace, path: Path, good_only: bool) -> None:
        modal = ProgressModal(f"Importing {path.name}")
        await self.app.push_screen(modal)

        def progress(now: ImportProgress) -> None:
            words = f"{now.phase}: {count(now.written)} written · {count(now.skipped)} skipped"
            words += f" · {count(now.failed)} failed" if now.failed else ""
            self.app.call_from_thread(modal.report, now.items, now.total, words)

        failed: PyanamoError | None = None
        result: ImportResult | None = None
        try:
            result = await asyncio.to_thread(
                workspace.importer.run,
                path,
                good_lines_only=good_only,
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
            self._tell(result)

    def _tell(self, result: ImportResult) -> None:
        words = f"{count(result.written)} items written"
        words += f", {count(result.skipped)} skipped" if result.skipped else ""
        words += f", {count(result.failed)} failed" if result.failed else ""
        words += f", {count(result.not_written)} not written" if result.not_written else ""
        lines = [f"{number:>8,}  {why}" for why, number in result.skipped_why.items()]
        lines += [f"{one.item}  failed: {one.why}" for one in result.failed_items]
        hint = result.error.message if result.error is not None else ""
        if result.resumed_from_line is not None:
            hint = f"Went on at line {count(result.resumed_from_line)} of an interrupted import. {hint}".rstrip()
        if lines or hint:
            self.app.push_screen(MessageModal(words, hint, "\n".join(lines)))
        else:
            self.dashboard.notify(words + ".", markup=False)
        self._preview = None
        self.query_one("#preview", Static).update(Text(printable(words)))


def _error_text(error: PyanamoError | None) -> Text:
    text = Text()
    if error is None:
        return text
    text.append(printable(error.message) + "\n", "bold red")
    text.append(printable(error.hint) + "\n")
    if isinstance(error, BadInput):
        for problem in error.problems[:PROBLEMS_SHOWN]:
            text.append(f"line {problem.line:>5}  ", "red")
            text.append(printable(problem.what) + "\n")
    return text


_HOW: Final = """One item a line under a header line, for example

  itemID|TaskID|TaskScript
  HG00096_align|Align|bwa mem -t 8 ref.fa HG00096.fq.gz

and for nested items, one task for each argument,

  itemID|TaskID|TaskScript|TaskArgs
  HG00096_call|HaplotypeCall|gatk HaplotypeCaller -L|chr1,chr2,chr3

Nothing is written before you say so."""

"""Exporting from a list: what, in which form, where; asked, then written on a thread under a bar that stops it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyanamo_tui.errors import Interrupted, PyanamoError
from pyanamo_tui.tui.format import count, counted, size
from pyanamo_tui.tui.modals.choose import Choice, Choose
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.progress import ProgressModal
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.workflow.printable import clean_file_name, printable

if TYPE_CHECKING:
    from pyanamo_tui.tui.app import Dashboard
    from pyanamo_tui.workflow.model import ItemFacts, Snapshot

_TELL_EVERY: Final = 1_000
_CSV, _LINES, _WHOLE = "csv", "lines", "whole"
_FORMS: Final = (
    Choice(_CSV, "CSV", "what the list shows, a row an item: for spreadsheets and R", "c"),
    Choice(_LINES, "JSON Lines", "the same, an object a line", "j"),
    Choice(_WHOLE, "whole items", "every attribute and log, exactly: for restore", "w"),
)
_ENDINGS: Final = {_CSV: ".csv", _LINES: ".jsonl", _WHOLE: ".items.jsonl"}

Told = Callable[[int, int], None]
"""Told how many are written, of how many."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What can be exported: the marked items, those that the list shows, and all of the Snapshot."""

    marked: Sequence[ItemFacts]
    shown: Sequence[ItemFacts]
    filter: str
    snapshot: Snapshot

    def choices(self) -> list[Choice]:
        """What there is, the nearest first."""
        found = []
        if self.marked:
            found.append(Choice("marked", f"{count(len(self.marked))} marked", "", "m"))
        about = f"that match {self.filter}" if self.filter else "in this list"
        found.append(Choice("shown", f"{count(len(self.shown))} shown", about, "s"))
        if len(self.shown) != len(self.snapshot.items):
            read = "" if self.snapshot.exact else "read so far"
            found.append(Choice("all", f"all {count(len(self.snapshot.items))}", read, "a"))
        return found

    def items(self, which: str) -> Sequence[ItemFacts]:
        """The items of a choice."""
        if which == "marked":
            return self.marked
        return self.shown if which == "shown" else list(self.snapshot.items.values())


async def export_items(app: Dashboard, chosen: Chosen) -> None:
    """Ask what, how and where; write it; say where and how many. Runs inside a Textual worker."""
    choices = chosen.choices()
    which = await app.push_screen_wait(Choose("Export which items?", choices)) if len(choices) > 1 else "shown"
    if which is None:
        return
    items = chosen.items(which)
    form = await app.push_screen_wait(Choose(f"Export {count(len(items))} items as", _FORMS))
    if form is None:
        return
    path = await _ask_path(app, chosen.snapshot.table, form)
    if path is None:
        return
    failed: PyanamoError | None = None
    told = ""
    modal = ProgressModal(f"Exporting {counted(len(items), 'item')}")
    await app.push_screen(modal)

    def report(done: int, total: int) -> None:
        app.call_from_thread(modal.report, done, total, counted(done, "item"))

    try:
        told = await asyncio.to_thread(_write, app, items, form, path, report, modal.cancelled.is_set)
    except PyanamoError as error:
        failed = error
    finally:
        modal.dismiss()
    if isinstance(failed, Interrupted):
        app.notify(printable(failed.message), severity="warning", markup=False)
    elif failed is not None:
        app.tell(failed)
    else:
        app.notify(printable(told), markup=False)


async def _ask_path(app: Dashboard, table: str, form: str) -> Path | None:
    """Where to; a file that is there is only replaced when that is confirmed."""
    from pyanamo_tui.tui.path_completion import PathSuggester  # noqa: PLC0415 - the screen, only when it is needed

    name = clean_file_name(f"{table}-{time.strftime('%Y%m%d-%H%M')}") + _ENDINGS[form]
    prompt = Prompt("Write to which file? → completes", value=name, suggester=PathSuggester())
    answer = await app.push_screen_wait(prompt)
    if not answer or not answer.strip():
        return None
    path, there = await asyncio.to_thread(_look, answer.strip())
    if there:
        facts = [("File", str(path))]
        question = Question("Replace the file that is there?", facts=facts, confirm="Replace")
        if not await app.push_screen_wait(Confirm(question)):
            return None
    return path


def _look(answer: str) -> tuple[Path, bool]:
    """The whole path, and whether there is such a file."""
    path = Path(answer).expanduser().absolute()
    return path, path.is_file()


def _write(
    app: Dashboard, items: Sequence[ItemFacts], form: str, path: Path, report: Told, cancelled: Callable[[], bool]
) -> str:
    """Write them; what came of it in words. Blocking.

    Raises:
        Interrupted: it was cancelled; no file is left.
        PyanamoError: it could not be written, or the items not be read.
    """
    from pyanamo_tui.core.export import FactsForm, export_facts  # noqa: PLC0415 - the core's AWS part, on a thread

    if form != _WHOLE:
        written = export_facts(
            _followed(items, report, cancelled),
            path,
            form=FactsForm.CSV if form == _CSV else FactsForm.JSON_LINES,
            overwrite=True,
        )
        return f"Exported {counted(written, 'item')} to {path}, {size(path.stat().st_size)}"
    workspace = app.workspace
    if workspace is None:
        raise Interrupted("The table was closed; no file was written")
    result = workspace.exporter.export(
        path,
        item_ids=[facts.item_id for facts in items],
        overwrite=True,
        progress=lambda done, total, _written: report(done, total),
        cancelled=cancelled,
    )
    gone = f"; {count(len(result.missing))} had gone meanwhile" if result.missing else ""
    return f"Exported {counted(result.items, 'item')} to {path}, {size(result.bytes)}{gone}"


def _followed(items: Iterable[ItemFacts], report: Told, cancelled: Callable[[], bool]) -> Iterator[ItemFacts]:
    total = len(items) if isinstance(items, Sequence) else 0
    for done, facts in enumerate(items):
        if done % _TELL_EVERY == 0:
            if cancelled():
                raise Interrupted("The export was cancelled; no file was written")
            report(done, total)
        yield facts

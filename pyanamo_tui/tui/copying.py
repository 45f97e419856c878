"""What of an item can be copied, and how it is: the choices, the text of each, and a line that says what was copied."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pyanamo_tui.errors import NotFound, PyanamoError
from pyanamo_tui.tui.clipboard import MOST_BYTES, Through, copy_sequence, fits, hand_to_tmux, pasteable, through
from pyanamo_tui.tui.format import count, size
from pyanamo_tui.tui.modals.choose import Choice
from pyanamo_tui.tui.raw_json import json_text
from pyanamo_tui.workflow.failures import item_failure
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.schema import read_item
from pyanamo_tui.workflow.telling import last_lines

if TYPE_CHECKING:
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.tui.app import Dashboard
    from pyanamo_tui.workflow.model import Item, LogEntry


class Part(StrEnum):
    """What of an item is copied."""

    ID = "id"
    MARKED = "marked"
    SCRIPT = "script"
    LAST_LINE = "last"
    LOG = "log"
    EXACT = "json"
    PLAIN = "plain"


_PARTS: Final = (
    Choice(Part.ID, "id", "of the item under the cursor", "i"),
    Choice(Part.SCRIPT, "script", "the command that it runs", "s"),
    Choice(Part.LAST_LINE, "last line", "the last of stderr", "e"),
    Choice(Part.LOG, "log", "what the item keeps of stdout and stderr", "l"),
    Choice(Part.EXACT, "JSON", "the whole item, with DynamoDB's types", "y"),
    Choice(Part.PLAIN, "plain JSON", "the whole item, values only", "p"),
)


@dataclass(frozen=True, slots=True)
class Copied:
    """A text, and what it is in words: `the script of HG01 · Task_3`."""

    text: str
    what: str


def copy_choices(marked: int) -> tuple[Choice, ...]:
    """What `c` offers; with marks, the ids of all that are marked first."""
    if not marked:
        return _PARTS
    return (Choice(Part.MARKED, "marked ids", f"{count(marked)}, one a line", "m"), *_PARTS)


def read_part(workspace: Workspace, item_id: str, task: str | None, part: Part) -> Copied:
    """One part of an item, read now; blocking.

    Args:
        workspace: the open table.
        item_id, task: whose; of a nested item without a task, the one that failed, else the first.
        part: which.

    Raises:
        NotFound: it has no such part.
        PyanamoError: the item could not be read.
    """
    if part is Part.ID:
        return Copied(item_id, f"the id {item_id}")
    record = workspace.record(item_id)
    if part in {Part.EXACT, Part.PLAIN}:
        exact = part is Part.EXACT
        return Copied(json_text(record, exact=exact), f"the {'' if exact else 'plain '}JSON of {item_id}")
    item = read_item(record)
    key, script, log = _piece(item, task)
    where = item_id if key is None else f"{item_id} · {key}"
    if part is Part.SCRIPT:
        return _unless_empty(script, f"the script of {where}")
    if part is Part.LAST_LINE:
        written = "" if log is None else log.stderr if log.stderr.strip() else log.stdout
        return _unless_empty(next(iter(last_lines(written, 1)), ""), f"the last line of {where}")
    whole = "" if log is None else "\n".join(one.rstrip("\n") for one in (log.stdout, log.stderr) if one.strip())
    kept = "log" if log is None or not (log.uri or log.stderr_uri) else "end of the log"
    return _unless_empty(whole, f"the {kept} of {where}")


def _piece(item: Item, task: str | None) -> tuple[str | None, str, LogEntry | None]:
    if not item.nested:
        return None, item.script or "", item.log
    failure = item_failure(item)
    key = task if task is not None else failure.sample.task if failure is not None else None
    found = item.task(key) if key is not None else next(iter(item.tasks), None)
    return (None, "", None) if found is None else (found.key, found.script, found.log)


def _unless_empty(text: str, what: str) -> Copied:
    if not text:
        raise NotFound(f"There is nothing to copy: {what} is empty")
    return Copied(text, what)


async def copy_text(app: Dashboard, text: str, what: str) -> bool:
    """Copy a text to the terminal's clipboard, and say so; whether it fitted.

    Args:
        app: the dashboard.
        text: what to copy.
        what: what it is, for the message.
    """
    if not fits(text):
        app.notify(
            f"Not copied: {printable(what)} is {size(len(text.encode(errors='replace')))}, "
            f"and terminals take {size(MOST_BYTES)}. Export it instead (e).",
            severity="warning",
            markup=False,
        )
        return False
    safe = pasteable(text)
    within = through(os.environ)
    taken = within is Through.TMUX and await asyncio.to_thread(hand_to_tmux, safe, os.environ)
    if not taken:
        app.send_to_terminal(copy_sequence(safe, within))
    changed = "" if safe == text else "; control characters made visible"
    on_the_way = "" if within is Through.NOTHING else f", through {within}"
    app.notify(f"Copied {printable(what)}{on_the_way}{changed}", markup=False)
    return True


async def copy_part(app: Dashboard, item_id: str, task: str | None, part: Part) -> None:
    """Read a part of an item on a thread and copy it."""
    workspace = app.workspace
    if workspace is None:
        return
    try:
        copied = await asyncio.to_thread(read_part, workspace, item_id, task, part)
    except PyanamoError as error:
        app.notify(printable(error.message), severity="warning", markup=False)
        return
    await copy_text(app, copied.text, copied.what)

"""Asks what to look for in a log, or what to filter its lines by, and says in words what that came to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pyanamo_tui.tui.format import count, counted
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import App

    from pyanamo_tui.tui.widgets.log_view import LogView

_CONTEXT: Final = re.compile(r"-C ?(\d{1,4})(?: (.*))?\Z", re.DOTALL)


def filter_of(typed: str, context: int = 0) -> tuple[str, int]:
    """What was typed as the text to filter by and the lines of context: `-C 3 text`, as grep has it; else as before."""
    found = _CONTEXT.match(typed)
    return (typed, context) if found is None else (found.group(2) or "", int(found.group(1)))


async def ask_search(app: App[object], view: LogView, what: str = "the log", over: str = "") -> None:
    """Ask what to look for and go to it; where no line has it, say so, and over how much was looked.

    Args:
        app: the dashboard.
        view: the lines.
        what: what they are.
        over: where they are not the whole, in words: how much there is of it.
    """
    text = await app.push_screen_wait(Prompt(f"Search {what} for", placeholder="text or regular expression"))
    if text is None:
        return
    view.search(text)
    view.focus()
    if text and not view.match[1]:
        among = f" among the {counted(len(view.lines), 'line')} read. {over}" if over else ""
        app.notify(f"No line has {printable(text)}{among}", markup=False)


async def ask_filter(app: App[object], view: LogView) -> None:
    """Ask what the lines shown must have, and with how many lines around them."""
    before = f"-C {view.context} {view.filter_text}" if view.context else view.filter_text
    example = "text or regular expression; -C 3 text: with context"
    text = await app.push_screen_wait(Prompt("Show only lines with (empty: all)", value=before, placeholder=example))
    if text is not None:
        view.filter_lines(*filter_of(text))
        view.focus()


def match_words(view: LogView, *, partly: bool = False) -> str:
    """Which match was gone to, of how many; where the log is not here whole, over how much was looked."""
    number, total = view.match
    if not total:
        return ""
    return f"match {count(number)} of {count(total)}" + (
        f" in {counted(len(view.lines), 'line')} read" if partly else ""
    )


def filter_words(view: LogView, *, partly: bool = False) -> str:
    """What the lines are filtered by, how many have it, of how many that are here, how many are shown around each."""
    if not view.filter_text:
        return ""
    among = f" of {count(len(view.lines))} read" if partly else ""
    words = f"{counted(view.matched, 'line')}{among} with {view.filter_text}"
    return f"{words} ± {view.context} (+ -)" if view.context else f"{words} (+ context)"


def pending_words(view: LogView) -> str:
    """How many lines came since the end was left."""
    return f"{counted(view.pending, 'new line')}: G" if view.pending else ""

"""What commands print: tables for people, JSON for programs, errors as two lines; never a control sequence of data."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import click

from pyanamo_tui.errors import BadInput, Interrupted, PyanamoError, UsageError
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from types import FrameType

PROBLEMS_SHOWN: Final = 20
ROWS_MEASURED: Final = 500
"""Rows by which the widths of a table's columns are chosen; later ones are cut to fit."""
_NARROWEST: Final = 6
_GAP: Final = 2
_REDRAWN_EVERY: Final = 0.15


def say(line: str = "") -> None:
    """One line for a person on standard output; whatever data it holds is made printable."""
    click.echo(printable(line))


def note(line: str) -> None:
    """One line for a person on standard error, so that it never mixes with what a program reads."""
    click.echo(printable(line), err=True)


def survive_any_streams() -> None:
    """Print what the terminal's encoding cannot show as `\\N{…}` escapes, and where a stream is closed, nowhere.

    Its number would be given to the next file that is opened, a journal say, and words for people would go there.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for as long as the process runs
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def emit_json(value: Mapping[str, object] | Sequence[object]) -> None:
    """A JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def emit_json_lines(values: Iterable[Mapping[str, object]]) -> None:
    """A JSON document on each line of standard output, as they come."""
    for value in values:
        click.echo(json.dumps(value, ensure_ascii=True))


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Labels and what they say, aligned; those that say nothing are left out."""
    told = [(label, value) for label, value in rows if value]
    width = max((len(label) for label, _ in told), default=0)
    for label, value in told:
        say(f"{label:<{width}}  {value}")


def table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = (), spare: Sequence[int] = ()
) -> None:
    """Rows under headers, printed as they come. On a pipe columns are set apart by tabs and nothing is cut.

    Args:
        headers: one for each column.
        rows: cells as text; made printable here.
        right: numbers of the columns that are aligned to the right.
        spare: numbers of the columns that a terminal too narrow for all does without, the first one first.
    """
    if not sys.stdout.isatty():
        for row in chain([headers], rows):
            click.echo("\t".join(map(printable, row)))
        return
    aligned, waiting = set(right), iter(rows)
    first = [[printable(cell) for cell in row] for row in islice(waiting, ROWS_MEASURED)]
    available = shutil.get_terminal_size().columns
    widths = _widths([list(headers), *first], available, spare)
    click.secho(_line(headers, widths, aligned), bold=True)
    for row in chain(first, ([printable(cell) for cell in row] for row in waiting)):
        click.echo(_line(row, widths, aligned))


def _widths(rows: Sequence[Sequence[str]], available: int, spare: Sequence[int]) -> list[int]:
    """The width of each column: what it needs; spare ones 0, then the widest narrowed, until a line fits."""
    from rich.cells import cell_len  # noqa: PLC0415 - only where there is a terminal

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    excess = sum(widths) + _GAP * (len(widths) - 1) - available
    for number in spare:
        if excess > 0:
            excess -= widths[number] + _GAP
            widths[number] = 0
    while excess > 0 and max(widths) > _NARROWEST:
        ranked = sorted(set(widths), reverse=True)
        below = max(_NARROWEST, ranked[1] if len(ranked) > 1 else 0)
        widest = [number for number, width in enumerate(widths) if width == ranked[0]]
        share = max(1, min(ranked[0] - below, -(-excess // len(widest))))
        for number in widest:
            widths[number] -= share
        excess -= share * len(widest)
    return widths


def _line(cells: Sequence[str], widths: Sequence[int], right: set[int]) -> str:
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - only where there is a terminal

    fitted: list[str] = []
    for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        if not width:
            continue
        missing = width - cell_len(cell)
        if missing < 0:
            fitted.append(set_cell_size(cell, width - 1) + "…")
        else:
            fitted.append(" " * missing + cell if number in right else cell + " " * missing)
    return (" " * _GAP).join(fitted).rstrip()


def report(error: PyanamoError, here: Callable[[str], str]) -> None:
    """An error on standard error: what happened, what to do; input problems by line.

    Args:
        error: which.
        here: leads the commands that the hint names to the place that was worked at.
    """
    if isinstance(error, BadInput) and not (len(error.problems) == 1 and error.problems[0].what in error.message):
        for problem in error.problems[:PROBLEMS_SHOWN]:
            note(f"line {problem.line}: {problem.what}")
        if len(error.problems) > PROBLEMS_SHOWN:
            note(f"… and {len(error.problems) - PROBLEMS_SHOWN:,} more; --json lists the first thousand")
    note(f"pyanamo-tui: {error.message}")
    if error.hint:
        note(here(error.hint))


def confirm(question: str, *, yes: bool, typed: str = "") -> None:
    """Ask before a change; the default is No.

    Args:
        question: what would happen, ending in a question mark.
        yes: it was answered on the command line.
        typed: what has to be typed, a count or a name; empty where y or n will do.

    Raises:
        UsageError: there is no terminal to ask on and `--yes` was not given.
        Interrupted: the answer was No.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody is there to answer.", "Pass --yes to do it without being asked.")
    if typed:
        note(question)
        answer = click.prompt(f"Type {printable(typed)} to do it", default="", show_default=False, err=True)
        agreed = answer.strip() == typed
    else:
        agreed = click.confirm(printable(question), default=False, err=True)
    if not agreed:
        raise Interrupted("Nothing was changed")


class ProgressLine:
    """One line on standard error that is written over and over, on a terminal only; a context manager that ends it."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._shown = 0
        self._shown_at = 0.0
        self._waiting = ""

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._waiting:
            self._write(self._waiting)
        if self._shown:
            click.echo(err=True)

    def show(self, words: str) -> None:
        """Replace what the line says; at most some times a second, the last words always."""
        if not sys.stderr.isatty():
            return
        if time.monotonic() - self._shown_at < _REDRAWN_EVERY:
            self._waiting = words
        else:
            self._write(words)

    def _write(self, words: str) -> None:
        line = printable(f"{self._label}: {words}")[: shutil.get_terminal_size().columns - 1]
        click.echo("\r" + line + " " * max(0, self._shown - len(line)), err=True, nl=False)
        self._shown, self._shown_at, self._waiting = len(line), time.monotonic(), ""


@contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C (or SIGTERM) end what is under way within one batch, so that its outcome is still told.

    Args:
        stop: set by the first signal; a second one interrupts at once.
    """

    def interrupted(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        note("Stopping after what is under way; once more stops at once.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

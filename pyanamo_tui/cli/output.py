"""What commands print: tables for people, JSON for programs, errors as two lines; never a control sequence of data."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from pyanamo_tui.errors import BadInput, Interrupted, PyanamoError, UsageError
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

PROBLEMS_SHOWN = 20


def say(line: str = "") -> None:
    """One line for a person on standard output; whatever data it holds is made printable."""
    click.echo(printable(line))


def note(line: str) -> None:
    """One line for a person on standard error, so that it never mixes with what a program reads."""
    click.echo(printable(line), err=True)


def emit_json(value: Mapping[str, object] | Sequence[object]) -> None:
    """A JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True, default=str))


def console() -> Console:
    """A rich console on standard output that neither interprets markup in data nor highlights it."""
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second that JSON need not pay

    return Console(markup=False, highlight=False, emoji=False, soft_wrap=False)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> None:
    """Rows under headers, aligned. On a pipe nothing is cut or coloured.

    Args:
        headers: one for each column.
        rows: cells as text; made printable here.
        right: numbers of the columns that are aligned to the right.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in ([printable(header) for header in headers], *cells):
            click.echo("\t".join(line))
        return
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    aligned = set(right)
    for number, header in enumerate(headers):
        grid.add_column(header, justify="right" if number in aligned else "left", overflow="ellipsis", no_wrap=True)
    for row in cells:
        grid.add_row(*(Text(cell) for cell in row))
    console().print(grid)


def report(error: PyanamoError) -> None:
    """An error on standard error: what happened, what to do; input problems by line."""
    if isinstance(error, BadInput):
        for problem in error.problems[:PROBLEMS_SHOWN]:
            note(f"line {problem.line}: {problem.what}")
        if len(error.problems) > PROBLEMS_SHOWN:
            note(f"… and {len(error.problems) - PROBLEMS_SHOWN:,} more")
    note(f"pyanamo-tui: {error.message}")
    if error.hint:
        note(error.hint)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before a change; the default is No.

    Raises:
        UsageError: there is no terminal to ask on and `--yes` was not given.
        Interrupted: the answer was No.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody is there to answer.", "Pass --yes to do it without being asked.")
    if not click.confirm(printable(question), default=False, err=True):
        raise Interrupted("Nothing was changed")

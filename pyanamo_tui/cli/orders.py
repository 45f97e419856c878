"""How engines are to work, as options: the same for those on this host and for pilot jobs on AWS Batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option(
        "--items", "-i", "items_at_once", type=click.IntRange(1), default=1, help="Items at once in each (1)."
    ),
    click.option(
        "--nests", "-n", "tasks_at_once", type=click.IntRange(1), default=1, help="Nested tasks at once in an item (1)."
    ),
    click.option(
        "--wall-time",
        "-w",
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="Start nothing that would not end by then.",
    ),
    click.option("--lease", type=click.FloatRange(1), metavar="SECONDS", help="How long a lock holds (300)."),
    click.option(
        "--max-attempts", type=click.IntRange(1), default=1, help="Run a failed item up to so many times (1)."
    ),
    click.option(
        "--task-timeout", type=click.FloatRange(0), metavar="SECONDS", help="A command that runs longer has failed."
    ),
    click.option("--max-items", type=click.IntRange(1), metavar="N", help="Each stops after N items."),
    click.option(
        "--idle",
        type=click.Choice(["exit", "wait"]),
        default="exit",
        help="With nothing to do: exit (default), or wait.",
    ),
    click.option("--log-json", is_flag=True, help="Write the log as JSON lines."),
)


def order_options(command: Command) -> Command:
    """Add the options that `core.engineorder.EngineOrder` is made of, under its own names."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command

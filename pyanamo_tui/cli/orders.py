"""How engines are to work, as options: the same for those on this host and for pilot jobs on AWS Batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option(
        "--items",
        "-i",
        "items_at_once",
        type=click.IntRange(1),
        metavar="N",
        default=1,
        show_default=True,
        help="Items that each runs at once.",
    ),
    click.option(
        "--nests",
        "-n",
        "tasks_at_once",
        type=click.IntRange(1),
        metavar="N",
        default=1,
        show_default=True,
        help="Nested tasks at once within an item.",
    ),
    click.option(
        "--wall-time",
        "-w",
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="Start nothing that would not end by then.",
    ),
    click.option(
        "--lease",
        type=click.FloatRange(1),
        metavar="SECONDS",
        help="How long a lock holds unless it is renewed, as a running engine does; 300 without.",
    ),
    click.option(
        "--max-attempts",
        type=click.IntRange(1),
        metavar="N",
        default=1,
        show_default=True,
        help="Run an item that fails up to N times.",
    ),
    click.option(
        "--task-timeout",
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="End a command that runs longer; it has failed then.",
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

"""`local`: the embedded DynamoDB that `--local` works on: start it, say where it is, stop it."""

from __future__ import annotations

from pathlib import Path

import click

from pyanamo_tui.cli.output import emit_json, facts, say
from pyanamo_tui.cli.place import Place, examples, output_options, pass_place

_FOLDER = click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))


@click.group(
    name="local",
    short_help="Start, find and stop the embedded DynamoDB of --local.",
    epilog=examples(
        "pyanamo-tui --local tables create Cohort7     starts it if it does not run",
        "pyanamo-tui --local import cohort7.txt -t Cohort7",
        "pyanamo-tui local status",
        "pyanamo-tui local stop",
    ),
)
def local_command() -> None:
    """The embedded DynamoDB that --local works on.

    It runs on this host alone, goes on after the command that started it, and is found again by the next one. Its
    tables are kept in a folder, seconds after they change: stopped and started again they are as they were. Only tables
    and items are kept; logs that engines put outside the item are not. It is meant for a few thousand items. After four
    hours without a request it ends by itself.
    """


def _tell(place: Place, folder: Path, pid: int | None, url: str | None) -> None:
    if place.as_json:
        emit_json({"folder": str(folder), "running": pid is not None, "pid": pid, "endpoint_url": url})
        return
    running = "no" if pid is None else f"yes, process {pid}"
    facts([("folder", str(folder)), ("running", running), ("endpoint", url or "")])


@local_command.command(
    name="start", epilog=examples("pyanamo-tui local start", "pyanamo-tui local start ./data --json")
)
@_FOLDER
@output_options
@pass_place
def start_command(place: Place, folder: Path | None) -> int:
    """Start it, if it does not run, and say where it answers."""
    from pyanamo_tui.local.resident import LocalFolder  # noqa: PLC0415 - only where it is wanted

    found = LocalFolder(folder).start()
    _tell(place, found.folder, found.pid, found.endpoint_url)
    return 0


@local_command.command(
    name="status", epilog=examples("pyanamo-tui local status", "pyanamo-tui local status ./data --json")
)
@_FOLDER
@output_options
@pass_place
def status_command(place: Place, folder: Path | None) -> int:
    """Say whether it runs, and where it answers."""
    from pyanamo_tui.local.resident import LocalFolder  # noqa: PLC0415 - only where it is wanted

    local = LocalFolder(folder)
    found = local.running()
    pid, url = (None, None) if found is None else (found.pid, found.endpoint_url)
    _tell(place, local.folder, pid, url)
    return 0


@local_command.command(name="stop", epilog=examples("pyanamo-tui local stop", "pyanamo-tui local stop ./data"))
@_FOLDER
@output_options
@pass_place
def stop_command(place: Place, folder: Path | None) -> int:
    """Save everything and stop it."""
    from pyanamo_tui.local.resident import LocalFolder  # noqa: PLC0415 - only where it is wanted

    local = LocalFolder(folder)
    stopped = local.stop()
    if place.as_json:
        emit_json({"folder": str(local.folder), "stopped": stopped})
    else:
        say(f"Stopped; its tables are kept in {local.folder}" if stopped else f"None runs for {local.folder}")
    return 0

"""`export` and `restore`: the table into a file, exactly, and back."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.importing import bring_in
from pyanamo_tui.cli.output import ProgressLine, confirm, emit_json, interruptible, note, say
from pyanamo_tui.cli.place import Place, change_options, examples, offers, output_options, pass_place
from pyanamo_tui.cli.selection import Selection, facts_that_match, state_option
from pyanamo_tui.errors import UsageError
from pyanamo_tui.tui.format import counted, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyanamo_tui.core.importresult import ImportProgress, ImportResult

EXIT_SOME_FAILED = 1
_STANDARD_STREAM = "-"


@click.command(
    name="export",
    short_help="Write the table to a file, exactly.",
    epilog=examples(
        "pyanamo-tui export cohort7.jsonl -t Cohort7",
        "pyanamo-tui export - --without-logs | gzip > cohort7.jsonl.gz",
        "pyanamo-tui export failed.jsonl --state failed",
    ),
)
@click.argument("file", shell_complete=offers("file"))
@click.option("--without-logs", is_flag=True, help="Leave out what the items keep of their logs.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@state_option
@click.option("--filter", "text", metavar="F", help="Those that a filter matches: see items.")
@output_options
@pass_place
def export_command(
    place: Place, file: str, without_logs: bool, overwrite: bool, state: str | None, text: str | None
) -> int:
    """Write the table to FILE, every item exactly as it is, for `restore`; - is standard output.

    The file is there whole or not at all. A table that changes meanwhile is not caught at one moment. For other
    tools there is `items --csv`.
    """
    if file == _STANDARD_STREAM and place.as_json:
        raise UsageError("Standard output can hold the export or its JSON summary, not both", "Give a file.")
    question = Selection(state=state, text=text).question()
    workspace = place.workspace()
    chosen = None if question.is_empty else [facts.item_id for facts in facts_that_match(workspace, question)]
    stop = threading.Event()
    with interruptible(stop), ProgressLine("Exporting") as line:
        result = workspace.exporter.export(
            sys.stdout.buffer if file == _STANDARD_STREAM else file,
            with_logs=not without_logs,
            item_ids=chosen,
            overwrite=overwrite,
            progress=lambda done, total, written: line.show(f"{done:,} of about {total:,} items, {size(written)}"),
            cancelled=stop.is_set,
        )
    if place.as_json:
        told = {"file": file, "items": result.items, "bytes": result.bytes, "read_units": result.read_units}
        emit_json({**told, "missing": list(result.missing)})
    else:
        words = f"{counted(result.items, 'item')}, {size(result.bytes)}, {result.read_units:,.0f} read units"
        (note if file == _STANDARD_STREAM else say)(words)
        if result.missing:
            note(f"{counted(len(result.missing), 'item')} had gone meanwhile")
    return 0


@click.command(
    name="restore",
    short_help="Put the items of an export into the table.",
    epilog=examples(
        "pyanamo-tui restore cohort7.jsonl -t Cohort7copy",
        "pyanamo-tui restore cohort7.jsonl --existing replace",
        "gzip -dc cohort7.jsonl.gz | pyanamo-tui restore -",
    ),
)
@click.argument("file", shell_complete=offers("file"))
@click.option(
    "--existing",
    type=click.Choice(["skip", "replace", "fail"]),
    default="skip",
    show_default=True,
    help="What becomes of ids that the table holds already.",
)
@click.option("--good-lines-only", is_flag=True, help="Restore what can be read of a damaged export.")
@click.option("--restart", is_flag=True, help="Begin at the first line, whatever an interrupted restore had done.")
@change_options
@pass_place
def restore_command(place: Place, file: str, existing: str, good_lines_only: bool, restart: bool) -> int:
    """Put the items of an export into the table, exactly as they were.

    FILE is from `export`; - is standard input. The table has to exist: see `tables create`. Items that are there
    already are left alone, unless --existing says otherwise. An interrupted restore goes on where it stopped.
    """
    workspace = place.workspace()
    if existing == "replace" and not place.yes:
        account = workspace.actions.who().account or "unknown"
        where = f"table {workspace.table} ({workspace.region}, account {account})"
        if file == _STANDARD_STREAM:
            raise UsageError("Replacing items from standard input cannot be asked about", "Pass --yes, or give a file.")
        header = workspace.exporter.describe_file(file)
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(header.at))
        number = "all" if header.items is None else f"{header.items:,}"
        confirm(
            f"Replace whatever exists in {where} of the {number} items exported from {header.table} on {made}?",
            yes=place.yes,
            typed=workspace.table,
        )
    stop = threading.Event()

    def run(progress: Callable[[ImportProgress], None]) -> ImportResult:
        from pyanamo_tui.core.bulkwrite import Existing  # noqa: PLC0415 - boto3, which --help need not pay

        return workspace.exporter.restore(
            file,
            existing=Existing(existing),
            good_lines_only=good_lines_only,
            restart=restart,
            progress=progress,
            cancelled=stop.is_set,
        )

    return bring_in(place, stop, run, "Restoring", "restored")

"""`import`: items from a file or standard input into the table, checked whole before the first is written."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import click

from pyanamo_tui.cli.output import ProgressLine, confirm, emit_json, facts, interruptible, note, report, say, table
from pyanamo_tui.cli.place import Place, change_options, examples, offers, pass_place
from pyanamo_tui.errors import BadInput, UsageError
from pyanamo_tui.tui.format import counted, duration, duration_range, size
from pyanamo_tui.workflow.importheader import NESTED_DELIMITER, shown_delimiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyanamo_tui.core.importresult import ImportProgress, ImportResult, Preview
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.errors import InputProblem

EXIT_SOME_FAILED: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_INTERRUPTED: Final = 130
PROBLEMS_SHOWN: Final = 20
OUTCOMES_SHOWN: Final = 20
COMMAND_SHOWN: Final = 60
_STANDARD_INPUT: Final = "-"


@click.command(
    name="import",
    short_help="Add items from a file, checked whole before anything is written.",
    epilog=examples(
        "pyanamo-tui import cohort7.txt --dry-run -t Cohort7",
        "pyanamo-tui import cohort7.txt --dry-run --check-all -t Cohort7",
        "pyanamo-tui import cohort7.txt -t Cohort7",
        "pyanamo-tui import cohort7.tsv -d tab -n ';'",
        "pyanamo-tui import cohort7.txt --good-lines-only --rejects mend.txt",
        "gzip -dc cohort7.txt.gz | pyanamo-tui import -",
    ),
)
@click.argument("file", shell_complete=offers("file"))
@click.option("-d", "--delimiter", metavar="D", help="Between columns, e.g. | or tab. Guessed from the header.")
@click.option(
    "-n",
    "--nested-delimiter",
    metavar="D",
    default=NESTED_DELIMITER,
    show_default=True,
    help="Between the arguments of nested tasks.",
)
@click.option("--dry-run", is_flag=True, help="Say what the file holds and what importing would do; write nothing.")
@click.option("--check-all", is_flag=True, help="With --dry-run: look for every id in the table, not for a sample.")
@click.option(
    "--existing",
    type=click.Choice(["skip", "replace", "fail"]),
    default="skip",
    show_default=True,
    help="What becomes of ids that the table holds already.",
)
@click.option("--good-lines-only", is_flag=True, help="Import the good lines of a file that has problems.")
@click.option(
    "--rejects",
    metavar="FILE",
    help="Write the lines with problems to this file, to be mended.",
    shell_complete=offers("file"),
)
@click.option("--restart", is_flag=True, help="Begin at the first line, whatever an interrupted import had done.")
@change_options
@pass_place
def import_command(  # noqa: PLR0913, PLR0917 - one for each option
    place: Place,
    file: str,
    delimiter: str | None,
    nested_delimiter: str,
    dry_run: bool,
    check_all: bool,
    existing: str,
    good_lines_only: bool,
    rejects: str | None,
    restart: bool,
) -> int:
    """Add items to the table from FILE, or from standard input with -.

    The first line names the columns: itemID, TaskID, TaskScript, and TaskArgs for nested items, in any order and case.
    Each other line is one item. S1|Align|align.sh|1,2 becomes an item of two tasks, `align.sh 1` and `align.sh 2`. With
    TaskArgs every item of the file is nested; single ones go into a file of their own.

    The whole file is checked first. If a line cannot be imported, nothing is written and each problem is named with its
    line. An item that exists is left alone, unless --existing says otherwise. An import that was interrupted goes on
    where it stopped when the same command is given again. `undo` takes out again what an import made.
    """
    workspace = place.workspace()
    stop = threading.Event()
    if check_all and (file == _STANDARD_INPUT or not dry_run):
        raise UsageError("--check-all goes with --dry-run and a file", "Standard input can be read once only.")
    if dry_run:
        with interruptible(stop), ProgressLine("Checking") as line:
            preview = workspace.importer.preview(
                file,
                delimiter=delimiter,
                nested_delimiter=nested_delimiter,
                progress=telling(line),
                cancelled=stop.is_set,
            )
            if check_all and preview.existing_sampled:
                preview = workspace.importer.look_for_all(file, preview, progress=telling(line), cancelled=stop.is_set)
        return _print_preview(place, workspace, preview)
    if existing == "replace" and not place.yes:
        _ask_to_replace(place, workspace, file, delimiter, nested_delimiter)

    def run(progress: Callable[[ImportProgress], None]) -> ImportResult:
        from pyanamo_tui.core.bulkwrite import Existing  # noqa: PLC0415 - boto3, which --help need not pay

        return workspace.importer.run(
            file,
            delimiter=delimiter,
            nested_delimiter=nested_delimiter,
            existing=Existing(existing),
            good_lines_only=good_lines_only,
            rejects=rejects,
            restart=restart,
            progress=progress,
            cancelled=stop.is_set,
        )

    return bring_in(place, stop, run, "Importing", "imported")


def bring_in(
    place: Place,
    stop: threading.Event,
    run: Callable[[Callable[[ImportProgress], None]], ImportResult],
    verb: str,
    done: str,
) -> int:
    """Import or restore under a line of progress, and print what came of it.

    Args:
        place: the command line so far.
        stop: what the run asks whether it shall end.
        run: does it, telling its progress.
        verb: what is done, as in "Importing".
        done: what an item then is, as in "imported".

    Returns:
        The exit code.
    """
    from pyanamo_tui.core.importresult import ImportRefused  # noqa: PLC0415 - boto3, which --help need not pay

    try:
        with interruptible(stop), ProgressLine(verb) as line:
            result = run(telling(line))
    except ImportRefused as refusal:
        if place.as_json:
            emit_json({**refusal.result.as_json(), "error": refusal.message})
        report(refusal, place.here)
        note("--good-lines-only leaves such lines out, and --rejects FILE keeps them in a file to be mended.")
        return refusal.exit_code
    _print_result(place, result, done)
    if result.error is not None:
        return result.error.exit_code
    if result.cancelled:
        return EXIT_INTERRUPTED
    return EXIT_SOME_FAILED if result.failed or result.failed_before or result.not_written else 0


def telling(line: ProgressLine) -> Callable[[ImportProgress], None]:
    """What shows an import's progress on a line: how much, how fast, how long still."""
    from pyanamo_tui.core.importresult import Phase  # noqa: PLC0415 - boto3, which --help need not pay

    began = time.monotonic()
    first: list[tuple[float, int]] = []

    def show(told: ImportProgress) -> None:
        if told.total is None:
            share = told.bytes_done * 100 // max(1, told.bytes_total)
            line.show(f"{counted(told.items, 'item')} checked, {counted(told.problems, 'problem')}, {share} %")
            return
        if told.phase is Phase.LOOKING:
            line.show(f"{told.items:,} of {told.total:,} ids looked for")
            return
        if not first:
            first.append((time.monotonic(), told.items))
        since, from_items = first[0]
        seconds = time.monotonic() - since
        words = f"{told.items:,} of {told.total:,} items"
        if seconds > 1 and told.items > from_items:
            rate = (told.items - from_items) / seconds
            left = (told.total - told.items) / rate
            words += f", {rate:,.0f}/s, {duration_range(left, left * 1.2)} left"
        if told.skipped:
            words += f", {told.skipped:,} skipped"
        if told.failed:
            words += f", {told.failed:,} failed"
        line.show(words if told.items < told.total else f"{words} in {duration(time.monotonic() - began)}")

    return show


def _ask_to_replace(
    place: Place, workspace: Workspace, file: str, delimiter: str | None, nested_delimiter: str
) -> None:
    """Have the replacing of items confirmed, with their number.

    Raises:
        UsageError: nobody can be asked; standard input can be read once only.
    """
    where = f"table {workspace.table} ({workspace.region}, account {workspace.actions.who().account or 'unknown'})"
    if file == _STANDARD_INPUT:
        raise UsageError("Replacing items from standard input cannot be asked about", "Pass --yes, or give a file.")
    preview = workspace.importer.preview(file, delimiter=delimiter, nested_delimiter=nested_delimiter)
    number = preview.existing
    if preview.existing_sampled:
        share = number / max(1, preview.existing_checked)
        question = f"Replace about {share:.0%} of {counted(preview.survey.items, 'item')}, with their logs, in {where}?"
    else:
        question = f"Replace {counted(number, 'item')}, with their logs, in {where}?"
    if number:
        confirm(question, yes=place.yes, typed=str(preview.survey.items) if number > OUTCOMES_SHOWN else "")


def _print_preview(place: Place, workspace: Workspace, preview: Preview) -> int:
    survey = preview.survey
    code = EXIT_BAD_INPUT if survey.problem_count else 0
    if place.as_json:
        emit_json(preview.as_json())
        return code
    delimiter = shown_delimiter(preview.header.delimiter) + (", guessed" if preview.guessed else "")
    shape = f"{survey.single:,} single, {survey.nested:,} nested of {counted(survey.tasks, 'task')}"
    asked = "of a sample of" if preview.existing_sampled else "of"
    more = " (--check-all looks for each)" if preview.existing_sampled else ""
    facts(
        [
            ("File", f"{preview.name}, {size(preview.bytes)}"),
            ("Delimiter", delimiter),
            ("Columns", ", ".join(preview.header.columns)),
            (
                "Items",
                f"{survey.items:,}: {shape}",
            ),
            ("Problems", counted(survey.problem_count, "line") if survey.problem_count else "none"),
            ("Exist already", f"{preview.existing:,} {asked} {preview.existing_checked:,}{more}"),
            ("Cost", f"about {counted(preview.write_units, 'write unit')}"),
            ("Takes", "" if preview.seconds is None else f"{duration(preview.seconds)} at least, by its capacity"),
            ("Goes on", "" if preview.resumes_from_line is None else f"from line {preview.resumes_from_line:,}"),
            ("Table", f"{workspace.table}, {workspace.region}: nothing was written"),
        ]
    )
    if survey.first:
        say()
        table(("ITEM", "STEP", "RUNS"), (_sample(workspace, record) for record in survey.first))
    for one in survey.notices:
        note(f"look at: {one.text} ({counted(one.lines, 'line')}, the first is {one.first_line:,})")
    _tell_problems(survey.problems, survey.problem_count)
    if survey.problem_count:
        report(
            BadInput(
                f"{counted(survey.problem_count, 'line')} of {preview.name} cannot be imported",
                "Mend them, or import the good lines only with --good-lines-only.",
            ),
            place.here,
        )
    return code


def _sample(workspace: Workspace, record: object) -> tuple[str, str, str]:
    from pyanamo_tui.core.importsurvey import first_commands  # noqa: PLC0415 - only where there is a preview
    from pyanamo_tui.workflow import schema  # noqa: PLC0415

    held: schema.Record = record  # type: ignore[assignment]
    commands = list(first_commands(held).values())
    first = commands[0] if commands else ""
    more = f" (and {counted(len(commands) - 1, 'more task')})" if len(commands) > 1 else ""
    return schema.record_id(held), schema.string_of(held, schema.STEP) or "", first[:COMMAND_SHOWN] + more


def _tell_problems(problems: tuple[InputProblem, ...], count: int) -> None:
    for problem in problems[:PROBLEMS_SHOWN]:
        note(f"line {problem.line}: {problem.what}")
    if count > PROBLEMS_SHOWN:
        note(f"… and {count - PROBLEMS_SHOWN:,} more; --json lists the first thousand")


def _print_result(place: Place, result: ImportResult, done: str) -> None:
    if place.as_json:
        emit_json(result.as_json())
    else:
        if result.resumed_from_line is not None:
            before = f"{counted(result.written_before, 'item')} {done} before"
            note(f"Went on from line {result.resumed_from_line:,}: {before}.")
        for one in result.failed_items[:OUTCOMES_SHOWN]:
            note(f"failed   {one.item}: {one.why}")
        if result.failed > OUTCOMES_SHOWN:
            note(f"… and {result.failed - OUTCOMES_SHOWN:,} more; --json lists the first thousand")
        _tell_problems(result.problems, result.problem_count)
        say(_outcome(place, result, done))
        if result.slower is not None:
            note(f"With {result.slower} in your IAM policy this would be quicker.")
    if result.error is not None:
        report(result.error, place.here)
    if result.not_written:
        note("Give the same command again: it goes on from here.")


def _outcome(place: Place, result: ImportResult, done: str) -> str:
    parts = [f"{result.written:,} {done}" + (f" ({result.replaced:,} replaced)" if result.replaced else "")]
    parts += [f"{number:,} skipped: {why}" for why, number in result.skipped_why.items()] or ["0 skipped"]
    parts.append(f"{result.failed:,} failed")
    if result.problem_count:
        parts.append(f"{counted(result.problem_count, 'line')} with problems left out")
    if result.not_written:
        parts.append(f"{result.not_written:,} not written")
    undo = f" Undo it: pyanamo-tui undo {result.action_id}" if result.action_id and result.written else ""
    return place.here(", ".join(parts) + "." + undo)

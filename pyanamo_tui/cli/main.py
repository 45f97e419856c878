"""The console script: opens the dashboard, or finds the command; every error leaves as two lines and an exit code."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import sys
from typing import Final, NoReturn

import click

from pyanamo_tui import __version__
from pyanamo_tui.cli.crash import write_report
from pyanamo_tui.cli.leaving import leave
from pyanamo_tui.cli.output import note, report, survive_any_streams
from pyanamo_tui.cli.place import COMPLETION, Place, change_options, examples, pass_place, with_local_folder
from pyanamo_tui.errors import PyanamoError, UsageError

COMMANDS: Final = {
    "demo": "pyanamo_tui.cli.demo",
    "tables": "pyanamo_tui.cli.tables",
    "import": "pyanamo_tui.cli.importing",
    "status": "pyanamo_tui.cli.status",
    "items": "pyanamo_tui.cli.items",
    "failures": "pyanamo_tui.cli.items",
    "locked": "pyanamo_tui.cli.locked",
    "logs": "pyanamo_tui.cli.logs",
    "requeue": "pyanamo_tui.cli.itemchanges",
    "set-state": "pyanamo_tui.cli.itemchanges",
    "delete": "pyanamo_tui.cli.itemchanges",
    "undo": "pyanamo_tui.cli.history",
    "activity": "pyanamo_tui.cli.history",
    "doctor": "pyanamo_tui.cli.doctor",
    "export": "pyanamo_tui.cli.exporting",
    "restore": "pyanamo_tui.cli.exporting",
    "workers": "pyanamo_tui.cli.workers",
    "batch": "pyanamo_tui.cli.batch",
    "local": "pyanamo_tui.cli.local",
    "settings": "pyanamo_tui.cli.settings",
    "completion": "pyanamo_tui.cli.completion",
}
"""Where each command lives; a module is imported when its command is asked for."""

EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
EXIT_OUTPUT: Final = 1
_OUTPUT_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a full disk or a lost terminal answers to what is printed; files that have a name tell of theirs."""


class _ReaderGone(Exception):
    """Whoever read our output reads no more."""


class _Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = getattr(importlib.import_module(module), cmd_name.replace("-", "_") + "_command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(f"There is no command {args[0]}", hint + "See: pyanamo-tui --help")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # click would end with 1: nothing failed, `head` has had enough.
            raise _ReaderGone from error


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "pyanamo-tui -t Cohort7                       the dashboard",
        "pyanamo-tui status -t Cohort7                how far it is, once, as text",
        "pyanamo-tui import cohort7.txt -t Cohort7    add items from a file",
        "pyanamo-tui requeue --state failed --dry-run -t Cohort7",
        "pyanamo-tui --local                          on this host alone, without AWS",
        "pyanamo-tui COMMAND --help                   about one command",
    )
    + """

\b
Every command ends with one of these:
  0 done    1 some items failed, or were skipped though named    2 wrong usage or bad input
  3 credentials or permission    4 no such table or item    130 interrupted

Settings come from flags, then PYANAMO_TUI_TABLE, PYANAMO_TUI_REGION and so on, then the AWS variables, then the
settings file: see pyanamo-tui settings.
""",
)
@change_options
@click.version_option(__version__, prog_name="pyanamo-tui")
@pass_place
@click.pass_context
def cli(context: click.Context, place: Place) -> None:
    """Follow and steer PyAnamo workflows on DynamoDB.

    Without a command the dashboard opens. Everything in it can be done by a command too.
    """
    if context.invoked_subcommand is None:
        from pyanamo_tui.cli.dashboard import open_dashboard  # noqa: PLC0415 - textual only when it is wanted

        open_dashboard(place.settings(telling=False))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    try:
        _run(arguments)
    except SystemExit as ending:
        leave(ending)


def _run(arguments: list[str] | None) -> NoReturn:
    survive_any_streams()
    if os.environ.get(COMPLETION, "").endswith("_complete"):
        from pyanamo_tui.cli.completion import answer  # noqa: PLC0415 - only when the tab key was pressed

        answer(cli, COMMANDS)
    place = Place()
    try:
        given = with_local_folder(sys.argv[1:] if arguments is None else arguments, COMMANDS)
        code = cli.main(args=given, prog_name="pyanamo-tui", standalone_mode=False, obj=place)
        sys.stdout.flush()
    except click.ClickException as error:
        report(_wrong_usage(error), place.here)
        sys.exit(EXIT_USAGE)
    except PyanamoError as error:
        report(error, place.here)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        note("Interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except (_ReaderGone, BrokenPipeError):
        # The reader of our output has gone (`| head`): nothing is left to say, and nowhere to say it.
        _say_no_more()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _OUTPUT_FULL or error.filename is not None:
            _leave_a_report(error)
        _say_no_more()
        note(f"pyanamo-tui: The output cannot be written: {error.strerror}")
        note("Free some space there, or send it elsewhere. What was changed is listed by: pyanamo-tui activity")
        sys.exit(EXIT_OUTPUT)
    except Exception as error:  # a fault of our own: it goes to a file, and its name to whoever is there
        _leave_a_report(error)
    sys.exit(code if isinstance(code, int) else 0)


def _say_no_more() -> None:
    """Let what is still to be written to standard output go nowhere, without a further error at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _leave_a_report(error: Exception) -> NoReturn:
    path = write_report(error)
    note(f"pyanamo-tui: a fault of the program itself: {type(error).__name__}: {error}")
    note(f"Please report it, with {path}" if path else "Please report it.")
    sys.exit(1)


def _wrong_usage(error: click.ClickException) -> UsageError:
    """What click found wrong, as one line, and where to read how it is right."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = "pyanamo-tui" if context is None else context.command_path
    return UsageError(" ".join(error.format_message().split()).rstrip("."), f"See: {command} --help")


if __name__ == "__main__":
    main()

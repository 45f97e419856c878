"""The console script: opens the dashboard, or finds the command; every error leaves as two lines and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click

from pyanamo_tui import __version__
from pyanamo_tui.cli.crash import write_report
from pyanamo_tui.cli.output import note, report
from pyanamo_tui.cli.place import Place, pass_place, place_options
from pyanamo_tui.errors import PyanamoError

COMMANDS: Final = {
    "demo": "pyanamo_tui.cli.demo",
}
"""Where each command lives; a module is imported when its command is asked for."""

EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130


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


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@place_options
@click.version_option(__version__, prog_name="pyanamo-tui")
@pass_place
@click.pass_context
def cli(context: click.Context, place: Place) -> None:
    """Follow and steer PyAnamo workflows on DynamoDB.

    Without a command the dashboard opens. Everything in it can be done by a command too.
    """
    if context.invoked_subcommand is None:
        from pyanamo_tui.cli.dashboard import open_dashboard  # noqa: PLC0415 - textual only when it is wanted

        open_dashboard(place.settings())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    try:
        code = cli.main(args=arguments, prog_name="pyanamo-tui", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except PyanamoError as error:
        report(error)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        note("Interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is left to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        path = write_report(error)
        note(f"pyanamo-tui: a fault of the program itself: {type(error).__name__}: {error}")
        note(f"Please report it, with {path}" if path else "Please report it.")
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()

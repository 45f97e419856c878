"""The options that say where: table, region, profile, endpoint; the same before and after every command's name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pyanamo_tui.cli.output import note
from pyanamo_tui.settings import Settings, load

if TYPE_CHECKING:
    from pyanamo_tui.core.workspace import Workspace

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Place:
    """What the command line said so far of where to work; a later mention wins over an earlier one."""

    flags: dict[str, object] = field(default_factory=dict)
    config: Path | None = None
    as_json: bool = False
    yes: bool = False
    told: bool = False

    def settings(self, *, telling: bool = True) -> Settings:
        """The settings that hold: these flags over the environment over the file over the defaults.

        Args:
            telling: say on standard error, once, what could not be taken of environment and file.

        Raises:
            SettingsError: a flag cannot be used.
        """
        held = load(self.flags, os.environ, self.config)
        if telling and not self.told:
            self.told = True
            for problem in held.problems:
                note(f"pyanamo-tui: {problem}")
        return held

    def workspace(self) -> Workspace:
        """The place opened. boto3 is imported here and not before, so that `--help` and the first frame are quick.

        Raises:
            PyanamoError: the place cannot be opened as asked.
        """
        from pyanamo_tui.core.workspace import Workspace  # noqa: PLC0415 - half a second that --help need not pay

        return Workspace(self.settings())


pass_place = click.make_pass_decorator(Place, ensure=True)


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is None or value is False:
        return
    place = context.ensure_object(Place)
    name = parameter.name or ""
    if name == "config":
        place.config = Path(str(value))
    elif name == "as_json":
        place.as_json = True
    elif name == "yes":
        place.yes = True
    else:
        place.flags[name] = value


def _remember_table(context: click.Context, _parameter: click.Parameter, value: object) -> None:
    if value is not None:
        context.ensure_object(Place).flags["table"] = value


def _option(*names: str, **more: Any) -> Callable[[Command], Command]:  # noqa: ANN401 - click's own keywords
    return click.option(*names, expose_value=False, callback=_remember, **more)


_PLACE: Final = (
    _option("--table", "-t", "table", metavar="NAME", help="The workflow table."),
    _option("--region", "-r", "region", metavar="NAME", help="AWS region."),
    _option("--profile", "profile", metavar="NAME", help="Profile of the AWS credentials."),
    _option("--endpoint-url", "endpoint_url", metavar="URL", help="Another endpoint for every AWS service."),
    _option("--read-only", "read_only", is_flag=True, help="Refuse every change, before it is sent."),
    _option("--config", "config", metavar="FILE", help="Another settings file."),
)
_JSON: Final = _option("--json", "as_json", is_flag=True, help="Print JSON, for a program to read.")
_YES: Final = _option("--yes", "-y", "yes", is_flag=True, help="Answer yes to what would be asked.")


def place_options(command: Command) -> Command:
    """Add the options that say where."""
    for option in reversed(_PLACE):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """Add the options that say where, and `--json`."""
    return place_options(_JSON(command))


def change_options(command: Command) -> Command:
    """Add the options that say where, `--json`, and `--yes`."""
    return place_options(_JSON(_YES(command)))


def table_argument(command: Command) -> Command:
    """Let the table be named without `-t`."""
    return click.argument("named", metavar="[TABLE]", required=False, expose_value=False, callback=_remember_table)(
        command
    )


def examples(*lines: str) -> str:
    """The end of a command's help: lines to copy, left as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)

"""The options that say where: table, region, profile, endpoint; the same before and after every command's name."""

from __future__ import annotations

import importlib
import os
import re
import shlex
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pyanamo_tui.cli.output import note
from pyanamo_tui.errors import UsageError
from pyanamo_tui.settings import Settings, load

if TYPE_CHECKING:
    from pyanamo_tui.core.workspace import Workspace

_PLACE_FLAGS: Final = {"table": "-t", "region": "-r", "profile": "--profile", "endpoint_url": "--endpoint-url"}
_COMMAND: Final = re.compile(r"\bpyanamo-tui(?= [a-z])")

COMPLETION: Final = "_PYANAMO_TUI_COMPLETE"
"""The variable in which a shell's script asks for words to complete: SHELL_complete."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Place:
    """What the command line said so far of where to work; a later mention wins over an earlier one."""

    flags: dict[str, object] = field(default_factory=dict)
    config: Path | None = None
    as_json: bool = False
    yes: bool = False
    told: bool = False
    local: str | None = None
    local_url: str = ""

    def settings(self, *, telling: bool = True) -> Settings:
        """The settings that hold: these flags over the environment over the file over the defaults.

        Args:
            telling: say on standard error, once, what could not be taken of environment and file.

        Raises:
            SettingsError: a flag cannot be used.
        """
        held = self._local() if self.local is not None else load(self.flags, os.environ, self.config)
        if telling and not self.told:
            self.told = True
            for problem in held.problems:
                note(f"pyanamo-tui: {problem}")
        return held

    def _local(self) -> Settings:
        """The settings with the place in place of theirs: the embedded server of a folder, started if need be."""
        for flag in ("profile", "endpoint_url"):
            if flag in self.flags:
                raise UsageError(f"--local and --{flag.replace('_', '-')} exclude each other", "Leave one of them out.")
        if not self.local_url:
            from pyanamo_tui.local.resident import LocalFolder, lead_to  # noqa: PLC0415 - only where it is wanted

            resident = LocalFolder(Path(self.local) if self.local else None).start()
            lead_to(resident, os.environ)
            self.local_url = resident.endpoint_url
        held = load(self.flags, os.environ, self.config)
        origins = {**held.origins, "endpoint_url": "--local", "profile": "--local"}
        if origins.get("region", "").startswith("AWS_"):  # set by lead_to, just now
            origins["region"] = "--local"
        return replace(held, endpoint_url=self.local_url, profile=None, origins=origins)

    def here(self, text: str) -> str:
        """A text for people, with the commands that it names led to the same place, ready to be copied."""
        words = [] if self.local is None else [f"--local={shlex.quote(self.local)}" if self.local else "--local"]
        words += [] if self.config is None else ["--config", shlex.quote(str(self.config))]
        for name, flag in _PLACE_FLAGS.items():
            if name in self.flags and f" {flag} " not in text:
                words += [flag, shlex.quote(str(self.flags[name]))]
        return _COMMAND.sub(lambda found: " ".join([found[0], *words]), text)

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
    elif name == "local":
        place.local = str(value)
    elif name == "yes":
        place.yes = True
    else:
        place.flags[name] = value


def _remember_table(context: click.Context, _parameter: click.Parameter, value: object) -> None:
    if value is not None:
        context.ensure_object(Place).flags["table"] = value


def offers(what: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """What the tab key offers for an argument or an option: as a function of `cli.offers` tells, or files, or folders.

    Args:
        what: the function's name, or `file` or `dir`. It is imported when the key is pressed.
    """

    def complete(context: click.Context, _parameter: click.Parameter, typed: str) -> list[Any]:
        if what in {"file", "dir"}:
            from click.shell_completion import CompletionItem  # noqa: PLC0415 - only when the tab key was pressed

            return [CompletionItem(typed, type=what)]
        found: list[str] = getattr(importlib.import_module("pyanamo_tui.cli.offers"), what)(context, typed)
        return found

    return complete


def _option(*names: str, **more: Any) -> Callable[[Command], Command]:  # noqa: ANN401 - click's own keywords
    return click.option(*names, expose_value=False, callback=_remember, **more)


_PLACE: Final = (
    _option("--table", "-t", "table", metavar="NAME", help="The workflow table.", shell_complete=offers("tables")),
    _option("--region", "-r", "region", metavar="NAME", help="AWS region.", shell_complete=offers("regions")),
    _option(
        "--profile",
        "profile",
        metavar="NAME",
        help="Profile of the AWS credentials.",
        shell_complete=offers("profiles"),
    ),
    _option("--endpoint-url", "endpoint_url", metavar="URL", help="Another endpoint for every AWS service."),
    _option(
        "--local",
        "local",
        metavar="[DIR]",
        help="An embedded DynamoDB instead of AWS, its data kept in DIR.",
        shell_complete=offers("dir"),
    ),
    _option("--read-only", "read_only", is_flag=True, help="Refuse every change, before it is sent."),
    _option("--config", "config", metavar="FILE", help="Another settings file.", shell_complete=offers("file")),
)
_JSON: Final = _option("--json", "as_json", is_flag=True, help="Print JSON, for a program to read.")
_YES: Final = _option("--yes", "-y", "yes", is_flag=True, help="Answer yes to what would be asked.")


def with_local_folder(arguments: Sequence[str], commands: Container[str]) -> list[str]:
    """The arguments with `--local [DIR]` as click can read it: the next word is its folder if it looks like a path."""
    found: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return [*found, word, *waiting]
        if word == "--local":
            follows = waiting[0] if waiting else ""
            is_folder = "/" in follows or follows in {".", "..", "~"}
            word = f"--local={waiting.pop(0) if is_folder and follows not in commands else ''}"
        found.append(word)
    return found


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
    return click.argument(
        "named",
        metavar="[TABLE]",
        required=False,
        expose_value=False,
        callback=_remember_table,
        shell_complete=offers("tables"),
    )(command)


def examples(*lines: str) -> str:
    """The end of a command's help: lines to copy, left as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)

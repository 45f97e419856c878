"""`settings`: every value that holds, and where it came from; needs neither AWS nor a table."""

from __future__ import annotations

from collections.abc import Mapping

import click

from pyanamo_tui.cli.output import emit_json, note, say, table
from pyanamo_tui.cli.place import Place, examples, output_options, pass_place
from pyanamo_tui.settings import ENVIRONMENT_PREFIX, FIELDS, Settings, SettingsProblem, settings_path

_EXIT_WRONG = 1


@click.command(
    name="settings",
    epilog=examples("pyanamo-tui settings", "PYANAMO_TUI_TABLE=Cohort7 pyanamo-tui settings --json"),
)
@output_options
@pass_place
def settings_command(place: Place) -> int:
    """Show each setting, its value and where it came from.

    A flag wins over its environment variable (PYANAMO_TUI_ and the name in capitals), that over the AWS variables,
    those over the settings file, and that over the default. The file is TOML, one `name = value` a line.

    What cannot be taken of file or environment is left out and told; then this command ends with 1.
    """
    held = place.settings(telling=False)
    problems = [*held.problems, *_keymap_problems(held)]
    path = place.config or settings_path()
    if place.as_json:
        values = {
            name: {"value": _plain(getattr(held, name)), "origin": held.origins.get(name, "default")} for name in FIELDS
        }
        wrong = [{"where": problem.where, "what": problem.what} for problem in problems]
        emit_json({"file": str(path), "file_exists": path.exists(), "settings": values, "problems": wrong})
        return _EXIT_WRONG if problems else 0
    table(
        ("SETTING", "VALUE", "FROM", "MEANING"),
        (
            (name, _shown(getattr(held, name)), held.where(name), str(spec.metadata["help"]))
            for name, spec in FIELDS.items()
        ),
    )
    say()
    say(f"Settings file: {path}" + ("" if path.exists() else " (there is none)"))
    say(f"Environment: {ENVIRONMENT_PREFIX}TABLE, {ENVIRONMENT_PREFIX}REGION and so on, then the AWS variables")
    for problem in problems:
        note(f"wrong: {problem}")
    return _EXIT_WRONG if problems else 0


def _keymap_problems(held: Settings) -> tuple[SettingsProblem, ...]:
    """What is wrong with the keys that the settings ask for; textual is imported only where they ask for some."""
    if not held.keymap:
        return ()
    from pyanamo_tui.tui.keymap import checked  # noqa: PLC0415 - textual, only where it is needed

    return checked(held)[1]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _shown(value: object) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(str, value)) or "none"
        case Mapping():
            return ", ".join(f"{name} = {keys}" for name, keys in value.items()) or "none"
        case _:
            return str(value)

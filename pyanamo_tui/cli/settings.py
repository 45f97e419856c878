"""`settings`: every value that holds, and where it came from; needs neither AWS nor a table."""

from __future__ import annotations

from collections.abc import Mapping

import click

from pyanamo_tui.cli.output import emit_json, say, table
from pyanamo_tui.cli.place import Place, examples, output_options, pass_place
from pyanamo_tui.settings import ENVIRONMENT_PREFIX, FIELDS, settings_path


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
    """
    held = place.settings()
    path = place.config or settings_path()
    if place.as_json:
        values = {
            name: {"value": _plain(getattr(held, name)), "origin": held.origins.get(name, "default")} for name in FIELDS
        }
        emit_json({"file": str(path), "file_exists": path.exists(), "settings": values})
        return 0
    table(
        ("SETTING", "VALUE", "FROM", "MEANING"),
        (
            (name, _shown(getattr(held, name)), held.origins.get(name, "default"), str(spec.metadata["help"]))
            for name, spec in FIELDS.items()
        ),
    )
    say()
    say(f"Settings file: {path}" + ("" if path.exists() else " (there is none)"))
    say(f"Environment: {ENVIRONMENT_PREFIX}TABLE, {ENVIRONMENT_PREFIX}REGION and so on, then the AWS variables")
    return 0


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

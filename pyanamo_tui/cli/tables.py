"""`tables`: list, create, describe, upgrade and delete workflow tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.output import confirm, emit_json, note, say, table
from pyanamo_tui.cli.place import Place, change_options, output_options, pass_place, place_options
from pyanamo_tui.errors import UsageError

if TYPE_CHECKING:
    from pyanamo_tui.aws.tables import TableInfo
    from pyanamo_tui.core.workspace import Workspace


@click.group(name="tables")
@place_options
def tables_command() -> None:
    """List, create, describe and delete workflow tables."""


def _as_json(workspace: Workspace, info: TableInfo) -> dict[str, object]:
    health = workspace.health_of(info)
    return {**asdict(info), "is_workflow": info.is_workflow, "missing": info.missing, "health": health}


@tables_command.command(name="list")
@output_options
@pass_place
def list_tables(place: Place) -> None:
    """Every table of the region, workflow tables first."""
    workspace = place.workspace()
    found = sorted(
        (workspace.tables.describe(name) for name in workspace.tables.names()),
        key=lambda info: (not info.is_workflow, info.name),
    )
    if place.as_json:
        emit_json({"tables": [_as_json(workspace, info) for info in found]})
        return
    table(
        ("TABLE", "STATUS", "ITEMS", "CAPACITY", "HEALTH"),
        ((info.name, info.status, f"{info.items:,}", str(info.billing), workspace.health_of(info)) for info in found),
        right=(2,),
    )
    if not found:
        note(f"There are no tables in {workspace.region}. Create one: pyanamo-tui tables create -t NAME")


@tables_command.command(name="create")
@click.option("--read-capacity", type=click.IntRange(1), help="Provisioned read units of table and indexes.")
@click.option("--write-capacity", type=click.IntRange(1), help="Provisioned write units of table and indexes.")
@click.option("--stream/--no-stream", default=True, help="DynamoDB Streams, for monitoring that costs what changed.")
@click.option("--protect", is_flag=True, help="Turn deletion protection on.")
@output_options
@pass_place
def create_table(
    place: Place, read_capacity: int | None, write_capacity: int | None, stream: bool, protect: bool
) -> None:
    """Create a workflow table with the standard indexes and the summary index.

    It is on-demand unless both capacities are given.
    """
    if (read_capacity is None) != (write_capacity is None):
        raise UsageError("Give both capacities, or neither for on-demand", "--read-capacity N --write-capacity N")
    workspace = place.workspace()
    units = None if read_capacity is None or write_capacity is None else (read_capacity, write_capacity)
    info = workspace.create_table(workspace.table, units=units, stream=stream, protect=protect)
    if place.as_json:
        emit_json(_as_json(workspace, info))
    else:
        say(f"Created {info.name} in {workspace.region}: {info.billing}, {len(info.indexes)} indexes")


@tables_command.command(name="describe")
@output_options
@pass_place
def describe_table(place: Place) -> None:
    """What AWS says of the table, and whether it is fit for a workflow."""
    workspace = place.workspace()
    info = workspace.tables.describe(workspace.table)
    if place.as_json:
        emit_json(_as_json(workspace, info))
        return
    facts = [
        ("Table", info.name),
        ("ARN", info.arn),
        ("Status", info.status),
        ("Health", workspace.health_of(info)),
        ("Items", f"{info.items:,} (AWS counts every six hours)"),
        ("Size", f"{info.size_bytes:,} bytes"),
        ("Capacity", _capacity(info)),
        ("Stream", info.stream_view or "off"),
        ("Deletion protection", "on" if info.protected else "off"),
    ]
    for label, value in facts:
        say(f"{label:<20} {value}")
    say()
    table(
        ("INDEX", "KEYS", "PROJECTION", "STATUS", "ITEMS"),
        (
            (
                index.name,
                " + ".join(key for key in (index.partition_key, index.sort_key) if key),
                index.projection,
                index.status + (" (backfilling)" if index.backfilling else ""),
                f"{index.items:,}",
            )
            for index in info.indexes
        ),
        right=(4,),
    )


def _capacity(info: TableInfo) -> str:
    if info.capacity is None:
        return str(info.billing)
    return f"{info.billing}, {info.capacity.read} read and {info.capacity.write} write units a second"


@tables_command.command(name="delete")
@change_options
@pass_place
def delete_table(place: Place) -> None:
    """Delete the table with all its items."""
    workspace = place.workspace()
    info = workspace.tables.describe(workspace.table)
    confirm(
        f"Delete {info.name} in {workspace.region} (account {workspace.identity().account}) "
        f"with its {info.items:,} items? This cannot be undone.",
        yes=place.yes,
    )
    workspace.tables.delete(info.name)
    if place.as_json:
        emit_json({"deleted": info.name})
    else:
        say(f"Deleted {info.name}")

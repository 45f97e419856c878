"""`tables`: list, create, describe, change and delete workflow tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.output import confirm, emit_json, facts, note, say, table
from pyanamo_tui.cli.place import (
    Place,
    change_options,
    examples,
    output_options,
    pass_place,
    table_argument,
)
from pyanamo_tui.cli.status import iso
from pyanamo_tui.cli.tablework import autoscale_table, capacity_of_table, upgrade_table
from pyanamo_tui.errors import NotAWorkflowTable, ReadOnly, UsageError
from pyanamo_tui.tui.format import counted, size
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.tablename import name_problem

if TYPE_CHECKING:
    from pyanamo_tui.aws.tables import TableInfo
    from pyanamo_tui.core.workspace import Workspace


@click.group(
    name="tables",
    epilog=examples(
        "pyanamo-tui tables list -r eu-west-2",
        "pyanamo-tui tables create Cohort7",
        "pyanamo-tui tables describe Cohort7 --json",
        "pyanamo-tui tables delete Cohort7",
    ),
)
@change_options
def tables_command() -> None:
    """List, create, describe, change and delete workflow tables."""


for changing in (upgrade_table, capacity_of_table, autoscale_table):
    tables_command.add_command(changing)


def _as_json(workspace: Workspace, info: TableInfo) -> dict[str, object]:
    health = workspace.health_of(info)
    findings = [asdict(one) for one in workspace.tablework.health(info)]
    told = {"is_workflow": info.is_workflow, "missing": info.missing, "health": health, "findings": findings}
    return {**asdict(info), **told, "created_at": iso(info.created_at)}


@tables_command.command(
    name="list", epilog=examples("pyanamo-tui tables list", "pyanamo-tui tables list --workflow --json")
)
@click.option("--workflow", is_flag=True, help="Workflow tables alone.")
@output_options
@pass_place
def list_tables(place: Place, workflow: bool) -> None:
    """List every table of the region, workflow tables first.

    Items are as AWS counts them, every six hours.
    """
    from pyanamo_tui.core.regiontables import describe_each  # noqa: PLC0415 - boto3, which --help need not pay

    workspace = place.workspace()
    told = sorted(describe_each(workspace.tables, workspace.tables.names()), key=lambda one: one.name)
    found = [one.info for one in told if one.info is not None]
    found = sorted((one for one in found if one.is_workflow or not workflow), key=lambda one: not one.is_workflow)
    for one in told:
        if one.error is not None:
            note(f"{one.name}: {one.error.message}")
    if place.as_json:
        emit_json({"region": workspace.region, "tables": [_as_json(workspace, info) for info in found]})
        return
    if not found:
        kind = "workflow tables" if workflow else "tables"
        note(place.here(f"There are no {kind} in {workspace.region}. Create one: pyanamo-tui tables create NAME"))
        return
    table(
        ("TABLE", "STATUS", "ITEMS", "SIZE", "CAPACITY", "HEALTH"),
        (
            (
                info.name,
                info.status,
                f"{info.items:,}",
                size(info.size_bytes),
                str(info.billing),
                workspace.health_of(info),
            )
            for info in found
        ),
        right=(2, 3),
    )


@tables_command.command(
    name="create",
    epilog=examples(
        "pyanamo-tui tables create Cohort7",
        "pyanamo-tui tables create Cohort7 --protect",
        "pyanamo-tui tables create Cohort7 --read-capacity 20 --write-capacity 20",
    ),
)
@table_argument
@click.option(
    "--read-capacity",
    type=click.IntRange(1),
    metavar="N",
    help="Provisioned read units a second, of the table and each index.",
)
@click.option(
    "--write-capacity",
    type=click.IntRange(1),
    metavar="N",
    help="Provisioned write units a second, of the table and each index.",
)
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
    problem = name_problem(workspace.table)
    if problem:
        raise UsageError(f"{workspace.table!r} cannot name a table", problem)
    units = None if read_capacity is None or write_capacity is None else (read_capacity, write_capacity)
    info = workspace.create_table(workspace.table, units=units, stream=stream, protect=protect)
    if place.as_json:
        emit_json(_as_json(workspace, info))
    else:
        say(f"Created {info.name} in {workspace.region}: {info.billing}, {len(info.indexes)} indexes")
        note(place.here(f"Fill it: pyanamo-tui import FILE -t {info.name}"))


@tables_command.command(name="describe", epilog=examples("pyanamo-tui tables describe Cohort7"))
@table_argument
@output_options
@pass_place
def describe_table(place: Place) -> None:
    """Say what AWS knows of the table: indexes, capacity, stream, and whether it is fit for a workflow."""
    workspace = place.workspace()
    info = workspace.tables.describe(workspace.table)
    if place.as_json:
        emit_json(_as_json(workspace, info))
        return
    told = [
        ("Table", info.name),
        ("ARN", info.arn),
        ("Status", info.status),
        ("Health", workspace.health_of(info)),
        ("Items", f"{info.items:,} (AWS counts every six hours)"),
        ("Size", size(info.size_bytes)),
        ("Capacity", _capacity(info)),
        ("Stream", info.stream_view or "off"),
        ("Deletion protection", "on" if info.protected else "off"),
    ]
    facts(told)
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
    for finding in workspace.tablework.health(info):
        note(f"{finding.severity}: {finding.what}. {finding.remedy}".rstrip())


def _capacity(info: TableInfo) -> str:
    if info.capacity is None:
        return str(info.billing)
    return f"{info.billing}, {info.capacity.read} read and {info.capacity.write} write units a second"


@tables_command.command(
    name="delete", epilog=examples("pyanamo-tui tables delete Cohort7", "pyanamo-tui tables delete Cohort7 --yes")
)
@table_argument
@change_options
@pass_place
def delete_table(place: Place) -> None:
    """Delete a workflow table with all its items. This cannot be undone: `export` it before.

    You are asked to type its name. Tables of other kinds are left alone.
    """
    workspace = place.workspace()
    if workspace.read_only:
        raise ReadOnly("dynamodb:DeleteTable")
    info = workspace.tables.describe(workspace.table)
    if info.key != (schema.ITEM_ID,):
        raise NotAWorkflowTable(
            f"{info.name} is {workspace.health_of(info)}; it was not deleted", "Delete it with AWS's own tools."
        )
    if info.protected:
        raise UsageError(
            f"{info.name} is protected against deletion",
            f"Turn that off first: aws dynamodb update-table --table-name {info.name} --no-deletion-protection-enabled",
        )
    confirm(
        f"Delete {info.name} in {workspace.region} (account {workspace.actions.who().account or 'unknown'}) "
        f"with its {counted(info.items, 'item')}? This cannot be undone.",
        yes=place.yes,
        typed=info.name,
    )
    workspace.tables.delete(info.name)
    if place.as_json:
        emit_json({"deleted": info.name})
    else:
        say(f"Deleted {info.name}")

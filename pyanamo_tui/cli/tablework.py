"""`tables upgrade`, `capacity` and `autoscale`: changes to a whole table that touch none of its items."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from pyanamo_tui.cli.output import ProgressLine, emit_json, note, say, table
from pyanamo_tui.cli.place import Place, examples, output_options, pass_place, table_argument
from pyanamo_tui.errors import UsageError

if TYPE_CHECKING:
    from pyanamo_tui.aws.scaling import ScalingOutcome, ScalingState
    from pyanamo_tui.aws.tables import TableInfo

EXIT_SOME_FAILED: Final = 1
_RANGE: Final = re.compile(r"([0-9]{1,6})(?:-|\.\.|,|:)([0-9]{1,6})")


@click.command(
    name="upgrade",
    short_help="Give the table the indexes and the stream that it lacks.",
    epilog=examples("pyanamo-tui tables upgrade Cohort7", "pyanamo-tui tables upgrade Cohort7 --no-stream --json"),
)
@click.option("--stream/--no-stream", default=True, help="Turn DynamoDB Streams on, too.")
@table_argument
@output_options
@pass_place
def upgrade_table(place: Place, stream: bool) -> None:
    """Give a table every standard index, the summary index and a stream, without touching an item.

    AWS builds one index at a time: on a large table each takes minutes to hours, and workers go on meanwhile. Ctrl-C
    leaves AWS to end what it has begun; the same command goes on from there.
    """
    workspace = place.workspace()
    with ProgressLine("Upgrading") as line:
        result = workspace.tablework.upgrade(
            workspace.table,
            stream=stream,
            progress=lambda told: line.show(
                f"{told.number} of {told.total}: {told.name} {told.status.lower()}"
                + (f", {told.items:,} items so far" if told.items else "")
            ),
        )
    if place.as_json:
        emit_json({"table": workspace.table, "indexes": list(result.indexes), "stream": result.stream})
        return
    made = [*result.indexes, *(["the stream"] if result.stream else [])]
    say(f"{workspace.table} has now {', '.join(made)}." if made else f"{workspace.table} lacks nothing.")


@click.command(
    name="capacity",
    short_help="Show or set the read and write capacity.",
    epilog=examples(
        "pyanamo-tui tables capacity Cohort7",
        "pyanamo-tui tables capacity Cohort7 --read 20 --write 40",
        "pyanamo-tui tables capacity Cohort7 --on-demand",
    ),
)
@click.option("--read", type=click.IntRange(1), metavar="N", help="Read units a second, of the table and each index.")
@click.option("--write", type=click.IntRange(1), metavar="N", help="Write units a second, of the table and each index.")
@click.option("--on-demand", is_flag=True, help="Pay by request instead.")
@table_argument
@output_options
@pass_place
def capacity_of_table(place: Place, read: int | None, write: int | None, on_demand: bool) -> None:
    """Show the capacity of the table and its indexes, or set it.

    With --read and --write the table becomes provisioned; with --on-demand it is paid for by request. AWS allows a few
    such changes a day.
    """
    if on_demand and (read or write):
        raise UsageError("--on-demand goes with neither --read nor --write", "Give one or the other.")
    if (read is None) != (write is None):
        raise UsageError("--read and --write go together", "Give both: --read N --write N")
    workspace = place.workspace()
    if on_demand:
        info = workspace.tablework.set_on_demand(workspace.table)
    elif read is not None and write is not None:
        info = workspace.tablework.set_capacity(workspace.table, read=read, write=write)
    else:
        info = workspace.tables.describe(workspace.table)
    if place.as_json:
        emit_json(_capacity(info))
        return
    say(f"{info.name}: {info.billing}")
    if info.capacity is not None:
        rows = [("table", info.capacity), *((index.name, index.capacity) for index in info.indexes)]
        table(
            ("OF", "READ", "WRITE"),
            ((name, str(units.read), str(units.write)) for name, units in rows if units is not None),
            right=(1, 2),
        )


def _capacity(info: TableInfo) -> dict[str, object]:
    return {
        "table": info.name,
        "billing": str(info.billing),
        "capacity": None if info.capacity is None else asdict(info.capacity),
        "indexes": {index.name: None if index.capacity is None else asdict(index.capacity) for index in info.indexes},
    }


@click.command(
    name="autoscale",
    short_help="Show, set or stop auto-scaling.",
    epilog=examples(
        "pyanamo-tui tables autoscale Cohort7",
        "pyanamo-tui tables autoscale Cohort7 --read 5-200 --write 5-400 --target 70",
        "pyanamo-tui tables autoscale Cohort7 --off",
    ),
)
@click.option("--read", metavar="LOW-HIGH", help="Read units between which capacity moves.")
@click.option("--write", metavar="LOW-HIGH", help="Write units between which capacity moves.")
@click.option(
    "--target",
    type=click.FloatRange(20, 90),
    metavar="PERCENT",
    default=70.0,
    show_default=True,
    help="Percent of capacity to use.",
)
@click.option(
    "--scale-in",
    type=click.IntRange(0),
    metavar="SECONDS",
    default=60,
    show_default=True,
    help="At least between two lowerings.",
)
@click.option(
    "--scale-out",
    type=click.IntRange(0),
    metavar="SECONDS",
    default=60,
    show_default=True,
    help="At least between two raisings.",
)
@click.option("--off", is_flag=True, help="Leave the capacity where it is from now on.")
@table_argument
@output_options
@pass_place
def autoscale_table(  # noqa: PLR0917 - one for each option
    place: Place, read: str | None, write: str | None, target: float, scale_in: int, scale_out: int, off: bool
) -> int:
    """Show how the table and its indexes scale, let them scale between limits, or stop that.

    It needs a provisioned table: see `tables capacity`. Each of the table and the indexes is told by itself, and the
    exit code is 1 if any could not be set.
    """
    if off and (read or write):
        raise UsageError("--off goes with neither --read nor --write", "Give one or the other.")
    if (read is None) != (write is None):
        raise UsageError("--read and --write go together", "Give both: --read 5-200 --write 5-400")
    limits = None if read is None or write is None else (_range("--read", read), _range("--write", write))
    workspace = place.workspace()
    if off:
        return _outcomes(place, workspace.table, workspace.tablework.stop_scaling(workspace.table))
    if limits is None:
        _states(place, workspace.table, workspace.tablework.scaling(workspace.table))
        return 0
    between = workspace.tablework.scale_between(workspace.table, read=limits[0], write=limits[1])
    if not all(one.done for one in between):
        return _outcomes(place, workspace.table, between)
    by = workspace.tablework.scale_by(
        workspace.table, target_percent=target, scale_in_seconds=scale_in, scale_out_seconds=scale_out
    )
    return _outcomes(place, workspace.table, by)


def _range(option: str, written: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(written.strip())
    low, high = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
    if not 1 <= low <= high:
        raise UsageError(f"{option} {written} is no range", f"Give the lowest and the highest units: {option} 5-200")
    return low, high


def _outcomes(place: Place, name: str, outcomes: Iterable[ScalingOutcome]) -> int:
    listed = list(outcomes)
    failed = [one for one in listed if not one.done]
    if place.as_json:
        told = [{"what": str(one.what), "done": one.done, "why": one.why} for one in listed]
        emit_json({"table": name, "outcomes": told})
    else:
        for one in failed:
            note(f"failed   {one.what}: {one.why}")
        say(f"{name}: {len(listed) - len(failed)} of {len(listed)} done.")
    return EXIT_SOME_FAILED if failed else 0


def _states(place: Place, name: str, states: Iterable[ScalingState]) -> None:
    listed = list(states)
    if place.as_json:
        emit_json(
            {
                "table": name,
                "scaling": [
                    {
                        "what": str(one.what),
                        "low": one.limits.low,
                        "high": one.limits.high,
                        "target_percent": one.target_percent,
                        "scale_in_seconds": one.scale_in_seconds,
                        "scale_out_seconds": one.scale_out_seconds,
                    }
                    for one in listed
                ],
            }
        )
        return
    if not listed:
        say(f"{name} does not scale by itself.")
        return
    table(
        ("OF", "LOW", "HIGH", "TARGET", "IN", "OUT"),
        (
            (
                str(one.what),
                str(one.limits.low),
                str(one.limits.high),
                "" if one.target_percent is None else f"{one.target_percent:.0f} %",
                "" if one.scale_in_seconds is None else f"{one.scale_in_seconds} s",
                "" if one.scale_out_seconds is None else f"{one.scale_out_seconds} s",
            )
            for one in listed
        ),
        right=(1, 2, 3, 4, 5),
    )

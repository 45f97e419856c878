"""`status`: how far the workflow is, from the same Snapshot that the dashboard shows."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.output import emit_json, emit_json_lines, note, say
from pyanamo_tui.cli.place import Place, examples, output_options, pass_place
from pyanamo_tui.cli.selection import take_census
from pyanamo_tui.settings import MAX_INTERVAL, MIN_INTERVAL
from pyanamo_tui.tui.format import age, count, counted, duration_range, rate
from pyanamo_tui.workflow.model import HealthStatus, Quarter, Snapshot
from pyanamo_tui.workflow.progress import left_of, state_order

if TYPE_CHECKING:
    from pyanamo_tui.core.monitor import Monitor

GROUPS_SHOWN = 5
STEPS_SHOWN = 10


def iso(at: float | None) -> str | None:
    """A moment as JSON has it everywhere: ISO 8601 in UTC, whole seconds."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@click.command(
    name="status",
    short_help="Say how far the workflow is, once or again and again.",
    epilog=examples(
        "pyanamo-tui status -t Cohort7",
        "pyanamo-tui status -t Cohort7 --watch 60",
        "pyanamo-tui status -t Cohort7 --json | jq '.states.failed // 0'",
    ),
)
@click.option(
    "--watch",
    metavar="S",
    type=click.FloatRange(MIN_INTERVAL, MAX_INTERVAL),
    help="Say it again every S seconds, until Ctrl-C.",
)
@output_options
@pass_place
def status_command(place: Place, watch: float | None) -> int:
    """Say how far the workflow is: items by state, rate, time left, why items fail, and what asking has cost.

    The whole table is counted, within the read budget. Time left is a range, from how fast items ended lately. With
    --watch and --json, each look is one line of JSON.
    """
    workspace = place.workspace()
    monitor = workspace.monitor()
    snapshot = take_census(workspace, monitor)
    if watch is None:
        if place.as_json:
            emit_json(as_json(snapshot, workspace.region))
        else:
            _print(snapshot, workspace.region)
        return 0
    _follow(place, monitor, watch, workspace.region)
    return 0


def _follow(place: Place, monitor: Monitor, seconds: float, region: str) -> None:
    """Print every look; ends by KeyboardInterrupt alone."""
    monitor.set_interval(seconds)
    monitor.start()
    try:
        while True:
            snapshot = monitor.snapshot
            if place.as_json:
                emit_json_lines([as_json(snapshot, region)])
                sys.stdout.flush()
            else:
                if sys.stdout.isatty():
                    click.clear()
                _print(snapshot, region)
                if not sys.stdout.isatty():
                    say()
                sys.stdout.flush()
            threading.Event().wait(seconds)
    finally:
        monitor.stop()


def as_json(snapshot: Snapshot, region: str) -> dict[str, object]:
    """The shape of `status --json`; fields may be added, none is renamed."""
    progress = snapshot.progress
    return {
        "table": snapshot.table,
        "region": region,
        "states": {state: snapshot.counts[state] for state in sorted(snapshot.counts, key=state_order)},
        "total": snapshot.total,
        "percent": progress.percent,
        "nested": {quarter.value: snapshot.quarters.get(quarter, 0) for quarter in Quarter},
        "failures": sum(group.count for group in snapshot.failures),
        "failure_groups": len(snapshot.failures),
        "rate_per_minute": progress.rate_per_minute,
        "rate_overall_per_minute": progress.rate_overall,
        "failures_per_hour": progress.failures_per_hour,
        "eta_seconds": None if progress.eta is None else list(progress.eta),
        "stalled": progress.stalled,
        "idle": progress.idle,
        "steps": [{"step": one.step, "states": dict(one.states)} for one in snapshot.steps],
        "as_of": iso(snapshot.as_of),
        "source": snapshot.source.value,
        "consumed_read_units": snapshot.cost.consumed,
        "exact": snapshot.exact,
        "health": snapshot.health.status.value,
    }


def _print(snapshot: Snapshot, region: str) -> None:
    for line in lines(snapshot, region, time.time()):
        say(line)
    if snapshot.health.status not in {HealthStatus.LIVE, HealthStatus.POLLING}:
        note(f"pyanamo-tui: {snapshot.health.status.value}: {snapshot.health.message}")
        if snapshot.health.hint:
            note(snapshot.health.hint)


def lines(snapshot: Snapshot, region: str, now: float) -> Iterator[str]:
    """What a person reads of a Snapshot: at most some twenty lines.

    Args:
        snapshot: what is known.
        region: where the table is.
        now: epoch seconds, for ages.
    """
    partial = "" if snapshot.exact else ", counted so far"
    yield f"{snapshot.table}, {region}: {counted(snapshot.total, 'item')}{partial}, {snapshot.progress.percent} % done"
    for state in sorted(snapshot.counts, key=state_order):
        yield f"{count(snapshot.counts[state]):>11}  {state}"
    yield from _pace(snapshot)
    if sum(snapshot.quarters.values()):
        told = ", ".join(f"{quarter.value} {count(snapshot.quarters.get(quarter, 0))}" for quarter in Quarter)
        yield f"Nested items by share done: {told}"
    yield from _steps(snapshot)
    if snapshot.failures:
        yield "Failures:"
        for group in snapshot.failures[:GROUPS_SHOWN]:
            yield f"{count(group.count):>11}  {group.signature}"
        hidden = len(snapshot.failures) - GROUPS_SHOWN
        if hidden > 0:
            yield f"{'':>11}  and {counted(hidden, 'more group')}: pyanamo-tui failures -t {snapshot.table}"
    seen = "" if snapshot.as_of is None else f"{age(now - snapshot.as_of)} ago, "
    yield f"Read {seen}{snapshot.cost.consumed:,.1f} read units in all"


def _pace(snapshot: Snapshot) -> Iterator[str]:
    progress = snapshot.progress
    if not left_of(snapshot.counts):
        yield "Nothing waits and nothing runs." if snapshot.total else "The table is empty: pyanamo-tui import FILE"
        return
    told = [] if progress.rate_per_minute is None else [rate(progress.rate_per_minute)]
    if progress.idle:
        told.append("items wait, and no worker holds any: pyanamo-tui workers start")
    elif progress.stalled:
        told.append("stalled: nothing has ended for long")
    elif progress.eta is not None:
        told.append(f"{duration_range(*progress.eta)} left")
    else:
        told.append("no telling yet how long it will take")
    if progress.failures_per_hour:
        told.append(f"{progress.failures_per_hour:,.0f} failures an hour")
    yield ", ".join(told)


def _steps(snapshot: Snapshot) -> Iterator[str]:
    if len(snapshot.steps) < 2:  # noqa: PLR2004 - one step says what the states said
        return
    yield "Steps:"
    for one in snapshot.steps[:STEPS_SHOWN]:
        states = ", ".join(f"{state} {count(one.states[state])}" for state in sorted(one.states, key=state_order))
        yield f"{count(one.total):>11}  {one.step}: {states}"
    hidden = len(snapshot.steps) - STEPS_SHOWN
    if hidden > 0:
        yield f"{'':>11}  and {counted(hidden, 'more step')}"

"""`workers`: engines of a table on this host, which outlive the terminal: started, listed, scaled, ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from pyanamo_tui.cli.orders import order_options
from pyanamo_tui.cli.output import confirm, emit_json, emit_json_lines, note, say, table
from pyanamo_tui.cli.place import Place, change_options, examples, offers, output_options, pass_place
from pyanamo_tui.cli.status import iso
from pyanamo_tui.errors import UsageError
from pyanamo_tui.tui.format import age, counted
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pyanamo_tui.core.workers import LocalWorker, WorkerOutcome
    from pyanamo_tui.core.workspace import Workspace

EXIT_SOME_FAILED: Final = 1
TYPED_ABOVE: Final = 20
"""More workers than this are stopped or killed by typing their number."""
_MEBIBYTE: Final = 1024 * 1024


@click.group(
    name="workers",
    epilog=examples(
        "pyanamo-tui workers start 2 --nests 4 -t Cohort7",
        "pyanamo-tui workers list -t Cohort7 --watch 5",
        "pyanamo-tui workers scale 4 -t Cohort7",
        "pyanamo-tui workers drain --all -t Cohort7",
    ),
)
@change_options
def workers_command() -> None:
    """Run engines of a table on this host. They go on when the terminal is closed, and are found again."""


@workers_command.command(
    name="start",
    short_help="Start engines on this host.",
    epilog=examples(
        "pyanamo-tui workers start 2 -t Cohort7",
        "pyanamo-tui workers start 1 --items 4 --nests 2 --idle wait -t Cohort7",
        "pyanamo-tui workers start 8 --wall-time 82800 --max-attempts 3 -t Cohort7 --json",
    ),
)
@click.argument("count", type=click.IntRange(1, 1000), default=1, metavar="[N]")
@order_options
@change_options
@pass_place
def start_workers(place: Place, /, count: int, **orders: int | float | str | bool | None) -> int:
    """Start N engines of the table on this host, and wait until each has begun.

    Credentials are this command's own, or those of --profile. Logs above 10 MB go to the bucket of the settings. The
    exit code is 1 if one of them could not begin.
    """
    from pyanamo_tui.core.engineorder import EngineOrder  # noqa: PLC0415 - only where it is wanted

    workspace = place.workspace()
    workspace.describe()
    order = EngineOrder(**orders)  # type: ignore[arg-type]
    started = workspace.workers.start(count, order)
    if place.as_json:
        emit_json({"action": "start-workers", "table": workspace.table, "workers": [_as_json(one) for one in started]})
    else:
        _print(started)
    return _begun(place, started)


def _begun(place: Place, started: Sequence[LocalWorker]) -> int:
    dead = [one for one in started if not one.alive and one.error]
    if dead and not place.as_json:
        note(f"{len(dead):,} of {len(started):,} could not begin: {printable(dead[0].error)}")
        note(place.here(f"Its log: pyanamo-tui workers tail {dead[0].id}"))
    return EXIT_SOME_FAILED if dead else 0


@workers_command.command(
    name="scale",
    short_help="Have so many engines on this host.",
    epilog=examples("pyanamo-tui workers scale 4 -t Cohort7", "pyanamo-tui workers scale 0 -t Cohort7"),
)
@click.argument("count", type=click.IntRange(0, 1000), metavar="N")
@order_options
@change_options
@pass_place
def scale_workers(place: Place, /, count: int, **orders: int | float | str | bool | None) -> int:
    """Start what is missing to N, or drain those with the least in hand: they finish it and take no more."""
    from pyanamo_tui.core.engineorder import EngineOrder  # noqa: PLC0415 - only where it is wanted

    workspace = place.workspace()
    order = EngineOrder(**orders)  # type: ignore[arg-type]
    scaled = workspace.workers.scale(count, order)
    if place.as_json:
        told = {
            "started": [_as_json(one) for one in scaled.started],
            "draining": [one.id for one in scaled.draining],
        }
        emit_json({"action": "scale-workers", "table": workspace.table, **told})
    else:
        say(f"{len(scaled.started):,} started, {len(scaled.draining):,} told to drain.")
    return _begun(place, scaled.started)


@workers_command.command(
    name="list",
    short_help="List the engines on this host.",
    epilog=examples(
        "pyanamo-tui workers list -t Cohort7",
        "pyanamo-tui workers list --all --watch 5",
        "pyanamo-tui workers list --json | jq '.workers[].running'",
    ),
)
@click.option("--all", "everywhere", is_flag=True, help="Of every table.")
@click.option("--watch", type=click.FloatRange(0.5), metavar="SECONDS", help="Print again and again; Ctrl-C ends it.")
@output_options
@pass_place
def list_workers(place: Place, everywhere: bool, watch: float | None) -> None:
    """List the engines of the table on this host, also those that have ended, until `workers forget`.

    Where no table is named, those of every table. AWS is not asked. With --watch and --json each look is one line.
    """
    workspace = place.workspace()
    everywhere = everywhere or workspace.settings.table is None
    while True:
        found = workspace.workers.list(everywhere=everywhere)
        if place.as_json:
            told = {"as_of": iso(time.time()), "workers": [_as_json(one) for one in found]}
            emit_json_lines([told]) if watch else emit_json(told)
        elif found:
            _print(found, everywhere=everywhere)
        else:
            say("No engine was started on this host" + ("." if everywhere else f" for table {workspace.table}."))
        if watch is None:
            return
        time.sleep(watch)
        if not place.as_json:
            say()


def _print(found: Sequence[LocalWorker], *, everywhere: bool = False) -> None:
    now = time.time()
    titles = ("WORKER", "STATE", "PID", "DONE", "FAILED", "CPU", "MEMORY", "AGE", "IN HAND")
    rows = (
        (
            one.id,
            str(one.stage),
            "" if one.pid is None else str(one.pid),
            f"{one.done:,}",
            f"{one.failed:,}",
            "" if one.cpu_percent is None else f"{one.cpu_percent:.0f} %",
            "" if one.memory_bytes is None else f"{one.memory_bytes / _MEBIBYTE:,.0f} MiB",
            age(now - one.started_at),
            ", ".join(running.item for running in one.running) or one.error,
            *((one.table,) if everywhere else ()),
        )
        for one in found
    )
    table((*titles, *(("TABLE",) if everywhere else ())), rows, right=(2, 3, 4, 5, 6, 7))


def _as_json(one: LocalWorker) -> dict[str, object]:
    return {
        "worker": one.id,
        "stage": str(one.stage),
        "alive": one.alive,
        "pid": one.pid,
        "table": one.table,
        "region": one.region,
        "endpoint_url": one.endpoint_url,
        "started_at": iso(one.started_at),
        "updated_at": iso(one.updated_at),
        "ended_at": iso(one.ended_at),
        "claimed": one.claimed,
        "done": one.done,
        "failed": one.failed,
        "lost": one.lost,
        "released": one.released,
        "running": [
            {"item": item.item, "step": item.step, "attempt": item.attempt, "tasks": list(item.tasks)}
            for item in one.running
        ],
        "error": one.error,
        "cpu_percent": one.cpu_percent,
        "memory_bytes": one.memory_bytes,
        "log": str(one.log_path),
    }


@workers_command.command(
    name="tail",
    short_help="Print the end of an engine's log.",
    epilog=examples(
        "pyanamo-tui workers tail w-20261123-081500-k3fd -t Cohort7",
        "pyanamo-tui workers tail w-20261123-081500-k3fd --follow -t Cohort7",
    ),
)
@click.argument("worker_id", metavar="WORKER", shell_complete=offers("workers"))
@click.option("--lines", type=click.IntRange(1), metavar="N", default=20, show_default=True, help="The last N lines.")
@click.option("--follow", "-f", is_flag=True, help="Go on printing until the engine has ended.")
@output_options
@pass_place
def tail_worker(place: Place, worker_id: str, lines: int, follow: bool) -> None:
    """Print the end of an engine's own log: what it claimed, how it ended, what went wrong."""
    workers = place.workspace().workers
    if place.as_json:
        if follow:
            raise UsageError("--json and --follow exclude each other", "Leave one of them out.")
        emit_json({"worker": worker_id, "lines": workers.tail(worker_id, lines).splitlines()})
        return
    for line in workers.follow(worker_id, lines) if follow else workers.tail(worker_id, lines).splitlines():
        say(line)


def _ending(name: str, short: str, long: str, *, asks: str) -> None:
    """One of the commands that end engines: they differ in the signal and in what is said."""

    @workers_command.command(
        name=name,
        short_help=short,
        help=long,
        epilog=examples(
            f"pyanamo-tui workers {name} w-20261123-081500-k3fd -t Cohort7",
            f"pyanamo-tui workers {name} --all -t Cohort7 --yes --json",
        ),
    )
    @click.argument("worker_ids", metavar="[WORKER]...", nargs=-1, shell_complete=offers("workers"))
    @click.option("--all", "every", is_flag=True, help="Every engine of the table on this host.")
    @change_options
    @pass_place
    def end_workers(place: Place, worker_ids: tuple[str, ...], every: bool) -> int:
        if bool(worker_ids) == every:
            raise UsageError("Name workers, or give --all", "List them: pyanamo-tui workers list")
        workspace = place.workspace()
        ids = [one.id for one in workspace.workers.list() if one.alive] if every else list(dict.fromkeys(worker_ids))
        if not ids:
            if place.as_json:
                emit_json({"action": f"{name}-workers", "workers": []})
            else:
                note(f"No engine of table {workspace.table} runs on this host.")
            return 0
        workspace.workers.check(ids)
        if asks:
            confirm(
                f"{name.capitalize()} {counted(len(ids), 'engine')} on this host? {asks}",
                yes=place.yes,
                typed=str(len(ids)) if len(ids) > TYPED_ABOVE else "",
            )
        return _told(place, name, _sender(workspace, name)(ids))


def _sender(workspace: Workspace, name: str) -> Callable[[Collection[str]], tuple[WorkerOutcome, ...]]:
    workers = workspace.workers
    return {"drain": workers.drain, "stop": workers.stop, "kill": workers.kill}[name]


def _told(place: Place, name: str, outcomes: Sequence[WorkerOutcome]) -> int:
    if place.as_json:
        told = [{"worker": one.id, "ok": one.ok, "why": one.why} for one in outcomes]
        emit_json({"action": f"{name}-workers", "workers": told})
    else:
        for one in outcomes:
            if not one.ok:
                note(f"skipped  {one.id}: {one.why}")
        say(f"{sum(one.ok for one in outcomes):,} of {len(outcomes):,} told to {name}.")
    return 0 if all(one.ok for one in outcomes) else EXIT_SOME_FAILED


_ending(
    "drain",
    "Let engines finish what they have in hand.",
    "Have engines finish the items in hand and take no more.",
    asks="",
)
_ending(
    "stop",
    "Stop engines in good order.",
    "Stop engines: running tasks may finish within twenty seconds, what is unfinished waits again. A second time does "
    "not wait for tasks.",
    asks="Tasks that do not end within twenty seconds begin again.",
)
_ending(
    "kill",
    "Kill engines.",
    "End engines at once, with their tasks. Their items stay locked until the leases run out, and are then run again.",
    asks="Their tasks end now; their items stay locked until the leases run out.",
)


@workers_command.command(
    name="forget",
    short_help="Remove what ended engines left.",
    epilog=examples("pyanamo-tui workers forget -t Cohort7"),
)
@click.argument("worker_ids", metavar="[WORKER]...", nargs=-1, shell_complete=offers("workers"))
@change_options
@pass_place
def forget_workers(place: Place, worker_ids: tuple[str, ...]) -> None:
    """Remove the logs and files of engines that have ended: of those named, else of all of the table.

    They are removed by themselves a week after the end.
    """
    gone = place.workspace().workers.forget(worker_ids or None)
    if place.as_json:
        emit_json({"action": "forget-workers", "forgotten": gone})
    else:
        say(f"{gone:,} forgotten.")

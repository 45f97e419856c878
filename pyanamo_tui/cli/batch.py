"""`batch`: engines of a table as pilot jobs on AWS Batch: where they can run, submit, follow, end them."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from pyanamo_tui.cli.batchsubmit import TYPED_ABOVE, account_of, in_pilots, submit_pilots
from pyanamo_tui.cli.output import confirm, emit_json, emit_json_lines, note, say, table
from pyanamo_tui.cli.place import Place, change_options, examples, output_options, pass_place
from pyanamo_tui.cli.status import iso
from pyanamo_tui.errors import NotFound, UsageError
from pyanamo_tui.tui.format import age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyanamo_tui.core.pilots import Ended, PilotJob
    from pyanamo_tui.core.workspace import Workspace

EXIT_SOME_FAILED: Final = 1


@click.group(
    name="batch",
    epilog=examples(
        "pyanamo-tui batch queues -r eu-west-2",
        "pyanamo-tui batch submit 20 --queue spot --definition pyanamo-pilot -t Cohort7 --dry-run",
        "pyanamo-tui batch list -t Cohort7 --watch 10",
        "pyanamo-tui batch terminate --all --reason 'image is wrong' -t Cohort7",
    ),
)
@change_options
def batch_command() -> None:
    """Run engines of a table as pilot jobs on AWS Batch, follow them and end them."""


batch_command.add_command(submit_pilots)


@batch_command.command(name="queues", epilog=examples("pyanamo-tui batch queues -r eu-west-2 --json"))
@output_options
@pass_place
def list_queues(place: Place) -> None:
    """List the job queues of the region, the one of the highest priority first."""
    found = place.workspace().batch.queues()
    if place.as_json:
        emit_json({"queues": [asdict(one) for one in found]})
        return
    if not found:
        say("There is no job queue in this region.")
        return
    table(
        ("QUEUE", "PRIORITY", "STATE"),
        ((one.name, str(one.priority), "takes jobs" if one.enabled else "disabled") for one in found),
        right=(1,),
    )


@batch_command.command(name="definitions", epilog=examples("pyanamo-tui batch definitions -r eu-west-2 --json"))
@output_options
@pass_place
def list_definitions(place: Place) -> None:
    """List the active job definitions of the region, the latest revision of each."""
    found = place.workspace().batch.definitions()
    if place.as_json:
        emit_json({"definitions": [asdict(one) for one in found]})
        return
    if not found:
        say("There is no active job definition in this region.")
        return
    table(
        ("DEFINITION", "REVISION", "VCPUS", "MEMORY", "IMAGE"),
        (
            (
                one.name,
                str(one.revision),
                "" if one.vcpus is None else f"{one.vcpus:g}",
                "" if one.memory_mib is None else f"{one.memory_mib:,} MiB",
                one.image,
            )
            for one in found
        ),
        right=(1, 2, 3),
    )


@batch_command.command(
    name="list",
    short_help="List the pilot jobs of the table.",
    epilog=examples(
        "pyanamo-tui batch list -t Cohort7",
        "pyanamo-tui batch list --live --watch 10 -t Cohort7",
        "pyanamo-tui batch list 0a1b2c3d-1111-2222-3333-444455556666 -t Cohort7",
        "pyanamo-tui batch list --json | jq '.jobs[].by_state'",
    ),
)
@click.argument("job_id", metavar="[JOB]", required=False)
@click.option("--live", is_flag=True, help="Those alone that have not ended.")
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="Look into this queue alone; repeatable.")
@click.option("--watch", type=click.FloatRange(1), metavar="SECONDS", help="Print again and again; Ctrl-C ends it.")
@output_options
@pass_place
def list_pilots(place: Place, job_id: str | None, live: bool, queues: tuple[str, ...], watch: float | None) -> None:
    """List the pilot jobs of the table, the newest first; with JOB, the pilots of one array job one by one.

    AWS forgets a job about a week after its end. With --watch and --json each look is one line.
    """
    workspace = place.workspace()
    while True:
        if job_id is None:
            _list(place, workspace, live, queues, lines=watch is not None)
        else:
            _list_children(place, workspace, job_id, live, lines=watch is not None)
        if watch is None:
            return
        time.sleep(watch)
        if not place.as_json:
            say()


@batch_command.command(
    name="terminate",
    short_help="End pilot jobs.",
    epilog=examples(
        "pyanamo-tui batch terminate 0a1b2c3d-1111-2222-3333-444455556666 -t Cohort7",
        "pyanamo-tui batch terminate 0a1b2c3d-1111-2222-3333-444455556666:7 --reason 'stuck' -t Cohort7",
        "pyanamo-tui batch terminate --all --yes -t Cohort7",
    ),
)
@click.argument("job_ids", metavar="[JOB]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every pilot job of the table that has not ended.")
@click.option("--reason", default="ended with pyanamo-tui", show_default=True, help="Kept with the job by AWS.")
@click.option("--dry-run", is_flag=True, help="Say which would be ended; end none.")
@change_options
@pass_place
def terminate_jobs(place: Place, job_ids: tuple[str, ...], every: bool, reason: str, dry_run: bool) -> int:
    """End jobs: whole array jobs, or one pilot by JOB:INDEX.

    Engines are told with SIGTERM and give their unfinished items back, so that they wait again. A job that has ended
    already is left alone, and the exit code is then 1; it is 4 when AWS knows none of them.
    """
    if bool(job_ids) == every:
        raise UsageError("Name jobs, or give --all", "List them: pyanamo-tui batch list --live")
    workspace = place.workspace()
    if every:
        jobs = [pilot.job for pilot in workspace.pilots.jobs(ended=False)]
    else:
        known = workspace.batch.describe(job_ids)
        jobs = [known[job_id] for job_id in dict.fromkeys(job_ids) if job_id in known]
        if not jobs:
            raise NotFound(f"AWS Batch knows no job {job_ids[0]}", "It may have ended long ago: see batch list.")
    wanted = [job.job_id for job in jobs] if every else list(dict.fromkeys(job_ids))
    if not wanted:
        if place.as_json:
            emit_json({"action": "terminate-jobs", "jobs": []})
        else:
            note(f"No pilot job of table {workspace.table} is left to end.")
        return 0
    rows = [(job.job_id, job.name, job.queue, job.state, str(job.array_size or 1)) for job in jobs]
    if dry_run:
        if place.as_json:
            told = [{"job_id": job.job_id, "name": job.name, "queue": job.queue, "state": job.state} for job in jobs]
            emit_json({"action": "terminate-jobs", "dry_run": True, "jobs": told})
        else:
            table(("JOB", "NAME", "QUEUE", "STATE", "PILOTS"), rows, right=(4,))
            note("Nothing was sent.")
        return 0
    pilots = sum(job.array_size or 1 for job in jobs)
    if not place.yes:
        for row in rows:
            note(f"  {row[0]}  {row[1]}  {row[2]}  {row[3]}  {in_pilots(int(row[4]))}")
    where = f"table {workspace.table} ({workspace.region}, account {account_of(workspace, place)})"
    number = f"{len(wanted):,} {'job' if len(wanted) == 1 else 'jobs'} of {in_pilots(pilots)}"
    confirm(
        f"End {number} for {where}? It cannot be undone.",
        yes=place.yes,
        typed=str(pilots) if pilots > TYPED_ABOVE else "",
    )
    return _told(place, workspace.pilots.terminate(wanted, reason))


def _told(place: Place, outcomes: Sequence[Ended]) -> int:
    if place.as_json:
        emit_json({"action": "terminate-jobs", "jobs": [asdict(one) for one in outcomes]})
    else:
        for one in outcomes:
            if not one.done:
                note(f"{'failed ' if one.failed else 'skipped'}  {one.job_id}: {one.why}")
        say(f"{sum(one.done for one in outcomes):,} of {len(outcomes):,} told to end.")
    return 0 if all(one.done for one in outcomes) else EXIT_SOME_FAILED


def _in_words(states: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in states.items())


def _list(place: Place, workspace: Workspace, live: bool, queues: Sequence[str], *, lines: bool) -> None:
    found = workspace.pilots.jobs(queues=queues or None, ended=not live)
    if place.as_json:
        told = {"table": workspace.table, "as_of": iso(time.time()), "jobs": [_pilot(one) for one in found]}
        emit_json_lines([told]) if lines else emit_json(told)
        return
    if not found:
        say(f"Table {workspace.table} has no pilot jobs" + (" that run or wait." if live else " that AWS remembers."))
        return
    now = time.time()
    table(
        ("JOB", "NAME", "QUEUE", "PILOTS", "STATES", "AGE", "REASON"),
        (
            (
                one.job.job_id,
                one.job.name,
                one.job.queue,
                f"{one.pilots:,}",
                _in_words(dict(one.by_state)),
                "" if one.job.created_at is None else age(now - one.job.created_at),
                one.job.reason,
            )
            for one in found
        ),
        right=(3, 5),
    )
    note(f"{in_pilots(sum(one.live for one in found))} run or wait")


def _pilot(one: PilotJob) -> dict[str, object]:
    job = one.job
    return {
        "job_id": job.job_id,
        "name": job.name,
        "queue": job.queue,
        "definition": job.definition,
        "state": job.state,
        "reason": job.reason,
        "pilots": one.pilots,
        "live": one.live,
        "by_state": dict(one.by_state),
        "command": list(job.command),
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "stopped_at": iso(job.stopped_at),
    }


def _list_children(place: Place, workspace: Workspace, job_id: str, live: bool, *, lines: bool) -> None:
    parent = workspace.pilots.job(job_id)
    if parent is None:
        raise NotFound(f"AWS Batch knows no job {job_id}", "It forgets jobs a week after they ended: see batch list.")
    found = list(workspace.pilots.children(job_id)) if parent.array_size else [parent]
    shown = [job for job in found if not (live and job.ended)]
    if place.as_json:
        told: dict[str, object] = {
            "job_id": job_id,
            "as_of": iso(time.time()),
            "pilots": [
                {
                    "job_id": job.job_id,
                    "state": job.state,
                    "reason": job.reason,
                    "exit_code": job.exit_code,
                    "attempts": job.attempts,
                    "log_group": job.log_group,
                    "log_stream": job.log_stream,
                    "started_at": iso(job.started_at),
                    "stopped_at": iso(job.stopped_at),
                }
                for job in shown
            ],
        }
        emit_json_lines([told]) if lines else emit_json(told)
        return
    table(
        ("PILOT", "STATE", "EXIT", "LOG STREAM", "REASON"),
        (
            (job.job_id, job.state, "" if job.exit_code is None else str(job.exit_code), job.log_stream, job.reason)
            for job in shown
        ),
        right=(2,),
    )
    note(_in_words(dict(Counter(job.state for job in found))))

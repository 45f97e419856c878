"""`batch submit`: engines of a table as one job of AWS Batch; shown whole before it is sent."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from pyanamo_tui.cli.orders import order_options
from pyanamo_tui.cli.output import confirm, emit_json, facts, note, say
from pyanamo_tui.cli.place import Place, change_options, examples, pass_place
from pyanamo_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyanamo_tui.core.pilotplan import PilotPlan
    from pyanamo_tui.core.workspace import Workspace

TYPED_ABOVE: Final = 20
"""More pilots than this are submitted or ended by typing their number."""


@click.command(
    name="submit",
    short_help="Submit engines as one job.",
    epilog=examples(
        "pyanamo-tui batch submit 20 --queue spot --definition pyanamo-pilot -t Cohort7 --dry-run",
        "pyanamo-tui batch submit 200 --nests 4 --wall-time 82800 --timeout 86400 -t Cohort7",
        "pyanamo-tui batch submit -e SCRATCH=/scratch --job-attempts 3 -t Cohort7 --yes --json",
    ),
)
@click.argument("pilots", type=click.IntRange(1, 10_000), default=1, metavar="[PILOTS]")
@click.option("--queue", metavar="NAME", help="Job queue; may be left out where there is only one.")
@click.option(
    "--definition", metavar="NAME[:REVISION]", help="Job definition; may be left out where there is only one."
)
@order_options
@click.option(
    "--env", "-e", "variables", multiple=True, metavar="NAME=VALUE", help="Add to the environment; repeatable."
)
@click.option("--job-attempts", type=click.IntRange(1, 10), metavar="N", help="Batch starts a pilot up to N times.")
@click.option("--timeout", type=click.IntRange(60), metavar="SECONDS", help="Batch ends a pilot after so long.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent; send nothing.")
@change_options
@pass_place
def submit_pilots(  # noqa: PLR0917 - one for each option
    place: Place,
    /,
    pilots: int,
    queue: str | None,
    definition: str | None,
    variables: tuple[str, ...],
    job_attempts: int | None,
    timeout: int | None,
    dry_run: bool,
    **orders: int | float | str | bool | None,
) -> None:
    """Submit PILOTS engines of the table as one job: an array job where there are more than one.

    Each runs pyanamo-engine on the table of this command until nothing is left to do. Logs above 10 MB go to the bucket
    of the settings, if any. A submission cannot be undone, but `batch terminate` ends it.
    """
    from pyanamo_tui.core.engineorder import EngineOrder  # noqa: PLC0415 - only where it is wanted

    environment = _environment(variables)
    workspace = place.workspace()
    plan = workspace.pilots.plan(
        pilots,
        queue=queue,
        definition=definition,
        order=EngineOrder(**orders),  # type: ignore[arg-type]
        environment=environment,
        attempts=job_attempts,
        timeout=timeout,
    )
    if dry_run:
        if place.as_json:
            emit_json(_planned(plan))
        else:
            say("Nothing was sent. This would be:")
            _show(plan)
        return
    if not place.yes:
        _show(plan, to_error=True)
    where = f"table {plan.table} ({plan.region}, account {account_of(workspace, place)})"
    confirm(
        f"Submit {in_pilots(plan.pilots)} for {where}? It cannot be undone, only ended.",
        yes=place.yes,
        typed=str(plan.pilots) if plan.pilots > TYPED_ABOVE else "",
    )
    submitted = workspace.pilots.submit(plan)
    if place.as_json:
        emit_json({**_planned(plan), "job_id": submitted.job_id, "action_id": submitted.action_id})
        return
    say(f"Submitted {in_pilots(plan.pilots)} as {submitted.name}, job {submitted.job_id}.")
    note(
        place.here(f"Follow: pyanamo-tui batch list --watch 10    End: pyanamo-tui batch terminate {submitted.job_id}")
    )


def _environment(variables: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for variable in variables:
        name, sign, value = variable.partition("=")
        if not sign or not name:
            raise UsageError(f"--env {variable} is no variable", "Give its name and value: --env NAME=VALUE")
        found[name] = value
    return found


def _planned(plan: PilotPlan) -> dict[str, object]:
    return {"action": "submit-pilots", **asdict(plan), "environment": dict(plan.environment)}


def _show(plan: PilotPlan, *, to_error: bool = False) -> None:
    rows = [
        ("Job", plan.name),
        ("Pilots", f"{plan.pilots:,}" + (" (an array job)" if plan.pilots > 1 else "")),
        ("Queue", plan.queue),
        ("Definition", plan.definition),
        ("Command", shlex.join(plan.command)),
        *(("Environment", f"{name}={value}") for name, value in plan.environment.items()),
        ("Job attempts", "" if plan.attempts is None else str(plan.attempts)),
        ("Timeout", "" if plan.timeout is None else f"{plan.timeout:,} s"),
    ]
    if to_error:
        for label, value in rows:
            if value:
                note(f"{label:<12}  {value}")
    else:
        facts(rows)


def in_pilots(number: int) -> str:
    """So many pilots, in words."""
    return f"{number:,} {'pilot' if number == 1 else 'pilots'}"


def account_of(workspace: Workspace, place: Place) -> str:
    """The account for the question; not asked for where there is none."""
    from pyanamo_tui.core.who import who_asks  # noqa: PLC0415 - boto3, which --help need not pay

    return "unknown" if place.yes else who_asks(workspace.identity)().account or "unknown"

"""`locked`: who holds the locked items, and whether those workers still live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.output import emit_json, note, say, table
from pyanamo_tui.cli.place import Place, examples, output_options, pass_place
from pyanamo_tui.cli.status import iso
from pyanamo_tui.tui.format import age

if TYPE_CHECKING:
    from pyanamo_tui.core.locked import LockedItem


@click.command(
    name="locked",
    short_help="Say who holds the locked items, and whether they still live.",
    epilog=examples(
        "pyanamo-tui locked -t Cohort7",
        "pyanamo-tui locked --dead --json | jq -r '.items[].item'",
        "pyanamo-tui requeue --dead --dry-run",
    ),
)
@click.option("--dead", "only_dead", is_flag=True, help="Those alone whose worker is dead.")
@output_options
@pass_place
def locked_command(place: Place, only_dead: bool) -> int:
    """List the locked items with their workers: alive, dead or unknown, and what says so.

    A lease decides where there is one. A lock without a lease is the original engine's: there AWS Batch is asked for
    its job, and where nobody knows the verdict is unknown. `requeue --dead` gives back the dead ones.
    """
    workspace = place.workspace()
    report = workspace.locked.read()
    listed = report.dead if only_dead else report.items
    if place.as_json:
        emit_json(
            {
                "table": workspace.table,
                "as_of": iso(time.time()),
                "counts": {str(verdict): number for verdict, number in report.by_verdict().items()},
                "batch_problem": report.batch_problem,
                "items": [_as_json(one) for one in listed],
            }
        )
        return 0
    if report.batch_problem:
        note(f"AWS Batch could not be asked: {report.batch_problem}")
    if not report.items:
        say("No item is locked.")
        return 0
    table(
        ("ITEM", "STEP", "WORKER", "LOCKED", "VERDICT", "BECAUSE"),
        (
            (one.facts.item_id, one.facts.step or "", one.owner.name, age(one.age), one.verdict, one.evidence)
            for one in listed
        ),
        right=(3,),
    )
    note(", ".join(f"{number:,} {verdict}" for verdict, number in report.by_verdict().items()))
    return 0


def _as_json(one: LockedItem) -> dict[str, object]:
    return {
        "item": one.facts.item_id,
        "step": one.facts.step,
        "worker": one.owner.name,
        "kind": str(one.owner.kind),
        "job_id": one.owner.job_id,
        "job_state": one.job_state,
        "job_reason": one.job_reason,
        "locked_at": iso(one.facts.locked_at),
        "age_seconds": one.age,
        "lease_left_seconds": one.lease_left,
        "verdict": str(one.verdict),
        "evidence": one.evidence,
    }

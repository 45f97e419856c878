"""The commands that change items: each plans, asks, applies, and tells every outcome."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.output import confirm, emit_json, interruptible, note, say
from pyanamo_tui.cli.place import Place

if TYPE_CHECKING:
    from pyanamo_tui.core.plan import ActionResult, Plan
    from pyanamo_tui.core.workspace import Workspace

OUTCOMES_SHOWN = 50
EXIT_SOME_FAILED = 1
EXIT_INTERRUPTED = 130


def carry_out(place: Place, workspace: Workspace, plan: Plan, *, dry_run: bool, verb: str) -> int:
    """Ask about a plan, make it, print what came of it.

    Args:
        place: the command line so far (`--json`, `--yes`).
        workspace: the open table.
        plan: from `workspace.actions`.
        dry_run: only say what would happen.
        verb: what is done, as in "Requeue".

    Returns:
        The exit code: 0 when every item was changed or rightly skipped, 1 when some failed, 130 when interrupted.
    """
    if dry_run:
        _print_plan(place, plan, verb)
        return 0
    if plan.item_ids and plan.would_change != 0:
        number = plan.total if plan.would_change is None else plan.would_change
        where = f"table {plan.table}, account {plan.account or 'unknown'}, {plan.region}"
        noun = "item" if number == 1 else "items"
        confirm(f"{verb} {number:,} {noun} in {where}?", yes=place.yes)
    stop = threading.Event()
    with interruptible(stop):
        result = workspace.actions.apply(plan, progress=_progress_line(), cancelled=stop.is_set)
    _print_result(place, result)
    if result.cancelled:
        return EXIT_INTERRUPTED
    if result.error is not None:
        return result.error.exit_code
    return EXIT_SOME_FAILED if result.failed or result.skipped else 0


def _progress_line() -> Callable[[int, int, int, int, int], None] | None:
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int, changed: int, skipped: int, failed: int) -> None:
        end = "\n" if done >= total else ""
        words = f"\r{done:,} of {total:,}: {changed:,} changed, {skipped:,} skipped, {failed:,} failed{end}"
        click.echo(words, err=True, nl=False)

    return show


def _print_plan(place: Place, plan: Plan, verb: str) -> None:
    if place.as_json:
        emit_json(plan.dry())
        return
    say(f"{verb} {plan.total:,} items of table {plan.table}, {plan.region}: nothing was sent.")
    for what, number in plan.outcomes.items():
        say(f"{number:>9,}  {what}")
    if plan.write_units is not None:
        say(f"About {plan.write_units:,.0f} write units.")


def _print_result(place: Place, result: ActionResult) -> None:
    if place.as_json:
        emit_json(result.as_json())
        return
    for one in result.skipped[:OUTCOMES_SHOWN]:
        note(f"skipped  {one.item}: {one.why}")
    for one in result.failed[:OUTCOMES_SHOWN]:
        note(f"failed   {one.item}: {one.why}")
    hidden = max(0, len(result.skipped) - OUTCOMES_SHOWN) + max(0, len(result.failed) - OUTCOMES_SHOWN)
    if hidden:
        note(f"… and {hidden:,} more; --json lists them all")
    parts = [f"{result.changed:,} changed", f"{len(result.skipped):,} skipped", f"{len(result.failed):,} failed"]
    if result.not_started:
        parts.append(f"{result.not_started:,} not started")
    say(", ".join(parts) + (f". Undo: pyanamo-tui undo {result.id}" if result.id and result.changed else "."))
    if result.error is not None:
        note(f"pyanamo-tui: {result.error.message}")
        note(result.error.hint)

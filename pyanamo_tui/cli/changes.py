"""How every command that changes items goes: plan, ask, apply under a line of progress, tell every outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pyanamo_tui.cli.output import ProgressLine, confirm, emit_json, interruptible, note, report, say
from pyanamo_tui.cli.place import Place
from pyanamo_tui.tui.format import counted

if TYPE_CHECKING:
    from pyanamo_tui.core.plan import ActionResult, Plan
    from pyanamo_tui.core.workspace import Workspace

TYPED_ABOVE: Final = 20
"""A change of more items than this is confirmed by typing their number."""
OUTCOMES_SHOWN: Final = 50
EXIT_SOME_FAILED: Final = 1
EXIT_NO_SUCH_ITEM: Final = 4
EXIT_INTERRUPTED: Final = 130


def looks(place: Place, *, dry_run: bool) -> bool:
    """Whether a plan has to look at the items: only where somebody is told what it found."""
    return dry_run or not place.yes


def carry_out(place: Place, workspace: Workspace, plan: Plan, *, dry_run: bool, verb: str) -> int:
    """Ask about a plan, make it, print what came of it.

    Args:
        place: the command line so far (`--json`, `--yes`).
        workspace: the open table.
        plan: from `workspace.actions`.
        dry_run: only say what would happen.
        verb: what is done, as in "Requeue".

    Returns:
        The exit code: 0 when every item was changed, 1 when some were skipped or failed, 4 when no item of these ids
        exists, 130 when interrupted, else that of what stopped it.
    """
    if dry_run:
        _print_plan(place, plan, verb)
        return 0
    if not plan.item_ids:
        note("No item matches.")
    elif plan.would_change == 0:
        _say_about(plan)
    else:
        _ask(place, plan, verb)
    stop = threading.Event()
    with interruptible(stop), ProgressLine(plan.action.capitalize()) as line:
        result = workspace.actions.apply(plan, progress=_telling(line), cancelled=stop.is_set)
    print_result(place, result)
    return exit_code(result)


def exit_code(result: ActionResult) -> int:
    """What a command ends with after a bulk change."""
    from pyanamo_tui.core.apply import NO_SUCH_ITEM  # noqa: PLC0415 - boto3, which --help need not pay

    if result.error is not None:
        return result.error.exit_code
    if result.cancelled:
        return EXIT_INTERRUPTED
    if result.skipped and not (result.failed or result.changed):
        return EXIT_NO_SUCH_ITEM if all(one.why == NO_SUCH_ITEM for one in result.skipped) else EXIT_SOME_FAILED
    return EXIT_SOME_FAILED if result.failed or result.skipped else 0


def _ask(place: Place, plan: Plan, verb: str) -> None:
    number = plan.total if plan.would_change is None else plan.would_change
    where = f"table {plan.table} ({plan.region}, account {plan.account or 'unknown'})"
    if not place.yes:
        _say_about(plan)
        for what, items in plan.outcomes.items():
            note(f"{items:>9,}  {what}")
        if plan.write_units is not None:
            note(f"About {counted(round(plan.write_units), 'write unit')}.")
    question = f"{verb} {counted(number, 'item')} of {where}?"
    confirm(question, yes=place.yes, typed=str(number) if number > TYPED_ABOVE else "")


def _say_about(plan: Plan) -> None:
    if plan.about:
        note(f"Undo of {plan.about}")


def _telling(line: ProgressLine) -> Callable[[int, int, int, int, int], None]:
    def show(done: int, total: int, changed: int, skipped: int, failed: int) -> None:
        line.show(f"{done:,} of {total:,}: {changed:,} changed, {skipped:,} skipped, {failed:,} failed")

    return show


def _print_plan(place: Place, plan: Plan, verb: str) -> None:
    if place.as_json:
        emit_json(plan.dry())
        return
    say(f"{verb} {counted(plan.total, 'item')} of table {plan.table}, {plan.region}: nothing was sent.")
    _say_about(plan)
    for what, number in plan.outcomes.items():
        say(f"{number:>9,}  {what}")
    if plan.write_units is not None:
        say(f"About {counted(round(plan.write_units), 'write unit')}.")


def print_result(place: Place, result: ActionResult) -> None:
    """Say what came of a bulk change: figures on standard output, each skipped and failed item on standard error."""
    if place.as_json:
        emit_json(result.as_json())
    else:
        for one in result.skipped[:OUTCOMES_SHOWN]:
            note(f"skipped  {one.item}: {one.why}")
        for one in result.failed[:OUTCOMES_SHOWN]:
            note(f"failed   {one.item}: {one.why}")
        hidden = max(0, len(result.skipped) - OUTCOMES_SHOWN) + max(0, len(result.failed) - OUTCOMES_SHOWN)
        if hidden:
            note(f"… and {hidden:,} more; --json lists them all")
        again = "Make it again" if result.action == "undo" else "Undo"
        parts = [f"{result.changed:,} changed", f"{len(result.skipped):,} skipped", f"{len(result.failed):,} failed"]
        if result.not_started:
            parts.append(f"{result.not_started:,} not started")
        hint = f" {again}: pyanamo-tui undo {result.id}" if result.id and result.changed else ""
        say(place.here(", ".join(parts) + "." + hint))
    if result.error is not None:
        report(result.error, place.here)

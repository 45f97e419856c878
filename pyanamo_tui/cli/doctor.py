"""`doctor`: what other software left wrong in the table, what it leads to, and its repair."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import click

from pyanamo_tui.cli.changes import carry_out, looks
from pyanamo_tui.cli.output import ProgressLine, emit_json, interruptible, note, say
from pyanamo_tui.cli.place import Place, change_options, examples, pass_place
from pyanamo_tui.tui.format import counted

if TYPE_CHECKING:
    from pyanamo_tui.core.doctor import Examination, Examined, Finding

ITEMS_SHOWN: Final = 5
EXIT_FOUND: Final = 1
EXIT_INTERRUPTED: Final = 130


@click.command(
    name="doctor",
    short_help="Find what other software left wrong, and repair it.",
    epilog=examples(
        "pyanamo-tui doctor -t Cohort7",
        "pyanamo-tui doctor --fix --dry-run",
        "pyanamo-tui doctor --fix --yes",
    ),
)
@click.option("--fix", is_flag=True, help="Repair what can be repaired; undo takes it back.")
@click.option("--dry-run", is_flag=True, help="With --fix: say what would happen; change nothing.")
@change_options
@pass_place
def doctor_command(place: Place, fix: bool, dry_run: bool) -> int:
    """Look through the whole table for what other software left wrong, and explain it.

    Phantom items, counts that disagree with their tasks, items that call themselves done though they failed and so
    on. The whole table is read, logs and all, within the read budget: a quarter of what is provisioned unless
    PYANAMO_TUI_READ_BUDGET says how many units a second. Without --fix nothing is changed, and the exit code is 1 if
    anything is wrong.
    """
    workspace = place.workspace()
    stop = threading.Event()
    with interruptible(stop), ProgressLine("Examining") as line:
        found = workspace.doctor.examine(lambda told: line.show(_progress(told)), stop.is_set)
    if not found.whole:
        note(f"Stopped after {counted(found.items_read, 'item')}; nothing was changed.")
        return EXIT_INTERRUPTED
    if not (fix and place.as_json):
        _print(place, found)
    if not fix:
        return EXIT_FOUND if found.findings else 0
    if not any(finding.repairable for finding in found.findings) and not place.as_json:
        say("There is nothing to repair.")
        return EXIT_FOUND if found.findings else 0
    plan = workspace.doctor.plan(found.findings, look=looks(place, dry_run=dry_run))
    return carry_out(place, workspace, plan, dry_run=dry_run, verb="Repair")


def _progress(told: Examined) -> str:
    about = f" of about {told.expected:,}" if told.expected > told.items_read else ""
    words = f"{counted(told.items_read, 'item')} read{about}, {told.wrong:,} with something wrong"
    return words + (f"; at {told.units_a_second:,.4g} read units a second" if told.waiting else "")


def _print(place: Place, found: Examination) -> None:
    if place.as_json:
        emit_json(
            {
                "items_read": found.items_read,
                "read_units": found.read_units,
                "counts": {kind.value: number for kind, number in found.counts.items()},
                "findings": [_finding(one) for one in found.findings],
            }
        )
        return
    wrong = len(found.findings)
    say(f"{counted(found.items_read, 'item')} read, {wrong:,} with something wrong.")
    for kind, number in found.counts.items():
        ill = [one for one in found.findings if kind in one.debris]
        remedy = next(told for what, told in zip(ill[0].debris, ill[0].remedies, strict=True) if what == kind)
        say()
        say(f"{number:>7,}  {kind.value}")
        say(f"{'':>7}  {remedy.explanation}")
        say(f"{'':>7}  Repair: {remedy.repair or 'none; only people can decide'}")
        shown = ", ".join(one.item_id for one in ill[:ITEMS_SHOWN])
        say(f"{'':>7}  {shown}" + (f" and {number - ITEMS_SHOWN:,} more" if number > ITEMS_SHOWN else ""))
    for why in sorted({one.why_not for one in found.findings if not one.repairable}):
        number = sum(one.why_not == why for one in found.findings if not one.repairable)
        note(f"{number:,} cannot be repaired now: {why}")
    if any(one.repairable for one in found.findings):
        say()


def _finding(one: Finding) -> dict[str, object]:
    return {
        "item": one.item_id,
        "state": one.state,
        "step": one.step,
        "debris": [kind.name.lower().replace("_", "-") for kind in one.debris],
        "what": [kind.value for kind in one.debris],
        "repairable": one.repairable,
        "why_not": one.why_not,
    }

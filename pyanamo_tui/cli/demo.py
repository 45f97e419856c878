"""`demo`: the whole program on a laptop, with nothing of AWS: an embedded DynamoDB, a sample workflow, live workers."""

from __future__ import annotations

from dataclasses import replace

import click

from pyanamo_tui.cli.dashboard import has_terminal, open_dashboard
from pyanamo_tui.cli.output import emit_json, note, say
from pyanamo_tui.cli.place import Place, pass_place
from pyanamo_tui.tui.format import counted

EXIT_WRONG = 1
_LOOKS = ("theme", "keymap", "interval", "origins", "problems", "lines")
"""What the demo's dashboard takes of the user's settings: how it looks, nothing of where to go."""
_ENDING = "The demo ends with it: its workers stop, and its table is gone."
_NOTICE = "A sample workflow on an embedded DynamoDB. 4 shows what fails; R requeues; ? lists the keys."


@click.command(name="demo")
@click.option("--headless", is_flag=True, help="Run without the dashboard; so it does without a terminal, too.")
@click.option(
    "--items", type=click.IntRange(12, 5000), metavar="N", default=400, show_default=True, help="Items of the sample."
)
@click.option(
    "--workers", type=click.IntRange(1, 8), metavar="N", default=2, show_default=True, help="Engine processes."
)
@click.option("--json", "as_json", is_flag=True, help="Print the headless summary as JSON.")
@pass_place
def demo_command(place: Place, headless: bool, items: int, workers: int, as_json: bool) -> int:
    """Run a sample workflow on an embedded DynamoDB.

    With a terminal the dashboard opens on it while two workers run about 400 items; everything is gone when you quit.
    Headless it runs the same to its end, checks every item, prints a summary, and exits 0 only if it is right.

    \b
    Examples:
      pyanamo-tui demo
      pyanamo-tui demo --headless --items 60 --json
    """
    from pyanamo_tui.local.demo import DemoSession, run_headless  # noqa: PLC0415 - boto3, only when it is wanted

    as_json = as_json or place.as_json
    if not (headless or as_json) and has_terminal():
        own = place.settings(telling=False)
        with DemoSession(items, workers, echo=note) as session:
            looks = {name: getattr(own, name) for name in _LOOKS}
            open_dashboard(replace(session.settings, **looks), notice=_NOTICE, ending=_ENDING)
        return 0
    summary = run_headless(items, workers, echo=note)
    if as_json:
        emit_json(summary.as_json())
        return 0 if summary.ok else EXIT_WRONG
    say(f"{counted(summary.items, 'item')}, {counted(summary.workers, 'worker')}, {summary.seconds:.0f} s")
    for state, number in sorted(summary.states.items()):
        say(f"{number:>8,}  {state}")
    for group in summary.groups:
        say(f"{group.count:>8,}  failed: {group.signature}")
    for problem in summary.problems:
        note(f"wrong: {problem}")
    say("Every item ended as it must, none was lost, none ran twice." if summary.ok else "This is not right.")
    return 0 if summary.ok else EXIT_WRONG

"""`items` and `failures`: lists of what is in the table, and of why it failed."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.output import emit_json, note, say, table
from pyanamo_tui.cli.place import Place, examples, output_options, pass_place
from pyanamo_tui.cli.selection import Selection, facts_that_match, state_option, take_census
from pyanamo_tui.cli.status import iso
from pyanamo_tui.errors import UsageError
from pyanamo_tui.tui.format import age, counted
from pyanamo_tui.workflow.failures import ItemFailure, item_failure
from pyanamo_tui.workflow.filterfields import FIELDS, since
from pyanamo_tui.workflow.model import FailureGroup, ItemFacts
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.schema import read_item

if TYPE_CHECKING:
    from pyanamo_tui.core.workspace import Workspace

WIDE_COLUMNS = 110
SAMPLES_A_CALL = 20
"""Whole items read at once: each can have 400 KB."""

_FILTERS = "\n".join(f"  {name + ':':<10} {field.meaning}" for name, field in FIELDS.items())


@click.command(
    name="items",
    short_help="List items: all, in a state, or matching a filter.",
    epilog=examples(
        "pyanamo-tui items --state failed -t Cohort7",
        "pyanamo-tui items --filter 'step:Align exit:137 age>2h'",
        "pyanamo-tui items --filter '!state:done host:i-0a*' --limit 20",
        "pyanamo-tui items --state failed --csv > failed.csv",
        "pyanamo-tui items --state failed --ids | pyanamo-tui requeue - --yes",
    )
    + f"""

\b
A filter is terms joined by spaces that all must hold: text, /regex/, a field
with a value or several (state:todo,locked), and ! before any of them. Fields:
{_FILTERS}
""",
)
@state_option
@click.option("--filter", "text", metavar="F", help="Those that a filter matches.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--ids", "only_ids", is_flag=True, help="Print ids alone, one a line.")
@output_options
@pass_place
def items_command(
    place: Place, state: str | None, text: str | None, limit: int | None, as_csv: bool, only_ids: bool
) -> int:
    """List items: all, those in a state, or those that a filter matches.

    Where states are named only those are read, and what is read is printed as it comes; else the whole table is counted
    first. On a pipe columns are set apart by tabs.
    """
    if sum((place.as_json, as_csv, only_ids)) > 1:
        raise UsageError("--json, --csv and --ids exclude each other", "Give one of them.")
    question = Selection(state=state, text=text).question()
    workspace = place.workspace()
    listed = islice(facts_that_match(workspace, question), limit)
    if as_csv:
        from pyanamo_tui.core.export import FactsForm, export_facts  # noqa: PLC0415 - boto3, which --help need not pay

        export_facts(listed, sys.stdout.buffer, form=FactsForm.CSV)
    elif place.as_json:
        _emit_items(workspace, listed)
    elif only_ids:
        for facts in listed:
            # On a pipe an id is left as it is: whoever reads it has to find the item by it.
            click.echo(printable(facts.item_id) if sys.stdout.isatty() else facts.item_id)
    else:
        number = _table(listed)
        if not number and question.states():
            note(f"Is the state right? The states there are: {place.here('pyanamo-tui status')}")
    return 0


def _emit_items(workspace: Workspace, listed: Iterable[ItemFacts]) -> None:
    from pyanamo_tui.core.export import fact_fields  # noqa: PLC0415 - boto3, which --help need not pay

    found = [fact_fields(facts) for facts in listed]
    emit_json({"table": workspace.table, "as_of": iso(time.time()), "count": len(found), "items": found})


def _table(listed: Iterable[ItemFacts]) -> int:
    """Print them; how many there were."""
    now, number = time.time(), 0
    # Every column goes into a pipe; a narrow terminal has better uses for its width than tries and hosts.
    wide = not sys.stdout.isatty() or shutil.get_terminal_size().columns >= WIDE_COLUMNS

    def rows() -> Iterable[tuple[str, ...]]:
        nonlocal number
        for facts in listed:
            number += 1
            at = since(facts)
            attempts = "" if facts.attempts is None else str(facts.attempts)
            yield (
                facts.item_id,
                facts.state,
                facts.step or "",
                "" if at is None else age(now - at),
                "" if facts.exit_code is None else str(facts.exit_code),
                f"{facts.done_tasks}/{facts.nested_tasks}" if facts.nested else "",
                *((attempts, facts.owner or "") if wide else ()),
                facts.signature or "; ".join(facts.debris),
            )

    more = ("TRIES", "HOST") if wide else ()
    headers = ("ITEM", "STATE", "STEP", "SINCE", "EXIT", "TASKS", *more, "WHY")
    table(headers, rows(), right=(3, 4, 5, 6) if wide else (3, 4, 5))
    note(counted(number, "item"))
    return number


@click.command(
    name="failures",
    short_help="Say why items failed, in groups.",
    epilog=examples(
        "pyanamo-tui failures -t Cohort7",
        "pyanamo-tui failures --json | jq -r '.groups[0].signature'",
        "pyanamo-tui requeue --signature 'exit 137 (SIGKILL) · Killed' --dry-run",
    ),
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the N largest groups.")
@output_options
@pass_place
def failures_command(place: Place, limit: int | None) -> int:
    """Say why items failed: those that failed alike in one group, the largest first, with a line of one item's log.

    Failed is every item in the state `failed`, and every other whose log says so, such as those that the original
    engine called done. The signature of a group is what `requeue --signature` takes.
    """
    workspace = place.workspace()
    snapshot = take_census(workspace, workspace.monitor())
    groups = snapshot.failures[:limit]
    samples = _samples(workspace, groups)
    if place.as_json:
        emit_json(
            {
                "table": workspace.table,
                "as_of": iso(snapshot.as_of),
                "total": sum(group.count for group in snapshot.failures),
                "groups": [_group(group, samples) for group in groups],
            }
        )
        return 0
    if not groups:
        say("Nothing has failed.")
        return 0
    now = time.time()
    for group in groups:
        say(f"{group.count:>7,}  {group.signature}")
        last = "" if group.last is None else f"last {age(now - group.last)} ago, "
        hosts = counted(len(group.owners), "host")
        say(f"{'':>7}  {last}{hosts}, {', '.join(group.steps)}")
        item, task, line = _sample(group, samples)
        say(f"{'':>7}  {item}{f' {task}' if task else ''}: {line}" if line else f"{'':>7}  {item}")
    hidden = len(snapshot.failures) - len(groups)
    if hidden:
        note(f"and {counted(hidden, 'more group')}")
    return 0


def _samples(workspace: Workspace, groups: Iterable[FailureGroup]) -> Mapping[str, ItemFailure]:
    """Why one item of each group failed, by its id."""
    wanted = [group.item_ids[0] for group in groups]
    found: dict[str, ItemFailure] = {}
    for start in range(0, len(wanted), SAMPLES_A_CALL):
        for item_id, record in workspace.items.get_many(wanted[start : start + SAMPLES_A_CALL]).items():
            failure = item_failure(read_item(record))
            if failure is not None:
                found[item_id] = failure
    return found


def _sample(group: FailureGroup, samples: Mapping[str, ItemFailure]) -> tuple[str, str | None, str]:
    item_id = group.item_ids[0]
    failure = samples.get(item_id)
    return (item_id, None, "") if failure is None else (item_id, failure.sample.task, failure.sample.line)


def _group(group: FailureGroup, samples: Mapping[str, ItemFailure]) -> dict[str, object]:
    item, task, line = _sample(group, samples)
    return {
        "signature": group.signature,
        "count": group.count,
        "exit_code": group.exit_code,
        "first": iso(group.first),
        "last": iso(group.last),
        "sample": {"item": item, "task": task, "line": line},
        "steps": list(group.steps),
        "hosts": list(group.owners),
    }

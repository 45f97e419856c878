"""`activity` and `undo`: what was changed from this host, and the way back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.changes import carry_out, looks
from pyanamo_tui.cli.output import emit_json, facts, note, say, table
from pyanamo_tui.cli.place import Place, change_options, examples, offers, output_options, pass_place
from pyanamo_tui.cli.status import iso
from pyanamo_tui.core.plan import asked_words, undone_action
from pyanamo_tui.workflow import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyanamo_tui.core.journal import ActionSummary
    from pyanamo_tui.core.journalfile import ActionFile
    from pyanamo_tui.workflow.schema import Record


@click.command(
    name="undo",
    epilog=examples(
        "pyanamo-tui undo -t Cohort7",
        "pyanamo-tui undo 20261123-081502-123456-k3wq --dry-run",
    ),
)
@click.argument("action_id", metavar="[ID]", required=False, shell_complete=offers("actions"))
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@change_options
@pass_place
def undo_command(place: Place, action_id: str | None, dry_run: bool) -> int:
    """Take a change back, item by item.

    Without ID it is the latest change of the table that was made from this host and is not undone yet: given twice, it
    takes back two changes. The question says which one, when it was made and by whom. Each item becomes exactly what it
    was; one that an import made is taken out again; one that was changed by somebody else since, a worker among them,
    is skipped and said. `undo ID` with the ID of an undo makes the change again. `activity` lists the IDs.

    The exit code is 1 if an item was skipped, 4 if there is nothing to undo.
    """
    workspace = place.workspace()
    plan = workspace.actions.undo(action_id, look=looks(place, dry_run=dry_run))
    return carry_out(place, workspace, plan, dry_run=dry_run, verb=f"Undo {undone_action(plan.detail)}:")


@click.command(
    name="activity",
    short_help="List what was changed from this host.",
    epilog=examples(
        "pyanamo-tui activity -t Cohort7",
        "pyanamo-tui activity 20261123-081502-123456-k3wq",
        "pyanamo-tui activity --json --limit 1",
    ),
)
@click.argument("action_id", metavar="[ID]", required=False, shell_complete=offers("actions"))
@click.option("--limit", type=click.IntRange(1), metavar="N", default=50, show_default=True, help="Only the N latest.")
@output_options
@pass_place
def activity_command(place: Place, action_id: str | None, limit: int) -> int:
    """List what was changed in the table from this host, newest first; with ID, one change item by item.

    The journal is kept on this host, and is read without AWS. With --json, ID gives every item as it was and as it
    became.
    """
    journal = place.workspace().journal
    if action_id is not None:
        _one(place, journal.read(action_id))
        return 0
    listed = journal.activity(limit)
    if place.as_json:
        emit_json({"table": journal.table, "actions": [_summary(one) for one in listed]})
        return 0
    if not listed:
        note(f"Nothing was changed in table {journal.table} from this host.")
        return 0
    table(
        ("ID", "WHEN", "ACTION", "CHANGED", "SKIPPED", "FAILED", "STATUS", "WHO", "WHAT"),
        (
            (
                one.id,
                time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at)),
                one.action,
                f"{one.changed:,}",
                f"{one.skipped:,}",
                f"{one.failed:,}",
                "undone" if one.undone_by else str(one.status),
                one.who,
                asked_words(one.detail),
            )
            for one in listed
        ),
        right=(3, 4, 5),
        spare=(7, 8, 1),  # the ID says when, in UTC
    )
    return 0


def _summary(one: ActionSummary) -> dict[str, object]:
    return {
        "id": one.id,
        "at": iso(one.at),
        "who": one.who,
        "action": one.action,
        "detail": dict(one.detail),
        "total": one.total,
        "status": str(one.status),
        "changed": one.changed,
        "skipped": one.skipped,
        "failed": one.failed,
        "not_started": one.not_started,
        "unknown": one.unknown,
        "undoes": one.undoes,
        "undone_by": one.undone_by,
        "undoable": one.undoable,
        "account": one.account,
    }


def _one(place: Place, file: ActionFile) -> None:
    header, counts = file.header, file.counts()
    if place.as_json:
        told = {
            "id": header.id,
            "at": iso(header.at),
            "who": header.who,
            "action": header.action,
            "table": header.table,
        }
        detail = {"detail": dict(header.detail), "status": str(counts.status), "items": list(_items(file))}
        emit_json({**told, **detail})
        return
    facts(
        [
            ("Action", f"{header.action} {header.id}"),
            ("When", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(header.at))),
            ("Who", header.who),
            ("Table", f"{header.table}, {header.region}, account {header.account or 'unknown'}"),
            ("What", asked_words(header.detail)),
            ("Status", str(counts.status)),
            ("Undoes", header.undoes or ""),
        ]
    )
    say()
    table(
        ("ITEM", "OUTCOME", "BEFORE", "AFTER", "WHY"),
        (
            (str(one["item"]), str(one["outcome"]), _state(one["before"]), _state(one["after"]), str(one["why"]))
            for one in _items(file)
        ),
    )


def _items(file: ActionFile) -> Iterator[dict[str, object]]:
    """Each item of an action: its outcome, as it was, as it became (DynamoDB's own JSON)."""
    noted = {one.number: one for one in file.outcomes() if one.number is not None}
    for entry in file.entries():
        outcome = noted.get(entry.number)
        yield {
            "item": entry.item_id,
            "outcome": "unknown" if outcome is None else str(outcome.fate),
            "why": "" if outcome is None else outcome.why,
            "before": entry.before,
            "after": entry.after,
        }
    for one in file.outcomes():
        if one.number is None:
            yield {"item": one.item_id, "outcome": str(one.fate), "why": one.why, "before": None, "after": None}


def _state(record: object) -> str:
    if not isinstance(record, dict):
        return "–"
    held: Record = record
    return schema.string_of(held, schema.STATE) or "no state"

"""`requeue`, `set-state` and `delete`: choose items, plan, ask, change; the journal keeps what they were, for undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from pyanamo_tui.cli.changes import carry_out, looks
from pyanamo_tui.cli.place import Place, change_options, examples, offers, pass_place
from pyanamo_tui.cli.selection import Selection, find, selection_options
from pyanamo_tui.errors import UsageError
from pyanamo_tui.workflow.transitions import Scope

Command = TypeVar("Command", bound=Callable[..., Any])

_dry_run: Final = click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
_steal: Final = click.option(
    "--steal",
    is_flag=True,
    help="Also items that a worker holds, alive or not; such a worker then writes nothing more to them.",
)


def _tasks(command: Command) -> Command:
    command = click.option("--all-tasks", is_flag=True, help="Every nested task.")(command)
    return click.option(
        "--task",
        "keys",
        metavar="KEY",
        multiple=True,
        help="This nested task; may be repeated.",
        shell_complete=offers("tasks"),
    )(command)


@click.command(
    name="requeue",
    epilog=examples(
        "pyanamo-tui requeue S1 S2 -t Cohort7",
        "pyanamo-tui requeue S1 --task Task_7",
        "pyanamo-tui requeue --state failed --failed-tasks --dry-run",
        "pyanamo-tui requeue --signature 'exit 137 (SIGKILL) · Killed' --yes",
        "pyanamo-tui requeue --filter 'state:failed step:Align exit:137'",
        "pyanamo-tui requeue --dead --yes",
        "grep ^S4 ids.txt | pyanamo-tui requeue - --yes",
    ),
)
@selection_options(dead=True)
@click.option("--failed-tasks", is_flag=True, help="Of nested items only the tasks that failed.")
@_tasks
@_steal
@_dry_run
@change_options
@pass_place
def requeue_command(
    place: Place,
    /,
    failed_tasks: bool,
    all_tasks: bool,
    keys: tuple[str, ...],
    steal: bool,
    dry_run: bool,
    **chosen: Any,  # noqa: ANN401 - the keywords of Selection
) -> int:
    """Let items run again.

    ITEMs go back to `todo`; of a nested item whatever has not ended well runs again, unless told otherwise. The log of
    the attempt that failed is kept until the next one ends. Items that a worker holds are skipped, unless --dead found
    that worker dead. Every item ends as changed, skipped or failed, with the reason; `undo` takes it back.
    """
    if sum((failed_tasks, all_tasks, bool(keys))) > 1:
        raise UsageError("--failed-tasks, --all-tasks and --task exclude each other", "Give one of them.")
    scope = Scope.ITEM
    if failed_tasks:
        scope = Scope.FAILED_TASKS
    elif all_tasks:
        scope = Scope.ALL_TASKS
    elif keys:
        scope = Scope.NAMED_TASKS
    selection = Selection(**chosen)
    selection.check()
    workspace = place.workspace()
    selected = find(workspace, selection)
    plan = workspace.actions.requeue(
        selected.item_ids,
        scope,
        keys,
        steal=steal,
        dead=selected.dead,
        facts=selected.facts or None,
        look=looks(place, dry_run=dry_run),
        detail=selection.detail(),
    )
    return carry_out(place, workspace, plan, dry_run=dry_run, verb="Requeue")


@click.command(
    name="set-state",
    epilog=examples(
        "pyanamo-tui set-state Pending S1 S2 -t Cohort7",
        "pyanamo-tui set-state Parked --filter 'state:todo step:Call' --dry-run",
        "pyanamo-tui set-state todo --state Parked --yes",
    ),
)
@click.argument("new_state", metavar="NEW_STATE", shell_complete=offers("states"))
@selection_options()
@_steal
@_dry_run
@change_options
@pass_place
def set_state_command(
    place: Place,
    /,
    new_state: str,
    steal: bool,
    dry_run: bool,
    **chosen: Any,  # noqa: ANN401 - the keywords of Selection
) -> int:
    """Put items into another state.

    NEW_STATE may be any name: engines run only `todo`, so that any other parks the item. Tasks and logs stay as they
    are. Only a worker can make an item `locked`.
    """
    selection = Selection(**chosen)
    selection.check()
    workspace = place.workspace()
    selected = find(workspace, selection)
    plan = workspace.actions.set_state(
        selected.item_ids,
        new_state,
        steal=steal,
        facts=selected.facts or None,
        look=looks(place, dry_run=dry_run),
    )
    return carry_out(place, workspace, plan, dry_run=dry_run, verb=f"Set to {new_state}")


@click.command(
    name="delete",
    epilog=examples(
        "pyanamo-tui delete S1 S2 -t Cohort7",
        "pyanamo-tui delete --filter 'state:done age>30d' --dry-run",
        "pyanamo-tui delete S1 --task Task_3",
    ),
)
@selection_options()
@_tasks
@_steal
@_dry_run
@change_options
@pass_place
def delete_command(
    place: Place,
    /,
    keys: tuple[str, ...],
    all_tasks: bool,
    steal: bool,
    dry_run: bool,
    **chosen: Any,  # noqa: ANN401 - the keywords of Selection
) -> int:
    """Delete items, or nested tasks of them.

    Items that a worker holds are skipped. What is deleted stays in the journal of this host: `undo` brings it back.
    """
    if all_tasks and keys:
        raise UsageError("--all-tasks and --task exclude each other", "Give one of them.")
    selection = Selection(**chosen)
    selection.check()
    workspace = place.workspace()
    selected = find(workspace, selection)
    look = looks(place, dry_run=dry_run)
    if keys or all_tasks:
        if steal:
            raise UsageError("Tasks of an item that a worker holds cannot be deleted", "Leave --steal out.")
        plan = workspace.actions.delete_tasks(selected.item_ids, None if all_tasks else keys, look=look)
        verb = "Delete every task of" if all_tasks else f"Delete {', '.join(keys)} of"
        return carry_out(place, workspace, plan, dry_run=dry_run, verb=verb)
    plan = workspace.actions.delete(selected.item_ids, steal=steal, facts=selected.facts or None, look=look)
    return carry_out(place, workspace, plan, dry_run=dry_run, verb="Delete")

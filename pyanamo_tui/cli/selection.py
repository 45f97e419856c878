"""Which items a command is about: named ones, or all of a state, a filter, a signature, or a dead worker."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pyanamo_tui.errors import PyanamoError, UsageError
from pyanamo_tui.workflow.filters import parse_filter, quote
from pyanamo_tui.workflow.model import ItemFacts, Snapshot

if TYPE_CHECKING:
    from pyanamo_tui.core.workspace import Workspace

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for on the command line."""

    item_ids: tuple[str, ...] = ()
    state: str | None = None
    text: str | None = None
    signature: str | None = None
    dead: bool = False

    @property
    def by_ids(self) -> bool:
        """Whether items were named one by one."""
        return bool(self.item_ids)

    def check(self) -> None:
        """Raises UsageError unless the selection says one thing clearly."""
        wide = [self.state, self.text, self.signature, self.dead or None]
        if self.by_ids and any(wide):
            raise UsageError("Name items, or choose them by an option, not both")
        if not self.by_ids and not any(wide):
            raise UsageError(
                "Which items?", "Name them, or use --state S, --filter F, --signature X" + " (or - to read ids)."
            )


@dataclass(frozen=True, slots=True)
class Selected:
    """The items found: their ids, what is known of them, and the locks that were found dead."""

    item_ids: tuple[str, ...]
    facts: Mapping[str, ItemFacts] = field(default_factory=dict)
    dead: Mapping[str, str | None] | None = None


def selection_options(*, dead: bool = False) -> Callable[[Command], Command]:
    """Add the arguments that choose items; the command gets them as keywords of `Selection`."""

    def add(command: Command) -> Command:
        if dead:
            command = click.option("--dead", is_flag=True, help="Locked items whose worker is dead.")(command)
        command = click.option("--signature", metavar="X", help="Failed items of this failure group.")(command)
        command = click.option("--filter", "text", metavar="F", help="Items that a filter matches.")(command)
        command = click.option("--state", metavar="S", help="All items in a state.")(command)
        return click.argument("item_ids", metavar="[ITEM]...", nargs=-1)(command)

    return add


def read_ids(item_ids: tuple[str, ...]) -> tuple[str, ...]:
    """The ids as named; a single `-` reads them from standard input, one a line."""
    if item_ids != ("-",):
        return item_ids
    return tuple(line.rstrip("\n") for line in sys.stdin if line.strip())


def take_census(workspace: Workspace) -> Snapshot:
    """One whole look at the table.

    Raises:
        PyanamoError: it could not be looked at; what and why.
    """
    monitor = workspace.monitor()
    snapshot = monitor.poll_once()
    if snapshot.exact:
        return snapshot
    raise monitor.error or PyanamoError(snapshot.health.message or "The table could not be read", snapshot.health.hint)


def find(workspace: Workspace, selection: Selection) -> Selected:
    """The items that a selection means, by a census where they were not named."""
    selection.check()
    if selection.by_ids:
        return Selected(read_ids(selection.item_ids))
    terms = [selection.text or ""]
    if selection.state:
        terms.append(f"state:{quote(selection.state)}")
    if selection.signature:
        terms.append(f"sig={quote(selection.signature)}")
    question = parse_filter(" ".join(term for term in terms if term))
    snapshot, now = take_census(workspace), time.time()
    found = {item_id: facts for item_id, facts in snapshot.items.items() if question.matches(facts, now)}
    if not selection.dead:
        return Selected(tuple(sorted(found)), found)
    dead = {report.item_id: report.lock_id for report in workspace.locked.examine(found.values()) if report.is_dead}
    return Selected(tuple(sorted(dead)), found, dead)

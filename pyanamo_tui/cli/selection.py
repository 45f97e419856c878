"""Which items a command is about: named ones, or all of a state, a filter, a signature, or a dead worker."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pyanamo_tui.cli.output import ProgressLine
from pyanamo_tui.cli.place import offers
from pyanamo_tui.errors import BadInput, UsageError
from pyanamo_tui.workflow.filterfields import Operator, Value, exact_states
from pyanamo_tui.workflow.filters import Filter, FilterError, parse_filter, quote
from pyanamo_tui.workflow.model import ItemFacts, Snapshot

if TYPE_CHECKING:
    from pyanamo_tui.core.monitor import Monitor
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
        wide = any((self.state, self.text, self.signature, self.dead))
        if self.by_ids and wide:
            raise UsageError("Items are named and chosen by an option too", "Do either, not both.")
        if not self.by_ids and not wide:
            raise UsageError(
                "No items are named", "Name them, or - to read ids, or use --state S, --filter F or --signature X."
            )
        if not self.by_ids:
            self.question()

    def question(self) -> Filter:
        """The options as one filter.

        Raises:
            FilterError: the filter cannot be understood.
        """
        terms = [self.text or ""]
        if self.state:
            terms.append(f"state:{quote(known_state(self.state))}")
        if self.signature:
            terms.append(f"sig={quote(self.signature)}")
        try:
            # By itself first, so that a mistake is told by the place where it was made.
            parse_filter(self.text or "")
        except FilterError as error:
            hint = error.hint or "The fields and their values: pyanamo-tui items --help"
            raise FilterError(error.position, error.expected, hint) from error
        return parse_filter(" ".join(term for term in terms if term))

    def detail(self) -> dict[str, str]:
        """What the journal notes of how the items were chosen."""
        told = {"state": self.state, "filter": self.text, "signature": self.signature}
        return {name: value for name, value in told.items() if value}


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
        command = click.option("--signature", metavar="X", help="Items of this failure group: see failures.")(command)
        command = click.option("--filter", "text", metavar="F", help="Items that a filter matches: see items.")(command)
        command = state_option(command)
        return click.argument("item_ids", metavar="[ITEM]...", nargs=-1, shell_complete=offers("items"))(command)

    return add


state_option: Final = click.option(
    "--state", metavar="S", help="All items in a state.", shell_complete=offers("states")
)


def known_state(written: str) -> str:
    """A state as the table has it: the known ones in any case, `wall` for Wall_Time_Exceeded, others to the letter."""
    (state,) = exact_states(Operator.EQUAL, (Value(written),)) or (written,)
    return state


def read_ids(item_ids: tuple[str, ...]) -> tuple[str, ...]:
    """The ids as named; a single `-` reads them from standard input, one a line."""
    if item_ids != ("-",):
        return item_ids
    read: list[str] = []
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            item_id = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            what = f"Line {number} of standard input is not UTF-8, at its byte {error.start + 1}"
            raise BadInput(what, "Nothing was sent.") from error
        if item_id.strip():
            read.append(item_id)
    if not read:
        raise UsageError("Standard input holds no ids", "Give one id on each line.")
    return tuple(read)


def take_census(workspace: Workspace, monitor: Monitor) -> Snapshot:
    """One whole look at the table; on a terminal it is said how far it is.

    Raises:
        PyanamoError: it could not be looked at; what and why.
    """
    # A monitor goes on trying where there is no network: whether there is one is found out at once.
    workspace.describe()
    with ProgressLine("Counting") as line:
        unsubscribe = monitor.subscribe(lambda snapshot: line.show(f"{snapshot.total:,} items so far"))
        try:
            return monitor.poll_once()
        finally:
            unsubscribe()


def facts_that_match(workspace: Workspace, question: Filter) -> Iterator[ItemFacts]:
    """What is known of each item that a filter matches. Where it names states, only those are read."""
    from pyanamo_tui.core.listing import list_states  # noqa: PLC0415 - boto3, only when items are asked for

    states, now = question.states(), time.time()
    if states is None:
        snapshot = take_census(workspace, workspace.monitor())
        found: Iterable[ItemFacts] = sorted(snapshot.items.values(), key=lambda facts: facts.item_id)
    else:
        found = list_states(workspace.items, workspace.describe(), states)
    return (facts for facts in found if question.matches(facts, now))


def find(workspace: Workspace, selection: Selection) -> Selected:
    """The items that a selection means, read from the table where they were not named."""
    if selection.by_ids:
        return Selected(read_ids(selection.item_ids))
    if selection.dead:
        question, now = selection.question(), time.time()
        gone = [one.facts for one in workspace.locked.read().dead if question.matches(one.facts, now)]
        return Selected(
            tuple(facts.item_id for facts in gone),
            {facts.item_id: facts for facts in gone},
            {facts.item_id: facts.lock_id for facts in gone},
        )
    found = {facts.item_id: facts for facts in facts_that_match(workspace, selection.question())}
    return Selected(tuple(sorted(found)), found)

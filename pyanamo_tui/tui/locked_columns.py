"""How locked items read on the screen: their columns, and the words over and under the list."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rich.text import Text

from pyanamo_tui.core.locked import LockedItem, LockedReport, OwnerKind, Verdict, span
from pyanamo_tui.tui.columns import ITEM, QUIET, STEP
from pyanamo_tui.tui.format import age, count, counted
from pyanamo_tui.tui.widgets.table_columns import Cell, Column
from pyanamo_tui.workflow.model import ItemFacts
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.style import Style

VERDICT_STYLES: Final[Mapping[Verdict, str]] = {
    Verdict.ALIVE: "state--done",
    Verdict.DEAD: "state--failed",
    Verdict.UNKNOWN: "state--wall",
}
_ORDER: Final = {Verdict.DEAD: 0, Verdict.UNKNOWN: 1, Verdict.ALIVE: 2}
_FAR: Final = float("inf")


def lease_cell(facts: ItemFacts, now: float) -> Cell:
    """What is left of a lease; the original's locks have none."""
    if facts.lease_until is None:
        return Cell("none", QUIET)
    left = facts.lease_until - now
    return Cell(f"{age(left)} left") if left > 0 else Cell(f"expired {age(-left)}", "state--failed")


def _locked_age(facts: ItemFacts) -> Cell:
    return Cell("?" if facts.locked_at is None else age(time.time() - facts.locked_at), QUIET)


def locked_columns(
    find: Callable[[str], LockedItem | None],
) -> tuple[tuple[Column[ItemFacts], ...], tuple[Column[ItemFacts], ...]]:
    """The columns for a wide and for a narrow screen; `find` gives what was last found of an item's lock."""

    def verdict(facts: ItemFacts) -> Cell:
        found = find(facts.item_id)
        return Cell("…", QUIET) if found is None else Cell(found.verdict, VERDICT_STYLES[found.verdict])

    def verdict_order(facts: ItemFacts) -> tuple[int, float]:
        found = find(facts.item_id)
        return (_ORDER[Verdict.UNKNOWN if found is None else found.verdict], facts.locked_at or _FAR)

    def kind(facts: ItemFacts) -> Cell:
        found = find(facts.item_id)
        return Cell("" if found is None else str(found.owner.kind), QUIET)

    def job(facts: ItemFacts) -> Cell:
        found = find(facts.item_id)
        return Cell("" if found is None else found.job_state, "state--failed" if _failed(found) else "")

    def because(facts: ItemFacts) -> Cell:
        found = find(facts.item_id)
        return Cell("" if found is None else found.evidence)

    is_verdict = Column[ItemFacts]("verdict", "VERDICT", 9, verdict, sort_key=verdict_order)
    owner = Column[ItemFacts](
        "owner",
        "OWNER",
        16,
        lambda f: Cell(f.owner or "(nobody)"),
        sort_key=lambda f: f.owner or "",
        cut_middle=True,
        flexible=True,
    )
    is_kind = Column[ItemFacts]("kind", "KIND", 12, kind, sort_key=lambda f: kind(f).text)
    locked = Column[ItemFacts](
        "locked", "LOCKED", 6, _locked_age, right=True, sort_key=lambda f: _FAR if f.locked_at is None else f.locked_at
    )
    lease = Column[ItemFacts](
        "lease",
        "LEASE",
        14,
        lambda f: lease_cell(f, time.time()),
        sort_key=lambda f: _FAR if f.lease_until is None else f.lease_until,
    )
    is_job = Column[ItemFacts]("job", "JOB", 9, job, sort_key=lambda f: job(f).text)
    evidence = Column[ItemFacts]("because", "BECAUSE", 30, because, flexible=True, sort_key=lambda f: because(f).text)
    item = replace(ITEM, width=24, least=18)
    wide = (is_verdict, item, STEP, owner, is_kind, locked, lease, is_job, evidence)
    return wide, (is_verdict, item, owner, locked, lease, is_job)


def _failed(found: LockedItem | None) -> bool:
    return found is not None and found.verdict is Verdict.DEAD and bool(found.job_state)


def summary(report: LockedReport, style: Callable[[str], Style]) -> Text:
    """One line over the list: `20 jobs FAILED   63 items dead   400 alive   3 unknown`."""
    jobs = {
        found.owner.job_id: found.job_state
        for found in report.items
        if found.owner.kind is OwnerKind.BATCH_JOB and found.job_state
    }
    text = Text(no_wrap=True, overflow="ellipsis")
    if not report.items:
        return Text("No item is locked.")
    for state, number in sorted(Counter(jobs.values()).items()):
        text.append(f"{count(number)} {'job' if number == 1 else 'jobs'} {printable(state)}   ")
    verdicts = report.by_verdict()
    for verdict in (Verdict.DEAD, Verdict.ALIVE, Verdict.UNKNOWN):
        number = verdicts[verdict]
        if not number and verdict is Verdict.UNKNOWN:
            continue
        words = counted(number, "item") if verdict is Verdict.DEAD else count(number)
        text.append(f"{words} {verdict}   ", style(VERDICT_STYLES[verdict]) if number else "")
    text.rstrip()
    return text


def lock_words(found: LockedItem) -> Text:
    """Everything known of one lock: whose, since when, and why the verdict is what it is."""
    text = Text()
    owner = printable(found.owner.name)
    text.append(printable(found.facts.item_id), "bold")
    held = "nobody is named as its owner" if found.owner.kind is OwnerKind.NOBODY else f"{found.owner.kind} {owner}"
    since = "" if found.age is None else f", locked {span(found.age)} ago"
    text.append(f"   {held}{since}\n")
    text.append(f"{found.verdict}: ", "bold")
    text.append(printable(found.evidence))
    return text

"""How a change is made from any screen: plan it on a thread, ask, apply it under a bar, say what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from pyanamo_tui.core.plan import undone_action
from pyanamo_tui.errors import PyanamoError, ReadOnly
from pyanamo_tui.tui.format import count, counted
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.outcome import Outcome, OutcomeModal
from pyanamo_tui.tui.modals.progress import ProgressModal
from pyanamo_tui.workflow.model import KNOWN_STATES

if TYPE_CHECKING:
    from pyanamo_tui.core.plan import ActionResult, Plan
    from pyanamo_tui.tui.app import Dashboard

TYPED_ABOVE: Final = 20
"""A change of more items than this is confirmed by typing their number."""
NAMED: Final = 3
"""Items that the question names."""
REASONS_SHOWN: Final = 5
"""Reasons for leaving items alone that the question names; the result lists all of them."""

_WORDS: Final = {
    "requeue": ("Requeue", "requeued"),
    "set-state": ("Set the state of", "changed"),
    "delete": ("Delete", "deleted"),
    "delete-tasks": ("Delete tasks of", "changed"),
    "undo": ("Undo", "taken back"),
    "repair": ("Repair", "repaired"),
}


def question_of(plan: Plan, place: str) -> Question:
    """The question a plan asks: the action and how many, what is expected, where, at what cost."""
    verb, _ = _WORDS.get(plan.action, (plan.action.capitalize(), "changed"))
    number = plan.would_change if plan.would_change is not None else plan.total
    left = {one.item for one in plan.skipped}
    changing = [item_id for item_id in plan.item_ids if item_id not in left]
    facts = [("Item" if number == 1 else "Items", _named(changing))] if changing else []
    undone = f" {undone_action(plan.detail)}:" if plan.undoes else ""
    detail = {"change": plan.about} if plan.about else plan.detail
    facts += [(label.capitalize(), value) for label, value in detail.items() if value]
    if plan.action == "set-state" and plan.detail.get("state") not in KNOWN_STATES:
        facts.append(("", "no engine runs such an item until it is requeued"))
    facts += outcome_facts(plan)
    facts += [("Table", plan.table), ("Account", place)]
    if plan.write_units is not None:
        facts.append(("Cost", f"about {plan.write_units:,.0f} write units"))
    if not plan.exact:
        facts.append(("Note", "by what was last seen; items that changed since are skipped"))
    return Question(
        title=f"{verb}{undone} {counted(number, 'item')}?",
        facts=facts,
        confirm=verb.split()[0],
        typed=str(number) if number > TYPED_ABOVE else "",
        destructive=plan.action in {"delete", "delete-tasks"},
    )


def _named(item_ids: Sequence[str]) -> str:
    """`a, b, c and 198 more`."""
    first = ", ".join(nsmallest(NAMED, item_ids))
    return first + (f" and {count(len(item_ids) - NAMED)} more" if len(item_ids) > NAMED else "")


def outcome_facts(plan: Plan) -> list[tuple[str, str]]:
    """What is expected: how many change, then how many are left alone and why, the commonest reasons first."""
    from pyanamo_tui.core.actions import DONE_TO, TAKEN_OUT  # noqa: PLC0415 - the core's AWS part, not before the first frame

    told = DONE_TO.get(plan.action)
    changing = [(what, items) for what, items in plan.outcomes.items() if told is None or what in {told, TAKEN_OUT}]
    left = [(what, items) for what, items in plan.outcomes.items() if (what, items) not in changing]
    facts = [("Changes", f"{count(items)} {what}") for what, items in changing]
    reasons = [f"{count(items)}: {what}" for what, items in left[:REASONS_SHOWN]]
    rest = sum(items for _, items in left[REASONS_SHOWN:])
    reasons += [f"{count(rest)}: other reasons"] if rest else []
    return facts + [("" if number else "Left alone", words) for number, words in enumerate(reasons)]


def outcome_words(result: ActionResult) -> str:
    """One line: changed, skipped, failed, not started."""
    _, done = _WORDS.get(result.action, ("", "changed"))
    parts = [f"{count(result.changed)} {done}"]
    parts += [f"{count(len(result.skipped))} skipped"] if result.skipped else []
    parts += [f"{count(len(result.failed))} failed"] if result.failed else []
    parts += [f"{count(result.not_started)} not started"] if result.not_started else []
    return ", ".join(parts)


def outcome_of(plan: Plan, result: ActionResult) -> Outcome:
    """What is told of a change that was not whole, item by item."""
    skipped = [(one.item, one.why) for one in result.skipped]
    failed = [(one.item, one.why) for one in result.failed]
    not_started: list[str] = []
    if result.not_started:
        dealt_with = {*result.changed_ids, *(item for item, _ in skipped), *(item for item, _ in failed)}
        not_started = [item for item in plan.item_ids if item not in dealt_with]
    hint = f"{result.error.message}. {result.error.hint}" if result.error is not None else ""
    words = outcome_words(result).capitalize()
    return Outcome(words, hint, failed, skipped, not_started, undo=result.changed > 0 and result.id is not None)


async def make_change(
    app: Dashboard, plan_it: Callable[[], Plan], mark: Callable[[Collection[str]], None] | None = None
) -> ActionResult | None:
    """Plan, ask, apply, tell. Runs inside a Textual worker; blocking calls go to threads.

    Args:
        app: the dashboard.
        plan_it: makes the plan; called on a thread.
        mark: marks items in the list that the change was asked from: those that failed or were skipped.

    Returns:
        What came of it, or None when it was refused, cancelled or failed before anything was sent.
    """
    workspace = app.workspace
    if workspace is None:
        return None
    try:
        plan = await asyncio.to_thread(plan_it)
    except PyanamoError as error:
        app.tell(error)
        return None
    if workspace.read_only:
        app.tell(ReadOnly(plan.action))
        return None
    if plan.would_change == 0 or not plan.item_ids:
        reasons = "\n".join(f"{count(items)}  {what}" for what, items in plan.outcomes.items())
        about = f"Undo of {plan.about}. U in the list of changes (u) undoes an older one." if plan.about else ""
        app.push_screen(MessageModal("Nothing to change", about, lines=reasons))
        return None
    if not await app.push_screen_wait(Confirm(question_of(plan, app.place()[1]))):
        return None
    result = await _apply(app, plan)
    if result is None:
        return None
    app.action_refresh_now()
    if result.complete and not result.skipped:
        undo = "" if not result.id else "  u lists the changes." if plan.undoes else "  U undoes it."
        app.notify(f"{outcome_words(result).capitalize()}.{undo}", markup=False)
        return result
    chosen = await app.push_screen_wait(OutcomeModal(outcome_of(plan, result), can_mark=mark is not None))
    if chosen and mark is not None:
        mark(chosen)
    return result


async def _apply(app: Dashboard, plan: Plan) -> ActionResult | None:
    workspace = app.workspace
    if workspace is None:
        return None
    verb, done_word = _WORDS.get(plan.action, (plan.action.capitalize(), "changed"))
    modal = ProgressModal(f"{verb} {counted(plan.total, 'item')}")
    await app.push_screen(modal)

    def progress(done: int, total: int, changed: int, skipped: int, failed: int) -> None:
        words = f"{count(changed)} {done_word} · {count(skipped)} skipped · {count(failed)} failed"
        app.call_from_thread(modal.report, done, total, words)

    failed: PyanamoError | None = None
    result: ActionResult | None = None
    try:
        result = await asyncio.to_thread(
            workspace.actions.apply, plan, progress=progress, cancelled=modal.cancelled.is_set
        )
    except PyanamoError as error:
        failed = error
    finally:
        modal.dismiss()
    if failed is not None:
        app.tell(failed)
    return result

"""How a change is made from any screen: plan it on a thread, ask, apply it under a bar, say what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.progress import ProgressModal

if TYPE_CHECKING:
    from pyanamo_tui.core.plan import ActionResult, Plan
    from pyanamo_tui.tui.app import Dashboard

TYPED_ABOVE: Final = 20
"""A change of more items than this is confirmed by typing their number."""
OUTCOMES_SHOWN: Final = 500

_WORDS: Final = {
    "requeue": ("Requeue", "requeued"),
    "set-state": ("Set the state of", "changed"),
    "delete": ("Delete", "deleted"),
    "delete-tasks": ("Delete tasks of", "changed"),
    "undo": ("Restore", "restored"),
    "repair": ("Repair", "repaired"),
}


def question_of(plan: Plan, place: str) -> Question:
    """The question a plan asks: the action and how many, what is expected, where, at what cost."""
    verb, _ = _WORDS.get(plan.action, (plan.action.capitalize(), "changed"))
    number = plan.would_change if plan.would_change is not None else plan.total
    noun = "item" if number == 1 else "items"
    facts = [(label.capitalize(), value) for label, value in plan.detail.items() if value]
    facts += [("Outcome", f"{count(items)} {what}") for what, items in plan.outcomes.items()]
    facts += [("Table", plan.table), ("Account", place)]
    if plan.write_units is not None:
        facts.append(("Cost", f"about {plan.write_units:,.0f} write units"))
    if not plan.exact:
        facts.append(("Note", "by what was last seen; items that changed since are skipped"))
    return Question(
        title=f"{verb} {count(number)} {noun}?",
        facts=facts,
        confirm=verb.split()[0],
        typed=str(number) if number > TYPED_ABOVE else "",
        destructive=plan.action in {"delete", "delete-tasks"},
    )


def outcome_words(result: ActionResult) -> str:
    """One line: changed, skipped, failed, not started."""
    _, done = _WORDS.get(result.action, ("", "changed"))
    parts = [f"{count(result.changed)} {done}"]
    parts += [f"{count(len(result.skipped))} skipped"] if result.skipped else []
    parts += [f"{count(len(result.failed))} failed"] if result.failed else []
    parts += [f"{count(result.not_started)} not started"] if result.not_started else []
    return ", ".join(parts)


def outcome_lines(result: ActionResult) -> str:
    """The skipped and the failed, one a line with its reason."""
    listed = [f"{one.item}  skipped: {one.why}" for one in result.skipped]
    listed += [f"{one.item}  failed: {one.why}" for one in result.failed]
    more = len(listed) - OUTCOMES_SHOWN
    return "\n".join([*listed[:OUTCOMES_SHOWN], *([f"… and {count(more)} more"] if more > 0 else [])])


async def make_change(app: Dashboard, plan_it: Callable[[], Plan]) -> ActionResult | None:
    """Plan, ask, apply, tell. Runs inside a Textual worker; blocking calls go to threads.

    Args:
        app: the dashboard.
        plan_it: makes the plan; called on a thread.

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
    if plan.would_change == 0 or not plan.item_ids:
        reasons = "\n".join(f"{count(items)}  {what}" for what, items in plan.outcomes.items())
        app.push_screen(MessageModal("Nothing to change", lines=reasons))
        return None
    if not await app.push_screen_wait(Confirm(question_of(plan, app.place()[1]))):
        return None
    result = await _apply(app, plan)
    if result is None:
        return None
    app.action_refresh_now()
    words = outcome_words(result)
    if result.error is not None or result.failed or result.skipped or result.not_started:
        hint = result.error.message if result.error is not None else ""
        app.push_screen(MessageModal(words.capitalize(), hint, outcome_lines(result)))
    else:
        undo = "  U undoes it." if result.id else ""
        app.notify(f"{words.capitalize()}.{undo}", markup=False)
    return result


async def _apply(app: Dashboard, plan: Plan) -> ActionResult | None:
    workspace = app.workspace
    if workspace is None:
        return None
    verb, done_word = _WORDS.get(plan.action, (plan.action.capitalize(), "changed"))
    modal = ProgressModal(f"{verb} {count(plan.total)} items")
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

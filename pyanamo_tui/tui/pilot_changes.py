"""What the workers screen changes on AWS Batch: pilots submitted, after they were shown whole, and ended."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.changes import TYPED_ABOVE
from pyanamo_tui.tui.format import count, duration
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.form import FormModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.outcome import Outcome, OutcomeModal
from pyanamo_tui.tui.modals.prompt import Prompt
from pyanamo_tui.tui.pilot_text import some_pilots
from pyanamo_tui.tui.worker_forms import last_answers, pilots_form, submission

if TYPE_CHECKING:
    from pyanamo_tui.aws.batch import JobDefinition, Queue
    from pyanamo_tui.core.pilotplan import PilotPlan
    from pyanamo_tui.core.pilots import PilotJob
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.tui.app import Dashboard

REMEMBERED: Final = "pilots"
REASON: Final = "ended from the dashboard"
_NAMED: Final = 5
"""Jobs that a question names."""
_SETUP_HINT: Final = "An administrator makes one first: docs/engine.md says how."


def _choices(workspace: Workspace) -> tuple[list[Queue], list[JobDefinition]]:
    queues = [queue for queue in workspace.pilots.queues() if queue.enabled]
    return queues, workspace.pilots.definitions()


def submit_question(plan: PilotPlan, place: str) -> Question:
    """Everything that would be sent, and where."""
    facts = [
        ("Job", plan.name),
        ("Queue", plan.queue),
        ("Definition", plan.definition),
        ("Command", shlex.join(plan.command)),
        *(("Environment", f"{name}={value}") for name, value in plan.environment.items()),
        ("Attempts", "" if plan.attempts is None else str(plan.attempts)),
        ("Time limit", "" if plan.timeout is None else duration(plan.timeout)),
        ("Table", plan.table),
        ("Account", place),
    ]
    return Question(
        title=f"Submit {some_pilots(plan.pilots)}?",
        body="It costs what the queue's machines cost. It cannot be undone, only ended.",
        facts=[(label, value) for label, value in facts if value],
        confirm="Submit",
        typed=str(plan.pilots) if plan.pilots > TYPED_ABOVE else "",
        destructive=False,
    )


async def submit_pilots(app: Dashboard, workspace: Workspace) -> None:
    """Ask where, how many and how; show what would be sent; send it. Runs inside a Textual worker."""
    place = app.place()[1]
    try:
        queues, definitions = await asyncio.to_thread(_choices, workspace)
    except PyanamoError as error:
        app.tell(error)
        return
    if not queues or not definitions:
        lacking = "job queue that takes jobs" if not queues else "job definition"
        app.push_screen(MessageModal(f"AWS Batch has no {lacking} in {workspace.region}", _SETUP_HINT))
        return
    form = pilots_form(workspace.table, place, queues, definitions, last_answers(REMEMBERED))
    values = await app.push_screen_wait(FormModal(form))
    if values is None:
        return
    asked = submission(values)
    # What is in the environment may be a secret, and is not written down.
    app.remember_answers(REMEMBERED, {key: value for key, value in values.items() if key != "environment"})
    try:
        plan = await asyncio.to_thread(
            workspace.pilots.plan,
            asked.start.number,
            queue=asked.queue,
            definition=asked.definition,
            order=asked.start.order,
            environment=asked.environment,
            attempts=asked.attempts,
            timeout=asked.timeout,
        )
        if not await app.push_screen_wait(Confirm(submit_question(plan, place))):
            return
        submitted = await asyncio.to_thread(workspace.pilots.submit, plan)
    except PyanamoError as error:
        app.tell(error)
        return
    app.notify(f"Submitted {some_pilots(submitted.pilots)} as {submitted.name}.", markup=False)


def terminate_question(pilots: Sequence[PilotJob], table: str, place: str, reason: str) -> Question:
    """Which jobs, of how many pilots, where, and why."""
    number = sum(one.live for one in pilots)
    names = [(f"{one.job.name}, {one.job.state}, {some_pilots(one.pilots)}") for one in pilots]
    rest = len(names) - _NAMED
    listed = names[:_NAMED] + ([f"and {count(rest)} more"] if rest > 0 else [])
    which = "this job" if len(pilots) == 1 else f"{count(len(pilots))} jobs"
    return Question(
        title=f"End {which} of {some_pilots(number)} that run or wait?",
        body="Their engines give back within 30 seconds whatever they have in hand. It cannot be undone.",
        facts=[
            *((("" if place_in_list else "Job"), name) for place_in_list, name in enumerate(listed)),
            ("Queue", ", ".join(sorted({one.job.queue for one in pilots}))),
            ("Reason", reason),
            ("Table", table),
            ("Account", place),
        ],
        confirm="End job" if len(pilots) == 1 else "End jobs",
        typed=str(number) if number > TYPED_ABOVE else "",
    )


async def terminate_pilots(app: Dashboard, workspace: Workspace, chosen: Sequence[PilotJob]) -> None:
    """Ask why and whether, end these jobs, and say what came of it. Runs inside a Textual worker."""
    live = [one for one in chosen if not one.job.ended]
    if not live:
        if chosen:
            which = "This job has" if len(chosen) == 1 else "These jobs have"
            app.push_screen(MessageModal(f"{which} ended already", "A submits new pilots."))
        return
    reason = await app.push_screen_wait(Prompt("Why? AWS keeps the reason with the job.", value=REASON))
    if reason is None:
        return
    reason = reason.strip() or REASON
    question = terminate_question(live, workspace.table, app.place()[1], reason)
    if not await app.push_screen_wait(Confirm(question)):
        return
    try:
        outcomes = await asyncio.to_thread(workspace.pilots.terminate, [one.job.job_id for one in live], reason)
    except PyanamoError as error:
        app.tell(error)
        return
    left = [one for one in outcomes if not one.done]
    done = len(outcomes) - len(left)
    words = f"{count(done)} {'job' if done == 1 else 'jobs'} told to end"
    if left:
        failed = [(one.name or one.job_id, one.why) for one in left if one.failed]
        skipped = [(one.name or one.job_id, one.why) for one in left if not one.failed]
        await app.push_screen_wait(OutcomeModal(Outcome(words, "", failed, skipped), can_mark=False))
    else:
        app.notify(words + ".", markup=False)

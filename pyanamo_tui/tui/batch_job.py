"""The AWS Batch job of an item: looked up from its lock, told in a dialog, and ended after a question."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from pyanamo_tui.errors import PyanamoError, UsageError
from pyanamo_tui.tui.format import age, clock
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.workflow.model import ItemState

if TYPE_CHECKING:
    from pyanamo_tui.aws.batch import Job
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.tui.app import Dashboard
    from pyanamo_tui.workflow.model import ItemFacts

REASON = "ended from the dashboard, for item "
_NO_JOB_HINT = "Only items that an engine on AWS Batch has locked have a job."


def _find(workspace: Workspace, item_id: str) -> tuple[ItemFacts, str, Job | None]:
    """An item as it is now, the id of its Batch job, and what AWS knows of that job. Called on a thread.

    Raises:
        UsageError: its owner is no Batch job.
        PyanamoError: the item or the job could not be read.
    """
    from pyanamo_tui.core.locked import owner_of  # noqa: PLC0415 - the core's AWS part, not before the first frame

    facts = workspace.item(item_id).facts
    job_id = owner_of(facts.owner).job_id
    if job_id is None:
        who = f"it was locked by {facts.owner}" if facts.owner else "nobody has locked it yet"
        raise UsageError(f"{item_id} has no Batch job: {who}", _NO_JOB_HINT)
    return facts, job_id, workspace.pilots.job(job_id)


def job_lines(job: Job, now: float, facts: ItemFacts | None = None) -> str:
    """What is known of a job, label by label, and of the item it was asked for; what is not known is left out."""
    rows = [
        ("Job", job.job_id),
        ("Name", job.name),
        ("State", job.state),
        ("Reason", job.reason),
        ("Queue", job.queue),
        ("Definition", job.definition),
        ("Attempts", str(job.attempts) if job.attempts else ""),
        ("Exit code", "" if job.exit_code is None else str(job.exit_code)),
        ("Submitted", clock(job.created_at) if job.created_at else ""),
        ("Started", f"{clock(job.started_at)}, {age(now - job.started_at)} ago" if job.started_at else ""),
        ("Ended", clock(job.stopped_at) if job.stopped_at else ""),
        ("Log group", job.log_group),
        ("Log stream", job.log_stream),
        ("Item", "" if facts is None else f"{facts.item_id}, {facts.state}"),
    ]
    return "\n".join(f"{label:<10}  {value}" for label, value in rows if value)


async def show_job(app: Dashboard, workspace: Workspace, item_id: str) -> None:
    """Tell of the Batch job that an item was last locked by."""
    try:
        facts, job_id, job = await asyncio.to_thread(_find, workspace, item_id)
    except PyanamoError as error:
        app.tell(error)
        return
    if job is None:
        hint = "AWS forgets a job about a week after its end."
        app.push_screen(MessageModal(f"AWS Batch does not know job {job_id}", hint))
        return
    app.push_screen(MessageModal(f"Batch job of {item_id}", lines=job_lines(job, time.time(), facts)))


async def end_job(app: Dashboard, workspace: Workspace, item_id: str) -> None:
    """Ask, then end the Batch job that holds an item. Runs inside a Textual worker."""
    try:
        facts, job_id, job = await asyncio.to_thread(_find, workspace, item_id)
    except PyanamoError as error:
        app.tell(error)
        return
    if facts.state != ItemState.LOCKED:
        app.push_screen(MessageModal(f"{item_id} is not locked, but {facts.state}", "There is no job at work on it."))
        return
    if job is None or job.ended:
        told = f"AWS Batch does not know job {job_id}" if job is None else f"Job {job_id} has ended: {job.state}"
        app.push_screen(MessageModal(told, "R requeues the item."))
        return
    place = app.place()[1]
    question = Question(
        title="End this Batch job?",
        body="Its engine gives back whatever it has in hand, this item and any others. It cannot be undone.",
        facts=[
            ("Job", job_id),
            ("Name", job.name),
            ("State", f"{job.state}, queue {job.queue}"),
            ("Item", item_id),
            ("Table", workspace.table),
            ("Account", place),
        ],
        confirm="End job",
    )
    if not await app.push_screen_wait(Confirm(question)):
        return
    try:
        (ended,) = await asyncio.to_thread(workspace.pilots.terminate, [job_id], REASON + item_id)
    except PyanamoError as error:
        app.tell(error)
        return
    if ended.done:
        app.notify(f"Job {job_id} was told to end.", markup=False)
        app.action_refresh_now()
    else:
        app.push_screen(MessageModal(f"Job {job_id} was not ended", ended.why))

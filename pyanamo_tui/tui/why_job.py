"""What AWS Batch or the lock tells of whoever runs or ran an item; blocking, for a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyanamo_tui.core.locked import owner_of
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.why_text import JobTold
from pyanamo_tui.workflow.model import ItemState

if TYPE_CHECKING:
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.model import ItemFacts


def read_job(workspace: Workspace, facts: ItemFacts) -> JobTold | None:
    """Of a locked item the verdict on its lock; of another the end of its owner's Batch job; None where there is none.

    Args:
        workspace: the open table.
        facts: the item as it was read.
    """
    try:
        if facts.state == ItemState.LOCKED:
            return next(
                (JobTold(f"{held.verdict}: {held.evidence}") for held in workspace.locked.look([facts]).items), None
            )
        job_id = owner_of(facts.owner).job_id
        if job_id is None:
            return None
        job = workspace.batch.describe([job_id]).get(job_id)
    except PyanamoError as error:
        return JobTold(f"cannot be asked for: {error.message}")
    if job is None:
        return JobTold("AWS Batch knows this job no more")
    code = "" if job.exit_code is None else f"exit {job.exit_code}"
    return JobTold(" · ".join(part for part in (job.state, job.reason, code) if part))

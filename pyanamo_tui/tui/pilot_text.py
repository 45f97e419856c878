"""How pilot jobs on AWS Batch read on the screen: their columns, the words over the list, and one job in lines."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Final

from pyanamo_tui.core.pilots import PilotJob
from pyanamo_tui.tui.batch_job import job_lines
from pyanamo_tui.tui.columns import QUIET
from pyanamo_tui.tui.format import age, count
from pyanamo_tui.tui.widgets.table_columns import Cell, Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyanamo_tui.aws.batch import Job
    from pyanamo_tui.core.workspace import Workspace

_SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "SUBMITTED": ("·", ""),
    "PENDING": ("·", ""),
    "RUNNABLE": ("·", ""),
    "STARTING": ("◌", "state--other"),
    "RUNNING": ("▶", "state--locked"),
    "SUCCEEDED": ("✓", "state--done"),
    "FAILED": ("✗", "state--failed"),
}
"""A sign and a colour for each of AWS's words for how a job stands."""


def _short(name: str) -> str:
    """The end of a job's name, which holds when it was submitted: the jobs of one table begin the same."""
    return f"…{name[-15:]}" if len(name) > 16 else name  # noqa: PLR2004 - the column's width


def _state(pilot: PilotJob) -> Cell:
    sign, style = _SIGNS.get(pilot.job.state, ("?", ""))
    return Cell(f"{sign} {pilot.job.state}", style)


def states_words(by_state: Mapping[str, int]) -> str:
    """`2 RUNNABLE, 18 RUNNING`."""
    return ", ".join(f"{count(number)} {state}" for state, number in by_state.items())


def _age(pilot: PilotJob) -> Cell:
    at = pilot.job.created_at
    return Cell("" if at is None else age(time.time() - at), QUIET)


_C = Column[PilotJob]
NAME: Final = _C("name", "JOB", 34, lambda p: Cell(p.job.name), flexible=True, least=20, cut_middle=True)
SHORT_NAME: Final = _C("name", "JOB", 16, lambda p: Cell(_short(p.job.name)))
STATE: Final = _C("state", "STATE", 11, _state)
PILOTS: Final = _C("pilots", "PILOTS", 6, lambda p: Cell(count(p.pilots)), right=True)
BY_STATE: Final = _C("by_state", "OF THEM", 22, lambda p: Cell(states_words(p.by_state)), flexible=True)
AGE: Final = _C("age", "AGE", 6, _age, right=True)
QUEUE: Final = _C("queue", "QUEUE", 14, lambda p: Cell(p.job.queue, QUIET), flexible=True, grows=False)
DEFINITION: Final = _C("definition", "DEFINITION", 16, lambda p: Cell(p.job.definition, QUIET), flexible=True)
REASON: Final = _C("reason", "REASON", 16, lambda p: Cell(p.job.reason, QUIET), flexible=True)
NARROW: Final = (SHORT_NAME, STATE, PILOTS, BY_STATE, AGE)
WIDE: Final = (NAME, STATE, PILOTS, BY_STATE, AGE, QUEUE, DEFINITION, REASON)


def some_pilots(number: int) -> str:
    """So many pilots, in words."""
    return f"{count(number)} {'pilot' if number == 1 else 'pilots'}"


def title_words(pilots: Sequence[PilotJob], read_at: float | None, problem: str) -> str:
    """Over the list: how many run or wait, how old that is, and why it is not newer."""
    title = "AWS Batch"
    if pilots:
        title += f": {some_pilots(sum(one.live for one in pilots))} run or wait"
    if read_at is not None:
        title += f" · {age(time.time() - read_at)} ago"
    return f"{title} · {problem}" if problem and pilots else title


def children_lines(children: Sequence[Job]) -> list[str]:
    """The pilots of an array job, one a line: index, state, exit code, log stream, reason."""
    if not children:
        return []
    lines = ["", f"{'PILOT':>6}  {'STATE':<10}  {'EXIT':>4}  REASON, LOG STREAM"]
    for child in children:
        code = "" if child.exit_code is None else str(child.exit_code)
        rest = " · ".join(part for part in (child.reason, child.log_stream) if part)
        lines.append(f"{child.job_id.rpartition(':')[2]:>6}  {child.state:<10}  {code:>4}  {rest}".rstrip())
    return lines


def pilot_lines(pilot: PilotJob) -> list[str]:
    """One job, label by label, how its pilots stand, and what each of them runs."""
    command = f"{'Command':<10}  {shlex.join(pilot.job.command)}"
    states = f"{'Pilots':<10}  {count(pilot.pilots)}: {states_words(pilot.by_state)}"
    return [states, *job_lines(pilot.job, time.time()).split("\n"), *([command] if pilot.job.command else [])]


def job_and_pilots(workspace: Workspace, pilot: PilotJob) -> list[str]:
    """A job as AWS knows it now, and the pilots of an array one by one. Called on a thread.

    Raises:
        PyanamoError: AWS Batch could not be asked.
    """
    job = workspace.pilots.job(pilot.job.job_id)
    if job is None:
        return ["AWS Batch does not know this job any more: it forgets a job about a week after its end."]
    children = workspace.pilots.children(job.job_id) if job.array_size else ()
    return [*pilot_lines(PilotJob(job)), *children_lines(children)]

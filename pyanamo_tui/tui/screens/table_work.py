"""Works on whole tables, each in a thread of its own, told on the table's row, with waiting that can be given up."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from pyanamo_tui.errors import Interrupted, PyanamoError
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.screens.base import DashboardScreen

if TYPE_CHECKING:
    from pyanamo_tui.aws.tables import TableInfo

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a work: a sentence, and lines to be read where there are some."""

    words: str
    lines: tuple[str, ...] = ()


@dataclass(slots=True)
class Job:
    """A work under way on one table."""

    name: str
    words: str
    stop: threading.Event
    steps: bool


@dataclass
class JobTold(Message):
    """How far a work is."""

    job: Job
    words: str


@dataclass
class JobEnded(Message):
    """What came of a work."""

    job: Job
    outcome: Outcome | None
    error: PyanamoError | None


class TableWorkScreen(DashboardScreen):
    """A screen that has at most one work under way on each table. AWS goes on with what it began, whoever waits."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Job] = {}

    @abstractmethod
    def job_changed(self, name: str) -> None:
        """A table's work began, came on or ended; after its end AWS has something new to tell of the table."""

    @property
    def busy(self) -> str:
        """Works that another place would break off."""
        names = ", ".join(sorted(job.name for job in self.jobs.values() if job.steps))
        return (
            f"{names} is being changed in several steps, which goes on only while this place is open." if names else ""
        )

    def start(self, name: str, words: str, do: Callable[[Told], Outcome], *, steps: bool = False) -> None:
        """Do something to a table in the background.

        Args:
            name: of the table.
            words: what is done, as in "being created".
            do: does it; tells how far it is, and ends by Interrupted from there when it is not waited for any more.
            steps: it sends AWS one request after another, so that leaving this place would break it off.
        """
        if name in self.jobs:
            self.dashboard.notify(f"{name} is {self.jobs[name].words}: wait for that first.", markup=False)
            return
        job = self.jobs[name] = Job(name, words, threading.Event(), steps)
        self._do(job, do)
        self.job_changed(name)

    @work(thread=True, group="table-work", exit_on_error=False, description="work on a table")
    def _do(self, job: Job, do: Callable[[Told], Outcome]) -> None:
        def told(words: str) -> None:
            if job.stop.is_set():
                raise Interrupted(
                    f"{job.name} is not waited for any more", "AWS goes on with what it has begun: r looks again."
                )
            self.post_message(JobTold(job, words))

        try:
            ended = JobEnded(job, do(told), None)
        except PyanamoError as error:
            ended = JobEnded(job, None, error)
        self.post_message(ended)

    @on(JobTold)
    def _told(self, message: JobTold) -> None:
        message.job.words = message.words
        self.job_changed(message.job.name)

    @on(JobEnded)
    def _ended(self, message: JobEnded) -> None:
        job, outcome = message.job, message.outcome
        self.jobs.pop(job.name, None)
        self.job_changed(job.name)
        if message.error is not None:
            self.dashboard.tell(message.error)
        elif outcome is not None and outcome.lines:
            self.app.push_screen(MessageModal(outcome.words, lines="\n".join(outcome.lines)))
        elif outcome is not None and outcome.words:
            self.dashboard.notify(outcome.words, markup=False)

    def stop_waiting(self, name: str) -> None:
        """Wait no more for a table's work; a work of several steps begins no further one."""
        job = self.jobs.get(name)
        if job is not None:
            job.stop.set()
            job.words = "stopping …"
            self.job_changed(name)

    def on_unmount(self) -> None:
        """Nobody is there to be told: no thread waits on."""
        for job in self.jobs.values():
            job.stop.set()


def looking(told: Told, words: str) -> Callable[[TableInfo], None]:
    """A description of a table while AWS works on it, as words."""

    def look(info: TableInfo) -> None:
        waiting = [index.name for index in info.indexes if index.status != "ACTIVE"]
        told(f"{words}: {len(waiting)} of {len(info.indexes)} indexes to go" if waiting else words)

    return look

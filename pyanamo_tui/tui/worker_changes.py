"""What the workers screen changes on this host: engines started, scaled, drained, stopped, killed, cleared away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyanamo_tui.core.workers import WorkerStage
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.changes import TYPED_ABOVE
from pyanamo_tui.tui.format import count, duration
from pyanamo_tui.tui.modals.confirm import Confirm, Question
from pyanamo_tui.tui.modals.form import FormModal
from pyanamo_tui.tui.modals.message import MessageModal
from pyanamo_tui.tui.modals.outcome import Outcome, OutcomeModal
from pyanamo_tui.tui.worker_forms import last_answers, order_of, workers_form, workers_start
from pyanamo_tui.tui.worker_text import some_items

if TYPE_CHECKING:
    from pyanamo_tui.core.workers import LocalWorker, LocalWorkers, WorkerOutcome
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.tui.app import Dashboard

REMEMBERED: Final = "workers"
"""Under this name the answers of the form are kept for the next time."""
_LEASE: Final = "5 min after it was renewed, unless another lease was asked for"
_NAMED: Final = 5
"""Processes that a question names."""
_LEAVING: Final = frozenset({WorkerStage.DRAINING, WorkerStage.STOPPING})
"""Those that claim no more items, which scaling does not count."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A way to end workers: its word, what comes of it, and what is said of those it was done to."""

    verb: str
    body: str
    done: str
    do: Callable[[LocalWorkers, Sequence[str]], Sequence[WorkerOutcome]]
    destructive: bool = False


DRAIN: Final = Ending(
    "Drain",
    "They finish the items that they have in hand, claim no more, and end.",
    "told to drain",
    lambda workers, ids: workers.drain(ids),
)
STOP: Final = Ending(
    "Stop",
    "They finish what ends within seconds, give back the rest of their items to wait again, and end.",
    "told to stop",
    lambda workers, ids: workers.stop(ids),
)
KILL: Final = Ending("Kill", "", "killed", lambda workers, ids: workers.kill(ids), destructive=True)


def some_workers(number: int) -> str:
    """So many workers, in words."""
    return f"{count(number)} {'worker' if number == 1 else 'workers'}"


def _where(app: Dashboard, workspace: Workspace) -> list[tuple[str, str]]:
    return [("Table", workspace.table), ("Account", app.place()[1])]


# -- more -------------------------------------------------------------------------------------------


async def add_workers(app: Dashboard, workspace: Workspace) -> None:
    """Ask how many and how, and start them. Runs inside a Textual worker."""
    form = workers_form(workspace.table, app.place()[1], last_answers(REMEMBERED))
    values = await app.push_screen_wait(FormModal(form))
    if values is None:
        return
    asked = workers_start(values)
    app.remember_answers(REMEMBERED, values)
    app.notify(f"Starting {some_workers(asked.number)} …", markup=False)
    try:
        started = await asyncio.to_thread(workspace.workers.start, asked.number, asked.order)
    except PyanamoError as error:
        app.tell(error)
        return
    _tell_started(app, started)


def _tell_started(app: Dashboard, started: Sequence[LocalWorker]) -> None:
    """Say how many run, and of those that ended at once, why."""
    ended = [(worker.id, worker.error) for worker in started if not worker.alive and worker.error]
    words = f"Started {some_workers(len(started) - len(ended))}"
    if ended:
        app.push_screen(OutcomeModal(Outcome(words, failed=ended), can_mark=False))
    else:
        app.notify(words + ".", markup=False)


async def scale_workers(app: Dashboard, workspace: Workspace, known: Sequence[LocalWorker], step: int) -> None:
    """Ask, then have one worker more, or one fewer, by draining the one with the least to lose."""
    now = sum(worker.here and worker.alive and worker.stage not in _LEAVING for worker in known)
    to = now + step
    if to < 0:
        app.push_screen(MessageModal("No worker of this table claims items here", "A and + start some."))
        return
    order = order_of(last_answers(REMEMBERED))
    if step > 0:
        how = f"{order.items_at_once} items at once, {order.tasks_at_once} tasks at once, idle: {order.idle}"
        body, facts = "One more is started, as by A the last time.", [("Works", how)]
    else:
        body, facts = "The one with the least to lose finishes what it has in hand, claims no more, and ends.", []
    question = Question(
        title=f"Scale from {count(now)} to {some_workers(to)}?",
        body=body,
        facts=[*facts, *_where(app, workspace)],
        confirm="Scale",
        destructive=False,
    )
    if not await app.push_screen_wait(Confirm(question)):
        return
    try:
        scaled = await asyncio.to_thread(workspace.workers.scale, to, order)
    except PyanamoError as error:
        app.tell(error)
        return
    told = [f"{some_workers(len(scaled.started))} started"] if scaled.started else []
    told += [f"{some_workers(len(scaled.draining))} told to drain"] if scaled.draining else []
    app.notify((", ".join(told) or f"There are {count(to)} already").capitalize() + ".", markup=False)


# -- fewer ------------------------------------------------------------------------------------------


def _what_kill_loses(app: Dashboard, workers: Sequence[LocalWorker]) -> str:
    """What becomes of the items that killed workers have in hand, and after how long."""
    held = {running.item for worker in workers for running in worker.running}
    if not held:
        return "They end at once. None of them has an item in hand, so nothing is lost."
    items = {} if app.snapshot is None else app.snapshot.items
    leases = [items[item].lease_until for item in held if item in items]
    known = [lease - time.time() for lease in leases if lease is not None]
    when = f"in {duration(max(known))} at the most" if len(known) == len(held) and max(known) > 0 else _LEASE
    which = "The item in hand stays" if len(held) == 1 else f"The {count(len(held))} items in hand stay"
    return (
        f"They end at once and give nothing back. {which} locked until the lease runs out, {when}. "
        f"Then any engine claims {'it' if len(held) == 1 else 'them'} again, from the start."
    )


async def end_workers(app: Dashboard, workspace: Workspace, chosen: Sequence[LocalWorker], how: Ending) -> None:
    """Ask, end these in that way, and say what came of it. Runs inside a Textual worker."""
    mine = [worker for worker in chosen if worker.here]
    if chosen and not mine:
        hint = f"Open that table to change it: {', '.join(sorted({worker.table for worker in chosen}))}"
        app.push_screen(MessageModal("This worker works for another table", hint))
        return
    live = [worker for worker in mine if worker.alive]
    if not live:
        if mine:
            app.push_screen(MessageModal("None of these workers runs any more", "D clears away what is left of them."))
        return
    held, words = some_items(live)
    pids = ", ".join(str(worker.pid) for worker in live[:_NAMED] if worker.pid is not None)
    question = Question(
        title=f"{how.verb} {some_workers(len(live))}?",
        body=how.body or _what_kill_loses(app, live),
        facts=[
            ("Processes", pids + (" …" if len(live) > _NAMED else "")),
            ("In hand", f"{count(held)}: {words}" if held else "nothing"),
            *_where(app, workspace),
        ],
        confirm=how.verb,
        typed=str(len(live)) if len(live) > TYPED_ABOVE else "",
        destructive=how.destructive,
    )
    if not await app.push_screen_wait(Confirm(question)):
        return
    try:
        outcomes = await asyncio.to_thread(how.do, workspace.workers, [worker.id for worker in live])
    except PyanamoError as error:
        app.tell(error)
        return
    not_done = [(one.id, one.why) for one in outcomes if not one.ok]
    words = f"{some_workers(len(outcomes) - len(not_done))} {how.done}"
    if not_done:
        await app.push_screen_wait(OutcomeModal(Outcome(words, failed=not_done), can_mark=False))
    else:
        app.notify(words + ".", markup=False)


async def forget_workers(app: Dashboard, workspace: Workspace, chosen: Sequence[LocalWorker]) -> None:
    """Ask, then remove the state and log files of workers that have ended."""
    ended = [worker for worker in chosen if worker.here and not worker.alive]
    if not ended:
        if chosen:
            app.push_screen(MessageModal("Only workers that have ended are cleared away", "F, S and K end them."))
        return
    question = Question(
        title=f"Clear away {some_workers(len(ended))}?",
        body="Their own logs and what is known of them on this host are deleted. Items and the logs of items stay.",
        facts=_where(app, workspace),
        confirm="Clear away",
        typed=str(len(ended)) if len(ended) > TYPED_ABOVE else "",
    )
    if not await app.push_screen_wait(Confirm(question)):
        return
    try:
        gone = await asyncio.to_thread(workspace.workers.forget, [worker.id for worker in ended])
    except PyanamoError as error:
        app.tell(error)
        return
    app.notify(f"{some_workers(gone)} cleared away.", markup=False)

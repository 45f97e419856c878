"""How local workers read on the screen: their columns, and the words over the list and over a log."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from pyanamo_tui.core.workers import LocalWorker, WorkerStage
from pyanamo_tui.tui.columns import QUIET
from pyanamo_tui.tui.format import age, count, middle, size
from pyanamo_tui.tui.widgets.table_columns import Cell, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyanamo_tui.core.workers import RunningItem

STAGE_SIGNS: Final[Mapping[WorkerStage, str]] = {
    WorkerStage.STARTING: "◌",
    WorkerStage.WORKING: "▶",
    WorkerStage.WAITING: "·",
    WorkerStage.DRAINING: "▽",
    WorkerStage.STOPPING: "■",
    WorkerStage.ENDED: "✓",
    WorkerStage.KILLED: "✗",
    WorkerStage.UNREADABLE: "?",
}
"""A sign for each, so that none is told by its colour alone."""
STAGE_STYLES: Final[Mapping[WorkerStage, str]] = {
    WorkerStage.STARTING: "state--other",
    WorkerStage.WORKING: "state--done",
    WorkerStage.WAITING: "state--todo",
    WorkerStage.DRAINING: "state--locked",
    WorkerStage.STOPPING: "state--locked",
    WorkerStage.ENDED: QUIET,
    WorkerStage.KILLED: "state--failed",
    WorkerStage.UNREADABLE: "state--failed",
}
_IN_TITLE: Final[Mapping[WorkerStage, str]] = {
    WorkerStage.WORKING: "working",
    WorkerStage.WAITING: "waiting",
    WorkerStage.STARTING: "starting",
    WorkerStage.DRAINING: "ending",
    WorkerStage.STOPPING: "ending",
    WorkerStage.ENDED: "ended",
    WorkerStage.KILLED: "killed",
    WorkerStage.UNREADABLE: "unreadable",
}
"""How the title counts them, in this order."""
LATE_SECONDS: Final = 30.0
"""A worker that runs says what it does every two seconds: one silent for longer hangs, or its disk does."""
_NOTHING: Final = "–"
_NAMED: Final = 3
_NAME_WIDTH: Final = 40
"""Items that a question names, and the cells that an id may take there."""


def _quiet(worker: LocalWorker, style: str = "") -> str:
    """What works for another table is dimmed."""
    return style if worker.here else QUIET


def _stage(worker: LocalWorker) -> Cell:
    stage = worker.stage
    return Cell(f"{STAGE_SIGNS[stage]} {stage.value}", _quiet(worker, STAGE_STYLES[stage]))


def _number(worker: LocalWorker, number: int, style: str = "") -> Cell:
    return Cell(count(number) if number else _NOTHING, _quiet(worker, style) if number else QUIET)


def _percent(worker: LocalWorker) -> Cell:
    return Cell(_NOTHING if worker.cpu_percent is None else f"{worker.cpu_percent:.0f}%", _quiet(worker))


def _memory(worker: LocalWorker) -> Cell:
    return Cell(_NOTHING if worker.memory_bytes is None else size(worker.memory_bytes), _quiet(worker))


def _news(worker: LocalWorker) -> Cell:
    silent = time.time() - worker.updated_at
    return Cell(age(silent), "state--wall" if worker.alive and silent > LATE_SECONDS else QUIET)


def item_words(running: RunningItem) -> str:
    """One item in hand, its step, and the nested tasks that run of it."""
    words = f"{running.item} · {running.step}" if running.step else running.item
    if not running.tasks:
        return words
    return f"{words} · {running.tasks[0] if len(running.tasks) == 1 else f'{len(running.tasks)} tasks'}"


def now_words(worker: LocalWorker) -> str:
    """What a worker does now: its items; of one that ended badly, why."""
    if worker.error:
        return worker.error
    return ", ".join(map(item_words, worker.running))


def _now(worker: LocalWorker) -> Cell:
    return Cell(now_words(worker), _quiet(worker, "state--failed" if worker.error else ""))


_C = Column[LocalWorker]
STAGE: Final = _C("stage", "STAGE", 12, _stage, flexible=True, least=10, grows=False)
PID: Final = _C("pid", "PID", 7, lambda w: Cell(_NOTHING if w.pid is None else str(w.pid), QUIET), right=True)
DONE: Final = _C("done", "DONE", 6, lambda w: _number(w, w.done), right=True)
FAILED: Final = _C("failed", "FAILED", 6, lambda w: _number(w, w.failed, "state--failed"), right=True)
CPU: Final = _C("cpu", "CPU", 5, _percent, right=True)
MEMORY: Final = _C("memory", "MEMORY", 7, _memory, right=True)
AGE: Final = _C("age", "AGE", 6, lambda w: Cell(age(time.time() - w.started_at), QUIET), right=True)
NEWS: Final = _C("news", "NEWS", 6, _news, right=True)
AT_ONCE: Final = _C(
    "at_once", "AT ONCE", 7, lambda w: Cell(f"{w.items_at_once} × {w.tasks_at_once}", QUIET), right=True
)
NOW: Final = _C("now", "NOW", 14, _now, flexible=True)
TABLE: Final = _C("table", "TABLE", 12, lambda w: Cell(w.table, QUIET), flexible=True, grows=False, cut_middle=True)
_NARROW: Final = (STAGE, PID, DONE, FAILED, CPU, MEMORY, AGE, NOW)
_NARROW_ELSEWHERE: Final = (STAGE, PID, TABLE, DONE, FAILED, AGE, NOW)
_WIDE: Final = (STAGE, PID, DONE, FAILED, AT_ONCE, CPU, MEMORY, AGE, NEWS, NOW)
_WIDE_ELSEWHERE: Final = (STAGE, PID, TABLE, *_WIDE[2:])


def columns(*, wide: bool, everywhere: bool) -> tuple[Column[LocalWorker], ...]:
    """The columns for a wide or a narrow screen; with the table where those of other tables are shown too."""
    if everywhere:
        return _WIDE_ELSEWHERE if wide else _NARROW_ELSEWHERE
    return _WIDE if wide else _NARROW


def in_order(workers: Iterable[LocalWorker]) -> list[LocalWorker]:
    """Those of this table first, those that live before those that ended, the newest first."""
    return sorted(workers, key=lambda worker: (not worker.here, not worker.alive, -worker.started_at, worker.id))


def title_words(workers: Iterable[LocalWorker], *, everywhere: bool) -> str:
    """`Local workers: 3 working, 1 waiting · 2 of other tables: a shows them`."""
    mine: Counter[str] = Counter()
    others = 0
    for worker in workers:
        if worker.here:
            mine[_IN_TITLE[worker.stage]] += 1
        else:
            others += 1
    told = ", ".join(f"{count(mine[word])} {word}" for word in dict.fromkeys(_IN_TITLE.values()) if mine[word])
    title = f"Local workers: {told}" if told else "Local workers"
    if others:
        title += f" · {count(others)} of other tables" + ("" if everywhere else ": a shows them")
    return title


def log_title(worker: LocalWorker) -> str:
    """Over a worker's log: whose, what it does now, and how old its last news is."""
    name = f"process {worker.pid}" if worker.pid is not None else worker.id
    if not worker.alive:
        return f"Log of {name} · {worker.error or worker.stage.value}"
    news = f"last news {age(time.time() - worker.updated_at)} ago"
    return " · ".join(part for part in (f"Log of {name}", news, now_words(worker)) if part)


def some_items(workers: Iterable[LocalWorker]) -> tuple[int, str]:
    """How many items these have in hand, and the first of them with their steps."""
    held = [running for worker in workers for running in worker.running]
    named = [f"{middle(one.item, _NAME_WIDTH)} · {one.step}" if one.step else one.item for one in held[:_NAMED]]
    return len(held), ", ".join(named) + (f", and {count(len(held) - _NAMED)} more" if len(held) > _NAMED else "")


def lines_of(text: str) -> list[str]:
    """The lines of a log's text."""
    lines = text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines

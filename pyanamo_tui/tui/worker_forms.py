"""The forms that start engines, on this host or on AWS Batch: their fields, rules, and typed answers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyanamo_tui.core.engineorder import IDLE, EngineOrder
from pyanamo_tui.settings import remembered
from pyanamo_tui.tui.modals.form import Form, Line, OneOf, Values
from pyanamo_tui.workflow.filterfields import read_duration

if TYPE_CHECKING:
    from pyanamo_tui.aws.batch import JobDefinition, Queue

MOST_WORKERS: Final = 100
"""Engines that one form starts on one host."""
_MOST_PILOTS: Final = 10_000
_MOST_ATTEMPTS: Final = 10
_LEAST_TIMEOUT: Final = 60
"""AWS: "Array jobs", "RetryStrategy", "JobTimeout"."""
_MOST_AT_ONCE: Final = 1_000
_DIGITS: Final = r"[0-9]*"
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_EXIT, _WAIT = IDLE
_IDLE: Final = ((_EXIT, "exit: end when nothing is left to do"), (_WAIT, "wait: stay, for items that come later"))
_SECONDS_EXAMPLE: Final = "none; 12h, 90m or seconds"


@dataclass(frozen=True, slots=True)
class Start:
    """So many engines, and how they work."""

    number: int
    order: EngineOrder


@dataclass(frozen=True, slots=True)
class Submission:
    """Pilots to submit. `attempts` and `timeout` (seconds): None leaves what the job definition says."""

    start: Start
    queue: str
    definition: str
    environment: Mapping[str, str]
    attempts: int | None
    timeout: int | None


def _number_problem(what: str, written: str, most: int) -> str:
    if not _WHOLE.fullmatch(written) or not 1 <= int(written) <= most:
        return f"{what}: a whole number from 1 to {most:,}."
    return ""


def _seconds(written: str) -> float | None:
    """Seconds, of a number of them or of `90m`, `12h`; None of nothing.

    Raises:
        ValueError: it is neither.
    """
    if not written:
        return None
    return float(written) if _WHOLE.fullmatch(written) else read_duration(written)


def _seconds_problem(what: str, written: str, least: float) -> str:
    try:
        seconds = _seconds(written)
    except ValueError:
        return f"{what}: seconds, or 90m, 12h, 2d; empty for none."
    return f"{what}: {least:g} s or more." if seconds is not None and seconds < least else ""


def _engine_problem(values: Values) -> str:
    return (
        _number_problem("Items at once", values["items"], _MOST_AT_ONCE)
        or _number_problem("Tasks at once", values["tasks"], _MOST_AT_ONCE)
        or _seconds_problem("Wall time", values["wall"], 1)
    )


def _start(values: Values) -> Start:
    order = EngineOrder(
        items_at_once=int(values["items"]),
        tasks_at_once=int(values["tasks"]),
        wall_time=_seconds(values["wall"]),
        idle=values["idle"],
    )
    return Start(int(values["number"]), order)


def _one_of(last: Mapping[str, str], key: str, known: Sequence[str]) -> str:
    """What was chosen last if it can be chosen now, else the first."""
    chosen = last.get(key, "")
    return chosen if chosen in known else known[0]


def _engine_fields(last: Mapping[str, str]) -> tuple[Line, Line, OneOf, Line]:
    return (
        Line("items", "Items at once", last.get("items", "1"), restrict=_DIGITS),
        Line("tasks", "Tasks at once", last.get("tasks", "1"), restrict=_DIGITS),
        OneOf("idle", "When idle", _IDLE, _one_of(last, "idle", IDLE)),
        Line("wall", "Wall time", last.get("wall", ""), _SECONDS_EXAMPLE),
    )


def last_answers(name: str) -> Mapping[str, str]:
    """What a form was answered the last time; empty where it never was."""
    found = remembered().get(name)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


# -- on this host -----------------------------------------------------------------------------------


def _workers_problem(values: Values) -> str:
    return _number_problem("How many", values["number"], MOST_WORKERS) or _engine_problem(values)


def workers_form(table: str, place: str, last: Mapping[str, str]) -> Form:
    """Ask how many engines to start on this host, and how they work; `last`: what was answered last."""
    fields = (Line("number", "How many", last.get("number", "1"), restrict=_DIGITS), *_engine_fields(last))
    body = f"{table} · {place}\nThey run on this host, and go on when this screen or the connection closes."
    return Form("Start workers on this host", fields, _workers_problem, body, "Start")


def workers_start(values: Values) -> Start:
    """A checked form, typed."""
    return _start(values)


def order_of(last: Mapping[str, str]) -> EngineOrder:
    """How workers were started last; as engines work by themselves where that is not known or cannot be used."""
    fields = workers_form("", "", last).fields
    values = {one.key: one.value for one in fields}
    return EngineOrder() if _engine_problem(values) else _start({**values, "number": "1"}).order


# -- on AWS Batch -----------------------------------------------------------------------------------


def _variables(written: str) -> dict[str, str]:
    """NAME=VALUE words, quoted as in a shell.

    Raises:
        ValueError: a quote is left open, or a word is no NAME=VALUE.
    """
    found: dict[str, str] = {}
    for word in shlex.split(written):
        name, sign, value = word.partition("=")
        if not sign or not name.isidentifier() or not name.isascii() or name.startswith("AWS_BATCH"):
            raise ValueError(word)
        found[name] = value
    return found


def _variables_problem(written: str) -> str:
    try:
        _variables(written)
    except ValueError:
        return "Environment: NAME=VALUE, several with spaces between them."
    return ""


def _pilots_problem(values: Values) -> str:
    return (
        _number_problem("How many", values["number"], _MOST_PILOTS)
        or _engine_problem(values)
        or _seconds_problem("Time limit", values["timeout"], _LEAST_TIMEOUT)
        or (_number_problem("Attempts", values["attempts"], _MOST_ATTEMPTS) if values["attempts"] else "")
        or _variables_problem(values["environment"])
    )


def pilots_form(
    table: str, place: str, queues: Sequence[Queue], definitions: Sequence[JobDefinition], last: Mapping[str, str]
) -> Form:
    """Ask where on AWS Batch, how many and how. `queues`: those that take jobs; neither list is empty."""
    named = [(one.name, f"{one.name}  priority {one.priority}") for one in queues]
    kinds = [(one.name, f"{one.name}:{one.revision}  {one.image}") for one in definitions]
    fields = (
        Line("number", "How many", last.get("number", "1"), restrict=_DIGITS),
        OneOf("queue", "Queue", named, _one_of(last, "queue", [name for name, _ in named])),
        OneOf("definition", "Job definition", kinds, _one_of(last, "definition", [name for name, _ in kinds])),
        *_engine_fields(last),
        Line("timeout", "Time limit", last.get("timeout", ""), "as the definition says; 24h"),
        Line("attempts", "Attempts", last.get("attempts", ""), "as the definition says; 1 to 10", restrict=_DIGITS),
        Line("environment", "Environment", "", "SCRATCH=/scratch THREADS=4"),
    )
    return Form("Submit pilots to AWS Batch", fields, _pilots_problem, f"{table} · {place}", "Look at it")


def submission(values: Values) -> Submission:
    """A checked form, typed."""
    timeout = _seconds(values["timeout"])
    return Submission(
        _start(values),
        queue=values["queue"],
        definition=values["definition"],
        environment=_variables(values["environment"]),
        attempts=int(values["attempts"]) if values["attempts"] else None,
        timeout=None if timeout is None else int(timeout),
    )

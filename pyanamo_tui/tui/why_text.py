"""Why one item is as it is, in words: how it ended, what it wrote last, its attempts, its host and job, what to try.

Pure: styled text out of what was read. Nothing of the item is markup.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from pyanamo_tui.tui.format import clock, count
from pyanamo_tui.workflow.endings import advice, ending_of, explain
from pyanamo_tui.workflow.failures import item_failure
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.telling import last_lines, telling_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyanamo_tui.workflow.failures import ItemFailure, TaskFailure
    from pyanamo_tui.workflow.model import EarlierLog, Item, ItemFacts, LogEntry

PANEL_LINES: Final = 8
"""Last lines of stderr that the panel shows; the log viewer has the rest."""
REPORT_LINES: Final = 20
_OTHERS_SHOWN: Final = 6
_LABEL: Final = 10
_WIDTH: Final = 72


@dataclass(frozen=True, slots=True)
class JobTold:
    """What AWS Batch, or the lock, tells of whoever ran the item: a line, or why there is none."""

    line: str = ""
    """`FAILED · Host EC2 (instance i-0abc) terminated. · exit 137`"""


def panel_text(item: Item, job: JobTold | None = None) -> Text:
    """The reasons of one item in few lines, the evidence first."""
    failure = item_failure(item)
    text = Text()
    if failure is None:
        _not_failed(text, item)
    else:
        sample = failure.sample
        _title(text, item.item_id, sample.task, failure.signature)
        _evidence(text, sample, PANEL_LINES)
        text.append(_meaning(failure, sample) + "\n")
        _about(text, item, failure)
    _job(text, job)
    _history(text, _log_of(item, failure, None))
    text.rstrip()
    return text


def report_text(item: Item, task: str | None = None, job: JobTold | None = None, width: int = _WIDTH) -> Text:
    """Everything that tells why, the answer first; of one nested task where it is named and failed.

    `width` is the cells that long words are folded at.
    """
    failure = item_failure(item)
    text = Text()
    if failure is None:
        _not_failed(text, item)
    else:
        sample = next((one for one in failure.tasks if one.task == task), failure.sample)
        signature = failure.signature if sample is failure.sample else sample.signature
        _title(text, item.item_id, sample.task, signature)
        meaning = explain(sample.exit_code if sample.exit_code is not None else failure.exit_code)
        _labelled(text, "how", f"{meaning}.", width)
        _labelled(text, "try", advice(signature, sample.exit_code, "\n".join(sample.lines)), width)
        _others(text, failure, sample)
        text.append("\n")
        _evidence(text, sample, REPORT_LINES)
        text.append("\n")
    _facts(text, item.facts)
    _job(text, job, width)
    _history(text, _log_of(item, failure, task))
    text.rstrip()
    return text


def first_words(facts: ItemFacts, width: int = _WIDTH) -> Text:
    """What is known of an item before it is read."""
    text = Text()
    _title(text, facts.item_id, None, facts.signature or facts.state)
    if facts.exit_code is not None:
        _labelled(text, "how", f"{explain(facts.exit_code)}.", width)
    if facts.signature:
        _labelled(text, "try", advice(facts.signature, facts.exit_code), width)
    _facts(text, facts)
    text.append("\nReading the item …", "dim")
    return text


def _title(text: Text, item_id: str, task: str | None, what: str) -> None:
    where = f" · {task}" if task else ""
    text.append(printable(f"{item_id}{where}"), "bold")
    text.append(f"   {printable(what)}\n", "bold red")


def _labelled(text: Text, label: str, value: str, width: int = _WIDTH) -> None:
    """A label and its value, folded under itself."""
    for line in textwrap.wrap(printable(value), max(_LABEL, width - _LABEL), break_on_hyphens=False):
        text.append(f"{label:<{_LABEL}}", "dim")
        text.append(line + "\n")
        label = ""


def _not_failed(text: Text, item: Item) -> None:
    facts = item.facts
    text.append(f"{printable(item.item_id)} has not failed; it is {printable(facts.state) or 'without a state'}.\n")
    if facts.debris:
        text.append(f"Something is wrong with it: {printable('; '.join(facts.debris))}.\n", "bold magenta")
    if item.live_tail and facts.state == ItemState.LOCKED:
        text.append("It runs; its last lines:\n", "dim")
        for line in item.live_tail.splitlines()[-PANEL_LINES:]:
            text.append(f"  {printable(line)}\n")


def _evidence(text: Text, sample: TaskFailure, lines: int) -> None:
    for line in sample.lines[-lines:] or ("(nothing was written to stderr)",):
        telling = bool(sample.line) and line == sample.line
        text.append(("> " if telling else "  ") + printable(line) + "\n", "bold" if telling else "")
    if not sample.complete:
        text.append("  the whole log is elsewhere: enter opens it\n", "dim")


def _meaning(failure: ItemFailure, sample: TaskFailure) -> str:
    meaning = explain(failure.exit_code)
    told = advice(failure.signature, failure.exit_code, "\n".join(sample.lines))
    return f"{meaning[:1].upper()}{meaning[1:]}." + (f" {told}" if told else "")


def _about(text: Text, item: Item, failure: ItemFailure) -> None:
    facts = item.facts
    about = [f"attempt {facts.attempts}" if facts.attempts else ""]
    about.append(f"on {printable(facts.owner)}" if facts.owner else "")
    about.append(f"ended {clock(facts.ended_at)}" if facts.ended_at is not None else "")
    if len(failure.tasks) > 1:
        about.append(f"{count(len(failure.tasks))} of {count(len(item.tasks))} tasks failed")
    text.append(" · ".join(part for part in about if part) + "\n", "dim")


def _others(text: Text, failure: ItemFailure, sample: TaskFailure) -> None:
    others = [one for one in failure.tasks if one is not sample]
    if not others:
        return
    _labelled(text, "also", f"{count(len(others))} more {'task' if len(others) == 1 else 'tasks'} failed:")
    for one in others[:_OTHERS_SHOWN]:
        text.append(" " * _LABEL + printable(f"{one.task}  {one.signature}") + "\n")
    if len(others) > _OTHERS_SHOWN:
        text.append(" " * _LABEL + f"… and {count(len(others) - _OTHERS_SHOWN)} more\n", "dim")


def _facts(text: Text, facts: ItemFacts) -> None:
    _labelled(text, "step", facts.step or "")
    _labelled(text, "host", facts.owner or "")
    _labelled(text, "locked", clock(facts.locked_at))
    _labelled(text, "ended", clock(facts.ended_at))
    _labelled(text, "attempts", "" if facts.attempts is None else str(facts.attempts))


def _job(text: Text, job: JobTold | None, width: int = _WIDTH) -> None:
    if job is not None:
        _labelled(text, "job", job.line, width)


def _log_of(item: Item, failure: ItemFailure | None, task: str | None) -> LogEntry | None:
    named = None if task is None else item.task(task)
    if named is not None:
        return named.log
    return failure.sample.log if failure is not None else item.log


def _history(text: Text, log: LogEntry | None) -> None:
    """The attempts, the latest first; nothing where there was only one."""
    if log is None or not log.earlier:
        return
    tried: Sequence[LogEntry | EarlierLog] = (log, *reversed(log.earlier))
    text.append("\nAttempts\n", "dim")
    for place, one in enumerate(tried):
        number = str(one.attempt) if one.attempt is not None else "?"
        head = ending_of(one.exit_code, one.status).head
        written = one.stderr if one.stderr.strip() else one.stdout
        line = telling_line(written)[0] or next(iter(last_lines(written, 1)), "")
        text.append(f"  {number:>3}  {clock(one.finished_at) or '(no time kept)'}  ", "dim")
        text.append(printable(head), "bold" if place == 0 else "")
        text.append(f"  {printable(line)}\n" if line else "\n")

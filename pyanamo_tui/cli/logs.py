"""`logs`: what an item or one of its nested tasks wrote, wherever its log is kept."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyanamo_tui.cli.output import ProgressLine, emit_json, interruptible, note, say
from pyanamo_tui.cli.place import Place, examples, offers, output_options, pass_place
from pyanamo_tui.cli.status import iso
from pyanamo_tui.errors import UsageError
from pyanamo_tui.tui.format import size
from pyanamo_tui.workflow.endings import explain

if TYPE_CHECKING:
    from pyanamo_tui.core.logbook import Logbook
    from pyanamo_tui.core.logtext import LogText, Stream

EXIT_INTERRUPTED = 130


@click.command(
    name="logs",
    short_help="Print the log of an item or of one nested task.",
    epilog=examples(
        "pyanamo-tui logs S1 -t Cohort7",
        "pyanamo-tui logs S1 Task_7 --stderr --tail 50",
        "pyanamo-tui logs S1 --attempt 1",
        "pyanamo-tui logs S1 --save S1.log",
        "pyanamo-tui logs S1 --follow",
    ),
)
@click.argument("item_id", metavar="ITEM", shell_complete=offers("items"))
@click.argument("task", metavar="[TASK]", required=False, shell_complete=offers("tasks"))
@click.option("--stdout", "only_stdout", is_flag=True, help="Standard output alone.")
@click.option("--stderr", "only_stderr", is_flag=True, help="Standard error alone.")
@click.option("--attempt", type=click.IntRange(1), metavar="N", help="That of attempt N; the latest without.")
@click.option("--tail", type=click.IntRange(1), metavar="N", help="The last N lines of each.")
@click.option(
    "--save",
    metavar="FILE",
    help="Write it to FILE byte for byte; standard error to FILE.stderr.",
    shell_complete=offers("file"),
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what a running item writes, until it ends.")
@output_options
@pass_place
def logs_command(  # noqa: PLR0913, PLR0917 - one for each option
    place: Place,
    item_id: str,
    task: str | None,
    only_stdout: bool,
    only_stderr: bool,
    attempt: int | None,
    tail: int | None,
    save: str | None,
    follow: bool,
) -> int:
    """Print the log of an item, or of one nested TASK of it: standard output, then standard error.

    The log is read from where it is kept: the item, CloudWatch Logs or S3. If the whole of it is gone, what the item
    kept of its end is printed, and standard error says so. Control characters are made visible; --save keeps
    every byte.
    """
    if only_stdout and only_stderr:
        raise UsageError("--stdout and --stderr exclude each other", "Leave both out for both.")
    if follow and (save or place.as_json or attempt):
        raise UsageError("--follow goes with neither --save, --json nor --attempt", "Leave one of them out.")
    streams: list[Stream] = ["stderr"] if only_stderr else ["stdout"] if only_stdout else ["stdout", "stderr"]
    book = place.workspace().logbook
    if save is not None:
        return _save(place, [_read(book, item_id, task, stream, attempt) for stream in streams], Path(save))
    if follow:
        return _follow(_read(book, item_id, task, streams[0], attempt))
    texts = [_read(book, item_id, task, stream, attempt) for stream in streams]
    if texts[0].running:
        # What a running item's worker tells is of both at once.
        texts = texts[:1]
    if place.as_json:
        logs = [_as_json(text, tail) for text in texts]
        emit_json({"item": item_id, "task": task, "logs": logs})
        return 0
    _tell(texts[0])
    for text in texts:
        with text:
            if len(texts) > 1:
                say(f"==> {text.facts.stream} <==")
            for line in _lines(text, tail):
                say(line)
    return 0


def _read(book: Logbook, item_id: str, task: str | None, stream: Stream, attempt: int | None) -> LogText:
    return book.read(item_id, task, stream, attempt)


def _lines(text: LogText, tail: int | None) -> Iterable[str]:
    if tail is None:
        return text.lines()
    last: deque[str] = deque(maxlen=tail)
    for page in text.pages_back():
        last.extendleft(reversed(page[-(tail - len(last)) :]))
        if len(last) == tail:
            break
    return last


def _tell(text: LogText) -> None:
    """What is known of the log beside its text, for whoever looks at the screen."""
    told = text.facts
    ended = "" if told.exit_code is None else f", exit {told.exit_code}: {explain(told.exit_code)}"
    attempt = "" if told.attempt is None else f", attempt {told.attempt}"
    note(f"{told.item_id}{f' {told.task}' if told.task else ''}{attempt}, from {told.source}{ended}")
    others = [str(number) for number in told.attempts if number != told.attempt]
    if others:
        note(f"There are logs of other attempts: {', '.join(others)} (--attempt N).")
    if told.problem:
        note(f"{told.problem}." if not told.hint else f"{told.problem}. {told.hint}")


def _follow(text: LogText) -> int:
    stop = threading.Event()
    _tell(text)
    with interruptible(stop), text:
        for line in text.newest():
            say(line)
        for lines in text.follow(stop.is_set, wait=stop.wait):
            for line in lines:
                say(line)
    return EXIT_INTERRUPTED if stop.is_set() else 0


def _save(place: Place, texts: list[LogText], path: Path) -> int:
    stop = threading.Event()
    saved: list[dict[str, object]] = []
    with interruptible(stop), ProgressLine("Saving") as line:
        for number, text in enumerate(texts):
            to = path if number == 0 else path.with_name(f"{path.name}.stderr")
            line.show(str(to))
            with text:
                written = text.save(to, cancelled=stop.is_set)
            saved.append({"stream": text.facts.stream, "file": str(to), "bytes": written, "problem": text.problem})
    if place.as_json:
        emit_json({"item": texts[0].facts.item_id, "task": texts[0].facts.task, "saved": saved})
        return 0
    for one, text in zip(saved, texts, strict=True):
        say(f"{one['stream']}: {size(float(str(one['bytes'])))} in {one['file']}")
        if text.problem:
            note(f"{text.problem}. {text.facts.hint}".rstrip())
    return 0


def _as_json(text: LogText, tail: int | None) -> dict[str, object]:
    told = text.facts
    with text:
        lines = list(_lines(text, tail))
    return {
        "stream": told.stream,
        "attempt": told.attempt,
        "status": told.status,
        "exit_code": told.exit_code,
        "started_at": iso(told.started_at),
        "finished_at": iso(told.finished_at),
        "source": told.source,
        "running": told.running,
        "problem": told.problem,
        "lines": lines,
    }

"""One log opened for reading: pages of lines from its end, lines from its start, what is new, the whole to a file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pyanamo_tui.aws.logs import CloudWatchLog, StoredLog
from pyanamo_tui.errors import PyanamoError, UsageError
from pyanamo_tui.workflow.attempts import told
from pyanamo_tui.workflow.model import Item, ItemState
from pyanamo_tui.workflow.printable import decode_output

Stream = Literal["stdout", "stderr"]

PAGE_LINES: Final = 2000
LONGEST_LINE: Final = 1024 * 1024
"""Bytes after which a line is cut, so that a log without line ends does not have to be held whole."""
FOLLOW_SECONDS: Final = 5.0


class TextLog:
    """A log that is in the item."""

    def __init__(self, text: str) -> None:
        self._text = text.encode(errors="backslashreplace")

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self._text)

    def backwards(self) -> Iterator[tuple[bytes, bool]]:
        """All of it."""
        yield self._text, True

    def forwards(self) -> Iterator[bytes]:
        """All of it."""
        yield self._text

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What is known of a log without its text.

    Attributes:
        item_id, task, stream, attempt: which log; no attempt where there is no log.
        status: how the run ended, or what the original noted.
        exit_code, started_at, finished_at: of the run, where known.
        source: where the text is, in words.
        running: the item is being worked on, and this is what its worker has told so far.
        problem: why this is not the whole log, in a sentence; empty if it is.
        hint: what to do about that.
        attempts: the attempts that have a log, by their numbers, the latest last.
    """

    item_id: str
    task: str | None
    stream: Stream
    attempt: int | None
    status: str
    exit_code: int | None
    started_at: float | None
    finished_at: float | None
    source: str
    running: bool = False
    problem: str = ""
    hint: str = ""
    attempts: tuple[int, ...] = ()


class LogText:
    r"""One log, open for reading. Lines are decoded (bytes that are no UTF-8 as `\\xNN`) and have no line end.

    Not to be shared between threads. `close` it, or use it with `with`.
    """

    def __init__(self, facts: LogFacts, stored: StoredLog, live: Callable[[], Item | None] | None = None) -> None:
        self.facts = facts
        self._stored = stored
        self._live = live
        self._pages = _pages(stored.backwards())
        self._newest: tuple[str, ...] | None = None
        self._given = 0
        self._begun = False
        self._fault: PyanamoError | None = None

    @property
    def problem(self) -> str:
        """Why this is not the whole log; empty if it is."""
        return self.facts.problem

    @property
    def source(self) -> str:
        """Where the text is, in words."""
        return self.facts.source

    @property
    def running(self) -> bool:
        """Whether it is still being written."""
        return self.facts.running

    def newest(self) -> tuple[str, ...]:
        """The last page: up to 2,000 lines, or what one request gives. Kept: it may be asked for again."""
        if self._newest is None:
            self._newest = self.earlier()
        return self._newest

    def earlier(self) -> tuple[str, ...]:
        """The page before the one that was given last, its lines in their order; empty where the log begins.

        It is not kept here: going back through a log of any size takes the memory of a page.

        Raises:
            NotFound, PermissionDenied, ServiceUnavailable and the like: the same again, whenever it is asked for.
        """
        if self._fault is not None:
            raise self._fault
        try:
            page = next(self._pages, None)
        except PyanamoError as error:
            # What gave the pages has ended by it: the next call must not take that for the log's beginning.
            self._fault = error
            raise
        if page is None:
            self._begun = True
            return ()
        self._given += page.size
        self._begun = page.first
        return page.lines

    @property
    def begun(self) -> bool:
        """Whether the log's beginning was given: there is nothing before the pages so far."""
        return self._begun

    @property
    def above(self) -> int | None:
        """Bytes before the pages given so far; None where the store does not tell."""
        size = 0 if self._begun else self._stored.size
        return None if size is None else max(0, size - self._given)

    def pages_back(self) -> Iterator[tuple[str, ...]]:
        """The newest page, then every page before those that were given already.

        Raises:
            NotFound, PermissionDenied, ServiceUnavailable and the like, from a page further back.
        """
        page = self.newest()
        while page:
            yield page
            page = self.earlier()

    def lines(self) -> Iterator[str]:
        """Every line from the first, as it streams in."""
        rest = b""
        for piece in self._stored.forwards():
            *whole, rest = (rest + piece).split(b"\n")
            yield from map(decode_output, whole)
            while len(rest) > LONGEST_LINE:
                yield decode_output(rest[:LONGEST_LINE])
                rest = rest[LONGEST_LINE:]
        if rest:
            yield decode_output(rest)

    def save(self, path: Path, *, overwrite: bool = False, cancelled: Callable[[], bool] = lambda: False) -> int:
        """Write the whole log, byte for byte, to a file; gives its bytes. The file is there whole or not at all.

        Raises:
            UsageError: there is a file already, or it cannot be written.
        """
        if path.exists() and not overwrite:
            raise UsageError(f"There is a file {path} already", "Give another name, or remove it.")
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        size = 0
        try:
            with part.open("xb") as file:
                for piece in self._stored.forwards():
                    if cancelled():
                        raise UsageError(f"Saving {path} was stopped", "Nothing was kept of it.")
                    size += file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}", "Choose another place.") from error
        finally:
            part.unlink(missing_ok=True)
        return size

    def follow(
        self,
        cancelled: Callable[[], bool],
        *,
        wait: Callable[[float], object] = time.sleep,
        seconds: float = FOLLOW_SECONDS,
    ) -> Iterator[tuple[str, ...]]:
        """New lines as they come, after `newest`; an empty tuple where there were none, so that callers can stop.

        A running item is looked at every few seconds for what its worker has told of its output; it ends when the
        worker has let go of the item: read the log again then. A CloudWatch stream is followed until `cancelled`.
        """
        if self._live is not None:
            yield from self._follow_item(cancelled, wait, seconds)
        elif isinstance(self._stored, CloudWatchLog):
            rest = b""
            while not cancelled():
                *whole, rest = (rest + self._stored.new()).split(b"\n")
                yield tuple(map(decode_output, whole))
                wait(seconds)

    def _follow_item(
        self, cancelled: Callable[[], bool], wait: Callable[[float], object], seconds: float
    ) -> Iterator[tuple[str, ...]]:
        assert self._live is not None
        shown = list(self.newest())
        while not cancelled():
            item = self._live()
            if item is None or item.facts.state != ItemState.LOCKED:
                return
            now = (told(item, self.facts.task) or "").splitlines()
            yield tuple(_grown(shown, now))
            shown = now
            wait(seconds)

    def close(self) -> None:
        """Give back what is held for reading."""
        self._stored.close()

    def __enter__(self) -> LogText:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _grown(shown: list[str], now: list[str]) -> list[str]:
    """The lines of `now` that come after what was shown: both are windows on the end of the same text."""
    for overlap in range(min(len(shown), len(now)), 0, -1):
        if shown[-overlap:] == now[:overlap]:
            return now[overlap:]
    # Its last line may have been half written when it was shown.
    for overlap in range(min(len(shown), len(now)), 0, -1):
        before, after = shown[-overlap:], now[:overlap]
        if before[:-1] == after[:-1] and after[-1].startswith(before[-1]):
            return now[overlap - 1 :]
    return now


class _Page(NamedTuple):
    """Lines of a log, the bytes that they are of it, and whether they are known to be its first."""

    lines: tuple[str, ...]
    size: int
    first: bool


def _pages(pieces: Iterator[tuple[bytes, bool]]) -> Iterator[_Page]:
    """Pieces of a text, the last first, as pages of whole lines, the last first."""
    held: bytes | None = None
    at_end = True
    for piece, begins in pieces:
        if not piece:
            continue
        text = piece.removesuffix(b"\n") if at_end else piece + (held or b"")
        at_end = False
        first, newline, others = text.partition(b"\n")
        if begins:
            held = None
            yield from _split(text, begins=True)
        elif newline:
            # The first line may have begun in the piece before.
            held = first
            yield from _split(others)
        elif len(text) > LONGEST_LINE:
            held, at_end = None, True
            yield from _split(text)
        else:
            held = text
    if held is not None:
        yield from _split(held, begins=True)


def _split(text: bytes, *, begins: bool = False) -> Iterator[_Page]:
    lines = text.split(b"\n")
    for end in range(len(lines), 0, -PAGE_LINES):
        page = lines[max(0, end - PAGE_LINES) : end]
        size = sum(map(len, page)) + len(page)
        yield _Page(tuple(map(decode_output, page)), size, begins and end <= PAGE_LINES)

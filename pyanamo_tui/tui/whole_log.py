"""A log that is kept outside its item, opened at its end on a thread and read further up when that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.format import counted, size
from pyanamo_tui.tui.widgets.log_lines import LineKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyanamo_tui.core.logtext import LogText, Stream
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.workflow.attempts import Attempt
    from pyanamo_tui.workflow.model import Item

Line = tuple[LineKind, str]

READ_ON_LINES: Final = 10_000
READ_ON_CHARACTERS: Final = 1_000_000
"""What is read further up at once, at least, where there is as much: a few requests."""
_FROM_ITEM: Final = "from the item"
KINDS: Final[dict[Stream, LineKind]] = {"stdout": LineKind.OUT, "stderr": LineKind.ERR}
_NAMES: Final = {kind: stream for stream, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a log and where each is from.

    Attributes:
        lines: in their order.
        above: what of the log is before them, in words; empty if nothing is.
        problem: why no more could be read, empty if nothing is wrong.
    """

    lines: tuple[Line, ...]
    above: str = ""
    problem: str = ""


class OpenedLog:
    """The streams of one attempt's log, one after the other, each opened at its end; read on upwards in the first.

    Nothing here is kept of what was given. For one thread at a time.

    Args:
        workspace: the open table.
        item: the item.
        task: key of the task; None for a single item.
        attempt: which attempt.
        streams: which streams.
        cancelled: asked while a compressed log is fetched.
    """

    def __init__(
        self,
        workspace: Workspace,
        item: Item,
        task: str | None,
        attempt: Attempt,
        streams: Sequence[Stream],
        cancelled: Callable[[], bool],
    ) -> None:
        self._together = len(streams) > 1
        self._top: LogText | None = None
        self._kind = LineKind.OUT
        pages: list[tuple[LineKind, Sequence[str], str]] = []
        notes: list[str] = []
        for stream in streams:
            try:
                text = workspace.logbook.open(item, task, stream, attempt, cancelled=cancelled)
                page = text.newest()
            except PyanamoError as error:
                note = error.message
            else:
                note = text.problem or f"from {text.source}"
                if page:
                    pages.append((KINDS[stream], page, _above(text)))
                    if self._top is None:
                        self._top, self._kind = text, KINDS[stream]
            if note not in notes:
                notes.append(note)
        self.note = "; ".join(note for note in notes if note != _FROM_ITEM) or _FROM_ITEM
        """Where the log is kept, or why this is not the whole of it."""
        self.newest = LogPage(tuple(self._stacked(pages)), self._above())
        """The last page of each stream."""

    def _stacked(self, pages: Sequence[tuple[LineKind, Sequence[str], str]]) -> list[Line]:
        lines: list[Line] = []
        for number, (kind, page, above) in enumerate(pages):
            if self._together and (number or not above):
                name = _NAMES[kind]
                cut = f": its last {counted(len(page), 'line')}, {above}; a shows it alone" if above else ""
                lines.append((LineKind.NOTE, name + cut))
            lines += [(kind, line) for line in page]
        return lines

    def _above(self) -> str:
        return "" if self._top is None else _above(self._top)

    def earlier(self) -> LogPage:
        """What comes before all that was given: at most a few pages. Never fails: what went wrong is told."""
        top, problem = self._top, ""
        pages: list[tuple[str, ...]] = []
        while top is not None and not top.begun and _small(pages):
            try:
                page = top.earlier()
            except PyanamoError as error:
                problem = f"{error.message}. {error.hint}".strip()
                break
            if page:
                pages.append(page)
        lines: list[Line] = [(self._kind, line) for page in reversed(pages) for line in page]
        if self._together and top is not None and top.begun and lines:
            lines.insert(0, (LineKind.NOTE, _NAMES[self._kind]))
        return LogPage(tuple(lines), self._above(), problem)


def _small(pages: Sequence[tuple[str, ...]]) -> bool:
    lines = sum(map(len, pages))
    return lines < READ_ON_LINES and sum(len(line) for page in pages for line in page) < READ_ON_CHARACTERS


def _above(text: LogText) -> str:
    """How much of a stream is before what was given of it, in words; empty if nothing is."""
    if text.begun:
        return ""
    return "more above" if text.above is None else f"{size(text.above)} above"


def both_streams(found: Sequence[tuple[LineKind, Sequence[str]]]) -> list[Line]:
    """The lines of one stream, or of several under a heading each; what is empty has no heading."""
    together: list[Line] = []
    for kind, lines in found:
        if lines and len(found) > 1:
            together.append((LineKind.NOTE, _NAMES[kind]))
        together += [(kind, line) for line in lines]
    return together


def save_log(
    workspace: Workspace, item: Item, task: str | None, stream: Stream, attempt: Attempt | None, path: str
) -> int:
    """Write one stream of an attempt's log whole to a file; gives its bytes.

    Raises:
        UsageError: the file is there already or cannot be written.
        PyanamoError: the log cannot be read.
    """
    with workspace.logbook.open(item, task, stream, attempt) as log:
        return log.save(Path(path).expanduser())

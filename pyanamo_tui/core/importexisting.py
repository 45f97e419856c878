"""Which ids of an import the table holds already: a hundred a request, ids alone read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pyanamo_tui.aws.items import GET_BATCH, Items
from pyanamo_tui.core.bulkwrite import THERE_ALREADY
from pyanamo_tui.core.checkpoint import Mark
from pyanamo_tui.core.importresult import ImportRefused, ImportResult
from pyanamo_tui.core.importsurvey import PROBLEMS_KEPT
from pyanamo_tui.core.plan import Cancelled
from pyanamo_tui.errors import InputProblem, Interrupted
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.importfile import ItemLine, ParsedLine


def existing_ids(items: Items, ids: Sequence[str], cancelled: Cancelled | None) -> Iterator[list[str]]:
    """Which of these ids exist, a hundred at a time. One read unit for two ids (AWS: 0.5 for one of up to 4 KB).

    Raises:
        Interrupted: it was cancelled.
    """
    for start in range(0, len(ids), GET_BATCH):
        if cancelled is not None and cancelled():
            raise Interrupted("The import was cancelled; nothing was written")
        asked = ids[start : start + GET_BATCH]
        found = items.get_many(asked, [schema.ITEM_ID])
        yield [item_id for item_id in asked if item_id in found]


def existing_lines(
    items: Items, lines: Iterable[ParsedLine], told: Callable[[int, int], None], cancelled: Cancelled | None
) -> Iterator[tuple[int, str]]:
    """The lines whose ids exist, as line number and id. Memory does not grow with the lines.

    Args:
        items: the table's.
        lines: parsed; those without an item are passed over.
        told: called after each request, with how many ids were looked for and the bytes of the file gone through.
        cancelled: True ends it with `Interrupted`.
    """
    waiting: dict[str, int] = {}
    looked = 0
    for line in lines:
        if isinstance(line, ItemLine):
            waiting[line.item_id] = line.line
        if len(waiting) == GET_BATCH:
            for page in existing_ids(items, list(waiting), cancelled):
                yield from ((waiting[item_id], item_id) for item_id in page)
            looked += len(waiting)
            waiting.clear()
            told(looked, line.end)
    for page in existing_ids(items, list(waiting), cancelled):
        yield from ((waiting[item_id], item_id) for item_id in page)


def refuse_existing(
    items: Items, name: str, lines: Iterable[ParsedLine], mark: Mark | None, cancelled: Cancelled | None
) -> None:
    """Refuse a file if any of its ids exists, other than by an interrupted run of this very file.

    Raises:
        ImportRefused: some do; names the first thousand by their lines.
    """
    sent_to = 0 if mark is None else mark.sent_to
    count, problems = 0, list[InputProblem]()
    new = (line for line in lines if line.line > sent_to)
    for number, item_id in existing_lines(items, new, lambda *_: None, cancelled):
        count += 1
        if count <= PROBLEMS_KEPT:
            problems.append(InputProblem(number, f"{THERE_ALREADY}: {item_id!r}"))
    if count:
        raise ImportRefused(
            f"{count:,} {'item' if count == 1 else 'items'} of {name} exist already; nothing was written",
            "Leave them alone with --existing skip, or replace them with --existing replace.",
            ImportResult(problem_count=count, problems=tuple(problems)),
        )

"""Reads an import file once without writing anything: what items it holds and every problem, counted exactly."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.errors import InputProblem
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.importfile import ItemLine, ParsedLine, ProblemLine
from pyanamo_tui.workflow.schema import Record

PROBLEMS_KEPT: Final = 1000
FIRST_ITEMS: Final = 10
IDS_CHECKED: Final = 5000
"""Ids up to which each is looked for in the table; of more, a sample is."""
IDS_SAMPLED: Final = 1000
UNIT_BYTES: Final = 1024
"""Bytes that one write unit takes (AWS: "DynamoDB item sizes and capacity unit consumption")."""
_TOLD_EVERY: Final = 2000


@dataclass(frozen=True, slots=True)
class Notice:
    """Something allowed that should be looked at: how many lines it is true of, and the first of them."""

    text: str
    lines: int
    first_line: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a whole file holds.

    Attributes:
        items: good lines; `nested` of them have `tasks` tasks in all.
        problem_count: lines that give no item; `problems` are the first thousand of them.
        notices: most frequent first.
        first: the first ten items, ready to write.
        ids: ids to look for in the table: all of them, or a random sample where `sampled`.
        item_bytes: sum of the items' sizes, as DynamoDB counts them.
        units: write units for the table alone.
    """

    items: int
    nested: int
    tasks: int
    problem_count: int
    problems: tuple[InputProblem, ...]
    notices: tuple[Notice, ...]
    first: tuple[Record, ...]
    ids: tuple[str, ...]
    sampled: bool
    item_bytes: int
    units: int

    @property
    def single(self) -> int:
        """Items that run one script."""
        return self.items - self.nested


def survey(
    lines: Iterable[ParsedLine],
    *,
    told: Callable[[int, int, int], None] | None = None,
    rejected: Callable[[ProblemLine], None] | None = None,
) -> Survey:
    """Read every line. Memory does not grow with the file, but for what the reader keeps for duplicates.

    Args:
        lines: the file's lines, parsed.
        told: called with items, problems and bytes so far, every 2,000 lines.
        rejected: called with each line that gives no item.
    """
    items = nested = tasks = problem_count = item_bytes = units = 0
    problems: list[InputProblem] = []
    first: list[Record] = []
    noticed: Counter[str] = Counter()
    noticed_on: dict[str, int] = {}
    sample = _Sample()
    for number, line in enumerate(lines, start=1):
        if isinstance(line, ItemLine):
            items += 1
            nested += line.tasks > 0
            tasks += line.tasks
            item_bytes += line.size
            units += write_units(line.size)
            if len(first) < FIRST_ITEMS:
                first.append(line.record)
            sample.add(line.item_id)
            for text in line.notices:
                noticed[text] += 1
                noticed_on.setdefault(text, line.line)
        else:
            problem_count += 1
            if len(problems) < PROBLEMS_KEPT:
                problems.append(line.problem)
            if rejected is not None:
                rejected(line)
        if told is not None and number % _TOLD_EVERY == 0:
            told(items, problem_count, line.end)
    return Survey(
        items=items,
        nested=nested,
        tasks=tasks,
        problem_count=problem_count,
        problems=tuple(problems),
        notices=tuple(Notice(text, count, noticed_on[text]) for text, count in noticed.most_common()),
        first=tuple(first),
        ids=tuple(sample.ids()),
        sampled=sample.seen > IDS_CHECKED,
        item_bytes=item_bytes,
        units=units,
    )


def write_units(size: int) -> int:
    """Write units of an item of so many bytes."""
    return max(1, -(-size // UNIT_BYTES))


class _Sample:
    """All ids while they are few; of many, each with the same chance."""

    def __init__(self) -> None:
        self.seen = 0
        self._all: list[str] = []
        self._some: list[str] = []
        self._random = random.Random(0)

    def add(self, item_id: str) -> None:
        self.seen += 1
        if self.seen <= IDS_CHECKED:
            self._all.append(item_id)
        if len(self._some) < IDS_SAMPLED:
            self._some.append(item_id)
        elif (place := self._random.randrange(self.seen)) < IDS_SAMPLED:
            self._some[place] = item_id

    def ids(self) -> list[str]:
        return self._all if self.seen <= IDS_CHECKED else self._some


def first_commands(record: Record) -> Mapping[str, str]:
    """What an item will run: its script under an empty name, or each nested task's under its key."""
    tasks = schema.read_tasks(record)
    if tasks:
        return {task.key: task.script for task in tasks}
    return {"": schema.string_of(record, schema.SCRIPT) or ""}

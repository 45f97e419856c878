"""On what terms the import screen takes a file, the form that asks for them, and how fast an import goes in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyanamo_tui.tui.format import count, counted, duration_range
from pyanamo_tui.tui.modals.form import Form, Line, OneOf, Values

if TYPE_CHECKING:
    from pyanamo_tui.core.importresult import ImportProgress, Preview

NESTED_DELIMITER: Final = ","
EXISTING_WORDS: Final[Mapping[str, str]] = {
    "skip": "Items whose id is in the table already are left as they are.",
    "replace": "Items whose id is in the table already are replaced, logs and all, unless a worker holds them; "
    "the journal keeps them as they were.",
    "fail": "If any id is in the table already, nothing is written.",
}
_TAB: Final = "\\t"


@dataclass(frozen=True, slots=True)
class ImportTerms:
    """How a file is read, and what becomes of existing items. An empty delimiter is guessed from the header."""

    delimiter: str = ""
    nested_delimiter: str = NESTED_DELIMITER
    existing: str = "skip"


def terms_form(held: ImportTerms) -> Form:
    """Ask for the terms."""
    existing = (("skip", "left as it is"), ("replace", "replaced"), ("fail", "a reason to import nothing"))
    fields = (
        OneOf("existing", "An id that exists", existing, held.existing),
        Line("delimiter", "Between columns", held.delimiter.replace("\t", _TAB), placeholder="guessed from the header"),
        Line("nested", "Between TaskArgs", held.nested_delimiter),
    )
    return Form("How to import", fields, _problem, "\\t stands for a tab.", "Use these")


def _problem(values: Values) -> str:
    terms = terms_of(values)
    if len(terms.delimiter) > 1:
        return "Between columns stands one character, or nothing to have it guessed."
    if len(terms.nested_delimiter) != 1:
        return "Between TaskArgs stands one character."
    if terms.delimiter == terms.nested_delimiter:
        return "The two have to differ."
    return ""


def terms_of(values: Values) -> ImportTerms:
    """A form of terms, typed."""
    between, nested = (values[key].replace(_TAB, "\t") for key in ("delimiter", "nested"))
    return ImportTerms(between, nested, values["existing"])


def rejects_beside(path: Path) -> Path:
    """Where the lines of a file that cannot be taken are kept: beside it, over no file that is there."""
    wanted = path.with_name(f"{path.stem}.rejects{path.suffix}")
    number = 1
    while wanted.exists():
        number += 1
        wanted = path.with_name(f"{path.stem}.rejects-{number}{path.suffix}")
    return wanted


def left_out_facts(preview: Preview, rejects: Path | None) -> list[tuple[str, str]]:
    """What of a file is not imported, for the question: lines that cannot be taken, and items that are there."""
    facts: list[tuple[str, str]] = []
    if rejects is not None:
        lines = counted(preview.survey.problem_count, "line")
        facts.append(("Left out", f"{lines} with problems; kept beside the file in {rejects.name}"))
    if preview.existing:
        looked = f" of {count(preview.existing_checked)} looked for" if preview.existing_sampled else ""
        facts.append(("There already", f"{counted(preview.existing, 'item')}{looked}"))
    return facts


class ImportPace:
    """How an import goes, in words: counts, and once it has gone on for a second, its rate and the time left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, int] | None = None

    def words(self, now: ImportProgress) -> str:
        """One line; called with every progress, in order."""
        if now.total is None:
            return f"checking: {counted(now.items, 'item')}, {counted(now.problems, 'problem')}"
        at = self._clock()
        if self._first is None:
            self._first = (at, now.items)
        began, behind = self._first
        words = f"{count(now.written)} written · {count(now.skipped)} skipped"
        words += f" · {count(now.failed)} failed" if now.failed else ""
        if at - began > 1 and now.items > behind:
            rate = (now.items - behind) / (at - began)
            left = (now.total - now.items) / rate
            words += f"\n{count(round(rate))} items a second · {duration_range(left, left * 1.2)} left"
        return words

"""What an import would do, written out: what the file holds, what is wrong by line, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from pyanamo_tui.errors import BadInput, PyanamoError
from pyanamo_tui.tui.format import count, counted, duration, size
from pyanamo_tui.workflow.importheader import shown_delimiter
from pyanamo_tui.workflow.printable import printable
from pyanamo_tui.workflow.schema import read_item

if TYPE_CHECKING:
    from pyanamo_tui.core.importresult import ImportProgress, Preview
    from pyanamo_tui.core.importsurvey import Survey

PROBLEMS_SHOWN: Final = 1000


def reading_words(now: ImportProgress) -> str:
    """How far reading a file for its preview is."""
    if now.total is not None:
        return f"Looking for its ids in the table … {count(now.items)} of {count(now.total)}"
    share = now.bytes_done * 100 // max(1, now.bytes_total)
    return f"Reading … {counted(now.items, 'item')}, {counted(now.problems, 'problem')}, {share} %"


def preview_text(preview: Preview) -> Text:
    """What an import would do, in words and first items."""
    survey = preview.survey
    text = Text()
    guessed = ", guessed from the header" if preview.guessed else ""
    text.append(_items_words(survey) + "\n", "bold")
    text.append(f"{size(preview.bytes)}, delimiter {shown_delimiter(preview.header.delimiter)}{guessed}\n", "dim")
    text.append(f"columns {printable(', '.join(preview.header.columns))}\n", "dim")
    how = "a sample of " if preview.existing_sampled else ""
    more = " (x looks for each)" if preview.existing_sampled else ""
    if preview.existing:
        looked = counted(preview.existing_checked, "id")
        verb = "is" if preview.existing == 1 else "are"
        text.append(f"{count(preview.existing)} of {how}{looked} {verb} in the table already{more}\n", "bold yellow")
    else:
        text.append(f"none of {how}{counted(preview.existing_checked, 'id')} is in the table yet{more}\n", "dim")
    if preview.resumes_from_line is not None:
        line = count(preview.resumes_from_line)
        text.append(f"an interrupted import of this file goes on at line {line}\n", "bold")
    cost = f"about {counted(preview.write_units, 'write unit')}, indexes included"
    text.append(cost + (f", at least {duration(preview.seconds)}" if preview.seconds else "") + "\n", "dim")
    if survey.problem_count:
        text.append(f"\n{counted(survey.problem_count, 'line')} cannot be taken\n", "bold red")
        for problem in survey.problems[:PROBLEMS_SHOWN]:
            text.append(f"  line {problem.line:>5}  ", "red")
            text.append(printable(problem.what) + "\n")
        if survey.problem_count > PROBLEMS_SHOWN:
            text.append(f"  … and {count(survey.problem_count - PROBLEMS_SHOWN)} more\n", "dim")
    for notice in survey.notices:
        text.append(f"\nNote, {counted(notice.lines, 'line')} from line {notice.first_line}: ", "yellow")
        text.append(printable(notice.text) + "\n")
    if survey.first:
        text.append("\nFirst items\n", "bold")
        for record in survey.first:
            item = read_item(record)
            script = item.script if not item.nested else f"{counted(len(item.tasks), 'task')}: {item.tasks[0].script}"
            text.append(f"  {printable(item.item_id)}  ", "bold")
            text.append(f"{printable(item.facts.step or '')}  ", "dim")
            text.append(printable(script or "") + "\n")
    text.rstrip()
    return text


def _items_words(survey: Survey) -> str:
    """`40 single items`, or `100 items: 40 single, 60 nested with 1,320 tasks`."""
    tasks = counted(survey.tasks, "task")
    if not survey.nested:
        return counted(survey.single, "single item")
    if not survey.single:
        return f"{counted(survey.nested, 'nested item')} with {tasks}"
    items = counted(survey.items, "item")
    return f"{items}: {count(survey.single)} single, {count(survey.nested)} nested with {tasks}"


def error_text(error: PyanamoError | None) -> Text:
    """Why a file cannot be imported: what, what to do, and every line that it is about."""
    text = Text()
    if error is None:
        return text
    text.append(printable(error.message) + "\n", "bold red")
    text.append(printable(error.hint) + "\n")
    if isinstance(error, BadInput):
        for problem in error.problems[:PROBLEMS_SHOWN]:
            text.append(f"line {problem.line:>5}  ", "red")
            text.append(printable(problem.what) + "\n")
    return text


HOW: Final = """One item a line under a header line, for example

  itemID|TaskID|TaskScript
  HG00096_align|Align|bwa mem -t 8 ref.fa HG00096.fq.gz

and for nested items, one task for each argument,

  itemID|TaskID|TaskScript|TaskArgs
  HG00096_call|HaplotypeCall|gatk HaplotypeCaller -L|chr1,chr2,chr3

Nothing is written before you say so."""

"""The documented client's imports: one item, a list, or a file; never over an item that is there, unless told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypedDict

from pyanamo_tui.core.bulkwrite import Existing
from pyanamo_tui.core.importsource import opened
from pyanamo_tui.core.plan import reasons
from pyanamo_tui.errors import BadInput, UsageError
from pyanamo_tui.manager.plain import PlainItem, plain_item
from pyanamo_tui.manager.session import Session, tell
from pyanamo_tui.workflow.importfile import ImportReader, ParsedLine, ProblemLine, parse_rows
from pyanamo_tui.workflow.importheader import DELIMITER, NESTED_DELIMITER
from pyanamo_tui.workflow.schema import Record

_PROBLEMS_NAMED = 3

OnExisting = Literal["skip", "replace", "fail"]
"""What becomes of ids that the table holds: left alone; replaced, journalled first; or nothing is imported."""


class ImportAnswer(TypedDict):
    """The items that were imported, and how many they are."""

    N: int
    Items: list[PlainItem]


class ImportCalls(Session):
    """Calls that write new items, and those that read the files they come from."""

    def read_jsonFile(self, data: str) -> object:
        """What a JSON file holds, as plain values.

        Corrects: read as UTF-8 whatever the locale; what is wrong with a file is said with its name and line.

        Raises:
            BadInput: the file is not there, cannot be read, or is not JSON.
        """
        try:
            return json.loads(_text(data))
        except json.JSONDecodeError as error:
            raise BadInput(f"{data} is not JSON: {error}", "Mend that line of it.") from error

    def readFile(self, data: str) -> list[str]:
        """The lines of a text file, without their ends.

        Corrects: read as UTF-8 whatever the locale; ends of Windows (CR LF) are taken off too.

        Raises:
            BadInput: the file is not there, cannot be read, or is not UTF-8.
        """
        lines = _text(data).split("\n")
        return [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]

    def import_item(
        self,
        table_name: str | None = None,
        taskID: str | None = None,
        itemID: str | None = None,
        taskScript: str | None = None,
        *,
        existing: OnExisting = "skip",
    ) -> PlainItem | None:
        """Import one item with one command. Answers with the item, or None if the table holds its id already.

        Args:
            table_name: the table, which must be a workflow table.
            taskID: the workflow step that it belongs to.
            itemID: its id.
            taskScript: the command, run without a shell.
            existing: what becomes of an item of this id.

        Corrects: the original turned an item of this id, done or running, into a new one and lost its log.

        Raises:
            UsageError: something is missing.
            BadInput: the id, the step or the command cannot be used, or with "fail" the id exists; says why.
        """
        row = _row(itemID=itemID, taskID=taskID, taskScript=taskScript)
        answer = self._import(table_name, parse_rows([row]), existing)
        return answer["Items"][0] if answer["Items"] else None

    def import_nested_item(
        self,
        table_name: str | None = None,
        taskID: str | None = None,
        itemID: str | None = None,
        taskScript: str | None = None,
        taskArgs: str | None = None,
        nested_delim: str | None = None,
        *,
        existing: OnExisting = "skip",
    ) -> PlainItem | None:
        """Import one item with a nested task for each argument. Answers as `import_item`.

        Args:
            table_name, taskID, itemID, existing: as in `import_item`.
            taskScript: the command that each argument is put behind.
            taskArgs: the arguments.
            nested_delim: what splits them.

        Corrects: as `import_item`. Arguments may hold two spaces in a row; an empty one is refused.

        Raises:
            UsageError, BadInput: as `import_item`.
        """
        row = _row(itemID=itemID, taskID=taskID, taskScript=taskScript, taskArgs=taskArgs)
        if not nested_delim:
            raise UsageError("nested_delim is missing", "Say what splits taskArgs, e.g. nested_delim = ','.")
        # The fields are apart already: the delimiter between them is only a matter of how problems are shown.
        delimiter = DELIMITER if DELIMITER not in nested_delim else "\t"
        rows = parse_rows([row], delimiter=delimiter, nested_delimiter=nested_delim)
        answer = self._import(table_name, rows, existing)
        return answer["Items"][0] if answer["Items"] else None

    def import_items(
        self,
        data: Sequence[str] = (),
        delim: str | None = None,
        table_name: str | None = None,
        nested_delim: str | None = None,
        *,
        existing: OnExisting = "skip",
    ) -> ImportAnswer:
        """Import a list of rows: `itemID|taskID|TaskScript`, and `|TaskArgs` for nested items.

        Args:
            data: the rows.
            delim: what splits a row.
            table_name: the table.
            nested_delim: what splits `TaskArgs`.
            existing: what becomes of ids that the table holds.

        Returns:
            `{'N', 'Items'}`: the items that were imported. Ids that the table holds are not among them, and are said.

        Corrects: as `import_item`; rows are written in batches. Every row is checked before the first is written.

        Raises:
            UsageError: something is missing, or the delimiters clash.
            BadInput: rows that give no item, by their number. Nothing was written.
        """
        if not delim:
            raise UsageError("delim is missing", "Say what splits the columns, e.g. delim = '|'.")
        if isinstance(data, str):
            raise UsageError("data is not a list of rows", "For a file, use import_from_file.")
        return self._import(table_name, parse_rows(data, delimiter=delim, nested_delimiter=nested_delim), existing)

    def import_from_file(
        self,
        table_name: str | None = None,
        data: str | None = None,
        delim: str | None = None,
        nested_delim: str | None = None,
        force_import: int = 0,
        *,
        existing: OnExisting = "skip",
    ) -> ImportAnswer:
        """Import a file: a header line, then one item a line (docs/import-format.md).

        The whole file is held in memory, for the answer; `pyanamo-tui import` streams one of any length. Run again
        after an interruption, it skips what was written.

        Args:
            table_name: the table.
            data: path of the file.
            delim: what splits a line; None guesses it from the header.
            nested_delim: what splits `TaskArgs`; None for a comma.
            force_import: 1 if the file has no header: columns are then as in `import_items`.
            existing: what becomes of ids that the table holds.

        Returns:
            `{'N', 'Items'}`, as `import_items`.

        Corrects: as `import_items`. Columns are found by name, whatever their order and case, and whether items are
        nested is told by the header. A missing file is raised, not answered as a sentence.

        Raises:
            UsageError: something is missing, or the delimiters clash.
            BadInput: there is no such file, its header is not understood, or lines give no item. Nothing was written.
        """
        if not data:
            raise UsageError("data is missing", "Give the path of the file to import.")
        if force_import:
            rows = parse_rows(self.readFile(data), delimiter=delim or DELIMITER, nested_delimiter=nested_delim)
            return self._import(table_name, rows, existing)
        with opened(data) as source:
            reader = ImportReader(source.lines(), delimiter=delim, nested_delimiter=nested_delim or NESTED_DELIMITER)
            return self._import(table_name, reader, existing)

    def _import(self, table_name: str | None, lines: Iterable[ParsedLine], existing: OnExisting) -> ImportAnswer:
        try:
            rule = Existing(existing)
        except ValueError:
            raise UsageError(f"existing = {existing!r} is not known", "Give 'skip', 'replace' or 'fail'.") from None
        workspace = self._turn_to(table_name)
        workspace.describe()
        records = list(_records(lines))
        result = workspace.importer.import_records(records, existing=rule)
        self.last_result = result
        for why, count in reasons((*result.skipped_items, *result.failed_items)).items():
            tell(f"Not imported N = {count}: {why}")
        if result.error is not None:
            tell(f"The import stopped: {result.error.message}. {result.error.hint}")
        written = set(result.written_ids)
        items = [plain_item(record) for record in records if record["itemID"]["S"] in written]
        return {"N": len(items), "Items": items}


def _records(lines: Iterable[ParsedLine]) -> Iterator[Record]:
    """The items of all lines.

    Raises:
        BadInput: after the last line, if any line gives no item.
    """
    problems = []
    for line in lines:
        if isinstance(line, ProblemLine):
            problems.append(line.problem)
        elif not problems:
            yield line.record
    if problems:
        named = "; ".join(f"row {problem.line}: {problem.what}" for problem in problems[:_PROBLEMS_NAMED])
        more = f"; and {len(problems) - _PROBLEMS_NAMED:,} more" if len(problems) > _PROBLEMS_NAMED else ""
        raise BadInput(f"Nothing was imported. {named}{more}", "Mend those rows and import again.", problems)


def _row(**fields: object) -> list[str]:
    for name, value in fields.items():
        if value is None:
            raise UsageError(f"{name} is missing", f"An item needs {', '.join(fields)}.")
    return [str(value) for value in fields.values()]


def _text(path: str) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text: byte {error.start + 1}", "Save it as UTF-8 text.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}", "Check the path.") from error

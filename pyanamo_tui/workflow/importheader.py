"""The header line of an import file: which columns, in what order, split by which delimiter (docs/import-format.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.errors import BadInput, InputProblem, UsageError

ITEM_ID: Final = "itemID"
TASK_ID: Final = "TaskID"
TASK_SCRIPT: Final = "TaskScript"
TASK_ARGS: Final = "TaskArgs"
SINGLE_COLUMNS: Final = (ITEM_ID, TASK_ID, TASK_SCRIPT)
NESTED_COLUMNS: Final = (*SINGLE_COLUMNS, TASK_ARGS)
_BY_NAME: Final = {name.casefold(): name for name in NESTED_COLUMNS}

DELIMITER: Final = "|"
NESTED_DELIMITER: Final = ","
GUESSED_DELIMITERS: Final = ("|", "\t", ",", ";")
_DELIMITER_NAMES: Final = {"tab": "\t", "\\t": "\t"}

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
LINE_ENDS: Final = "\r\n"


@dataclass(frozen=True, slots=True)
class Header:
    """The header line as understood: its number, the delimiter, and the columns in the file's order."""

    line: int
    delimiter: str
    columns: tuple[str, ...]

    @property
    def nested(self) -> bool:
        """Whether the file's items are nested ones."""
        return TASK_ARGS in self.columns


def read_delimiter(typed: str) -> str:
    r"""The delimiter that a user typed: any characters, or `tab` or `\t` for a tab.

    Raises:
        UsageError: it is empty, or holds a line end or NUL.
    """
    delimiter = _DELIMITER_NAMES.get(typed.casefold(), typed)
    if not delimiter or set(delimiter) & {"\n", "\r", "\0"}:
        raise UsageError(f"{typed!r} cannot be a delimiter", "Give one or more characters, or the word tab.")
    return delimiter


def shown_delimiter(delimiter: str) -> str:
    """The delimiter as a user would type it after `-d`: `tab` for a tab, any other in quotes."""
    return "tab" if delimiter == "\t" else f"'{delimiter}'"


def guess_delimiter(header_line: str) -> str | None:
    """Which of `|`, tab, `,` and `;` finds most of the known columns in a header; None if none finds two."""
    found = {delimiter: len(_known(header_line, delimiter)) for delimiter in GUESSED_DELIMITERS}
    best = max(GUESSED_DELIMITERS, key=found.__getitem__)
    return best if found[best] > 1 else None


def _names(header_line: str, delimiter: str) -> list[str]:
    """The column names as written, without surrounding spaces."""
    return [name.strip() for name in header_line.split(delimiter)]


def _known(header_line: str, delimiter: str) -> set[str]:
    return {_BY_NAME[name.casefold()] for name in _names(header_line, delimiter) if name.casefold() in _BY_NAME}


def read_header(raw: bytes, *, delimiter: str | None = None, line: int = 1) -> Header:
    """Understand a header line. `delimiter` None guesses it.

    Columns are matched by name, whatever their order or case. With `TaskArgs` the items are nested; the others must
    all be there.

    Raises:
        BadInput: with one problem, at this line: not UTF-8, no header, a missing, unknown or repeated column, or
            another delimiter.
        UsageError: the delimiter cannot be one.
    """
    written = _header_text(raw, line)
    wanted = None if delimiter is None else read_delimiter(delimiter)
    used = wanted or guess_delimiter(written) or DELIMITER
    names = _names(written, used)
    known = _known(written, used)
    columns = tuple(_BY_NAME.get(name.casefold(), name) for name in names)
    missing = [name for name in SINGLE_COLUMNS if name not in known]
    if missing:
        raise header_problem(line, *_why_columns_missing(written, used, missing, len(known)))
    unknown = [name for name in columns if name not in NESTED_COLUMNS]
    if unknown:
        what = f"the header has a column that is not known: {unknown[0][:40]!r}"
        raise header_problem(line, what, f"The columns are {', '.join(NESTED_COLUMNS)}. Take out any other.")
    if len(set(columns)) < len(columns):
        repeated = next(name for name in columns if columns.count(name) > 1)
        raise header_problem(line, f"the header names {repeated} twice", "Take out the column that is not meant.")
    return Header(line=line, delimiter=used, columns=columns)


def _header_text(raw: bytes, line: int) -> str:
    if raw.startswith(_UTF16_MARKS) or b"\0" in raw:
        raise header_problem(line, "the file is not UTF-8 text", "Save it as UTF-8 text, without compression.")
    try:
        written = raw.removeprefix(BYTE_ORDER_MARK).decode().rstrip(LINE_ENDS)
    except UnicodeDecodeError:
        raise header_problem(line, "the header is not UTF-8 text", "Save the file as UTF-8 text.") from None
    if "\r" in written:
        raise header_problem(line, "the lines end in CR alone", "Convert them: tr '\\r' '\\n' < OLD > NEW")
    return written


def header_problem(line: int, what: str, hint: str) -> BadInput:
    """The error that says one thing about the header: its line, what is wrong, what to do."""
    return BadInput(f"Line {line}: {what}", hint, (InputProblem(line, what),))


def _why_columns_missing(written: str, used: str, missing: Sequence[str], known: int) -> tuple[str, str]:
    """What is wrong with a header that lacks columns, and what to do."""
    other = guess_delimiter(written)
    if other is not None and other != used and len(_known(written, other)) > known:
        what = f"the header is not split by {shown_delimiter(used)}; it looks split by {shown_delimiter(other)}"
        return what, f"Use -d {shown_delimiter(other)}"
    if known == 0:
        example = used.join(SINGLE_COLUMNS).replace("\t", "<tab>")
        return "there is no header line", f"Begin the file with a line that names the columns: {example}"
    what = f"the header has no column {' and no column '.join(missing)}"
    return what, f"It needs {', '.join(SINGLE_COLUMNS)}, and {TASK_ARGS} for nested items, split by one delimiter (-d)."


def check_nested_delimiter(delimiter: str, nested_delimiter: str) -> None:
    """Refuse delimiters that would leave no way to tell columns from nested arguments.

    Raises:
        UsageError: the nested delimiter holds the other one.
    """
    if delimiter in nested_delimiter:
        raise UsageError(
            f"Columns are split by {shown_delimiter(delimiter)}, so {TASK_ARGS} cannot be split by "
            f"{shown_delimiter(nested_delimiter)}",
            "Give another delimiter for the nested tasks: -n, for instance -n ';'",
        )

"""The text import format: lines of a file to items ready to write, with every problem named by its line.

One item a line under a header line (docs/import-format.md). Lines are taken one at a time, so a file may be of any
length; what is held meanwhile is, for each id seen, a hash and a line number: about 110 bytes, 110 MB for a
million lines. Two different ids are taken for duplicates with a chance of 1 in 37 million in such a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pyanamo_tui.errors import InputProblem
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.command import why_unusable
from pyanamo_tui.workflow.importheader import (
    BYTE_ORDER_MARK,
    DELIMITER,
    GUESSED_DELIMITERS,
    ITEM_ID,
    LINE_ENDS,
    NESTED_COLUMNS,
    NESTED_DELIMITER,
    SINGLE_COLUMNS,
    TASK_ARGS,
    TASK_ID,
    TASK_SCRIPT,
    Header,
    check_nested_delimiter,
    header_problem,
    read_delimiter,
    read_header,
    shown_delimiter,
)
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.sizes import MAX_ITEM_BYTES, record_bytes

LARGE_ITEM_BYTES: Final = 350 * 1024
"""Above this an item has little room left of its 400 KB for the log of its run."""

_QUOTED: Final = re.compile(r"""\\.|'[^']*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_SHELL_WORDS: Final = frozenset({"|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>>", "2>&1", "&>"})
_TYPOGRAPHY: Final = re.compile("[\u00a0\u2018\u2019\u201c\u201d]")


@dataclass(frozen=True, slots=True)
class ItemLine:
    """A good line: the item to write.

    Attributes:
        line: its number, 1 for the file's first.
        end: bytes from the start of the file to the end of this line: what an import that resumes has behind it.
            0 for rows in memory.
        record: the item, waiting to run.
        size: bytes it counts for towards DynamoDB's 400 KB; a write unit is each 1,024 begun.
        notices: what is allowed but probably not meant, or may be refused by AWS, a sentence each.
    """

    line: int
    end: int
    record: Record
    size: int
    notices: tuple[str, ...] = ()

    @property
    def item_id(self) -> str:
        """The item's id."""
        return schema.record_id(self.record)

    @property
    def tasks(self) -> int:
        """Number of nested tasks; 0 for a single item."""
        return schema.int_of(self.record, schema.NESTED_TASKS) or 0


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A line that gives no item; `raw` is the line as it was, for a file of rejects. The rest is as in ItemLine."""

    line: int
    end: int
    problem: InputProblem
    raw: bytes


ParsedLine = ItemLine | ProblemLine


class ImportReader:
    """Reads the lines of an import file, once, in order.

    Attributes:
        header: the header line as understood.
        nested_delimiter: what splits `TaskArgs`.

    Iterating gives exactly one ItemLine or ProblemLine for every line after the header that is not blank, and raises
    nothing of its own. To resume at a byte offset, read from the start and drop what has `end` up to it: the
    earlier ids must be known for duplicates to be found.
    """

    def __init__(
        self, lines: Iterable[bytes], *, delimiter: str | None = None, nested_delimiter: str = NESTED_DELIMITER
    ) -> None:
        """Take lines as a binary file gives them, with their ends, and read up to the header.

        `delimiter` None guesses it from the header.

        Raises:
            BadInput: the header cannot be understood (see `read_header`), or the file is empty.
            UsageError: a delimiter cannot be one, or the two of a file of nested items clash.
        """
        self._lines = iter(lines)
        self._line = 0
        self._offset = 0
        self.nested_delimiter = read_delimiter(nested_delimiter)
        self.header = self._find_header(delimiter)
        if self.header.nested:
            check_nested_delimiter(self.header.delimiter, self.nested_delimiter)
        self._rows = _Rows(self.header.columns, self.header.delimiter, self.nested_delimiter)

    def _next_line(self) -> bytes | None:
        """The next line that is not blank."""
        for raw in self._lines:
            self._line += 1
            self._offset += len(raw)
            if raw.removeprefix(BYTE_ORDER_MARK if self._line == 1 else b"").strip():
                return raw
        return None

    def _find_header(self, delimiter: str | None) -> Header:
        raw = self._next_line()
        if raw is None:
            what = "the file is empty"
            raise header_problem(max(1, self._line), what, f"It needs a header line: {DELIMITER.join(SINGLE_COLUMNS)}")
        return read_header(raw, delimiter=delimiter, line=self._line)

    def __iter__(self) -> Iterator[ParsedLine]:
        while (raw := self._next_line()) is not None:
            yield self._rows.parse_line(raw, self._line, self._offset)


def parse_rows(
    rows: Iterable[str | Sequence[str]], *, delimiter: str = DELIMITER, nested_delimiter: str | None = None
) -> Iterator[ParsedLine]:
    """Rows in memory to items, for the documented client: no header, three columns single, four nested.

    A row is a line split by `delimiter`, or its fields already apart. Rows are counted from 1; blank ones are ignored.
    `nested_delimiter` None is `,`; with one given, too, each row's own number of columns decides.

    Raises:
        UsageError: a delimiter cannot be one, or the two clash where one for nested tasks was given.
    """
    split_by = read_delimiter(delimiter)
    nested_by = read_delimiter(NESTED_DELIMITER if nested_delimiter is None else nested_delimiter)
    if nested_delimiter is not None:
        check_nested_delimiter(split_by, nested_by)
    return _parse_rows(rows, split_by, nested_by)


def _parse_rows(rows: Iterable[str | Sequence[str]], delimiter: str, nested_delimiter: str) -> Iterator[ParsedLine]:
    single = _Rows(SINGLE_COLUMNS, delimiter, nested_delimiter)
    nested = _Rows(NESTED_COLUMNS, delimiter, nested_delimiter, seen=single.seen)
    for number, row in enumerate(rows, start=1):
        fields = row.strip(LINE_ENDS).split(delimiter) if isinstance(row, str) else list(row)
        if any(field.strip() for field in fields):
            parser = nested if len(fields) == len(NESTED_COLUMNS) else single
            raw = delimiter.join(fields).encode(errors="surrogatepass")
            yield parser.parse_fields(fields, raw, number, 0)


class _Unfit(Exception):
    """The line gives no item; the message says why."""


class _Rows:
    """Turns the fields of one line after another into items; remembers the ids it has met, good lines or not."""

    def __init__(
        self, columns: Sequence[str], delimiter: str, nested_delimiter: str, seen: dict[int, int] | None = None
    ) -> None:
        self.columns = columns
        self.delimiter = delimiter
        self.nested_delimiter = nested_delimiter
        self.seen: dict[int, int] = {} if seen is None else seen
        """Hash of each id met: the line it was first met on."""
        self._id_at, self._step_at, self._script_at = (columns.index(name) for name in SINGLE_COLUMNS)
        self._args_at = columns.index(TASK_ARGS) if TASK_ARGS in columns else None

    def parse_line(self, raw: bytes, line: int, end: int) -> ParsedLine:
        try:
            written = raw.decode()
        except UnicodeDecodeError as refusal:
            what = f"byte {refusal.start + 1} of the line (0x{raw[refusal.start]:02X}) is not UTF-8"
            return ProblemLine(line, end, InputProblem(line, what), raw)
        return self.parse_fields(written.rstrip(LINE_ENDS).split(self.delimiter), raw, line, end)

    def parse_fields(self, fields: Sequence[str], raw: bytes, line: int, end: int) -> ParsedLine:
        try:
            self._check_fields(fields, raw)
            item_id, step, script = fields[self._id_at], fields[self._step_at], fields[self._script_at].strip()
            self._check_keys(item_id, step, line)
            if self._args_at is None:
                record = schema.new_single(item_id, step, _command(script))
            else:
                record = schema.new_nested(item_id, step, self._commands(script, fields[self._args_at]))
            size = record_bytes(record)
            if size > MAX_ITEM_BYTES:
                raise _Unfit(_too_large(size))
        except _Unfit as refusal:
            return ProblemLine(line, end, InputProblem(line, str(refusal)), raw)
        return ItemLine(line, end, record, size, _notices(item_id, step, script, size))

    def _check_fields(self, fields: Sequence[str], raw: bytes) -> None:
        if b"\0" in raw:
            raise _Unfit("the line holds a NUL byte")
        if len(raw) > MAX_ITEM_BYTES + len(LINE_ENDS) + len(self.columns) * len(self.delimiter.encode()):
            raise _Unfit(_too_large(len(raw)))
        if len(fields) == len(self.columns):
            return
        if len(fields) == 1 and (other := self._other_delimiter(fields[0])):
            raise _Unfit(f"it is not split by {shown_delimiter(self.delimiter)}; it looks split by {other}")
        have = f"{len(fields)} column{'s' if len(fields) > 1 else ''}"
        if len(fields) < len(self.columns):
            raise _Unfit(f"{have} where {len(self.columns)} are needed: {', '.join(self.columns)}")
        raise _Unfit(
            f"{have} where {len(self.columns)} are needed; "
            f"if the command itself holds {shown_delimiter(self.delimiter)}, use another delimiter"
        )

    def _other_delimiter(self, written: str) -> str | None:
        wanted = len(self.columns) - 1
        return next((shown_delimiter(other) for other in GUESSED_DELIMITERS if written.count(other) == wanted), None)

    def _check_keys(self, item_id: str, step: str, line: int) -> None:
        if not item_id.strip():
            raise _Unfit(f"{ITEM_ID} is empty")
        first = self.seen.setdefault(hash(item_id), line)
        if first != line:
            raise _Unfit(f"the same {ITEM_ID} is on line {first}")
        if not step.strip():
            raise _Unfit(f"{TASK_ID} is empty")
        for name, value in ((ITEM_ID, item_id), (TASK_ID, step)):
            if (length := _utf8_length(value)) > schema.MAX_KEY_BYTES:
                raise _Unfit(f"{name} is {length:,} bytes long; DynamoDB takes {schema.MAX_KEY_BYTES:,}")

    def _commands(self, script: str, written: str) -> list[str]:
        """The nested tasks' commands: the script with one argument each."""
        if not script:
            raise _Unfit(f"{TASK_SCRIPT} is empty")
        if not written.strip():
            raise _Unfit(f"{TASK_ARGS} is empty; single items go into a file without that column")
        arguments = [argument.strip() for argument in written.split(self.nested_delimiter)]
        # Known before it is built: a long script times thousands of arguments need not fit in memory.
        if (size := len(script) * len(arguments)) > MAX_ITEM_BYTES:
            raise _Unfit(_too_large(size))
        for index, argument in enumerate(arguments):
            if not argument:
                raise _Unfit(f"{TASK_ARGS} has an empty argument, the {index + 1}. of {len(arguments)}")
        return [_command(f"{script} {argument}", f"Task_{index}: ") for index, argument in enumerate(arguments)]


def _command(written: str, whose: str = "") -> str:
    """The command, fit to run; `whose` names the nested task in the problem."""
    if not written:
        raise _Unfit(f"{TASK_SCRIPT} is empty")
    if why := why_unusable(written):
        raise _Unfit(f"{whose}the command cannot be run: {why}")
    _utf8_length(written)
    return written


def _utf8_length(value: str) -> int:
    try:
        return len(value.encode())
    except UnicodeEncodeError as refusal:
        code = ord(value[refusal.start])
        raise _Unfit(f"it holds half a character (U+{code:04X}), which cannot be written as UTF-8") from None


def _too_large(size: int) -> str:
    return f"the item would be {size // 1024:,} KB or more; DynamoDB takes 400 KB"


def _notices(item_id: str, step: str, script: str, size: int) -> tuple[str, ...]:
    """What is allowed, but should be looked at."""
    found: list[str] = []
    for name, value in ((ITEM_ID, item_id), (TASK_ID, step)):
        if value != value.strip():
            found.append(f"{name} begins or ends with a space")
        if len(value) * 4 > schema.MAX_SORT_KEY_BYTES and len(value.encode()) > schema.MAX_SORT_KEY_BYTES:
            found.append(
                f"{name} is over {schema.MAX_SORT_KEY_BYTES:,} bytes: AWS refuses it where an index sorts by it"
            )
    if not _SHELL_WORDS.isdisjoint(_QUOTED.sub("x", script).split()):
        found.append("commands run without a shell: for | > && and the like write sh -c '…'")
    if not script.isascii() and _TYPOGRAPHY.search(script):
        found.append(
            "the command holds typographic quotes or no-break spaces, which are not taken as quotes and spaces"
        )
    if size > LARGE_ITEM_BYTES:
        found.append("the item leaves little room for its log under 400 KB")
    return tuple(found)

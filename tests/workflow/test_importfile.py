"""A file of lines becomes items, or problems that name their line, and never anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.errors import BadInput, InputProblem, UsageError
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.importfile import ImportReader, ItemLine, ParsedLine, ProblemLine, parse_rows
from pyanamo_tui.workflow.importheader import guess_delimiter, read_delimiter, read_header, shown_delimiter
from pyanamo_tui.workflow.model import ItemState

DATA = Path(__file__).parent / "data"
SINGLE = b"itemID|TaskID|TaskScript\n"
NESTED = b"itemID|TaskID|TaskScript|TaskArgs\n"


def read(content: bytes, delimiter: str | None = None, nested_delimiter: str = ",") -> list[ParsedLine]:
    lines = content.splitlines(keepends=True) if b"\r" not in content else _lines(content)
    return list(ImportReader(lines, delimiter=delimiter, nested_delimiter=nested_delimiter))


def _lines(content: bytes) -> Iterator[bytes]:
    """Lines as a binary file gives them: split at line feeds only."""
    parts = content.split(b"\n")
    yield from (part + b"\n" for part in parts[:-1])
    if parts[-1]:
        yield parts[-1]


def problem(row: bytes, header: bytes = SINGLE) -> str:
    [parsed] = read(header + row)
    assert isinstance(parsed, ProblemLine)
    assert parsed.raw == row
    assert parsed.line == parsed.problem.line == 2
    return parsed.problem.what


def item(row: bytes, header: bytes = SINGLE) -> ItemLine:
    [parsed] = read(header + row)
    assert isinstance(parsed, ItemLine)
    return parsed


def refused(header: bytes, delimiter: str | None = None) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(header + b"S1|Align|seq 3\n" * 50, delimiter)
    assert len(caught.value.problems) == 1
    return caught.value


def commands(line: ItemLine) -> list[tuple[str, str, str]]:
    return [(task.key, task.status, task.script) for task in schema.read_item(line.record).tasks]


def test_a_broken_file_gives_its_good_lines_and_one_problem_for_each_other() -> None:
    with (DATA / "broken.txt").open("rb") as file:
        parsed = list(ImportReader(file))
    assert [(line.line, line.item_id) for line in parsed if isinstance(line, ItemLine)] == [(2, "S1"), (15, "S14")]
    assert [line.problem for line in parsed if isinstance(line, ProblemLine)] == [
        InputProblem(3, "2 columns where 3 are needed: itemID, TaskID, TaskScript"),
        InputProblem(4, "itemID is empty"),
        InputProblem(5, "the same itemID is on line 2"),
        InputProblem(6, "TaskID is empty"),
        InputProblem(7, "TaskScript is empty"),
        InputProblem(8, "byte 18 of the line (0xE9) is not UTF-8"),
        InputProblem(9, "the line holds a NUL byte"),
        InputProblem(10, "the command cannot be run: a quote is not closed"),
        InputProblem(11, "it is not split by '|'; it looks split by tab"),
        InputProblem(14, "4 columns where 3 are needed; if the command itself holds '|', use another delimiter"),
    ]


def test_the_offsets_add_up_to_the_file() -> None:
    path = DATA / "broken.txt"
    content = path.read_bytes()
    with path.open("rb") as file:
        for parsed in ImportReader(file):
            assert content[: parsed.end].count(b"\n") == parsed.line - (parsed.end == len(content))
            if isinstance(parsed, ProblemLine):
                assert content[: parsed.end].endswith(parsed.raw)


def test_a_single_item_waits_to_run_and_was_never_locked() -> None:
    line = item(b"S 1|Align|  seq 3 \r\n")
    assert line.record == schema.new_single("S 1", "Align", "seq 3")
    assert schema.read_item(line.record).facts.state == ItemState.TODO
    assert (line.tasks, line.notices) == (0, ())
    assert line.size > 100


def test_a_nested_item_has_a_task_for_each_argument() -> None:
    line = item(b"S1|Step1|seq|8, 2,1\n", NESTED)
    assert commands(line) == [("Task_0", "todo", "seq 8"), ("Task_1", "todo", "seq 2"), ("Task_2", "todo", "seq 1")]
    assert line.tasks == 3


@pytest.mark.parametrize(
    ("header", "row", "delimiter"),
    [
        (b"taskscript|ITEMID | TaskId\n", b"seq 3|S1|Align\n", None),
        (b"\xef\xbb\xbfitemID\tTaskID\tTaskScript\r\n", b"S1\tAlign\tseq 3\r\n", None),
        (b"\n  \nitemID;TaskID;TaskScript\n", b"\nS1;Align;seq 3", None),
        (b"itemID,TaskID,TaskScript\n", b"S1,Align,seq 3\n", ","),
        (b"itemID::TaskID::TaskScript\n", b"S1::Align::seq 3\n", "::"),
        (b"itemID\tTaskID\tTaskScript\n", b"S1\tAlign\tseq 3\n", "\\t"),
        (b"itemID\tTaskID\tTaskScript\n", b"S1\tAlign\tseq 3\n", "Tab"),
    ],
)
def test_columns_go_by_name_and_delimiters_by_choice_or_guess(header: bytes, row: bytes, delimiter: str | None) -> None:
    [line] = read(header + row, delimiter)
    assert isinstance(line, ItemLine)
    assert line.record == schema.new_single("S1", "Align", "seq 3")


def test_the_nested_delimiter_can_be_chosen() -> None:
    [line] = read(NESTED + b"S1|A|seq|1,2::3\n", nested_delimiter="::")
    assert isinstance(line, ItemLine)
    assert [script for _, _, script in commands(line)] == ["seq 1,2", "seq 3"]


@pytest.mark.parametrize(
    ("header", "delimiter", "what", "hint"),
    [
        (b"itemID\tTaskID\tTaskScript\n", "|", "it looks split by tab", "Use -d tab"),
        (b"itemID|TaskID|TaskScript\n", ",", "it looks split by '|'", "Use -d '|'"),
        (b"S0|Align|seq 3\n", None, "there is no header line", "itemID|TaskID|TaskScript"),
        (b"itemID|TaskID\n", None, "no column TaskScript", "It needs itemID"),
        (b"itemID\n", None, "no column TaskID and no column TaskScript", "It needs itemID"),
        (b"itemID|TaskID|TaskScript|TaskArg\n", None, "not known: 'TaskArg'", "Take out"),
        (b"itemID|TaskID|TaskScript|taskid\n", None, "names TaskID twice", "Take out"),
        (b"\xff\xfei\0t\0\n", None, "not UTF-8 text", "Save it as UTF-8"),
        (b"\x1f\x8b\x08\0\n", None, "not UTF-8 text", "without compression"),
        (b"item\xe9|TaskID|TaskScript\n", None, "not UTF-8 text", "Save the file"),
        (b"itemID|TaskID|TaskScript\rS0|A|b\n", None, "end in CR alone", "Convert"),
    ],
)
def test_a_wrong_header_is_one_problem_with_a_way_out(
    header: bytes, delimiter: str | None, what: str, hint: str
) -> None:
    error = refused(header, delimiter)
    assert what in error.message
    assert hint in error.hint
    assert error.problems[0].line == 1


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="the file is empty"):
        read(content)


def test_a_file_of_nothing_but_a_header_has_no_items() -> None:
    assert read(SINGLE) == []


@pytest.mark.parametrize(("delimiter", "nested"), [(",", ","), ("|", "||")])
def test_delimiters_that_hide_each_other_are_refused(delimiter: str, nested: str) -> None:
    header = delimiter.join(["itemID", "TaskID", "TaskScript", "TaskArgs"]).encode()
    with pytest.raises(UsageError, match="cannot be split by"):
        ImportReader([header], delimiter=delimiter, nested_delimiter=nested)
    assert ImportReader([SINGLE], nested_delimiter="|").header.nested is False


@pytest.mark.parametrize("typed", ["", "\n", "a\0"])
def test_what_cannot_be_a_delimiter(typed: str) -> None:
    with pytest.raises(UsageError):
        read_delimiter(typed)


def test_a_delimiter_is_guessed_by_the_names_it_finds() -> None:
    assert [guess_delimiter(d.join(["taskid", "x", "ITEMID"])) for d in "|\t,;"] == ["|", "\t", ",", ";"]
    assert guess_delimiter("itemID|TaskID|TaskScript;TaskArgs,") == "|"
    assert guess_delimiter("S1|Align|seq") is None
    assert (shown_delimiter("\t"), shown_delimiter(";")) == ("tab", "';'")


def test_a_header_says_what_it_found() -> None:
    header = read_header(b"TaskArgs;TaskID;itemID;TaskScript\n", line=3)
    assert (header.line, header.delimiter, header.nested) == (3, ";", True)
    assert header.columns == ("TaskArgs", "TaskID", "itemID", "TaskScript")


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (b"S1|A|seq|", "TaskArgs is empty; single items go into a file without that column"),
        (b"S1|A|seq|1,,2", "TaskArgs has an empty argument, the 2. of 3"),
        (b"S1|A|seq|1,2,", "TaskArgs has an empty argument, the 3. of 3"),
        (b"S1|A||1,2", "TaskScript is empty"),
        (b"S1|A|echo|a,it's", "Task_1: the command cannot be run: a quote is not closed"),
        (b"S1|A|seq 3", "3 columns where 4 are needed: itemID, TaskID, TaskScript, TaskArgs"),
    ],
)
def test_problems_of_nested_lines(row: bytes, what: str) -> None:
    assert problem(row, NESTED) == what


def test_an_id_that_stands_on_a_broken_line_is_still_taken() -> None:
    first, second = read(SINGLE + b"S1|A|\nS1|A|seq 3\n")
    assert isinstance(first, ProblemLine)
    assert isinstance(second, ProblemLine)
    assert second.problem == InputProblem(3, "the same itemID is on line 2")


def test_keys_are_measured_in_bytes() -> None:
    assert problem("é".encode() * 1025 + b"|A|x") == "itemID is 2,050 bytes long; DynamoDB takes 2,048"
    assert problem(b"S1|" + b"a" * 2049 + b"|x") == "TaskID is 2,049 bytes long; DynamoDB takes 2,048"
    longest = item("é".encode() * 1024 + b"|A|x")
    assert longest.notices == ("itemID is over 1,024 bytes: AWS refuses it where an index sorts by it",)
    assert item(b"a" * 1024 + b"|A|x").notices == ()


def test_items_are_held_to_400_kb_before_they_are_built() -> None:
    assert "DynamoDB takes 400 KB" in problem(b"S1|A|echo " + b"x" * 409_600)
    # 100 KB a command times 100,000 arguments would be 10 GB.
    assert "DynamoDB takes 400 KB" in problem(b"S1|A|" + b"x" * 100_000 + b"|" + b"1," * 99_999 + b"1", NESTED)
    assert "DynamoDB takes 400 KB" in problem(b"S1|A|x|" + b"1," * 20_000 + b"1", NESTED)
    large = item(b"S1|A|echo " + b"x" * 408_000)
    assert large.size < 400 * 1024
    assert large.notices == ("the item leaves little room for its log under 400 KB",)


@pytest.mark.parametrize(
    ("row", "notice"),
    [
        (b" S1|A|seq 3", "itemID begins or ends with a space"),
        (b"S1|A |seq 3", "TaskID begins or ends with a space"),
        (b"S1|A|ls > out", "without a shell"),
        (b"S1|A|awk '{print $1}' x && true", "without a shell"),
        ("S1|A|echo \u201chi\u201d".encode(), "typographic quotes"),
    ],
)
def test_what_is_probably_not_meant_is_said_and_taken(row: bytes, notice: str) -> None:
    [found] = item(row).notices
    assert notice in found


@pytest.mark.parametrize("row", [b"S1|A|sh -c 'ls > out && true'", b'S1|A|sh -c "a ; b"'])
def test_a_shell_that_is_asked_for_is_no_notice(row: bytes) -> None:
    assert item(row).notices == ()


@pytest.mark.parametrize("fields", [True, False])
def test_rows_of_the_documented_client(fields: bool) -> None:
    rows = ["Seq_Test_11|Task_11|seq 10", "Seq_Test_8|Task_8|seq|8,7", "", "Seq_Test_7|Task_7|seq|3"]
    given_rows: list[str | Sequence[str]] = [row.split("|") for row in rows] if fields else list(rows)
    single, nested, one = parse_rows(given_rows)
    assert isinstance(single, ItemLine)
    assert isinstance(nested, ItemLine)
    assert isinstance(one, ItemLine)
    assert single.record == schema.new_single("Seq_Test_11", "Task_11", "seq 10")
    assert nested.record == schema.new_nested("Seq_Test_8", "Task_8", ["seq 8", "seq 7"])
    assert (one.line, one.tasks, one.end) == (4, 1, 0)


def test_rows_have_problems_by_number() -> None:
    rows: list[str | list[str]] = ["a|b", "b|B|seq 1", ["b", "B", "seq|3", "1,2"], ["c", "C", "echo \ud800"], ["d"] * 5]
    parsed = list(parse_rows(rows, nested_delimiter=","))
    assert [line.problem for line in parsed if isinstance(line, ProblemLine)] == [
        InputProblem(1, "2 columns where 3 are needed: itemID, TaskID, TaskScript"),
        InputProblem(3, "the same itemID is on line 2"),
        InputProblem(4, "it holds half a character (U+D800), which cannot be written as UTF-8"),
        InputProblem(5, "5 columns where 3 are needed; if the command itself holds '|', use another delimiter"),
    ]


def test_rows_refuse_delimiters_that_clash() -> None:
    with pytest.raises(UsageError, match="cannot be split by"):
        parse_rows(["a,b,c,d"], delimiter=",", nested_delimiter=",")


ROWS = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.lists(st.text(alphabet="ab ,;'\"\\\té\0", max_size=4), min_size=2, max_size=5).map("|".join).map(str.encode),
    ),
    max_size=8,
)


@given(st.sampled_from([SINGLE, NESTED, b"\xef\xbb\xbf" + SINGLE.replace(b"\n", b"\r\n")]), ROWS)
def test_every_line_that_is_not_blank_gives_one_item_or_one_problem(header: bytes, rows: list[bytes]) -> None:
    content = header + b"\n".join(rows)
    lines = list(_lines(content))
    parsed = read(content)
    assert [line.line for line in parsed] == [n for n, line in enumerate(lines, 1) if n > 1 and line.strip()]
    assert all(line.end == sum(map(len, lines[: line.line])) for line in parsed)
    ids = [line.item_id for line in parsed if isinstance(line, ItemLine)]
    assert len(ids) == len(set(ids))
    for line in parsed:
        if isinstance(line, ItemLine):
            assert not schema.read_item(line.record).facts.debris


@given(st.binary(max_size=60), st.sampled_from([None, "|", ",", "tab", "::"]))
def test_any_bytes_are_items_or_problems_or_one_refusal(content: bytes, delimiter: str | None) -> None:
    try:
        reader = ImportReader(_lines(content), delimiter=delimiter)
    except BadInput as refusal:
        problems = refusal.problems
    else:
        assert all(isinstance(line, ItemLine | ProblemLine) for line in reader)
        return
    assert len(problems) == 1


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="|\n\r\0"), min_size=1, max_size=20).filter(str.strip)
WORDS = st.text(st.sampled_from("abc _-/=.é"), min_size=1, max_size=10).map(lambda text: "run " + text.strip())


@given(st.dictionaries(FIELD, st.tuples(FIELD, WORDS), max_size=6))
def test_good_items_come_through_unchanged(items: dict[str, tuple[str, str]]) -> None:
    rows = [f"{item_id}|{step}|{command}\n" for item_id, (step, command) in items.items()]
    parsed = list(ImportReader([SINGLE, *(row.encode() for row in rows)]))
    assert [line.record for line in parsed if isinstance(line, ItemLine)] == [
        schema.new_single(item_id, step, command.strip()) for item_id, (step, command) in items.items()
    ]


@given(st.lists(st.text(st.sampled_from("chr0123XY"), min_size=1), min_size=1, max_size=30))
def test_good_nested_items_keep_their_tasks_in_order(arguments: list[str]) -> None:
    line = item(f"S1|HC|call -r|{','.join(arguments)}\n".encode(), NESTED)
    assert [script for _, _, script in commands(line)] == [f"call -r {argument}" for argument in arguments]

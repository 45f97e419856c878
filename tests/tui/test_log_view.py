"""The log viewer: opens at the end, follows, searches, and shows hostile bytes without effect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.message import Message

from pyanamo_tui.tui.widgets.log_lines import (
    LinePattern,
    cells_of,
    longest_of,
    row_of,
    rows_of,
    segments_of,
)
from pyanamo_tui.tui.widgets.log_rows import LogRows
from pyanamo_tui.tui.widgets.log_view import LONGEST_LINE, LineKind, LogView


class LogApp(App[None]):
    """An app around one log."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.given = lines
        self.log_view = LogView()

    def compose(self) -> ComposeResult:
        yield self.log_view

    def on_mount(self) -> None:
        self.log_view.set_lines(self.given)
        self.log_view.focus()

    def screen_text(self) -> list[str]:
        """The lines as drawn."""
        return [self.log_view.render_line(y).text.rstrip() for y in range(self.log_view.size.height)]


def numbered(count: int) -> list[str]:
    return [f"line {number}" for number in range(count)]


async def test_it_opens_at_the_end_and_follows_until_one_looks_up() -> None:
    app = LogApp(numbered(200_000))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert "line 199999" in app.screen_text()[-1]
        app.log_view.append_lines(["one more"])
        await pilot.pause()
        assert "one more" in app.screen_text()[-1]
        await pilot.press("k")
        app.log_view.append_lines(["unseen"])
        await pilot.pause()
        assert "unseen" not in "\n".join(app.screen_text())
        await pilot.press("G")
        assert "unseen" in app.screen_text()[-1]
        assert app.log_view.following


async def test_search_goes_round_and_says_k_of_m() -> None:
    app = LogApp([*numbered(100), "ERROR one", *numbered(100), "error two"])
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        await pilot.press("g")
        app.log_view.search("error")
        assert app.log_view.match == (1, 2)
        await pilot.pause()
        assert any("ERROR one" in line for line in app.screen_text())
        await pilot.press("n")
        assert app.log_view.match == (2, 2)
        await pilot.press("n")
        assert app.log_view.match == (1, 2)
        await pilot.press("N")
        assert app.log_view.match == (2, 2)
        app.log_view.search("a(b")
        assert app.log_view.match[1] == 0


async def test_numbers_and_the_next_error_line() -> None:
    app = LogApp([*numbered(50), "Traceback: fatal", *numbered(50)])
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        await pilot.press("g", "number_sign")
        assert app.screen_text()[0] == "  1  line 0"
        await pilot.press("e")
        assert any("fatal" in line for line in app.screen_text())


@pytest.mark.parametrize(
    "line",
    [
        "\x1b]0;title\x07",
        "\x1b[2J\x1b[H gone",
        "nul \x00 byte",
        "back\b\b\bspace",
        "bidi \u202e override",
        "[/not markup]",
        "tab\there",
        "lone \udcff surrogate",
    ],
)
async def test_hostile_lines_are_made_visible(line: str) -> None:
    app = LogApp([line])
    async with app.run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        shown = app.log_view.render_line(0)
        assert all(character.isprintable() for character in shown.text)
        assert shown.cell_length == 60
        assert shown.text.strip()


async def test_colours_of_a_log_are_kept_as_styles() -> None:
    app = LogApp(["\x1b[31mred\x1b[0m plain"])
    async with app.run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        strip = app.log_view.render_line(0)
        assert strip.text.startswith("red plain")
        red = next(segment for segment in strip if segment.text.startswith("red"))
        assert red.style is not None
        assert red.style.color is not None
        assert red.style.color.number == 1


async def test_a_line_of_a_megabyte_is_cut_and_says_so() -> None:
    app = LogApp(["x" * 1_000_000])
    async with app.run_test(size=(60, 4)) as pilot:
        await pilot.press("G")
        assert app.log_view.virtual_size.width < LONGEST_LINE + 100


async def test_an_empty_log_says_so() -> None:
    app = LogApp([])
    async with app.run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        assert app.screen_text()[0] == "Nothing was written"


async def test_looking_up_stops_following_and_counts_what_arrives() -> None:
    app = LogApp(numbered(100))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.log_view
        await pilot.press("k")
        assert not view.following
        view.append_lines(["a", "b"])
        assert view.pending == 2
        await pilot.press("f")
        assert view.following
        assert view.pending == 0
        assert app.screen_text()[-1] == "b"
        await pilot.press("f")
        view.append_lines(["c"])
        assert view.pending == 1
        assert app.screen_text()[-1] == "b"
        await pilot.press("j")
        assert view.following
        assert view.pending == 0


async def test_the_wheel_stops_following_too() -> None:
    app = LogApp(numbered(100))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        app.log_view.scroll_to(y=80, animate=False)
        assert not app.log_view.following
        app.log_view.scroll_to(y=90, animate=False)
        assert app.log_view.following


async def test_a_smaller_screen_still_shows_the_end() -> None:
    app = LogApp(numbered(100))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.resize_terminal(30, 5)
        await pilot.pause()
        assert app.log_view.following
        assert app.screen_text()[-1] == "line 99"
        await pilot.resize_terminal(50, 20)
        await pilot.pause()
        assert app.log_view.following
        assert app.screen_text()[-1] == "line 99"


async def test_earlier_lines_are_put_before_without_moving_what_is_in_sight() -> None:
    app = LogApp(numbered(100))
    seen: list[Message] = []
    async with app.run_test(size=(40, 10), message_hook=seen.append) as pilot:
        view = app.log_view
        await pilot.press("g")
        await pilot.pause()
        assert any(isinstance(message, LogView.TopReached) for message in seen)
        view.search("line 7$")
        view.prepend_lines([f"earlier {n}" for n in range(50)])
        assert app.screen_text()[0] == "line 0"
        assert view.match == (1, 1)
        await pilot.press("g")
        assert app.screen_text()[0] == "earlier 0"


async def test_the_same_log_read_again_keeps_its_place() -> None:
    app = LogApp(numbered(100))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.log_view
        await pilot.press("g", "j", "j")
        view.update_lines(numbered(120))
        assert app.screen_text()[0] == "line 2"
        assert view.pending == 20
        view.update_lines([line.upper() for line in numbered(120)])
        assert app.screen_text()[0] == "LINE 2"
        await pilot.press("G")
        view.update_lines(["new log"])
        assert app.screen_text()[0] == "new log"


async def test_the_filter_shows_matching_lines_with_their_context() -> None:
    app = LogApp(numbered(100))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.log_view
        await pilot.pause()
        assert view.filter_lines("line 5$") == 1
        assert app.screen_text()[:2] == ["line 5", ""]
        assert view.filter_lines("line 50$", context=2) == 5
        assert app.screen_text()[:5] == [f"line {n}" for n in range(48, 53)]
        view.append_lines(["line 50"])
        assert (view.shown, view.matched) == (8, 2)
        assert app.screen_text()[5].startswith("── 45 lines ──")
        assert app.screen_text()[6:9] == ["line 98", "line 99", "line 50"]
        await pilot.press("minus")
        assert app.screen_text()[:6] == [
            "line 49",
            "line 50",
            "line 51",
            f"── 47 lines {'─' * 28}",
            "line 99",
            "line 50",
        ]
        await pilot.press("plus", "plus", "plus")
        assert (view.context, view.shown) == (4, 14)
        await pilot.press(*["minus"] * 6)
        assert app.screen_text()[:3] == ["line 50", "line 50", ""]
        assert view.filter_lines("line 5[02]$", context=1) == 7
        assert app.screen_text()[:5] == [f"line {n}" for n in range(49, 54)], "blocks that touch are one"
        await pilot.press("W")
        assert app.screen_text()[5].startswith("── 45 lines ──")
        assert view.search("line 99") == 1
        await pilot.press("W")
        assert view.filter_lines("nowhere") == 0
        await pilot.pause()
        assert app.screen_text()[0] == "No line matches"
        assert view.filter_lines("") == 101
        await pilot.press("G")
        assert app.screen_text()[-1] == "line 50"


async def test_what_is_further_up_is_asked_for_and_what_is_let_go_below_is_told() -> None:
    app = LogApp(numbered(5))
    seen: list[Message] = []
    async with app.run_test(size=(40, 10), message_hook=seen.append) as pilot:
        view = app.log_view
        for key in ("pageup", "g", "k"):
            seen.clear()
            await pilot.press(key)
            await pilot.pause()
            assert any(isinstance(message, LogView.TopReached) for message in seen), key
        view.from_end = True
        view.prepend_lines(numbered(100))
        await pilot.press("g", "number_sign")
        assert app.screen_text()[0] == "-105  line 0"
        view.keep_first(50)
        assert (len(view.lines), view.following, view.cut_below) == (50, False, True)
        await pilot.press(*["pagedown"] * 9)
        assert not view.following
        assert app.screen_text()[-1].endswith("line 49")
        await pilot.press("G")
        await pilot.pause()
        assert any(isinstance(message, LogView.EndWanted) for message in seen)


async def test_lines_are_numbered_by_stream() -> None:
    app = LogApp([])
    async with app.run_test(size=(40, 10)) as pilot:
        kinds = [LineKind.NOTE, LineKind.OUT, LineKind.OUT, LineKind.NOTE, LineKind.ERR]
        app.log_view.set_lines(["stdout", "a", "b", "stderr", "c"], kinds=kinds)
        await pilot.press("number_sign")
        assert app.screen_text()[:5] == ["   · stdout", "1    a", "2    b", "   · stderr", "1  ▎ c"]


async def test_a_filter_that_is_no_expression_is_taken_as_text() -> None:
    app = LogApp(["a(b", "ab"])
    async with app.run_test(size=(40, 10)):
        assert app.log_view.filter_lines("a(b") == 1


async def test_search_looks_among_the_lines_shown_and_marks_the_words() -> None:
    app = LogApp(["cat one", "dog", "cat two", "\x1b[31mc\x1b[0mat three"])
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.log_view
        await pilot.pause()
        assert view.search("cat") == 3
        view.filter_lines("two|dog")
        assert view.match[1] == 1
        view.filter_lines("")
        assert view.match[1] == 3
        view.search("one")
        marked = [segment.text for segment in view.render_line(0) if segment.style and segment.style.bold]
        assert marked == ["one"]
        assert view.search("") == 0
        assert view.match == (0, 0)


async def test_wrapped_lines_lose_nothing_and_keep_the_place() -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(100))
    app = LogApp([*numbered(50), text, "漢字" * 15, *numbered(50)])
    async with app.run_test(size=(21, 10)) as pilot:
        await pilot.press("g", *["j"] * 50)
        assert app.screen_text()[0].endswith("…")
        await pilot.press("W")
        lines = app.screen_text()
        assert "".join(lines[:5]) == text
        assert "".join(lines[5:8]) == "漢字" * 15
        assert all(app.log_view.render_line(y).cell_length == 20 for y in range(10))
        await pilot.press("W")
        assert app.screen_text()[0].startswith(text[:10])
        await pilot.press("W", "G")
        app.log_view.append_lines(["z" * 45])
        assert app.screen_text()[-3:] == ["z" * 20, "z" * 20, "z" * 5]


async def test_both_streams_are_told_apart_by_a_sign() -> None:
    app = LogApp([])
    async with app.run_test(size=(40, 10)) as pilot:
        app.log_view.set_lines(["fine", "bad"], kinds=[LineKind.OUT, LineKind.ERR])
        app.log_view.append_lines(["later"])
        await pilot.pause()
        assert app.screen_text()[:3] == ["  fine", "▎ bad", "  later"]


async def test_the_next_error_goes_round() -> None:
    app = LogApp(["Error: one", *numbered(50), "java.lang.OutOfMemoryError", *numbered(50), "terror is no word for it"])
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("g", "e", "e")
        assert any("OutOfMemory" in line for line in app.screen_text())
        await pilot.press("e")
        assert app.screen_text()[0] == "Error: one"
        app.log_view.set_lines(["all is well"])
        await pilot.press("e")
        assert app.screen_text()[0] == "all is well"


LINE = st.text(st.sampled_from("ab \t漢e\u0301\x1b[31m;\x00é"), max_size=40)


@given(LINE, st.integers(2, 12))
def test_the_rows_of_a_line_are_the_line(line: str, width: int) -> None:
    segments = segments_of(line)
    parts = [row_of(segments, line, width, row) for row in range(rows_of(line, width))]
    texts = ["".join(segment.text for segment in part) for part in parts]
    assert "".join(texts) == "".join(segment.text for segment in segments)
    assert all(cell_len(text) <= width for text in texts)
    assert cells_of(line) == cell_len("".join(texts))
    assert longest_of([line]) >= cells_of(line)


@given(
    st.lists(st.lists(st.sampled_from(["x", "match", "y" * 30]), max_size=5), max_size=5),
    st.integers(0, 2),
    st.sampled_from([None, 8]),
    st.booleans(),
)
def test_appending_gives_what_setting_gives(
    batches: list[list[str]], context: int, width: int | None, filtered: bool
) -> None:
    pattern = LinePattern("match") if filtered else None
    grown, whole = LogRows(), LogRows()
    for rows in (grown, whole):
        rows.filter(pattern, context)
        rows.wrap(width)
    for batch in batches:
        grown.append(batch)
    whole.set([line for batch in batches for line in batch])
    assert len(grown) == len(whole)
    assert [grown.at(row) for row in range(len(grown))] == [whole.at(row) for row in range(len(whole))]
    assert grown.longest == whole.longest

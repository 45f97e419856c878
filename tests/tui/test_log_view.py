"""The log viewer: opens at the end, follows, searches, and shows hostile bytes without effect."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from pyanamo_tui.tui.widgets.log_view import LONGEST_LINE, LogView


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

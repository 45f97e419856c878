"""The one table: rows by the hundred thousand, cursor and marks that stay with their rows, hostile cells."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.strip import Strip

from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable

HOSTILE = [
    "[/bad]",
    "[bold red]x",
    "\x1b[31mred\x1b[0m",
    "\x1b]52;c;aGk=\x07",
    "a\nb\rc\td",
    "nul\x00",
    "abc\u202edef",
    "\u200b\u2066x",
    "漢字かな",
    "e\u0301" * 30,
    "👩‍🔬 lab",
    "x" * 2048,
]


class TableApp(App[None]):
    """An app around one table of strings."""

    def __init__(self, rows: list[str]) -> None:
        super().__init__()
        self.given = rows
        self.table: ItemTable[str] = ItemTable(
            [
                Column("name", "NAME", 10, Cell, flexible=True, sort_key=lambda row: row),
                Column("size", "SIZE", 5, lambda row: Cell(str(len(row)), "state--done"), right=True),
            ],
            lambda row: row,
            marks=True,
            empty="Nothing [/here]",
        )

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.set_rows(self.given)
        self.table.focus()

    def screen_text(self) -> list[str]:
        """The lines as drawn."""
        return [self.table.render_line(y).text for y in range(self.table.size.height)]


def rows(count: int) -> list[str]:
    return [f"row{number:06}" for number in range(count)]


async def test_moving_and_paging_in_a_hundred_thousand_rows() -> None:
    app = TableApp(rows(100_000))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("j", "down", "k")
        assert app.table.row == "row000001"
        await pilot.press("G")
        assert app.table.row == "row099999"
        assert "row099999" in app.screen_text()[19]
        await pilot.press("pageup")
        assert app.table.cursor == 99_999 - 19
        await pilot.press("g")
        assert app.table.cursor == 0
        assert app.screen_text()[0].strip().startswith("NAME")


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    app = TableApp(rows(1000))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press(*["j"] * 30)
        at = next(y for y, line in enumerate(app.screen_text()) if "row000030" in line)
        app.table.set_rows([f"new{number}" for number in range(500)] + rows(1000))
        await pilot.pause()
        assert app.table.row == "row000030"
        assert "row000030" in app.screen_text()[at]
        app.table.set_rows([row for row in rows(1000) if row != "row000030"])
        await pilot.pause()
        assert app.table.row is not None
        app.table.set_rows(["only"])
        await pilot.pause()
        assert app.table.row == "only"
        app.table.set_rows([])
        await pilot.pause()
        assert app.table.row is None
        assert "Nothing [/here]" in app.screen_text()[1]


async def test_marks_stay_with_their_rows_and_say_how_many_are_hidden() -> None:
    app = TableApp(rows(10))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("space", "space", "j", "j", "v")
        assert app.table.marked == {"row000000", "row000001", "row000002", "row000003", "row000004"}
        app.table.set_rows(rows(10)[3:])
        await pilot.pause()
        assert app.table.hidden_marks() == 3
        await pilot.press("tilde")
        assert app.table.marked == {*rows(3), *rows(10)[5:]}
        await pilot.press("asterisk")
        assert len(app.table.marked) == 10
        await pilot.press("backslash")
        assert not app.table.marked


async def test_marks_of_rows_that_are_gone_are_forgotten() -> None:
    app = TableApp(rows(3))
    async with app.run_test() as pilot:
        await pilot.press("asterisk")
        app.table.keep_marks(lambda key: key != "row000001")
        assert app.table.marked == {"row000000", "row000002"}


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_cells_are_shown_and_do_nothing(hostile: str) -> None:
    app = TableApp([hostile, "after"])
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.pause()
        lines = app.screen_text()
        assert "after" in lines[2]
        for line in lines:
            assert all(character.isprintable() for character in line)
        assert [app.table.render_line(y).cell_length for y in range(6)] == [40] * 6


async def test_enter_and_a_double_click_open() -> None:
    seen: list[Message] = []
    app = TableApp(rows(5))
    async with app.run_test(message_hook=seen.append) as pilot:
        await pilot.press("j", "enter")
        await pilot.click(ItemTable, offset=(2, 4), times=2)
        await pilot.pause()
    opened = [message.row for message in seen if isinstance(message, ItemTable.Selected)]
    assert list(dict.fromkeys(opened)) == ["row000001", "row000003"]


async def test_a_cursor_move_draws_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TableApp(rows(1000))
    drawn: list[int] = []
    real = ItemTable.render_line

    def counting(table: ItemTable[str], y: int) -> Strip:
        drawn.append(y)
        return real(table, y)

    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(ItemTable, "render_line", counting)
        app.table.action_move(1)
        await pilot.pause()
        assert sorted(set(drawn)) == [1, 2]


async def test_a_narrow_table_gives_its_flexible_column_less() -> None:
    app = TableApp(["a-rather-long-name"])
    async with app.run_test(size=(22, 4)) as pilot:
        await pilot.pause()
        assert app.table.virtual_size.width <= 22
        assert "…" in app.screen_text()[1]
        assert "18" in app.screen_text()[1]

"""The one table: rows by the hundred thousand, cursor and marks that stay with their rows, hostile cells."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip

from pyanamo_tui.tui.widgets import table_grid
from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.tui.widgets.table_columns import column_widths, smallest_width
from pyanamo_tui.tui.widgets.table_lines import CHANGED_SIGN, CURSOR_SIGN, MARK_SIGN
from pyanamo_tui.workflow.printable import printable

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


async def test_a_range_begins_at_the_row_marked_last_wherever_that_is_now() -> None:
    app = TableApp(rows(5000))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("j", "j", "space", "G")
        app.table.set_rows([f"new{number}" for number in range(3000)] + rows(5000))
        await pilot.press("v")
        assert app.table.marked == set(rows(5000)[2:])
        await pilot.press("backslash", "g", "space", "G")
        app.table.set_rows(rows(10))
        await pilot.press("v")
        assert app.table.marked == {"new0", "row000009"}
        app.table.forget_absent(set(rows(10)), {"row000009", "other"})
        assert app.table.marked == {"new0", "row000009"}
        app.table.forget_absent(set(rows(10)), None)
        assert app.table.marked == {"row000009"}


async def test_marks_of_rows_that_are_gone_are_forgotten() -> None:
    app = TableApp(rows(3))
    async with app.run_test() as pilot:
        await pilot.press("asterisk")
        app.table.forget_marks(["row000001", "never"])
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


async def test_a_refresh_that_changes_nothing_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TableApp(rows(1000))
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        regions: list[object] = []
        monkeypatch.setattr(app.table, "refresh", lambda *given, **_: regions.extend(given))
        app.table.set_rows(rows(1000))
        assert regions == []
        changed = rows(1000)
        changed[3] = "another"
        app.table.set_rows(changed)
        assert [region.y for region in regions] == [4]  # type: ignore[attr-defined]


async def test_ages_go_on_where_nothing_else_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_grid, "AGES_SECONDS", 0.05)
    app, ages = TableApp(rows(20)), {"row000002": "1 s"}
    age = Column[str]("age", "AGE", 6, lambda row: Cell(ages.get(row, "")))
    async with app.run_test(size=(60, 30)) as pilot:
        app.table.set_columns([*app.table.columns, age])
        await pilot.pause(0.2)
        regions: list[object] = []
        monkeypatch.setattr(app.table, "refresh", lambda *given, **_: regions.extend(given))
        ages["row000002"] = "2 s"
        deadline = time.monotonic() + 20
        while not regions:
            assert time.monotonic() < deadline
            await pilot.pause(0.02)
        assert {region.y for region in regions} == {3}  # type: ignore[attr-defined]


async def test_a_changed_row_is_marked_by_a_sign_and_the_sign_goes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_grid, "FLASH_SECONDS", 0.05)
    app = TableApp(rows(20))
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.press("j")
        app.table.set_rows(rows(20), ["row000004"])
        assert CHANGED_SIGN in app.screen_text()[5]
        assert CHANGED_SIGN not in app.screen_text()[6]
        deadline = time.monotonic() + 20
        while CHANGED_SIGN in app.screen_text()[5]:
            assert time.monotonic() < deadline
            await pilot.pause(0.02)


async def test_until_it_is_moved_the_cursor_stays_at_the_top_while_rows_arrive() -> None:
    app = TableApp(rows(10)[5:])
    async with app.run_test(size=(60, 6)) as pilot:
        await pilot.pause()
        app.table.set_rows(rows(10))
        await pilot.pause()
        assert app.table.row == "row000000"
        assert "row000000" in app.screen_text()[1]


async def test_a_row_that_is_gone_leaves_the_cursor_at_its_index() -> None:
    app = TableApp(rows(10))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("j", "j")
        app.table.set_rows([row for row in rows(10) if row != "row000002"])
        assert app.table.row == "row000003"
        app.table.set_rows(rows(1))
        assert app.table.row == "row000000"


async def test_it_keeps_an_order_both_ways_and_says_so_in_the_title() -> None:
    app = TableApp(["b", "c", "a"])
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.sort("name")
        assert list(app.table.rows) == ["a", "b", "c"]
        await pilot.pause()
        assert "NAME ▲" in app.screen_text()[0]
        await pilot.click(ItemTable, offset=(5, 0))
        assert list(app.table.rows) == ["c", "b", "a"]
        assert "NAME ▼" in app.screen_text()[0]
        app.table.set_rows(["x", "z", "y"])
        assert list(app.table.rows) == ["z", "y", "x"]
        app.table.sort("size")
        assert app.table.sorted_by == ("name", True)


async def test_a_click_on_a_title_asks_the_owner_for_that_order() -> None:
    seen: list[Message] = []
    app = TableApp(rows(3))
    async with app.run_test(size=(60, 20), message_hook=seen.append) as pilot:
        await pilot.click(ItemTable, offset=(5, 0))
        await pilot.click(ItemTable, offset=(58, 0))
    assert {message.column for message in seen if isinstance(message, ItemTable.TitleClicked)} == {"name"}


async def test_the_wheel_scrolls_and_the_cursor_comes_back_into_sight() -> None:
    app = TableApp(rows(100))
    async with app.run_test(size=(60, 11)) as pilot:
        await pilot.pause()
        app.table.scroll_to(y=50, animate=False)
        assert "row000050" in app.screen_text()[1]
        await pilot.press("j")
        assert "row000001" in app.screen_text()[1]


async def test_marks_say_in_words_what_the_filter_hides() -> None:
    app = TableApp(rows(10))
    async with app.run_test(size=(60, 20)) as pilot:
        assert app.table.marks_in_words() == ""
        await pilot.press("asterisk")
        assert app.table.marks_in_words() == "10 marked"
        app.table.set_rows(rows(10)[:7])
        assert app.table.marks_in_words() == "10 marked, 3 of them hidden by the filter"
        assert MARK_SIGN in app.screen_text()[7]
        assert MARK_SIGN not in app.screen_text()[8]


async def test_a_table_without_marks_takes_no_keys_for_them() -> None:
    app = TableApp(rows(3))
    app.table = ItemTable([Column("name", "NAME", 10, Cell)], lambda row: row, header=False)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("space", "asterisk", "v")
        assert not app.table.marked
        assert app.screen_text()[0].startswith(f"{CURSOR_SIGN}row000000")


async def test_what_does_not_fit_is_reached_sideways_beside_the_marks() -> None:
    columns = [Column[str](f"c{n}", f"C{n}", 20, lambda row, n=n: Cell(f"{row}-{n}")) for n in range(4)]  # type: ignore[misc]
    app = TableApp(rows(3))
    app.table = ItemTable(columns, lambda row: row, marks=True)
    async with app.run_test(size=(50, 10)) as pilot:
        await pilot.press("space")
        assert app.screen_text()[1].startswith(f" {MARK_SIGN} row000000-0")
        await pilot.press(*["right"] * 9)
        assert app.screen_text()[1].startswith(f" {MARK_SIGN} ")
        assert "row000000-3" in app.screen_text()[1]
        await pilot.press(*["h"] * 9)
        assert "row000000-0" in app.screen_text()[1]


def test_every_key_can_be_remapped_and_none_is_taken_from_the_terminal() -> None:
    bindings = [binding for binding in ItemTable.BINDINGS if isinstance(binding, Binding)]
    assert len(bindings) == len(ItemTable.BINDINGS)
    assert len({binding.id for binding in bindings if binding.id}) == len(bindings)
    keys = {key for binding in bindings for key in binding.key.split(",")}
    assert not keys & {f"ctrl+{key}" for key in ("a", "b", "s", "z", "space", "backslash", "h", "i", "j", "m")}


@given(st.lists(st.booleans(), max_size=6), st.lists(st.integers(1, 30), min_size=6, max_size=6), st.integers(0, 200))
def test_columns_fill_the_room_where_they_can(flexible: list[bool], widths: list[int], room: int) -> None:
    columns = [
        Column[str](f"{n}", "", width, Cell, flexible=flex)
        for n, (flex, width) in enumerate(zip(flexible, widths, strict=False))
    ]
    given_widths = column_widths(columns, room)
    for column, width in zip(columns, given_widths, strict=True):
        assert width == column.width or column.flexible
        assert width >= min(column.width, 8)
    if any(flexible) and room >= smallest_width(columns):
        assert sum(given_widths) + 2 * (len(columns) - 1) >= room


@given(st.text(max_size=300), st.integers(1, 40), st.booleans(), st.booleans())
def test_any_text_takes_exactly_the_cells_of_its_column(text: str, width: int, right: bool, middle: bool) -> None:
    shown = Column[str]("c", "C", width, Cell, right=right, cut_middle=middle).text(Cell(text), width)
    assert cell_len(shown) == width
    assert shown == printable(shown)

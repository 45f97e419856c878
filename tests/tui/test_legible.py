"""Colours of states on every ground they can stand on: told apart in every theme, and in 16 colours."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.app import App, ComposeResult

from pyanamo_tui.tui.widgets.item_table import Cell, Column, ItemTable
from pyanamo_tui.tui.widgets.legible import ENOUGH, contrast, legible

STATES = ("todo", "locked", "done", "failed", "wall", "other")
_channels = st.integers(0, 255)
_triplets = st.builds(ColorTriplet, _channels, _channels, _channels)


def test_contrast_is_that_of_the_standard() -> None:
    white, black, grey = ColorTriplet(255, 255, 255), ColorTriplet(0, 0, 0), ColorTriplet(119, 119, 119)
    assert contrast(white, black) == pytest.approx(21)
    assert contrast(black, black) == pytest.approx(1)
    assert contrast(grey, white) == pytest.approx(4.48, abs=0.01)


@given(_triplets, _triplets)
def test_any_two_colours_are_told_apart_and_good_ones_are_left_alone(
    colour: ColorTriplet, ground: ColorTriplet
) -> None:
    style = Style(color=Color.from_triplet(colour), bgcolor=Color.from_triplet(ground), bold=True)
    made = legible(style, None)
    assert made.color is not None
    assert made.color.triplet is not None
    assert contrast(made.color.triplet, ground) >= ENOUGH
    assert (made.bgcolor, made.bold) == (style.bgcolor, True)
    if contrast(colour, ground) >= ENOUGH:
        assert made == style


def test_the_terminals_own_colours_are_left_alone() -> None:
    style = Style(color="red", bgcolor="default")
    assert legible(style, None) == style


def _word(state: str, _row: str) -> Cell:
    return Cell("word", f"state--{state}")


class _Table(App[None]):
    def __init__(self, theme: str) -> None:
        super().__init__()
        self.theme = theme
        columns = [Column[str](state, state, 8, partial(_word, state)) for state in STATES]
        self.table: ItemTable[str] = ItemTable(columns, lambda row: row)

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.set_rows(["a", "b", "c"], ["b", "c"])
        self.table.focus()


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord", "gruvbox", "solarized-light"])
async def test_every_state_is_read_on_the_cursor_on_a_changed_row_and_elsewhere(theme: str) -> None:
    app = _Table(theme)
    async with app.run_test(size=(80, 6)) as pilot:
        await pilot.pause()
        for y in (1, 2, 3):
            for segment in app.table.render_line(y):
                if "word" in segment.text:
                    style = segment.style
                    assert style is not None
                    assert style.color is not None
                    assert style.bgcolor is not None
                    assert contrast(style.color.get_truecolor(), style.bgcolor.get_truecolor()) >= ENOUGH


async def test_in_16_colours_the_cursor_is_a_line_and_the_states_keep_their_colours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = _Table("textual-dark")
    async with app.run_test(size=(80, 6)) as pilot:
        monkeypatch.setattr(type(app.console), "color_system", "standard")
        await pilot.pause()
        here, away = ([segment.style for segment in app.table.render_line(y) if "word" in segment.text] for y in (1, 2))
        assert all(style is not None and style.underline and style.bold for style in here)
        for style in here:
            assert style is not None
            assert style.color is not None
            assert style.bgcolor is not None
            assert style.color.get_truecolor() != style.bgcolor.get_truecolor()
        assert len(here) == len(away) == len(STATES)

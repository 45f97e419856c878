"""The nested tasks of one item as a grid of signs and numbers, with a cursor: hundreds of tasks at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pyanamo_tui.tui.format import fit
from pyanamo_tui.tui.task_states import TASK_STYLES, TaskMark
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

LONGEST_LABEL: Final = 24
_SIDES: Final = 3
"""Cells of a task beside its label: the cursor's sign, and a gap of two."""
_DOUBLE: Final = 2


def columns_of(labels: Sequence[str], width: int) -> tuple[int, int]:
    """How many tasks stand in a row of that many cells, and the cells of each; at least one."""
    widest = min(LONGEST_LABEL, max((cell_len(label) for label in labels), default=1))
    cell = widest + _SIDES
    return max(1, width // cell), cell


class TaskGrid(ScrollView, can_focus=True):
    """Tasks from left to right, then down; the arrow keys move over them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "state--todo",
        "state--locked",
        "state--done",
        "state--failed",
        "state--other",
        "grid--cursor",
    }
    DEFAULT_CSS = """
    TaskGrid {
        height: 1fr; background: $background; color: $foreground; scrollbar-size-vertical: 1;
        & > .state--todo { color: $foreground; }
        & > .state--locked { color: $warning; text-style: bold; }
        & > .state--done { color: $success; }
        & > .state--failed { color: $error; text-style: bold; }
        & > .state--other { color: $accent; }
        & > .grid--cursor { background: $accent-muted; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(0,-1)", "up", id="table.up", show=False),
        Binding("down,j", "move(0,1)", "down", id="table.down", show=False),
        Binding("left,h", "move(-1,0)", "left", id="table.left", show=False),
        Binding("right", "move(1,0)", "right", id="table.right", show=False),
        Binding("pageup", "page(-1)", "page up", id="table.page_up", show=False),
        Binding("pagedown", "page(1)", "page down", id="table.page_down", show=False),
        Binding("home,g", "edge(0)", "first", id="table.first", show=False),
        Binding("end,G", "edge(1)", "last", id="table.last", show=False),
        Binding("enter", "select", "log", id="table.open"),
    ]

    class Highlighted(Message):
        """The cursor is on another task, or on one that changed."""

        def __init__(self, key: str | None) -> None:
            super().__init__()
            self.key = key

    class Selected(Message):
        """Enter or a double click on a task."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._marks: tuple[TaskMark, ...] = ()
        self._cursor = 0
        self._across, self._cell = 1, 1

    @property
    def key(self) -> str | None:
        """The key of the task under the cursor, None where there are no tasks."""
        return self._marks[self._cursor].key if self._marks else None

    @property
    def across(self) -> int:
        """Tasks in a row, as they are laid out now."""
        return self._across

    def set_marks(self, marks: tuple[TaskMark, ...]) -> None:
        """Show these tasks; the cursor stays on its task, and only rows that differ are drawn again."""
        if marks == self._marks:
            return
        key, before = self.key, self._marks
        self._marks = marks
        keys = [mark.key for mark in marks]
        self._cursor = keys.index(key) if key in keys else max(0, min(self._cursor, len(marks) - 1))
        if [mark.key for mark in before] != keys:
            self._lay_out()
        else:
            for place, (old, new) in enumerate(zip(before, marks, strict=True)):
                if old != new:
                    self._repaint_row(place // self._across)
        self.post_message(self.Highlighted(self.key))

    def select_key(self, key: str) -> None:
        """Put the cursor on the task of this key, if it is there."""
        place = next((place for place, mark in enumerate(self._marks) if mark.key == key), None)
        if place is not None:
            self._go(place)

    def _lay_out(self) -> None:
        self._across, self._cell = columns_of([self._label(mark) for mark in self._marks], self._room)
        self.virtual_size = Size(self._room, -(-len(self._marks) // self._across))
        self.refresh()

    @property
    def _room(self) -> int:
        return max(1, self.size.width - self.scrollbar_size_vertical)

    @staticmethod
    def _label(mark: TaskMark) -> str:
        return printable(mark.label)

    def on_resize(self) -> None:
        """As many in a row as fit now; the cursor stays in sight."""
        self._lay_out()
        self._show_cursor()

    def render_line(self, y: int) -> Strip:
        """One row of tasks."""
        first = (y + self.scroll_offset.y) * self._across
        segments = []
        for place in range(first, min(first + self._across, len(self._marks))):
            mark, here = self._marks[place], place == self._cursor
            style = self.get_component_rich_style(TASK_STYLES[mark.state], partial=True)
            if here:
                style += self.get_component_rich_style("grid--cursor", partial=True)
            label = fit(self._label(mark), self._cell - _SIDES, cut_middle=True)
            segments += [Segment(f"{'▌' if here else ' '}{label} ", style), Segment(" ")]
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def _repaint_row(self, row: int) -> None:
        y = row - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _show_cursor(self) -> None:
        row, top, page = self._cursor // self._across, self.scroll_offset.y, max(1, self.size.height)
        if row < top or row >= top + page:
            y = row if row < top else row - page + 1
            self.scroll_to(y=y, animate=False, force=True, immediate=True)

    def _go(self, place: int) -> None:
        place = max(0, min(place, len(self._marks) - 1))
        if place == self._cursor or not self._marks:
            return
        before, self._cursor = self._cursor, place
        self._show_cursor()
        self._repaint_row(before // self._across)
        self._repaint_row(place // self._across)
        self.post_message(self.Highlighted(self.key))

    def action_move(self, across: int, down: int) -> None:
        """By so many tasks across and rows down; not past either end."""
        place = self._cursor + across + down * self._across
        if 0 <= place < len(self._marks):
            self._go(place)

    def action_page(self, pages: int) -> None:
        """A page up or down."""
        self._go(self._cursor + pages * max(1, self.size.height) * self._across)

    def action_edge(self, last: int) -> None:
        """To the first or the last task."""
        self._go(len(self._marks) - 1 if last else 0)

    def action_select(self) -> None:
        """Open the log of the task under the cursor."""
        if self.key is not None:
            self.post_message(self.Selected(self.key))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click opens."""
        place = (event.y + self.scroll_offset.y) * self._across + event.x // self._cell
        if event.x < self._across * self._cell and place < len(self._marks):
            self._go(place)
            if event.chain == _DOUBLE:
                self.action_select()

"""The one line that is typed into: Textual's, but what is hidden in its text never reaches the terminal.

A path chosen from a folder, a suggestion and a paste are data like any other.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.text import Text
from textual.strip import Strip
from textual.widgets import Input

from pyanamo_tui.workflow.printable import printable_in_place


class TextLine(Input):
    """An Input that shows each character that would be hidden or acted on as a sign of one cell; its value keeps it."""

    def render_line(self, y: int) -> Strip:
        """The line, with what may be suggested or shown in place of a text made safe too."""
        strip = super().render_line(y)
        safe = [Segment(printable_in_place(text), style, control) for text, style, control in strip]
        return Strip(safe).adjust_cell_length(strip.cell_length)

    @property
    def _value(self) -> Text:
        """What Textual measures and draws; of as many characters as the value, so that the cursor stands right."""
        return Text(printable_in_place(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(printable_in_place(self.value[:position]))

"""What came of a bulk change that was not whole: the failed and the skipped with their reasons, ready to be marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Label, Static

from pyanamo_tui.tui.format import count
from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

LINES_SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is told.

    Attributes:
        title: one line: how many changed, were skipped, failed, were not started.
        hint: what stopped it, if anything did.
        failed, skipped: (item, why), one by one.
        not_started: items that nothing was sent for.
        undo: whether `U` takes back what was changed.
    """

    title: str
    hint: str = ""
    failed: Sequence[tuple[str, str]] = ()
    skipped: Sequence[tuple[str, str]] = ()
    not_started: Sequence[str] = ()
    undo: bool = False


class OutcomeModal(Dialog[frozenset[str] | None]):
    """Dismissed with the items to mark, or None.

    Args:
        outcome: what is told.
        can_mark: whether the screen below has a list in which items can be marked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,space", "close", "close", id="outcome.close"),
        Binding("m", "mark_undone", "mark what failed", id="outcome.mark_failed"),
        Binding("s", "mark_skipped", "mark what was skipped", id="outcome.mark_skipped"),
        Binding("j,down", "scroll(1)", "down", id="outcome.down", show=False),
        Binding("k,up", "scroll(-1)", "up", id="outcome.up", show=False),
    ]

    def __init__(self, outcome: Outcome, *, can_mark: bool) -> None:
        super().__init__()
        self.outcome = outcome
        self._can_mark = can_mark

    def compose(self) -> ComposeResult:
        """The counts, what stopped it, the items, the keys."""
        outcome = self.outcome
        with Vertical(classes="dialog wide-dialog"):
            yield Label(Text(printable(outcome.title)), classes="dialog-title")
            if outcome.hint:
                yield Label(Text(printable(outcome.hint)), classes="dialog-body")
            with VerticalScroll(classes="dialog-lines"):
                yield Static(self._lines(), markup=False)
            yield Label(Text(" · ".join(self._keys())), classes="dialog-hint")

    def on_mount(self) -> None:
        """The list can be scrolled at once."""
        self.query_one(VerticalScroll).focus()

    def _lines(self) -> Text:
        outcome = self.outcome
        listed = [(item, "failed", why) for item, why in outcome.failed]
        listed += [(item, "not started", "") for item in outcome.not_started]
        listed += [(item, "skipped", why) for item, why in outcome.skipped]
        text = Text()
        for item, what, why in listed[:LINES_SHOWN]:
            text.append(f"{printable(item)}  ")
            text.append(what, "bold" if what == "failed" else "dim")
            text.append(f": {printable(why)}\n" if why else "\n")
        if len(listed) > LINES_SHOWN:
            text.append(f"… and {count(len(listed) - LINES_SHOWN)} more: all are in the activity list (u)", "dim")
        text.rstrip()
        return text

    def _keys(self) -> list[str]:
        outcome, keys = self.outcome, []
        if self._can_mark and self._not_done:
            keys.append(f"m marks the {count(len(self._not_done))} not done")
        if self._can_mark and outcome.skipped:
            keys.append(f"s marks the {count(len(outcome.skipped))} skipped")
        return [*keys, "esc closes", *(["U undoes what was changed"] if outcome.undo else [])]

    @property
    def _not_done(self) -> frozenset[str]:
        return frozenset([item for item, _ in self.outcome.failed] + list(self.outcome.not_started))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marks only where there is something to mark, and a list to mark it in."""
        if action == "mark_undone":
            return self._can_mark and bool(self._not_done)
        if action == "mark_skipped":
            return self._can_mark and bool(self.outcome.skipped)
        return True

    def action_mark_undone(self) -> None:
        """Mark what failed and what was not started, to be tried again."""
        self.dismiss(self._not_done)

    def action_mark_skipped(self) -> None:
        """Mark what was skipped."""
        self.dismiss(frozenset(item for item, _ in self.outcome.skipped))

    def action_scroll(self, lines: int) -> None:
        """Move by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)

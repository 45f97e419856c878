"""The line above a log: its attempts and its streams, which of them is shown, and the keys that change that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import RenderResult
    from textual.binding import Binding

    from pyanamo_tui.workflow.attempts import Attempt

STREAMS: Final = ("all", "stdout", "stderr")
_STREAM_NAMES: Final = {"all": "both"}


@dataclass(frozen=True, slots=True)
class LogChoice:
    """What there is to choose from and what is chosen: attempts by their place in `attempts`, the stream by name."""

    attempts: tuple[Attempt, ...] = ()
    chosen: int = 0
    stream: str = STREAMS[0]


def outcome(attempt: Attempt) -> str:
    """How an attempt ended, in a word or two."""
    if attempt.log is None:
        return "running"
    return "" if attempt.log.exit_code is None else f"exit {attempt.log.exit_code}"


class LogTabs(Widget):
    """One line. Where there is little room, attempts are numbers, then `2 of 5`, and only the stream shown is named."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--chosen", "tabs--other", "tabs--key", "tabs--label"}
    DEFAULT_CSS = """
    LogTabs {
        height: 1; color: $foreground-muted;
        & > .tabs--chosen { text-style: reverse; color: $foreground; }
        & > .tabs--other { color: $foreground; }
        & > .tabs--key { color: $accent; text-style: bold; }
        & > .tabs--label { color: $foreground-muted; }
    }
    """

    choice: reactive[LogChoice] = reactive(LogChoice)

    def render(self) -> RenderResult:
        """The fullest form that fits."""
        forms = list(self._forms())
        return next((form for form in forms if form.cell_len <= self.size.width), forms[-1])

    def _forms(self) -> Iterable[Text]:
        attempts = self.choice.attempts
        numbers = [str(one.number) for one in attempts]
        told = [f"{one.number} {words}" if (words := outcome(one)) else str(one.number) for one in attempts]
        place = [f"{numbers[self.choice.chosen]} of {numbers[-1]}"] if numbers else []
        streams = [_STREAM_NAMES.get(name, name) for name in STREAMS]
        shown = streams[STREAMS.index(self.choice.stream)]
        for labels, chosen in ((told, self.choice.chosen), (numbers, self.choice.chosen), (place, 0)):
            for names in (streams, [shown]):
                line = Text(no_wrap=True, end="", overflow="ellipsis")
                if len(attempts) > 1:
                    line.append("attempt ", self.get_component_rich_style("tabs--label", partial=True))
                    self._put(line, labels, chosen, ("log.previous_attempt", "log.next_attempt"))
                    line.append("   ")
                self._put(line, names, names.index(shown), ("log.stream",))
                yield line

    def _put(self, line: Text, labels: Sequence[str], chosen: int, bindings: Iterable[str]) -> None:
        for number, label in enumerate(labels):
            name = "tabs--chosen" if number == chosen else "tabs--other"
            line.append(f" {printable(label)} ", self.get_component_rich_style(name, partial=True))
        keys = " ".join(self._key(binding) for binding in bindings)
        line.append(f" {keys}", self.get_component_rich_style("tabs--key", partial=True))

    def _key(self, binding_id: str) -> str:
        """The key that a binding has now: it may have been chosen by the user."""
        found: list[Binding] = [
            active.binding for active in self.screen.active_bindings.values() if active.binding.id == binding_id
        ]
        return (found[0].key_display or self.app.get_key_display(found[0])) if found else ""

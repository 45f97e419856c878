"""A question asked again and again on a thread while a screen is shown: one at a time, more slowly while it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from pyanamo_tui.errors import PyanamoError

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.timer import Timer

Answer = TypeVar("Answer")


class Rounds(Generic[Answer]):
    """Asks, tells, waits, and asks again: for what no Snapshot holds. Two of them never wait for each other.

    Args:
        screen: whose rounds these are.
        name: what is asked for, in a word.
        ask: asks; called on a thread.
        tell: given the answer, or the error, on the screen's own thread.
        seconds: from an answer to the next question.
        slowest: the same after many errors on end.
    """

    def __init__(
        self,
        screen: Screen[None],
        name: str,
        ask: Callable[[], Answer],
        tell: Callable[[Answer | PyanamoError], None],
        *,
        seconds: float,
        slowest: float | None = None,
    ) -> None:
        self._screen = screen
        self._name = name
        self._ask = ask
        self._tell = tell
        self._seconds = seconds
        self._slowest = slowest or seconds
        self._failures = 0
        self._asking = False
        self._again = False
        self._shown = False
        self._timer: Timer | None = None

    def begin(self) -> None:
        """The screen is shown: ask now."""
        self._shown = True
        self.now()

    def pause(self) -> None:
        """The screen is covered: ask nothing further."""
        self._shown = False
        self._stop_timer()

    def now(self) -> None:
        """Ask at once; where a question is under way, right after its answer."""
        if self._asking:
            self._again = True
        elif self._shown:
            self._stop_timer()
            self._asking = True
            self._screen.run_worker(
                self._round, name=self._name, group=self._name, description=self._name, thread=True, exit_on_error=False
            )

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _round(self) -> None:
        answer: Answer | PyanamoError
        try:
            answer = self._ask()
        except PyanamoError as error:
            answer = error
        self._screen.call_later(self._came, answer)

    def _came(self, answer: Answer | PyanamoError) -> None:
        self._asking = False
        self._failures = self._failures + 1 if isinstance(answer, PyanamoError) else 0
        again, self._again = self._again, False
        if self._screen.is_mounted:
            self._tell(answer)
        if not self._shown or not self._screen.is_mounted:
            return
        if again:
            self.now()
        elif not self._asking:
            wait = min(self._seconds * 2 ** min(self._failures, 10), max(self._seconds, self._slowest))
            self._stop_timer()
            self._timer = self._screen.set_timer(wait, self.now)

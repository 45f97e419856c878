"""Keys one after another: each is acted on before the next is given to anyone, however fast they come.

Textual gives a key to whatever has the focus when it arrives, and acts on its binding later, when the key has come back
up to the app. Over a slow line keys come many at once: of `/`, `s`, `t` the list would get all three, and sort by `s`
instead of filtering by "st"; of `/Dry` a question to delete would be answered by `y`. Here a key waits until all that
the key before it set going at once (a filter line with the focus, a dialog) is there.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from textual import events, on
from textual.app import ScreenStackError
from textual.message import Message

from pyanamo_tui.tui.terminal import TerminalApp

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widget import Widget

LONGEST_WAIT: Final = 0.5
"""Seconds after which the next key is given on even so: whoever had the last may be gone, and the messenger with it."""
_ROUNDS: Final = 4
"""Enter in a filter line: the key, the line's word that it was entered, the bar's that it closed, the list's focus."""


class Messenger(Message, bubble=True):
    """Goes the way of the key before it, from the widget that had the focus up to the app, and so behind the key."""

    def __init__(self, number: int, receiver: Widget, rounds: int) -> None:
        super().__init__()
        self.number = number
        self.receiver = receiver
        self.rounds = rounds


class KeyOrder(TerminalApp):
    """An app that gives keys and pasted text on one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[events.Key | events.Paste] = deque()
        self._number = 0
        self._under_way: int | None = None
        self._overdue: Timer | None = None

    @property
    def _receiver(self) -> Widget | None:
        """Whose the next key is; nobody's when the program is closing."""
        try:
            return self.focused or self.screen
        except ScreenStackError:
            return None

    async def on_event(self, event: events.Event) -> None:
        """Hold a key back while the one before it is under way."""
        if not isinstance(event, (events.Key, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self._under_way is None:
            await self._give(event)
        else:
            self._held.append(event)

    async def _give(self, event: events.Key | events.Paste) -> None:
        receiver = self._receiver
        if receiver is None:
            return
        self._number += 1
        self._under_way = number = self._number
        self._overdue = self.set_timer(LONGEST_WAIT, lambda: self._done(number))
        await super().on_event(event)
        receiver.post_message(Messenger(number, receiver, _ROUNDS))

    @on(Messenger)
    def _came_up(self, message: Messenger) -> None:
        """The key came up here before, and was acted on; what that set going takes the same way behind it."""
        receiver = message.receiver if message.receiver.is_attached else self._receiver
        if message.rounds > 1 and receiver is not None:
            receiver.post_message(Messenger(message.number, receiver, message.rounds - 1))
        else:
            self.call_later(self._done, message.number)

    async def _done(self, number: int) -> None:
        if number != self._under_way:
            return
        if self._overdue is not None:
            self._overdue.stop()
        self._under_way = self._overdue = None
        if self._held:
            await self._give(self._held.popleft())

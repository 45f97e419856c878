"""Keys one after another: each is acted on before the next is given to anyone, however fast they come.

Textual gives a key to whatever has the focus when it arrives, and acts on its binding later, when the key has come back
up to the app. Over a slow line keys come many at once: of `/`, `s`, `t` the list would get all three, and sort by `s`
instead of filtering by "st"; of `/Dry` a question to delete would be answered by `y`. Here a key waits until all that
the key before it set going at once (a filter line with the focus, a dialog) is there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from textual import events
from textual.app import App
from textual.message import Message

if TYPE_CHECKING:
    from textual.timer import Timer

LONGEST_WAIT: Final = 0.5
"""Seconds after which the next key is given on even so: whoever had the last may be gone, and its sign with it."""


class Reached(Message, bubble=True):
    """Goes the way of the key before it, from the widget that had the focus up to the app."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class KeyOrder(App[None]):
    """An app that gives keys and pasted text on one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[events.Key | events.Paste] = deque()
        self._number = 0
        self._under_way: int | None = None
        self._overdue: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        """Hold a key back while the one before it is under way."""
        if not isinstance(event, (events.Key, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self._under_way is None:
            await self._give(event)
        else:
            self._held.append(event)

    async def _give(self, event: events.Key | events.Paste) -> None:
        self._number += 1
        self._under_way = number = self._number
        self._overdue = self.set_timer(LONGEST_WAIT, lambda: self._done(number))
        receiver = self.focused or self.screen
        await super().on_event(event)
        receiver.post_message(Reached(number))

    async def on_reached(self, message: Reached) -> None:
        """The key has come up here before this, and was acted on; focus and dialogs follow within a step."""
        for _ in range(2):
            await asyncio.sleep(0)
        self.call_later(self._done, message.number)

    async def _done(self, number: int) -> None:
        if number != self._under_way:
            return
        if self._overdue is not None:
            self._overdue.stop()
        self._under_way = self._overdue = None
        if self._held:
            await self._give(self._held.popleft())

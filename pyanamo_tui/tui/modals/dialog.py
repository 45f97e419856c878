"""What every dialog does: it takes away the notices that would stand over it, and goes away once and alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import ModalScreen, ScreenResultType

from pyanamo_tui.tui.dismissal import dismissed_once

if TYPE_CHECKING:
    from textual.await_complete import AwaitComplete


class Dialog(ModalScreen[ScreenResultType]):
    """A screen over the others, with nothing over itself."""

    def on_mount(self) -> None:
        """Notices have been read, or are in the way: they are drawn above every screen."""
        self.app.clear_notifications()

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Give the result and close; nothing when it is closed already."""
        return dismissed_once(self, lambda: super(Dialog, self).dismiss(result))

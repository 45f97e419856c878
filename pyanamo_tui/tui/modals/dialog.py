"""What every dialog does: it takes away the notices that would stand over it."""

from __future__ import annotations

from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """A screen over the others, with nothing over itself."""

    def on_mount(self) -> None:
        """Notices have been read, or are in the way: they are drawn above every screen."""
        self.app.clear_notifications()

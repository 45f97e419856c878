"""Writes to the terminal, which may be gone: what is written then is dropped, so that the dashboard can end.

Textual writes from a thread of its own. That thread dies of the first error of writing, and the next thirty-first
piece of the screen, or the end of the program, then waits for it for ever.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.driver import Driver


class Output:
    """A terminal's file that takes all that is written, also when there is no terminal behind it any more.

    That it is gone is seen where keys are read; nothing but the screen is ever written here.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._is_gone = False

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        if not self._is_gone:
            try:
                return self._file.write(text)
            except OSError:
                self._is_gone = True
        return len(text)

    def flush(self) -> None:
        """Send what was written, or drop it."""
        if not self._is_gone:
            try:
                self._file.flush()
            except OSError:
                self._is_gone = True

    def fileno(self) -> int:
        """The file's number."""
        return self._file.fileno()


class TerminalDriver(LinuxDriver):
    """Textual's driver, with a terminal that may go away. Its arguments are those of any driver of Textual."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = cast("Any", Output(self._file))


class TerminalApp(App[None]):
    """An app whose terminal may go away."""

    def get_driver_class(self) -> type[Driver]:
        """Our driver for a terminal; where another one is wanted (`TEXTUAL_DRIVER`), that one."""
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    def send_to_terminal(self, sequence: str) -> None:
        """Write a control sequence that draws nothing; nothing where there is no terminal."""
        if self._driver is not None:
            self._driver.write(sequence)

"""What travels from background threads to the screens: messages only, so that no thread touches a widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from pyanamo_tui.core.monitor import Monitor
    from pyanamo_tui.core.workspace import Workspace
    from pyanamo_tui.errors import PyanamoError
    from pyanamo_tui.workflow.model import Snapshot


class SnapshotArrived(Message):
    """The Monitor published a Snapshot. A newer one replaces one that still waits to be shown."""

    def __init__(self, snapshot: Snapshot, monitor: Monitor) -> None:
        super().__init__()
        self.snapshot = snapshot
        self.monitor = monitor

    def can_replace(self, message: Message) -> bool:
        """Only the newest Snapshot matters."""
        return isinstance(message, SnapshotArrived)


@dataclass
class WorkspaceOpened(Message):
    """A profile, region and table are open."""

    workspace: Workspace


@dataclass
class WorkspaceFailed(Message):
    """A profile, region or table could not be opened."""

    error: PyanamoError


@dataclass
class IdentityKnown(Message):
    """Whose credentials are in use in a place: account number and role."""

    workspace: Workspace
    account: str
    role: str

"""Who makes a change, as AWS names them: for confirmations and the journal, and never a reason to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyanamo_tui.aws.session import Identity
from pyanamo_tui.errors import PyanamoError


@dataclass(frozen=True, slots=True)
class Who:
    """Account and role as AWS names them; None where it did not tell."""

    account: str | None = None
    role: str | None = None


def who_asks(identity: Callable[[], Identity]) -> Callable[[], Who]:
    """`who` for Actions, from a call that asks AWS and may fail."""

    def ask() -> Who:
        try:
            found = identity()
        except PyanamoError:
            # Only a name for confirmations and the journal is missing; a change that needs credentials says so itself.
            return Who()
        return Who(found.account, found.role)

    return ask

"""The error tree: what happened, what to do about it, and the exit code that says so to a script.

Exit codes (README, "Command line"): 1 some items failed or AWS could not be reached,
2 wrong usage or bad input, 3 credentials or permission, 4 no such table or item, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class PyanamoError(Exception):
    """Something a user can be told in one line, with one line of what to do.

    Attributes:
        message: what happened, a sentence without markup.
        hint: what to do about it; may be empty.
        exit_code: what a command ends with when this stops it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PyanamoError):
    """The request itself is wrong: an unknown option value, a missing table name, a refused state."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing wrong with an input file: the line (1 for the first) and what is wrong with it."""

    line: int
    what: str


class BadInput(PyanamoError):
    """An input file cannot be taken as it is; each problem carries its line."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "", problems: Sequence[InputProblem] = ()) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)


class SettingsError(PyanamoError):
    """The settings file or an environment variable holds something that cannot be used."""

    exit_code = 2


class MissingExtra(PyanamoError):
    """A part was asked for whose optional packages are not installed."""

    exit_code = 2


class CredentialsError(PyanamoError):
    """No credentials, wrong credentials, or credentials that have expired."""

    exit_code = 3

    def __init__(self, message: str, hint: str = "", *, expired: bool = False) -> None:
        super().__init__(message, hint)
        self.expired = expired


class PermissionDenied(PyanamoError):
    """AWS refused an action; names the IAM action and the resource."""

    exit_code = 3

    def __init__(self, action: str, resource: str, message: str = "") -> None:
        super().__init__(
            message or f"No permission for {action} on {resource}",
            f"Ask for {action} on {resource} in your IAM policy, or use another profile.",
        )
        self.action = action
        self.resource = resource


class ReadOnly(PyanamoError):
    """A change was asked for while the workspace is open read-only; nothing was sent."""

    exit_code = 3

    def __init__(self, action: str) -> None:
        super().__init__(
            f"Read-only: {action} was refused, nothing was sent",
            "--read-only or a setting protects the table; this says which: pyanamo-tui settings",
        )
        self.action = action


class NotFound(PyanamoError):
    """A table, item, log or other named thing does not exist."""

    exit_code = 4


class TableNotFound(NotFound):
    """There is no such table in this account and region."""

    def __init__(self, table: str, where: str = "") -> None:
        super().__init__(
            f"There is no table {table}" + (f" in {where}" if where else ""),
            "Check the name, region and profile, or create it: pyanamo-tui tables create -t " + table,
        )
        self.table = table


class ItemNotFound(NotFound):
    """There is no item with this id; nothing was created."""

    def __init__(self, item_id: str) -> None:
        super().__init__(f"There is no item {item_id!r}", "It may have been deleted; refresh and look again.")
        self.item_id = item_id


class NotAWorkflowTable(PyanamoError):
    """The table exists but lacks what a workflow table must have."""

    exit_code = 2


class TableExists(PyanamoError):
    """A table of this name is there already."""

    exit_code = 2


class ConditionFailed(PyanamoError):
    """A conditional write was refused because the item is no longer what the caller knew."""


class ServiceUnavailable(PyanamoError):
    """AWS could not be reached, or failed on its side, after retries."""


class Throttled(ServiceUnavailable):
    """AWS refused for lack of capacity, after retries; carries its reason and the resource as AWS names them."""

    def __init__(self, resource: str, reason: str = "") -> None:
        super().__init__(
            f"Throttled on {resource}" + (f": {reason}" if reason else ""),
            "Raise the capacity, or wait: the request can be repeated safely.",
        )
        self.resource = resource
        self.reason = reason


class ServiceRefused(PyanamoError):
    """AWS refused a request for a reason that is not credentials, capacity or a missing resource."""


class Interrupted(PyanamoError):
    """The user stopped what was under way; what was done stays done."""

    exit_code = 130

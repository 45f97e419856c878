"""What all calls of the documented client share: the tables opened so far, the current one, and what it says."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from pyanamo_tui import settings
from pyanamo_tui.core.importresult import ImportResult
from pyanamo_tui.core.plan import ActionResult, Plan
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.errors import UsageError
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table


def tell(line: str) -> None:
    """One line for a person on standard output; whatever data it holds is made printable."""
    text = printable(line)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write(text.encode(encoding, errors="backslashreplace").decode(encoding) + "\n")


class Session:
    """The tables of one region as a script works on them, one after the other.

    Args:
        dynamo_table: name of the table to begin with; None for that of the settings, if any.
        region: AWS region; None for that of the settings or the profile.
        profile, endpoint_url, read_only: as the options of the command line; None for what the settings say.

    Raises:
        UsageError: `dynamo_table` is not a name, or no region is known.
        SettingsError, CredentialsError: a setting cannot be used, or there is no such profile.
    """

    dynamo_table: Table

    def __init__(
        self,
        dynamo_table: str | None = None,
        region: str | None = None,
        *,
        profile: str | None = None,
        endpoint_url: str | None = None,
        read_only: bool | None = None,
    ) -> None:
        if dynamo_table is not None and not isinstance(dynamo_table, str):
            raise UsageError("dynamo_table is not a name", "Give the name of the table, e.g. dynamo_table = 'Testing'.")
        flags = {
            "table": dynamo_table,
            "region": region,
            "profile": profile,
            "endpoint_url": endpoint_url,
            "read_only": read_only,
        }
        self._settings = settings.load(flags, os.environ)
        for problem in self._settings.problems:
            warnings.warn(str(problem), stacklevel=2)
        self._opened: dict[str, Workspace] = {}
        opened = Workspace(self._settings)
        self.region: str = opened.region
        self.dynamodb: DynamoDBServiceResource = opened.connection.resource()
        self.last_result: ActionResult | ImportResult | None = None
        if self._settings.table is not None:
            self._opened[self._settings.table] = opened
            self.dynamo_table = opened.connection.table_resource(self._settings.table)

    def set_dynamoProperty(self, table_name: str) -> str:
        """Make a table the current one: `dynamo_table` becomes boto3's Table of it.

        AWS is not asked, so that a table may be set before it is created. Answers with a sentence that names it.
        """
        self.dynamo_table = self._open(table_name).connection.table_resource(table_name)
        return f"Dynamo Table Object now = {self.dynamo_table.name}"

    def handle_DynamoTable(self, table_name: str) -> str | None:
        """Make a table the current one, unless it is already. Answers as `set_dynamoProperty`, or None."""
        if "dynamo_table" in self.__dict__ and self.dynamo_table.name == table_name:
            return None
        return self.set_dynamoProperty(table_name)

    def _open(self, table_name: str) -> Workspace:
        """The workspace of a table, opened once."""
        if not table_name:
            raise UsageError("No table is named", "Give the name of the table, e.g. table_name = 'Testing'.")
        if table_name not in self._opened:
            self._opened[table_name] = Workspace(replace(self._settings, table=table_name))
        return self._opened[table_name]

    def _turn_to(self, table_name: str | None) -> Workspace:
        """The workspace of a table, which becomes the current one."""
        opened = self._open(table_name or "")
        self.handle_DynamoTable(opened.table)
        return opened

    def _current(self) -> Workspace:
        """The workspace of the current table.

        Raises:
            UsageError: there is none.
        """
        if "dynamo_table" not in self.__dict__:
            raise UsageError("There is no current table", "Set one first: manager_client.handle_DynamoTable('Testing')")
        return self._open(self.dynamo_table.name)

    def _apply(self, workspace: Workspace, plan: Plan) -> ActionResult:
        """Make a planned change, and keep what it did as `last_result`."""
        result = workspace.actions.apply(plan)
        self.last_result = result
        return result

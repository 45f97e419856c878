"""The documented client's calls on whole tables: check, create, delete, capacity and auto-scaling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal, TypedDict, overload

from pyanamo_tui.aws.scaling import ScalingOutcome
from pyanamo_tui.aws.tables import ORIGINAL_TABLE_UNITS
from pyanamo_tui.errors import TableExists, TableNotFound
from pyanamo_tui.manager.session import Session, tell

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

LOWEST_UNITS: Final = 5
"""Units that auto-scaling does not go below, unless told: DynamoDB's own default."""


class ScalingAnswer(TypedDict):
    """What came of each target: how many there are, those that were done, and why the others were not."""

    N: int
    Updated: list[str]
    Failed: dict[str, str]


class TableCalls(Session):
    """Calls on whole tables."""

    @overload
    def check_table(self, table_name: str, output_schema: None = None) -> Literal[0, 1]: ...
    @overload
    def check_table(self, table_name: str, output_schema: int) -> TableDescriptionTypeDef | Literal[0]: ...
    def check_table(self, table_name: str, output_schema: int | None = None) -> TableDescriptionTypeDef | Literal[0, 1]:
        """Whether there is a table of this name: 1 or 0; with `output_schema`, AWS's description of it or 0.

        Corrects: asks in the client's own region; the original asked in the default one. What AWS refuses for another
        reason is raised, not taken for "no such table".
        """
        try:
            description = self._open(table_name).tables.description(table_name)
        except TableNotFound:
            return 0
        return 1 if output_schema is None else description

    def create_workflow_table(self, table_name: str) -> Literal[0, 1]:
        """Create a workflow table and wait until it can be used: 1, or 0 if there is one of this name already.

        It has the original's indexes and provisioned capacity, and beside them `StateSummaryIndex` and a stream, by
        which monitors read only what changed (docs/wire-format.md).

        Corrects: waits until the table is active; the original slept ten seconds, and went on however it stood. Indexes
        get the table's 10 write units, where the original's 5 held the table back. `$PYANAMO` need not be set.
        """
        try:
            self._open(table_name).create_table(table_name, units=ORIGINAL_TABLE_UNITS)
        except TableExists:
            tell(f"Table = {table_name} already exists")
            return 0
        tell(f"Table = {table_name} created")
        return 1

    def delete_workflow_table(self, table_name: str) -> Literal[0, 1]:
        """Delete a table with all its items and wait until it is gone: 1, or 0 if there is none. It cannot be undone.

        Corrects: waits until it is gone. A table with deletion protection stays, and that is raised.

        Raises:
            TableProtected: its deletion protection is on.
            ServiceRefused: AWS is still at work on it.
        """
        try:
            self._open(table_name).tables.delete(table_name)
        except TableNotFound:
            tell(f"Table = {table_name} does not exist")
            return 0
        tell(f"Table = {table_name} deleted")
        return 1

    def set_hardProvision(self, table_name: str, WriteCapacity: int, ReadCapacity: int) -> TableDescriptionTypeDef:
        """Give the table and every index these units a second, write first, and wait until they have them.

        An on-demand table becomes provisioned. Answers with AWS's description of the table as it is then.

        Corrects: asks AWS to change only what differs, which it refuses otherwise, so that it can be repeated.

        Raises:
            TableNotFound: there is none of this name.
            UsageError: a number is below 1.
            ServiceRefused: AWS is at work on the table already.
        """
        workspace = self._turn_to(table_name)
        workspace.tablework.set_capacity(table_name, read=ReadCapacity, write=WriteCapacity)
        return workspace.tables.description(table_name)

    def setAutoScalingTarget(
        self, table_name: str, WriteCapacity: int, ReadCapacity: int, MinCapacity: int = LOWEST_UNITS
    ) -> ScalingAnswer:
        """Let the capacity of the table and every index move up to these units a second, write first.

        It goes down to `MinCapacity`, or to the upper limit where that is lower. Answers `{'N', 'Updated', 'Failed'}`:
        how many targets there are, those registered, and why each of the others was not.

        Corrects: can be repeated, which replaces the limits; registers reads and writes of the table and of every index
        that it has; one that AWS refuses does not hide the others.

        Raises:
            TableNotFound: there is none of this name.
            UsageError: the table is on-demand, or a number is below 1.
        """
        outcomes = self._turn_to(table_name).tablework.scale_between(
            table_name,
            read=(min(MinCapacity, ReadCapacity), ReadCapacity),
            write=(min(MinCapacity, WriteCapacity), WriteCapacity),
        )
        return _answer(outcomes)

    def putScalingPolicy(self, table_name: str, TargetValue: float, ScaleDown: int, ScaleUp: int) -> ScalingAnswer:
        """Have capacity follow use at `TargetValue` percent, with these seconds between lowerings and between raisings.

        Register targets first (`setAutoScalingTarget`). Answers as that does.

        Corrects: as `setAutoScalingTarget`: it can be repeated, and each target is reported.

        Raises:
            TableNotFound: there is none of this name.
            UsageError: the table is on-demand, the percentage is not from 20 to 90, or seconds are below 0.
        """
        outcomes = self._turn_to(table_name).tablework.scale_by(
            table_name, target_percent=TargetValue, scale_in_seconds=ScaleDown, scale_out_seconds=ScaleUp
        )
        return _answer(outcomes)


def _answer(outcomes: Iterable[ScalingOutcome]) -> ScalingAnswer:
    done: list[str] = []
    failed: dict[str, str] = {}
    for outcome in outcomes:
        if outcome.done:
            done.append(str(outcome.what))
        else:
            failed[str(outcome.what)] = outcome.why
            tell(f"Error scaling {outcome.what}: {outcome.why}")
    return {"N": len(done) + len(failed), "Updated": done, "Failed": failed}

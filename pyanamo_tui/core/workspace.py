"""One profile, region and table opened: everything that screens and commands may ask for, and nothing else.

Changing profile, region or table is making another Workspace and dropping this one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from pyanamo_tui.aws.batch import Batch
from pyanamo_tui.aws.inserts import Inserts
from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.scaling import Scaling
from pyanamo_tui.aws.session import Connection, Identity
from pyanamo_tui.aws.tablechanges import TableChanges
from pyanamo_tui.aws.tables import Capacity, TableInfo, Tables
from pyanamo_tui.core.actions import Actions
from pyanamo_tui.core.doctor import Doctor
from pyanamo_tui.core.export import Exporter
from pyanamo_tui.core.importer import Importer
from pyanamo_tui.core.journal import Journal, place_folder
from pyanamo_tui.core.locked import Locked
from pyanamo_tui.core.logbook import Logbook
from pyanamo_tui.core.monitor import Monitor
from pyanamo_tui.core.pilots import Pilots
from pyanamo_tui.core.tablework import TableWork
from pyanamo_tui.core.who import who_asks
from pyanamo_tui.core.workers import LocalWorkers, WorkPlace
from pyanamo_tui.errors import ItemNotFound, PyanamoError, UsageError
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import Item
from pyanamo_tui.workflow.schema import Record, read_item


class Workspace:
    """The core, for one place and at most one table. Cheap to make: AWS is called when something is asked for.

    Args:
        settings: where and what to open.

    Raises:
        CredentialsError: there is no such profile.
        UsageError: no region is known, or the endpoint is not a URL.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.connection = Connection(
            region=settings.region,
            profile=settings.profile,
            endpoint_url=settings.endpoint_url,
            read_only=settings.opens_read_only,
        )

    @property
    def table(self) -> str:
        """The table that is open.

        Raises:
            UsageError: none was named.
        """
        if self.settings.table is None:
            raise UsageError("No table is named", "Pass --table NAME, or set PYANAMO_TUI_TABLE.")
        return self.settings.table

    @property
    def region(self) -> str:
        """The region in use."""
        return self.connection.region

    @property
    def read_only(self) -> bool:
        """Whether every change is refused before it is sent."""
        return self.connection.read_only

    @cached_property
    def tables(self) -> Tables:
        """The tables of the region."""
        return Tables(self.connection)

    @cached_property
    def tablework(self) -> TableWork:
        """Changes to whole tables: upgrade, capacity, auto-scaling, stream, protection; and how a table stands."""
        return TableWork(self.tables, TableChanges(self.connection, self.tables), Scaling(self.connection))

    @cached_property
    def items(self) -> Items:
        """The items of the open table, by AWS's own calls."""
        return Items(self.connection, self.table)

    @cached_property
    def journal(self) -> Journal:
        """Every change made to the open table from this host; listing it needs no AWS."""
        folder = place_folder(
            region=self.region,
            table=self.table,
            endpoint_url=self.settings.endpoint_url,
            profile=self.connection.profile,
        )
        return Journal(folder, table=self.table, region=self.region)

    @cached_property
    def actions(self) -> Actions:
        """Changes to the items of the open table: plan, apply, undo."""
        return Actions(
            self.items,
            self.journal,
            who=who_asks(self.identity),
            created=self._created,
            read_only=self.read_only,
        )

    def _created(self) -> float | None:
        try:
            return self.describe().created_at
        except PyanamoError:
            # It is only for a warning; what is wrong is told by whatever is asked of the table next.
            return None

    @cached_property
    def importer(self) -> Importer:
        """Files of items into the open table: look first, then write; nothing is overwritten by accident."""
        return Importer(
            self.items,
            Inserts(self.connection, self.table),
            self.journal,
            describe=self.describe,
            place=self.settings.endpoint_url or "",
            read_only=self.read_only,
        )

    @cached_property
    def doctor(self) -> Doctor:
        """What other software left wrong in the open table: found, explained, repaired."""
        return Doctor(self.items, self.actions, describe=self.describe, budget=self.settings.read_budget)

    @cached_property
    def logbook(self) -> Logbook:
        """The logs of the open table's items, wherever they are kept."""
        return Logbook(self.items, self.connection)

    @cached_property
    def exporter(self) -> Exporter:
        """The open table into a file, and back."""
        return Exporter(self.items, self.importer, describe=self.describe, region=self.region)

    def monitor(self) -> Monitor:
        """What follows the open table and publishes Snapshots. Makes a new one; nothing is read until it is started."""
        return Monitor(self.connection, self.table, interval=self.settings.interval, budget=self.settings.read_budget)

    @cached_property
    def batch(self) -> Batch:
        """AWS Batch of the region: jobs, queues, job definitions."""
        return Batch(self.connection)

    @cached_property
    def pilots(self) -> Pilots:
        """Engines of the open table on AWS Batch: submitted, followed, ended."""
        return Pilots(
            self.batch,
            lambda: Batch(self.connection.beside(max_attempts=1)),
            self.journal,
            who=who_asks(self.identity),
            endpoint_url=self.settings.endpoint_url,
            bucket=self.settings.bucket,
            key_prefix=self.settings.key_prefix,
            read_only=self.read_only,
        )

    @cached_property
    def workers(self) -> LocalWorkers:
        """Engines of the open table on this host: started, found again, drained, stopped, scaled."""
        held = self.settings
        place = WorkPlace(
            held.table, self.region, held.endpoint_url, held.profile, bucket=held.bucket, key_prefix=held.key_prefix
        )
        return LocalWorkers(place, read_only=self.read_only)

    @cached_property
    def locked(self) -> Locked:
        """Who holds the locked items of the open table, and whether they still live."""
        return Locked(self.items, self.batch, lambda: self.describe().state_index or schema.STATE_INDEX)

    def identity(self) -> Identity:
        """Account and role in use; one call to AWS."""
        return self.connection.identity()

    def describe(self) -> TableInfo:
        """The open table, which must be a workflow table.

        Raises:
            TableNotFound, NotAWorkflowTable: it is not there, or lacks what a workflow table has.
        """
        return self.tables.workflow_table(self.table)

    def record(self, item_id: str) -> Record:
        """One item exactly as it stands.

        Raises:
            ItemNotFound: there is none of this id.
        """
        record = self.items.get(item_id)
        if record is None:
            raise ItemNotFound(item_id)
        return record

    def item(self, item_id: str) -> Item:
        """One whole item, read tolerantly.

        Raises:
            ItemNotFound: there is none of this id.
        """
        return read_item(self.record(item_id))

    def create_table(
        self,
        name: str,
        *,
        units: tuple[int, int] | None = None,
        stream: bool = True,
        protect: bool = False,
        progress: Callable[[TableInfo], None] | None = None,
    ) -> TableInfo:
        """Create a workflow table and wait until it is active.

        Args:
            name: its name.
            units: provisioned read and write units for the table and each index; None for on-demand.
            stream: turn DynamoDB Streams on.
            protect: turn deletion protection on.
            progress: called with each description while AWS makes it; what it raises ends the waiting.

        Raises:
            TableExists: there is one of this name already.
        """
        capacity = None if units is None else Capacity(*units)
        return self.tables.create(name, capacity=capacity, stream=stream, protect=protect, progress=progress)

    def health_of(self, info: TableInfo) -> str:
        """In a few words, whether a table is fit for a workflow, and what it lacks."""
        if info.key != (schema.ITEM_ID,):
            return f"not a workflow table: its key is {', '.join(info.key)}"
        if info.missing:
            return "lacks " + ", ".join(info.missing)
        if not info.has_summary_index:
            return f"works; {schema.SUMMARY_INDEX} would make it cheaper to follow"
        return "workflow table"

"""PyAnamo_Manager, the documented Python client: the original's calls, thin over the core; scripts keep working.

    import pyanamo_tui.manager as pmanager
    manager_client = pmanager.PyAnamo_Manager(dynamo_table="Cohort7", region="us-east-1")
    manager_client.reset_itemState(table_name="Cohort7", itemState="todo", item=["S1", "S2"])

What differs from the original, call by call, is in docs/migration.md.
"""

from __future__ import annotations

from pyanamo_tui.manager.changes import ChangeCalls
from pyanamo_tui.manager.deletions import DeletionCalls
from pyanamo_tui.manager.imports import ImportCalls
from pyanamo_tui.manager.monitors import MonitorCalls
from pyanamo_tui.manager.tables import TableCalls

__all__ = ["PyAnamo_Manager"]


class PyAnamo_Manager(TableCalls, ImportCalls, MonitorCalls, ChangeCalls, DeletionCalls):
    """Works on workflow tables from Python: tables, imports, monitors, logs, resets, deletions.

    Every change of items goes through the journal of this host first, so that `pyanamo-tui undo` takes it back, and
    none creates an item or takes one from a worker that still lives. What could not be done for one item is answered,
    and said on standard output; what stops everything is raised as one of `pyanamo_tui.errors`, each with a hint.

    Attributes:
        region: the AWS region.
        dynamodb: boto3's DynamoDB resource of that region, for your own code.
        dynamo_table: boto3's Table of the current table, for your own code. Each call that names a table makes it the
            current one.
        last_result: what the latest import or change did item by item, with its id in the journal.
    """

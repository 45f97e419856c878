"""What the tab key offers: tables, items, tasks, workers, actions; nothing where it cannot be known."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyanamo_tui.cli.place import Place
from pyanamo_tui.workflow.model import KNOWN_STATES
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from pyanamo_tui.core.workspace import Workspace

OFFERED: Final = 100
"""Words at the most: more help nobody, and items have to be read for them."""


def _opened(context: click.Context) -> Workspace | None:
    """The place that the words so far lead to; None where it is an embedded server that does not run."""
    from pyanamo_tui.core.workspace import Workspace  # noqa: PLC0415 - boto3, which most words do without

    place = context.find_object(Place) or Place()
    if place.local is not None:
        from pyanamo_tui.local.resident import LocalFolder, lead_to  # noqa: PLC0415 - only with --local

        resident = LocalFolder(Path(place.local) if place.local else None).running()
        if resident is None:
            return None
        lead_to(resident, os.environ)
        place.local_url = resident.endpoint_url
    return Workspace(replace(place.settings(telling=False), read_only=True))


def _fitting(words: Iterable[str], typed: str) -> list[str]:
    # A word that begins as an option does, or that a terminal cannot show, cannot be typed this way.
    return [word for word in words if word.startswith(typed) and not word.startswith("-") and printable(word) == word]


def states(_context: click.Context, typed: str) -> list[str]:
    """The states that are known to every table."""
    return [state for state in KNOWN_STATES if state.casefold().startswith(typed.casefold())]


def tables(context: click.Context, typed: str) -> list[str]:
    """The tables of the region."""
    workspace = _opened(context)
    return [] if workspace is None else list(islice(_fitting(workspace.tables.names(), typed), OFFERED))


def profiles(_context: click.Context, typed: str) -> list[str]:
    """The profiles of this host's AWS configuration."""
    from pyanamo_tui.core.context import offer  # noqa: PLC0415 - boto3

    return _fitting(offer().profiles, typed)


def regions(_context: click.Context, typed: str) -> list[str]:
    """The regions of DynamoDB."""
    from pyanamo_tui.core.context import offer  # noqa: PLC0415 - boto3

    return _fitting(offer().regions, typed)


def items(context: click.Context, typed: str) -> list[str]:
    """Items in the known states whose ids begin with what is typed; some read units each time."""
    workspace = _opened(context)
    if workspace is None:
        return []
    from pyanamo_tui.core.listing import ids_that_begin  # noqa: PLC0415 - boto3

    named = context.params.get("item_ids") or ()
    found = ids_that_begin(workspace.items, workspace.describe(), typed, OFFERED)
    return [item_id for item_id in _fitting(found, typed) if item_id not in named]


def tasks(context: click.Context, typed: str) -> list[str]:
    """The nested tasks of the item that is named before."""
    # Where an option that lacks its value ends the line, click leaves the words before it as they are.
    named = [*(context.params.get("item_ids") or ()), *filter(None, [context.params.get("item_id")]), *context.args, ""]
    workspace = _opened(context) if named[0] else None
    return [] if workspace is None else _fitting((task.key for task in workspace.item(named[0]).tasks), typed)


def workers(context: click.Context, typed: str) -> list[str]:
    """The engines of the table on this host; those of every table where none is named."""
    workspace = _opened(context)
    if workspace is None:
        return []
    found = workspace.workers.list(everywhere=workspace.settings.table is None)
    named = context.params.get("worker_ids") or ()
    return [worker_id for worker_id in _fitting((one.id for one in found), typed) if worker_id not in named]


def actions(context: click.Context, typed: str) -> list[str]:
    """The latest actions of the journal, newest first."""
    workspace = _opened(context)
    return [] if workspace is None else _fitting((one.id for one in workspace.journal.activity(OFFERED)), typed)

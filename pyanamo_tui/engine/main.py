"""The command `pyanamo-engine`: parse, open the table, work, say what was done, end with an exit code that tells."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import Tables
from pyanamo_tui.engine import identity
from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.engine.execution import Result
from pyanamo_tui.engine.options import Options, parse
from pyanamo_tui.engine.worker import Summary, Worker
from pyanamo_tui.errors import NotFound, PermissionDenied, PyanamoError, ServiceRefused
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState
from pyanamo_tui.workflow.printable import printable

EXIT_SIGNAL: Final = 128
EXIT_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one engine; gives the exit code (docs/engine.md, "Exit codes")."""
    options = parse(sys.argv[1:] if arguments is None else arguments, os.environ)
    try:
        return _run(options)
    except PyanamoError as error:
        _complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        # Before the engine listens for signals itself, there is nothing to give back.
        return EXIT_INTERRUPTED


def _run(options: Options) -> int:
    connection = Connection(region=options.region, profile=options.profile, endpoint_url=options.endpoint_url)
    index = _state_index(connection, options.table)
    owner = identity.owner(os.environ)
    log = EventLog(identity.worker_name(owner), as_json=options.log_json)
    worker = Worker(options, connection, index=index, owner=owner, log=log, environment=os.environ)
    summary, signal = worker.run()
    _say_summary(log, summary)
    if summary.error is not None:
        _complain(summary.error)
        return summary.error.exit_code
    return 0 if signal is None else EXIT_SIGNAL + signal


def _state_index(connection: Connection, table: str) -> str:
    """The slimmest index by state; found by asking the indexes themselves where describing tables is not allowed."""
    try:
        index = Tables(connection).workflow_table(table).state_index
    except PermissionDenied:
        items = Items(connection, table)
        try:
            items.query_state(ItemState.TODO, index=schema.SUMMARY_INDEX, attributes=(schema.ITEM_ID,), limit=1)
        except (ServiceRefused, NotFound):
            return schema.STATE_INDEX
        return schema.SUMMARY_INDEX
    assert index is not None
    return index


def _say_summary(log: EventLog, summary: Summary) -> None:
    results = summary.results
    log.say(
        "summary",
        claimed=summary.claimed,
        done=results.get(Result.DONE, 0),
        failed=results.get(Result.FAILED, 0),
        retried=results.get(Result.RETRY, 0),
        wall_time=results.get(Result.WALL_TIME, 0),
        lost=results.get(Result.LOST, 0),
        released=results.get(Result.RELEASED, 0),
        gave_up=results.get(Result.GAVE_UP, 0),
        claim_writes=summary.claim_writes,
        seconds=round(summary.seconds, 3),
    )


def _complain(error: PyanamoError) -> None:
    sys.stderr.write(f"pyanamo-engine: {printable(error.message)}\n")
    if error.hint:
        sys.stderr.write(f"  {printable(error.hint)}\n")


if __name__ == "__main__":
    sys.exit(main())

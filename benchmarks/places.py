"""Servers and filled tables for the benchmarks."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pyanamo_tui.aws.items import WRITE_BATCH
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.local.server import dummy_environment
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.schema import Record
from tests.standins import Kind, running

REGION = "eu-west-2"
THREADS = 8
Part = TypeVar("Part")


def isolate(home: str) -> None:
    """Leave this process no AWS settings and no journal of the user's."""
    kept = dummy_environment({name: value for name, value in os.environ.items() if not name.startswith("PYANAMO")})
    os.environ.clear()
    os.environ.update({**kept, "HOME": home, "XDG_STATE_HOME": f"{home}/state", "XDG_CONFIG_HOME": f"{home}/config"})


@contextlib.contextmanager
def server(kind: Kind) -> Iterator[str]:
    """A stand-in of this kind; gives where it answers."""
    with running(kind) as started:
        yield started.endpoint_url


def new_table(url: str, *, stream: bool = False) -> Workspace:
    """A new workflow table, opened."""
    workspace = Workspace(Settings(table=f"B{uuid.uuid4().hex[:10]}", region=REGION, endpoint_url=url))
    workspace.create_table(workspace.table, stream=stream)
    return workspace


def in_parts(parts: Sequence[Part], work: Callable[[Part], object], threads: int = THREADS) -> None:
    """Do something with each part, so many at once."""
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass


def cut(things: Sequence[Part], size: int) -> list[Sequence[Part]]:
    """Pieces of this size."""
    return [things[start : start + size] for start in range(0, len(things), size)]


def fill(workspace: Workspace, records: Sequence[Record]) -> None:
    """Write whole items as they are."""
    in_parts(cut(records, WRITE_BATCH), workspace.items.batch_put)


def waiting(count: int) -> list[Record]:
    """So many single items that wait to run `true`."""
    return [schema.new_single(f"Sample-{number:06}", f"Step{number % 5}", "true") for number in range(count)]


def ended(count: int, state: str, log_bytes: int = 0) -> list[Record]:
    """So many single items that have run once, with a log of so many bytes."""
    made = []
    for record in waiting(count):
        entry = {"Status": schema.text("exit 1"), "stdout": schema.text("y" * log_bytes), "stderr": schema.text("")}
        record.update(
            {
                schema.STATE: schema.text(state),
                schema.LOG: schema.mapping(entry),
                schema.LOG_LENGTH: schema.number(1),
                schema.DONE_DATE: schema.text("20/11/2026-10:00:00"),
                schema.OWNER: schema.text("i-0123456789abcdef0"),
                schema.EXIT_CODE: schema.number(1),
                schema.SIGNATURE: schema.text("exit 1 · no such file"),
            }
        )
        made.append(record)
    return made

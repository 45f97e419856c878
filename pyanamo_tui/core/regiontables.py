"""Describes every table of a region a few at a time, each given as soon as AWS has told of it.

for told in describe_each(workspace.tables, workspace.tables.names(), cancelled=stop.is_set):
    show(told)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pyanamo_tui.aws.tables import TableInfo, Tables
from pyanamo_tui.errors import PyanamoError, TableNotFound

ASKED_AT_ONCE: Final = 4
"""Descriptions asked for at once: AWS allows an account some tens a second (AWS: "DescribeTable")."""


@dataclass(frozen=True, slots=True)
class Described:
    """One table: what AWS says of it, or the error that it gave instead."""

    name: str
    info: TableInfo | None = None
    error: PyanamoError | None = None


def describe_each(
    tables: Tables, names: Iterable[str], *, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[Described]:
    """Describe tables in the order in which AWS answers. One that was deleted meanwhile is left out.

    Args:
        tables: the region's.
        names: of the tables; read as it is needed, so that a long list may still be coming in.
        cancelled: True ends it within one answer.

    Raises:
        PermissionDenied, CredentialsError and so on: `names` could not be listed. A table's own error is in its value.
    """
    coming = iter(names)
    with ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="pyanamo-describe") as pool:
        asked: set[Future[Described | None]] = set()
        while not cancelled():
            asked.update(pool.submit(_describe, tables, name) for name in islice(coming, ASKED_AT_ONCE - len(asked)))
            if not asked:
                return
            ended, asked = wait(asked, return_when=FIRST_COMPLETED)
            for one in ended:
                told = one.result()
                if told is not None:
                    yield told


def _describe(tables: Tables, name: str) -> Described | None:
    try:
        return Described(name, info=tables.describe(name))
    except TableNotFound:
        return None
    except PyanamoError as error:
        return Described(name, error=error)

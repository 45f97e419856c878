"""What a table's capacity mode means for its bill, in units and words: prices differ by region, and change."""

from __future__ import annotations

from typing import Final

from pyanamo_tui.aws.tables import TableInfo

_READ_BYTES: Final = 8 * 1024
"""What one eventually consistent read unit gives (AWS: "DynamoDB item sizes and capacity unit consumption")."""


def cost_hints(info: TableInfo) -> tuple[str, ...]:
    """What it pays for, and what reading it all would take; sentences without prices."""
    indexes = len(info.indexes)
    also = f" and once more for each of {indexes} indexes that holds it" if indexes else ""
    writes = f"each KB of an item written takes a write unit{also}"
    if info.capacity is None:
        pays = f"on-demand: pays by request, nothing while it rests; {writes}"
    else:
        read, write = provisioned_units(info)
        pays = f"provisioned: pays for {read:,} read and {write:,} write units every hour, used or not; {writes}"
    found = [pays]
    if info.size_bytes:
        found.append(f"reading all of it once takes about {-(-info.size_bytes // _READ_BYTES):,} read units")
    return tuple(found)


def provisioned_units(info: TableInfo) -> tuple[int, int]:
    """Read and write units of the table and all its indexes together; zero where it is on-demand."""
    all_of_it = [info.capacity, *(index.capacity for index in info.indexes)]
    known = [one for one in all_of_it if one is not None]
    return sum(one.read for one in known), sum(one.write for one in known)

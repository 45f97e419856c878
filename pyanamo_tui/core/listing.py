"""Lists the items of some states by reading only those, where counting the whole table would cost more."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pyanamo_tui.aws.items import Items
from pyanamo_tui.aws.tables import TableInfo
from pyanamo_tui.core.census import facts_of
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import KNOWN_STATES, ItemFacts
from pyanamo_tui.workflow.progress import state_order


def list_states(items: Items, info: TableInfo, states: Collection[str]) -> Iterator[ItemFacts]:
    """The items in these states, page by page as they are read, each id once; in the order of states, then of ids.

    Args:
        items: the table's.
        info: its description; the summary index is read where there is one.
        states: values of `ItemState`.

    Raises:
        PyanamoError: AWS refused a page, or could not be reached.
    """
    index = info.state_index or schema.STATE_INDEX
    seen: set[str] = set()
    for state in sorted(set(states), key=state_order):
        start = None
        while state:
            page = items.query_state(state, index=index, attributes=schema.FACT_ATTRIBUTES, start=start)
            for record in page.records:
                facts = facts_of(record)
                # An item that changed its state between two pages may be in both.
                if facts.item_id not in seen:
                    seen.add(facts.item_id)
                    yield facts
            start = page.next_key
            if start is None:
                break


def ids_that_begin(items: Items, info: TableInfo, prefix: str, limit: int) -> list[str]:
    """Ids of items in the known states that begin with a prefix, in their order, so many at the most.

    One page of each state is read at the most, and of the slimmest index.

    Raises:
        PyanamoError: AWS refused a page, or could not be reached.
    """
    index = info.state_index or schema.STATE_INDEX
    found: set[str] = set()
    for state in KNOWN_STATES:
        page = items.query_state(state, index=index, attributes=(schema.ITEM_ID,), limit=limit, id_prefix=prefix)
        found.update(schema.record_id(record) for record in page.records)
    return sorted(found)[:limit]

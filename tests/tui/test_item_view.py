"""The list behind a screen: applying what changed gives the same as making it anew."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.tui.columns import SORTS
from pyanamo_tui.tui.item_view import ViewSpec, advance, build
from pyanamo_tui.workflow.filters import parse_filter
from pyanamo_tui.workflow.model import ItemFacts

NOW = 1_800_000_000.0
_states = st.sampled_from(["todo", "locked", "done", "failed", "Pending"])
_facts = st.builds(
    ItemFacts,
    item_id=st.sampled_from([f"item{number}" for number in range(12)]),
    state=_states,
    step=st.sampled_from(["Align", "QC", None]),
    attempts=st.integers(0, 3) | st.none(),
)
_tables = st.lists(_facts, max_size=12).map(lambda found: {facts.item_id: facts for facts in found})
_filters = st.sampled_from(["", "state:failed", "step:Align attempts>0", "!state:done", "item1", "age>1s"])


def _spec(text: str, column: int, reverse: bool) -> ViewSpec:
    chosen = SORTS[column % len(SORTS)]
    assert chosen.sort_key is not None
    return ViewSpec(parse_filter(text), chosen.key, chosen.sort_key, reverse)


@given(_tables, _tables, _filters, st.integers(0, 7), st.booleans())
def test_advancing_equals_building(
    before: dict[str, ItemFacts], after: dict[str, ItemFacts], text: str, column: int, reverse: bool
) -> None:
    spec = _spec(text, column, reverse)
    changed = frozenset(
        item_id for item_id in before.keys() | after.keys() if before.get(item_id) != after.get(item_id)
    )
    advanced = advance(build(before, spec, NOW), after, changed, spec, NOW)
    built = build(after, spec, NOW)
    assert advanced.rows == built.rows
    assert advanced.total == built.total


@given(_tables, _filters, _filters)
def test_another_filter_means_building_anew(items: dict[str, ItemFacts], first: str, second: str) -> None:
    spec = _spec(second, 0, False)
    view = advance(build(items, _spec(first, 0, False), NOW), items, frozenset(), spec, NOW)
    assert view.rows == build(items, spec, NOW).rows


def test_nothing_changed_shares_the_rows() -> None:
    items = {"a": ItemFacts("a", "todo"), "b": ItemFacts("b", "done")}
    spec = _spec("", 0, False)
    view = build(items, spec, NOW)
    assert advance(view, items, frozenset(), spec, NOW).rows is view.rows


def test_hidden_counts_what_the_filter_leaves_out() -> None:
    first = ItemFacts("a", "todo")
    items = {"a": first, "b": replace(first, item_id="b", state="done")}
    assert build(items, _spec("state:done", 0, False), NOW).hidden == 1

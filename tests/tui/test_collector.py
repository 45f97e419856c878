"""The garbage collector: what stays is put out of its sight, and looked at again only while nobody types."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from pyanamo_tui.tui.collector import COLLECT_SECONDS, ENOUGH, IDLE_SECONDS, Collector


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Knot:
    """Garbage that only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def collector(clock: Clock) -> Iterator[Collector]:
    made = Collector(clock)
    yield made
    made.close()
    assert gc.get_freeze_count() == 0


def test_a_few_objects_are_left_to_the_collector(collector: Collector) -> None:
    collector.came(ENOUGH - 1)
    assert gc.get_freeze_count() == 0
    collector.came(1)
    assert gc.get_freeze_count() > 0


def test_garbage_out_of_sight_is_freed_while_nobody_types(collector: Collector, clock: Clock) -> None:
    knot = Knot()
    gone = weakref.ref(knot)
    collector.came(ENOUGH)
    del knot
    clock.now = COLLECT_SECONDS
    collector.typed()
    collector.rest()
    gc.collect()
    assert gone() is not None, "somebody types"

    clock.now += IDLE_SECONDS
    collector.rest()

    assert gone() is None
    assert gc.get_freeze_count() > 0, "what stays is out of sight again"

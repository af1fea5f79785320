"""Slow ports, platforms that take no requests for a while, calls within calls, interrupts: nothing that must hold breaks, and nothing hangs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.worlds.troubled import TroubledWorld, problems

pytestmark = pytest.mark.once

SOME, MANY = 60, 400


@pytest.mark.parametrize("seeds", [range(SOME), pytest.param(range(SOME, MANY), marks=pytest.mark.deep)], ids=["some", "many"])
def test_nothing_that_must_hold_breaks_in_any_troubled_world(seeds: range, record_property: Callable[[str, object], None]) -> None:
    """And the trouble is there: nested calls among them, some of which are refused for what they are."""
    broken, nested, refused = dict[int, list[str]](), 0, 0
    for seed in seeds:
        world = TroubledWorld(seed)
        found = problems(world, world.run())
        nested += len(world.outer)
        refused += world.refused
        if found:
            broken[seed] = found
            record_property("told", f"replay: PYTHONPATH=.:adapters python -m tests.worlds.troubled {seed}  # {found[0]}")
    record_property("told", f"troubled worlds {len(seeds)}, calls with others within {nested}, refused {refused}, violations {len(broken)}")
    assert broken == {}
    assert nested >= len(seeds)
    assert refused >= len(seeds) // 10

"""The random worlds and the demo, in virtual time, with a platform that is reached over HTTP at each level."""

from __future__ import annotations

import attrs
import pytest

from chatworkspace_cli._offline.demo import demonstrate
from chatworkspace_cli._offline.stories import Row
from tests.adapters.over_http.demo import SEED, rows_at
from tests.over_http import over_http
from tests.ways import levels
from tests.worlds.checker import check
from tests.worlds.world import World

COLD = 6.0
"""Seconds that the first dial of an agent may take. Each agent draws its own."""
WORLDS = 50


@pytest.mark.parametrize("level", levels(), indirect=True)
def test_nothing_that_must_hold_breaks_in_any_world(level: str) -> None:
    """Kills, pauses, lost and late answers, refusals and the user's deeds: the checker finds nothing, and all was asked over HTTP."""
    broken: dict[int, list[str]] = {}
    for seed in range(WORLDS):
        with over_http(level) as wires:
            problems = check(World(seed).run())
            assert wires.requests > 0
        if problems:
            broken[seed] = problems
    assert broken == {}


def test_the_demo_ends_as_in_memory(level: str) -> None:
    """Calls, states, workspaces made and live are the same for each chat, and times, but for a slow first dial; and nothing is there twice."""
    in_memory = demonstrate(SEED)
    with over_http(level) as wires:
        story = demonstrate(SEED)
        assert wires.requests > 100
    expected = rows_at(level, in_memory)
    assert [timeless(it) for it in story.rows] == [timeless(it) for it in expected]
    assert [one.chat for one, other in zip(story.rows, expected, strict=True) if one.state != "starting" and abs(one.time - other.time) > COLD] == []
    assert story.duplicates == 0


def timeless(row: Row) -> Row:
    """Return all of it but the time; how long it takes to wait in vain is not in the demo in memory."""
    return attrs.evolve(row, time=0)

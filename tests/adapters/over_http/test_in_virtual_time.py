"""The random worlds and the demo, in virtual time, with a platform that is reached over HTTP at each level."""

from __future__ import annotations

import attrs
import pytest

from chatworkspace_fake._demo import demonstrate
from chatworkspace_fake._levels import LEVELS, level_of
from tests.over_http import over_http
from tests.simulation.checker import check
from tests.simulation.worlds import World

WORLDS = 50
SEED = 7
ON_A_LAPTOP = "research-2"
"""The chat of the demo that asks for a template with an external agent."""


@pytest.mark.parametrize("level", LEVELS)
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


@pytest.mark.parametrize("level", LEVELS)
def test_the_demo_ends_as_in_memory(level: str) -> None:
    """Calls, states, workspaces made and live, and times are the same for each chat, and nothing is there twice.

    Older servers do not tell of external agents. There a chat is given such a workspace, and waits for its user to start the agent.
    """
    in_memory = demonstrate(SEED)
    with over_http(level) as wires:
        story = demonstrate(SEED)
        assert wires.requests > 100
    expected = in_memory.rows
    if not level_of(level).external_agents:
        told = next(it for it in story.rows if it.chat == ON_A_LAPTOP)
        expected = [attrs.evolve(it, state="starting", time=told.time) if it.chat == ON_A_LAPTOP else it for it in in_memory.rows]
    assert list(story.rows) == list(expected)
    assert story.duplicates == 0

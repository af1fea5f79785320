"""Random worlds and the demo in real time, faster: real threads, real streams, and faults of platform and wire, over HTTP at each level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import local
from typing import Any
from unittest import mock

import attrs
import pytest

from chatworkspace_cli._offline import replay
from chatworkspace_cli._offline.demo import demonstrate
from chatworkspace_cli._offline.stories import Row, Story
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._api.levels import LEVELS
from tests.adapters.over_http.demo import SEED, rows_at
from tests.adapters.over_http.real import RealSimulation, ScaledClient, SkippingClock
from tests.ways import levels
from tests.worlds.book import Noting
from tests.worlds.in_real_time import RealTimeWorld, duplicates, problems

SPEED = 20.0
SPEEDS = (SPEED, 5.0, 2.0)
"""What went wrong at one is played again at the next: a machine with other things to do is late, a fault stays."""
WORLDS = 6
"""Of each level, at the same time."""


class NotedClient(Noting, ScaledClient):
    """A client that notes what it is asked for."""


class RealWorld(RealTimeWorld):
    """A random world over HTTP. It draws the same as the simulated one of that seed, and faults of the wire."""

    def __init__(
        self, seed: int, level: str, stack: ExitStack, *, speed: float = SPEED, claims: bool = True, mutex: bool = True, marks: bool = True
    ) -> None:
        self.simulation = partial(RealSimulation, stack=stack, level=level, speed=speed, client=partial(self._noted, marks=marks))
        super().__init__(seed, claims=claims, mutex=mutex, marks=marks)
        self._draw_wire()

    def _noted(self, clock: SkippingClock, simulator: CoderSimulator, *, marks: bool) -> NotedClient:
        client = NotedClient(clock, simulator)
        client.begin(clock, self.book, marks=marks, chance=self.chance)
        return client

    def _draw_wire(self) -> None:
        chance, when = self.chance, self.sim.simulator.when
        for _ in range(chance.pick((0, 1, 2, 3))):
            nth = 1 + chance.below(3)
            match chance.below(6):
                case 0:
                    when("POST /workspaces", nth=nth).lose_answer()
                case 1:
                    when("POST /workspaces", nth=nth).proxy_page(502, acted=chance.happens(0.5))
                case 2:
                    when("POST /*/builds", nth=nth).lose_answer()
                case 3:
                    when("GET /workspaces/*", nth=nth, times=2).reset()
                case 4:
                    when(chance.pick(("GET /*/watch-ws", "GET /*/watch")), nth=nth).reset(after=1 + chance.below(3))
                case _:
                    when("GET /*/listening-ports", nth=nth).proxy_page(504)

    def _calm_down(self) -> None:
        self.sim.simulator._mishaps._armed.clear()
        super()._calm_down()


def played(seed: int, *, level: str, **world: Any) -> tuple[int, list[str]]:
    """Play a world; return its seed, and what is wrong."""
    with ExitStack() as stack:
        history = RealWorld(seed, level, stack, **world).run()
        return seed, problems(history)


def broken(level: str, seeds: Iterable[int] = range(WORLDS), **world: Any) -> dict[int, list[str]]:
    """Play these; return what is wrong with those that broke."""
    with ThreadPoolExecutor(WORLDS) as pool:
        return {seed: wrong for seed, wrong in pool.map(partial(played, level=level, **world), seeds) if wrong}


@pytest.mark.parametrize("level", levels(), indirect=True)
def test_nothing_that_must_hold_breaks(level: str) -> None:
    """No two live workspaces of a chat, all callers told the same, nothing lost, nothing left open: the checker finds nothing."""
    found = broken(level)
    for speed in SPEEDS[1:]:
        assert duplicates(found) == []
        found = broken(level, found, speed=speed)
    assert found == {}


def test_the_worlds_find_duplicates_where_nothing_prevents_them() -> None:
    """Without mutex and claim, and with names drawn at random, the platform's record shows second workspaces."""
    found = broken("newest", claims=False, mutex=False, marks=False)
    assert duplicates(found)


@pytest.mark.exhaustive
def test_the_demo_ends_as_in_memory() -> None:
    """At each level, calls, states, and workspaces made and live are the same for each chat, and nothing is there twice.

    A level that ends otherwise is played again, slower: a machine with other things to do swaps calls that are moments apart.
    """
    in_memory = demonstrate(SEED)
    differing = dict.fromkeys(LEVELS, "")
    for speed in SPEEDS:
        stories = told_at(speed, [*differing])
        assert {level: story.duplicates for level, story in stories.items() if story.duplicates} == {}
        differing = {level: told for level, story in stories.items() if (told := difference(story.rows, rows_at(level, in_memory)))}
        if not differing:
            break
    assert differing == {}


def told_at(speed: float, levels: list[str]) -> dict[str, Story]:
    """Play the demo at each of these levels, all at the same time."""
    here = local()

    def play(level: str) -> Story:
        here.level = level
        return demonstrate(SEED)

    def simulation(seed: int, **service: Any) -> RealSimulation:
        return RealSimulation(seed, stack=stack, level=here.level, speed=speed, **service)

    with ExitStack() as stack, mock.patch.object(replay, "Simulation", simulation), ThreadPoolExecutor(len(levels)) as pool:
        return dict(zip(levels, pool.map(play, levels), strict=True))


def difference(told: Sequence[Row], expected: Sequence[Row]) -> str:
    """Return the chats that ended otherwise, and how; of the time that it took nothing is said."""
    pairs = zip(map(without_time, told), map(without_time, expected), strict=True)
    return "; ".join(f"{row}, not {other}" for row, other in pairs if row != other)


def without_time(row: Row) -> Row:
    """Return all but how long it took."""
    return attrs.evolve(row, time=0)

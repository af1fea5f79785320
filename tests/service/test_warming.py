"""An agent that is reached ahead of its dial, while its scripts run: the dial that proves it ready is quick then."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chatworkspace import ClosedError, Outcome, State
from chatworkspace.ports import DialError
from chatworkspace_fake import NEVER
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SCRIPTS, SLOW, World

SCRIPTED = BUILD + CONNECT
"""When the scripts begin."""


def cold() -> World:
    """Make a world whose agents take a while to be reached first."""
    world = World()
    world.coder.slow_first_dials(1)
    return world


def create(world: World, **properties: Any) -> tuple[Outcome, dict[str, int]]:
    docker = world.template(**properties)
    return world.counts(lambda: world.chats.create(CHAT, docker.id))


def test_it_is_told_the_moment_the_scripts_end() -> None:
    """However long the first dial of the agent takes: it was begun when the agent had connected. One request more."""
    world = cold()
    outcome, calls = create(world, **SLOW)
    assert (outcome.state, outcome.elapsed) == (State.READY, READY)
    assert (calls["warm"], calls["dial"]) == (1, 1)
    assert world.coder.warming == 0


def test_scripts_that_are_shorter_than_the_first_dial() -> None:
    """What is left of it is waited for, and no more."""
    world = cold()
    begun = world.sim.elapsed
    outcome, calls = create(world, build=BUILD, connect=CONNECT, scripts=0.1)
    takes = outcome.elapsed - SCRIPTED
    assert 0.2 <= takes <= 1.2
    assert (calls["warm"], begun) == (1, 0)


def test_where_there_are_no_scripts_nothing_is_gained() -> None:
    """And nothing is asked for: the dial is made at once."""
    world = cold()
    outcome, calls = create(world, build=BUILD, connect=CONNECT)
    assert 0.2 <= outcome.elapsed - SCRIPTED <= 1.2
    assert "warm" not in calls


def test_it_proves_nothing() -> None:
    """An agent that is lost after that is not told as ready."""
    world = cold()
    docker = world.template(build=BUILD, connect=CONNECT, scripts=SCRIPTS, drop=0)
    outcome = world.chats.create(CHAT, docker.id, wait=READY + 20)
    assert outcome.state is State.STARTING
    assert "warm" in world.coder.calls


@pytest.mark.parametrize("fails", ["refused", "never answered"])
def test_it_need_not_work(fails: str) -> None:
    """The dial tells; and what hangs is let go of within a second."""
    world = cold()
    fault = world.coder.when("warm")
    fault.fail(DialError("no route")) if fails == "refused" else fault.lose_request()
    outcome, calls = create(world, **SLOW)
    assert outcome.ready
    assert READY + 0.2 <= outcome.elapsed <= READY + 1.2
    assert calls["dial"] == 1


@pytest.mark.parametrize("ends", ["interrupt", "patience"])
def test_what_hangs_keeps_no_call(ends: str) -> None:
    """Beginning to reach an agent ends with the call, and nobody waits for it beyond its patience."""
    world = cold()
    docker = world.template(**SLOW)
    world.coder.when("warm").lose_request()
    if ends == "interrupt":
        world.sim.at(SCRIPTED + 0.5, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id, wait=None if ends == "interrupt" else SCRIPTED + 0.5))
    assert (outcome.state, outcome.elapsed) == (State.STARTING, SCRIPTED + 0.5)


def test_whoever_waits_for_the_same_agent_shares_it() -> None:
    """It is reached ahead once, and by nobody again while the scripts run, whoever goes on waiting."""
    world = cold()
    docker = world.template(**SLOW)
    world.sim.race(lambda: world.chats.create(CHAT, docker.id, wait=SCRIPTED + 2), threads=6)
    assert world.coder.warming == 0
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.elapsed, calls.get("warm", 0), world.coder.calls.count("warm")) == (READY - SCRIPTED - 2, 0, 1)


def test_each_build_has_an_agent_of_its_own() -> None:
    """Which is as cold as any."""
    world = cold()
    world.created(**SLOW)
    world.chats.stop(CHAT)
    outcome, calls = world.counts(lambda: world.chats.start(CHAT))
    assert (outcome.elapsed, calls["warm"]) == (READY, 1)


@pytest.mark.parametrize("ends", ["interrupt", "close", "patience", "follower"])
def test_it_is_let_go_of_with_the_call(ends: str) -> None:
    """However that ends."""
    world = cold()
    docker = world.template(build=BUILD, connect=CONNECT, scripts=NEVER)
    held: list[int] = []
    world.sim.at(SCRIPTED + 3, lambda: held.append(world.coder.warming))
    if ends == "close":
        world.sim.at(SCRIPTED + 5, world.chats.close)
        with pytest.raises(ClosedError):
            world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    elif ends == "follower":
        world.chats.create(CHAT, docker.id, wait=0)

        def leave() -> None:
            for step in world.chats.follow(CHAT):
                if step.elapsed > SCRIPTED + 5:
                    break

        world.sim.run(leave)
    else:
        world.sim.at(SCRIPTED + 5, lambda: world.chats.interrupt(CHAT))
        world.sim.run(lambda: world.chats.create(CHAT, docker.id, wait=SCRIPTED + 4 if ends == "patience" else None))
    assert (held, world.coder.warming) == ([1], 0)
    assert threading.active_count() < 50

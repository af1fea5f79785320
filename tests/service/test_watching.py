"""Waiting: watches that are shared, and polling where there are none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from chatworkspace import (
    Advice,
    Outcome,
    Phase,
    Reason,
    State,
    Timeouts,
    UnavailableError,
    Workspace,
)
from chatworkspace.ports import Clock, NotFoundError, Watch
from chatworkspace_fake import FakeCoder
from tests.service.chats import CHAT, READY, SLOW, World, polled
from tests.service.waits import create, goes_on

# ------------------------------------------------------------------ watches


@pytest.mark.parametrize("waiters", [1, 5, 40])
def test_the_waiters_of_a_process_share_one_watch(waiters: int) -> None:
    """One of them leads; all are told at the instant, and nothing is left afterwards."""
    world = World()
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    outcomes, calls = world.counts(lambda: world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=waiters))
    assert [it.elapsed for it in outcomes] == [READY] * waiters
    assert (calls["watch"], calls["dial"]) == (1, 1)
    assert calls["get_workspace"] <= waiters + READY // 15
    assert (world.coder.open_watches, len(world.chats._parts.watches), len(world.chats._parts.mutex)) == (0, 0, 0)


def test_a_leader_who_leaves_hands_over() -> None:
    """The one with the shortest patience leads first; the others go on with the same watch."""
    world = World(seed=1)
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    calls: list[Callable[[], Outcome]] = [partial(world.chats.status, CHAT, wait=wait) for wait in (3, 7, 20, 100)]
    outcomes, counted = world.counts(lambda: world.sim.run(*calls))
    assert [it.elapsed for it in outcomes] == [3, 7, 20, READY]
    assert counted["watch"] == 1


def test_a_late_joiner_reads_for_itself() -> None:
    """What was heard before it came may be old; it is told at the same instant as the others."""
    world = World()
    docker = world.template(**SLOW)

    def late() -> Outcome:
        world.sim.sleep(31)
        return world.chats.create(CHAT, docker.id)

    first, second = world.sim.run(lambda: world.chats.create(CHAT, docker.id), late)
    assert (first.elapsed, second.elapsed) == (READY, READY - 31)


@pytest.mark.parametrize("waiters", [1, 3])
def test_a_silent_watch_is_read_beside(waiters: int) -> None:
    """It hangs in a proxy: a fresh read every 15 s, for all waiters, tells what it does not."""
    world = World()
    world.coder.silence_watches()
    docker = world.template(build=100)
    world.chats.create(CHAT, docker.id, wait=0)
    outcomes, calls = world.counts(lambda: world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=waiters))
    assert {it.elapsed for it in outcomes} == {105}
    assert calls["get_workspace"] == waiters + 7


def test_broken_watches_are_opened_again() -> None:
    """One fresh read, then a new watch; the caller notices nothing."""
    world = World()
    docker = world.template(**SLOW)
    for second in (5, 10, 31):
        world.sim.at(second, world.coder.break_watches)
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.state, outcome.elapsed) == (State.READY, READY)
    assert calls["watch"] == 4
    assert calls["get_workspace"] >= 3


def test_a_change_that_falls_into_the_break_of_a_watch_is_not_missed() -> None:
    """The fresh read after the break tells it."""
    world = World()
    docker = world.template(build=10)
    world.sim.at(10, world.coder.break_watches)
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.ready
    assert 10 <= outcome.elapsed < 10.5


def test_watches_that_cannot_be_opened_are_tried_with_back_off() -> None:
    """Never faster than 100 ms, ever slower up to 5 s."""
    world = World()
    docker = world.template(build=60)
    world.coder.when("watch", times=8).fail()
    times: list[float] = []
    opened, platform = world.coder.watch, world.coder

    def watch(*args: Any, **kwargs: Any) -> Watch | None:
        times.append(world.sim.elapsed)
        return opened(*args, **kwargs)

    platform.watch = watch  # type: ignore[method-assign] # to see when
    assert world.chats.create(CHAT, docker.id).elapsed == 60
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) >= 8
    assert min(gaps) >= 0.1
    assert max(gaps) <= 10.1


class Down(FakeCoder):
    """A platform without watches that cannot be asked any more after a second."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, watching=False)
        self.clock = clock

    def get_workspace(self, *args: Any, **kwargs: Any) -> Workspace:
        """Fail from then on."""
        if self.clock.monotonic() > 1:
            raise UnavailableError("the gateway is down")
        return super().get_workspace(*args, **kwargs)


def test_the_last_real_error_is_told_at_the_end() -> None:
    """The platform fails until the limit is over: in progress, with what it said."""
    outcome = create(World(coder=Down, timeouts=Timeouts(build=20)), build=10)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, 20)
    assert (outcome.error, outcome.advice, outcome.retry_after) == ("the gateway is down", Advice.CALL_LATER, 60)


def test_failed_reads_while_waiting_are_tried_again() -> None:
    """One 503 in a row of polls does not end the wait."""
    world = World(coder=polled)
    docker = world.template(build=10)
    world.coder.when("get_workspace", nth=3, times=4).fail()
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.ready
    assert outcome.elapsed < 13


@pytest.mark.parametrize("coder", [FakeCoder, polled])
def test_a_workspace_that_vanishes_while_it_is_waited_for(coder: Callable[[Clock], FakeCoder]) -> None:
    """It is not visible any more: unknown at once, for every waiter, and nothing is concluded."""
    world = World(coder=coder)
    docker = world.template(**SLOW)
    world.sim.at(10, lambda: world.latest.hide())  # noqa: PLW0108 - it is made later
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    assert {(it.state, it.reason) for it in outcomes} == {(State.UNKNOWN, Reason.NOT_VISIBLE)}
    assert all(10 <= it.elapsed < 11.5 for it in outcomes)


def test_the_end_of_a_build_that_cannot_be_seen_any_more() -> None:
    """A creation that waits for a stop to end, and loses sight of it: unknown, nothing made."""
    world = World()
    world.created(stop=20)
    world.latest.stop()
    world.sim.at(70, world.latest.hide)
    outcome = goes_on(world)
    assert (outcome.state, outcome.reason, outcome.elapsed, len(world.coder.workspaces)) == (State.UNKNOWN, Reason.NOT_VISIBLE, 10, 1)


def test_a_watch_that_is_refused_because_nothing_is_to_be_seen() -> None:
    """As when it vanishes a moment later."""
    world = World()
    world.coder.when("watch").fail(NotFoundError("no such workspace"))
    outcome = create(world, build=10)
    assert (outcome.state, outcome.reason) == (State.UNKNOWN, Reason.NOT_VISIBLE)


# ------------------------------------------------------------------ polling


def test_a_platform_without_watches_is_polled() -> None:
    """Ready is told within the interval, which grows from 400 ms to 2 s."""
    world = World(coder=polled)
    docker = world.template(**SLOW)
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id))
    assert outcome.ready
    assert READY <= outcome.elapsed <= READY + 2.2
    assert 75 <= calls["get_workspace"] <= 95


def test_the_intervals_of_polling() -> None:
    """Every 400 ms for half a minute, then every 2 s: 90 in the first minute."""
    world = World(coder=polled)
    docker, times = world.template(build=120), list[float]()
    read, platform = world.coder.get_workspace, world.coder

    def get_workspace(*args: Any, **kwargs: Any) -> Workspace:
        times.append(world.sim.elapsed)
        return read(*args, **kwargs)

    platform.get_workspace = get_workspace  # type: ignore[method-assign] # to see when
    world.chats.create(CHAT, docker.id)
    gaps = [(earlier, later - earlier) for earlier, later in pairwise(times)]
    assert all(0.35 <= gap <= 0.45 for at, gap in gaps if at < 29.5)
    assert all(1.79 <= gap <= 2.21 for at, gap in gaps if at >= 30)
    assert 85 <= sum(at < 60 for at in times) <= 95


def test_the_waiters_of_a_workspace_share_its_polls() -> None:
    """Twenty waiters cost what one does, but for the read that each begins with."""
    world = World(coder=polled)
    docker = world.template(**SLOW)
    outcomes, calls = world.counts(lambda: world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=20))
    assert all(it.ready for it in outcomes)
    assert calls["get_workspace"] <= 90 + 20


def test_all_polls_of_a_process_stay_under_one_limit() -> None:
    """A hundred chats at once: at most 50 requests a second, spread out."""
    world = World(coder=polled)
    docker, times = world.template(build=5), list[float]()
    for number in range(100):
        world.sim.open_chat(f"many-{number}")
        world.chats.create(f"many-{number}", docker.id, wait=0)
    read, platform = world.coder.get_workspace, world.coder

    def get_workspace(*args: Any, **kwargs: Any) -> Workspace:
        times.append(world.sim.elapsed)
        return read(*args, **kwargs)

    platform.get_workspace = get_workspace  # type: ignore[method-assign] # to see when
    calls: list[Callable[[], Outcome]] = [partial(world.chats.status, f"many-{number}", wait=4) for number in range(100)]
    world.sim.run(*calls)
    first_reads = 100
    polls = times[first_reads:]
    for second in range(4):
        assert sum(second < at <= second + 1 for at in polls) <= 51

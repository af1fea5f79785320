"""Polling, where a platform cannot be watched."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean

import pytest

from chatworkspace import JobStatus, Transition
from chatworkspace._application.reads import Pace
from tests.application.watching import TICK, World, every_seed


@every_seed
@pytest.mark.parametrize("began", [0, 1000])
def test_polling_slows_down(seed: int, began: float) -> None:
    """Every 400 ms for half a minute, then every 2 seconds, each with a tenth of jitter, whenever it begins."""
    world = World(seed, watching=False, build=2000)
    assert world.waiter(comes=began, until=began + 90)() is None
    reads = [read - began for read in world.coder.reads]
    assert 0 <= reads[0] <= 0.02 + TICK
    for before, after in pairwise(reads):
        age = before  # it began at 0
        interval = 0.4 if age < 30 else 2
        assert 0.9 * interval - TICK <= after - before <= 1.1 * interval + TICK, (before, after)
    assert 85 <= sum(read < 60 for read in reads) <= 95


@every_seed
def test_polling_is_no_silence(seed: int) -> None:
    """A poll is a fresh read itself: without news for long, none is added, and nobody is told the same again."""
    world = World(seed, watching=False, build=1000)
    with world.call() as call:
        seat = world.sit(call)
        assert seat.next(100) is None
        seat.leave()
    assert all(after - before >= 0.2 for before, after in pairwise(world.coder.reads))


def test_polling_has_jitter() -> None:
    """No two workspaces stay in step."""
    world = World(watching=False, build=100)
    world.waiter(until=50)()
    gaps = [round(after - before, 6) for before, after in pairwise(world.coder.reads)]
    assert len(set(gaps)) > len(gaps) / 2


def test_polling_tells_only_what_differs() -> None:
    """Each state that is not the one before."""
    world = World(watching=False, build=10)
    world.sim.at(20, world.dev.stop)
    told: list[tuple[Transition, JobStatus]] = []
    with world.call() as call:
        seat = world.sit(call)

        def listen() -> None:
            while (heard := seat.next(24)) is not None:
                if not told or told[-1] != (heard.build.transition, heard.build.job_status):
                    told.append((heard.build.transition, heard.build.job_status))

        world.sim.run(listen)
        seat.leave()
    assert told == [(Transition.START, JobStatus.SUCCEEDED), (Transition.STOP, JobStatus.SUCCEEDED)]


def test_a_call_that_is_ended_while_it_polls_is_told_nothing_more() -> None:
    """At once, whatever it waits for."""
    world = World(watching=False)
    world.sim.at(0.125, lambda: world.calls.interrupt("chat-1"))
    assert world.waiter()() is None
    assert world.sim.elapsed == 0.125


def test_a_poll_that_fails_is_tried_again() -> None:
    """After a pause with a floor, like any break."""
    world = World(watching=False, build=3)
    world.coder.when("get_workspace", nth=3, times=4).fail()
    heard = world.waiter()()
    assert heard is not None
    assert 3 <= heard <= 8
    assert all(after - before >= 0.1 - TICK for before, after in pairwise(world.coder.reads))


def test_slots_are_spread_out() -> None:
    """One every 20 ms when all are wanted at once; at the wanted instant after a quiet while."""
    pace = Pace()
    slots = [pace.slot(10.0) for _ in range(6)]
    assert slots == pytest.approx([10.0, 10.02, 10.04, 10.06, 10.08, 10.1])
    assert pace.slot(12.0) == 12.0


def test_how_late_polling_tells() -> None:
    """A build of up to half a minute: 200 ms after its end in the mean, alone and beside a hundred long builds of the same owner."""
    for long_ones in (0, 100):
        late: list[float] = []
        for seed in range(12):
            world = World(seed, watching=False, build=10 + 1.37 * seed)
            long = world.coder.add_template("long", build=10_000)
            others = [world.another(f"long-{number}", long) for number in range(long_ones)]
            heard, *_ = world.sim.run(world.waiter(), *[world.waiter(until=60, dev=dev) for dev in others])
            assert heard is not None
            late.append(heard - 10 - 1.37 * seed)
        assert 0.1 <= mean(late) <= 0.3
        assert max(late) <= 0.5

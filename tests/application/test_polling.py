"""Polling, where a platform cannot be watched."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from chatworkspace import JobStatus, Transition, UnavailableError
from chatworkspace._application.polling import Pace, PollingWatch
from chatworkspace_fake import FakeCoder, Simulation
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from tests.application.watching import TICK, World, every_seed


@every_seed
@pytest.mark.parametrize("began", [0, 1000])
def test_polling_slows_down(seed: int, began: float) -> None:
    """Every 250 ms for 5 seconds, every second until 30, then every 2 seconds, each with a tenth of jitter, whenever it begins."""
    world = World(seed, watching=False, build=2000)
    assert world.waiter(comes=began, until=began + 90)() is None
    reads = [read - began for read in world.coder.reads]
    assert 0 <= reads[0] <= 0.02 + TICK
    for before, after in pairwise(reads):
        age = before  # it began at 0
        interval = 0.25 if age < 5 else 1 if age < 30 else 2
        assert 0.9 * interval - TICK <= after - before <= 1.1 * interval + TICK, (before, after)
    assert 55 <= sum(read < 60 for read in reads) <= 64


@every_seed
def test_polling_is_no_silence(seed: int) -> None:
    """A poll is a fresh read itself: without news for long, none is added, and nobody is told the same again."""
    world = World(seed, watching=False, build=1000)
    with world.call() as call:
        seat = world.sit(call)
        assert seat.next(100) is not None
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
    """The first state, then each that is not the one before."""
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
    assert told == [(Transition.START, JobStatus.RUNNING), (Transition.START, JobStatus.SUCCEEDED), (Transition.STOP, JobStatus.SUCCEEDED)]


def _polling(sim: Simulation, coder: FakeCoder, dev: FakeWorkspace) -> PollingWatch:
    return PollingWatch(coder, sim, Pace(), (sim.owner_id, dev.id), limit=15)


def test_a_polling_watch_gives_the_state_as_it_is_first() -> None:
    """Then nothing until it differs, as a real watch."""
    world = World(watching=False, build=3)
    watch = _polling(world.sim, world.coder, world.dev)
    first = watch.next(10)
    assert first is not None
    assert first.build.job_status is JobStatus.RUNNING
    assert watch.next(2) is None
    assert world.sim.elapsed == 2
    second = watch.next(10)
    assert second is not None
    assert second.build.job_status is JobStatus.SUCCEEDED
    assert 3 <= world.sim.elapsed <= 3.3


def test_a_polling_watch_that_is_closed_ends_at_once() -> None:
    """From any thread, and for good; to close it twice changes nothing."""
    world = World(watching=False)
    watch = _polling(world.sim, world.coder, world.dev)
    assert watch.next(10) is not None
    world.sim.at(0.125, watch.close)

    def closed() -> float:
        with pytest.raises(UnavailableError, match="closed"):
            watch.next(10)
        return world.sim.elapsed

    assert world.sim.run(closed) == [0.125]
    watch.close()
    assert closed() == 0.125


def test_a_poll_that_fails_is_tried_again() -> None:
    """After a pause with a floor, like any break."""
    world = World(watching=False, build=3)
    world.coder.when("get_workspace", nth=3, times=4).fail()
    heard = world.waiter()()
    assert heard is not None
    assert 3 <= heard <= 8
    assert all(after - before >= 0.1 - TICK for before, after in pairwise(world.coder.reads))


@pytest.mark.parametrize("seed", range(3))
def test_a_process_polls_within_its_limit(seed: int) -> None:
    """However many workspaces it waits for: 50 requests in any second, so that eight processes stay within what the platform allows."""
    world = World(seed, watching=False, build=100)
    devs = [world.dev, *[world.another(f"dev-{number}") for number in range(39)]]
    world.sim.run(*[world.waiter(until=2.5, dev=dev) for dev in devs])
    reads = sorted(world.coder.reads)
    assert len(reads) >= 2 * 50
    assert all(later - earlier >= 1 - TICK for earlier, later in zip(reads, reads[50:], strict=False))
    assert len(world.watches) == 0


def test_slots_are_spread_out() -> None:
    """One every 20 ms when all are wanted at once; at the wanted instant after a quiet while."""
    pace = Pace()
    slots = [pace.slot(10.0) for _ in range(6)]
    assert slots == pytest.approx([10.0, 10.02, 10.04, 10.06, 10.08, 10.1])
    assert pace.slot(12.0) == 12.0


def test_a_poll_that_is_due_late_keeps_nobody_waiting() -> None:
    """Of a build that takes long one asks every 2 s: whoever began since is polled for as often as if it were alone."""
    world = World(watching=False, build=300)
    long, short = _polling(world.sim, world.coder, world.dev), world.another("dev-2")
    pace = long._pace
    while world.sim.elapsed < 40:
        long.next(world.sim.monotonic() + 5)
    late = PollingWatch(world.coder, world.sim, pace, (world.sim.owner_id, short.id), limit=15)
    began = world.sim.elapsed
    before = len(world.coder.reads)

    def poll(watch: PollingWatch) -> Callable[[], None]:
        def until() -> None:
            while watch.next(began + 4.9) is not None:  # its first state
                pass

        return until

    world.sim.run(poll(long), poll(late))
    assert len(world.coder.reads) - before >= 4.9 / 0.275 + 2

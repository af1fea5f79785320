"""Watches that are shared: who leads, who is told, and what silence means."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import ClosedError, JobStatus
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from tests.application.watching import CHAT, World, either_way, every_seed

# ------------------------------------------------------------------ told, not asking


def test_the_first_next_gives_the_state_as_it_is() -> None:
    """Then each that differs, at the very instant, for one watch and no read."""
    world = World(build=10)
    with world.call() as call:
        seat = world.sit(call)
        first = seat.next(100)
        assert first is not None
        assert (first.build.job_status, world.sim.elapsed) == (JobStatus.RUNNING, 0)
        second = seat.next(100)
        assert second is not None
        assert (second.build.job_status, world.sim.elapsed) == (JobStatus.SUCCEEDED, 10)
        seat.leave()
    assert (world.coder.watches, world.coder.reads) == ([0], [])


@every_seed
def test_many_waiters_share_one_watch(seed: int) -> None:
    """One leads, the others follow, all are told at the same instant, and nothing is left."""
    world = World(seed, build=10)
    assert world.sim.run(*[world.waiter(comes=comes) for comes in (0, 0, 0, 1, 2.5, 9)]) == [10] * 6
    assert world.coder.watches == [0]
    assert world.coder.reads == []
    assert world.left() == (0, 0)


@every_seed
@either_way
def test_followers_cost_no_request(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """A hundred waiters ask as much as one."""
    costs: list[int] = []
    for waiters in (1, 30):
        world = World(seed, watching=watching, build=4)
        ends = world.sim.race(world.waiter(), threads=waiters)
        assert len(set(ends)) == 1
        costs.append(len(world.coder.reads) + len(world.coder.watches))
    assert abs(costs[0] - costs[1]) <= 1  # jitter


def test_two_workspaces_have_two_watches() -> None:
    """Each is told of its own."""
    world = World(build=10)
    other = world.another("other")
    other.cancel()
    seen: list[tuple[UUID, JobStatus]] = []

    def look(dev: FakeWorkspace) -> None:
        with world.call() as call:
            seat = world.sit(call, dev)
            heard = seat.next(5)
            assert heard is not None
            seen.append((heard.id, heard.build.job_status))
            world.sim.sleep(1)
            assert len(world.watches) == 2
            world.sim.sleep(1)
            seat.leave()

    world.sim.run(lambda: look(world.dev), lambda: look(other))
    assert sorted(seen) == sorted([(world.dev.id, JobStatus.RUNNING), (other.id, JobStatus.CANCELED)])
    assert world.left() == (0, 0)


def test_what_was_heard_after_ones_own_read_is_news() -> None:
    """A late joiner misses nothing that happened between reading and sitting down, and is not told what it has read itself."""
    world = World(build=10)
    told: list[tuple[str, float]] = []

    def join(name: str, comes: float, read_at: float) -> None:
        world.sim.sleep(comes)
        with world.call() as call:
            seat = world.sit(call, read_at=read_at)
            if seat.next(14) is not None:
                told.append((name, world.sim.elapsed))
            seat.leave()

    def stay() -> None:
        with world.call() as call:
            seat = world.sit(call)
            while seat.next(14.5) is not None:
                pass
            seat.leave()

    world.sim.run(stay, lambda: join("read before", 12, 9), lambda: join("read after", 12, 11))
    assert told == [("read before", 12)]


@either_way
def test_every_request_has_its_limit(watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Watches, reads and logs, counted from when they are sent, whatever the waiter's own deadline; the log is an extra and has less."""
    world = World(watching=watching, build=40, log=("one",))
    world.coder.silence_watches()
    world.sim.sleep(3)
    with world.call() as call:
        seat = world.sit(call)
        for instant in (5, 20, 21):
            seat.next(instant)
            seat.lines(world.dev.told())
        seat.leave()
    assert len(world.coder.limits) >= 5
    assert set(world.coder.limits) == {15, 2}


# ------------------------------------------------------------------ leading passes on


@every_seed
@either_way
def test_a_leader_that_has_waited_enough_hands_over(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Its own time is over; the others are told in time."""
    world = World(seed, watching=watching, build=10)
    ends = world.sim.run(world.waiter(until=3), world.waiter(until=5), world.waiter(), world.waiter())
    assert ends[:2] == [None, None]
    assert ends[2] == ends[3]
    assert ends[3] is not None
    assert 10 <= ends[3] <= (10 if watching else 11.1)
    assert world.left() == (0, 0)


@every_seed
@either_way
def test_a_leader_that_is_interrupted_hands_over(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """At that instant, whoever leads; the watch that it blocked on is lost, and that is nobody's failure."""
    world = World(seed, watching=watching, build=10)
    world.sim.at(4, lambda: world.calls.interrupt("chat-a"))
    ends = world.sim.run(world.waiter(chat_id="chat-a"), world.waiter(chat_id="chat-b"), world.waiter(chat_id="chat-a"))
    assert ends[0] is ends[2] is None
    assert ends[1] is not None
    assert 10 <= ends[1] <= (10 if watching else 11.1)
    assert not watching or len(world.coder.watches) <= 2
    assert world.left() == (0, 0)


@every_seed
@either_way
def test_a_leader_that_ends_at_once_is_missed_by_nobody(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Waiters that come and go all the while hand the lead from one to the next."""
    world = World(seed, watching=watching, build=10)
    passers = [world.waiter(comes=comes / 2, until=comes / 2 + 0.75) for comes in range(18)]
    *gone, stays = world.sim.run(*passers, world.waiter(comes=0.1))
    assert gone == [None] * 18
    assert stays is not None
    assert 10 <= stays <= (10 if watching else 11.1)


@every_seed
@either_way
def test_closing_ends_all_waits(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """With an error, at that instant, leader and followers alike."""
    world = World(seed, watching=watching)
    world.sim.at(4, world.calls.close)

    def closed() -> float:
        with pytest.raises(ClosedError):
            world.waiter()()
        return world.sim.elapsed

    assert world.sim.race(closed, threads=3) == [4, 4, 4]
    assert world.left() == (0, 0)


@either_way
def test_a_wait_ends_at_its_deadline(watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Not later, and at once where it has passed, unless there is news to tell."""
    world = World(watching=watching)
    with world.call() as call:
        seat = world.sit(call)
        assert (seat.next(1) is not None) is watching  # polled, it is as it was when it was sat down for
        began = world.sim.elapsed
        assert seat.next(7.125) is None
        assert world.sim.elapsed == 7.125
        assert seat.next(began) is None
        assert world.sim.elapsed == 7.125
        seat.leave()


def test_an_interrupted_call_is_told_nothing_more() -> None:
    """As if its time were over."""
    world = World()
    with world.call() as call:
        seat = world.sit(call)
        world.calls.interrupt(CHAT)
        assert seat.next(100) is None
        assert world.sim.elapsed == 0
        seat.leave()


# ------------------------------------------------------------------ silence


@every_seed
def test_a_silent_watch_is_not_believed(seed: int) -> None:
    """One fresh read at least every 15 seconds: what a proxy holds back is heard all the same, for one read for all."""
    world = World(seed, build=20)
    world.coder.silence_watches()
    assert world.sim.race(world.waiter(), threads=4) == [30] * 4
    assert world.coder.reads == [15, 30]
    assert world.coder.watches == [0]


def test_news_puts_the_read_off() -> None:
    """Fifteen seconds without news, not every fifteen seconds."""
    world = World(build=10)
    world.sim.at(12, world.dev.stop)
    with world.call() as call:
        seat = world.sit(call)

        def listen() -> None:
            while seat.next(26.5) is not None:
                pass

        world.sim.run(listen)
        seat.leave()
    assert world.coder.reads == []

"""Watches that break: those who wait are told, and another is opened, ever more seldom."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chatworkspace import UnavailableError
from chatworkspace.ports import NotFoundError
from tests.application.watching import TICK, World, either_way, every_seed


@every_seed
def test_after_a_break_the_state_is_read_and_a_new_watch_opened(seed: int) -> None:
    """After a pause of 100 to 200 ms; what happened meanwhile is not missed."""
    world = World(seed, build=10)
    world.sim.at(10, world.coder.break_watches)
    (heard,) = set(world.sim.race(world.waiter(), threads=3))
    assert heard is not None
    assert all(10.1 <= read <= 10.2 for read in world.coder.reads)
    assert heard == (world.coder.reads[0] if world.coder.reads else 10), "else the news came before the break"
    assert world.left() == (0, 0)


@every_seed
def test_a_broken_watch_is_replaced(seed: int) -> None:
    """And the new one tells at the instant again."""
    world = World(seed, build=10)
    world.sim.at(4, world.coder.break_watches)
    assert world.sim.race(world.waiter(), threads=3) == [10] * 3
    (read,) = world.coder.reads
    assert 4.1 <= read <= 4.2
    assert world.coder.watches == [0, read]


@every_seed
@pytest.mark.parametrize("call", ["watch", "get_workspace"])
def test_attempts_have_a_floor_and_are_spaced_out(seed: int, call: str) -> None:
    """At least 100 ms between two, twice as much at most with each that fails, and never more than 5 s."""
    world = World(seed, build=60)
    if call == "watch":
        world.coder.when("watch", times=12).fail()
    else:
        world.coder.when("get_workspace", times=12).fail()
        world.sim.at(1, world.coder.break_watches)
    assert world.sim.race(world.waiter(), threads=3) == [60] * 3
    attempts = world.coder.watches[:12] if call == "watch" else world.coder.reads[:12]
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    failures = range(1 if call == "watch" else 2, 14)  # the break itself was the first
    assert all(0.1 - TICK <= gap <= min(0.1 * 2**number, 5) + TICK for gap, number in zip(gaps, failures, strict=False)), gaps
    assert max(gaps) > 2.5


def test_the_last_failure_is_kept_until_it_works_again() -> None:
    """It is what a caller is told whose time ends meanwhile."""
    world = World()
    world.coder.when("get_workspace", times=3).fail(UnavailableError("the proxy is down"))
    with world.call() as call:
        seat = world.sit(call)
        assert seat.next(100) is not None
        assert seat.error is None
        world.coder.break_watches()
        assert seat.next(0.09) is None
        assert "closed or broken" in str(seat.error)
        assert seat.next(0.21) is None
        assert str(seat.error) == "the proxy is down"
        assert seat.next(100) is not None
        assert seat.error is None
        seat.leave()


def test_an_interrupt_is_no_failure_of_the_watch() -> None:
    """The others wait no longer because of it, and are told of no error."""
    world = World(build=10)
    with world.call("chat-a") as one, world.call("chat-b") as other:
        first, second = world.sit(one), world.sit(other)
        assert first.next(5) is not None
        world.sim.at(3, lambda: world.calls.interrupt("chat-a"))
        assert world.sim.run(lambda: first.next(100)) == [None]
        assert second.error is None
        assert second.next(5) is not None
        assert world.sim.elapsed == 3
        first.leave()
        second.leave()


@every_seed
@either_way
def test_what_is_not_visible_any_more_is_told_to_all(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Leader and followers, and whoever comes while they are still there."""
    world = World(seed, watching=watching)
    world.sim.at(4, world.dev.hide)

    def hidden() -> float:
        with pytest.raises(NotFoundError):
            world.waiter()()
        return world.sim.elapsed

    (when,) = set(world.sim.race(hidden, threads=3))
    assert 4 <= when <= (4 if watching else 4.5)
    assert world.left() == (0, 0)


def test_what_is_visible_again_can_be_waited_for() -> None:
    """Once nobody of before is left."""
    world = World(build=10)
    world.dev.hide()
    with pytest.raises(NotFoundError):
        world.waiter()()
    world.dev.show()
    assert world.waiter()() == 10

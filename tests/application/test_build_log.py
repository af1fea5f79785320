"""The log of a build, read by one for all who follow."""

from __future__ import annotations

from chatworkspace._application.watches import Seat
from tests.application.watching import World


def _lines(seat: Seat, world: World, *, last: bool = False) -> list[str]:
    return [line.text for line in (seat.lines(world.dev.told(), last=True) if last else seat.lines(world.dev.told()))]


def test_lines_are_told_once_to_each_seat() -> None:
    """Read once a second for all seats; a seat that comes late is told from the beginning."""
    world = World(build=4, log=("one", "two", "three"))  # at 1, 2 and 3 s
    with world.call() as call:
        first, second = world.sit(call), world.sit(call)
        world.sim.sleep(1)
        assert _lines(first, world) == ["one"]
        assert _lines(first, world) == []
        world.sim.sleep(1)
        assert _lines(second, world) == ["one", "two"]
        assert _lines(first, world) == ["two"]
        first.leave()
        second.leave()
    assert world.coder.calls.count("build_log") == 2


def test_the_log_is_read_once_a_second() -> None:
    """And at once when it is the last time."""
    world = World(build=4, log=("one", "two", "three"))
    with world.call() as call:
        seat = world.sit(call)
        world.sim.sleep(1.5)
        assert _lines(seat, world) == ["one"]
        world.sim.sleep(0.75)
        assert _lines(seat, world) == []
        assert _lines(seat, world, last=True) == ["two"]
        world.sim.sleep(0.75)
        assert _lines(seat, world) == []
        world.sim.sleep(0.25)
        assert _lines(seat, world) == ["three"]
        seat.leave()
    assert world.coder.calls.count("build_log") == 3


def test_the_log_is_for_looking_at() -> None:
    """Where it cannot be read there are no lines, and no error; they come when it can be read again."""
    world = World(build=4, log=("one", "two", "three"))
    world.coder.when("build_log").fail()
    with world.call() as call:
        seat = world.sit(call)
        world.sim.sleep(1)
        assert _lines(seat, world) == []
        workspace = world.dev.told()
        world.dev.hide()
        world.sim.sleep(1)
        assert seat.lines(workspace) == []
        world.dev.show()
        world.sim.sleep(1)
        assert _lines(seat, world) == ["one", "two", "three"]
        seat.leave()


def test_each_build_has_its_own_log() -> None:
    """A new one is read at once and from its beginning; of an older one there is nothing more."""
    world = World(build=4, log=("one", "two", "three"))
    with world.call() as call:
        seat = world.sit(call)
        world.sim.sleep(2)
        assert _lines(seat, world) == ["one", "two"]
        before = world.dev.told()
        world.sim.sleep(2.5)
        assert _lines(seat, world) == ["three"]
        world.dev.start()
        reads = world.coder.calls.count("build_log")
        assert _lines(seat, world) == []
        assert world.coder.calls.count("build_log") == reads + 1
        world.sim.sleep(1)
        assert _lines(seat, world) == ["one"]
        assert seat.lines(before, last=True) == []
        world.sim.sleep(1)
        assert _lines(seat, world) == ["two"]
        seat.leave()

"""Processes that share a store and a platform, and are killed, paused and misinformed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace.ports import Clock
from chatworkspace_fake import Process, Simulation
from chatworkspace_fake._simulation.actors import ProcessKilled


class Port:
    """A store and a platform in one, that notes what reaches it, and when."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seen: list[tuple[str, float]] = []

    def secret(self) -> bytes:
        """Take no time."""
        return self.see("secret")

    def bind(self) -> bytes:
        """Take no time either."""
        return self.see("bind")

    def wait_for_turn(self) -> bytes:
        """Take ten seconds."""
        self.clock.sleep(10)
        return self.see("wait_for_turn")

    def history(self) -> bytes:
        """Fail."""
        self.see("history")
        raise UnavailableError("no")

    def watch(self) -> PortWatch | None:
        """Return a watch the first time, then none."""
        return PortWatch(self) if ("watch", 0.0) not in self.seen and self.see("watch") else None

    def see(self, call: str) -> bytes:
        """Note a call."""
        self.seen.append((call, self.clock.monotonic()))
        return b"seen"


class PortWatch:
    """A watch that notes in its port's book."""

    def __init__(self, port: Port) -> None:
        self.port = port

    def next(self) -> bytes:
        """Wait for a second."""
        self.port.clock.sleep(1)
        return self.port.see("next")


class World:
    """Two processes over one port, called without the arguments that real ports need."""

    def __init__(self, seed: int = 0) -> None:
        self.sim = Simulation(seed, store=Port, coder=Port)
        self.port: Any = self.sim.store
        self.one, self.two = self.sim.process("one"), self.sim.process("two")

    def call(self, process: Process, *calls: str) -> Callable[[], list[Any]]:
        """Return what makes these store calls one after another."""
        store: Any = process.store
        return lambda: [getattr(store, call)() for call in calls]


# ------------------------------------------------------------------ kill


def test_killed_before_a_call_the_port_never_hears_of_it() -> None:
    """The process ends there; its call is left out of the results, the other process goes on."""
    world = World()
    world.one.kill(before="store.bind")
    assert world.sim.run(world.call(world.one, "secret", "bind"), world.call(world.two, "secret", "bind")) == [[b"seen", b"seen"]]
    assert sorted(world.port.seen) == [("bind", 0), ("secret", 0), ("secret", 0)]


def test_killed_after_a_call_the_port_has_acted() -> None:
    """It was acted upon, and nobody was told."""
    world = World()
    world.one.kill(after="store.bind")
    assert world.sim.run(world.call(world.one, "bind", "secret")) == []
    assert world.port.seen == [("bind", 0)]


def test_killed_after_a_call_that_failed() -> None:
    """A call that raised has happened as well."""
    world = World()
    world.one.kill(after="store.history")
    assert world.sim.run(world.call(world.one, "history")) == []


def test_cleaning_up_after_a_kill_reaches_nothing() -> None:
    """`finally` blocks run, but every later port call, sleep and wait of the process raises as well."""
    world = World()
    clock, reached = world.one.clock, list[str]()

    def clean_up(work: Callable[[], object]) -> None:
        try:
            world.call(world.one, "bind")()
        finally:
            try:
                work()
            finally:
                reached.append("the end of finally")

    world.one.kill(before="store.bind")
    works = (world.call(world.one, "secret"), lambda: clock.sleep(1), lambda: clock.signal().wait(5), lambda: clock.signal().wait(None))
    assert world.sim.run(*[lambda work=work: clean_up(work) for work in works]) == []
    assert world.port.seen == []
    assert world.sim.elapsed == 0
    assert len(reached) == 4


def test_threads_that_wait_in_a_killed_process_die_at_once() -> None:
    """Whether they sleep, wait for a signal, or for an answer of a port."""
    world = World()
    clock, died = world.one.clock, list[float]()

    def die_in(wait: Callable[[], object]) -> None:
        try:
            wait()
        except ProcessKilled:
            died.append(world.sim.elapsed)
            raise

    world.sim.at(3, world.one.kill)
    waits = (world.call(world.one, "wait_for_turn"), lambda: clock.sleep(20), lambda: clock.signal().wait(None))
    assert world.sim.run(*[lambda wait=wait: die_in(wait) for wait in waits]) == []
    assert died == [3, 3, 3]
    assert world.port.seen == []


def test_a_kill_ends_all_threads_of_its_process_alone() -> None:
    """One thread strikes; the others die at their next call, those of other processes live."""
    for seed in range(10):
        world = World(seed)
        world.one.kill(after="store.bind")
        many = world.call(world.one, "wait_for_turn", "secret")
        assert world.sim.run(many, world.call(world.one, "bind"), many, world.call(world.two, "wait_for_turn", "secret")) == [[b"seen", b"seen"]]
        assert world.port.seen == [("bind", 0), ("wait_for_turn", 10), ("secret", 10)]


def test_a_process_that_is_killed_twice_is_dead() -> None:
    """Killing the dead changes nothing."""
    world = World()
    world.one.kill()
    world.one.kill()
    assert world.sim.run(world.call(world.one, "secret")) == []
    assert world.sim.trace.count("killed") == 1


def test_the_test_itself_learns_that_it_called_a_dead_process() -> None:
    """Outside run() there is nobody to leave out."""
    world = World()
    world.one.kill(before="store.secret")
    with pytest.raises(ProcessKilled, match="one"):
        world.call(world.one, "secret")()
    world.sim.at(1, world.two.kill)
    with pytest.raises(ProcessKilled, match="two"):
        world.call(world.two, "wait_for_turn")()
    assert world.sim.elapsed == 1


# ------------------------------------------------------------------ pause


def test_nobody_goes_on_in_a_paused_process() -> None:
    """Waits that were over earlier return when the pause is; another process does not notice."""
    world = World()
    clock, signal = world.one.clock, world.one.clock.signal()
    world.sim.at(1, lambda: world.one.pause(50))
    world.sim.at(2, signal.set)

    def ended(wait: Callable[[], object]) -> float:
        wait()
        return world.sim.elapsed

    mine = [lambda: clock.sleep(10), lambda: signal.wait(30), lambda: clock.signal().wait(30), world.call(world.one, "wait_for_turn")]
    ends = world.sim.run(*[lambda wait=wait: ended(wait) for wait in [*mine, world.call(world.two, "wait_for_turn")]])
    assert ends == [51, 51, 51, 51, 10]


def test_a_signal_set_during_a_pause_was_set() -> None:
    """Who wakes after both the signal and the deadline is told of the signal."""
    world = World()
    signal = world.one.clock.signal()
    world.sim.at(1, lambda: world.one.pause(50))
    world.sim.at(5, signal.set)
    assert world.sim.run(lambda: signal.wait(30)) == [True]


@pytest.mark.parametrize(("moment", "bound_at"), [("before", 60), ("after", 0)])
def test_a_pause_at_a_port_call(moment: str, bound_at: float) -> None:
    """Before it, the port hears of it when the pause is over; after it, the caller does."""
    world = World()
    world.one.pause(60, **{moment: "store.bind"})
    ends = world.sim.run(
        lambda: (world.call(world.one, "bind")(), world.sim.elapsed)[1], lambda: (world.call(world.two, "secret")(), world.sim.elapsed)[1]
    )
    assert ends == [60, 0]
    assert ("bind", bound_at) in world.port.seen


def test_a_pause_delays_the_test_itself() -> None:
    """Outside run() time jumps to the end of the pause."""
    world = World()
    world.one.pause(60)
    world.call(world.one, "secret")()
    assert world.sim.elapsed == 60


def test_a_paused_process_can_be_killed() -> None:
    """It dies then, not when the pause is over."""
    world = World()
    world.one.pause(60)
    world.sim.at(5, world.one.kill)
    assert world.sim.run(world.call(world.one, "secret")) == []
    assert world.sim.elapsed == 5


# ------------------------------------------------------------------ clocks, names, arming


def test_a_wrong_clock_shows_another_time_of_day() -> None:
    """Only now() of that process is shifted, by as much as was said last; deadlines are not."""
    world = World()
    world.one.shift_clock(60)
    world.one.shift_clock(-3600)
    world.sim.sleep(5)
    assert world.one.clock.now() - world.sim.now() == timedelta(hours=-1)
    assert world.two.clock.now() == world.sim.now()
    assert world.one.clock.monotonic() == 5


@pytest.mark.parametrize("name", ["bind", "store.bnd", "watch.watch", "store.", "clock.sleep", "coder.bind"])
def test_an_unknown_port_call_is_an_error(name: str) -> None:
    """A fault with a misspelt name would never strike; the error names the argument."""
    process = World().one
    for argument in ("before", "after"):
        with pytest.raises(InvalidArgumentError, match=name) as caught:
            process.kill(**{argument: name})
        assert caught.value.argument == argument
        with pytest.raises(InvalidArgumentError):
            process.pause(1, **{argument: name})


def test_every_port_has_its_calls() -> None:
    """Names follow the ports; before and after exclude each other."""
    world = World()
    process = world.one
    for name in ("store.claim", "coder.create_workspace", "coder.dial", "watch.next", "watch.close"):
        process.kill(before=name)
    with pytest.raises(InvalidArgumentError, match="beside before"):
        process.kill(before="store.bind", after="store.bind")
    with pytest.raises(AssertionError, match=r"kill before watch\.close"):
        world.sim.verify()


def test_what_is_armed_strikes_once() -> None:
    """The first call strikes it, the next goes through; two strike one after the other."""
    world = World()
    world.one.pause(10, before="store.bind")
    world.one.pause(5, before="store.bind")
    world.call(world.one, "bind", "bind", "bind")()
    assert world.port.seen == [("bind", 10), ("bind", 15), ("bind", 15)]


def test_a_watch_is_a_port_too() -> None:
    """What watch() returns is watched over; where there is none, there is none."""
    world = World()
    creator: Any = world.one.creator
    watch = creator.watch()
    assert watch.next() == b"seen"
    assert creator.watch() is None
    world.one.kill(before="watch.next")
    with pytest.raises(ProcessKilled):
        watch.next()
    assert "watch.next" in world.sim.trace


def test_what_never_struck_is_named() -> None:
    """verify() names kills and pauses that nobody met, and nothing else."""
    world = World(seed=5)
    world.sim.verify()
    world.one.kill(before="store.bind")
    world.two.pause(7, after="coder.dial")
    world.two.kill(before="store.secret")
    world.sim.run(world.call(world.two, "secret"))
    with pytest.raises(AssertionError) as caught:
        world.sim.verify()
    assert str(caught.value) == "armed, but never struck (seed 5): process one: kill before store.bind; process two: pause of 7 s after coder.dial"


def test_faults_of_the_fakes_are_named_as_well() -> None:
    """verify() asks the store and the platform."""

    class Faulty(Port):
        def unstruck(self) -> tuple[str, ...]:
            return ("lose_answer of bind",)

    sim = Simulation(store=Faulty, coder=Port)
    with pytest.raises(AssertionError, match="lose_answer of bind"):
        sim.verify()


# ------------------------------------------------------------------ the story


def test_the_trace_tells_the_story() -> None:
    """One line per step: when, who, in which process, what, how it ended, since when."""
    world = World()
    world.sim.at(4, lambda: world.two.pause(1))
    world.one.kill(after="store.history")
    world.sim.run(world.call(world.two, "wait_for_turn"))
    world.sim.run(world.call(world.one, "history"))
    lines = [line.split() for line in world.sim.trace.splitlines()]
    assert lines == [
        ["4.000", "at-4", "two", "paused", "for", "1", "s"],
        ["10.000", "call-1", "two", "sleep", "(since", "0.000)"],
        ["10.000", "call-1", "two", "store.wait_for_turn", "ok", "(since", "0.000)"],
        ["10.000", "call-1", "one", "store.history", "UnavailableError"],
        ["10.000", "call-1", "one", "killed", "after", "store.history"],
    ]


def test_hands_on_the_world_are_no_port_calls() -> None:
    """What a test does to the store or the platform itself is not in the story, and cannot be killed."""
    world = World()
    world.one.kill(before="store.secret")
    world.port.secret()
    assert world.sim.trace == ""
    with pytest.raises(ProcessKilled):
        world.call(world.one, "secret")()

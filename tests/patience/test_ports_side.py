"""What an adapter is told of whoever asks it: how long it may take, and that nobody waits any more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, ClosedError, Outcome, Reason, State, Timeouts, UnavailableError
from chatworkspace._application.calls import Call, Calls
from chatworkspace.ports import Look, SystemClock, interruptible, time_left
from chatworkspace_fake import FakeCoder, FakeStore, MemoryStore, Simulation
from tests.service.chats import CHAT, World

HANGS = 60.0


def _call(calls: Calls | None = None, wait: float | None = None) -> Call:
    return Call(Calls() if calls is None else calls, Simulation(), CHAT, wait)


# ------------------------------------------------------------------ how long


def test_outside_of_a_call_an_adapter_has_its_own_limit() -> None:
    """Whoever uses it directly."""
    assert time_left(5) == 5
    with _call():
        assert time_left(5) == 5, "nothing is asked"


def test_within_a_call_it_has_what_is_left() -> None:
    """The sooner of both, and nothing when it is too late."""
    sim = Simulation()
    with Call(Calls(), sim, CHAT, None) as call:
        with call.asking(3, cut=True):
            assert (time_left(5), time_left(2)) == (3, 2)
            sim.sleep(1)
            assert time_left(5) == 2
            with call.asking(10, cut=False):
                assert time_left(50) == 9
            assert time_left(5) == 2
            sim.sleep(7)
            assert time_left(5) == 0
        assert time_left(5) == 5


@pytest.mark.parametrize(("wait", "expected"), [(0.0, [10, 6]), (3.0, [10, 9]), (30.0, [10, 10]), (None, [10, 10])])
def test_a_store_is_told_how_long_it_may_take(wait: float | None, expected: list[float]) -> None:
    """Wait and planning together bound its answers."""
    lefts: list[float] = []

    class Noting(FakeStore):
        def look(self, chat_id: str) -> Look:
            lefts.append(time_left(1000))
            return super().look(chat_id)

    world = World(store=Noting)
    world.sim.store.when("look").take(4)
    world.chats.create(CHAT, world.template().id, wait=wait)
    assert lefts == expected


def test_after_an_interrupt_there_is_a_moment() -> None:
    """For what has to be told."""
    lefts: list[float] = []

    class Noting(FakeStore):
        def look(self, chat_id: str) -> Look:
            lefts.append(time_left(1000))
            return super().look(chat_id)

    world = World(store=Noting)
    docker = world.template(build=50)
    world.sim.at(10, lambda: world.chats.interrupt(CHAT))
    world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert lefts == [10, 0.75]


# ------------------------------------------------------------------ nobody waits any more


def _ended(*, cut: bool, end: Callable[[Calls], object], before: bool = False) -> int:
    calls, ends = Calls(), list[int]()
    with _call(calls) as call:
        if before:
            end(calls)
        with call.asking(5, cut=cut), interruptible(lambda: ends.append(1)):
            if not before:
                end(calls)
    return len(ends)


def _interrupt_and_close(calls: Calls) -> None:
    calls.interrupt(CHAT)
    calls.close()


def test_a_read_is_ended_with_its_call() -> None:
    """By an interrupt and by close(); a change is not."""
    assert _ended(cut=True, end=lambda calls: calls.interrupt(CHAT)) == 1
    assert _ended(cut=True, end=lambda calls: calls.close()) == 1
    assert _ended(cut=False, end=lambda calls: calls.interrupt(CHAT)) == 0
    assert _ended(cut=False, end=lambda calls: calls.close()) == 0
    assert _ended(cut=True, end=lambda calls: calls.interrupt("another")) == 0


def test_what_an_interrupted_call_has_to_tell_is_not_ended_by_the_same_interrupt() -> None:
    """Nor by another one; after close() nothing is to be told."""
    assert _ended(cut=True, end=lambda calls: calls.interrupt(CHAT), before=True) == 0
    assert _ended(cut=True, end=_interrupt_and_close, before=True) == 1
    calls, ends = Calls(), list[int]()
    with _call(calls) as call:
        calls.interrupt(CHAT)
        with call.asking(5, cut=True), interruptible(lambda: ends.append(1)):
            calls.interrupt(CHAT)
    assert ends == []


def test_outside_of_a_call_nothing_is_ended() -> None:
    """There is nobody to end it."""
    with interruptible(lambda: pytest.fail("it was ended")):
        pass


def _note(inside: list[bool], late: list[bool]) -> None:
    late.append(not inside[0])


def test_an_end_never_comes_after_the_block() -> None:
    """A connection that is used again is not shut down by who came late: leaving waits for an end under way."""
    calls, clock = Calls(), SystemClock()
    for _ in range(300):
        inside, late = [True], list[bool]()
        end = partial(_note, inside, late)
        with Call(calls, clock, CHAT, None) as call, call.asking(clock.monotonic() + 5, cut=True):
            ender = Thread(target=calls.interrupt, args=(CHAT,), daemon=True)
            with interruptible(end):
                ender.start()
            inside[0] = False
            ender.join(HANGS)
        assert True not in late


def test_an_end_within_an_end() -> None:
    """A finalizer may interrupt the very call whose end is under way: it is ended once more, and nothing hangs."""
    calls, ends = Calls(), list[str]()

    def end() -> None:
        ends.append("end")
        if len(ends) < 3:
            calls.close()

    with _call(calls) as call, call.asking(5, cut=True), interruptible(end):
        calls.interrupt(CHAT)
    assert ends == ["end"] * 3


def test_what_was_blocked_on_around_it_is_woken_afterwards() -> None:
    """A read within a wait: the wait's own way to be woken is there again."""
    calls, woken = Calls(), list[str]()
    with _call(calls) as call, call.woken_by(lambda: woken.append("outer")):
        with call.asking(5, cut=True), interruptible(lambda: woken.append("inner")):
            pass
        calls.interrupt(CHAT)
    assert woken == ["outer"]


# ------------------------------------------------------------------ the service over ports that listen


@pytest.mark.parametrize("after", [1, 3])
def test_a_look_that_an_interrupt_ends_is_made_once_more(after: float) -> None:
    """The platform is slow, not away: what it can tell in a moment is told, and no error."""
    world = World()
    world.created()
    world.coder.when("get_workspace").take(9)
    world.sim.at(world.sim.elapsed + after, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.status(CHAT))
    assert (outcome.state, outcome.elapsed) == (State.READY, after)


def test_a_dial_that_an_interrupt_ends_says_nothing_of_the_agent() -> None:
    """It is not called lost because somebody lost patience, nor by the next who asks."""
    world = World()
    world.created()
    world.latest.drop_agent()
    world.sim.sleep(100)
    world.coder.when("dial").take(4)
    world.sim.at(world.sim.elapsed + 1, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.status(CHAT))
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STARTING, Reason.INTERRUPTED, 1)
    _, calls = world.counts(lambda: world.chats.status(CHAT))
    assert calls["dial"] == 1


def test_an_interrupted_creation_sends_nothing_that_it_has_not_sent() -> None:
    """It was still looking: nothing is planned, and nothing made."""
    world = World()
    docker = world.template()
    world.coder.when("get_template").take(8)
    world.sim.at(2, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.ABSENT, Reason.INTERRUPTED, 2)
    assert (world.coder.workspaces, world.chats.history(CHAT)) == ((), ())


def test_a_dial_of_connect_is_ended() -> None:
    """With the reason."""
    world = World()
    world.created()
    world.coder.when("dial").take(100)
    world.sim.at(world.sim.elapsed + 2, lambda: world.chats.interrupt(CHAT))
    began = world.sim.elapsed

    def connect() -> Reason:
        with pytest.raises(UnavailableError) as error:
            world.chats.connect(CHAT)
        return error.value.reason

    assert world.sim.run(connect) == [Reason.INTERRUPTED]
    assert world.sim.elapsed == began + 2


class Blocking(MemoryStore):
    """A store that blocks for real, until it is told that nobody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = False
        self.begun = Event()

    def look(self, chat_id: str) -> Look:
        """Block."""
        if self.blocks:
            ended = Event()
            with interruptible(ended.set):
                self.begun.set()
                if ended.wait(time_left(HANGS)):
                    raise UnavailableError("ended")
        return super().look(chat_id)


@pytest.mark.parametrize("act", ["get_chat", "status", "create", "connect", "detach"])
def test_close_reaches_a_thread_that_blocks_in_an_adapter(act: str) -> None:
    """In real time."""
    store, coder, came_to = Blocking(), FakeCoder(), list[BaseException | Outcome]()
    docker = coder.add_template("docker")
    chats = ChatWorkspaces(store=store, creator=coder, dialer=coder, timeouts=Timeouts(planning=HANGS))
    chats.open_chat(CHAT, owner_id=Simulation().owner_id, organization_id=docker.organization_id)
    store.blocks = True
    method: Any = getattr(chats, act)

    def call() -> None:
        try:
            came_to.append(method(*((CHAT, docker.id) if act == "create" else (CHAT,))))
        except ClosedError as error:
            came_to.append(error)

    thread = Thread(target=call, daemon=True)
    thread.start()
    assert store.begun.wait(HANGS)
    clock = SystemClock()
    closed_at = clock.monotonic()
    chats.close()
    thread.join(HANGS)
    assert isinstance(came_to[0], ClosedError)
    assert clock.monotonic() - closed_at < 10, "ten times what it may take"

"""Waiting: how it is ended early, and the wait for a turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from chatworkspace import (
    BusyError,
    ClosedError,
    Outcome,
    Phase,
    Reason,
    State,
    Timeouts,
)
from chatworkspace.ports import Clock
from chatworkspace_fake import FakeCoder
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SLOW, World, polled
from tests.service.waits import create, goes_on

# ------------------------------------------------------------------ ending a wait


@pytest.mark.parametrize("after", [10, BUILD + 2, BUILD + CONNECT + 2])
def test_an_interrupt_ends_the_waits_on_a_chat(after: float) -> None:
    """All of this process, at once, in whatever phase; nothing on the platform is canceled, and the next call goes on."""
    world = World()
    docker = world.template(**SLOW)
    world.sim.at(after, lambda: world.chats.interrupt(CHAT))
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    assert [(it.state, it.reason, it.elapsed) for it in outcomes] == [(State.STARTING, Reason.INTERRUPTED, after)] * 3
    assert all(it.phase is not None and it.next_step.startswith("The wait was ended") for it in outcomes)
    assert goes_on(world).elapsed == READY - after


def test_an_interrupt_is_for_one_chat_and_one_process() -> None:
    """Others go on waiting."""
    world = World()
    docker, other = world.template(**SLOW), world.sim.process("other")
    world.sim.open_chat("chat-2")
    world.sim.at(10, lambda: world.chats.interrupt(CHAT))
    calls: list[Callable[[], Outcome]] = [
        lambda: world.chats.create(CHAT, docker.id),
        lambda: other.workspaces.create(CHAT, docker.id),
        lambda: world.chats.create("chat-2", docker.id),
    ]
    assert [it.elapsed for it in world.sim.run(*calls)] == [10, READY, READY]


def test_an_interrupt_when_nobody_waits() -> None:
    """Nothing happens."""
    world = World()
    world.chats.interrupt(CHAT)
    assert create(world).ready


def test_an_interrupt_reaches_who_waits_for_another_process() -> None:
    """Within half a second, for that wait is the store's; nothing is bound, but a plan stands."""
    world = World()
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    world.sim.at(10, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.phase, outcome.reason) == (Phase.QUEUED, Reason.INTERRUPTED)
    assert 10 <= outcome.elapsed <= 10.5


def test_an_interrupt_while_the_watch_is_broken() -> None:
    """The pause before the next attempt is ended, too."""
    world = World()
    docker = world.template(build=60)
    world.coder.when("watch", times=6).fail()
    world.sim.at(12, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.reason, outcome.elapsed) == (Reason.INTERRUPTED, 12)


def test_an_interrupt_ends_a_follower() -> None:
    """With its one last item."""
    world = World()
    world.chats.create(CHAT, world.template(**SLOW).id, wait=0)
    world.sim.at(10, lambda: world.chats.interrupt(CHAT))
    (progress,) = world.sim.run(lambda: list(world.chats.follow(CHAT)))
    assert progress[-1].outcome is not None
    assert (progress[-1].outcome.reason, progress[-1].elapsed) == (Reason.INTERRUPTED, 10)


@pytest.mark.parametrize("coder", [FakeCoder, polled])
def test_close_ends_all_waits_within_a_second(coder: Callable[[Clock], FakeCoder]) -> None:
    """They raise ClosedError, later calls too; watches are closed, and the rest stays the caller's to close."""
    world = World(coder=coder)
    docker = world.template(**SLOW)
    ended: list[float] = []

    def wait(call: Callable[[], object]) -> None:
        with pytest.raises(ClosedError):
            call()
        ended.append(world.sim.elapsed)

    world.chats.create(CHAT, docker.id, wait=0)
    world.sim.at(10, world.chats.close)
    waits: list[Callable[[], object]] = [
        lambda: world.chats.create(CHAT, docker.id),
        lambda: world.chats.stop(CHAT),
        lambda: world.chats.status(CHAT, wait=60),
        lambda: list(world.chats.follow(CHAT)),
    ]
    world.sim.run(*(partial(wait, call) for call in waits))
    assert ended == [10] * 4
    assert world.coder.open_watches == 0


CALLS: dict[str, Callable[[World], object]] = {
    "open_chat": lambda world: world.sim.open_chat("chat-2"),
    "get_chat": lambda world: world.chats.get_chat(CHAT),
    "history": lambda world: world.chats.history(CHAT),
    "create": lambda world: world.chats.create(CHAT, world.template().id),
    "start": lambda world: world.chats.start(CHAT),
    "stop": lambda world: world.chats.stop(CHAT),
    "attach": lambda world: world.chats.attach(CHAT, world.own(world.template()).id),
    "detach": lambda world: world.chats.detach(CHAT),
    "close_chat": lambda world: world.chats.close_chat(CHAT),
    "delete": lambda world: world.chats.delete(CHAT),
    "status": lambda world: world.chats.status(CHAT),
    "follow": lambda world: list(world.chats.follow(CHAT)),
    "sweep": lambda world: world.chats.sweep(),
    "tool": lambda world: world.chats.toolbox(CHAT).call("stop_workspace", {}),
}


@pytest.mark.parametrize("call", CALLS)
def test_after_close_every_call_is_refused(call: str) -> None:
    """Closing twice is fine; a `with` block closes at its end."""
    world = World()
    with world.chats as chats:
        assert chats is world.chats
    world.chats.close()
    with pytest.raises(ClosedError) as error:
        CALLS[call](world)
    assert error.value.reason is Reason.CLOSED


# ------------------------------------------------------------------ the turn


def test_who_waits_for_the_mutex_has_a_limit() -> None:
    """A thread of the process decides for too long: nothing is bound or planned, so the others are told that it is busy."""
    world = World(timeouts=Timeouts(queued=5))
    docker = world.template()
    world.coder.when("get_template").take(9)

    def second() -> Outcome:
        world.sim.sleep(1)
        return world.chats.create(CHAT, docker.id)

    ended: list[float] = []

    def refused() -> None:
        with pytest.raises(BusyError) as error:
            second()
        assert (error.value.reason, error.value.retryable) == (Reason.BUSY, True)
        ended.append(world.sim.elapsed)

    calls: list[Callable[[], object]] = [lambda: world.chats.create(CHAT, docker.id), refused]
    world.sim.run(*calls)
    assert ended == [6]


@pytest.mark.parametrize(("wait", "interrupt"), [(3, None), (None, 4)])
def test_who_waits_for_the_mutex_is_told_when_the_wait_is_over(wait: float | None, interrupt: float | None) -> None:
    """Its own patience ends with BusyError, an interrupt with an outcome that says so."""
    world = World()
    docker = world.template()
    world.coder.when("get_template").take(9)
    ended: list[float] = []

    def refused() -> None:
        world.sim.sleep(1)
        if interrupt is None:
            with pytest.raises(BusyError):
                world.chats.create(CHAT, docker.id, wait=wait)
        else:
            outcome = world.chats.create(CHAT, docker.id, wait=wait)
            assert (outcome.state, outcome.reason) == (State.ABSENT, Reason.INTERRUPTED)
        ended.append(world.sim.elapsed)

    if interrupt is not None:
        world.sim.at(interrupt, lambda: world.chats.interrupt(CHAT))
    calls: list[Callable[[], object]] = [lambda: world.chats.create(CHAT, docker.id), refused]
    world.sim.run(*calls)
    assert ended == [4]


def test_close_ends_a_wait_for_the_mutex() -> None:
    """At once, and the mutex is free again for nobody to use; whoever has it and has sent its request is told what came of it."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").take(9)
    ended: list[float] = []

    def call(after: float) -> None:
        world.sim.sleep(after)
        with pytest.raises(ClosedError):
            world.chats.create(CHAT, docker.id, wait=60 if after else None)
        ended.append(world.sim.elapsed)

    world.sim.at(3, world.chats.close)
    calls: list[Callable[[], None]] = [lambda: call(1), lambda: call(2)]

    def first() -> None:
        assert world.chats.create(CHAT, docker.id).created

    world.sim.run(first, *calls)
    assert ended == [3, 3]
    assert len(world.chats._parts.mutex) == 0


def test_a_claim_that_outlives_the_patience_for_a_turn() -> None:
    """The queue has its limit: with a plan that stands, the outcome says queued, and is no error."""
    world = World(timeouts=Timeouts(queued=8))
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.QUEUED, Reason.IN_PROGRESS, 8)

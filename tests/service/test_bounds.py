"""What ends waits from outside: a wish to wait no longer that a call was given, and how many may wait at a time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from chatworkspace import Advice, BusyError, Cancel, ConnectError, Outcome, Phase, Progress, Reason, State, UnavailableError
from chatworkspace_fake import FakeWorkspace
from tests.hanging import until
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SLOW, World
from tests.service.test_threads import Real

# ------------------------------------------------------------------ cancel


@pytest.mark.parametrize("after", [10, BUILD + 2, BUILD + CONNECT + 2])
def test_a_call_is_ended_by_what_it_was_given(after: float) -> None:
    """At once, in whatever phase, as by an interrupt; others for the same chat go on waiting, and nothing on the platform is canceled."""
    world, cancel = World(), Cancel()
    docker = world.template(**SLOW)
    world.sim.at(after, cancel.cancel)
    calls: list[Callable[[], Outcome]] = [
        lambda: world.chats.create(CHAT, docker.id, cancel=cancel),
        lambda: world.chats.create(CHAT, docker.id, cancel=Cancel()),
        lambda: world.chats.create(CHAT, docker.id),
    ]
    ended, *others = world.sim.run(*calls)
    assert (ended.state, ended.reason, ended.elapsed) == (State.STARTING, Reason.INTERRUPTED, after)
    assert [(it.ready, it.elapsed) for it in others] == [(True, READY)] * 2


WAITS: dict[str, Callable[[World, FakeWorkspace, Cancel], object]] = {
    "create": lambda world, it, cancel: world.chats.create(CHAT, it.template.id, cancel=cancel),
    "start": lambda world, _, cancel: world.chats.start(CHAT, cancel=cancel),
    "stop": lambda world, _, cancel: world.chats.stop(CHAT, cancel=cancel),
    "attach": lambda world, it, cancel: world.chats.attach(CHAT, it.id, cancel=cancel),
    "status": lambda world, _, cancel: world.chats.status(CHAT, wait=600, cancel=cancel),
    "follow": lambda world, _, cancel: list(world.chats.follow(CHAT, cancel=cancel)),
}


@pytest.mark.parametrize("call", WAITS)
def test_each_call_that_waits_takes_it(call: str) -> None:
    """Of a workspace that is being built."""
    world, cancel = World(), Cancel()
    world.chats.create(CHAT, world.template(build=300).id, wait=0)
    world.sim.at(7, cancel.cancel)
    world.sim.run(lambda: WAITS[call](world, world.latest, cancel))
    assert world.sim.elapsed == 7
    assert cancel.cancelled


@pytest.mark.parametrize("call", ["detach", "close_chat"])
def test_the_wait_for_the_turn_is_ended_too(call: str) -> None:
    """Within half a second, for that wait is the store's."""
    world, cancel = World(), Cancel()
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    world.sim.at(5, cancel.cancel)
    (outcome,) = world.sim.run(lambda: getattr(world.chats, call)(CHAT, cancel=cancel))
    assert (outcome.reason, outcome.phase) == (Reason.INTERRUPTED, Phase.QUEUED)
    assert 5 <= world.sim.elapsed <= 5.5


def test_whoever_connects_is_ended_by_an_error() -> None:
    """There is no outcome of a connection; the error has the reason."""
    world, cancel = World(), Cancel()
    world.chats.create(CHAT, world.template(build=300).id, wait=0)
    world.sim.at(7, cancel.cancel)

    def connect() -> Reason:
        with pytest.raises(UnavailableError) as caught:
            world.chats.connect(CHAT, wait=60, cancel=cancel)
        return caught.value.reason

    assert world.sim.run(connect) == [Reason.INTERRUPTED]
    assert world.sim.elapsed == 7


def test_one_for_many_calls() -> None:
    """Of several chats, at the same time and one after the other: all that wait are ended, and those that come later wait for nothing."""
    world, cancel = World(), Cancel()
    docker = world.template(build=60)
    world.sim.open_chat("chat-2")
    world.sim.at(10, cancel.cancel)
    calls: list[Callable[[], Outcome]] = [lambda chat=chat: world.chats.create(chat, docker.id, cancel=cancel) for chat in (CHAT, "chat-2")]  # type: ignore[misc] # one for each
    assert [it.elapsed for it in world.sim.run(*calls)] == [10, 10]
    later = world.chats.create(CHAT, docker.id, cancel=cancel)
    assert (later.reason, later.elapsed) == (Reason.INTERRUPTED, 0)
    cancel.cancel()
    assert not cancel._calls
    assert repr(cancel) == "<Cancel, cancelled>"


def test_what_is_ready_is_told_all_the_same() -> None:
    """A call that does not wait is no other for it."""
    world, cancel = World(), Cancel()
    docker = world.created().workspace
    assert docker is not None
    cancel.cancel()
    assert world.chats.status(CHAT, cancel=cancel).ready
    assert world.chats.create(CHAT, docker.template_id, cancel=cancel).ready


@pytest.mark.parametrize("watching", [True, False])
def test_a_signal_handler_may_cancel(*, watching: bool) -> None:
    """It runs in the main thread, in the midst of the very call that it ends."""
    real, cancel = Real(watching=watching), Cancel()
    docker = real.coder.add_template("docker", build=600)

    def kill() -> None:
        until(lambda: real.waiting == 1)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: cancel.cancel())
    try:
        killer = threading.Thread(target=kill)
        killer.start()
        outcome = real.chats.create(CHAT, docker.id, cancel=cancel, wait=60)
        killer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert outcome.reason is Reason.INTERRUPTED
    assert outcome.elapsed < 60
    assert real.quiet


# ------------------------------------------------------------------ how many may wait


def crowd(most: int, threads: int, **template: Any) -> tuple[World, list[Outcome]]:
    """Let so many call for one chat each, where so many may wait; return what each is told."""
    world = World(max_waiting=most)
    docker = world.template(**{**SLOW, **template})
    chats = [world.sim.open_chat(f"chat-{number}").id for number in range(threads)]
    return world, world.sim.run(*((lambda chat=chat: world.chats.create(chat, docker.id)) for chat in chats))


@pytest.mark.parametrize("most", [0, 1, 3, 8])
def test_whoever_comes_when_all_places_are_taken_is_told_at_once(most: int) -> None:
    """How things stand, and to call later; its workspace is made all the same, and the next call finds it."""
    world, outcomes = crowd(most, 8)
    waited = [it for it in outcomes if it.elapsed]
    told = [it for it in outcomes if not it.elapsed]
    assert [(it.ready, it.elapsed) for it in waited] == [(True, READY)] * most
    assert {(it.state, it.phase, it.reason, it.advice) for it in told} == (
        {(State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, Advice.CALL_LATER)} if most < 8 else set()
    )
    assert all(it.retry_after is not None and it.next_step.startswith("It is under way. ") for it in told)
    assert len(world.coder.workspaces) == 8
    assert len(world.chats._parts.calls) == 0
    assert len(world.chats._parts.calls.places._free) == most


def test_a_place_is_free_again_when_a_call_has_ended() -> None:
    """However it ended: by its wait, an interrupt, an error, or a follower that went away."""
    world = World(max_waiting=1)
    world.chats.create(CHAT, world.template(build=300).id, wait=0)
    assert world.chats.status(CHAT, wait=5).elapsed == 5
    follower = world.chats.follow(CHAT)
    assert [next(follower).phase for _ in range(3)] == [Phase.BUILDING] * 3
    assert world.chats.status(CHAT, wait=5).elapsed == 0
    follower.close()
    world.sim.at(world.sim.elapsed + 3, lambda: world.chats.interrupt(CHAT))
    assert world.sim.run(lambda: world.chats.status(CHAT, wait=5).elapsed) == [3]
    assert world.chats.status(CHAT, wait=5).elapsed == 5


def test_what_does_not_wait_needs_no_place() -> None:
    """A chat that is ready is told so, however many wait for others; and so is one whose call would not wait."""
    world = World(max_waiting=0)
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    world.sim.sleep(60)
    assert world.chats.create(CHAT, docker.id).ready
    world.sim.open_chat("chat-2")
    slow = world.chats.create("chat-2", world.template("slow", build=20).id, wait=0)
    assert (slow.advice, slow.phase) == (Advice.CALL_AGAIN, Phase.BUILDING)


def test_a_follower_without_a_place_is_told_how_things_stand() -> None:
    """And ends with that."""
    world = World(max_waiting=0)
    world.chats.create(CHAT, world.template(build=20).id, wait=0)
    told: list[Progress] = list(world.chats.follow(CHAT))
    outcome = told[-1].outcome
    assert outcome is not None
    assert ([it.phase for it in told], outcome.advice, told[-1].elapsed) == ([Phase.BUILDING, None], Advice.CALL_LATER, 0)


@pytest.mark.parametrize("call", ["create", "status", "follow", "detach"])
def test_whoever_would_wait_for_another_process(call: str) -> None:
    """No error, though nothing is bound: somebody is at it."""
    world = World(max_waiting=0)
    docker, maker = world.template(), world.sim.process("maker")
    world.coder.when("create_workspace").take(12)

    def told() -> Outcome:
        world.sim.sleep(1)
        acts: dict[str, Callable[[], Outcome]] = {
            "create": lambda: world.chats.create(CHAT, docker.id),
            "status": lambda: world.chats.status(CHAT, wait=20),
            "follow": lambda: last(world.chats.follow(CHAT)),
            "detach": lambda: world.chats.detach(CHAT),
        }
        outcome = acts[call]()
        assert world.sim.elapsed == 1
        return outcome

    calls: list[Callable[[], Outcome]] = [lambda: maker.workspaces.create(CHAT, docker.id), told]
    outcome = world.sim.run(*calls)[1]
    assert (outcome.state, outcome.reason, outcome.advice) == (State.STARTING, Reason.IN_PROGRESS, Advice.CALL_LATER)


def last(steps: Generator[Progress, None, None]) -> Outcome:
    """Return what a way came to."""
    (*_, step) = steps
    assert step.outcome is not None
    return step.outcome


@pytest.mark.parametrize(("most", "error"), [(0, False), (None, True)])
def test_whoever_would_wait_for_another_thread(most: int | None, *, error: bool) -> None:
    """It decides, and nothing is written down yet: no error where it is only for want of a place."""
    world = World(max_waiting=most)
    docker = world.template()
    world.coder.when("get_template").take(9)

    def second() -> Outcome | None:
        world.sim.sleep(1)
        try:
            return world.chats.create(CHAT, docker.id, wait=3)
        except BusyError:
            return None

    calls: list[Callable[[], Outcome | None]] = [lambda: world.chats.create(CHAT, docker.id), second]
    outcome = world.sim.run(*calls)[1]
    assert (outcome is None) is error
    if outcome is not None:
        assert (outcome.elapsed, outcome.state, outcome.phase, outcome.advice) == (0, State.STARTING, Phase.QUEUED, Advice.CALL_LATER)


def test_whoever_connects_without_a_place_is_told_at_once() -> None:
    """As by default: a build is under way."""
    world = World(max_waiting=0)
    world.chats.create(CHAT, world.template(build=20).id, wait=0)
    with pytest.raises(ConnectError) as caught:
        world.chats.connect(CHAT, wait=60)
    assert (caught.value.reason, world.sim.elapsed) == (Reason.IN_PROGRESS, 0)


def test_every_place_is_used_and_no_more() -> None:
    """By real threads that come and go all at once: there are never more than may wait, and all places are free in the end."""
    real = Real(max_waiting=3)
    docker = real.coder.add_template("docker", build=0.05)
    chats = [real.open(f"chat-{number}") for number in range(16)]
    most: list[int] = []

    def act(chat: str) -> None:
        for _ in range(8):
            real.chats.create(chat, docker.id, replace=True, wait=1)
            most.append(real.waiting)

    threads = [threading.Thread(target=act, args=(chat,)) for chat in chats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < max(most) <= 3
    assert len(real.chats._parts.calls.places._free) == 3

"""The collector runs anywhere: a follower that was let go may be ended in the midst of any section under a lock, in any thread."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator
from threading import Thread
from typing import Any

import pytest

from chatworkspace._application import calls as calls_module
from chatworkspace._application import memory as memory_module
from chatworkspace._application import mutex as mutex_module
from chatworkspace._application import reads as reads_module
from chatworkspace._application import watches as watches_module
from chatworkspace._application.calls import Call, Calls
from chatworkspace._application.looking import in_steps
from chatworkspace._application.memory import Mentions, Proof, Proofs
from chatworkspace._application.watches import Seat, Watches
from chatworkspace._domain.conditions import classify
from chatworkspace._ports import patience as patience_module
from chatworkspace.ports import SystemClock
from chatworkspace_fake import FakeCoder, FakeWorkspace, Simulation
from tests.application.worlds import a_workspace
from tests.finalizers import HANGS, at_lines
from tests.service.chats import CHAT, World

STOCK = 150
MODULES = {str(module.__file__) for module in (watches_module, reads_module, calls_module, mutex_module, patience_module)}


@pytest.fixture(autouse=True)
def quick_collector() -> None:
    """Collect what a test makes, and nothing else: it is done some hundred times."""
    gc.collect()
    gc.freeze()


class Followers:
    """Followers of one workspace that nobody holds any more, each ended by a collection."""

    def __init__(self, coder: FakeCoder, dev: FakeWorkspace, clock: Any) -> None:
        self.watches = Watches(coder, clock, request=15)
        self.calls = Calls()
        self.clock = clock
        self.dev = dev
        self.stock: list[list[object]] = []
        self.collected = 0

    def call(self) -> Call:
        """Begin a call, outside the book."""
        return Call(self.calls, self.clock, CHAT, None)

    def sit(self, call: Call) -> Seat:
        """Sit down among those who wait."""
        return self.watches.join(call, self.dev.owner_id, self.dev.told(), read_at=0.0)

    def _follow(self, call: Call) -> Generator[int, None, None]:
        seat = self.sit(call)
        try:
            yield 1
        finally:
            seat.leave()
            self.collected += 1

    def let_go(self, count: int) -> None:
        """Lay in some, each in a circle, that only a collection takes apart."""
        for _ in range(count):
            call = self.call()
            follower = in_steps(call, self._follow(call))
            next(follower)
            circle: list[object] = [follower]
            circle.append(circle)
            self.stock.append(circle)

    def collect_one(self) -> None:
        """Let the collector end one, here."""
        if self.stock:
            self.stock.pop()
            gc.collect()

    def collect_at_every_line(self, act: Callable[[], object]) -> None:
        """Act, and collect at every line of what keeps tables. The thread is given up where it hangs."""
        at_lines(MODULES, lambda _: self.collect_one(), act)


def _followers(*, watching: bool = True) -> Followers:
    coder = FakeCoder(SystemClock(), watching=watching)
    template = coder.add_template("docker", build=1000, log=("one", "two"))
    dev = coder.add_workspace(template, "dev", owner_id=Simulation().owner_id)
    return Followers(coder, dev, SystemClock())


@pytest.mark.parametrize("watching", [True, False], ids=["watching", "polling"])
def test_a_collection_under_the_lock_of_watches_hangs_nobody(watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """At every line of a waiter that comes, waits or polls, reads the log and leaves; and all who were ended have left."""
    followers = _followers(watching=watching)
    followers.let_go(STOCK)

    def wait() -> None:
        with followers.call() as call:
            seat = followers.sit(call)
            heard = seat.next(followers.clock.monotonic() + (5 if watching else 1))
            assert (heard is not None) is watching  # polled, it is as it was
            seat.lines(followers.dev.told())
            seat.lines(followers.dev.told(), last=True)
            seat.next(followers.clock.monotonic())
            seat.leave()

    followers.collect_at_every_line(wait)
    assert followers.collected >= 40
    while followers.stock:
        followers.collect_one()
    assert (len(followers.watches), len(followers.calls)) == (0, 0)


def test_the_last_one_who_is_collected_closes_the_watch() -> None:
    """Ended under the lock of another thread that sits down: the watch is closed by whoever has the lock, and a new one is opened."""
    followers = _followers()
    with followers.call() as call:
        seat = followers.sit(call)
        assert seat.next(followers.clock.monotonic() + 5) is not None
        followers.let_go(1)
        seat.leave()
    assert len(followers.watches) == 1
    with followers.watches:
        followers.collect_one()
        assert len(followers.watches) == 1, "nothing is changed under somebody's lock"
    assert len(followers.watches) == 0


def test_nobody_who_leaves_is_forgotten() -> None:
    """Threads come and go by the hundred while the collector runs all the time."""
    followers, threshold = _followers(), gc.get_threshold()

    def come_and_go() -> None:
        for _ in range(150):
            followers.let_go(1)
            followers.stock.pop()
            with followers.call() as call:
                followers.sit(call).leave()

    threads = [Thread(target=come_and_go, daemon=True) for _ in range(6)]
    gc.set_threshold(7, 2, 2)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(HANGS)
    finally:
        gc.set_threshold(*threshold)
    assert not any(thread.is_alive() for thread in threads)
    gc.collect()
    assert (len(followers.watches), len(followers.calls)) == (0, 0)


@pytest.mark.parametrize("allocation", range(12))
def test_calls_are_ended_while_the_collector_ends_others(allocation: int) -> None:
    """Neither interrupt() nor close() trips over a follower that goes while they look through the calls, whatever they have just allocated."""
    followers, threshold = _followers(), gc.get_threshold()
    others = [followers.call() for _ in range(50)]
    for call in others:
        followers.calls.enter(call)
    interrupt, chat_id = followers.calls.interrupt, "another chat"
    gc.disable()
    try:
        followers.let_go(1)
        followers.stock.pop()
        gc.set_threshold(gc.get_count()[0] + allocation, 1000, 1000)
        gc.enable()
        interrupt(chat_id)
    finally:
        gc.enable()
        gc.set_threshold(*threshold)
    gc.collect()
    assert len(followers.calls) == len(others)
    followers.calls.close()
    assert all(call.closed for call in others)


class Meanwhile:
    """What another thread does while the collector has the interpreter."""

    def __init__(self, do: Callable[[], object]) -> None:
        self.do = do
        self.circle = self

    def __del__(self) -> None:
        self.do()


@pytest.mark.parametrize("allocation", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144])
def test_memory_is_tidied_while_others_add_to_it(monkeypatch: pytest.MonkeyPatch, allocation: int) -> None:
    """The collector gives other threads the interpreter in the midst of going through a table."""
    monkeypatch.setattr(memory_module, "CROWDED", 100)
    monkeypatch.setattr(memory_module, "MOST_CHATS", 100)
    proofs, mentions, threshold = Proofs(5), Mentions(), gc.get_threshold()

    def proof(at: float) -> Proof:
        workspace = a_workspace()
        return Proof(epoch=1, workspace=workspace, finding=classify(workspace, lost_after=90), at=at)

    for number in range(99):
        proofs.put(f"chat-{number}", proof(number))
    for number in range(100):
        mentions.new_binding(f"chat-{number}", 1)
    last = proof(200)

    def remember() -> None:
        proofs.put("the last", last)

    for act, meanwhile in (
        (remember, lambda: proofs.put("another", last)),
        (lambda: mentions.new_binding("the last", 1), lambda: mentions.new_binding("another", 1)),
    ):
        gc.disable()
        try:
            Meanwhile(meanwhile)
            gc.set_threshold(gc.get_count()[0] + allocation, 1000, 1000)
            gc.enable()
            act()
        finally:
            gc.enable()
            gc.set_threshold(*threshold)
    gc.collect()
    assert proofs.latest("the last") is last
    assert len(proofs) <= 3


def test_a_follower_that_is_collected_in_another_call_leaves_that_call_alone() -> None:
    """The thread is in that call before and after, and an interrupt still reaches it."""
    circle, seen = list[object](), list[str]()

    def let_go(_: object) -> None:
        if circle:
            circle.clear()
            gc.collect()
            mine = world.chats._parts.calls.mine
            seen.append("nobody" if mine is None else mine.chat_id)

    world = World(on_progress=let_go)
    docker = world.template(build=60)
    world.sim.open_chat("chat-2")
    world.chats.create("chat-2", docker.id, wait=0)
    follower = world.chats.follow("chat-2")
    next(follower)
    next(follower)
    circle += [follower, circle]
    del follower
    assert len(world.chats._parts.calls) == 1
    world.sim.at(world.sim.elapsed + 10, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert outcome.elapsed == 10
    assert seen == [CHAT]
    assert (len(world.chats._parts.calls), world.coder.open_watches) == (0, 0)

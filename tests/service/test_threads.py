"""Real threads on a real clock: sixteen at a time on one chat, and on many."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import pytest

from chatworkspace import ChatWorkspaceError, ChatWorkspaces, ClosedError, Outcome, Progress, Reason, State, Template
from chatworkspace_fake import FakeCoder, FakeWorkspace, MemoryStore
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from tests.hanging import AT_ONCE, PATIENCE, TIMES, until
from tests.service.chats import CHAT

T = TypeVar("T")

THREADS = 16


class Real:
    """A service over store and platform in memory, in real time."""

    def __init__(self, *, watching: bool = True, max_waiting: int | None = None) -> None:
        self.coder = FakeCoder(watching=watching)
        self.updates: list[Outcome] = []
        self.progress: list[Progress] = []
        self.chats = ChatWorkspaces(
            store=MemoryStore(),
            creator=self.coder,
            dialer=self.coder,
            on_chat_updated=self.updates.append,
            on_progress=self.progress.append,
            max_waiting=max_waiting,
        )
        self.open(CHAT)

    def open(self, chat_id: str) -> str:
        """Open a chat."""
        return self.chats.open_chat(chat_id, owner_id=OWNER, organization_id=ORGANIZATION).id

    @property
    def quiet(self) -> bool:
        """Nothing is left of the calls that were made."""
        parts = self.chats._parts
        return not (len(parts.calls) or len(parts.mutex) or len(parts.watches) or len(parts.waiter._dials) or self.coder.open_watches)

    @property
    def waiting(self) -> int:
        """How many calls wait for a workspace that they know."""
        watches = self.chats._parts.watches
        with watches:
            return sum(shared.seats for shared in watches._table.values())


@contextmanager
def acting(real: Real, act: Callable[[], object]) -> Generator[None, None, None]:
    """Act in a thread, once as many calls wait as race; what is done meanwhile is over soon after that."""
    began: list[float] = []

    def run() -> None:
        until(lambda: real.waiting == THREADS)
        began.append(time.monotonic())
        act()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()
    assert time.monotonic() <= began[0] + TIMES * AT_ONCE


def race(call: Callable[[int], T], threads: int = THREADS) -> list[T]:
    """Call in so many threads, which all begin at once."""
    barrier = threading.Barrier(threads)

    def run(number: int) -> T:
        barrier.wait(PATIENCE)
        return call(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads), timeout=2 * PATIENCE))


@pytest.mark.parametrize("watching", [True, False])
def test_sixteen_threads_on_one_chat(*, watching: bool) -> None:
    """One workspace, one who made it, the same for all."""
    real = Real(watching=watching)
    docker = real.coder.add_template("docker", build=0.05, connect=0.02, scripts=0.02)
    outcomes = race(lambda _: real.chats.create(CHAT, docker.id))
    assert Counter(it.reason for it in outcomes) == {Reason.CREATED: 1, Reason.EXISTING: THREADS - 1}
    assert len({it.workspace_id for it in outcomes}) == len(real.coder.workspaces) == 1
    assert [it.state for it in real.updates] == [State.STARTING, State.READY]
    assert real.quiet


def test_sixteen_threads_on_many_chats() -> None:
    """Each chat has its own, and none waits for another."""
    real = Real()
    docker = real.coder.add_template("docker", build=0.05)

    def many(number: int) -> list[Outcome]:
        return [real.chats.create(real.open(f"chat-{number}-{chat}"), docker.id, wait=5) for chat in range(5)]

    outcomes = [outcome for told in race(many) for outcome in told]
    assert all(it.created and it.ready for it in outcomes)
    assert len({it.workspace_id for it in outcomes}) == len(real.coder.live) == THREADS * 5
    assert real.quiet


def test_sixteen_threads_that_do_different_things() -> None:
    """Create, start, stop, replace, detach, attach, status and follow on two chats: every call ends, and each chat has at most one workspace."""
    real = Real()
    docker = real.coder.add_template("docker", build=0.005, stop=0.005)
    own = real.coder.add_workspace(docker, owner_id=OWNER)
    chats = [CHAT, real.open("chat-2")]

    def act(number: int) -> list[str]:
        return [_act(real, docker, own, chats[number % 2], number + step) for step in range(12)]

    assert [len(told) for told in race(act)] == [12] * THREADS
    bound = [real.chats.get_chat(chat).workspace_id for chat in chats]
    left = {it.id for it in real.chats.sweep().strays}
    for workspace in real.coder.live:
        assert (workspace.id in left) + (workspace.id in bound) + (workspace is own and workspace.id not in bound) == 1, workspace
    assert real.quiet


def _act(real: Real, docker: Template, own: FakeWorkspace, chat: str, choice: int) -> str:
    chats = real.chats
    calls: list[Callable[[], object]] = [
        lambda: chats.create(chat, docker.id),
        lambda: chats.stop(chat),
        lambda: chats.start(chat),
        lambda: chats.create(chat, docker.id, replace=True, wait=0),
        lambda: chats.status(chat, wait=1),
        lambda: chats.detach(chat),
        lambda: chats.attach(chat, own.id),
        lambda: list(chats.follow(chat, wait=1)),
    ]
    try:
        calls[choice % len(calls)]()
    except ChatWorkspaceError as error:
        return error.reason.value
    return "told"


def test_an_interrupt_from_another_thread() -> None:
    """Ends the waits of all sixteen at once."""
    real = Real()
    docker = real.coder.add_template("docker", build=600)
    with acting(real, lambda: real.chats.interrupt(CHAT)):
        outcomes = race(lambda _: real.chats.create(CHAT, docker.id))
    assert {(it.reason, it.state) for it in outcomes} == {(Reason.INTERRUPTED, State.STARTING)}
    assert real.quiet


@pytest.mark.parametrize("watching", [True, False])
def test_close_from_another_thread(*, watching: bool) -> None:
    """All sixteen raise ClosedError at once."""
    real = Real(watching=watching)
    docker = real.coder.add_template("docker", build=600)

    def wait(_: int) -> None:
        with pytest.raises(ClosedError):
            real.chats.create(CHAT, docker.id)

    with acting(real, real.chats.close):
        race(wait)
    assert real.quiet

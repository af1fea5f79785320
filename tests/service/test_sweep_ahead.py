"""The sweep may list several owners' workspaces at the same time, by threads that it is given."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from chatworkspace import ChatWorkspaces, ClosedError, InvalidArgumentError, UnavailableError, Workspace
from chatworkspace._application import sweeping
from chatworkspace._application.ahead import AHEAD
from chatworkspace.events import CallEnded, Event
from chatworkspace.ports import SystemClock
from chatworkspace_fake import FakeCoder, MemoryStore
from chatworkspace_fake._platform.states import ORGANIZATION
from tests.hanging import PATIENCE, not_hanging, until

OWNERS = 20


class Counted(FakeCoder):
    """A platform that counts how many lists are under way at a time. meet: so many wait for each other; fails: of these owners nothing is told."""

    def __init__(self, meet: int = 1) -> None:
        super().__init__(SystemClock())
        self.lock = threading.Lock()
        """Guards the counts."""
        self.under_way = self.most = 0
        self.listed: list[UUID] = []
        self.meeting = threading.Barrier(meet)
        self.fails: set[UUID] = set()

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """Count."""
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self.listed.append(owner_id)
        try:
            self.meeting.wait(PATIENCE)
            if owner_id in self.fails:
                raise UnavailableError("not today", retryable=False)
            return super().list_workspaces(owner_id, organization_id, deadline=deadline)
        finally:
            with self.lock:
                self.under_way -= 1


class World:
    """Owners who have two chats each, in real time, and a stray of each."""

    def __init__(self, coder: Counted, owners: int = OWNERS) -> None:
        self.coder = coder
        self.events: list[Event] = []
        template = coder.add_template("docker")
        self.chats = ChatWorkspaces(store=MemoryStore(SystemClock()), creator=coder, dialer=coder, on_event=self.events.append)
        for number in range(2 * owners):
            chat = f"chat-{number:03}"
            self.chats.open_chat(chat, owner_id=UUID(int=1 + number % owners), organization_id=ORGANIZATION)
            if number < owners:
                self.chats.create(chat, template.id)
                self.chats.detach(chat)
        self.coder.listed.clear()


def test_as_many_as_there_are_threads_are_listed_at_a_time() -> None:
    """Each list waits for three others: one after the other, none would come to its end. All strays are found, and each owner is asked once."""
    world = World(Counted(meet=4))
    with ThreadPoolExecutor(4) as pool:
        swept = world.chats.sweep(executor=pool)
    assert swept.errors == {}
    assert len(swept.strays) == OWNERS
    assert sorted(world.coder.listed) == [UUID(int=1 + number) for number in range(OWNERS)]
    assert world.coder.most == 4


def test_no_more_than_eight_are_asked_for_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads there are, and however many pages the chats stand on; what is found is what one thread finds."""
    monkeypatch.setattr(sweeping, "PAGE", 3)
    world = World(Counted())
    alone = world.chats.sweep()
    assert world.coder.most == 1
    with ThreadPoolExecutor(32) as pool:
        swept = world.chats.sweep(executor=pool)
    assert swept == alone
    assert 1 <= world.coder.most <= AHEAD
    assert len(world.coder.listed) == 2 * OWNERS


def test_an_owner_whose_list_fails_is_told() -> None:
    """And of the others all is found."""
    world = World(Counted())
    world.coder.fails = {UUID(int=3), UUID(int=7)}
    with ThreadPoolExecutor(4) as pool:
        swept = world.chats.sweep(executor=pool)
    assert swept.errors == {str(owner): "not today" for owner in world.coder.fails}
    assert len(swept.strays) == OWNERS - 2


def test_close_ends_what_was_asked_ahead() -> None:
    """The sweep raises ClosedError, no list begins any more, and no call is left."""
    world = World(Counted(meet=2), owners=1 + AHEAD)
    raised = list[BaseException]()

    def sweep() -> None:
        try:
            world.chats.sweep(executor=pool)
        except ClosedError as error:
            raised.append(error)

    with ThreadPoolExecutor(1) as pool:
        sweeping_ = threading.Thread(target=sweep)
        sweeping_.start()
        until(lambda: world.coder.listed)
        world.chats.close()
        world.coder.meeting.wait(PATIENCE)  # what is under way goes on
        with not_hanging():
            sweeping_.join()
    assert len(raised) == 1
    assert len(world.coder.listed) == 1
    assert len(world.chats._parts.calls) == 0


def test_what_is_told_of_it() -> None:
    """A sweep, and one more for each list that another thread made."""
    world = World(Counted(), owners=3)
    world.events.clear()
    with ThreadPoolExecutor(2) as pool:
        world.chats.sweep(executor=pool)
    assert [it.name for it in world.events if isinstance(it, CallEnded)].count("sweep") == 1 + 3


def test_what_is_no_executor() -> None:
    """It is told which argument is wrong."""
    with pytest.raises(InvalidArgumentError) as error:
        World(Counted(), owners=1).chats.sweep(executor=4)  # type: ignore[arg-type] # wrong on purpose
    assert error.value.argument == "executor"

"""close_chat(): no more workspaces for this chat; its history stays, and nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatworkspace import ChatClosedError, ChatNotFoundError, LeftBehind, Reason, State
from tests.service.chats import CHAT, READY, SLOW, World


def test_a_chat_is_closed_and_its_workspace_left_behind() -> None:
    """The outcome names the workspace, which lives on."""
    world = World()
    first = world.created().require_ready()
    outcome = world.chats.close_chat(CHAT)
    assert (outcome.state, outcome.reason, outcome.chat.closed) == (State.ABSENT, Reason.CHAT_CLOSED, True)
    assert outcome.left_behind == LeftBehind(workspace_id=first.id, name=first.full_name, reason=Reason.CHAT_CLOSED)
    assert [it.id for it in world.coder.live] == [first.id]


def test_closing_it_again_changes_nothing() -> None:
    """The same reason, nothing left behind, the same generation."""
    world = World()
    world.created()
    first = world.chats.close_chat(CHAT)
    again = world.chats.close_chat(CHAT)
    assert (again.reason, again.left_behind, again.chat) == (Reason.CHAT_CLOSED, None, first.chat)


def test_a_chat_without_a_workspace_is_closed() -> None:
    """Nothing is left behind."""
    world = World()
    outcome = world.chats.close_chat(CHAT)
    assert (outcome.reason, outcome.left_behind) == (Reason.CHAT_CLOSED, None)


CALLS: dict[str, Callable[[World], Any]] = {
    "create": lambda world: world.chats.create(CHAT, world.template().id),
    "start": lambda world: world.chats.start(CHAT),
    "stop": lambda world: world.chats.stop(CHAT),
    "attach": lambda world: world.chats.attach(CHAT, world.own(world.template()).id),
    "detach": lambda world: world.chats.detach(CHAT),
    "status": lambda world: world.chats.status(CHAT),
    "follow": lambda world: list(world.chats.follow(CHAT)),
    "open_chat": lambda world: world.sim.open_chat(CHAT),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_chat_refuses_every_call(call: str) -> None:
    """The error names the chat and says what to do."""
    world = World()
    world.chats.close_chat(CHAT)
    with pytest.raises(ChatClosedError) as error:
        CALLS[call](world)
    assert (error.value.reason, error.value.chat_id) == (Reason.CHAT_CLOSED, CHAT)
    assert error.value.next_step.startswith("This chat gets no workspace any more")


def test_a_closed_chat_can_still_be_read() -> None:
    """get_chat and history go on answering."""
    world = World()
    first = world.created()
    world.chats.close_chat(CHAT)
    assert world.chats.get_chat(CHAT).closed
    assert [(it.generation, it.workspace_id, it.replaces) for it in world.chats.history(CHAT)] == [
        (1, first.workspace_id, None),
        (2, None, first.workspace_id),
    ]


def test_a_chat_that_is_not_known_cannot_be_closed() -> None:
    """It was never opened."""
    with pytest.raises(ChatNotFoundError) as error:
        World().chats.close_chat("other")
    assert error.value.reason is Reason.CHAT_NOT_FOUND


@pytest.mark.parametrize("bound", [True, False])
def test_closing_settles_a_plan_that_stands(*, bound: bool) -> None:
    """What a dead process has made is named; where it made nothing, nothing is."""
    world = World()
    world.interrupted_creation(world.template(), at="store.bind" if bound else "coder.create_workspace")
    outcome = world.chats.close_chat(CHAT)
    assert (outcome.left_behind is not None) is bound
    assert world.sim.store.look(CHAT).plan is None


def test_who_waits_is_told_that_the_chat_was_closed_meanwhile() -> None:
    """The waiting creation is overtaken: the chat has nothing any more, and says so."""
    world = World()
    docker = world.template(**SLOW)
    world.sim.at(20, lambda: world.chats.close_chat(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.state, outcome.reason, outcome.chat.closed, outcome.elapsed) == (State.ABSENT, Reason.OVERTAKEN, True, READY)


def test_what_a_late_holder_makes_for_a_closed_chat_is_named() -> None:
    """It stood still for longer than its claim lives, then sent its request: it may not bind what it made, and the history names it."""
    world = World()
    docker, late = world.template(), world.sim.process("late")
    late.pause(40, before="coder.create_workspace")
    world.sim.at(35, lambda: world.chats.close_chat(CHAT))

    def create() -> None:
        with pytest.raises(ChatClosedError):
            late.workspaces.create(CHAT, docker.id)

    world.sim.run(create)
    stray = world.latest
    assert world.chats.history(CHAT)[-1].notes == ("chat_closed", f"made {stray.name} ({stray.id}) and was overtaken")
    assert [it.id for it in world.chats.sweep().strays] == [stray.id]

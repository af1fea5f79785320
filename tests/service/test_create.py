"""create(): the chat's workspace is found, joined or made, and the outcome says which."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import (
    ChatClosedError,
    ChatNotFoundError,
    InvalidArgumentError,
    Outcome,
    Phase,
    Reason,
    State,
    Transition,
)
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, READY, SLOW, World

# ------------------------------------------------------------------ makes


def test_a_chat_without_a_workspace_gets_one() -> None:
    """The first creation makes a workspace, waits until it is ready, and says that it was made."""
    world = World()
    outcome = world.chats.create(CHAT, world.template(**SLOW).id)
    assert (outcome.state, outcome.reason, outcome.created, outcome.phase, outcome.elapsed) == (State.READY, Reason.CREATED, True, None, READY)
    assert outcome.require_ready() == outcome.workspace
    assert [it.id for it in world.coder.workspaces] == [outcome.workspace_id]
    assert (outcome.next_step, outcome.error, outcome.log_tail, outcome.not_applied, outcome.left_behind) == ("", "", (), {}, None)


def test_an_outcome_carries_the_chat_as_it_is_bound_now() -> None:
    """The chat of the outcome is the one that get_chat returns, bound to the workspace, in its first generation."""
    world = World()
    outcome = world.chats.create(CHAT, world.template().id)
    assert outcome.chat == world.chats.get_chat(CHAT)
    assert (outcome.chat.generation, outcome.chat.workspace_id) == (1, world.latest.id)
    assert outcome.agent == world.latest.now.agents[0]


def test_the_template_id_may_be_text() -> None:
    """An id is a UUID or its text, blanks around it included."""
    world = World()
    assert world.chats.create(CHAT, f" {world.template().id} ").reason is Reason.CREATED


@pytest.mark.parametrize("chats", [1, 2, 5])
def test_every_chat_has_its_own(chats: int) -> None:
    """Chats of one owner with one template get workspaces of different names."""
    world = World()
    docker = world.template()
    for number in range(chats):
        world.sim.open_chat(f"many-{number}")
        assert world.chats.create(f"many-{number}", docker.id).reason is Reason.CREATED
    assert len({it.name for it in world.coder.live}) == chats


# ------------------------------------------------------------------ finds and joins


def test_a_ready_workspace_is_found() -> None:
    """The second creation finds what the first has made, and says that this call made nothing."""
    world = World()
    first = world.created()
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.created, second.workspace_id) == (Reason.EXISTING, False, first.workspace_id)
    assert len(world.coder.workspaces) == 1


def test_an_existing_workspace_comes_before_any_check_of_the_template() -> None:
    """A template that is not there does not keep a chat from the workspace that it has; the outcome says that it was not used."""
    world = World()
    first = world.created()
    outcome = world.chats.create(CHAT, UUID(int=5))
    assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.READY, Reason.EXISTING, first.workspace_id)
    assert outcome.not_applied == {"template_id": str(first.require_ready().template_id)}


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_that_race_are_told_the_same(threads: int) -> None:
    """One of them makes it, the others join, and all are told at the same instant."""
    world = World(seed=4)
    docker = world.template(**SLOW)
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=threads)
    assert sorted(outcome.reason.value for outcome in outcomes) == ["created"] + ["existing"] * (threads - 1)
    assert {outcome.elapsed for outcome in outcomes} == {READY}
    assert len({outcome.workspace_id for outcome in outcomes}) == len(world.coder.workspaces) == 1


def test_processes_that_race_are_told_the_same() -> None:
    """The claim of one makes the others wait for its decision; then they join."""
    world = World(seed=2)
    docker = world.template(**SLOW)
    processes = [world.sim.process() for _ in range(4)]
    calls = [lambda it=it: it.workspaces.create(CHAT, docker.id) for it in processes]
    outcomes = world.sim.run(*calls)
    assert [outcome.created for outcome in outcomes].count(True) == 1
    assert len({outcome.workspace_id for outcome in outcomes}) == len(world.coder.workspaces) == 1


def test_a_later_caller_joins_the_build() -> None:
    """Who comes while it is built waits for the rest of the time only."""
    world = World()
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=20)
    joined = world.chats.create(CHAT, docker.id, name="other")
    assert (joined.reason, joined.created, joined.elapsed) == (Reason.EXISTING, False, READY - 20)


@pytest.mark.parametrize("deed", ["stop", "go_dormant"])
def test_a_workspace_that_does_not_run_is_reported_not_replaced(deed: str) -> None:
    """Its files are there: the caller is told to start it."""
    world = World()
    first = world.created()
    getattr(world.latest, deed)()
    outcome = world.chats.create(CHAT, first.require_ready().template_id)
    assert (outcome.state, outcome.workspace_id) == (State.STOPPED, first.workspace_id)
    assert outcome.reason is (Reason.NOT_RUNNING if deed == "stop" else Reason.DORMANT)
    assert "tart" in outcome.next_step
    assert world.latest.builds[-1][1] is Transition.STOP


def test_a_stop_in_progress_is_waited_for_and_decided_anew() -> None:
    """It is not reported as existing while it goes away: the caller is told that it is stopped."""
    world = World()
    first = world.created(stop=20)
    world.latest.stop()
    outcome = world.chats.create(CHAT, first.require_ready().template_id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STOPPED, Reason.NOT_RUNNING, 20)


def test_a_deletion_in_progress_is_waited_for_and_a_new_one_is_made() -> None:
    """Once the platform says that it is gone, a new generation is made under the same name."""
    world = World()
    first = world.created(delete=20, **SLOW)
    world.latest.delete()
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.chat.generation, second.elapsed, second.left_behind) == (Reason.CREATED, 2, 20 + READY, None)
    assert second.require_ready().name == first.require_ready().name


def test_a_deletion_that_takes_longer_than_the_caller_waits_for() -> None:
    """Nothing is made meanwhile: the caller is told that it is stopping."""
    world = World()
    first = world.created(delete=20)
    world.latest.delete()
    outcome = world.chats.create(CHAT, first.require_ready().template_id, wait=10)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STOPPING, Phase.BUILDING, Reason.STOPPING, 10)
    assert len(world.coder.workspaces) == 1


def test_a_deleted_workspace_is_made_anew() -> None:
    """The platform itself says that it is gone: the next creation opens a new generation, and leaves nothing behind."""
    world = World()
    first = world.created()
    world.latest.delete()
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.chat.generation, second.left_behind) == (Reason.CREATED, 2, None)
    assert second.workspace_id != first.workspace_id


@pytest.mark.parametrize("fault", ["hidden", "silent"])
def test_what_cannot_be_read_is_not_made_again(fault: str) -> None:
    """A workspace that the platform does not show, or a platform that cannot be asked: the outcome is unknown, and nothing is made."""
    world = World()
    first = world.created()
    if fault == "hidden":
        world.latest.hide()
    else:
        world.coder.when("get_workspace").lose_request()
    outcome = world.chats.create(CHAT, first.require_ready().template_id)
    assert (outcome.state, outcome.workspace, outcome.workspace_id) == (State.UNKNOWN, None, first.workspace_id)
    assert outcome.reason is (Reason.NOT_VISIBLE if fault == "hidden" else Reason.PLATFORM_UNAVAILABLE)
    assert outcome.error
    assert len(world.coder.workspaces) == 1


# ------------------------------------------------------------------ waiting, and going on


def test_wait_0_sends_the_creation_and_does_not_wait() -> None:
    """What changes something is done, nothing is waited for, and the outcome says what is under way."""
    world = World()
    outcome = world.chats.create(CHAT, world.template(**SLOW).id, wait=0)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, 0)
    assert (outcome.created, outcome.workspace_id) == (True, world.latest.id)
    assert "again" in outcome.next_step


def test_the_next_call_goes_on_from_there() -> None:
    """Call after call with a short patience ends with the one workspace: together they have made it."""
    world = World()
    docker = world.template(**SLOW)
    outcomes = [world.chats.create(CHAT, docker.id, wait=20) for _ in range(3)]
    assert [(it.created, it.phase, it.elapsed) for it in outcomes] == [(True, Phase.BUILDING, 20), (True, Phase.SCRIPTS, 20), (True, None, 5)]
    assert [it.reason for it in outcomes] == [Reason.IN_PROGRESS, Reason.IN_PROGRESS, Reason.CREATED]


@pytest.mark.parametrize("wait", [20, 60])
def test_a_request_that_changes_something_is_never_cut_short(wait: float) -> None:
    """An answer that takes 24 s is waited for, whatever the caller's patience."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").take(24)
    outcome = world.chats.create(CHAT, docker.id, wait=wait)
    assert (outcome.created, outcome.elapsed) == (True, 24)


def test_infinite_patience_is_as_long_as_the_timeouts_allow() -> None:
    """wait=inf is wait=None."""
    world = World()
    assert world.chats.create(CHAT, world.template(**SLOW).id, wait=math.inf).elapsed == READY


# ------------------------------------------------------------------ one generation per call


def test_a_call_makes_one_generation() -> None:
    """What it made is deleted while it waits: it is told so, and makes no other; the next call does."""
    world = World()
    docker = world.template(**SLOW)
    world.sim.at(10, lambda: world.latest.delete())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.GONE, Reason.DELETED, 10)
    assert len(world.coder.workspaces) == 1
    assert world.chats.create(CHAT, docker.id).chat.generation == 2


def test_a_workspace_that_is_lost_sight_of_at_the_last_moment() -> None:
    """It was ready, and somebody changed something meanwhile; the fresh look that this takes does not find it: unknown, and nothing is concluded."""
    world = World()
    docker, other = world.template(), world.sim.process("other")
    world.created()
    world.sim._default.pause(20, after="coder.dial")
    world.sim.at(62, lambda: other.workspaces.stop(CHAT))
    world.sim.at(63, lambda: world.latest.hide())  # noqa: PLW0108 - it is made later
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.UNKNOWN, Reason.NOT_VISIBLE, world.latest.id)


def test_what_a_call_waited_for_and_saw_end_is_its_outcome() -> None:
    """It joined a build that fails: that is told, not built again by the waiting call."""
    world = World()
    docker = world.template(build=Fails(after=10))
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    assert {(it.state, it.reason) for it in outcomes} == {(State.FAILED, Reason.BUILD_FAILED)}
    assert world.latest.builds == ((1, Transition.START),)


# ------------------------------------------------------------------ arguments


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"template_id": "docker"}, "template_id"),
        ({"template_id": 7}, "template_id"),
        ({"template_id": None}, "template_id"),
        ({"name": 7}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"parameters": ["size"]}, "parameters"),
        ({"parameters": {"size": 3}}, "parameters['size']"),
        ({"parameters": {3: "size"}}, "parameters"),
        ({"preset_id": "big"}, "preset_id"),
        ({"wait": -1}, "wait"),
        ({"wait": math.nan}, "wait"),
        ({"wait": "1"}, "wait"),
        ({"wait": True}, "wait"),
        ({"chat_id": ""}, "chat_id"),
        ({"chat_id": "x" * 256}, "chat_id"),
        ({"chat_id": 7}, "chat_id"),
        ({"chat_id": "a\0"}, "chat_id"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_before_anything_is_asked(arguments: dict[str, Any], argument: str) -> None:
    """Nothing reaches store or platform."""
    world = World()
    given: dict[str, Any] = {"chat_id": CHAT, "template_id": world.template().id} | arguments
    with pytest.raises(InvalidArgumentError) as invalid:
        world.chats.create(**given)
    assert (invalid.value.argument, invalid.value.reason) == (argument, Reason.INVALID_ARGUMENT)
    assert world.coder.calls == ()


def of_unknown(world: World) -> Outcome:
    """Create for a chat that was never opened."""
    return world.chats.create("other", world.template().id)


def of_closed(world: World) -> Outcome:
    """Create for a chat that was closed."""
    world.chats.close_chat(CHAT)
    return world.chats.create(CHAT, world.template().id)


@pytest.mark.parametrize(
    ("call", "error", "reason"),
    [(of_unknown, ChatNotFoundError, Reason.CHAT_NOT_FOUND), (of_closed, ChatClosedError, Reason.CHAT_CLOSED)],
)
def test_a_chat_that_takes_no_workspace(call: Callable[[World], Outcome], error: type[ChatNotFoundError | ChatClosedError], reason: Reason) -> None:
    """A chat that is unknown or closed is refused before anything is made."""
    world = World()
    with pytest.raises(error) as refused:
        call(world)
    assert (refused.value.reason, world.coder.workspaces) == (reason, ())

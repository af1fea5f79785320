"""delete(): the chat is closed, and what it had of its own making is deleted; nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chatworkspace import (
    Advice,
    ChatClosedError,
    ChatNotFoundError,
    InvalidArgumentError,
    LeftBehind,
    Outcome,
    Reason,
    RefusedError,
    State,
    UnavailableError,
)
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, World, nowhere
from tests.service.deleting import DELETE, START, notes, told

# ------------------------------------------------------------------ what is deleted


def test_the_chat_is_closed_and_its_workspace_deleted() -> None:
    """The outcome tells which, and that nothing is to be done; the history tells it as well."""
    world = World()
    first = world.created(delete=7).require_ready()
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.workspace_id, outcome.chat.closed, outcome.built) == (State.GONE, Reason.DELETED, first.id, True, True)
    assert outcome.workspace is not None
    assert outcome.workspace.deleted
    assert (outcome.advice, outcome.next_step, outcome.http_status) == (Advice.NOTHING, "The workspace was deleted.", 200)
    assert (outcome.left_behind, outcome.elapsed, world.coder.live) == (None, 7, ())
    assert (outcome.as_dict()["state"], outcome.as_dict()["workspace"]["id"]) == ("gone", str(first.id))
    assert notes(world) == (f"chat_closed; to be deleted: {first.full_name}", f"the deletion of {first.full_name} was asked for")
    assert world.sim.store.look(CHAT).claimed_for == 0


def test_the_same_call_again_says_the_same_and_does_nothing() -> None:
    """Whoever makes it; with or without the name."""
    world = World()
    first = world.created()
    outcome = world.chats.delete(CHAT)
    for again in (partial(world.chats.delete, CHAT), partial(world.sim.process().workspaces.delete, CHAT, workspace_id=first.workspace_id)):
        assert (*told(it := again()), it.workspace_id, it.chat, it.built) == (*told(outcome), first.workspace_id, outcome.chat, False)
    assert world.latest.builds == ((1, START), (2, DELETE))


def test_a_chat_without_a_workspace_is_closed() -> None:
    """Nothing is deleted; the same again."""
    world = World()
    for _ in range(2):
        outcome = world.chats.delete(CHAT)
        assert (*told(outcome), outcome.workspace_id, outcome.chat.closed) == (State.ABSENT, Reason.CHAT_CLOSED, None, True)
        assert outcome.advice is Advice.NOTHING
    assert "delete_workspace" not in world.coder.calls


def test_what_is_gone_already_is_no_error() -> None:
    """Its user has deleted it: nothing is asked for."""
    world = World()
    world.created()
    world.latest.delete()
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.chat.closed, outcome.built) == (State.GONE, Reason.DELETED, True, False)
    assert "delete_workspace" not in world.coder.calls


@pytest.mark.parametrize("renamed", [False, True])
def test_what_is_not_of_the_chats_making_is_left_alone_and_named(*, renamed: bool) -> None:
    """Attached; or its own, of which the user has taken the mark away: the name is the proof."""
    world = World()
    if renamed:
        world.created()
        world.latest.rename("mine-now")
    else:
        world.chats.attach(CHAT, world.own(world.template()).id)
    left = world.latest.now
    for _ in range(2):
        outcome = world.chats.delete(CHAT)
        assert (*told(outcome), outcome.chat.closed) == (State.ABSENT, Reason.CHAT_CLOSED, True)
        assert outcome.left_behind == LeftBehind(workspace_id=left.id, name=left.full_name, reason=Reason.CHAT_CLOSED)
    assert [it.id for it in world.coder.live] == [left.id]


@pytest.mark.parametrize("later", [False, True])
def test_what_is_named_is_deleted_though_somebody_attached_it(*, later: bool) -> None:
    """At once, or after a deletion that has left it alone."""
    world = World()
    own = world.own(world.template())
    world.chats.attach(CHAT, own.id)
    if later:
        world.chats.delete(CHAT)
    outcome = world.chats.delete(CHAT, workspace_id=str(own.id))
    assert (*told(outcome), outcome.workspace_id, outcome.left_behind) == (State.GONE, Reason.DELETED, own.id, None)
    assert world.coder.live == ()


@pytest.mark.parametrize("closed", [False, True])
def test_nothing_is_done_where_another_is_named_than_the_chat_has(*, closed: bool) -> None:
    """Not even the chat is closed."""
    world = World()
    world.created()
    if closed:
        world.chats.close_chat(CHAT)
    before = world.sim.store.look(CHAT)
    with pytest.raises(InvalidArgumentError) as error:
        world.chats.delete(CHAT, workspace_id=nowhere())
    assert (error.value.argument, error.value.reason) == ("workspace_id", Reason.INVALID_ARGUMENT)
    assert (world.sim.store.look(CHAT), len(world.coder.live)) == (before, 1)


def test_what_a_closed_chat_had_is_deleted() -> None:
    """Closing left it alone; whoever asks for its deletion now, gets it."""
    world = World()
    world.created()
    world.chats.close_chat(CHAT)
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)
    assert world.coder.live == ()


def test_what_was_left_behind_before_is_left_alone() -> None:
    """A replaced one and a detached one are nobody's, on somebody's word: the sweep lists them."""
    world = World()
    first = world.created().require_ready()
    world.chats.create(CHAT, first.template_id, replace=True)
    second = world.latest.id
    world.chats.detach(CHAT)
    assert told(world.chats.delete(CHAT)) == (State.ABSENT, Reason.CHAT_CLOSED)
    assert [it.id for it in world.chats.sweep().strays] == [first.id, second]


def test_one_of_its_own_that_was_attached_again_is_deleted() -> None:
    """Its name says whose making it is, however the chat came by it."""
    world = World()
    first = world.created().require_ready()
    world.chats.create(CHAT, first.template_id, replace=True)
    world.chats.attach(CHAT, first.id)
    assert world.chats.delete(CHAT).workspace_id == first.id
    assert [it.id for it in world.coder.live] == [world.latest.id]


@pytest.mark.parametrize("when", ["before", "at the last moment"])
def test_what_another_chat_has_as_well_is_left_alone(when: str) -> None:
    """It was attached there: it is not deleted, and the outcome says why."""
    world = World()
    first = world.created().require_ready()
    world.sim.open_chat("chat-2")
    other = world.sim.process("other")
    attach = partial(other.workspaces.attach, "chat-2", first.id)
    if when == "before":
        attach()
    else:
        world.sim._default.pause(5, before="store.discard")
        world.sim.at(world.sim.elapsed + 1, attach)
    (outcome,) = world.sim.run(lambda: world.chats.delete(CHAT))
    assert (*told(outcome), outcome.error) == (State.ABSENT, Reason.CHAT_CLOSED, "another chat is bound to it: it was not deleted")
    assert outcome.left_behind is not None
    assert outcome.left_behind.workspace_id == first.id
    assert world.chats.status("chat-2").ready


def test_what_is_to_be_deleted_is_attached_by_nobody() -> None:
    """It was written down, and its deletion is still to be asked for."""
    world = World()
    first = world.created().require_ready()
    world.sim.open_chat("chat-2")
    dead = world.sim.process("dead")
    dead.kill(before="coder.delete_workspace")
    world.sim.run(lambda: dead.workspaces.delete(CHAT))
    with pytest.raises(InvalidArgumentError) as error:
        world.chats.attach("chat-2", first.id)
    assert error.value.reason is Reason.DISCARDED


# ------------------------------------------------------------------ what cannot be done


def test_a_deletion_that_fails_is_told_with_why() -> None:
    """The chat is closed, and the workspace is there and listed."""
    world = World()
    world.created(delete=Fails(7, "no such disk"))
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.error, outcome.chat.closed) == (State.FAILED, Reason.DELETE_FAILED, "no such disk", True)
    assert (outcome.advice, outcome.elapsed) == (Advice.CALL_AGAIN, 7)
    assert outcome.next_step == "The deletion failed and the workspace may still run. Delete it again."
    assert [it.id for it in world.chats.sweep().strays] == [outcome.workspace_id]


def test_one_that_has_failed_is_asked_for_once_more() -> None:
    """Somebody canceled it in the platform's page: so it is told, and the same call asks again."""
    world = World()
    world.created(delete=20)
    world.sim.at(world.sim.elapsed + 3, world.latest.cancel)
    (outcome,) = world.sim.run(lambda: world.chats.delete(CHAT))
    assert (*told(outcome), outcome.elapsed) == (State.FAILED, Reason.DELETE_FAILED, 3)
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)


def test_one_that_fails_in_the_same_way_again_is_an_administrators() -> None:
    """Each call asks for one build."""
    world = World()
    world.created(delete=Fails(7, "no such disk"))
    assert [world.chats.delete(CHAT).advice for _ in range(3)] == [Advice.CALL_AGAIN, Advice.ASK_ADMINISTRATOR, Advice.ASK_ADMINISTRATOR]
    assert [it for _, it in world.latest.builds] == [START, *[DELETE] * 3]


def test_a_failure_that_another_call_waited_for_is_told_by_both() -> None:
    """What it waited for and saw end is its outcome, and no reason to ask for another."""
    world = World()
    world.created(delete=Fails(7))
    outcomes = world.sim.race(lambda: world.chats.delete(CHAT), threads=2)
    assert [told(it) for it in outcomes] == [(State.FAILED, Reason.DELETE_FAILED)] * 2
    assert [it for _, it in world.latest.builds] == [START, DELETE]


def test_a_failure_is_told_to_whoever_did_not_wait_for_it() -> None:
    """The call that asked for it came back too early: the same call tells how that ended before another is asked for."""
    world = World()
    world.created(delete=20)
    assert told(world.chats.delete(CHAT, wait=1)) == (State.STOPPING, Reason.STOPPING)
    world.latest.cancel()
    world.sim.sleep(60)
    assert told(world.chats.delete(CHAT)) == (State.FAILED, Reason.DELETE_FAILED)
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)


def test_one_that_is_refused_is_told_with_why() -> None:
    """The error names what is still there; the chat is closed, and the history knows it."""
    world = World()
    first = world.created().require_ready()
    world.coder.when("delete_workspace").refuse(403, "not yours")
    with pytest.raises(RefusedError, match="not yours") as error:
        world.chats.delete(CHAT)
    assert error.value.advice is Advice.ASK_USER
    assert error.value.left_behind == LeftBehind(workspace_id=first.id, name=first.full_name, reason=Reason.CHAT_CLOSED)
    assert notes(world)[-1] == "refused: not yours"
    assert world.chats.get_chat(CHAT).closed
    assert [it.id for it in world.chats.sweep().strays] == [first.id]
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)


def test_a_lost_answer_is_settled_by_the_build_that_is_there() -> None:
    """And a request that was lost is not known: the same call looks again, and asks."""
    world = World()
    world.created(delete=30)
    world.coder.when("delete_workspace").lose_answer()
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)
    world = World()
    world.created()
    world.coder.when("delete_workspace").lose_request()
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.workspace_id) == (State.UNKNOWN, Reason.OUTCOME_UNKNOWN, world.latest.id)
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)


def test_a_platform_that_takes_no_more_requests_for_now_is_asked_when_it_does() -> None:
    """Mutex and claim are given back meanwhile."""
    world = World()
    world.created()
    world.coder.when("delete_workspace").fail(UnavailableError("429: too many", retry_after=20))
    outcome = world.chats.delete(CHAT)
    assert told(outcome) == (State.GONE, Reason.DELETED)
    assert 20 <= outcome.elapsed < 30


@pytest.mark.parametrize("closed", [False, True])
def test_what_cannot_be_read_is_not_deleted(*, closed: bool) -> None:
    """Hidden from its owner: nothing is known of it, and a chat that is not closed stays as it is."""
    world = World()
    world.created()
    if closed:
        world.chats.close_chat(CHAT)
    world.latest.hide()
    before = world.sim.store.look(CHAT)
    assert told(world.chats.delete(CHAT)) == (State.UNKNOWN, Reason.NOT_VISIBLE)
    assert world.sim.store.look(CHAT) == before
    world.latest.show()
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)


def test_a_chat_that_is_not_known_cannot_be_deleted() -> None:
    """It was never opened."""
    with pytest.raises(ChatNotFoundError):
        World().chats.delete("other")


@pytest.mark.parametrize("argument", ["workspace_id", "chat_id"])
def test_a_wrong_argument_is_named_before_anything_is_asked(argument: str) -> None:
    """An id that is none."""
    world = World()
    world.created()
    arguments: dict[str, Any] = {"chat_id": CHAT, "workspace_id": "docker"} if argument == "workspace_id" else {"chat_id": ""}
    with pytest.raises(InvalidArgumentError) as error:
        world.chats.delete(**arguments)
    assert (error.value.argument, world.chats.get_chat(CHAT).closed) == (argument, False)


# ------------------------------------------------------------------ what others are told


def test_the_host_is_told_of_each_change_once() -> None:
    """That the chat was closed, that the deletion has begun, and that the workspace is gone."""
    seen: list[Outcome] = []
    world = World(on_chat_updated=seen.append)
    world.created(delete=7)
    seen.clear()
    world.chats.delete(CHAT)
    world.chats.delete(CHAT)
    assert [told(it) for it in seen] == [
        (State.ABSENT, Reason.CHAT_CLOSED),
        (State.STOPPING, Reason.STOPPING),
        (State.GONE, Reason.DELETED),
    ]
    assert all(it.chat.closed for it in seen)


CALLS: dict[str, Callable[[World], Any]] = {
    "create": lambda world: world.chats.create(CHAT, world.latest.template.id),
    "start": lambda world: world.chats.start(CHAT),
    "status": lambda world: world.chats.status(CHAT),
    "attach": lambda world: world.chats.attach(CHAT, nowhere()),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_chat_refuses_other_calls(call: str) -> None:
    """Also while the deletion is under way."""
    world = World()
    world.created(delete=7)
    world.chats.delete(CHAT, wait=0)
    with pytest.raises(ChatClosedError):
        CALLS[call](world)

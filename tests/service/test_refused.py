"""Refused: a replacement, or a creation, that has certainly made nothing."""

from __future__ import annotations

import pytest

from chatworkspace import NoWorkspaceError, OutcomeUnknownError, Reason, RefusedError, State, UnavailableError
from chatworkspace.ports import NotAnsweredError
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, World
from tests.service.replacing import START, STOP, Call, Replacing, left

# ------------------------------------------------------------------ a replacement that is refused


def test_a_refused_replacement_leaves_the_chat_what_it_had() -> None:
    """Bound, ready, nothing planned, name and number as before; the history notes it, and the sweep has nothing to list."""
    case = Replacing()
    case.world.coder.when("create_workspace").refuse(400, "no such size")
    with pytest.raises(RefusedError, match=r"^no such size$") as error:
        case.replace()
    assert error.value.left_behind is None
    assert case.is_as_before()
    assert case.world.chats.status(CHAT).workspace_id == case.old.id
    assert case.world.chats.history(CHAT)[-1].notes == ("replacement refused: no such size",)
    assert case.world.chats.sweep().strays == ()


def test_a_replacement_that_the_platform_failed_to_make_is_refused() -> None:
    """Its own 5xx, and nothing there of the name: as certain as a refusal."""
    case = Replacing()
    case.world.coder.when("create_workspace").fail(NotAnsweredError("500: internal error", in_flight=False))
    with pytest.raises(RefusedError):
        case.replace()
    assert case.is_as_before()


def test_after_a_refusal_a_replacement_is_made_as_if_nothing_had_been() -> None:
    """One generation more, under the next name, and the old one is named as left behind."""
    case = Replacing()
    case.world.coder.when("create_workspace").refuse()
    with pytest.raises(RefusedError):
        case.replace()
    outcome = case.replace()
    assert (outcome.created, outcome.chat.generation, left(outcome)) == (True, 2, case.old.id)
    assert outcome.left_behind is not None
    assert outcome.left_behind.reason is Reason.REPLACED
    assert case.look.number == case.before.number + 1
    assert case.world.chats.history(CHAT)[-1].replaces == case.old.id


def test_a_refused_successor_of_a_failed_first_build_leaves_it_bound() -> None:
    """Another template is wanted, and refused: the chat has the failed one, which may be started."""
    world = World()
    bad, other = world.template("bad", build=[Fails(1), 1]), world.template("other")
    assert world.chats.create(CHAT, bad.id).state is State.FAILED
    world.coder.when("create_workspace").refuse()
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, other.id)
    assert world.chats.status(CHAT).workspace_id == world.latest.id
    assert world.chats.start(CHAT).ready


def test_a_replacement_whose_claim_came_too_late_begins_anew() -> None:
    """Nothing was sent under it: its plan is dropped, and the call takes another claim."""
    case = Replacing()
    case.world.sim._default.pause(60, before="store.claim")
    outcome = case.replace()
    assert (outcome.created, outcome.chat.generation, left(outcome)) == (True, 2, case.old.id)
    assert len(case.world.coder.workspaces) == 2


def test_a_refusal_that_cannot_be_recorded_leaves_a_plan_that_does_no_harm() -> None:
    """The store is away for as long as that is tried: what is bound is used, and the next sweep or replacement looks for what may have come."""
    case = Replacing()
    case.world.coder.when("create_workspace").refuse()
    case.world.sim.store.when("release", times=5).lose_request()
    with pytest.raises(RefusedError):
        case.replace()
    assert case.look.plan is not None
    assert case.create().workspace_id == case.old.id


# ------------------------------------------------------------------ a creation that is refused


def test_a_refused_creation_leaves_no_plan() -> None:
    """There is no workspace, and nothing stands in the way: the status says what was refused last, and so the sweep has nothing to settle."""
    world = World()
    docker = world.template()
    for message in ("no room", "no money"):
        world.coder.when("create_workspace").refuse(400, message)
        with pytest.raises(RefusedError):
            world.chats.create(CHAT, docker.id)
    status = world.chats.status(CHAT)
    assert (status.state, status.reason, status.error) == (State.ABSENT, Reason.NO_WORKSPACE, "no money")
    assert world.sim.store.look(CHAT).plan is None
    world.sim.sleep(1000)
    assert world.chats.sweep().settled == ()


def test_a_creation_after_a_refused_one_asks_under_the_same_name() -> None:
    """The name is kept, whatever is wished now; each attempt has a generation of its own."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse()
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id, name="first wish")
    planned = world.sim.store.look(CHAT).name
    outcome = world.chats.create(CHAT, docker.id, name="second wish")
    assert outcome.workspace is not None
    assert (outcome.workspace.name, outcome.chat.generation, outcome.not_applied) == (planned, 2, {"name": planned})


@pytest.mark.parametrize("call", [START, STOP], ids=["start", "stop"])
def test_starting_after_a_refused_creation(call: Call) -> None:
    """There is no workspace; and none was interrupted."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse()
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id)
    with pytest.raises(NoWorkspaceError) as error:
        call(world.chats)
    assert error.value.reason is Reason.NO_WORKSPACE


def test_a_creation_refused_while_an_earlier_one_is_in_doubt_leaves_its_plan() -> None:
    """The first request may still arrive: the chat tells of an interrupted creation, and the next call finds what came of it."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").arrive_late(60)
    with pytest.raises(OutcomeUnknownError):
        world.chats.create(CHAT, docker.id)
    world.coder.when("create_workspace").refuse(400, "no")
    with pytest.raises(RefusedError, match=r"^no$"):
        world.chats.create(CHAT, docker.id)
    assert world.chats.status(CHAT).reason is Reason.INTERRUPTED_CREATION
    world.sim.sleep(60)
    assert world.chats.create(CHAT, docker.id).reason is Reason.ADOPTED


def test_what_was_refused_is_told_for_as_long_as_nothing_came_of_the_chat() -> None:
    """Once it had a workspace and was detached, there is nothing to say of a refusal; nor where the history cannot be asked."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse(400, "no room")
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id)
    world.sim.store.when("history").fail()
    assert world.chats.status(CHAT).error == ""
    assert world.chats.status(CHAT).error == "no room"
    world.chats.create(CHAT, docker.id)
    world.chats.detach(CHAT)
    assert world.chats.status(CHAT).error == ""


def test_a_secret_of_a_refused_creation_is_not_told() -> None:
    """The platform repeats a parameter's value, and the status tells of it what the history has."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse(400, "token s3cr3t-key is wrong")
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id, parameters={"token": "s3cr3t-key"})
    assert "s3cr3t-key" not in world.chats.status(CHAT).error
    assert world.chats.status(CHAT).error.endswith("is wrong")


def test_a_chat_that_never_had_a_plan_has_no_history_to_ask_for() -> None:
    """Its status takes one look at the store."""
    world = World()
    world.sim.store.when("history").fail()
    assert world.chats.status(CHAT).reason is Reason.NO_WORKSPACE
    with pytest.raises(UnavailableError):
        world.sim.store.history(CHAT)

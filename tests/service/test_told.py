"""What a call has begun is told by whichever call ends it, and a failure that was told stands in nobody's way."""

from __future__ import annotations

import pytest

from chatworkspace import Advice, ConnectError, Reason, RefusedError
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, World


def test_who_looks_ends_no_wish() -> None:
    """A page that asks how things are takes nothing from the call that goes on: what it began, it has made."""
    world = World()
    docker = world.template(build=30)
    begun = world.chats.create(CHAT, docker.id, wait=5)
    assert world.chats.status(CHAT).phase is not None
    told = world.chats.create(CHAT, docker.id)
    assert (begun.created, told.reason, told.created) == (True, Reason.CREATED, True)


def test_what_was_canceled_twice_is_asked_for_again() -> None:
    """The user was asked each time; what they say then is sent."""
    world = World()
    world.created(build=[0, 50, 50, 0])
    world.chats.stop(CHAT)
    for _ in range(2):
        world.sim.at(world.sim.elapsed + 10, lambda: world.latest.cancel())  # noqa: PLW0108 # another build each time
        told = world.chats.start(CHAT)
        assert (told.reason, told.advice) == (Reason.BUILD_CANCELED, Advice.ASK_USER)
    assert world.chats.start(CHAT).reason is Reason.STARTED


def test_two_connections_to_one_failed_build_have_failed_once() -> None:
    """Both find the same build: what it needs is told alike, and that it failed again is not said."""
    world = World()
    world.chats.create(CHAT, world.template(build=Fails(5, "no such image")).id)
    found: list[tuple[Reason, Advice]] = []
    for _ in range(2):
        with pytest.raises(ConnectError) as error:
            world.chats.connect(CHAT)
        found.append((error.value.reason, error.value.advice))
    assert found[0] == found[1]


def test_who_repeats_a_replacement_replaces_once() -> None:
    """It was told to make the same call again, and does so when another page has seen it ready: what it made is what it asked for."""
    world = World()
    first = world.created()
    slow = world.template("slow", build=30)
    begun = world.chats.create(CHAT, slow.id, replace=True, wait=5)
    world.sim.sleep(40)
    assert world.chats.status(CHAT).workspace_id == begun.workspace_id
    told = world.chats.create(CHAT, slow.id, replace=True)
    assert (begun.left_behind is not None, told.reason, told.created, told.workspace_id) == (True, Reason.CREATED, True, begun.workspace_id)
    assert [it.id for it in world.coder.workspaces] == [first.workspace_id, begun.workspace_id]


def test_another_process_goes_on_with_a_replacement() -> None:
    """By the record: it was made for this very wish, a moment ago. Another wish replaces it."""
    world = World()
    world.created()
    slow, other = world.template("slow", build=30), world.sim.process("other")
    begun = world.chats.create(CHAT, slow.id, replace=True, wait=5)
    told = other.workspaces.create(CHAT, slow.id, replace=True)
    assert (told.created, told.workspace_id, len(world.coder.workspaces)) == (True, begun.workspace_id, 2)
    third = other.workspaces.create(CHAT, world.template("third").id, replace=True)
    assert (third.created, len(world.coder.workspaces)) == (True, 3)


def test_whoever_was_told_and_replaces_anew_has_another() -> None:
    """The wish was fulfilled: the same words are a wish of their own then."""
    world = World()
    first = world.created()
    made = [world.chats.create(CHAT, first.require_ready().template_id, replace=True) for _ in range(2)]
    assert [it.created for it in made] == [True, True]
    assert len({it.workspace_id for it in made}) == 2


def test_what_is_refused_again_for_the_same_arguments_is_shown_to_the_user() -> None:
    """In whatever words, an id of the request among them: nothing was corrected. Other arguments are another try."""
    world = World()
    docker = world.template()
    told = list[Advice]()
    for number, name in enumerate(("one", "one", "two", "one")):
        world.coder.when("create_workspace").fail(RefusedError(f"request {number} is forbidden"))
        with pytest.raises(RefusedError) as refused:
            world.chats.create(CHAT, docker.id, name=name)
        told.append(refused.value.advice)
    assert told == [Advice.CORRECT_ARGUMENTS, Advice.ASK_USER, Advice.CORRECT_ARGUMENTS, Advice.ASK_USER]

"""create() in place of what the chat has: on the caller's word, or where the first build failed."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import (
    LeftBehind,
    Outcome,
    Reason,
    State,
    Transition,
    UnavailableError,
)
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, World

# ------------------------------------------------------------------ replace


def test_replace_leaves_a_live_workspace_behind_on_the_callers_word() -> None:
    """Another is made under another name; the outcome names the old one, which goes on living."""
    world = World()
    first = world.created()
    second = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    old = first.require_ready()
    assert (second.reason, second.created, second.chat.generation) == (Reason.CREATED, True, 2)
    assert second.left_behind == LeftBehind(workspace_id=old.id, name=old.full_name, reason=Reason.REPLACED)
    assert second.require_ready().name != old.name
    assert [it.id for it in world.coder.live] == [old.id, second.workspace_id]


def test_a_replacement_that_may_have_been_planned_takes_nothing_away() -> None:
    """The answer to its claim is lost for good: the chat keeps what it had, whoever comes, and the same call again goes on with the plan."""
    world = World()
    first, other = world.created(), world.sim.process("other")
    template = first.require_ready().template_id
    world.sim.store.when("claim").lose_answer()
    world.sim.at(62, lambda: world.sim._default.pause(60))
    world.sim.at(100, lambda: other.workspaces.create(CHAT, template))

    def replace() -> UnavailableError:
        with pytest.raises(UnavailableError) as error:
            world.chats.create(CHAT, template, replace=True)
        return error.value

    (error,) = world.sim.run(replace)
    assert (error.reason, error.left_behind, len(world.coder.workspaces)) == (Reason.STORE_UNAVAILABLE, None, 1)
    assert world.chats.get_chat(CHAT).workspace_id == first.workspace_id
    planned = world.sim.store.look(CHAT).name
    again = world.chats.create(CHAT, template, replace=True)
    assert again.workspace is not None
    assert (again.created, again.workspace.name, again.chat.generation) == (True, planned, 2)


def test_replace_without_a_workspace_is_a_plain_creation() -> None:
    """There is nothing to leave behind."""
    world = World()
    outcome = world.chats.create(CHAT, world.template().id, replace=True)
    assert (outcome.reason, outcome.left_behind, outcome.chat.generation) == (Reason.CREATED, None, 1)


def test_replace_of_a_deleted_workspace_leaves_nothing_behind() -> None:
    """What is gone is not named, and its name is used again."""
    world = World()
    first = world.created()
    world.latest.delete()
    outcome = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert (outcome.left_behind, outcome.require_ready().name) == (None, first.require_ready().name)


@pytest.mark.parametrize("deed", ["stop", "drop_agent", "go_dormant", "shut_down_agent"])
def test_replace_takes_whatever_is_there(deed: str) -> None:
    """Stopped, dormant or out of reach: what the caller wants to leave is left."""
    world = World()
    first = world.created()
    getattr(world.latest, deed)()
    outcome = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert outcome.left_behind is not None
    assert (outcome.left_behind.workspace_id, outcome.ready) == (first.workspace_id, True)


def test_replace_of_a_renamed_workspace_does_not_use_up_a_name() -> None:
    """It does not bear the mark any more, so the name in use is free again."""
    world = World()
    first = world.created()
    name = first.require_ready().name
    world.latest.rename("something-else")
    outcome = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert outcome.require_ready().name == name
    assert outcome.left_behind == LeftBehind(
        workspace_id=world.coder.workspaces[0].id,
        name=f"{first.require_ready().owner_name}/something-else",
        reason=Reason.REPLACED,
    )


def test_replace_is_not_believed_a_proof() -> None:
    """Even right after the chat was told ready, replace makes another."""
    world = World()
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    assert world.chats.create(CHAT, docker.id, replace=True).created
    assert len(world.coder.workspaces) == 2


def test_replace_of_what_cannot_be_read_makes_nothing() -> None:
    """Unknown stays unknown, whatever the caller wants; detach is the way out."""
    world = World()
    first = world.created()
    world.latest.hide()
    outcome = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert (outcome.state, outcome.reason, len(world.coder.workspaces)) == (State.UNKNOWN, Reason.NOT_VISIBLE, 1)


# ------------------------------------------------------------------ the first build failed


def failing_first() -> tuple[World, Outcome]:
    """Return a world in which the first build of the chat's workspace has failed, and what its caller was told."""
    world = World()
    docker = world.template(build=[Fails(after=5, error="no image"), 10], log=["pulling", "failing"])
    return world, world.chats.create(CHAT, docker.id)


def test_a_first_build_that_fails_is_told_with_its_log() -> None:
    """The outcome was made by this call, names the platform's own words, and says what to do; nothing is made again by itself."""
    world, outcome = failing_first()
    assert (outcome.state, outcome.reason, outcome.created, outcome.elapsed) == (State.FAILED, Reason.BUILD_FAILED, True, 5)
    assert (outcome.error, outcome.log_tail) == ("no image", ("pulling", "failing", "no image"))
    assert outcome.next_step
    assert world.latest.builds == ((1, Transition.START),)


def test_the_same_template_builds_it_again() -> None:
    """The workspace is kept, and built again with this call's parameters."""
    world, first = failing_first()
    again = world.chats.create(CHAT, world.latest.template.id)
    assert (again.state, again.reason, again.created, again.elapsed) == (State.READY, Reason.STARTED, False, 10)
    assert (again.workspace_id, world.latest.builds) == (first.workspace_id, ((1, Transition.START), (2, Transition.START)))


def test_another_template_leaves_it_behind() -> None:
    """A new generation, under another name; the outcome names what is left behind, and why."""
    world, first = failing_first()
    gpu = world.template("gpu")
    second = world.chats.create(CHAT, gpu.id)
    assert first.workspace is not None
    assert second.left_behind == LeftBehind(workspace_id=first.workspace.id, name=first.workspace.full_name, reason=Reason.FIRST_BUILD_FAILED)
    assert (second.reason, second.chat.generation, second.require_ready().template_id) == (Reason.CREATED, 2, gpu.id)
    assert len({it.name for it in world.coder.live}) == 2


def test_one_that_somebody_else_is_building_again_is_not_left_behind() -> None:
    """Who wants another template looks while the other's claim lives, and reads before it has asked for the build: that says nothing any more."""
    world = World()
    docker, gpu = world.template(build=[Fails(after=5), 30]), world.template("gpu")
    first = world.chats.create(CHAT, docker.id)
    one, other = world.sim.process(), world.sim.process()
    world.coder.when("start_workspace").take(2)
    other.pause(3, after="coder.get_workspace")

    def want_another() -> Outcome:
        world.sim.sleep(1)
        return other.workspaces.create(CHAT, gpu.id)

    built, found = world.sim.run(lambda: one.workspaces.create(CHAT, docker.id), want_another)
    assert (built.reason, found.reason) == (Reason.STARTED, Reason.EXISTING)
    assert (found.workspace_id, found.left_behind, len(world.coder.workspaces)) == (first.workspace_id, None, 1)


def test_another_template_that_is_not_there_leaves_nothing_behind() -> None:
    """A refused creation changes nothing: the chat keeps the workspace whose build failed."""
    world, first = failing_first()
    world.coder.when("get_template").fail(UnavailableError("401", retryable=False))
    with pytest.raises(UnavailableError):
        world.chats.create(CHAT, world.template("gpu").id)
    assert world.chats.get_chat(CHAT) == first.chat


def test_a_later_build_that_fails_is_reported_and_not_built_again() -> None:
    """Its files are there: it is for the caller to start it."""
    world = World()
    first = world.created(build=[0, Fails(after=5)])
    world.latest.stop()
    world.latest.start()
    outcome = world.chats.create(CHAT, first.require_ready().template_id)
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.BUILD_FAILED)
    assert world.chats.create(CHAT, UUID(int=9)).state is State.FAILED
    assert world.latest.builds[-1] == (3, Transition.START)


def test_a_canceled_first_build_is_built_again() -> None:
    """The user canceled it; the outcome of that wait says so, and the next creation builds it again."""
    world = World()
    docker = world.template(build=30)
    world.sim.at(10, lambda: world.latest.cancel())  # noqa: PLW0108 - it is made later
    canceled = world.chats.create(CHAT, docker.id)
    assert (canceled.state, canceled.reason, canceled.elapsed) == (State.FAILED, Reason.BUILD_CANCELED, 10)
    assert world.chats.create(CHAT, docker.id).reason is Reason.STARTED


def test_a_full_quota_is_told_with_its_figures() -> None:
    """The outcome carries what is used and allowed, and the remedies."""
    world = World()
    gpu = world.template("gpu", cost=8)
    world.coder.set_quota(10)
    world.own(gpu)
    outcome = world.chats.create(CHAT, gpu.id)
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.QUOTA_FULL)
    assert outcome.quota is not None
    assert (outcome.quota.consumed, outcome.quota.budget) == (8, 10)
    assert "quota" in outcome.next_step


def test_a_quota_and_a_log_that_cannot_be_read_are_left_out() -> None:
    """The failure itself is told all the same."""
    world = World()
    gpu = world.template("gpu", cost=8)
    world.coder.set_quota(4)
    world.coder.when("get_quota").fail()
    world.coder.when("build_log").fail()
    outcome = world.chats.create(CHAT, gpu.id)
    assert (outcome.reason, outcome.quota, outcome.log_tail) == (Reason.QUOTA_FULL, None, ())

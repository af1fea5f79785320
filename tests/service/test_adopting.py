"""create() where somebody has asked before: what bears the chat's name is adopted, however it came about."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import (
    Phase,
    Reason,
    RefusedError,
    State,
)
from chatworkspace.ports import Parameter
from tests.service.chats import CHAT, CLAIM, World

PRESET = UUID(int=77)

# ------------------------------------------------------------------ adopts


def test_a_lost_answer_is_adopted() -> None:
    """The answer is lost after the platform has acted: what bears the name is the chat's, and the outcome says that it was found."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").lose_answer()
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.reason, outcome.created) == (State.READY, Reason.ADOPTED, False)
    assert (len(world.coder.workspaces), outcome.not_applied) == (1, {})


def test_what_a_dead_process_has_made_is_adopted() -> None:
    """Its maker died before it could bind it: the next creation looks for the name, and binds it."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.reason, outcome.created, outcome.chat.generation) == (Reason.ADOPTED, False, 1)
    assert (len(world.coder.workspaces), outcome.not_applied) == (1, {})


def test_what_is_adopted_from_another_template_says_so() -> None:
    """It is bound, from whatever template it was made, and the outcome names what it was not made with."""
    world = World()
    docker, gpu = world.template(), world.template("gpu", parameters=[Parameter(name="size", default="small")])
    world.interrupted_creation(docker)
    outcome = world.chats.create(CHAT, gpu.id, name="mine", parameters={"size": "large"}, preset_id=PRESET)
    assert outcome.reason is Reason.ADOPTED
    assert outcome.not_applied == {
        "name": world.latest.name,
        "template_id": str(docker.id),
        "parameters": "those that the workspace was made with",
        "preset_id": "the one that the workspace was made with, if any",
    }


@pytest.mark.parametrize(("size", "missed"), [("large", {}), ("small", {"parameters": "those that the workspace was made with"})])
def test_adopted_parameters_are_compared_without_being_stored(size: str, missed: dict[str, str]) -> None:
    """The plan that stood tells by a keyed hash whether it asked for the same values."""
    world = World()
    docker = world.template(parameters=[Parameter(name="size", default="small")])
    world.interrupted_creation(docker, parameters={"size": "large"})
    assert world.chats.create(CHAT, docker.id, parameters={"size": size}).not_applied == missed


@pytest.mark.parametrize(("size", "missed"), [("large", False), ("small", True)])
def test_what_is_found_may_be_what_an_earlier_plan_asked_for(size: str, *, missed: bool) -> None:
    """A dead caller's request may still have been under way when this one's answer was lost: only where both asked for the same is it as wished."""
    world = World()
    docker = world.template(parameters=[Parameter(name="size", default="small")])
    world.interrupted_creation(docker, at="coder.create_workspace", parameters={"size": "large"})
    world.coder.when("create_workspace").lose_answer()
    outcome = world.chats.create(CHAT, docker.id, parameters={"size": size})
    assert (outcome.reason, "parameters" in outcome.not_applied) == (Reason.ADOPTED, missed)


@pytest.mark.parametrize("before", ["store.claim", "store.bind"])
def test_two_who_settle_the_same_plan(before: str) -> None:
    """One of them stands still, the other is first: both are told the one workspace, and it is bound once."""
    world = World()
    docker, slow, quick = world.template(), world.sim.process("slow"), world.sim.process("quick")
    world.interrupted_creation(docker)
    slow.pause(40, before=before)
    world.sim.at(CLAIM + 35, lambda: quick.workspaces.create(CHAT, docker.id))
    (outcome,) = world.sim.run(lambda: slow.workspaces.create(CHAT, docker.id))
    assert (outcome.ready, outcome.workspace_id, outcome.chat.generation) == (True, world.latest.id, 1)
    assert (outcome.reason, len(world.coder.workspaces)) == (Reason.EXISTING, 1)


def test_a_plan_whose_maker_died_before_asking_is_taken_over() -> None:
    """Nothing bears the name: this caller's request takes the place of the dead one's, in the same generation and under the same name."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker, at="coder.create_workspace", name="first wish")
    planned = world.sim.store.look(CHAT).name
    outcome = world.chats.create(CHAT, docker.id, name="second wish")
    assert (outcome.reason, outcome.created, outcome.chat.generation) == (Reason.CREATED, True, 1)
    assert outcome.not_applied == {"name": planned}
    assert outcome.require_ready().name == planned


def test_a_name_that_is_taken_is_our_own_earlier_request() -> None:
    """The store lost its last commits, and the platform says that the name exists: what bears it is adopted, and none is made beside it."""
    world = World()
    first = world.created()
    world.sim.store.lose_commits(2)
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.workspace_id) == (Reason.ADOPTED, first.workspace_id)
    assert len(world.coder.workspaces) == 1


def test_a_race_for_the_name_that_is_lost_inside_the_platform() -> None:
    """The same, answered with 500: a look by name settles it."""
    world = World()
    first = world.created()
    world.coder.answer_conflicts(500)
    world.sim.store.lose_commits(2)
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.workspace_id) == (Reason.ADOPTED, first.workspace_id)


def test_who_meets_a_living_claim_waits_for_its_decision() -> None:
    """Somebody planned and stands still: the second waits for the end of the claim, then goes on from there."""
    world = World()
    docker = world.template()
    dead, second = world.sim.process("dead"), world.sim.process("second")
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    outcome = second.workspaces.create(CHAT, docker.id)
    assert (outcome.reason, outcome.elapsed) == (Reason.ADOPTED, CLAIM)


def test_who_does_not_wait_for_a_living_claim_is_told_that_it_is_queued() -> None:
    """A plan stands: the outcome is in progress, queued, without a workspace."""
    world = World()
    docker = world.template()
    dead = world.sim.process("dead")
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    outcome = world.chats.create(CHAT, docker.id, wait=5)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.QUEUED, Reason.IN_PROGRESS, 5)
    assert outcome.workspace_id is None


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("wish", "begins", "missed"),
    [
        ("", "docker-", False),
        ("fix-login", "fix-login-", False),
        (" fix-login ", "fix-login-", False),
        ("Fix The Login!", "Fix-The-Login-", True),
        ("a-name-of-more-than-twenty-one", "a-name-of-more-than-t-", True),
        ("日本語", "docker-", True),
        ("new", "new-", False),
    ],
)
def test_a_name_is_a_wish_and_ends_with_the_mark(wish: str, begins: str, *, missed: bool) -> None:
    """It is made fit, at most 32 characters long, ends with the chat's ten characters, and the outcome tells when the wish was changed."""
    world = World()
    outcome = world.chats.create(CHAT, world.template().id, name=wish)
    name = outcome.require_ready().name
    assert name.startswith(begins)
    assert len(name) <= 32
    assert len(name.removeprefix(begins)) == 10
    assert outcome.not_applied == ({"name": name} if missed else {})


def test_a_refused_name_is_kept_for_the_next_request() -> None:
    """A refusal speaks for one request, not for those before it: plan and name stand."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse(400, "no")
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id, name="one")
    outcome = world.chats.create(CHAT, docker.id, name="two")
    assert outcome.require_ready().name.startswith("one-")
    assert outcome.not_applied == {"name": world.latest.name}

"""history() and the record of a chat: what was planned, what came of it, and why something was left behind."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from chatworkspace import ChatNotFoundError, InvalidArgumentError, Reason, RefusedError
from chatworkspace.ports import TAKEN_OVER, Intent, Parameter
from chatworkspace_fake import Process
from tests.service.chats import CHAT, CLAIM, SLOW, World


def history(world: World) -> list[Intent]:
    return list(world.chats.history(CHAT))


# ------------------------------------------------------------------ the chat itself


def test_opening_a_chat_again_changes_nothing() -> None:
    """The same call returns what is stored, bound or not."""
    world = World()
    first = world.created()
    assert world.sim.open_chat(CHAT) == first.chat == world.chats.get_chat(CHAT)


@pytest.mark.parametrize(
    ("owner", "organization", "argument", "reason"),
    [(True, False, "organization_id", Reason.OTHER_ORGANIZATION), (False, True, "owner_id", Reason.INVALID_ARGUMENT)],
)
def test_a_chat_belongs_to_one_owner_and_one_organization(*, owner: bool, organization: bool, argument: str, reason: Reason) -> None:
    """Opening it with another is an error that names which."""
    world = World()
    other = "0a11ce00-0000-4000-8000-0000000000ff"
    with pytest.raises(InvalidArgumentError) as error:
        world.chats.open_chat(
            CHAT, owner_id=world.sim.owner_id if owner else other, organization_id=world.sim.organization_id if organization else other
        )
    assert (error.value.argument, error.value.reason) == (argument, reason)


@pytest.mark.parametrize("chat_id", ["a", "x" * 255, "Thread 42", "日本語", "a/b?c=d", " "])
def test_a_chat_id_is_the_hosts_own(chat_id: str) -> None:
    """1 to 255 characters of any kind, compared exactly."""
    world = World()
    assert world.sim.open_chat(chat_id).id == chat_id
    with pytest.raises(ChatNotFoundError):
        world.chats.get_chat(chat_id.upper() if chat_id.upper() != chat_id else chat_id + " ")


def test_ids_may_be_text() -> None:
    """Owner and organization are UUIDs or their text."""
    world = World()
    assert world.chats.open_chat(CHAT, owner_id=str(world.sim.owner_id), organization_id=f" {world.sim.organization_id}") == world.chat


# ------------------------------------------------------------------ the history


def test_a_chat_that_never_had_a_workspace_has_no_history() -> None:
    """Opening it is no entry."""
    assert history(World()) == []


def test_a_creation_is_one_entry() -> None:
    """What was asked for, what it became, and when each was written."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").take(7)
    begun = world.sim.now()
    outcome = world.chats.create(CHAT, docker.id)
    (intent,) = history(world)
    workspace = outcome.require_ready()
    assert intent == Intent(
        generation=1,
        name=workspace.name,
        template_id=docker.id,
        workspace_id=workspace.id,
        planned_at=begun,
        bound_at=begun + timedelta(seconds=7),
    )


def test_an_interrupted_creation_is_an_entry_without_a_workspace() -> None:
    """Until somebody settles it; then it is the same entry, with the workspace that it became."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    assert [(it.workspace_id, it.bound_at) for it in history(world)] == [(None, None)]
    world.chats.create(CHAT, docker.id)
    assert [(it.generation, it.workspace_id) for it in history(world)] == [(1, world.latest.id)]


def test_each_generation_is_an_entry_and_names_what_it_replaced() -> None:
    """Creation, replacement, detach, creation: oldest first."""
    world = World()
    first = world.created()
    template = first.require_ready().template_id
    second = world.chats.create(CHAT, template, replace=True)
    world.chats.detach(CHAT)
    third = world.chats.create(CHAT, template)
    assert [(it.generation, it.template_id, it.replaces, it.workspace_id) for it in history(world)] == [
        (1, template, None, first.workspace_id),
        (2, template, first.workspace_id, second.workspace_id),
        (3, None, second.workspace_id, None),
        (4, template, None, third.workspace_id),
    ]


def test_every_refusal_is_noted() -> None:
    """In the entry of the generation that it refused."""
    world = World()
    docker = world.template()
    for message in ("no room", ""):
        world.coder.when("create_workspace").refuse(400, message)
        with pytest.raises(RefusedError):
            world.chats.create(CHAT, docker.id)
    assert [it.notes for it in history(world)] == [("refused: no room",), ("refused: request failed",)]
    world.chats.create(CHAT, docker.id)
    assert [it.workspace_id for it in history(world)] == [None, None, world.latest.id]
    assert len({it.name for it in history(world)}) == 1


def test_who_took_over_from_a_dead_process_is_noted() -> None:
    """By name, and when, in the entry of the generation that goes on: who has died, and who made the workspace."""
    world = World()
    docker = world.template()
    dead = world.interrupted_creation(docker, at="coder.create_workspace")
    heir = world.sim.process("heir")
    heir.workspaces.create(CHAT, docker.id)
    (entry,) = history(world)
    (note,) = entry.notes
    assert entry.bound_at is not None
    assert note == f"{TAKEN_OVER}{heir.name} from {dead.name} at {entry.bound_at:%Y-%m-%d %H:%M:%S} UTC"


def test_a_claim_that_was_given_back_is_not_taken_over() -> None:
    """Whoever comes after a call that has ended notes nothing."""
    world = World()
    world.created()
    world.chats.create(CHAT, world.template("gpu").id, replace=True)
    assert [it.notes for it in history(world)] == [(), ()]


def test_a_refusal_is_told_whoever_took_over_since() -> None:
    """Two that died before they had attached anything do not hide why the creation was refused."""
    world = World()
    docker = world.template()
    own = world.own(docker)
    world.coder.when("create_workspace").refuse(400, "no room")
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id)
    for name in ("first", "second"):
        process = world.sim.process(name)
        process.kill(before="store.attach")
        world.sim.run(partial(process.workspaces.attach, CHAT, own.id))
        world.sim.sleep(CLAIM)
    assert [note.partition(" ")[0] for note in history(world)[-1].notes] == ["refused:", "taken"]
    assert world.chats.status(CHAT).error == "no room"


def test_the_plan_of_another_takes_the_place_in_the_same_entry() -> None:
    """A later caller with another template goes on with the same generation: the entry says what was asked for last."""
    world = World()
    docker, gpu = world.template(), world.template("gpu")
    world.interrupted_creation(docker, at="coder.create_workspace")
    world.chats.create(CHAT, gpu.id)
    assert [(it.generation, it.template_id, it.workspace_id) for it in history(world)] == [(1, gpu.id, world.latest.id)]


def test_a_workspace_that_could_not_be_bound_is_in_the_history() -> None:
    """A refused holder made it after the name had become free: it is told what the chat has, and the history names the stray."""
    world = World()
    docker, late, other = world.template(**SLOW), world.sim.process("late"), world.sim.process("other")
    late.pause(CLAIM + 10, before="coder.create_workspace")
    world.sim.at(CLAIM + 2, lambda: other.workspaces.create(CHAT, docker.id, wait=0))
    world.sim.at(CLAIM + 5, lambda: world.coder.workspaces[0].rename("mine-now"))
    (outcome,) = world.sim.run(lambda: late.workspaces.create(CHAT, docker.id))
    kept, stray = world.coder.workspaces
    assert (outcome.reason, outcome.created, outcome.workspace_id) == (Reason.EXISTING, False, kept.id)
    taken_over, made = history(world)[-1].notes
    assert taken_over.startswith(TAKEN_OVER)
    assert made == f"made {stray.name} ({stray.id}) and was overtaken"
    assert [it.id for it in world.chats.sweep().strays] == [stray.id]


def test_a_parameter_is_not_in_the_history() -> None:
    """Only a keyed hash of the parameters is kept, and that in the plan while it stands."""
    world = World()
    docker = world.template(parameters=[Parameter(name="token", default="")])
    world.interrupted_creation(docker, parameters={"token": "canary"})
    plan = world.sim.store.look(CHAT).plan
    assert plan is not None
    assert len(plan.fingerprint) == 32
    assert "canary" not in repr((plan, history(world)))


def test_the_history_is_the_same_in_every_process() -> None:
    """It is the store's."""
    world = World()
    world.created()
    other: Process = world.sim.process("other")
    assert list(other.workspaces.history(CHAT)) == history(world)

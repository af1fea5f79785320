"""attach() and detach(): the binding changes on the caller's word, and what is left behind is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, LeftBehind, Outcome, Phase, Reason, State, UnavailableError, Workspace
from chatworkspace_fake import FakeWorkspace
from tests.service.chats import CHAT, CLAIM, READY, SLOW, World, nowhere


def left_behind(workspace: Workspace, reason: Reason) -> LeftBehind:
    return LeftBehind(workspace_id=workspace.id, name=workspace.full_name, reason=reason)


# ------------------------------------------------------------------ attach


def test_a_workspace_of_the_users_is_attached() -> None:
    """The chat is bound to it, in a new generation, and it is waited for as a creation does."""
    world = World()
    own = world.own(world.template(**SLOW))
    outcome = world.chats.attach(CHAT, own.id)
    assert (outcome.state, outcome.reason, outcome.created, outcome.elapsed) == (State.READY, Reason.ATTACHED, False, READY)
    assert (outcome.workspace_id, outcome.chat.generation, outcome.left_behind) == (own.id, 2, None)
    assert world.chats.get_chat(CHAT) == outcome.chat


def test_attaching_what_is_attached_changes_nothing() -> None:
    """No claim, no generation; it is told as existing."""
    world = World()
    own = world.own(world.template())
    first = world.chats.attach(CHAT, own.id)
    again = world.chats.attach(CHAT, str(own.id))
    assert (again.reason, again.chat) == (Reason.EXISTING, first.chat)


def test_what_was_there_is_left_behind_and_named() -> None:
    """It lives on; the outcome and the history name it."""
    world = World()
    first = world.created().require_ready()
    own = world.own(world.coder.workspaces[0].template)
    outcome = world.chats.attach(CHAT, own.id)
    assert outcome.left_behind == left_behind(first, Reason.ATTACHED)
    assert [it.id for it in world.coder.live] == [first.id, own.id]
    last = world.chats.history(CHAT)[-1]
    assert (last.replaces, last.workspace_id, last.notes) == (first.id, own.id, (f"attached; left behind {first.full_name}",))


def test_a_creation_finds_what_was_attached() -> None:
    """The chat has its one workspace, whoever made it."""
    world = World()
    own = world.own(world.template())
    world.chats.attach(CHAT, own.id)
    world.sim.sleep(60)
    outcome = world.chats.create(CHAT, own.template.id, name="mine")
    assert (outcome.reason, outcome.workspace_id) == (Reason.EXISTING, own.id)
    assert outcome.not_applied == {"name": "own"}


def test_what_is_gone_is_not_left_behind() -> None:
    """A deleted workspace is proven gone."""
    world = World()
    world.created()
    own = world.own(world.coder.workspaces[0].template)
    world.coder.workspaces[0].delete()
    assert world.chats.attach(CHAT, own.id).left_behind is None


def test_what_was_left_behind_may_be_attached_again() -> None:
    """A stray of the chat's own making is a workspace like any other."""
    world = World()
    first = world.created().require_ready()
    world.chats.detach(CHAT)
    outcome = world.chats.attach(CHAT, first.id)
    assert (outcome.reason, outcome.workspace_id, outcome.left_behind, outcome.chat.generation) == (Reason.ATTACHED, first.id, None, 3)


def test_two_chats_may_share_what_somebody_attached() -> None:
    """On the caller's word, one workspace serves two chats."""
    world = World()
    own = world.own(world.template())
    world.sim.open_chat("chat-2")
    assert {world.chats.attach(chat, own.id).workspace_id for chat in (CHAT, "chat-2")} == {own.id}


def test_a_stopped_workspace_is_attached_as_it_is() -> None:
    """It is bound, and told as stopped: nobody asked for a start."""
    world = World()
    own = world.own(world.template())
    own.stop()
    outcome = world.chats.attach(CHAT, own.id)
    assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.STOPPED, Reason.NOT_RUNNING, own.id)
    assert world.chats.get_chat(CHAT).workspace_id == own.id


def test_wait_0_attaches_and_does_not_wait() -> None:
    """The binding is written; the rest is under way."""
    world = World()
    own = world.own(world.template(**SLOW))
    outcome = world.chats.attach(CHAT, own.id, wait=0)
    assert (outcome.state, outcome.phase, outcome.elapsed) == (State.STARTING, Phase.BUILDING, 0)
    assert world.chats.get_chat(CHAT).workspace_id == own.id


def deleted(world: World) -> UUID:
    own = world.own(world.template())
    own.delete()
    return own.id


def foreign(world: World) -> UUID:
    return world.own(world.template(organization_id=UUID(int=3))).id


def hidden(world: World) -> UUID:
    own = world.own(world.template())
    own.hide()
    return own.id


def of_another_owner(world: World) -> UUID:
    return world.coder.add_workspace(world.template(), owner_id=UUID(int=8)).id


def of_nobody(_: World) -> UUID:
    return nowhere()


def no_id(_: World) -> str:
    return "docker"


def discarded(world: World) -> UUID:
    own = world.own(world.template())
    world.sim.store.discard(own.id)
    return own.id


@pytest.mark.parametrize(
    ("choose", "reason"),
    [
        (of_nobody, Reason.NOT_VISIBLE),
        (hidden, Reason.NOT_VISIBLE),
        (of_another_owner, Reason.NOT_VISIBLE),
        (deleted, Reason.DELETED),
        (foreign, Reason.OTHER_ORGANIZATION),
        (discarded, Reason.DISCARDED),
        (no_id, Reason.INVALID_ARGUMENT),
    ],
)
def test_what_may_not_be_attached_is_refused(choose: Callable[[World], Any], reason: Reason) -> None:
    """The error names the argument and the reason; the binding stays, and no claim is left in force."""
    world = World()
    wanted = choose(world)
    with pytest.raises(InvalidArgumentError) as error:
        world.chats.attach(CHAT, wanted)
    assert (error.value.argument, error.value.reason) == ("workspace_id", reason)
    look = world.sim.store.look(CHAT)
    assert (look.chat, look.claimed_for) == (world.chat, 0)


def test_attach_when_the_platform_cannot_be_asked() -> None:
    """Nothing was decided: the caller may try again."""
    world = World()
    own = world.own(world.template())
    world.coder.when("get_workspace").lose_request()
    with pytest.raises(UnavailableError) as error:
        world.chats.attach(CHAT, own.id)
    assert (error.value.reason, world.chats.get_chat(CHAT)) == (Reason.PLATFORM_UNAVAILABLE, world.chat)


# ------------------------------------------------------------------ attach, with a plan that stands


def test_attach_names_what_a_dead_process_has_made() -> None:
    """The plan is settled by name under the claim: what is there is left behind, and its name is not used again."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    made, own = world.latest, world.own(docker)
    outcome = world.chats.attach(CHAT, own.id)
    assert outcome.left_behind == left_behind(made.now, Reason.ATTACHED)
    assert world.sim.store.look(CHAT).plan is None
    world.chats.detach(CHAT)
    assert world.chats.create(CHAT, docker.id).require_ready().name != made.name


def test_attach_drops_a_plan_that_made_nothing() -> None:
    """Nothing bears the name: nothing is left behind, and the name may be used again."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker, at="coder.create_workspace")
    own = world.own(docker)
    assert world.chats.attach(CHAT, own.id).left_behind is None
    assert (world.sim.store.look(CHAT).plan, world.sim.store.look(CHAT).number) == (None, 0)


def test_attach_of_what_the_plan_became() -> None:
    """It is kept, so it is not left behind."""
    world = World()
    world.interrupted_creation(world.template())
    outcome = world.chats.attach(CHAT, world.latest.id)
    assert (outcome.left_behind, outcome.workspace_id) == (None, world.latest.id)


def test_a_plan_that_cannot_be_settled_ends_the_call() -> None:
    """A workspace that nobody can name must not be left behind: nothing is written, and the claim is given back."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    own = world.own(docker)
    world.coder.when("find_workspace").lose_request()
    with pytest.raises(UnavailableError):
        world.chats.attach(CHAT, own.id)
    look = world.sim.store.look(CHAT)
    assert (look.plan is not None, look.claimed_for) == (True, 0)


@pytest.mark.parametrize("act", ["attach", "detach", "close_chat"])
def test_a_living_plan_is_waited_for(act: str) -> None:
    """Somebody creates: the call waits for its turn, or says that it is queued."""
    world = World()
    docker, dead = world.template(), world.sim.process()
    own = world.own(docker)
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    call: Callable[..., Outcome] = getattr(world.chats, act)
    arguments = (CHAT, own.id) if act == "attach" else (CHAT,)
    queued = call(*arguments, wait=4)
    assert (queued.phase, queued.reason, queued.elapsed) == (Phase.QUEUED, Reason.IN_PROGRESS, 4)
    outcome = call(*arguments)
    assert outcome.elapsed == CLAIM - 4
    assert outcome.left_behind is not None


# ------------------------------------------------------------------ detach


def test_a_detached_workspace_is_left_alone() -> None:
    """The chat has none, the outcome names what it had, and the workspace lives on untouched."""
    world = World()
    first = world.created().require_ready()
    outcome, calls = world.counts(lambda: world.chats.detach(CHAT))
    assert (outcome.state, outcome.reason, outcome.workspace) == (State.ABSENT, Reason.DETACHED, None)
    assert outcome.left_behind == left_behind(first, Reason.DETACHED)
    assert (outcome.chat.workspace_id, outcome.chat.generation) == (None, 2)
    assert calls == {"get_workspace": 1}
    assert world.latest.now.build.number == 1


def test_detaching_an_unbound_chat_is_fine() -> None:
    """Nothing changes."""
    world = World()
    outcome = world.chats.detach(CHAT)
    assert (outcome.state, outcome.reason, outcome.left_behind, outcome.chat) == (State.ABSENT, Reason.DETACHED, None, world.chat)


def test_after_a_detach_another_workspace_gets_another_name() -> None:
    """A live one of the old name was left behind."""
    world = World()
    first = world.created().require_ready()
    world.chats.detach(CHAT)
    second = world.chats.create(CHAT, first.template_id).require_ready()
    assert second.name != first.name
    assert [it.id for it in world.coder.live] == [first.id, second.id]


def test_after_a_detach_from_what_is_gone_the_name_is_used_again() -> None:
    """Nothing live bears it."""
    world = World()
    first = world.created().require_ready()
    world.latest.delete()
    assert world.chats.detach(CHAT).left_behind is None
    assert world.chats.create(CHAT, first.template_id).require_ready().name == first.name


def test_after_a_detach_from_what_somebody_else_made_the_name_stays() -> None:
    """It does not bear the chat's mark, so no name of the chat's is in use."""
    world = World()
    own = world.own(world.template())
    world.chats.attach(CHAT, own.id)
    assert world.chats.detach(CHAT).left_behind == left_behind(own.now, Reason.DETACHED)
    assert world.sim.store.look(CHAT).number == 0


def hide(workspace: FakeWorkspace, world: World) -> None:
    del world
    workspace.hide()


def silence(workspace: FakeWorkspace, world: World) -> None:
    del workspace
    world.coder.when("get_workspace").lose_request()


@pytest.mark.parametrize("fault", [hide, silence])
def test_detach_is_the_way_out_of_what_cannot_be_seen(fault: Callable[[FakeWorkspace, World], None]) -> None:
    """What is not proven gone counts as live: it is named by its id, and its name is not used again."""
    world = World()
    first = world.created().require_ready()
    fault(world.latest, world)
    outcome = world.chats.detach(CHAT)
    assert outcome.left_behind == LeftBehind(workspace_id=first.id, name="", reason=Reason.DETACHED)
    assert world.sim.store.look(CHAT).number == 1
    assert world.chats.history(CHAT)[-1].notes == (f"detached; left behind {first.id}",)


def test_an_overtaken_holder_of_a_detach_looks_again() -> None:
    """It stands still for longer than its claim lives, and somebody replaces the workspace: what it detaches then is the new one."""
    world = World()
    first, other = world.created().require_ready(), world.sim.process("other")
    world.sim._default.pause(60, before="store.attach")
    world.sim.at(100, lambda: other.workspaces.create(CHAT, first.template_id, replace=True))
    (outcome,) = world.sim.run(lambda: world.chats.detach(CHAT))
    assert outcome.left_behind is not None
    assert (outcome.left_behind.workspace_id, outcome.chat.generation) == (world.coder.workspaces[1].id, 3)


def test_a_write_that_fails_gives_the_claim_back() -> None:
    """Whatever the store raises: the next caller does not wait for a dead claim."""
    world = World()
    world.created()
    world.sim.store.when("attach").fail(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        world.chats.detach(CHAT)
    assert world.sim.store.look(CHAT).claimed_for == 0
    assert world.chats.detach(CHAT).elapsed == 0


def test_an_answer_that_the_store_lost_is_asked_for_again() -> None:
    """The same write once more is harmless: one generation, one entry of the history."""
    world = World()
    world.created()
    world.sim.store.when("attach").lose_answer()
    outcome = world.chats.detach(CHAT)
    assert (outcome.chat.generation, len(world.chats.history(CHAT))) == (2, 2)


def test_a_write_that_may_have_been_made_is_not_made_twice() -> None:
    """Its answer is lost, and somebody gives the chat another workspace before it can be asked for again: that one is not detached."""
    world = World()
    first, other = world.created().require_ready(), world.sim.process("other")
    world.sim.store.when("attach").lose_answer()
    world.sim.at(62, lambda: other.workspaces.create(CHAT, first.template_id))

    def detach() -> UnavailableError:
        with pytest.raises(UnavailableError) as error:
            world.chats.detach(CHAT)
        return error.value

    (error,) = world.sim.run(detach)
    assert (error.reason, world.chats.get_chat(CHAT).workspace_id) == (Reason.STORE_UNAVAILABLE, world.latest.id)
    assert world.chats.history(CHAT)[1].replaces == first.id


@pytest.mark.parametrize("wait", [0, 3])
def test_who_waits_for_a_workspace_is_told_that_it_was_detached(wait: float) -> None:
    """A creation that waits is overtaken: it is told that the chat has none, and which workspace it was."""
    world = World()
    docker = world.template(**SLOW)

    def detach_soon() -> Outcome:
        world.sim.sleep(20)
        return world.chats.detach(CHAT, wait=wait)

    created, detached = world.sim.run(lambda: world.chats.create(CHAT, docker.id), detach_soon)
    assert detached.reason is Reason.DETACHED
    assert (created.state, created.reason, created.elapsed) == (State.ABSENT, Reason.OVERTAKEN, READY)
    assert created.left_behind == left_behind(world.latest.now, Reason.OVERTAKEN)

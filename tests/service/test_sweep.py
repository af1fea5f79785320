"""sweep(): plans that stood too long are settled, strays are listed, and nothing is deleted unasked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, Reason, Sweep, UnavailableError, Workspace
from chatworkspace.ports import TAKEN_OVER
from chatworkspace_fake import FakeCoder
from tests.service.chats import CHAT, World, nowhere

LONG = 900
"""Seconds after which a plan is settled."""


def stray_world() -> tuple[World, UUID]:
    """Return a world in which a workspace of the chat's making was left behind, and its id."""
    world = World()
    first = world.created()
    world.chats.detach(CHAT)
    assert first.workspace_id is not None
    return world, first.workspace_id


# ------------------------------------------------------------------ settling


def test_there_is_nothing_to_sweep() -> None:
    """A chat that is bound, one that never had a workspace, and a workspace of the user's."""
    world = World()
    world.created()
    world.own(world.coder.workspaces[0].template)
    world.sim.open_chat("chat-2")
    assert world.chats.sweep() == Sweep()


def test_a_plan_that_became_a_workspace_is_bound() -> None:
    """Its maker died long ago; the sweep binds what it made, and it is no stray."""
    world = World()
    world.interrupted_creation(world.template())
    world.sim.sleep(LONG)
    swept = world.chats.sweep()
    assert (swept.settled, swept.strays, swept.errors) == ((CHAT,), (), {})
    assert world.chats.get_chat(CHAT).workspace_id == world.latest.id


def test_a_plan_that_became_nothing_is_dropped() -> None:
    """The name stays, and the history says so."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker, at="coder.create_workspace")
    world.sim.sleep(LONG)
    name = world.sim.store.look(CHAT).name
    assert world.chats.sweep().settled == (CHAT,)
    assert world.sim.store.look(CHAT).plan is None
    taken_over, dropped = world.chats.history(CHAT)[-1].notes
    assert (taken_over.startswith(TAKEN_OVER), dropped) == (True, "plan dropped by the sweep")
    assert world.chats.status(CHAT).reason is Reason.NO_WORKSPACE
    assert world.chats.create(CHAT, docker.id, name="other").require_ready().name == name


def test_a_young_plan_is_left_alone() -> None:
    """Fifteen minutes; what it may have made is no stray meanwhile."""
    world = World()
    world.interrupted_creation(world.template())
    world.sim.sleep(LONG - 60)
    assert world.chats.sweep() == Sweep()
    assert world.sim.store.look(CHAT).plan is not None


def test_a_plan_at_which_somebody_is() -> None:
    """A living claim: it is left to its holder."""
    world = World()
    docker, slow = world.template(), world.sim.process("slow")
    world.interrupted_creation(docker, at="coder.create_workspace")
    world.sim.sleep(LONG)
    slow.kill(before="store.bind")
    world.sim.run(lambda: slow.workspaces.create(CHAT, docker.id))
    swept = world.chats.sweep()
    assert (swept.settled, swept.strays) == ((), ())


def test_a_plan_that_somebody_settles_meanwhile() -> None:
    """The sweep looked at it, and comes too late to claim it: nothing is settled by it, and nothing goes wrong."""
    world = World()
    docker, other = world.template(), world.sim.process("other")
    world.interrupted_creation(docker)
    world.sim.sleep(LONG)
    world.coder.when("find_workspace").take(5)
    world.sim.at(world.sim.elapsed + 1, lambda: other.workspaces.create(CHAT, docker.id))
    (swept,) = world.sim.run(world.chats.sweep)
    assert swept == Sweep()
    assert world.chats.get_chat(CHAT).workspace_id == world.latest.id


def test_a_sweeper_that_stands_still_with_a_claim_is_refused() -> None:
    """Its claim ran out before it could bind: it has settled nothing."""
    world = World()
    docker, other = world.template(), world.sim.process("other")
    world.interrupted_creation(docker)
    world.sim.sleep(LONG)
    world.sim._default.pause(60, before="store.bind")
    world.sim.at(world.sim.elapsed + 40, lambda: other.workspaces.detach(CHAT))
    (swept,) = world.sim.run(world.chats.sweep)
    assert swept.settled == ()
    assert [it.id for it in swept.strays] == [world.latest.id]


def test_one_bad_row_does_not_stop_it() -> None:
    """What went wrong is told by chat; the rest is done."""
    world = World()
    docker = world.template()
    for number in range(3):
        world.sim.open_chat(f"many-{number}")
        process = world.sim.process()
        process.kill(before="store.bind")
        world.sim.run(partial(process.workspaces.create, f"many-{number}", docker.id))
    world.sim.sleep(LONG)
    world.coder.when("find_workspace", nth=2).fail(UnavailableError("no token", retryable=False))
    swept = world.chats.sweep()
    assert swept.settled == ("many-0", "many-2")
    assert swept.errors == {"many-1": "no token"}


# ------------------------------------------------------------------ listing


def test_what_was_left_behind_is_listed() -> None:
    """By its mark; it lives on."""
    world, stray = stray_world()
    swept = world.chats.sweep()
    assert [it.id for it in swept.strays] == [stray]
    assert [it.id for it in world.coder.live] == [stray]


def test_each_that_was_left_behind_is_listed() -> None:
    """Replaced again and again; the one in use is not among them, nor what is deleted."""
    world = World()
    first = world.created()
    for _ in range(3):
        world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    world.coder.workspaces[1].delete()
    assert [it.id for it in world.chats.sweep().strays] == [world.coder.workspaces[0].id, world.coder.workspaces[2].id]


def test_what_was_attached_again_is_not_a_stray() -> None:
    """Somebody has it."""
    world, stray = stray_world()
    world.sim.open_chat("chat-2")
    world.chats.attach("chat-2", stray)
    assert world.chats.sweep().strays == ()


def test_what_a_store_has_forgotten_is_listed() -> None:
    """It lost its last commits, number and all; the mark leads back to the chat."""
    world = World()
    first = world.created()
    for _ in range(4):
        world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    world.sim.store.lose_commits(8)
    assert [it.id for it in world.chats.sweep().strays] == [it.id for it in world.coder.workspaces[1:]]


def test_a_mark_is_compared_without_case() -> None:
    """As the platform compares names."""
    world, stray = stray_world()
    world.latest.rename(world.latest.name.upper())
    assert [it.id for it in world.chats.sweep().strays] == [stray]


def test_what_bears_no_mark_is_nobodys_business() -> None:
    """A workspace that the user renamed, mark and all."""
    world, _ = stray_world()
    world.latest.rename("mine-now")
    assert world.chats.sweep().strays == ()


def test_the_strays_of_a_closed_chat_are_listed() -> None:
    """Chats are closed, never removed."""
    world = World()
    world.created()
    world.chats.close_chat(CHAT)
    assert [it.id for it in world.chats.sweep().strays] == [world.latest.id]


def test_an_owner_whose_workspaces_cannot_be_listed() -> None:
    """The error is told by owner, the others are listed."""
    world, stray = stray_world()
    world.chats.open_chat("of-another", owner_id=UUID(int=8), organization_id=world.sim.organization_id)
    world.coder.when("list_workspaces").fail()
    swept = world.chats.sweep()
    assert [it.id for it in swept.strays] == [stray]
    assert swept.errors == {str(UUID(int=8)): "503: the server is busy"}


@pytest.mark.parametrize("call", ["planned", "owned", "secret"])
def test_a_store_that_cannot_be_asked_ends_it(call: Any) -> None:
    """Without it, nothing is known."""
    world = World()
    world.sim.store.when(call).fail(UnavailableError("no database", retryable=False))
    with pytest.raises(UnavailableError) as error:
        world.chats.sweep()
    assert error.value.reason is Reason.STORE_UNAVAILABLE


# ------------------------------------------------------------------ deleting


def test_a_stray_that_is_named_is_deleted() -> None:
    """By its id; it is written down as discarded first, so that nobody attaches it, and the history says who deleted it."""
    world, stray = stray_world()
    swept = world.chats.sweep(delete=[str(stray)])
    assert (swept.deleted, swept.strays, swept.errors) == ((stray,), (), {})
    assert world.coder.live == ()
    assert world.chats.history(CHAT)[-1].notes[-1] == f"stray {stray} deleted by the sweep"
    with pytest.raises(InvalidArgumentError) as error:
        world.chats.attach(CHAT, stray)
    assert error.value.reason is Reason.DELETED


def bound(world: World) -> UUID:
    world.chats.create(CHAT, world.latest.template.id)
    return world.latest.id


def of_the_user(world: World) -> UUID:
    return world.own(world.latest.template).id


def of_nobody(_: World) -> UUID:
    return nowhere()


@pytest.mark.parametrize("choose", [bound, of_the_user, of_nobody])
def test_what_is_no_stray_is_not_deleted(choose: Callable[[World], UUID]) -> None:
    """Whoever names it."""
    world, stray = stray_world()
    wanted = choose(world)
    live = world.coder.live
    swept = world.chats.sweep(delete=[wanted])
    assert swept.errors == {str(wanted): "not a stray: nothing was deleted"}
    assert (swept.deleted, [it.id for it in swept.strays], world.coder.live) == ((), [stray], live)


def test_one_that_cannot_be_deleted_does_not_stop_the_others() -> None:
    """Refused by the platform: told by id, still a stray, and its chat's claim is given back."""
    world, first = stray_world()
    world.chats.create(CHAT, world.latest.template.id)
    world.chats.detach(CHAT)
    second = world.latest.id
    world.coder.when("delete_workspace").refuse(403, "not yours")
    swept = world.chats.sweep(delete=[first, second])
    assert (swept.deleted, swept.errors) == ((second,), {str(first): "not yours"})
    assert [it.id for it in swept.strays] == [first]
    assert world.sim.store.look(CHAT).claimed_for == 0


def test_a_stray_whose_chat_is_in_use_is_not_deleted() -> None:
    """Somebody's claim lives."""
    world, stray = stray_world()
    slow = world.sim.process("slow")
    slow.kill(before="store.bind")
    world.sim.run(lambda: slow.workspaces.create(CHAT, world.latest.template.id))
    swept = world.chats.sweep(delete=[stray])
    assert swept.errors == {str(stray): "the chat is in use: nothing was deleted"}
    assert len(world.coder.live) == 2


class Meanwhile(FakeCoder):
    """A platform where something happens right after the strays were listed."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.then: Callable[[], object] | None = None

    def list_workspaces(self, *args: Any, **kwargs: Any) -> Any:
        """List, and let it happen."""
        found = super().list_workspaces(*args, **kwargs)
        if self.then is not None:
            self.then()
        return found


def test_a_stray_that_somebody_attaches_meanwhile_is_not_deleted() -> None:
    """It was looked at after it was listed: what was bound meanwhile is nobody's stray."""
    world = World(coder=Meanwhile)
    first = world.created()
    world.chats.detach(CHAT)
    world.sim.open_chat("chat-2")
    assert isinstance(world.coder, Meanwhile)
    world.coder.then = lambda: world.sim.process().workspaces.attach("chat-2", world.coder.workspaces[0].id)
    assert first.workspace_id is not None
    swept = world.chats.sweep(delete=[first.workspace_id])
    assert (swept.deleted, swept.strays) == ((), ())
    assert len(world.coder.live) == 1


@pytest.mark.parametrize("by", [CHAT, "chat-2"])
def test_a_stray_that_somebody_attaches_at_the_last_moment_is_not_deleted(by: str) -> None:
    """Between the list and the deletion: the store refuses to discard what a chat is bound to."""
    world, stray = stray_world()
    world.sim.open_chat("chat-2")
    other = world.sim.process("other")
    world.sim._default.pause(5, before="store.claim")
    world.sim.at(62, lambda: other.workspaces.attach(by, stray))
    (swept,) = world.sim.run(lambda: world.chats.sweep(delete=[stray]))
    assert (swept.deleted, len(world.coder.live)) == ((), 1)
    assert list(swept.errors) == [str(stray)]


def test_a_stray_that_its_own_chat_has_again_is_not_deleted() -> None:
    """It was attached between the list and the look under which it would be deleted."""
    world, stray = stray_world()
    other = world.sim.process("other")
    world.sim._default.pause(5, before="store.look")
    world.sim.at(62, lambda: other.workspaces.attach(CHAT, stray))
    (swept,) = world.sim.run(lambda: world.chats.sweep(delete=[stray]))
    assert (swept.deleted, swept.errors) == ((), {str(stray): "it is the chat's: nothing was deleted"})
    assert world.sim.store.look(CHAT).claimed_for == 0


def test_what_is_to_be_deleted_is_checked_first() -> None:
    """An id that is none deletes nothing at all."""
    world, stray = stray_world()
    with pytest.raises(InvalidArgumentError) as error:
        world.chats.sweep(delete=[stray, "docker"])
    assert (error.value.argument, len(world.coder.live)) == ("delete", 1)


def test_a_deletion_whose_answer_is_lost() -> None:
    """Told as an error; the next sweep does not find it any more."""
    world, stray = stray_world()
    world.coder.when("delete_workspace").lose_answer()
    swept = world.chats.sweep(delete=[stray])
    assert (swept.deleted, list(swept.errors)) == ((), [str(stray)])
    assert world.chats.sweep() == Sweep()
    assert isinstance(world.latest.now, Workspace)

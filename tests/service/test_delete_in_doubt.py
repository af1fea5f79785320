"""delete() and what is in doubt, under way, or dies meanwhile."""

from __future__ import annotations

from functools import partial

import pytest

from chatworkspace import (
    Advice,
    BusyError,
    ChatClosedError,
    LeftBehind,
    Reason,
    State,
)
from tests.service.chats import CHAT, CLAIM, SLOW, World
from tests.service.deleting import DELETE, START, notes, told

# ------------------------------------------------------------------ what is in doubt


def test_a_plan_in_doubt_is_settled_first() -> None:
    """What a dead process has made is deleted."""
    world = World()
    world.interrupted_creation(world.template())
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.workspace_id) == (State.GONE, Reason.DELETED, world.latest.id)
    assert (world.coder.live, world.sim.store.look(CHAT).plan) == ((), None)


def test_a_plan_of_which_nothing_came_is_dropped() -> None:
    """The chat is closed."""
    world = World()
    world.interrupted_creation(world.template(), at="coder.create_workspace")
    assert told(world.chats.delete(CHAT)) == (State.ABSENT, Reason.CHAT_CLOSED)
    assert (world.coder.workspaces, world.sim.store.look(CHAT).plan) == ((), None)


def test_a_replacement_in_doubt_is_settled_first() -> None:
    """It is the chat's, and deleted; what it has replaced, on somebody's word, is named."""
    world = World()
    docker = world.template()
    first = world.chats.create(CHAT, docker.id).require_ready()
    world.interrupted_creation(docker, replace=True)
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.workspace_id) == (State.GONE, Reason.DELETED, world.latest.id)
    assert outcome.left_behind == LeftBehind(workspace_id=first.id, name=first.full_name, reason=Reason.REPLACED)
    assert [it.id for it in world.coder.live] == [first.id]


def test_a_replacement_of_which_nothing_came_is_dropped() -> None:
    """What the chat has is deleted."""
    world = World()
    docker = world.template()
    first = world.chats.create(CHAT, docker.id).require_ready()
    world.interrupted_creation(docker, at="coder.create_workspace", replace=True)
    assert world.chats.delete(CHAT).workspace_id == first.id
    assert (world.coder.live, world.sim.store.look(CHAT).plan) == ((), None)


def test_a_creation_that_is_being_sent_is_waited_for() -> None:
    """Its holder has the claim: what it makes is deleted, and its caller is told that the chat was closed."""
    world = World()
    docker, other = world.template(build=5), world.sim.process("other")
    world.coder.when("create_workspace").take(10)
    world.sim.at(1, lambda: world.chats.delete(CHAT))
    (outcome,) = world.sim.run(lambda: other.workspaces.create(CHAT, docker.id))
    assert (*told(outcome), outcome.chat.closed) == (State.ABSENT, Reason.OVERTAKEN, True)
    assert (len(world.coder.workspaces), world.coder.live) == (1, ())


def test_a_creation_that_arrives_after_it_is_a_stray_that_the_sweep_lists() -> None:
    """Its request was acted upon when the chat was closed: it is nobody's, it leads back to the chat, and is deleted when it is named."""
    world = World()
    docker, late = world.template(), world.sim.process("late")
    late.pause(40, before="coder.create_workspace")
    world.sim.at(35, lambda: world.chats.delete(CHAT))

    def create() -> None:
        with pytest.raises(ChatClosedError):
            late.workspaces.create(CHAT, docker.id)

    world.sim.run(create)
    stray = world.latest
    assert notes(world) == ("chat_closed", f"made {stray.name} ({stray.id}) and was overtaken")
    assert told(world.chats.delete(CHAT)) == (State.ABSENT, Reason.CHAT_CLOSED)
    assert [it.id for it in world.chats.sweep().strays] == [stray.id]
    assert world.chats.sweep(delete=[stray.id]).deleted == (stray.id,)


def test_what_is_made_between_the_look_and_the_claim_is_named() -> None:
    """A late request made it when the plan was looked for already: it is left behind, and the outcome names it."""
    world = World()
    docker, dead = world.template(), world.sim.process("dead")
    world.coder.when("create_workspace").arrive_late(10)
    dead.kill(before="coder.find_workspace")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    world.sim.sleep(CLAIM + 3 - world.sim.elapsed)
    world.sim._default.pause(4, before="store.claim")
    (outcome,) = world.sim.run(lambda: world.chats.delete(CHAT))
    assert told(outcome) == (State.ABSENT, Reason.CHAT_CLOSED)
    assert outcome.left_behind is not None
    assert [it.id for it in world.chats.sweep().strays] == [outcome.left_behind.workspace_id] == [world.latest.id]


# ------------------------------------------------------------------ who comes at the same time


@pytest.mark.parametrize("seed", range(6))
def test_two_at_once_ask_for_one_deletion(seed: int) -> None:
    """Threads and processes: all are told of the same workspace, and it is deleted once."""
    world = World(seed)
    first = world.created(delete=9)
    others = [world.sim.process() for _ in range(3)]
    outcomes = world.sim.run(*[partial(it.delete, CHAT) for it in (world.chats, world.chats, *(other.workspaces for other in others))])
    assert {(*told(it), it.workspace_id) for it in outcomes} == {(State.GONE, Reason.DELETED, first.workspace_id)}
    assert sum(it.built for it in outcomes) >= 1
    assert world.latest.builds == ((1, START), (2, DELETE))


def test_somebody_elses_turn_that_does_not_come() -> None:
    """A closed chat has nothing, and nobody knows yet what becomes of what it had: the call says that another is at it."""
    world = World()
    world.created()
    other = world.sim.process("other")
    other.pause(10, before="coder.delete_workspace")

    def impatient() -> None:
        world.sim.sleep(2)
        with pytest.raises(BusyError) as error:
            world.chats.delete(CHAT, wait=3)
        assert error.value.advice is Advice.CALL_AGAIN

    world.sim.run(lambda: other.workspaces.delete(CHAT), impatient)
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)


def test_who_waits_for_the_workspace_is_told_that_the_chat_was_closed() -> None:
    """It was building: the deletion waits for the end of that, and so does the creation."""
    world = World()
    docker = world.template(delete=5, **SLOW)
    world.sim.at(10, lambda: world.chats.delete(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (*told(outcome), outcome.chat.closed) == (State.ABSENT, Reason.OVERTAKEN, True)
    assert world.coder.live == ()


def test_what_is_being_built_is_deleted_once_that_is_over() -> None:
    """Without waiting the chat is closed, and the same call goes on from there; the platform takes one build at a time."""
    world = World()
    world.chats.create(CHAT, world.template(delete=5, **SLOW).id, wait=0)
    outcome = world.chats.delete(CHAT, wait=0)
    assert (*told(outcome), outcome.chat.closed, outcome.http_status) == (State.STARTING, Reason.IN_PROGRESS, True, 202)
    assert outcome.advice in (Advice.CALL_AGAIN, Advice.CALL_LATER)
    assert world.latest.builds == ((1, START),)
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.elapsed) == (State.GONE, Reason.DELETED, 35)


@pytest.mark.parametrize("after", [0.0, 3.0])
def test_a_wait_that_is_over_says_how_far_it_is(after: float) -> None:
    """The deletion goes on; the same call waits for its end, and tells as one with the first."""
    world = World()
    world.created(delete=7)
    outcome = world.chats.delete(CHAT, wait=after)
    assert (*told(outcome), outcome.built, outcome.elapsed) == (State.STOPPING, Reason.STOPPING, True, after)
    assert outcome.workspace is not None
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.built, outcome.elapsed) == (State.GONE, Reason.DELETED, True, 7 - after)
    assert world.latest.builds == ((1, START), (2, DELETE))


def test_an_interrupt_ends_the_wait() -> None:
    """Nothing is canceled."""
    world = World()
    world.created(delete=7)
    world.sim.at(world.sim.elapsed + 2, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.delete(CHAT))
    assert (*told(outcome), outcome.elapsed) == (State.STOPPING, Reason.INTERRUPTED, 2)
    assert told(world.chats.delete(CHAT)) == (State.GONE, Reason.DELETED)


# ------------------------------------------------------------------ death


DIES = ("store.claim", "store.close_chat", "store.discard", "coder.delete_workspace", "store.release")


@pytest.mark.parametrize("moment", DIES)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("slept", [0, CLAIM])
def test_a_death_on_the_way_leaves_what_the_same_call_finds(moment: str, when: str, slept: int) -> None:
    """Wherever: the next one closes, deletes, and is told so. Until then the sweep lists what a closed chat has left."""
    world = World()
    first = world.created(delete=5)
    dead = world.sim.process("dead")
    dead.kill(**{when: moment})
    world.sim.run(lambda: dead.workspaces.delete(CHAT))
    world.sim.sleep(slept)
    chat = world.chats.get_chat(CHAT)
    there = [it.id for it in world.coder.live]
    assert [it.id for it in world.chats.sweep().strays] == (there if chat.closed else [])
    outcome = world.chats.delete(CHAT)
    assert (*told(outcome), outcome.workspace_id, world.coder.live) == (State.GONE, Reason.DELETED, first.workspace_id, ())
    assert [it for _, it in world.latest.builds] == [START, DELETE]


@pytest.mark.parametrize("moment", DIES)
def test_a_holder_that_stands_still_beyond_its_claim_does_no_harm(moment: str) -> None:
    """Somebody else has deleted it meanwhile: it is told the same."""
    world = World()
    first = world.created(delete=5)
    slow = world.sim.process("slow")
    slow.pause(2 * CLAIM, before=moment)
    world.sim.at(world.sim.elapsed + CLAIM + 2, lambda: world.chats.delete(CHAT))
    (outcome,) = world.sim.run(lambda: slow.workspaces.delete(CHAT))
    assert (*told(outcome), outcome.workspace_id, world.coder.live) == (State.GONE, Reason.DELETED, first.workspace_id, ())

"""What cannot be promised, and how far it goes: each limit of docs/explanation/guarantees.md happens here."""

from __future__ import annotations

from uuid import UUID, uuid4

from chatworkspace import ChatWorkspaces, State, Transition
from chatworkspace_fake import FakeCoder, FakeStore, MemoryStore
from tests.service.chats import CHAT, CLAIM, World


def _live(world: World) -> list[str]:
    return [it.made_as for it in world.coder.live]


def test_a_workspace_renamed_before_it_is_bound_is_not_found() -> None:
    """The user takes the mark away while nobody has written the id down: a second one is made, and nothing leads to the first."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    world.latest.rename("mine")
    assert world.chats.create(CHAT, docker.id).ready
    assert len(world.coder.live) == 2
    assert world.chats.sweep().strays == ()


def test_a_forgetful_store_and_two_wishes_make_two() -> None:
    """The plan was acknowledged and is lost; the next caller wishes for another name: both bear the mark, and the sweep lists what is not bound."""
    world = World(store=FakeStore)
    docker = world.template()
    world.interrupted_creation(docker, name="one")
    assert isinstance(world.sim.store, FakeStore)
    world.sim.store.lose_commits(1)
    outcome = world.chats.create(CHAT, docker.id, name="two")
    one, two = world.coder.live
    assert (outcome.workspace_id, one.name[-10:]) == (two.id, two.name[-10:])
    assert [it.id for it in world.chats.sweep().strays] == [one.id]


def test_a_forgetful_store_and_a_detach_leave_two() -> None:
    """The detach and all after it were acknowledged and are lost: the chat has its old one again, and the sweep lists the newer."""
    world = World(store=FakeStore)
    old = world.created()
    world.chats.detach(CHAT)
    newer = world.chats.create(CHAT, world.template().id)
    assert isinstance(world.sim.store, FakeStore)
    world.sim.store.lose_commits(4)
    assert world.chats.get_chat(CHAT).workspace_id == old.workspace_id
    assert [it.id for it in world.chats.sweep().strays] == [newer.workspace_id]


def test_a_stop_that_arrives_late_stops_what_is_used() -> None:
    """Its caller was told that nobody knows; whoever came next was told ready. A late stop or start makes no second workspace."""
    world = World()
    outcome = world.created()
    world.coder.when("stop_workspace").arrive_late(60)
    assert world.chats.stop(CHAT).state is State.UNKNOWN
    assert world.chats.create(CHAT, world.template().id).ready
    world.sim.sleep(120)
    assert world.chats.status(CHAT).state is State.STOPPED
    assert [it.builds for it in world.coder.workspaces] == [((1, Transition.START), (2, Transition.STOP))]
    assert world.latest.id == outcome.workspace_id


def test_a_holder_that_stands_still_through_a_detach_and_a_deletion_makes_a_stray() -> None:
    """Its request asks for a name that is free again. It may not bind what it made; the history names it, and the sweep lists it."""
    world = World()
    docker, late = world.template(), world.sim.process("late")
    late.pause(CLAIM + 10, before="coder.create_workspace")

    def meanwhile() -> None:
        world.chats.create(CHAT, docker.id)
        world.chats.detach(CHAT)
        world.latest.delete()

    world.sim.at(CLAIM + 1, meanwhile)
    world.sim.run(lambda: late.workspaces.create(CHAT, docker.id))
    assert len(set(_live(world))) == len(_live(world))
    strays = [it.id for it in world.chats.sweep().strays]
    assert len(strays) == 1
    assert strays[0] != world.chats.get_chat(CHAT).workspace_id
    assert any(str(strays[0]) in note for intent in world.chats.history(CHAT) for note in intent.notes)


def test_a_store_that_forgets_what_is_to_be_deleted_lets_another_chat_lose_it() -> None:
    """It was written down, that commit was lost, and another chat was given the workspace before the request arrived: it is deleted all the same."""
    world = World()
    first = world.created()
    world.sim.open_chat("chat-2")
    slow, other = world.sim.process("slow"), world.sim.process("other")
    slow.pause(5, before="coder.delete_workspace")

    def meanwhile() -> None:
        world.sim.store.lose_commits(1)
        assert first.workspace_id is not None
        other.workspaces.attach("chat-2", first.workspace_id)

    world.sim.at(world.sim.elapsed + 1, meanwhile)
    world.sim.run(lambda: slow.workspaces.delete(CHAT))
    assert world.coder.live == ()
    assert world.chats.get_chat("chat-2").workspace_id == first.workspace_id


def test_two_stores_are_two_worlds() -> None:
    """Each has its secret and its chats: the same owner's chat of the same id gets a workspace from each."""
    coder, owner = FakeCoder(), uuid4()
    docker = coder.add_template("docker")
    for _ in range(2):
        with ChatWorkspaces(store=MemoryStore(), creator=coder, dialer=coder) as chats:
            chats.open_chat(CHAT, owner_id=owner, organization_id=docker.organization_id)
            assert chats.create(CHAT, docker.id).created
    one, two = coder.live
    assert one.name[-10:] != two.name[-10:]


def test_a_platform_that_lets_two_have_one_name_makes_two() -> None:
    """A request arrives late, and the name that it asks for is taken: what refuses it is the platform alone."""
    world = World()

    def allow(owner_id: UUID, name: str, *, late: bool = False) -> None:
        del owner_id, name, late

    world.coder.inside.platform._check_name = allow  # type: ignore[method-assign]
    docker = world.template()
    world.coder.when("create_workspace").arrive_late(CLAIM)
    process = world.sim.process()
    process.kill(after="coder.create_workspace")
    world.sim.run(lambda: process.workspaces.create(CHAT, docker.id))
    world.chats.create(CHAT, docker.id)
    world.sim.sleep(2 * CLAIM)
    assert len(world.coder.live) == 2
    assert len(set(_live(world))) == 1

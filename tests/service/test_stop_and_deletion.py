"""A stop that meets a deletion: what was to be stopped is gone in the end, or stopped."""

from __future__ import annotations

from chatworkspace import Reason, State, Transition
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, World

START, STOP, DELETE = Transition.START, Transition.STOP, Transition.DELETE


def test_a_deletion_that_fails_while_a_stop_waits_for_it() -> None:
    """The workspace may still run, and it was to be stopped: it is."""
    world = World()
    world.created(stop=3, delete=Fails(after=9))
    world.latest.delete()
    outcome = world.chats.stop(CHAT)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STOPPED, Reason.STOPPED, 12)
    assert world.latest.builds == ((1, START), (2, DELETE), (3, STOP))


def test_a_deletion_that_is_canceled_while_a_stop_waits_for_it() -> None:
    """Somebody wants to keep it; that it is stopped was asked for after the deletion."""
    world = World()
    world.created(delete=20)
    world.latest.delete()
    world.sim.at(65, world.latest.cancel)
    outcome = world.chats.stop(CHAT)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STOPPED, Reason.STOPPED, 5)


def test_a_deletion_that_takes_longer_than_the_caller_of_a_stop_waits_for() -> None:
    """Nothing is sent, and the same call goes on: to the end of the deletion, or to a stop once that has failed."""
    world = World()
    world.created(delete=Fails(after=30))
    world.latest.delete()
    outcome = world.chats.stop(CHAT, wait=10)
    assert (outcome.state, outcome.reason, outcome.elapsed, len(world.latest.builds)) == (State.STOPPING, Reason.STOPPING, 10, 2)
    assert (world.chats.stop(CHAT).reason, len(world.latest.builds)) == (Reason.STOPPED, 3)

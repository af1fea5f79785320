"""create(start=True): make or resume."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import InvalidArgumentError, Outcome, Reason, State
from chatworkspace.ports import Parameter
from tests.service.chats import CHAT, READY, SLOW, World, nowhere
from tests.service.test_start_stop import START, STOP, stopped


def resumed(world: World, **arguments: Any) -> Outcome:
    """Make or resume."""
    return world.chats.create(CHAT, arguments.pop("template_id", world.latest.template.id), start=True, **arguments)


def test_create_starts_what_stands_still_when_told_to() -> None:
    """It is waited for until it is ready, and told as started; told nothing of that, it is reported as it is."""
    world = stopped(**SLOW)
    told = world.chats.create(CHAT, world.latest.template.id)
    assert (told.state, told.reason) == (State.STOPPED, Reason.NOT_RUNNING)
    outcome = resumed(world)
    assert (outcome.state, outcome.reason, outcome.created, outcome.elapsed) == (State.READY, Reason.STARTED, False, READY)
    assert world.latest.builds == ((1, START), (2, STOP), (3, START))


def test_create_makes_what_is_not_there_when_told_to_start() -> None:
    """There is nothing to start: it is made, once."""
    world = World()
    outcome = world.chats.create(CHAT, world.template().id, start=True)
    assert (outcome.state, outcome.reason) == (State.READY, Reason.CREATED)
    assert world.chats.create(CHAT, world.template().id, start=True).reason is Reason.EXISTING
    assert world.latest.builds == ((1, START),)


def test_it_is_resumed_as_it_is() -> None:
    """Parameters are for a new one: the outcome says that they had no effect, as it says of the template."""
    world = stopped(parameters=[Parameter(name="size", default="small")])
    outcome = resumed(world, template_id=world.template("other", parameters=[Parameter(name="size")]).id, parameters={"size": "large"})
    assert outcome.reason is Reason.STARTED
    assert outcome.not_applied == {
        "parameters": "those that the workspace was made with",
        "template_id": str(world.latest.template.id),
    }


def test_short_calls_resume_once() -> None:
    """The same call again goes on with the start that the first has asked for, and whichever ends it says what was done."""
    world = stopped(**SLOW)
    outcome = resumed(world, wait=0)
    while outcome.phase is not None:
        assert outcome.reason is Reason.IN_PROGRESS
        world.sim.sleep(1)
        outcome = resumed(world, wait=0)
    assert (outcome.state, outcome.reason) == (State.READY, Reason.STARTED)
    assert world.latest.builds == ((1, START), (2, STOP), (3, START))


def test_a_stop_under_way_is_waited_for_and_then_resumed() -> None:
    """As start() does."""
    world = World()
    world.created(**SLOW)
    world.chats.stop(CHAT, wait=0)
    assert resumed(world).reason is Reason.STARTED
    assert world.latest.builds == ((1, START), (2, STOP), (3, START))


def test_two_who_resume_start_once() -> None:
    """The one is told of the start of the other."""
    world = stopped(**SLOW)
    told = world.sim.run(lambda: resumed(world), lambda: resumed(world))
    assert {it.state for it in told} == {State.READY}
    assert world.latest.builds == ((1, START), (2, STOP), (3, START))


@pytest.mark.parametrize("start", [None, 1, "yes"])
def test_start_is_yes_or_no(start: Any) -> None:
    """Anything else is no answer."""
    with pytest.raises(InvalidArgumentError, match="start: expected a bool"):
        World().chats.create(CHAT, nowhere(), start=start)

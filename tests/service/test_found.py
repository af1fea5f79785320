"""What a reading of the whole found wrong once, each as the story that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatworkspace import (
    ClosedError,
    Outcome,
    OutcomeUnknownError,
    Phase,
    Reason,
    RefusedError,
    State,
    Timeouts,
    UnavailableError,
)
from chatworkspace.ports import Parameter
from chatworkspace_fake import Fails, FakeStore
from chatworkspace_fake._simulation.registry import registry
from tests.service.chats import CHAT, World


def told_of(told: list[Outcome]) -> list[tuple[int, str]]:
    return [(outcome.chat.generation, outcome.state.value) for outcome in told]


# ------------------------------------------------------------------ callbacks


@pytest.mark.parametrize("progress", [None, repr])
def test_nothing_is_told_of_a_workspace_that_is_left_behind(progress: Callable[[Any], object] | None) -> None:
    """Who still waits for it, and sees its build go on, does not send the host's page back to it."""
    told: list[Outcome] = []
    world = World(on_chat_updated=told.append, on_progress=progress)
    one, two = world.template("one", build=60), world.template("two", build=60)

    def replace() -> Outcome:
        world.sim.sleep(10)
        return world.chats.create(CHAT, two.id, replace=True)

    world.sim.run(lambda: world.chats.create(CHAT, one.id), replace)
    assert told_of(told) == [(1, "starting"), (2, "starting"), (2, "ready")]


@pytest.mark.parametrize("leave", ["detach", "close_chat"])
def test_the_last_that_is_told_of_a_chat_that_was_unbound_is_that(leave: str) -> None:
    """Whoever waits for the workspace, and whatever its user does with it."""
    told: list[Outcome] = []
    world = World(on_chat_updated=told.append)
    docker = world.template(build=20, connect=100)
    world.sim.at(30, lambda: getattr(world.chats, leave)(CHAT))
    world.sim.at(40, lambda: world.latest.stop())  # noqa: PLW0108 # it is not made yet
    world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert told_of(told) == [(1, "starting"), (2, "absent")]


def test_an_attached_workspace_that_runs_is_told_as_it_is() -> None:
    """Once, and ready: a page that was told of connecting would wait for ever."""
    told: list[Outcome] = []
    world = World(on_chat_updated=told.append)
    own = world.own(world.template())
    assert world.chats.attach(CHAT, own.id).ready
    assert [(outcome.state, outcome.reason, outcome.phase) for outcome in told] == [(State.READY, Reason.ATTACHED, None)]


def test_a_plan_that_the_sweep_settles_is_told_of() -> None:
    """The chat has a workspace from then on."""
    told: list[Outcome] = []
    world = World(on_chat_updated=told.append)
    world.interrupted_creation(world.template())
    world.sim.sleep(1000)
    told.clear()
    assert world.chats.sweep().settled == (CHAT,)
    assert [outcome.workspace_id for outcome in told] == [world.latest.id]


# ------------------------------------------------------------------ replacing


@pytest.mark.parametrize("killed", [False, True])
def test_a_replacement_that_is_called_again_goes_on_from_there(killed: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """What the first call's request made is what was wished for: it is adopted, and not replaced in its turn."""
    world = World()
    world.created()
    other = world.template("other")
    if killed:
        first = world.sim.process("first")
        first.kill(before="store.bind")
        assert world.sim.run(lambda: first.workspaces.create(CHAT, other.id, replace=True)) == []
    else:
        world.coder.when("create_workspace").arrive_late(20)
        with pytest.raises(OutcomeUnknownError):
            world.chats.create(CHAT, other.id, replace=True)
    world.sim.sleep(60)
    outcome = world.chats.create(CHAT, other.id, replace=True)
    assert (outcome.ready, outcome.reason, outcome.chat.generation) == (True, Reason.ADOPTED, 2)
    assert len(world.coder.live) == 2


def test_an_overtaken_caller_is_told_that_another_workspace_is_being_made() -> None:
    """The chat is not without a workspace: one is on its way."""
    world = World()
    one, two = world.template("one", build=30), world.template("two")
    other = world.sim.process("other")

    def another() -> Outcome:
        world.sim.sleep(25)
        world.coder.when("create_workspace").take(15)
        other.workspaces.detach(CHAT)
        return other.workspaces.create(CHAT, two.id)

    overtaken, made = world.sim.run(lambda: world.chats.create(CHAT, one.id), another)
    assert made.ready
    assert (overtaken.state, overtaken.reason, overtaken.phase, overtaken.elapsed) == (State.STARTING, Reason.OVERTAKEN, Phase.CREATING, 30)


def test_an_overtaken_caller_is_told_what_had_no_effect() -> None:
    """It gets another's workspace: neither its name nor its template hold."""
    world = World()
    one, two = world.template("one", build=30), world.template("two")
    world.sim.at(10, lambda: world.chats.create(CHAT, two.id, replace=True))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, one.id, name="mine"))
    assert outcome.reason is Reason.OVERTAKEN
    assert outcome.not_applied.keys() == {"name", "template_id"}


# ------------------------------------------------------------------ patience


def away(world: World) -> None:
    """Let the platform be away for good."""
    world.coder.when("get_template", times=500).fail()
    registry.let_go(world.sim)  # how often it is asked is not the point


def test_close_reaches_a_call_that_tries_again_and_again() -> None:
    """Within a second, not when its patience is over; the sweep as well."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    away(world)
    world.coder.when("find_workspace", times=500).fail()
    world.sim.sleep(1000)
    ended: list[float] = []

    def until_closed(call: Callable[[], object]) -> None:
        with pytest.raises(ClosedError):
            call()
        ended.append(world.sim.elapsed)

    begun = world.sim.elapsed
    world.sim.at(begun + 1, world.chats.close)
    world.sim.run(lambda: until_closed(lambda: world.chats.create(CHAT, docker.id)), lambda: until_closed(world.chats.sweep))
    assert all(at - begun <= 2 for at in ended)


def test_interrupt_reaches_a_call_that_tries_again_and_again() -> None:
    """Nothing is known yet, so it ends with an error, which says why."""
    world = World()
    docker = world.template()
    away(world)
    world.sim.at(1, lambda: world.chats.interrupt(CHAT))

    def interrupted() -> tuple[Reason, float]:
        with pytest.raises(UnavailableError) as caught:
            world.chats.create(CHAT, docker.id)
        return caught.value.reason, world.sim.elapsed

    assert world.sim.run(interrupted) == [(Reason.INTERRUPTED, 1)]


def test_an_agent_that_drops_has_its_window_to_come_back() -> None:
    """The window to connect begins when it is lost, however long the scripts have run before."""
    world = World()
    docker = world.template(build=5, connect=5, scripts=300)
    world.sim.at(150, lambda: world.latest.drop_agent())  # noqa: PLW0108 # it is not made yet
    world.sim.at(160, lambda: world.latest.restore_agent())  # noqa: PLW0108 # it is not made yet
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.ready, outcome.elapsed) == (True, 310)


class SlowStore(FakeStore):
    """Every claim takes so long that nothing can be sent under it."""

    claims = 0

    def claim(self, *arguments: Any, **named: Any) -> Any:
        """Take 600 ms."""
        self.claims += 1
        self._clock.sleep(0.6)
        return super().claim(*arguments, **named)


def test_turns_that_come_to_nothing_are_not_taken_for_ever() -> None:
    """Where claims take too long to send anything, the call ends with its patience, and does not turn without a pause."""
    world = World(store=SlowStore, timeouts=Timeouts(creating=1))
    docker = world.template()
    outcome = world.chats.create(CHAT, docker.id, wait=1)
    store: Any = world.sim.store
    assert (outcome.state, outcome.phase) == (State.STARTING, Phase.QUEUED)
    assert store.claims <= 20
    assert outcome.elapsed < 20


@pytest.mark.parametrize("leave", ["detach", "close_chat"])
def test_a_look_under_a_claim_leaves_time_for_its_record(leave: str) -> None:
    """A platform that does not answer costs the planning limit, not the whole claim."""
    world = World()
    world.interrupted_creation(world.template())
    world.coder.when("find_workspace", times=500).fail()
    registry.let_go(world.sim)
    begun = world.sim.elapsed
    with pytest.raises(UnavailableError):
        getattr(world.chats, leave)(CHAT, wait=0)
    assert world.sim.elapsed - begun <= 10


# ------------------------------------------------------------------ words


def test_a_stop_that_had_nothing_to_do_does_not_say_to_start() -> None:
    """Whoever asks for a stop gets one, and is not told to undo it."""
    world = World()
    world.created()
    world.chats.stop(CHAT)
    outcome = world.chats.stop(CHAT)
    assert (outcome.state, outcome.reason) == (State.STOPPED, Reason.STOPPED)
    assert outcome.next_step == "It can be started again when it is needed."


def test_a_start_that_the_user_undoes_was_not_a_stop() -> None:
    """The call did not do what was asked, and says so."""
    world = World()
    docker = world.template(build=1, connect=60)
    world.chats.create(CHAT, docker.id, wait=5)
    world.chats.stop(CHAT)
    world.sim.at(world.sim.elapsed + 10, lambda: world.latest.stop())  # noqa: PLW0108 # it is not made yet
    (outcome,) = world.sim.run(lambda: world.chats.start(CHAT))
    assert (outcome.state, outcome.reason) == (State.STOPPED, Reason.NOT_RUNNING)


def test_a_followers_steps_bear_the_generation_that_they_are_of() -> None:
    """The plan that it met first came to nothing; what it sees then is of a later one."""
    world = World()
    docker = world.template(build=30)
    other = world.sim.process("other")
    other.kill(after="store.claim")
    assert world.sim.run(lambda: other.workspaces.create(CHAT, docker.id)) == []

    def leave_and_create() -> list[Any]:
        world.sim.sleep(35)
        world.chats.detach(CHAT)
        world.chats.create(CHAT, docker.id)
        return []

    def follow() -> list[Any]:
        world.sim.sleep(36)
        return list(world.chats.follow(CHAT))

    _, progress = world.sim.run(leave_and_create, follow)
    assert {it.generation for it in progress} == {3}


def test_a_refusal_repeats_no_parameter() -> None:
    """What the platform says of a value may be anything: neither the error nor the history shows the value."""
    world = World()
    docker = world.template(parameters=(Parameter(name="token"),))
    world.coder.when("create_workspace").refuse(400, "bad value s3cr3t-key for token", {"token": "s3cr3t-key is too short"})
    with pytest.raises(RefusedError) as caught:
        world.chats.create(CHAT, docker.id, parameters={"token": "s3cr3t-key"})
    assert "s3cr3t-key" not in repr(caught.value) + str(caught.value.validations) + repr(world.chats.history(CHAT))
    assert caught.value.message == "bad value … for token"


def test_a_refused_start_repeats_no_parameter() -> None:
    """As a refused creation."""
    world = World()
    world.created(build=(0, Fails(after=1)), parameters=(Parameter(name="token"),))
    world.chats.stop(CHAT)
    world.coder.when("start_workspace").refuse(400, "bad value s3cr3t-key")
    with pytest.raises(RefusedError) as caught:
        world.chats.start(CHAT, parameters={"token": "s3cr3t-key"})
    assert "s3cr3t-key" not in repr(caught.value) + repr(world.chats.history(CHAT))

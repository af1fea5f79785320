"""start() and stop(): a build is asked for once, under the claim, and its answer may be lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatworkspace import InvalidArgumentError, NoWorkspaceError, Outcome, Phase, Reason, RefusedError, State, Transition, UnavailableError
from chatworkspace.ports import NotFoundError, Option, Parameter
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, CLAIM, READY, SLOW, World, nowhere

START, STOP, DELETE = Transition.START, Transition.STOP, Transition.DELETE


def start(world: World, **arguments: Any) -> Outcome:
    return world.chats.start(CHAT, **arguments)


def stop(world: World, **arguments: Any) -> Outcome:
    return world.chats.stop(CHAT, **arguments)


def stopped(**properties: Any) -> World:
    """Return a world in which the chat's workspace is stopped."""
    world = World()
    world.created(**properties)
    world.chats.stop(CHAT)
    world.sim.sleep(60)
    return world


# ------------------------------------------------------------------ start


def test_a_stopped_workspace_is_started() -> None:
    """It is built, waited for until it is ready, and the outcome says that this call started it."""
    world = stopped(**SLOW)
    outcome = start(world)
    assert (outcome.state, outcome.reason, outcome.created, outcome.elapsed) == (State.READY, Reason.STARTED, False, READY)
    assert world.latest.builds == ((1, START), (2, STOP), (3, START))


def test_a_running_workspace_is_not_started_again() -> None:
    """There is nothing to do, and parameters have no effect: the outcome says what holds instead."""
    world = World()
    world.created(parameters=[Parameter(name="size", default="small")])
    outcome = start(world, parameters={"size": "large"})
    assert (outcome.state, outcome.reason) == (State.READY, Reason.EXISTING)
    assert outcome.not_applied == {"parameters": "those that the workspace was started with"}
    assert world.latest.builds == ((1, START),)


def test_parameters_of_a_start_reach_the_platform() -> None:
    """They were applied, so nothing is said of them."""
    world = stopped(parameters=[Parameter(name="size", default="small")])
    assert start(world, parameters={"size": "large"}).not_applied == {}


@pytest.mark.parametrize("call", [start, stop])
def test_there_is_nothing_to_act_upon(call: Callable[..., Outcome]) -> None:
    """A chat without a workspace cannot start or stop one."""
    world = World()
    with pytest.raises(NoWorkspaceError) as error:
        call(world)
    assert error.value.reason is Reason.NO_WORKSPACE
    assert "Create a workspace" not in error.value.next_step


@pytest.mark.parametrize("call", [start, stop])
def test_a_deleted_workspace_cannot_be_acted_upon(call: Callable[..., Outcome]) -> None:
    """The platform says that it is gone."""
    world = World()
    world.created()
    world.latest.delete()
    with pytest.raises(NoWorkspaceError) as error:
        call(world)
    assert error.value.reason is Reason.DELETED


@pytest.mark.parametrize("call", [start, stop])
def test_an_interrupted_creation_that_made_nothing(call: Callable[..., Outcome]) -> None:
    """The plan is settled by name first; nothing is there, and the caller is told to create again."""
    world = World()
    world.interrupted_creation(world.template(), at="coder.create_workspace")
    with pytest.raises(NoWorkspaceError) as error:
        call(world)
    assert error.value.reason is Reason.INTERRUPTED_CREATION


@pytest.mark.parametrize(("call", "reason"), [(start, Reason.ADOPTED), (stop, Reason.STOPPED)])
def test_an_interrupted_creation_that_made_something(call: Callable[..., Outcome], reason: Reason) -> None:
    """It is bound first, then decided as it is found."""
    world = World()
    world.interrupted_creation(world.template())
    outcome = call(world)
    assert (outcome.reason, outcome.workspace_id) == (reason, world.latest.id)
    assert world.chats.get_chat(CHAT).workspace_id == world.latest.id


@pytest.mark.parametrize("call", [start, stop])
def test_a_creation_under_way_is_waited_for(call: Callable[..., Outcome]) -> None:
    """Somebody's claim lives: the call is told that it is queued, or goes on when the claim is over."""
    world = World()
    dead = world.sim.process()
    dead.kill(before="store.bind")
    docker = world.template()
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    queued = call(world, wait=1)
    assert (queued.state, queued.phase, queued.reason) == (State.STARTING, Phase.QUEUED, Reason.IN_PROGRESS)
    assert call(world).elapsed == CLAIM - 1


@pytest.mark.parametrize("properties", [{"build": [0, Fails(after=5), 10]}, {"stop": Fails(after=5)}, {"delete": Fails(after=5)}], ids=str)
def test_what_failed_is_started(properties: dict[str, Any]) -> None:
    """A later build, a stop or a deletion that failed: start asks for a start."""
    world = World()
    world.created(**properties)
    world.latest.delete() if "delete" in properties else world.latest.stop()
    if "build" in properties:
        world.latest.start()
    world.sim.sleep(6)
    assert world.latest.now.build.job_status.value == "failed"
    assert start(world).reason is Reason.STARTED


def test_a_dormant_workspace_is_started() -> None:
    """Dormant is stopped."""
    world = World()
    world.created()
    world.latest.go_dormant()
    assert world.chats.status(CHAT).reason is Reason.DORMANT
    assert start(world).reason is Reason.STARTED


def test_a_start_waits_for_the_stop_before_it() -> None:
    """A stop in progress is waited for, then the workspace is started."""
    world = World()
    world.created(stop=20)
    world.latest.stop()
    outcome = start(world)
    assert (outcome.reason, outcome.elapsed) == (Reason.STARTED, 20)
    assert world.latest.builds == ((1, START), (2, STOP), (3, START))


def test_a_start_waits_for_a_deletion_before_it() -> None:
    """Once it is over there is nothing to start."""
    world = World()
    world.created(delete=20)
    world.latest.delete()
    with pytest.raises(NoWorkspaceError) as error:
        start(world)
    assert (error.value.reason, world.sim.elapsed) == (Reason.DELETED, 80)


def test_a_start_that_is_refused_says_why() -> None:
    """The platform's own message and validations; the refusal is in the history, and the claim is given back."""
    world = stopped(parameters=[Parameter(name="size", default="small", options=(Option(name="Small", value="small"),))], classic=False)
    with pytest.raises(RefusedError) as refused:
        start(world, parameters={"size": "huge"})
    assert refused.value.reason is Reason.REFUSED
    assert refused.value.validations == (("size", 'Not one of the options; the value was "huge".'),)
    assert world.chats.history(CHAT)[-1].notes == ("refused: Unable to validate parameters",)
    assert world.sim.store.look(CHAT).claimed_for == 0


def test_a_start_that_is_refused_because_somebody_else_started_it() -> None:
    """The build number has gone up: that build is joined, and this call has started nothing."""
    world = stopped(build=10)
    world.sim.at(world.sim.elapsed + 2, world.latest.start)
    world.coder.when("start_workspace").take(4)
    outcome = start(world)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.READY, Reason.EXISTING, 12)
    assert world.latest.builds[-1] == (3, START)


@pytest.mark.parametrize("running", [False, True], ids=["start", "stop"])
def test_a_lost_answer_is_read_from_the_build_number(*, running: bool) -> None:
    """A higher number is the answer: the build is followed as this call's own."""
    world = World() if running else stopped()
    if running:
        world.created()
    world.coder.when("stop_workspace" if running else "start_workspace").lose_answer()
    outcome = stop(world) if running else start(world)
    assert (outcome.reason, outcome.elapsed) == (Reason.STOPPED if running else Reason.STARTED, 25)
    assert len(world.latest.builds) == (2 if running else 3)


@pytest.mark.parametrize("running", [False, True], ids=["start", "stop"])
def test_a_lost_request_is_not_sent_again(*, running: bool) -> None:
    """No higher number is unknown, and the outcome names the workspace; the next call asks again."""
    world = World() if running else stopped()
    if running:
        world.created()
    world.coder.when("stop_workspace" if running else "start_workspace").lose_request()
    outcome = stop(world) if running else start(world)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.UNKNOWN, Reason.OUTCOME_UNKNOWN, 25)
    assert (outcome.workspace_id, outcome.workspace is not None, "not answered" in outcome.error) == (world.latest.id, True, True)
    again = stop(world) if running else start(world)
    assert again.reason is (Reason.STOPPED if running else Reason.STARTED)


def test_a_workspace_that_vanishes_while_it_is_started() -> None:
    """The platform does not know it any more: nothing is concluded."""
    world = stopped()
    world.coder.when("start_workspace").fail(NotFoundError("no such workspace"))
    outcome = start(world)
    assert (outcome.state, outcome.reason, outcome.error) == (State.UNKNOWN, Reason.NOT_VISIBLE, "no such workspace")


def test_a_workspace_that_cannot_be_read_under_the_claim_is_not_started() -> None:
    """It is looked at again under the claim, and nothing is sent on what was seen before."""
    world = stopped()
    world.coder.when("get_workspace", nth=2).fail(NotFoundError("gone from view"))
    outcome, calls = world.counts(lambda: start(world))
    assert (outcome.reason, calls) == (Reason.NOT_VISIBLE, {"get_workspace": 2})


def test_threads_that_race_start_it_once() -> None:
    """One build is asked for; the others join it."""
    world = stopped(**SLOW)
    outcomes = world.sim.race(lambda: start(world), threads=6)
    assert {outcome.elapsed for outcome in outcomes} == {READY}
    assert sorted(outcome.reason.value for outcome in outcomes) == ["existing"] * 5 + ["started"]
    assert world.latest.builds[-1] == (3, START)


def test_somebody_else_changes_the_chat_before_a_start_can_claim_it() -> None:
    """It looks again, and starts what the chat has then."""
    world = stopped()
    first, other = world.latest, world.sim.process("other")
    began = world.sim.elapsed
    world.sim._default.pause(5, before="store.claim")
    world.sim.at(began + 2, lambda: other.workspaces.create(CHAT, first.template.id, replace=True))
    (outcome,) = world.sim.run(lambda: start(world))
    assert (outcome.reason, outcome.workspace_id) == (Reason.EXISTING, world.latest.id)
    assert first.builds[-1][1] is STOP


def test_the_user_starts_it_before_the_look_under_the_claim() -> None:
    """What was seen before does not hold any more: nothing is sent, and the user's build is joined."""
    world = stopped(build=10)
    world.sim.at(world.sim.elapsed + 2, world.latest.start)
    world.sim._default.pause(5, after="store.claim")
    ((outcome, calls),) = world.sim.run(lambda: world.counts(lambda: start(world)))
    assert (outcome.reason, outcome.elapsed, "start_workspace" in calls) == (Reason.EXISTING, 12, False)
    assert world.latest.builds[-1] == (3, START)


def test_wait_0_sends_the_start_and_does_not_wait() -> None:
    """The outcome says what is under way."""
    world = stopped(**SLOW)
    outcome = start(world, wait=0)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, 0)
    assert world.latest.builds[-1] == (3, START)


# ------------------------------------------------------------------ stop


def test_a_running_workspace_is_stopped() -> None:
    """The end of the stop build is waited for, and the outcome says that this call did it."""
    world = World()
    world.created(stop=7)
    outcome = stop(world)
    assert (outcome.state, outcome.reason, outcome.phase, outcome.elapsed) == (State.STOPPED, Reason.STOPPED, None, 7)
    assert outcome.next_step == "It can be started again when it is needed."


def test_a_stopped_workspace_is_not_stopped_again() -> None:
    """There is nothing to do."""
    world = stopped()
    outcome, calls = world.counts(lambda: stop(world))
    assert (outcome.state, outcome.reason, "stop_workspace" in calls) == (State.STOPPED, Reason.STOPPED, False)


def test_a_stop_waits_for_the_build_before_it() -> None:
    """The platform allows one build at a time: the start is waited for, but not its agent."""
    world = World()
    docker = world.template(stop=5, **SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    outcome = stop(world)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STOPPED, Reason.STOPPED, 35)


def test_a_build_that_takes_longer_than_the_caller_of_a_stop_waits_for() -> None:
    """Nothing is sent: the caller is told what is under way."""
    world = World()
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    outcome = stop(world, wait=10)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, 10)
    assert world.latest.builds == ((1, START),)


def test_a_stop_that_is_under_way_is_joined() -> None:
    """A second caller waits for the same build."""
    world = World()
    world.created(stop=8)
    assert stop(world, wait=0).phase is Phase.BUILDING
    outcome = stop(world)
    assert (outcome.state, outcome.elapsed, len(world.latest.builds)) == (State.STOPPED, 8, 2)


def test_a_stop_that_fails_is_told_with_its_direction() -> None:
    """The workspace may well run; the next stop asks again."""
    world = World()
    world.created(stop=Fails(after=5, error="stuck"))
    outcome = stop(world)
    assert (outcome.state, outcome.reason, outcome.error) == (State.FAILED, Reason.STOP_FAILED, "stuck")
    assert (stop(world).reason, len(world.latest.builds)) == (Reason.STOP_FAILED, 3)


def test_a_deletion_that_fails_is_told_with_its_direction() -> None:
    """It is reported, and stop stops it."""
    world = World()
    world.created(delete=Fails(after=5))
    world.latest.delete()
    world.sim.sleep(6)
    assert (world.chats.status(CHAT).state, world.chats.status(CHAT).reason) == (State.FAILED, Reason.DELETE_FAILED)
    assert stop(world).reason is Reason.STOPPED


def test_a_deletion_under_way_when_a_stop_comes() -> None:
    """Its end is waited for, and told."""
    world = World()
    world.created(delete=9)
    world.latest.delete()
    outcome = stop(world)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.GONE, Reason.DELETED, 9)


def test_a_stop_makes_the_chat_not_ready_for_everybody() -> None:
    """A proof that was fresh a moment ago is void in the process that stops and in others."""
    world = World()
    docker, other = world.template(), world.sim.process()
    world.chats.create(CHAT, docker.id)
    other.workspaces.create(CHAT, docker.id)
    stop(world)
    assert (other.workspaces.status(CHAT).state, world.chats.status(CHAT).state) == (State.STOPPED, State.STOPPED)


def test_an_agent_out_of_reach_does_not_keep_a_workspace_from_being_stopped() -> None:
    """Stop then start is the advice for a lost agent, and both work."""
    world = World()
    world.created()
    world.latest.drop_agent()
    world.sim.sleep(100)
    assert world.chats.status(CHAT).reason is Reason.AGENT_LOST
    assert stop(world).reason is Reason.STOPPED
    assert start(world).reason is Reason.STARTED


@pytest.mark.parametrize("deadline", [False, True])
def test_a_stop_superseded_by_the_user_is_not_told_as_ready(*, deadline: bool) -> None:
    """The user starts it again while the caller stands still: the call dialled nobody, so it is told as connecting."""
    world = World()
    world.created(stop=10)
    world.sim.at(65, lambda: world.sim._default.pause(20))
    world.sim.at(72, world.latest.start)
    (outcome,) = world.sim.run(lambda: stop(world, wait=60 if deadline else None))
    assert (outcome.state, outcome.phase, outcome.reason) == (State.STARTING, Phase.CONNECTING, Reason.IN_PROGRESS)


# ------------------------------------------------------------------ faults and arguments


@pytest.mark.parametrize("call", [start, stop])
def test_the_store_cannot_be_asked(call: Callable[..., Outcome]) -> None:
    """The call decided nothing."""
    world = stopped()
    world.sim.store.when("look", times=1).lose_request()
    world.sim.store.when("look", nth=2, times=1).lose_request()
    with pytest.raises(UnavailableError) as error:
        call(world)
    assert (error.value.reason, error.value.retryable) == (Reason.STORE_UNAVAILABLE, True)


def test_arguments_are_checked() -> None:
    """Parameters are text to text, and wait is a number of seconds."""
    world = stopped()
    for arguments in ({"parameters": "size"}, {"wait": -0.1}):
        with pytest.raises(InvalidArgumentError):
            start(world, **arguments)
    with pytest.raises(InvalidArgumentError):
        world.chats.stop(CHAT, wait=float("nan"))
    assert start(world).workspace_id != nowhere()


def test_what_stop_has_read_voids_the_proof() -> None:
    """Its user has stopped it on the platform: there is nothing to stop, and a start right behind it starts."""
    world = World()
    world.created()
    world.latest.stop()
    assert world.chats.stop(CHAT).state is State.STOPPED
    assert world.chats.start(CHAT).reason is Reason.STARTED

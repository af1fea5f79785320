"""A platform that takes no more requests for now says when: within `wait` that is waited for, holding nothing; beyond it the answer comes at once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from chatworkspace import Outcome, OutcomeUnknownError, Phase, Reason, State, Timeouts, UnavailableError
from chatworkspace.ports import Clock
from chatworkspace_fake import FakeCoder
from tests.patience.calls import world_of
from tests.service.chats import CHAT, READY, SLOW, World, polled

AFTER = 40.0
"""Seconds after which the platform wants to be asked again."""
AT_MOST = AFTER * 1.1
"""Those who wait for it do not all come back at once."""


def _limit(world: World, call: Any, *, times: int = 1, after: float = AFTER) -> None:
    world.coder.when(call, times=times).rate_limited(after)


@pytest.mark.parametrize("wait", [None, 70])
@pytest.mark.parametrize("call", ["get_template", "create_workspace"])
def test_a_creation_waits_until_it_may_ask(call: str, wait: float | None) -> None:
    """Then it looks again, and asks for the same name: one request more, one workspace."""
    world = World()
    docker = world.template()
    _limit(world, call)
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id, wait=wait))
    assert (outcome.created, outcome.chat.generation, len(world.coder.workspaces)) == (True, 1, 1)
    assert AFTER <= outcome.elapsed <= AT_MOST
    assert calls[call] == 2


@pytest.mark.parametrize("wait", [0, 5, 39])
@pytest.mark.parametrize("call", ["get_template", "create_workspace"])
def test_a_creation_that_may_not_wait_so_long_is_told_when(call: str, wait: float) -> None:
    """At once, having asked once; it is certain that nothing was made, and the next call makes it."""
    world = World()
    docker = world.template()
    _limit(world, call)
    with pytest.raises(UnavailableError) as error:
        world.chats.create(CHAT, docker.id, wait=wait)
    assert type(error.value) is UnavailableError
    assert (error.value.retry_after, error.value.retryable, world.sim.elapsed) == (AFTER, True, 0)
    assert error.value.next_step == "The platform takes no more requests for now. Make the same call again in 40 s."
    assert error.value.reason is Reason.PLATFORM_UNAVAILABLE
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.created, outcome.elapsed, world.chats.get_chat(CHAT).generation) == (True, 0, 1)


@pytest.mark.parametrize(("wait", "at_once"), [(5, True), (100, False)])
def test_a_replacement_in_doubt_waits_until_it_may_look(wait: float, at_once: bool) -> None:  # noqa: FBT001 # a case
    """A platform that takes no more requests while a plan is settled says when, as for everything else."""
    world = World()
    world.created()
    process = world.sim.process("other")
    process.kill(after="store.claim")
    world.sim.run(lambda: process.workspaces.create(CHAT, world.latest.template.id, replace=True))
    world.sim.sleep(60)
    _limit(world, "find_workspace")
    outcome = world.chats.start(CHAT, wait=wait)
    assert (outcome.state is State.UNKNOWN) == at_once
    assert (outcome.retry_after, outcome.elapsed) == (AFTER, 0) if at_once else (outcome.ready and AFTER <= outcome.elapsed <= AT_MOST)


def test_mutex_and_claim_are_given_back_meanwhile() -> None:
    """Another thread goes on at once, and so does another process."""
    world = World()
    docker, other = world.template(), world.sim.process("other")
    _limit(world, "create_workspace")

    def second() -> Outcome:
        world.sim.sleep(1)
        return other.workspaces.create(CHAT, docker.id)

    first, made = world.sim.run(lambda: world.chats.create(CHAT, docker.id), second)
    assert (made.created, made.elapsed) == (True, 0)
    assert (first.created, first.workspace_id) == (False, made.workspace_id)
    assert AFTER <= first.elapsed <= AT_MOST
    assert len(world.coder.workspaces) == 1


@pytest.mark.parametrize("call", ["start", "stop"])
def test_starting_and_stopping_wait_too(call: str) -> None:
    """Nothing was done: no other build is looked for, and the same is asked again."""
    world = world_of("stopped" if call == "start" else "ready")
    builds = len(world.latest.builds)
    _limit(world, f"{call}_workspace")
    act: Any = getattr(world.chats, call)
    outcome = act(CHAT, wait=100)
    assert outcome.state is (State.READY if call == "start" else State.STOPPED)
    assert AFTER <= outcome.elapsed <= AT_MOST + 20
    assert len(world.latest.builds) == builds + 1


@pytest.mark.parametrize("call", ["start", "stop"])
def test_starting_and_stopping_are_told_when(call: str) -> None:
    """Nothing was done, and that is no unknown outcome."""
    world = world_of("stopped" if call == "start" else "ready")
    builds = len(world.latest.builds)
    _limit(world, f"{call}_workspace")
    act: Any = getattr(world.chats, call)
    with pytest.raises(UnavailableError) as error:
        act(CHAT, wait=10)
    assert (error.value.retry_after, len(world.latest.builds)) == (AFTER, builds)


@pytest.mark.parametrize("call", ["status", "create", "start", "stop", "detach"])
@pytest.mark.parametrize("situation", ["ready", "stopped", "building"])
def test_a_look_waits_until_it_may_ask(situation: str, call: str) -> None:
    """Once the platform may be read, the answer is what it would have been."""
    plain, limited = world_of(situation), world_of(situation)
    answers: list[Outcome] = []
    for world in (plain, limited):
        if world is limited:
            _limit(world, "get_workspace")
        template = world.latest.template.id
        act: Any = (lambda world=world, template=template: world.chats.create(CHAT, template, wait=100)) if call == "create" else None
        method: Any = getattr(world.chats, call)
        answers.append(act() if act else method(CHAT, wait=100))
    one, other = answers
    assert (one.state, one.reason) == (other.state, other.reason)
    assert call == "detach" or other.elapsed >= AFTER


def test_a_look_that_may_not_wait_is_told_when() -> None:
    """Unknown, and the next step says when to come back."""
    world = world_of("ready")
    _limit(world, "get_workspace")
    outcome = world.chats.status(CHAT)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.UNKNOWN, Reason.PLATFORM_UNAVAILABLE, 0)
    assert "in 40 s" in outcome.next_step


def test_a_follower_hears_that_it_goes_on() -> None:
    """Something every five seconds, and how things stand when the platform may be asked."""
    world = world_of("building")
    _limit(world, "get_workspace")
    heard = [(it.elapsed, it.phase) for it in world.chats.follow(CHAT, wait=60)]
    assert {phase for at, phase in heard if at < AFTER} == {Phase.PLANNING}
    assert len([at for at, _ in heard if at < AFTER]) >= AFTER / 5
    assert any(phase is Phase.BUILDING for _, phase in heard)


@pytest.mark.parametrize("coder", [FakeCoder, polled])
def test_a_wait_asks_no_sooner_than_it_may(coder: Any) -> None:
    """Neither by a watch nor by polls: not before the time that was named, and then it goes on."""
    times: list[float] = []

    class Timed(FakeCoder):
        def __init__(self, clock: Clock) -> None:
            super().__init__(clock, watching=coder is FakeCoder)
            self.clock = clock

        def _answer(self, call: str, act: Any, deadline: float) -> Any:
            if call in ("get_workspace", "watch"):
                times.append(self.clock.monotonic())
            return super()._answer(call, act, deadline)

    world = World(coder=Timed)
    docker = world.template(**SLOW)
    world.sim.at(10, world.coder.break_watches)
    world.sim.at(9, lambda: _limit(world, "get_workspace", after=20))
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.ready
    assert READY <= outcome.elapsed <= READY + 3
    (stopped_at,) = [earlier for earlier, later in pairwise(times) if later - earlier >= 19.5]
    assert 9 <= stopped_at <= 11.5


def test_an_interrupt_ends_such_a_wait() -> None:
    """With the reason."""
    world = World()
    docker = world.template()
    _limit(world, "create_workspace")
    world.sim.at(5, lambda: world.chats.interrupt(CHAT))

    def call() -> Reason:
        with pytest.raises(UnavailableError) as error:
            world.chats.create(CHAT, docker.id)
        return error.value.reason

    assert world.sim.run(call) == [Reason.INTERRUPTED]
    assert world.sim.elapsed == 5


def test_a_platform_that_never_takes_a_request_ends_a_call_all_the_same() -> None:
    """Without a wait, a build's limit is the limit."""
    world = World(timeouts=Timeouts(build=100))
    docker = world.template()
    _limit(world, "create_workspace", times=3)
    with pytest.raises(UnavailableError) as error:
        world.chats.create(CHAT, docker.id)
    assert error.value.retry_after == AFTER
    assert 2 * AFTER <= world.sim.elapsed <= 2 * AT_MOST


def test_a_short_while_is_like_any_other_back_off() -> None:
    """A second is waited through where it is."""
    world = World()
    docker = world.template()
    _limit(world, "get_template", after=0.8)
    outcome = world.chats.create(CHAT, docker.id, wait=0)
    assert outcome.created
    assert 0.8 <= outcome.elapsed <= 1


def test_connect_is_told_when() -> None:
    """It has no wait."""
    world = world_of("ready")
    began = world.sim.elapsed
    _limit(world, "get_workspace")
    with pytest.raises(UnavailableError) as error:
        world.chats.connect(CHAT)
    assert (error.value.retry_after, world.sim.elapsed) == (AFTER, began)


def test_a_sweep_goes_on() -> None:
    """What may not be asked now is told, and the rest is done."""
    world = world_of("strays")
    _limit(world, "list_workspaces")
    swept = world.chats.sweep()
    assert list(swept.errors.values()) == ["429: too many requests"]


def test_a_log_that_may_not_be_read_is_left_alone_for_so_long() -> None:
    """It is an extra."""
    world = world_of("failed")
    world.coder.when("build_log").rate_limited(5)
    assert world.chats.status(CHAT).log_tail == ()
    world.sim.sleep(4)
    assert world.chats.status(CHAT).log_tail == ()
    world.sim.sleep(1)
    assert world.chats.status(CHAT).log_tail[-1] == "no room"


def test_a_tool_says_when() -> None:
    """To the model, by the next step."""
    world = World()
    docker = world.template()
    _limit(world, "create_workspace")
    result = world.chats.toolbox(CHAT, wait=0).call("create_workspace", {"template_id": str(docker.id)})
    assert "in 40 s" in result.content["next_step"]


def test_a_slow_refusal_counts_too() -> None:
    """What it took to be told is part of the wait."""
    world = World()
    docker = world.template()
    world.coder.when("get_template").take(2)
    _limit(world, "create_workspace", after=5)
    with pytest.raises(UnavailableError):
        world.chats.create(CHAT, docker.id, wait=6)
    assert world.sim.elapsed == 2


def test_a_creation_whose_settling_is_limited_waits_and_goes_on() -> None:
    """Nobody knows yet what came of it, so it is looked for when the platform may be asked; beyond `wait` it is told as unknown, with the time."""
    for wait, retry_after in ((100, None), (5, AFTER)):
        world = World()
        docker = world.template()
        world.coder.when("create_workspace").lose_answer()
        _limit(world, "find_workspace")
        if retry_after is None:
            outcome = world.chats.create(CHAT, docker.id, wait=wait)
            assert (outcome.state, len(world.coder.workspaces)) == (State.READY, 1)
        else:
            with pytest.raises(OutcomeUnknownError) as error:
                world.chats.create(CHAT, docker.id, wait=wait)
            assert (error.value.retry_after, error.value.retryable) == (retry_after, True)

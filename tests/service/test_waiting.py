"""Waiting: phases and their limits, dials, shared watches, polling, and how a wait is ended early."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import pairwise
from typing import Any

import attrs
import pytest

from chatworkspace import (
    Advice,
    Agent,
    BusyError,
    ClosedError,
    InvalidArgumentError,
    JobStatus,
    Outcome,
    Phase,
    Reason,
    State,
    Timeouts,
    UnavailableError,
    Workspace,
)
from chatworkspace.ports import AgentConnection, Clock, DialError, NotFoundError, Watch
from chatworkspace_fake import NEVER, Fails, FakeCoder
from chatworkspace_fake._platform.coder import FakeConnection
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SLOW, World, polled


def create(world: World, **properties: Any) -> Outcome:
    """Create from a template of such properties, with all patience."""
    return world.chats.create(CHAT, world.template(**properties).id)


def goes_on(world: World) -> Outcome:
    """Ask for the same again."""
    return world.chats.create(CHAT, world.latest.template.id)


# ------------------------------------------------------------------ phases and limits


def test_a_build_limit_that_passes_is_in_progress() -> None:
    """A limit is not a failure: the build goes on, and so does the next call."""
    world = World()
    outcome = create(world, build=700)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, 600)
    assert (goes_on(world).elapsed, len(world.coder.workspaces)) == (100, 1)


def test_an_agent_that_does_not_connect_in_time() -> None:
    """Slow is not dead: the workspace stays starting, and the next call goes on waiting."""
    world = World()
    outcome = create(world, build=5, connect=150)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.CONNECTING, Reason.AGENT_NOT_CONNECTED, 125)
    assert outcome.advice is Advice.CALL_LATER
    assert "make the same call again in 60 s" in outcome.next_step
    again = goes_on(world)
    assert (again.state, again.elapsed) == (State.READY, 30)


def test_scripts_that_still_run() -> None:
    """They have 600 s a call; the next one goes on waiting."""
    world = World()
    outcome = create(world, scripts=700)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.SCRIPTS, Reason.SCRIPTS_RUNNING, 600)
    assert goes_on(world).elapsed == 100


def test_scripts_that_are_called_timed_out_still_run() -> None:
    """The platform's start_timeout is a soft mark: it is waited through."""
    world = World()
    outcome = create(world, scripts=50, script_timeout=20)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.READY, Reason.CREATED, 50)


def test_scripts_that_failed_leave_a_workspace_that_can_be_used() -> None:
    """Ready, with a remark, and what to do about it."""
    world = World()
    outcome = create(world, scripts=Fails(after=10))
    assert (outcome.state, outcome.reason, outcome.created, outcome.elapsed) == (State.READY, Reason.SCRIPTS_FAILED, True, 10)
    assert "startup scripts failed" in outcome.next_step


def test_each_phase_has_its_own_limit() -> None:
    """They add up: a call waits for the sum of what its phases need, each within its own."""
    world = World(timeouts=Timeouts(build=60, connect=20, scripts=40))
    assert create(world, build=59, connect=19, scripts=39).elapsed == 117


@pytest.mark.parametrize(
    ("limits", "phase", "elapsed"),
    [({"build": 10}, Phase.BUILDING, 10), ({"connect": 2}, Phase.CONNECTING, BUILD + 2), ({"scripts": 4}, Phase.SCRIPTS, BUILD + CONNECT + 4)],
)
def test_limits_are_the_hosts_to_set(limits: dict[str, float], phase: Phase, elapsed: float) -> None:
    """Timeouts says how long each phase may take."""
    outcome = create(World(timeouts=Timeouts(**limits)), **SLOW)
    assert (outcome.phase, outcome.elapsed) == (phase, elapsed)


def test_a_build_in_the_queue_says_so() -> None:
    """The one provisioner is busy: the reason tells, and the build is waited for."""
    world = World()
    world.coder.set_provisioners(1)
    docker = world.template(build=100)
    world.own(docker)
    queued = world.chats.create(CHAT, docker.id, wait=50)
    assert (queued.phase, queued.reason, queued.elapsed) == (Phase.BUILDING, Reason.BUILD_QUEUED, 50)
    assert goes_on(world).elapsed == 150


def test_no_provisioner_takes_the_build() -> None:
    """An administrator must act: the reason says so, for as long as the limit lets it wait."""
    world = World()
    world.coder.set_provisioners(0)
    outcome = create(world)
    assert (outcome.phase, outcome.reason, outcome.elapsed) == (Phase.BUILDING, Reason.NO_PROVISIONER, 600)
    assert "administrator" in outcome.next_step
    world.coder.set_provisioners(1)
    assert goes_on(world).ready


def test_a_job_whose_status_is_not_known() -> None:
    """Nothing is concluded from it, and nothing waited for."""

    class Vague(FakeCoder):
        """A platform that does not say how builds stand."""

        def get_workspace(self, *args: Any, **kwargs: Any) -> Workspace:
            """Leave the status out."""
            return vague(super().get_workspace(*args, **kwargs))

    world = World(coder=Vague)
    docker = world.template(build=30)
    world.chats.create(CHAT, docker.id, wait=0)
    outcome = goes_on(world)
    assert (outcome.state, outcome.reason, outcome.phase, outcome.elapsed) == (State.UNKNOWN, Reason.JOB_UNKNOWN, None, 0)


def vague(workspace: Workspace) -> Workspace:
    """Return it with a build of which nobody knows how it stands."""
    return attrs.evolve(workspace, build=attrs.evolve(workspace.build, job_status=JobStatus.UNKNOWN))


# ------------------------------------------------------------------ the latest build


def test_a_build_that_the_user_supersedes() -> None:
    """The user stops it while a caller waits: the caller is told that it is stopped, and starts nothing."""
    world = World()
    docker = world.template(connect=50)
    world.sim.at(20, lambda: world.latest.stop())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STOPPED, Reason.NOT_RUNNING, 20)
    assert len(world.latest.builds) == 2


def test_a_restart_by_the_user_is_waited_for() -> None:
    """The wait follows the latest build, with the limits of a new one."""
    world = World(timeouts=Timeouts(build=40))
    docker = world.template(**SLOW)
    world.sim.at(32, lambda: world.latest.start())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.elapsed, outcome.require_ready().build.number) == (State.READY, 32 + READY, 2)


def test_a_workspace_that_is_rebuilt_without_end_ends_no_wait_by_itself() -> None:
    """A user who restarts it again and again cannot keep a caller for ever."""
    world = World(timeouts=Timeouts(build=20, connect=20, scripts=20))
    docker = world.template(build=1, connect=9)
    for number in range(30):
        world.sim.at(5 + 5 * number, lambda: world.latest.start())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.elapsed) == (State.STARTING, 120)


# ------------------------------------------------------------------ dials, and agents that are lost


def test_ready_is_proven_by_a_dial() -> None:
    """Connected and done with its scripts is the platform's word; a dial proves it."""
    world = World()
    _, calls = world.counts(lambda: create(world))
    assert calls["dial"] == 1


def test_a_dial_that_fails_is_tried_again() -> None:
    """Every 2 s, for as long as connecting may take."""
    world = World()
    world.coder.when("dial", times=3).fail()
    outcome = create(world)
    assert (outcome.state, outcome.elapsed) == (State.READY, 6)


def test_an_agent_that_is_connected_and_cannot_be_reached() -> None:
    """Once the limit is over: unreachable, with the dial's own error and the advice beside it."""
    world = World()
    world.coder.when("dial", times=61).fail(DialError("no route"))
    outcome = create(world)
    assert (outcome.state, outcome.reason, outcome.phase, outcome.elapsed) == (State.UNREACHABLE, Reason.DIAL_FAILED, None, 120)
    assert outcome.error.endswith("no route")
    assert "connected, but could not be reached" in outcome.next_step


def _rename(world: World, name: str) -> None:
    world.latest.rename(name)


def test_news_of_a_watch_make_no_dials() -> None:
    """However often a watch speaks, an agent that cannot be reached is dialled once in 2 s."""
    world = World()
    world.coder.when("dial", times=5).fail()
    docker = world.template()
    for tenth in range(1, 90):
        world.sim.at(tenth / 10, partial(_rename, world, f"name-{tenth}"))
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.state, outcome.elapsed, calls["dial"]) == (State.READY, 10, 6)


def test_a_dial_that_fails_is_told_as_connecting_meanwhile() -> None:
    """Who does not wait so long is told that it is under way, and why it is not ready."""
    world = World()
    world.coder.when("dial", times=2).fail(DialError(""))
    outcome = world.chats.create(CHAT, world.template().id, wait=3)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.error) == (
        State.STARTING,
        Phase.CONNECTING,
        Reason.IN_PROGRESS,
        "the agent was not reached",
    )


def test_one_dial_serves_all_who_ask_at_the_same_time() -> None:
    """Sixteen threads, one dial."""
    world = World()
    docker = world.template(**SLOW)
    _, calls = world.counts(lambda: world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=16))
    assert calls["dial"] == 1


def test_a_dial_that_hangs_keeps_no_second_caller_for_longer() -> None:
    """The second waits for the first one's dial, and takes what it proved."""
    world = World(seed=3)
    world.created()
    world.coder.when("dial").take(4)
    outcomes = world.sim.race(lambda: world.chats.status(CHAT, wait=20), threads=3)
    assert [(it.ready, it.elapsed) for it in outcomes] == [(True, 4)] * 3


def test_a_dial_that_hangs_for_longer_than_it_may() -> None:
    """An attempt has 5 s, then another is made."""
    world = World(seed=3)
    world.created()
    world.coder.when("dial", times=2).take(50)
    outcomes = world.sim.race(lambda: world.chats.status(CHAT, wait=60), threads=2)
    assert all(it.ready for it in outcomes)
    assert {it.elapsed for it in outcomes} <= {12, 14, 15}


def test_an_agent_that_drops_for_a_moment() -> None:
    """Disconnected for less than 90 s is connecting: it is waited for, and comes back."""
    world = World()
    world.created()
    world.latest.drop_agent()
    world.sim.at(world.sim.elapsed + 30, world.latest.restore_agent)
    outcome = goes_on(world)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.READY, Reason.EXISTING, 30)


def test_an_agent_that_is_lost() -> None:
    """Disconnected for 90 s, and a dial did not reach it: unreachable, with what to do."""
    world = World()
    world.created()
    world.latest.drop_agent()
    world.sim.sleep(91)
    outcome = goes_on(world)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.UNREACHABLE, Reason.AGENT_LOST, 0)
    assert "connected" in outcome.error
    assert outcome.next_step == "The agent lost its connection. Stop the workspace, then start it."


def test_an_agent_that_gets_lost_while_it_is_waited_for() -> None:
    """The limit counts by the platform's clock; silence of the watch does not keep it from being told."""
    world = World()
    world.created()
    world.latest.drop_agent()
    outcome = goes_on(world)
    assert (outcome.state, outcome.reason) == (State.UNREACHABLE, Reason.AGENT_LOST)
    assert 90 <= outcome.elapsed <= 105


def test_an_agent_that_never_connected() -> None:
    """The platform calls it timed out, and a dial did not reach it."""
    world = World()
    outcome = create(world, connect=NEVER, agent_timeout=60)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.UNREACHABLE, Reason.AGENT_TIMED_OUT, 60)


class Reachable(FakeCoder):
    """A platform whose agents can be reached whatever it says of them."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Reach it."""
        del workspace, agent, deadline
        self._calls.append("dial")
        return nullcontext(FakeConnection(lambda: None, str))


def test_a_lost_agent_that_a_dial_reaches_is_waited_for() -> None:
    """The platform's word is old: it is connecting until the platform says so too, and never called lost."""
    world = World(coder=Reachable)
    world.created()
    world.latest.drop_agent()
    world.sim.sleep(100)
    world.sim.at(world.sim.elapsed + 7, world.latest.restore_agent)
    outcome = goes_on(world)
    assert (outcome.state, outcome.elapsed) == (State.READY, 7)


def test_an_agent_that_shuts_down_while_the_workspace_runs() -> None:
    """It is looked at for as long as connecting may take, then it is unreachable."""
    world = World()
    world.created()
    world.latest.shut_down_agent()
    assert world.chats.status(CHAT).state is State.STOPPING
    outcome = goes_on(world)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.UNREACHABLE, Reason.AGENT_SHUT_DOWN, 120)


def test_no_probe_ever_changes_a_workspace() -> None:
    """However many failed: nothing is built, stopped, deleted or left behind."""
    world = World()
    world.created()
    world.latest.drop_agent()
    world.sim.sleep(100)
    for _ in range(20):
        assert goes_on(world).state is State.UNREACHABLE
    assert (len(world.latest.builds), len(world.coder.workspaces), world.chats.get_chat(CHAT).generation) == (1, 1, 1)


# ------------------------------------------------------------------ watches


@pytest.mark.parametrize("waiters", [1, 5, 40])
def test_the_waiters_of_a_process_share_one_watch(waiters: int) -> None:
    """One of them leads; all are told at the instant, and nothing is left afterwards."""
    world = World()
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    outcomes, calls = world.counts(lambda: world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=waiters))
    assert [it.elapsed for it in outcomes] == [READY] * waiters
    assert (calls["watch"], calls["dial"]) == (1, 1)
    assert calls["get_workspace"] <= waiters + READY // 15
    assert (world.coder.open_watches, len(world.chats._parts.watches), len(world.chats._parts.mutex)) == (0, 0, 0)


def test_a_leader_who_leaves_hands_over() -> None:
    """The one with the shortest patience leads first; the others go on with the same watch."""
    world = World(seed=1)
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    calls: list[Callable[[], Outcome]] = [partial(world.chats.status, CHAT, wait=wait) for wait in (3, 7, 20, 100)]
    outcomes, counted = world.counts(lambda: world.sim.run(*calls))
    assert [it.elapsed for it in outcomes] == [3, 7, 20, READY]
    assert counted["watch"] == 1


def test_a_late_joiner_reads_for_itself() -> None:
    """What was heard before it came may be old; it is told at the same instant as the others."""
    world = World()
    docker = world.template(**SLOW)

    def late() -> Outcome:
        world.sim.sleep(31)
        return world.chats.create(CHAT, docker.id)

    first, second = world.sim.run(lambda: world.chats.create(CHAT, docker.id), late)
    assert (first.elapsed, second.elapsed) == (READY, READY - 31)


@pytest.mark.parametrize("waiters", [1, 3])
def test_a_silent_watch_is_read_beside(waiters: int) -> None:
    """It hangs in a proxy: a fresh read every 15 s, for all waiters, tells what it does not."""
    world = World()
    world.coder.silence_watches()
    docker = world.template(build=100)
    world.chats.create(CHAT, docker.id, wait=0)
    outcomes, calls = world.counts(lambda: world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=waiters))
    assert {it.elapsed for it in outcomes} == {105}
    assert calls["get_workspace"] == waiters + 7


def test_broken_watches_are_opened_again() -> None:
    """One fresh read, then a new watch; the caller notices nothing."""
    world = World()
    docker = world.template(**SLOW)
    for second in (5, 10, 31):
        world.sim.at(second, world.coder.break_watches)
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.state, outcome.elapsed) == (State.READY, READY)
    assert calls["watch"] == 4
    assert calls["get_workspace"] >= 3


def test_a_change_that_falls_into_the_break_of_a_watch_is_not_missed() -> None:
    """The fresh read after the break tells it."""
    world = World()
    docker = world.template(build=10)
    world.sim.at(10, world.coder.break_watches)
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.ready
    assert 10 <= outcome.elapsed < 10.5


def test_watches_that_cannot_be_opened_are_tried_with_back_off() -> None:
    """Never faster than 100 ms, ever slower up to 5 s."""
    world = World()
    docker = world.template(build=60)
    world.coder.when("watch", times=8).fail()
    times: list[float] = []
    opened, platform = world.coder.watch, world.coder

    def watch(*args: Any, **kwargs: Any) -> Watch | None:
        times.append(world.sim.elapsed)
        return opened(*args, **kwargs)

    platform.watch = watch  # type: ignore[method-assign] # to see when
    assert world.chats.create(CHAT, docker.id).elapsed == 60
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) >= 8
    assert min(gaps) >= 0.1
    assert max(gaps) <= 10.1


class Down(FakeCoder):
    """A platform without watches that cannot be asked any more after a second."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, watching=False)
        self.clock = clock

    def get_workspace(self, *args: Any, **kwargs: Any) -> Workspace:
        """Fail from then on."""
        if self.clock.monotonic() > 1:
            raise UnavailableError("the gateway is down")
        return super().get_workspace(*args, **kwargs)


def test_the_last_real_error_is_told_at_the_end() -> None:
    """The platform fails until the limit is over: in progress, with what it said."""
    outcome = create(World(coder=Down, timeouts=Timeouts(build=20)), build=10)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, 20)
    assert (outcome.error, outcome.advice, outcome.retry_after) == ("the gateway is down", Advice.CALL_LATER, 60)


def test_failed_reads_while_waiting_are_tried_again() -> None:
    """One 503 in a row of polls does not end the wait."""
    world = World(coder=polled)
    docker = world.template(build=10)
    world.coder.when("get_workspace", nth=3, times=4).fail()
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.ready
    assert outcome.elapsed < 13


@pytest.mark.parametrize("coder", [FakeCoder, polled])
def test_a_workspace_that_vanishes_while_it_is_waited_for(coder: Callable[[Clock], FakeCoder]) -> None:
    """It is not visible any more: unknown at once, for every waiter, and nothing is concluded."""
    world = World(coder=coder)
    docker = world.template(**SLOW)
    world.sim.at(10, lambda: world.latest.hide())  # noqa: PLW0108 - it is made later
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    assert {(it.state, it.reason) for it in outcomes} == {(State.UNKNOWN, Reason.NOT_VISIBLE)}
    assert all(10 <= it.elapsed < 11.5 for it in outcomes)


def test_the_end_of_a_build_that_cannot_be_seen_any_more() -> None:
    """A creation that waits for a stop to end, and loses sight of it: unknown, nothing made."""
    world = World()
    world.created(stop=20)
    world.latest.stop()
    world.sim.at(70, world.latest.hide)
    outcome = goes_on(world)
    assert (outcome.state, outcome.reason, outcome.elapsed, len(world.coder.workspaces)) == (State.UNKNOWN, Reason.NOT_VISIBLE, 10, 1)


def test_a_watch_that_is_refused_because_nothing_is_to_be_seen() -> None:
    """As when it vanishes a moment later."""
    world = World()
    world.coder.when("watch").fail(NotFoundError("no such workspace"))
    outcome = create(world, build=10)
    assert (outcome.state, outcome.reason) == (State.UNKNOWN, Reason.NOT_VISIBLE)


# ------------------------------------------------------------------ polling


def test_a_platform_without_watches_is_polled() -> None:
    """Ready is told within the interval, which grows from 250 ms to 2 s."""
    world = World(coder=polled)
    docker = world.template(**SLOW)
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id))
    assert outcome.ready
    assert READY <= outcome.elapsed <= READY + 2.2
    assert 40 <= calls["get_workspace"] <= 60


def test_the_intervals_of_polling() -> None:
    """Four a second for 5 s, then one, then one in two: 60 in the first minute."""
    world = World(coder=polled)
    docker, times = world.template(build=120), list[float]()
    read, platform = world.coder.get_workspace, world.coder

    def get_workspace(*args: Any, **kwargs: Any) -> Workspace:
        times.append(world.sim.elapsed)
        return read(*args, **kwargs)

    platform.get_workspace = get_workspace  # type: ignore[method-assign] # to see when
    world.chats.create(CHAT, docker.id)
    gaps = [(earlier, later - earlier) for earlier, later in pairwise(times)]
    assert all(0.22 <= gap <= 0.28 for at, gap in gaps if at < 5)
    assert all(0.89 <= gap <= 1.11 for at, gap in gaps if 5 <= at < 30)
    assert all(1.79 <= gap <= 2.21 for at, gap in gaps if at >= 30)
    assert 55 <= sum(at < 60 for at in times) <= 65


def test_the_waiters_of_a_workspace_share_its_polls() -> None:
    """Twenty waiters cost what one does, but for the read that each begins with."""
    world = World(coder=polled)
    docker = world.template(**SLOW)
    outcomes, calls = world.counts(lambda: world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=20))
    assert all(it.ready for it in outcomes)
    assert calls["get_workspace"] <= 60 + 20


def test_all_polls_of_a_process_stay_under_one_limit() -> None:
    """A hundred chats at once: at most 50 requests a second, spread out."""
    world = World(coder=polled)
    docker, times = world.template(build=5), list[float]()
    for number in range(100):
        world.sim.open_chat(f"many-{number}")
        world.chats.create(f"many-{number}", docker.id, wait=0)
    read, platform = world.coder.get_workspace, world.coder

    def get_workspace(*args: Any, **kwargs: Any) -> Workspace:
        times.append(world.sim.elapsed)
        return read(*args, **kwargs)

    platform.get_workspace = get_workspace  # type: ignore[method-assign] # to see when
    calls: list[Callable[[], Outcome]] = [partial(world.chats.status, f"many-{number}", wait=4) for number in range(100)]
    world.sim.run(*calls)
    first_reads = 100
    polls = times[first_reads:]
    for second in range(4):
        assert sum(second < at <= second + 1 for at in polls) <= 51


# ------------------------------------------------------------------ ending a wait


@pytest.mark.parametrize("after", [10, BUILD + 2, BUILD + CONNECT + 2])
def test_an_interrupt_ends_the_waits_on_a_chat(after: float) -> None:
    """All of this process, at once, in whatever phase; nothing on the platform is canceled, and the next call goes on."""
    world = World()
    docker = world.template(**SLOW)
    world.sim.at(after, lambda: world.chats.interrupt(CHAT))
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    assert [(it.state, it.reason, it.elapsed) for it in outcomes] == [(State.STARTING, Reason.INTERRUPTED, after)] * 3
    assert all(it.phase is not None and it.next_step.startswith("The wait was ended") for it in outcomes)
    assert goes_on(world).elapsed == READY - after


def test_an_interrupt_is_for_one_chat_and_one_process() -> None:
    """Others go on waiting."""
    world = World()
    docker, other = world.template(**SLOW), world.sim.process("other")
    world.sim.open_chat("chat-2")
    world.sim.at(10, lambda: world.chats.interrupt(CHAT))
    calls: list[Callable[[], Outcome]] = [
        lambda: world.chats.create(CHAT, docker.id),
        lambda: other.workspaces.create(CHAT, docker.id),
        lambda: world.chats.create("chat-2", docker.id),
    ]
    assert [it.elapsed for it in world.sim.run(*calls)] == [10, READY, READY]


def test_an_interrupt_when_nobody_waits() -> None:
    """Nothing happens."""
    world = World()
    world.chats.interrupt(CHAT)
    assert create(world).ready


def test_an_interrupt_reaches_who_waits_for_another_process() -> None:
    """Within half a second, for that wait is the store's; nothing is bound, but a plan stands."""
    world = World()
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    world.sim.at(10, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.phase, outcome.reason) == (Phase.QUEUED, Reason.INTERRUPTED)
    assert 10 <= outcome.elapsed <= 10.5


def test_an_interrupt_while_the_watch_is_broken() -> None:
    """The pause before the next attempt is ended, too."""
    world = World()
    docker = world.template(build=60)
    world.coder.when("watch", times=6).fail()
    world.sim.at(12, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.reason, outcome.elapsed) == (Reason.INTERRUPTED, 12)


def test_an_interrupt_ends_a_follower() -> None:
    """With its one last item."""
    world = World()
    world.chats.create(CHAT, world.template(**SLOW).id, wait=0)
    world.sim.at(10, lambda: world.chats.interrupt(CHAT))
    (progress,) = world.sim.run(lambda: list(world.chats.follow(CHAT)))
    assert progress[-1].outcome is not None
    assert (progress[-1].outcome.reason, progress[-1].elapsed) == (Reason.INTERRUPTED, 10)


@pytest.mark.parametrize("coder", [FakeCoder, polled])
def test_close_ends_all_waits_within_a_second(coder: Callable[[Clock], FakeCoder]) -> None:
    """They raise ClosedError, later calls too; watches are closed, and the rest stays the caller's to close."""
    world = World(coder=coder)
    docker = world.template(**SLOW)
    ended: list[float] = []

    def wait(call: Callable[[], object]) -> None:
        with pytest.raises(ClosedError):
            call()
        ended.append(world.sim.elapsed)

    world.chats.create(CHAT, docker.id, wait=0)
    world.sim.at(10, world.chats.close)
    waits: list[Callable[[], object]] = [
        lambda: world.chats.create(CHAT, docker.id),
        lambda: world.chats.stop(CHAT),
        lambda: world.chats.status(CHAT, wait=60),
        lambda: list(world.chats.follow(CHAT)),
    ]
    world.sim.run(*(partial(wait, call) for call in waits))
    assert ended == [10] * 4
    assert world.coder.open_watches == 0


CALLS: dict[str, Callable[[World], object]] = {
    "open_chat": lambda world: world.sim.open_chat("chat-2"),
    "get_chat": lambda world: world.chats.get_chat(CHAT),
    "history": lambda world: world.chats.history(CHAT),
    "create": lambda world: world.chats.create(CHAT, world.template().id),
    "start": lambda world: world.chats.start(CHAT),
    "stop": lambda world: world.chats.stop(CHAT),
    "attach": lambda world: world.chats.attach(CHAT, world.own(world.template()).id),
    "detach": lambda world: world.chats.detach(CHAT),
    "close_chat": lambda world: world.chats.close_chat(CHAT),
    "status": lambda world: world.chats.status(CHAT),
    "follow": lambda world: list(world.chats.follow(CHAT)),
    "sweep": lambda world: world.chats.sweep(),
    "tool": lambda world: world.chats.toolbox(CHAT).call("stop_workspace", {}),
}


@pytest.mark.parametrize("call", CALLS)
def test_after_close_every_call_is_refused(call: str) -> None:
    """Closing twice is fine; a `with` block closes at its end."""
    world = World()
    with world.chats as chats:
        assert chats is world.chats
    world.chats.close()
    with pytest.raises(ClosedError) as error:
        CALLS[call](world)
    assert error.value.reason is Reason.CLOSED


# ------------------------------------------------------------------ the turn


def test_who_waits_for_the_mutex_has_a_limit() -> None:
    """A thread of the process decides for too long: nothing is bound or planned, so the others are told that it is busy."""
    world = World(timeouts=Timeouts(queued=5))
    docker = world.template()
    world.coder.when("get_template").take(9)

    def second() -> Outcome:
        world.sim.sleep(1)
        return world.chats.create(CHAT, docker.id)

    ended: list[float] = []

    def refused() -> None:
        with pytest.raises(BusyError) as error:
            second()
        assert (error.value.reason, error.value.retryable) == (Reason.BUSY, True)
        ended.append(world.sim.elapsed)

    calls: list[Callable[[], object]] = [lambda: world.chats.create(CHAT, docker.id), refused]
    world.sim.run(*calls)
    assert ended == [6]


@pytest.mark.parametrize(("wait", "interrupt"), [(3, None), (None, 4)])
def test_who_waits_for_the_mutex_is_told_when_the_wait_is_over(wait: float | None, interrupt: float | None) -> None:
    """Its own patience ends with BusyError, an interrupt with an outcome that says so."""
    world = World()
    docker = world.template()
    world.coder.when("get_template").take(9)
    ended: list[float] = []

    def refused() -> None:
        world.sim.sleep(1)
        if interrupt is None:
            with pytest.raises(BusyError):
                world.chats.create(CHAT, docker.id, wait=wait)
        else:
            outcome = world.chats.create(CHAT, docker.id, wait=wait)
            assert (outcome.state, outcome.reason) == (State.ABSENT, Reason.INTERRUPTED)
        ended.append(world.sim.elapsed)

    if interrupt is not None:
        world.sim.at(interrupt, lambda: world.chats.interrupt(CHAT))
    calls: list[Callable[[], object]] = [lambda: world.chats.create(CHAT, docker.id), refused]
    world.sim.run(*calls)
    assert ended == [4]


def test_close_ends_a_wait_for_the_mutex() -> None:
    """At once, and the mutex is free again for nobody to use; whoever has it and has sent its request is told what came of it."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").take(9)
    ended: list[float] = []

    def call(after: float) -> None:
        world.sim.sleep(after)
        with pytest.raises(ClosedError):
            world.chats.create(CHAT, docker.id, wait=60 if after else None)
        ended.append(world.sim.elapsed)

    world.sim.at(3, world.chats.close)
    calls: list[Callable[[], None]] = [lambda: call(1), lambda: call(2)]

    def first() -> None:
        assert world.chats.create(CHAT, docker.id).created

    world.sim.run(first, *calls)
    assert ended == [3, 3]
    assert len(world.chats._parts.mutex) == 0


def test_a_claim_that_outlives_the_patience_for_a_turn() -> None:
    """The queue has its limit: with a plan that stands, the outcome says queued, and is no error."""
    world = World(timeouts=Timeouts(queued=8))
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.QUEUED, Reason.IN_PROGRESS, 8)


# ------------------------------------------------------------------ limits


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "10", None, True])
def test_a_limit_is_a_finite_number_above_0(value: Any) -> None:
    """Each of Timeouts says which one was wrong."""
    with pytest.raises(InvalidArgumentError) as error:
        Timeouts(connect=value)
    assert error.value.argument == "connect"

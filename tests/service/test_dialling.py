"""Waiting: dials, and agents that are lost."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial

from chatworkspace import (
    Agent,
    Phase,
    Reason,
    State,
    Workspace,
)
from chatworkspace.ports import AgentConnection, DialError
from chatworkspace_fake import NEVER, FakeCoder
from chatworkspace_fake._platform.connections import FakeAgent, FakeConnection
from tests.service.chats import CHAT, SLOW, World
from tests.service.waits import create, goes_on


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


def test_a_dial_that_is_not_answered_is_tried_again_at_once() -> None:
    """It has taken its 5 s: the 2 s count from where a dial begins. The first dial of an agent may take so long, and the next is quick then."""
    world = World()
    world.coder.when("dial", times=2).lose_request()
    outcome = create(world)
    assert (outcome.state, outcome.elapsed) == (State.READY, 10)


def test_one_dial_at_a_time_is_made_where_none_is_answered() -> None:
    """Whoever asked before it had ended is served by it, and comes back within 2 s."""
    world = World()
    world.coder.when("dial", times=2).lose_request()
    docker = world.template()
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    assert {(it.state, it.workspace_id) for it in outcomes} == {(State.READY, world.latest.id)}
    assert {it.elapsed for it in outcomes} <= {10, 12}
    assert world.coder.calls.count("dial") == 1


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
    """An attempt has 5 s, then another is made; who has waited for another's turn comes back within 2 s."""
    world = World(seed=3)
    world.created()
    world.coder.when("dial", times=2).take(50)
    outcomes = world.sim.race(lambda: world.chats.status(CHAT, wait=60), threads=2)
    assert all(it.ready for it in outcomes)
    assert {it.elapsed for it in outcomes} <= {10, 12}


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
        return nullcontext(FakeConnection(FakeAgent(name="any", reach=lambda: None, answer=str, shell=None, files={})))


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

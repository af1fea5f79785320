"""Which agent a chat uses, as the service tells it: marked ones, sub-agents, none, too many, and agents on hosts of the user's."""

from __future__ import annotations

import pytest

from chatworkspace import Advice, Outcome, Phase, Reason, State
from chatworkspace_fake import FakeWorkspace
from tests.service.chats import CHAT, World


def create(world: World, *agents: str) -> Outcome:
    return world.chats.create(CHAT, world.template(agents=agents).id)


@pytest.mark.parametrize(
    ("agents", "chosen"),
    [
        (["main"], "main"),
        (["one", "two"], "one"),
        (["one", "two-coderd-chat"], "two-coderd-chat"),
        (["one", "Two-CODERD-Chat", "three"], "Two-CODERD-Chat"),
        (["main", "main/container"], "main"),
        (["main", "main/container-coderd-chat"], "main"),
        (["main", "main/dev", "other-coderd-chat"], "other-coderd-chat"),
    ],
    ids=str,
)
def test_the_agent_that_is_used(agents: list[str], chosen: str) -> None:
    """Root agents only; the marked one, else the first."""
    outcome = create(World(), *agents)
    assert outcome.ready
    assert outcome.agent is not None
    assert (outcome.agent.name, outcome.agent.parent_id) == (chosen, None)


def test_a_template_without_agents() -> None:
    """Ready, with a remark; it is returned, not made again, and nobody is dialled."""
    world = World()
    outcome, calls = world.counts(lambda: create(world))
    assert (outcome.state, outcome.reason, outcome.agent, outcome.created) == (State.READY, Reason.NO_AGENT, None, True)
    assert "dial" not in calls
    again = world.chats.create(CHAT, world.latest.template.id)
    assert (again.reason, again.created, len(world.coder.workspaces)) == (Reason.NO_AGENT, False, 1)


def test_more_than_one_agent_is_marked() -> None:
    """The rule cannot choose: the workspace is reported with the selection's own error, nobody is dialled, and none stands in."""
    world = World()
    outcome, calls = world.counts(lambda: create(world, "a-coderd-chat", "b-coderd-chat", "c"))
    assert (outcome.state, outcome.reason, outcome.agent) == (State.UNREACHABLE, Reason.AGENT_AMBIGUOUS, None)
    assert outcome.error == "more than one agent is marked with -coderd-chat: a-coderd-chat, b-coderd-chat; only one may be"
    assert ("mark exactly one" in outcome.next_step, "dial" in calls) == (True, False)
    assert world.chats.start(CHAT).reason is Reason.AGENT_AMBIGUOUS


# ------------------------------------------------------------------ external agents


def external(world: World, **properties: float) -> FakeWorkspace:
    """Return a workspace that the user made, whose agent runs on a host of the user's."""
    return world.own(world.template("external", external_agent=True, **properties))


def test_an_external_agent_that_the_user_starts() -> None:
    """Such a workspace is attached; it is waited for until the user has started the agent."""
    world = World()
    own = external(world)
    world.sim.at(40, own.connect)
    outcome = world.chats.attach(CHAT, own.id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.READY, Reason.ATTACHED, 40)
    assert outcome.agent is not None
    assert outcome.agent.external


def test_an_external_agent_that_nobody_started() -> None:
    """The platform calls it timed out: unreachable, and the action is the user's own; both the advice and the dial's error are told."""
    world = World()
    own = external(world, agent_timeout=30)
    outcome = world.chats.attach(CHAT, own.id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.UNREACHABLE, Reason.EXTERNAL_AGENT_OFFLINE, 30)
    assert "connected" in outcome.error
    assert "ask the user to start it there" in outcome.next_step


def test_an_external_agent_that_has_not_connected_yet() -> None:
    """It is waited for as any other; that its user must start it is told from the first result on, and all the way."""
    world = World()
    outcome = world.chats.attach(CHAT, external(world).id)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (
        State.STARTING,
        Phase.CONNECTING,
        Reason.EXTERNAL_AGENT_OFFLINE,
        120,
    )
    for wait in (0, 20):
        told = world.chats.create(CHAT, world.template("other").id, wait=wait)
        assert (told.state, told.reason, told.advice) == (State.STARTING, Reason.EXTERNAL_AGENT_OFFLINE, Advice.ASK_USER)


def test_an_external_agent_that_went_offline() -> None:
    """For 90 s and more: it leads to no new workspace, whoever creates; once it is back, the chat is ready again."""
    world = World()
    own = external(world)
    own.connect()
    world.chats.attach(CHAT, own.id)
    own.drop_agent()
    world.sim.sleep(100)
    outcome = world.chats.create(CHAT, own.template.id)
    assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.UNREACHABLE, Reason.EXTERNAL_AGENT_OFFLINE, own.id)
    own.restore_agent()
    assert world.chats.create(CHAT, own.template.id).reason is Reason.EXISTING
    assert len(world.coder.workspaces) == 1

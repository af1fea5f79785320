"""connect(): the way to the agent, one tool call long."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any

import pytest

from chatworkspace import Advice, Agent, ChatClosedError, ConnectError, NoWorkspaceError, Reason, UnavailableError, Workspace
from chatworkspace.ports import AgentConnection, Completed, DialError
from chatworkspace_fake import NEVER, FakeCoder, FakeWorkspace, Simulation
from tests.toolbox.kitchen import Kitchen


class Connected(Kitchen):
    """A kitchen whose chat has a ready workspace."""

    def __init__(self, template: str = "docker", **temper: object) -> None:
        super().__init__()
        self.template = self.coder.add_template(template, **temper)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # passed on
        self.sim.workspaces.create("chat-1", self.template.id)

    @property
    def workspace(self) -> FakeWorkspace:
        """The chat's."""
        return self.coder.workspaces[0]

    def run(self, command: str = "uname") -> Completed:
        """Connect, and run a command."""
        with self.sim.workspaces.connect("chat-1") as agent:
            return agent.run(command, timeout=10)

    def requests(self) -> list[str]:
        """Return the requests that connecting takes, whether or not it succeeds."""
        before = len(self.coder.calls)
        with suppress(ConnectError, NoWorkspaceError, UnavailableError):
            self.run()
        return list(self.coder.calls[before:])

    def refused(self) -> ConnectError:
        """Connect in vain."""
        with pytest.raises(ConnectError) as caught:
            self.run()
        return caught.value


def test_n01_look_read_dial_read() -> None:
    """A read before the dial and one after it; the commands reach the agent, and a test answers them."""
    kitchen = Connected()
    kitchen.coder.on_run = lambda command: Completed(exit_code=3, output=f"ran {command}")
    assert kitchen.run("make") == Completed(exit_code=3, output="ran make")
    assert kitchen.requests() == ["get_workspace", "dial", "get_workspace", "record_use"]


def test_n01_the_agent_is_selected_anew() -> None:
    """After a rebuild the workspace has another agent; nobody remembers the old one."""
    kitchen = Connected()
    kitchen.run()
    before = kitchen.workspace.now.agents[0].id
    kitchen.workspace.stop()
    kitchen.workspace.start()
    assert kitchen.workspace.now.agents[0].id != before
    assert kitchen.run().output == "uname"


def test_n02_the_same_agent_is_dialled_once_more() -> None:
    """After a moment, for what failed may pass; two dials are the most, and one where it cannot pass."""
    kitchen = Connected()
    kitchen.coder.when("dial").fail()
    begun = kitchen.sim.elapsed
    assert kitchen.requests() == ["get_workspace", "dial", "get_workspace", "dial", "get_workspace", "record_use"]
    assert kitchen.sim.elapsed - begun == 2
    kitchen.coder.when("dial", times=2).fail()
    assert kitchen.requests() == ["get_workspace", "dial", "get_workspace", "dial", "get_workspace"]
    kitchen.coder.when("dial").fail(DialError("no such agent", permanent=True))
    assert kitchen.requests() == ["get_workspace", "dial", "get_workspace"]


class Meddling(FakeCoder):
    """A platform on which something is done while a dial is under way that reaches its agent."""

    meddle: Callable[[], object] = staticmethod(lambda: None)

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Reach it, and let it be done."""
        connection = super().dial(workspace, agent, deadline=deadline)
        self.meddle()
        return connection


def test_n02_a_workspace_that_was_stopped_during_the_dial() -> None:
    """It is told as it is, and the connection is not handed over; nor is that of a workspace that is rebuilt each time."""
    sim = Simulation(coder=Meddling)
    docker = sim.coder.add_template("docker")
    sim.open_chat("chat-1")
    sim.workspaces.create("chat-1", docker.id)
    coder: Any = sim.coder
    coder.meddle = sim.coder.workspaces[0].stop
    with pytest.raises(ConnectError) as caught:
        sim.workspaces.connect("chat-1")
    assert (caught.value.reason, caught.value.agent) == (Reason.NOT_RUNNING, None)
    coder.meddle = lambda: None
    assert sim.workspaces.start("chat-1").reason is Reason.STARTED, "what was seen counts for more than what was proven before"

    def rebuild() -> None:
        sim.coder.workspaces[0].stop()
        sim.coder.workspaces[0].start()

    coder.meddle = rebuild
    with pytest.raises(ConnectError, match="changed while its agent was dialled"):
        sim.workspaces.connect("chat-1")
    assert sim.coder.workspaces[0].uses == 0


def test_n02_a_chat_that_got_another_workspace_during_the_dial() -> None:
    """Its new one is dialled: a command must not run in the one that was left behind."""
    sim = Simulation(coder=Meddling)
    docker = sim.coder.add_template("docker")
    sim.open_chat("chat-1")
    sim.workspaces.create("chat-1", docker.id)
    coder: Any = sim.coder
    other = sim.process("other")

    def replace() -> None:
        coder.meddle = lambda: None
        sim.run(lambda: other.workspaces.create("chat-1", docker.id, replace=True))

    coder.meddle = replace
    with sim.workspaces.connect("chat-1") as agent:
        assert agent.run("pwd", timeout=1).exit_code == 0
    assert [it.uses for it in sim.coder.workspaces] == [0, 1]


def test_n02_another_agent_is_dialled_once() -> None:
    """The workspace was rebuilt between the read and the dial."""
    kitchen = Connected()
    kitchen.coder.when("dial").take(5)
    kitchen.sim.at(2, kitchen.workspace.stop)
    kitchen.sim.at(3, kitchen.workspace.start)
    requests, _ = kitchen.sim.run(kitchen.requests, lambda: [""])
    assert requests == ["get_workspace", "dial", "get_workspace", "dial", "get_workspace", "record_use"]


def test_n02_a_second_failure_ends_it() -> None:
    """Two dials are the most, whatever becomes of the second."""
    kitchen = Connected()
    kitchen.coder.when("dial").take(5)
    kitchen.coder.when("dial", nth=2).fail(DialError("still booting"))
    kitchen.sim.at(2, kitchen.workspace.stop)
    kitchen.sim.at(3, kitchen.workspace.start)
    error, _ = kitchen.sim.run(kitchen.refused, lambda: None)
    assert isinstance(error, ConnectError)
    assert str(error) == "still booting"
    assert kitchen.coder.calls.count("dial") == 3, "one of the creation, two of the connection"


@pytest.mark.parametrize(
    ("seconds", "reason", "advice"),
    [
        (30, Reason.CONNECT_FAILED, "same call again"),
        (60, Reason.CONNECT_FAILED, "same call again"),
        (90, Reason.AGENT_LOST, "Stop the workspace, then start it"),
    ],
)
def test_n03_advice_for_an_agent_that_went_away(seconds: float, reason: Reason, advice: str) -> None:
    """Soft at first, from 90 s on stop and start."""
    kitchen = Connected()
    kitchen.workspace.drop_agent()
    kitchen.sim.sleep(seconds)
    error = kitchen.refused()
    assert error.reason is reason
    assert advice in error.next_step
    assert error.agent == kitchen.workspace.now.agents[0]
    assert error.retryable


def test_n03_advice_for_an_agent_that_never_came() -> None:
    """Stop and start; the failed dial itself is the message."""
    kitchen = Connected(connect=NEVER, agent_timeout=60)
    error = kitchen.refused()
    assert error.reason is Reason.AGENT_TIMED_OUT
    assert "never connected" in error.next_step
    assert "Stop the workspace, then start it" in error.next_step
    assert str(error) == "the agent is not connected"


def test_n03_advice_for_an_agent_that_shuts_down() -> None:
    """It would answer once more, and be gone: that is told where the dial fails, and it is not dialled again."""
    kitchen = Connected()
    kitchen.workspace.shut_down_agent()
    kitchen.coder.when("dial").fail()
    assert kitchen.refused().reason is Reason.AGENT_SHUT_DOWN


def test_n04_the_use_is_bumped() -> None:
    """Each connection counts; that it could not be counted does not matter."""
    kitchen = Connected()
    kitchen.run()
    kitchen.run()
    kitchen.coder.when("record_use").fail()
    assert kitchen.run().exit_code == 0
    assert kitchen.workspace.uses == 2


def test_n05_no_workspace() -> None:
    """None at all, or a deleted one."""
    kitchen = Kitchen()
    with pytest.raises(NoWorkspaceError):
        kitchen.sim.workspaces.connect("chat-1")
    gone = Connected()
    gone.workspace.delete()
    with pytest.raises(NoWorkspaceError) as caught:
        gone.run()
    assert caught.value.reason is Reason.DELETED


def test_n05_a_workspace_without_somebody_to_dial() -> None:
    """Stopped, without agents, or with too many that are marked: no dial, the reason, and the advice."""
    stopped = Connected()
    stopped.workspace.stop()
    bare = Connected(agents=())
    many = Connected(agents=("a-coderd-chat", "b-coderd-chat"))
    for kitchen, reason in ((stopped, Reason.NOT_RUNNING), (bare, Reason.NO_AGENT), (many, Reason.AGENT_AMBIGUOUS)):
        error = kitchen.refused()
        assert (error.reason, error.agent) == (reason, None)
        assert error.next_step
        assert kitchen.requests() == ["get_workspace"]


def test_n05_a_chat_that_is_closed() -> None:
    """It has no way to anything any more."""
    kitchen = Connected()
    kitchen.sim.workspaces.close_chat("chat-1")
    with pytest.raises(ChatClosedError):
        kitchen.run()


def test_n05_a_platform_that_cannot_be_asked() -> None:
    """Nothing is concluded from it; hidden is not gone."""
    kitchen = Connected()
    kitchen.workspace.hide()
    with pytest.raises(UnavailableError) as caught:
        kitchen.run()
    assert caught.value.reason is Reason.NOT_VISIBLE


def test_n06_it_ends_within_its_limit() -> None:
    """A dial that is never answered leaves time for the look that says why, and no second one begins; all ends within Timeouts.dial."""
    kitchen = Connected()
    kitchen.coder.when("dial", times=2).lose_request()
    assert kitchen.requests() == ["get_workspace", "get_workspace"], "the dial itself did not arrive"
    begun = kitchen.sim.elapsed
    assert begun == 25
    kitchen.coder.when("get_workspace", nth=2).take(4)
    assert kitchen.refused().reason is Reason.CONNECT_FAILED
    assert kitchen.sim.elapsed - begun == 29


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (FakeWorkspace.stop, Reason.NOT_RUNNING),
        (FakeWorkspace.delete, Reason.DELETED),
    ],
)
def test_n06_a_dial_that_hangs_is_told_by_what_happened_meanwhile(happens: Callable[[FakeWorkspace], None], reason: Reason) -> None:
    """Stopped, lost, deleted: not "the agent did not answer"."""
    kitchen = Connected()
    kitchen.coder.when("dial").lose_request()
    kitchen.sim.at(10, lambda: happens(kitchen.workspace))
    told = list[Reason]()

    def connect() -> None:
        with pytest.raises((ConnectError, NoWorkspaceError)) as caught:
            kitchen.run()
        told.append(caught.value.reason)

    kitchen.sim.run(connect)
    assert told == [reason]


@pytest.mark.parametrize(("after", "reached"), [(1, True), (15, True), (25, False)])
def test_n07_an_agent_that_is_connecting_is_waited_for(after: float, reached: bool) -> None:  # noqa: FBT001 # a case
    """As long as a dial may take, and its last seconds are the dial's own; nothing is dialled before."""
    kitchen = Kitchen()
    slow = kitchen.coder.add_template("slow", build=1, connect=after)
    kitchen.sim.workspaces.create("chat-1", slow.id, wait=1)
    begun, before = kitchen.sim.elapsed, len(kitchen.coder.calls)
    if reached:
        with kitchen.sim.workspaces.connect("chat-1") as agent:
            assert agent.run("pwd", timeout=1).exit_code == 0
        assert kitchen.sim.elapsed - begun == pytest.approx(after, abs=0.5)
        assert list(kitchen.coder.calls[before:]).count("dial") == 1
    else:
        with pytest.raises(ConnectError) as caught:
            kitchen.sim.workspaces.connect("chat-1")
        assert caught.value.retryable
        assert kitchen.sim.elapsed - begun <= 30


def test_n07_a_build_is_waited_for_where_it_is_asked_for() -> None:
    """By default it is told at once, as it is; with `wait` it is waited for, and the dial's time comes on top."""
    kitchen = Kitchen()
    slow = kitchen.coder.add_template("slow", build=100)
    kitchen.sim.workspaces.create("chat-1", slow.id, wait=0)
    for wait in (0, 20):
        with pytest.raises(ConnectError) as caught:
            kitchen.sim.workspaces.connect("chat-1", wait=wait)
        assert (caught.value.reason, caught.value.advice) == (Reason.IN_PROGRESS, Advice.CALL_AGAIN)
        assert kitchen.sim.elapsed == wait
    with kitchen.sim.workspaces.connect("chat-1", wait=90) as agent:
        assert agent.run("pwd", timeout=1).exit_code == 0
    assert kitchen.sim.elapsed == pytest.approx(100, abs=0.5)


def test_n07_an_interrupt_ends_the_wait() -> None:
    """At once; nothing is dialled."""
    kitchen = Kitchen()
    slow = kitchen.coder.add_template("slow", build=100)
    kitchen.sim.workspaces.create("chat-1", slow.id, wait=0)
    kitchen.sim.at(5, lambda: kitchen.sim.workspaces.interrupt("chat-1"))

    def connect() -> None:
        with pytest.raises(UnavailableError) as caught:
            kitchen.sim.workspaces.connect("chat-1", wait=90)
        assert caught.value.reason is Reason.INTERRUPTED

    kitchen.sim.run(connect)
    assert (kitchen.sim.elapsed, kitchen.coder.calls.count("dial")) == (5, 0)


def test_n06_a_failed_dial_voids_the_proof() -> None:
    """What was proven ready a moment ago has to be proven again."""
    kitchen = Connected()
    before = len(kitchen.coder.calls)
    assert kitchen.sim.workspaces.status("chat-1").ready
    assert len(kitchen.coder.calls) == before, "the creation's dial still proves it"
    kitchen.coder.when("dial", times=2).fail()
    kitchen.refused()
    assert kitchen.sim.workspaces.status("chat-1").ready
    assert kitchen.coder.calls[-1] == "dial"


@pytest.mark.parametrize("ever", [False, True])
def test_x04_an_external_agent_that_is_away_is_not_dialled(ever: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Only its user can start it; the advice says whether it has ever been there."""
    kitchen = Kitchen()
    laptop = kitchen.coder.add_template("laptop", external_agent=True, agent_timeout=60)
    own = kitchen.coder.add_workspace(laptop, owner_id=kitchen.sim.owner_id)
    kitchen.sim.workspaces.attach("chat-1", own.id, wait=0)
    if ever:
        own.connect()
        own.drop_agent()
    kitchen.sim.sleep(61)
    before = len(kitchen.coder.calls)
    with pytest.raises(ConnectError) as caught:
        kitchen.sim.workspaces.connect("chat-1")
    assert caught.value.reason is Reason.EXTERNAL_AGENT_OFFLINE
    assert caught.value.next_step.startswith("Ask the user to reconnect it" if ever else "Ask the user to start the agent")
    assert list(kitchen.coder.calls[before:]) == ["get_workspace"]


def test_x04_an_external_agent_that_may_be_starting_is_dialled() -> None:
    """While the platform still calls it connecting, the user may have started it this second."""
    kitchen = Kitchen()
    laptop = kitchen.coder.add_template("laptop", external_agent=True)
    own = kitchen.coder.add_workspace(laptop, owner_id=kitchen.sim.owner_id)
    kitchen.sim.workspaces.attach("chat-1", own.id, wait=0)
    own.connect()
    with kitchen.sim.workspaces.connect("chat-1") as agent:
        assert agent.run("pwd", timeout=1).output == "pwd"


def test_n06_slow_reads_and_a_slow_count_do_not_prolong_it() -> None:
    """Everything that it asks for shares one limit; what the dial said is told even when the look after it fails."""
    kitchen = Connected()
    kitchen.workspace.drop_agent()
    kitchen.coder.when("dial").take(25)
    kitchen.coder.when("get_workspace", nth=2).lose_request()
    begun = kitchen.sim.elapsed
    kitchen.refused()
    assert kitchen.sim.elapsed - begun <= 30
    kitchen.workspace.restore_agent()
    kitchen.coder.when("record_use").lose_request()
    begun = kitchen.sim.elapsed
    assert kitchen.run().exit_code == 0
    assert kitchen.sim.elapsed - begun <= 30

"""The contract of an AgentDialer, one test a rule. An adapter subclasses AgentDialerContract and gives it a fixture `dialer_factory`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

import attrs
import pytest

from chatworkspace import Agent, UnavailableError, Workspace
from chatworkspace.ports import AgentDialer, Clock, DialError
from tests.contract.threads import THREADS, Threads

UNKNOWN = UUID(int=404)
LONG = 30.0
"""Seconds that no test waits for."""
BRIEF = 0.05
"""Seconds that a test can wait for."""
LATE = 0.25
"""Seconds by which a call may miss its deadline."""


@attrs.frozen(kw_only=True)
class DialerWorld:
    """A fresh platform with agents to dial. Where an agent runs, `echo TEXT` says TEXT and `exit N` ends with N."""

    dialer: AgentDialer
    clock: Clock
    threads: Threads
    ready: Callable[[], Workspace]
    """Makes a workspace with one agent that is connected."""
    unconnected: Callable[[], Workspace]
    """Makes a workspace with one agent that never connects."""
    drop: Callable[[Workspace], None]
    """Cuts the connection of its agent."""
    restore: Callable[[Workspace], None]
    """Gives it back."""
    restart: Callable[[Workspace], Workspace]
    """Stops and starts it: it has another agent then."""
    stop: Callable[[Workspace], None]
    delete: Callable[[Workspace], None]
    lose_request: Callable[[], None]
    """Lets the next dial never be answered."""

    def dial(self, workspace: Workspace, agent: Agent | None = None) -> None:
        """Reach its agent, and let go of it."""
        with self.dialer.dial(workspace, agent or workspace.agents[0], deadline=self.clock.monotonic() + LONG):
            pass

    def run(self, workspace: Workspace, command: str) -> tuple[int, str]:
        """Run a command in it."""
        with self.dialer.dial(workspace, workspace.agents[0], deadline=self.clock.monotonic() + LONG) as connection:
            completed = connection.run(command, timeout=LONG)
        return completed.exit_code, completed.output.strip()

    def refused(self, workspace: Workspace, agent: Agent | None = None) -> DialError:
        """Dial in vain."""
        with pytest.raises(DialError) as refused:
            self.dial(workspace, agent)
        return refused.value


DialerFactory = Callable[[], DialerWorld]


class AgentDialerContract:
    """Every rule of AgentDialer and AgentConnection. `dialer_factory`: returns a DialerWorld over a fresh platform."""

    def test_a_connected_agent_is_reached(self, dialer_factory: DialerFactory) -> None:
        """What dial() hands out is open: a command runs, and its output comes back."""
        world = dialer_factory()
        assert world.run(world.ready(), "echo hello") == (0, "hello")

    def test_a_command_that_fails_is_no_error(self, dialer_factory: DialerFactory) -> None:
        """Its exit code is told."""
        world = dialer_factory()
        assert world.run(world.ready(), "exit 3")[0] == 3

    def test_a_connection_runs_several_commands(self, dialer_factory: DialerFactory) -> None:
        """One after another."""
        world = dialer_factory()
        workspace = world.ready()
        with world.dialer.dial(workspace, workspace.agents[0], deadline=world.clock.monotonic() + LONG) as connection:
            said = [connection.run(f"echo {number}", timeout=LONG).output.strip() for number in range(3)]
        assert said == ["0", "1", "2"]

    def test_an_agent_can_be_dialled_again(self, dialer_factory: DialerFactory) -> None:
        """Letting go of a connection ends no other, before or after."""
        world = dialer_factory()
        workspace = world.ready()
        with world.dialer.dial(workspace, workspace.agents[0], deadline=world.clock.monotonic() + LONG) as connection:
            world.dial(workspace)
            assert connection.run("echo still", timeout=LONG).output.strip() == "still"
        world.dial(workspace)

    def test_each_agent_answers_for_itself(self, dialer_factory: DialerFactory) -> None:
        """With two workspaces, losing one leaves the other in reach."""
        world = dialer_factory()
        one, other = world.ready(), world.ready()
        world.drop(one)
        assert world.run(other, "echo here") == (0, "here")
        world.refused(one)

    def test_an_agent_that_is_not_connected(self, dialer_factory: DialerFactory) -> None:
        """DialError, not permanent: it may come."""
        world = dialer_factory()
        assert not world.refused(world.unconnected()).permanent

    def test_an_agent_that_was_lost(self, dialer_factory: DialerFactory) -> None:
        """DialError, not permanent; once it is back it is reached."""
        world = dialer_factory()
        workspace = world.ready()
        world.drop(workspace)
        assert not world.refused(workspace).permanent
        world.restore(workspace)
        assert world.run(workspace, "echo back") == (0, "back")

    def test_an_agent_that_never_was(self, dialer_factory: DialerFactory) -> None:
        """DialError, permanent."""
        world = dialer_factory()
        workspace = world.ready()
        assert world.refused(workspace, attrs.evolve(workspace.agents[0], id=UNKNOWN)).permanent

    def test_the_agent_of_a_stopped_workspace(self, dialer_factory: DialerFactory) -> None:
        """DialError, permanent: it is gone with its build."""
        world = dialer_factory()
        workspace = world.ready()
        world.stop(workspace)
        assert world.refused(workspace).permanent

    def test_the_agent_of_a_build_before(self, dialer_factory: DialerFactory) -> None:
        """DialError, permanent: look for another, which is reached."""
        world = dialer_factory()
        before = world.ready()
        after = world.restart(before)
        assert world.refused(after, before.agents[0]).permanent
        assert world.run(after, "echo new") == (0, "new")

    def test_the_agent_of_a_deleted_workspace(self, dialer_factory: DialerFactory) -> None:
        """DialError, permanent."""
        world = dialer_factory()
        workspace = world.ready()
        world.delete(workspace)
        assert world.refused(workspace).permanent

    def test_the_agent_of_a_workspace_that_never_was(self, dialer_factory: DialerFactory) -> None:
        """DialError, permanent: not NotFoundError."""
        world = dialer_factory()
        workspace = world.ready()
        assert world.refused(attrs.evolve(workspace, id=UNKNOWN)).permanent

    def test_dialling_keeps_its_deadline(self, dialer_factory: DialerFactory) -> None:
        """Not answered, it ends with DialError or UnavailableError."""
        world = dialer_factory()
        workspace = world.ready()
        world.lose_request()
        deadline = world.clock.monotonic() + BRIEF
        with pytest.raises((DialError, UnavailableError)):
            world.dialer.dial(workspace, workspace.agents[0], deadline=deadline)
        assert world.clock.monotonic() <= deadline + LATE

    def test_a_command_on_a_connection_that_broke(self, dialer_factory: DialerFactory) -> None:
        """UnavailableError or TimeoutError, whether the agent was lost or its workspace stopped."""
        for end in ("drop", "stop"):
            world = dialer_factory()
            workspace = world.ready()
            with world.dialer.dial(workspace, workspace.agents[0], deadline=world.clock.monotonic() + LONG) as connection:
                (world.drop if end == "drop" else world.stop)(workspace)
                with pytest.raises((UnavailableError, TimeoutError)):
                    connection.run("echo hello", timeout=BRIEF)

    def test_an_error_inside_comes_out(self, dialer_factory: DialerFactory) -> None:
        """Letting go of a connection swallows no error of whoever used it."""
        world = dialer_factory()
        workspace = world.ready()
        with pytest.raises(LookupError), world.dialer.dial(workspace, workspace.agents[0], deadline=world.clock.monotonic() + LONG):
            raise LookupError

    def test_threads_reach_one_agent_together(self, dialer_factory: DialerFactory) -> None:
        """In every round each of 8 threads has a connection of its own, and is told its own output."""
        world = dialer_factory()
        workspace = world.ready()
        for _ in range(world.threads.rounds):
            said = world.threads.together([partial(world.run, workspace, f"echo {number}") for number in range(THREADS)])
            assert said == [(0, str(number)) for number in range(THREADS)]

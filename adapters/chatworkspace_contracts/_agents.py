"""A platform with agents, for the rules of AgentDialer and AgentConnection."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import attrs

from chatworkspace import Agent, Workspace
from chatworkspace.ports import AgentConnection, Clock, DialError, Warming
from chatworkspace_contracts._checks import present, raises
from chatworkspace_contracts._seconds import LONG
from chatworkspace_contracts._threads import Threads
from chatworkspace_contracts._worlds import DialerWorld


@attrs.frozen
class Stage:
    """A platform with agents, and what makes it handy."""

    world: DialerWorld

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return self.world.clock

    @property
    def threads(self) -> Threads:
        """What races."""
        return self.world.threads

    def ready(self) -> Workspace:
        """Return a workspace whose agent is connected."""
        return self.world.ready()

    @contextmanager
    def dialled(self, workspace: Workspace, agent: Agent | None = None) -> Generator[AgentConnection, None, None]:
        """Reach its agent, and let go of it."""
        with self.world.dialer.dial(workspace, agent or workspace.agents[0], deadline=self.clock.monotonic() + LONG) as connection:
            yield connection

    def warm(self, workspace: Workspace) -> Warming | None:
        """Begin to reach its agent ahead of a dial."""
        return self.world.dialer.warm(workspace, workspace.agents[0], deadline=self.clock.monotonic() + LONG)

    def run(self, workspace: Workspace, command: str) -> tuple[int, str]:
        """Run a command in it."""
        with self.dialled(workspace) as connection:
            completed = connection.run(command, timeout=LONG)
        return completed.exit_code, completed.output.strip()

    def refused(self, workspace: Workspace, agent: Agent | None = None) -> bool:
        """Dial in vain, and return whether the agent is gone."""
        with raises(DialError) as refused, self.dialled(workspace, agent):
            pass
        return refused.error.permanent

    def drop(self, workspace: Workspace) -> None:
        """Cut the connection of its agent."""
        present("a way to cut a connection", self.world.drop)(workspace)

    def stop(self, workspace: Workspace) -> None:
        """Stop it."""
        present("a way to stop a workspace", self.world.stop)(workspace)


Fresh = Callable[[], Stage]

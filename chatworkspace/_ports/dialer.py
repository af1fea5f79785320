"""What reaches agents."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import attrs

from chatworkspace.model import Agent, Workspace


@attrs.frozen(kw_only=True)
class Completed:
    """A command that has ended.

    exit_code: the command's own.
    output: what it wrote, both streams. Other people's text.
    truncated: output lacks something.
    """

    exit_code: int
    output: str
    truncated: bool = False


class AgentConnection(Protocol):
    """A way to the agent that was open when it was handed out. Use it from one thread at a time."""

    def run(self, command: str, *, timeout: float) -> Completed:
        """Run a shell command; timeout in seconds. UnavailableError, TimeoutError."""
        ...


class Warming(Protocol):
    """A way to an agent that is being opened, for others to find it open."""

    def close(self) -> None:
        """Let go of it, however far it is. Never blocks; idempotent; any thread, and in a finalizer."""
        ...


class AgentDialer(Protocol):
    """Reaches an agent."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """One attempt; reached when it returns. DialError."""
        ...

    def warm(self, workspace: Workspace, agent: Agent, *, deadline: float) -> Warming | None:
        """Begin to reach an agent that will be dialled in a while, and return without waiting for it: the first dial of a fresh one may take seconds.

        It proves nothing, and nobody is told what becomes of it. It goes on until close(). None: nothing was begun, for nothing would be gained, or
        too many are. DialError, UnavailableError: it could not be begun by the deadline.
        """
        del workspace, agent, deadline
        return None

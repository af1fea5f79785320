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
    output: what it wrote, both streams, as `ports.visible` leaves it: without control characters but newline and tab. Other people's text.
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


class AgentDialer(Protocol):
    """Reaches an agent."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """One attempt; reached when it returns. DialError."""
        ...

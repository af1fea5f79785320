"""What the tools of a chat ask of the library: the few of its calls that they make."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from chatworkspace._domain.arguments import Id
from chatworkspace.errors import ChatWorkspaceError, UnavailableError
from chatworkspace.model import Chat
from chatworkspace.outcomes import Outcome
from chatworkspace.ports import AgentConnection


class Use(Protocol):
    """What a tool does with the agent, seen from the tool."""

    @property
    def interrupted(self) -> bool:
        """Somebody has ended it."""
        ...

    def check(self) -> None:
        """Raise ClosedError if all was closed."""
        ...


class Uses(Protocol):
    """Those of one chat."""

    def under_way(self) -> AbstractContextManager[Use]:
        """While inside, interrupt() and close() end what this thread has the agent do. ClosedError."""
        ...

    def over(self, error: UnavailableError | None) -> ChatWorkspaceError | None:
        """Note that a connection was used to its end, or return what is told of one that broke with this error."""
        ...


class Workspaces(Protocol):
    """The calls of ChatWorkspaces that tools make; their contracts stand there. cancel: a Cancel of the host's or None, passed on as it came."""

    def get_chat(self, chat_id: str) -> Chat:
        """Return the chat, closed or not."""
        ...

    def create(
        self,
        chat_id: str,
        template_id: Id,
        *,
        name: str = "",
        parameters: Mapping[str, str] | None = None,
        preset_id: Id | None = None,
        replace: bool | Id = False,
        wait: float | None = None,
        cancel: Any = None,
    ) -> Outcome:
        """Give the chat its workspace."""
        ...

    def start(self, chat_id: str, *, parameters: Mapping[str, str] | None = None, wait: float | None = None, cancel: Any = None) -> Outcome:
        """Start the chat's workspace."""
        ...

    def stop(self, chat_id: str, *, wait: float | None = None, cancel: Any = None) -> Outcome:
        """Stop the chat's workspace."""
        ...

    def status(self, chat_id: str, *, wait: float = 0, cancel: Any = None) -> Outcome:
        """Say how things are."""
        ...

    def connect(self, chat_id: str, *, cancel: Any = None) -> AbstractContextManager[AgentConnection]:
        """Reach the agent of the chat's workspace."""
        ...

"""What the tools of a chat do with its agent: for as long as it takes, interrupt() and close() end it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

from chatworkspace._application.calls import Call
from chatworkspace.errors import ChatWorkspaceError, UnavailableError
from chatworkspace.ports import Clock

if TYPE_CHECKING:
    from chatworkspace._application.parts import Parts


class Uses:
    """Of one chat. Keeps nothing; safe from any thread."""

    def __init__(self, chat_id: str, *, parts: Callable[[], Parts], call: Callable[[Parts], Call], clock: Clock) -> None:
        """call: makes a call that finds out what became of a use."""
        self._chat_id = chat_id
        self._parts = parts
        self._call = call
        self._clock = clock

    @contextmanager
    def under_way(self) -> Generator[Call, None, None]:
        """While inside, what this thread has the agent do is ended with the chat's calls, of which it is one. ClosedError."""
        with Call(self._parts().uses, self._clock, self._chat_id, None) as call, call.asking(inf, cut=True):
            yield call

    def over(self, error: UnavailableError | None) -> ChatWorkspaceError | None:
        """Note that a tool has used a connection to its end, or return what is told of one that broke with this error."""
        parts = self._parts()
        if error is None and self._chat_id not in parts.guide.troubled:
            return None
        with self._call(parts) as call:
            return parts.connector.used(call, error)

"""A way to an agent that is played by a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chatworkspace import UnavailableError
from chatworkspace.ports import AgentConnection, Completed, DialError, Warming

if TYPE_CHECKING:
    from typing_extensions import Self

Answer = Callable[[str], str | Completed]
"""Answers a command: its output, or how it was completed."""


class FakeConnection(AgentConnection):
    """A way to an agent that is played by a test. Its own context manager."""

    def __init__(self, reach: Callable[[], object], answer: Answer) -> None:
        self._reach = reach
        self._answer = answer

    def run(self, command: str, *, timeout: float) -> Completed:
        del timeout
        try:
            self._reach()
        except DialError as error:
            raise UnavailableError(f"the connection broke: {error}") from error
        said = self._answer(command)
        return said if isinstance(said, Completed) else Completed(exit_code=0, output=said)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        return None


class FakeWarming(Warming):
    """An agent that is being reached ahead of a dial: nothing but an entry among those that are open."""

    def __init__(self, opened: dict[FakeWarming, None]) -> None:
        self._opened = opened
        opened[self] = None

    def close(self) -> None:
        self._opened.pop(self, None)

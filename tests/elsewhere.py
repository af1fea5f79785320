"""Other processes of a simulation, whose monotonic clocks began at other times: no instant of one means anything to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from chatworkspace import ChatWorkspaces
from chatworkspace.ports import AgentDialer, Clock, Signal, Store, WorkspaceCreator
from chatworkspace_fake import Simulation
from tests.clocks import PassingClock

APART = 100_000.0
"""Seconds between the clocks of one process and the next."""


class Elsewhere:
    """Makes a new process for each that is asked for."""

    def __init__(self, sim: Simulation, **service: Any) -> None:
        self._sim = sim
        self._service = service
        self._made = 0

    def fresh(self) -> ChatWorkspaces:
        """Return the service of a process that knows nothing yet."""
        self._made += 1
        process, ahead = self._sim.process(f"fresh-{self._made}"), APART * self._made
        return ChatWorkspaces(
            store=cast("Store", _Port(process.store, ahead)),
            creator=cast("WorkspaceCreator", _Port(process.creator, ahead)),
            dialer=cast("AgentDialer", _Port(process.dialer, ahead)),
            clock=_Clock(process.clock, ahead),
            **self._service,
        )


class _Clock(PassingClock):
    def __init__(self, clock: Clock, ahead: float) -> None:
        super().__init__(clock)
        self._ahead = ahead

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def signal(self) -> Signal:
        return cast("Signal", _Signal(super().signal(), self._ahead))


class _Signal:
    def __init__(self, signal: Signal, ahead: float) -> None:
        self._ahead = ahead
        self._signal = signal
        self.set = signal.set

    def wait(self, deadline: float | None) -> bool:
        """Wait as long by the clock of the world."""
        return self._signal.wait(None if deadline is None else deadline - self._ahead)


class _Port:
    """A port, or a watch, that is told deadlines by the clock of its process."""

    def __init__(self, port: object, ahead: float) -> None:
        self._port = port
        self._ahead = ahead

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._port, name)
        return self._translated(name, asked) if callable(asked) else asked

    def _translated(self, name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def translated(*args: Any, **kwargs: Any) -> Any:
            if "deadline" in kwargs:
                kwargs["deadline"] -= self._ahead
            if name in ("next", "wait_for_turn"):  # they take it by place
                args = (*args[:-1], args[-1] - self._ahead)
            answer = ask(*args, **kwargs)
            return _Port(answer, self._ahead) if name == "watch" and answer is not None else answer

        return translated

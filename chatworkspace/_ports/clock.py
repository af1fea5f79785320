"""Time, chance, and everything that blocks."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Signal(Protocol):
    """Set once, waited for by one thread."""

    def set(self) -> None:
        """Wake the waiter, now or when it comes. Never blocks; idempotent; any thread."""
        ...

    def wait(self, deadline: float | None) -> bool:
        """Block until set (True) or the deadline (False)."""
        ...


class Clock(Protocol):
    """Time, waiting and chance: the only way in which the core may block or be random. Simulation is one, SystemClock the real one."""

    def now(self) -> datetime:
        """Aware, UTC. To be shown, never to decide by."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back. Deadlines are instants of it."""
        ...

    def signal(self) -> Signal:
        """A fresh one. The mutex, shared watches, interrupt and close are all built on it, so they run under a simulation unchanged."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block this thread for so long."""
        ...

    def random(self) -> float:
        """In [0, 1): for jitter."""
        ...

    def token(self) -> str:
        """Unique for ever: from the operating system; a simulation: from its seed."""
        ...

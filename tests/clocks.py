"""A clock before another, for those that differ from it in one thing."""

from __future__ import annotations

from datetime import datetime

from chatworkspace.ports import Clock, Signal


class PassingClock(Clock):
    """A clock that passes all on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def now(self) -> datetime:
        """Pass on."""
        return self.clock.now()

    def monotonic(self) -> float:
        """Pass on."""
        return self.clock.monotonic()

    def signal(self) -> Signal:
        """Pass on."""
        return self.clock.signal()

    def sleep(self, seconds: float) -> None:
        """Pass on."""
        self.clock.sleep(seconds)

    def random(self) -> float:
        """Pass on."""
        return self.clock.random()

    def token(self) -> str:
        """Pass on."""
        return self.clock.token()

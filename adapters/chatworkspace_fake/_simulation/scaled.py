"""Real time, faster or slower."""

from __future__ import annotations

from datetime import datetime, timedelta
from sys import float_info

from chatworkspace.ports import Clock, Signal, SystemClock
from chatworkspace_fake._arguments import check_number


class ScaledSignal(Signal):
    """Set once, waited for by one thread."""

    def __init__(self, clock: ScaledClock, signal: Signal) -> None:
        self._clock = clock
        self._signal = signal

    def set(self) -> None:
        self._signal.set()

    def wait(self, deadline: float | None) -> bool:
        return self._signal.wait(None if deadline is None else self._clock.real(deadline))


class ScaledClock(Clock):
    """A clock whose seconds pass `speed` times as fast as real ones: with 60, a minute takes a second. Safe from any thread."""

    def __init__(self, speed: float) -> None:
        """InvalidArgumentError: a speed that is not above 0."""
        self.speed: float = check_number("speed", speed, "a finite number above 0", least=float_info.min, most=float_info.max)
        self._system = SystemClock()
        self._born = self._system.monotonic()
        self._born_at = self._system.now()

    def now(self) -> datetime:
        """Time of day, aware, UTC: right when the clock was made, ahead or behind since."""
        return self._born_at + timedelta(seconds=self.monotonic() - self._born)

    def monotonic(self) -> float:
        """Scaled seconds."""
        return self._born + (self._system.monotonic() - self._born) * self.speed

    def signal(self) -> ScaledSignal:
        """Return a fresh signal, whose deadlines are of this clock."""
        return ScaledSignal(self, self._system.signal())

    def sleep(self, seconds: float) -> None:
        """Block for so many scaled seconds. InvalidArgumentError."""
        check_number("seconds", seconds, "a number of seconds")
        self._system.sleep(seconds / self.speed)

    def random(self) -> float:
        """In [0, 1)."""
        return self._system.random()

    def token(self) -> str:
        """Return what is unique."""
        return self._system.token()

    def real(self, instant: float) -> float:
        """Return an instant of this clock as one of the system's."""
        return self._born + (instant - self._born) / self.speed

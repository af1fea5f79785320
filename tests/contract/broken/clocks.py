"""Clocks that break a rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from threading import get_ident
from typing import Any

from chatworkspace.ports import Clock, Signal
from chatworkspace_contracts import ClockWorld
from chatworkspace_fake import Simulation
from tests.clocks import PassingClock
from tests.contract.broken.breaking import Breaking, Really
from tests.contract.worlds import VirtualThreads


class CountingClock(PassingClock):
    """A clock that passes all on, for others to break."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.numbers = count()


CLOCKS = Breaking("clock", CountingClock)


def clocks(kind: type[CountingClock], rounds: int) -> Callable[[], ClockWorld]:
    """Return a factory of such clocks over those of simulations."""
    seeds = count()

    def fresh() -> ClockWorld:
        simulation = Simulation(next(seeds))
        return ClockWorld(clock=kind(simulation), threads=VirtualThreads(simulation, rounds))

    return fresh


# ------------------------------------------------------------------ time


@CLOCKS.method("now", "time.aware")
def tells_no_zone(_: CountingClock, really: Really) -> datetime:
    now: datetime = really()
    return now.replace(tzinfo=None)


@CLOCKS.method("now", "time.goes-on")
def stands_still(it: CountingClock, really: Really) -> Any:
    return vars(it).setdefault("first", really())


@CLOCKS.method("monotonic", "time.never-back")
def goes_back_now_and_then(it: CountingClock, really: Really) -> float:
    return float(really()) - (1e-3 if next(it.numbers) % 100 == 50 else 0.0)


@CLOCKS.method("monotonic", "time.never-back-between-threads")
def is_another_in_each_thread(it: CountingClock, really: Really) -> float:
    threads: dict[int, int] = vars(it).setdefault("threads", {})
    return float(really()) - threads.setdefault(get_ident(), len(threads))


@CLOCKS.method("sleep", "time.sleep")
def sleeps_half_as_long(_: CountingClock, really: Really, seconds: float) -> None:
    really(seconds / 2)


@CLOCKS.method("sleep", "time.sleep-for-no-time")
def sleeps_for_ten_seconds_at_least(_: CountingClock, really: Really, seconds: float) -> None:
    really(max(seconds, 10.0))


@CLOCKS.method("sleep", "time.sleep-together")
def lets_one_sleep_after_the_other(it: CountingClock, really: Really, seconds: float) -> None:
    now = it.monotonic()
    until = max(now, vars(it).get("until", 0.0)) + seconds
    vars(it)["until"] = until
    really(until - now)


# ------------------------------------------------------------------ signals


class PassingSignal(Signal):
    """A signal that passes all on, for others to break."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.signal = clock.signal()
        self.was_set = False
        self.waits = 0

    def set(self) -> None:
        """Pass on."""
        self.was_set = True
        self.signal.set()

    def wait(self, deadline: float | None) -> bool:
        """Pass on."""
        self.waits += 1
        return self.signal.wait(deadline)


def signals(*rules: str) -> Callable[[type[PassingSignal]], type[PassingSignal]]:
    """Add a clock with such signals."""

    def add(kind: type[PassingSignal]) -> type[PassingSignal]:
        def signal(it: CountingClock) -> PassingSignal:
            return kind(it.clock)

        CLOCKS.breaks(*rules)(type(f"Has{kind.__name__}", (CountingClock,), {"signal": signal}))
        return kind

    return add


@signals("signal.set-before")
class ForgetsWhatWasSetBefore(PassingSignal):
    """Who comes later waits."""

    def wait(self, deadline: float | None) -> bool:
        """Begin anew."""
        self.signal = self.clock.signal()
        return super().wait(deadline)


@signals("signal.set-again")
class IsSetAndUnset(PassingSignal):
    """Setting again takes it back."""

    def set(self) -> None:
        """Set it, or not."""
        if self.was_set:
            self.was_set, self.signal = False, self.clock.signal()
        else:
            super().set()


@signals("signal.wakes")
class WakesNobody(PassingSignal):
    """Who waits looks at the deadline."""

    def wait(self, deadline: float | None) -> bool:
        """Sleep."""
        if not self.was_set:
            self.clock.sleep(60.0 if deadline is None else max(deadline - self.clock.monotonic(), 0.0))
        return self.was_set


@signals("signal.deadline")
class SaysThatItWasSet(PassingSignal):
    """Does not tell the deadline from the signal."""

    def wait(self, deadline: float | None) -> bool:
        """Say so."""
        super().wait(deadline)
        return True


@signals("signal.deadline-that-has-passed")
class WaitsInAnyCase(PassingSignal):
    """Waits for two seconds at least."""

    def wait(self, deadline: float | None) -> bool:
        """Wait."""
        return super().wait(None if deadline is None else max(deadline, self.clock.monotonic() + 10.0))


@signals("signal.waited-for-again")
class IsUsedUp(PassingSignal):
    """Can be waited for once."""

    def wait(self, deadline: float | None) -> bool:
        """Wait for the first time."""
        return super().wait(deadline) if not self.waits else False


@signals("signal.race")
class LosesWhatComesMeanwhile(PassingSignal):
    """Looks whether it is set, and begins to wait then: setting comes between."""

    def wait(self, deadline: float | None) -> bool:
        """Look, and begin anew."""
        if self.was_set:
            return True
        self.clock.sleep(0.001)
        self.signal = self.clock.signal()
        return super().wait(deadline)


@CLOCKS.method("signal", "signal.its-own")
def has_one_signal(it: CountingClock, really: Really) -> Any:
    return vars(it).setdefault("one", really())


# ------------------------------------------------------------------ chance


@CLOCKS.method("random", "chance.between-0-and-1")
def leaves_nothing_to_chance(_: CountingClock, really: Really) -> float:
    del really
    return 0.25


@CLOCKS.method("token", "chance.no-token-twice")
def draws_short_tokens(_: CountingClock, really: Really) -> str:
    return str(really())[-2:]


@CLOCKS.method("token", "chance.tokens-of-two-clocks")
def counts_tokens(it: CountingClock, really: Really) -> str:
    del really
    return f"token-{next(it.numbers)}"

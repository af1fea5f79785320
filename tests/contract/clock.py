"""The contract of a Clock, one test a rule. A clock's tests subclass ClockContract and give it a fixture `clock_factory`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import attrs

from chatworkspace.ports import Clock, Signal
from tests.contract.threads import THREADS, Threads

BRIEF = 0.05
"""Seconds that a test can wait for."""
LONG = 30.0
"""Seconds that no test waits for."""
SOON = 5.0
"""Seconds within which what need not wait has happened, on the slowest machine."""
AT_ONCE = 1.0
"""Seconds within which what does not block has happened, on the slowest machine."""
GRAIN = 1e-6
"""Seconds within which two instants count as one."""
TOKENS = 200
"""That each thread draws."""


@attrs.frozen(kw_only=True)
class ClockWorld:
    """A clock, and threads that may block on it."""

    clock: Clock
    threads: Threads

    def took(self, call: Callable[[], object]) -> float:
        """Return how many seconds a call takes."""
        began = self.clock.monotonic()
        call()
        return self.clock.monotonic() - began

    def wait(self, signal: Signal, seconds: float | None) -> bool:
        """Wait for so long."""
        return signal.wait(None if seconds is None else self.clock.monotonic() + seconds)

    def set_later(self, signal: Signal) -> bool:
        """Set it in a moment."""
        self.clock.sleep(BRIEF)
        signal.set()
        return True


ClockFactory = Callable[[], ClockWorld]


class ClockContract:
    """Every rule of Clock and Signal. `clock_factory`: returns a ClockWorld."""

    # ------------------------------------------------------------ time

    def test_the_time_of_day_is_aware(self, clock_factory: ClockFactory) -> None:
        """It is UTC, and says so."""
        assert clock_factory().clock.now().utcoffset() == timedelta(0)

    def test_the_time_of_day_goes_on(self, clock_factory: ClockFactory) -> None:
        """By as much as was slept, about."""
        clock = clock_factory().clock
        before = clock.now()
        clock.sleep(BRIEF)
        assert timedelta(seconds=BRIEF / 2) < clock.now() - before < timedelta(seconds=SOON)

    def test_seconds_never_go_back(self, clock_factory: ClockFactory) -> None:
        """Neither between two looks, nor over a sleep, nor a wait."""
        world = clock_factory()
        seen = [world.clock.monotonic() for _ in range(1000)]
        world.clock.sleep(BRIEF)
        seen.append(world.clock.monotonic())
        world.wait(world.clock.signal(), BRIEF)
        seen.append(world.clock.monotonic())
        assert seen == sorted(seen)

    def test_seconds_never_go_back_between_threads(self, clock_factory: ClockFactory) -> None:
        """All threads read one clock: what one read before is never later than what another reads after it."""
        world = clock_factory()
        seen = [world.clock.monotonic()]

        def read() -> None:
            for _ in range(world.threads.rounds):
                latest = seen[-1]
                now = world.clock.monotonic()
                assert now >= latest
                seen.append(now)

        world.threads.together([read] * THREADS)
        assert world.clock.monotonic() >= max(seen)

    def test_sleeping_takes_its_time(self, clock_factory: ClockFactory) -> None:
        """At least so long, and not much longer."""
        world = clock_factory()
        assert BRIEF - GRAIN <= world.took(partial(world.clock.sleep, BRIEF)) < SOON

    def test_sleeping_for_no_time_returns(self, clock_factory: ClockFactory) -> None:
        """At once."""
        world = clock_factory()
        assert world.took(partial(world.clock.sleep, 0)) < AT_ONCE

    def test_threads_sleep_beside_each_other(self, clock_factory: ClockFactory) -> None:
        """One thread's sleep is not another's: together they take as long as one."""
        world = clock_factory()
        together = partial(world.threads.together, [partial(world.clock.sleep, 4 * BRIEF)] * THREADS)
        assert world.took(together) < 4 * BRIEF * THREADS / 2

    # ------------------------------------------------------------ signals

    def test_a_signal_set_before_is_not_waited_for(self, clock_factory: ClockFactory) -> None:
        """It wakes the waiter when it comes."""
        world = clock_factory()
        signal = world.clock.signal()
        signal.set()
        assert world.wait(signal, None)
        assert world.wait(signal, LONG)

    def test_setting_again_changes_nothing(self, clock_factory: ClockFactory) -> None:
        """Set once or three times, before or after the wait, it is set."""
        world = clock_factory()
        signal = world.clock.signal()
        signal.set()
        signal.set()
        assert world.wait(signal, LONG)
        signal.set()
        assert world.wait(signal, LONG)

    def test_a_signal_wakes_who_waits(self, clock_factory: ClockFactory) -> None:
        """Set from another thread, long before the deadline, or without one."""
        world = clock_factory()
        for seconds in (LONG, None):
            signal = world.clock.signal()
            calls = [partial(world.wait, signal, seconds), partial(world.set_later, signal)]
            began = world.clock.monotonic()
            assert world.threads.together(calls) == [True, True]
            assert BRIEF - GRAIN <= world.clock.monotonic() - began < SOON

    def test_a_deadline_ends_the_wait(self, clock_factory: ClockFactory) -> None:
        """False, at the deadline and not before."""
        world = clock_factory()
        signal = world.clock.signal()
        began = world.clock.monotonic()
        assert not world.wait(signal, BRIEF)
        assert BRIEF - GRAIN <= world.clock.monotonic() - began < SOON

    def test_a_deadline_that_has_passed(self, clock_factory: ClockFactory) -> None:
        """Is not waited for: False at once, True if it was set."""
        world = clock_factory()
        signal = world.clock.signal()
        began = world.clock.monotonic()
        assert not signal.wait(began - LONG)
        signal.set()
        assert signal.wait(began - LONG)
        assert world.clock.monotonic() - began < AT_ONCE

    def test_a_signal_can_be_waited_for_again(self, clock_factory: ClockFactory) -> None:
        """A deadline that passed does not use it up."""
        world = clock_factory()
        signal = world.clock.signal()
        assert not world.wait(signal, BRIEF)
        assert world.threads.together([partial(world.wait, signal, LONG), partial(world.set_later, signal)]) == [True, True]

    def test_each_signal_is_its_own(self, clock_factory: ClockFactory) -> None:
        """Setting one sets no other."""
        world = clock_factory()
        one, other = world.clock.signal(), world.clock.signal()
        one.set()
        assert world.wait(one, 0)
        assert not world.wait(other, 0)

    def test_no_signal_is_lost_in_a_race(self, clock_factory: ClockFactory) -> None:
        """In every round one waits, and the others set the signal at that very moment."""
        world = clock_factory()
        for _ in range(world.threads.rounds):
            signal = world.clock.signal()
            calls: list[Callable[[], object]] = [partial(world.wait, signal, LONG), *[signal.set] * (THREADS - 1)]
            assert world.threads.together(calls)[0] is True

    # ------------------------------------------------------------ chance

    def test_chance_is_between_0_and_1(self, clock_factory: ClockFactory) -> None:
        """0 may come, 1 may not; both halves do."""
        clock = clock_factory().clock
        drawn = [clock.random() for _ in range(1000)]
        assert all(0 <= value < 1 for value in drawn)
        assert min(drawn) < 0.5 < max(drawn)

    def test_no_token_comes_twice(self, clock_factory: ClockFactory) -> None:
        """8 threads draw 200 each, together; all differ."""
        world = clock_factory()

        def draw() -> list[str]:
            return [world.clock.token() for _ in range(TOKENS)]

        tokens = [token for drawn in world.threads.together([draw] * THREADS) for token in drawn]
        assert len(set(tokens)) == THREADS * TOKENS
        assert "" not in tokens

    def test_two_clocks_have_different_tokens(self, clock_factory: ClockFactory) -> None:
        """As two processes have."""
        one, other = clock_factory().clock, clock_factory().clock
        assert {one.token() for _ in range(TOKENS)}.isdisjoint({other.token() for _ in range(TOKENS)})

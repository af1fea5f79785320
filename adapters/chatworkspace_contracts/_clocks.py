"""The rules of Clock and Signal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise

import attrs

from chatworkspace.ports import Clock, Signal
from chatworkspace_contracts._checks import equal, holds, within
from chatworkspace_contracts._rules import Rule, Topic
from chatworkspace_contracts._seconds import BRIEF, GRAIN, LONG, SOON, THREADS
from chatworkspace_contracts._threads import Threads
from chatworkspace_contracts._worlds import ClockWorld

DRAWN = 200
"""Tokens that each thread draws."""


@attrs.frozen
class Stage:
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


Fresh = Callable[[], Stage]


def _stage(world: ClockWorld) -> Stage:
    return Stage(world.clock, world.threads)


# ------------------------------------------------------------------ time

TIME = Topic("clock.time", "Clock", _stage)


@TIME.rule("aware", "now() is an aware time in UTC.")
def now_is_aware(fresh: Fresh) -> None:
    equal("the offset of now() from UTC", fresh().clock.now().utcoffset(), timedelta(0))


@TIME.rule("goes-on", "now() goes on by about as much as was slept.")
def now_goes_on(fresh: Fresh) -> None:
    clock = fresh().clock
    before = clock.now()
    clock.sleep(BRIEF)
    within("by how much now() went on", (clock.now() - before).total_seconds(), SOON, BRIEF / 2)


@TIME.rule("never-back", "monotonic() never goes back: neither between two looks, nor over a sleep or a wait.")
def monotonic_never_goes_back(fresh: Fresh) -> None:
    it = fresh()
    seen = [it.clock.monotonic() for _ in range(1000)]
    it.clock.sleep(BRIEF)
    seen.append(it.clock.monotonic())
    it.wait(it.clock.signal(), BRIEF)
    seen.append(it.clock.monotonic())
    holds("instants in their order", seen == sorted(seen), [one for one, other in pairwise(seen) if other < one])


@TIME.rule("never-back-between-threads", "All threads read one clock: what one read before is never later than what another reads after it.")
def monotonic_is_one_for_all_threads(fresh: Fresh) -> None:
    it = fresh()
    seen = [it.clock.monotonic()]

    def read() -> None:
        for _ in range(it.threads.rounds):
            latest = seen[-1]
            now = it.clock.monotonic()
            holds("an instant that is not before what was read before it", now >= latest, now - latest)
            seen.append(now)

    it.threads.together([read] * THREADS)
    holds("the last instant not before any other", it.clock.monotonic() >= max(seen), max(seen))


@TIME.rule("sleep", "sleep() takes its time, and not much longer.")
def sleeping_takes_its_time(fresh: Fresh) -> None:
    it = fresh()
    within("how long sleep() took", it.took(partial(it.clock.sleep, BRIEF)), SOON, BRIEF - GRAIN)


@TIME.rule("sleep-for-no-time", "sleep(0) returns at once.")
def sleeping_for_no_time_returns(fresh: Fresh) -> None:
    it = fresh()
    within("how long sleep(0) took", it.took(partial(it.clock.sleep, 0)), SOON)


@TIME.rule("sleep-together", "Threads sleep beside each other: together they take as long as one.")
def threads_sleep_beside_each_other(fresh: Fresh) -> None:
    it = fresh()
    together = partial(it.threads.together, [partial(it.clock.sleep, 4 * BRIEF)] * THREADS)
    within("how long all of them took", it.took(together), 4 * BRIEF * THREADS / 2)


# ------------------------------------------------------------------ signals

SIGNAL = Topic("clock.signal", "Clock", _stage)


@SIGNAL.rule("set-before", "A signal that was set before is not waited for.")
def a_signal_set_before(fresh: Fresh) -> None:
    it = fresh()
    signal = it.clock.signal()
    signal.set()
    equal("a wait without a deadline", it.wait(signal, None), expected=True)
    equal("a wait with one", it.wait(signal, LONG), expected=True)


@SIGNAL.rule("set-again", "Set once or three times, before or after a wait, a signal is set.")
def setting_again_changes_nothing(fresh: Fresh) -> None:
    it = fresh()
    signal = it.clock.signal()
    signal.set()
    signal.set()
    equal("a wait after two", it.wait(signal, LONG), expected=True)
    signal.set()
    equal("a wait after three", it.wait(signal, LONG), expected=True)


@SIGNAL.rule("wakes", "A signal that another thread sets wakes who waits, with a deadline or without one.")
def a_signal_wakes_who_waits(fresh: Fresh) -> None:
    it = fresh()
    for seconds in (LONG, None):
        signal = it.clock.signal()
        calls = [partial(it.wait, signal, seconds), partial(it.set_later, signal)]
        began = it.clock.monotonic()
        equal("the wait, and the setting", it.threads.together(calls), [True, True])
        within("how long the wait took", it.clock.monotonic() - began, SOON, BRIEF - GRAIN)


@SIGNAL.rule("deadline", "A wait ends at its deadline, not before, and says that nothing was set.")
def a_deadline_ends_the_wait(fresh: Fresh) -> None:
    it = fresh()
    signal = it.clock.signal()
    began = it.clock.monotonic()
    equal("the wait", it.wait(signal, BRIEF), expected=False)
    within("how long it took", it.clock.monotonic() - began, SOON, BRIEF - GRAIN)


@SIGNAL.rule("deadline-that-has-passed", "A deadline that has passed is not waited for: the wait says whether the signal was set.")
def a_deadline_that_has_passed(fresh: Fresh) -> None:
    it = fresh()
    signal = it.clock.signal()
    began = it.clock.monotonic()
    equal("a wait before it was set", signal.wait(began - LONG), expected=False)
    signal.set()
    equal("a wait after", signal.wait(began - LONG), expected=True)
    within("how long both took", it.clock.monotonic() - began, SOON)


@SIGNAL.rule("waited-for-again", "A deadline that passed does not use a signal up: it can be waited for again.")
def a_signal_can_be_waited_for_again(fresh: Fresh) -> None:
    it = fresh()
    signal = it.clock.signal()
    equal("the first wait", it.wait(signal, BRIEF), expected=False)
    second = it.threads.together([partial(it.wait, signal, LONG), partial(it.set_later, signal)])
    equal("the second wait, and the setting", second, [True, True])


@SIGNAL.rule("its-own", "Setting one signal sets no other.")
def each_signal_is_its_own(fresh: Fresh) -> None:
    it = fresh()
    one, other = it.clock.signal(), it.clock.signal()
    one.set()
    equal("the one that was set", it.wait(one, 0), expected=True)
    equal("the other", it.wait(other, 0), expected=False)


@SIGNAL.rule("race", "A signal that is set at the very moment when somebody begins to wait is not lost.")
def no_signal_is_lost_in_a_race(fresh: Fresh) -> None:
    it = fresh()
    for _ in range(it.threads.rounds):
        signal = it.clock.signal()
        calls: list[Callable[[], object]] = [partial(it.wait, signal, LONG), *[signal.set] * (THREADS - 1)]
        equal("the wait", it.threads.together(calls)[0], expected=True)


# ------------------------------------------------------------------ chance

CHANCE = Topic("clock.chance", "Clock", _stage)


@CHANCE.rule("between-0-and-1", "random() is in [0, 1), and in both halves of it.")
def chance_is_between_0_and_1(fresh: Fresh) -> None:
    clock = fresh().clock
    drawn = [clock.random() for _ in range(1000)]
    outside = [value for value in drawn if not 0 <= value < 1]
    equal("what is outside of [0, 1)", outside, [])
    holds("values in both halves", min(drawn) < 0.5 < max(drawn), (min(drawn), max(drawn)))


@CHANCE.rule("no-token-twice", "No token comes twice, whichever thread draws it, and none is empty.")
def no_token_comes_twice(fresh: Fresh) -> None:
    it = fresh()

    def draw() -> list[str]:
        return [it.clock.token() for _ in range(DRAWN)]

    tokens = [token for drawn in it.threads.together([draw] * THREADS) for token in drawn]
    equal("how many are different", len(set(tokens)), THREADS * DRAWN)
    holds("no empty token", "" not in tokens, "")


@CHANCE.rule("tokens-of-two-clocks", "Two clocks have no token in common, as two processes have none.")
def two_clocks_have_different_tokens(fresh: Fresh) -> None:
    one, other = fresh().clock, fresh().clock
    equal("what both have drawn", {one.token() for _ in range(DRAWN)} & {other.token() for _ in range(DRAWN)}, set[str]())


CLOCK_RULES: tuple[Rule[ClockWorld], ...] = (*TIME.rules, *SIGNAL.rules, *CHANCE.rules)
"""All rules of Clock and Signal."""

"""Threads that take turns in virtual time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.adapters.fake.worlds import world

# ------------------------------------------------------------------ time


def test_sleeping_takes_virtual_time_only() -> None:
    """An hour's sleep ends an hour later by the simulation's clock, and at once by any other."""
    sim = world()
    sim.sleep(3600)
    assert sim.monotonic() == sim.elapsed == 3600


def test_whole_seconds_add_up_exactly_from_any_start() -> None:
    """30 + 5 + 10 seconds are 45, even after a wait of a length that no float holds well."""
    for seed in range(50):
        sim = world(seed)
        sim.sleep(sim.random())
        start = sim.monotonic()
        for seconds in (30, 5, 10):
            sim.sleep(seconds)
        assert sim.monotonic() - start == 45


def test_nobody_wakes_early() -> None:
    """Who waits for an instant finds that it has come."""
    sim = world()
    for _ in range(100):
        deadline = sim.monotonic() + 0.1
        sim.signal().wait(deadline)
        assert sim.monotonic() >= deadline


def test_the_time_of_day_goes_with_virtual_time() -> None:
    """now() is a fixed day in UTC plus the time that has passed."""
    sim = world()
    sim.sleep(90)
    assert sim.now() == datetime(2030, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=90)


def test_calls_wait_side_by_side() -> None:
    """Three calls that each sleep take as long as the longest; results come in the order of the calls."""
    sim = world()

    def nap(seconds: float) -> float:
        sim.sleep(seconds)
        return sim.elapsed

    assert sim.run(lambda: nap(20), lambda: nap(5), lambda: nap(10)) == [20, 5, 10]
    assert sim.elapsed == 20


def test_run_goes_on_where_the_last_one_ended() -> None:
    """Time never goes back, and a run of nothing is over at once."""
    sim = world()
    sim.run(lambda: sim.sleep(5))
    assert sim.run() == []
    sim.run(lambda: sim.sleep(5))
    assert sim.elapsed == 10


# ------------------------------------------------------------------ signals


def test_a_signal_ends_the_wait_when_it_is_set() -> None:
    """The waiter goes on at the instant of the setting, and is told."""
    sim = world()
    signal = sim.signal()

    def wait() -> tuple[bool, float]:
        return signal.wait(60), sim.elapsed

    def wake() -> tuple[bool, float]:
        sim.sleep(7)
        signal.set()
        return True, sim.elapsed

    assert sim.run(wait, wake) == [(True, 7), (True, 7)]


def test_a_signal_that_is_not_set_ends_the_wait_at_the_deadline() -> None:
    """The waiter is told that nothing came; a deadline that is over takes no time."""
    sim = world()
    assert sim.signal().wait(12) is False
    assert sim.signal().wait(3) is False
    assert sim.elapsed == 12


def test_a_signal_set_before_is_not_waited_for() -> None:
    """Setting comes first, waiting takes no time; setting again changes nothing."""
    sim = world()
    signal = sim.signal()
    signal.set()
    signal.set()
    assert signal.wait(None)
    assert sim.elapsed == 0


# ------------------------------------------------------------------ actions


def test_an_action_happens_while_the_test_waits() -> None:
    """Outside run(), at() is done on the way, in the order of time."""
    sim = world()
    done: list[tuple[str, float]] = []
    sim.at(8, lambda: done.append(("late", sim.elapsed)))
    sim.at(3, lambda: done.append(("early", sim.elapsed)))
    sim.at(40, lambda: done.append(("never", sim.elapsed)))
    sim.sleep(10)
    assert done == [("early", 3), ("late", 8)]
    assert sim.elapsed == 10


def test_an_action_wakes_the_test() -> None:
    """A wait without a deadline ends when an action sets the signal."""
    sim = world()
    signal = sim.signal()
    sim.at(4, signal.set)
    assert signal.wait(None)
    assert sim.elapsed == 4


def test_an_action_may_let_time_pass_while_the_test_waits() -> None:
    """It is done by the test's own thread, so a wait that was to end meanwhile ends when the action has."""
    sim = world()
    sim.at(2, lambda: sim.sleep(5))
    sim.sleep(4)
    assert sim.elapsed == 7


def test_an_action_within_run_is_a_thread_of_its_own() -> None:
    """It may block without holding anybody up; run() waits for its end."""
    sim = world()
    sim.at(2, lambda: sim.sleep(50))
    ends: list[float] = []

    def nap() -> None:
        sim.sleep(4)
        ends.append(sim.elapsed)

    sim.run(nap)
    assert (ends, sim.elapsed) == ([4], 52)


def test_an_action_that_is_overdue_happens_at_once() -> None:
    """at() with a time that has passed takes effect at the next step; one at infinity never."""
    sim = world()
    sim.sleep(10)
    done: list[float] = []
    sim.at(5, lambda: done.append(sim.elapsed))
    sim.at(float("inf"), lambda: done.append(sim.elapsed))
    sim.sleep(1)
    assert done == [10]


def test_an_action_left_over_happens_in_the_next_run() -> None:
    """run() does not wait for what is planned for after its end."""
    sim = world()
    done: list[float] = []
    sim.at(5, lambda: done.append(sim.elapsed))
    sim.run(lambda: sim.sleep(1))
    assert (sim.elapsed, done) == (1, [])
    sim.run(lambda: sim.sleep(10))
    assert done == [5]


# ------------------------------------------------------------------ exceptions


def test_the_first_exception_is_raised_after_all_have_ended() -> None:
    """First by the order of the calls, not of time."""
    sim = world()
    ended: list[float] = []

    def fail(after: float) -> None:
        sim.sleep(after)
        ended.append(after)
        raise ValueError(after)

    with pytest.raises(ValueError, match=r"^9$"):
        sim.run(lambda: sim.sleep(20), lambda: fail(9), lambda: fail(3))
    assert ended == [3, 9]
    assert sim.elapsed == 20


def test_the_exception_of_an_action_is_raised() -> None:
    """By run(), or by the wait during which it happened; the world goes on afterwards."""
    sim = world()

    def fail() -> None:
        raise ValueError("the action")

    sim.at(1, fail)
    with pytest.raises(ValueError, match="the action"):
        sim.run(lambda: sim.sleep(2))
    sim.at(3, fail)
    with pytest.raises(ValueError, match="the action"):
        sim.sleep(2)
    sim.sleep(7)
    assert sim.elapsed == 10


def test_an_exception_that_is_no_error_is_raised_too() -> None:
    """pytest.fail() and Ctrl-C reach the test from within a call."""
    sim = world()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sim.run(interrupt, lambda: sim.sleep(1))

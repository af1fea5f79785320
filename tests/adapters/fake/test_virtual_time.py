"""Threads that take turns in virtual time."""

from __future__ import annotations

import os
import signal as signals
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
import pytest

from chatworkspace_fake import Simulation
from chatworkspace_fake._simulation import scheduler
from chatworkspace_fake._simulation.actors import StuckError

NOTHING: Callable[[Any], Any] = lambda _clock: object()  # noqa: E731 - a store or a platform that nobody calls


def world(seed: int = 0) -> Simulation:
    """Make a world with time and chance alone."""
    return Simulation(seed, store=NOTHING, coder=NOTHING)


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


# ------------------------------------------------------------------ chance


def steps(sim: Simulation) -> list[str]:
    """Let three threads count, and return the order of their steps."""
    order: list[str] = []

    def count(name: str) -> None:
        for number in range(3):
            order.append(f"{name}{number}")
            sim.sleep(0)

    sim.run(lambda: count("a"), lambda: count("b"), lambda: count("c"))
    return order


def test_the_seed_decides_who_goes_on() -> None:
    """The same seed gives the same order and the same trace, other seeds others."""
    traces: set[str] = set()
    for seed in range(20):
        first, second = world(seed), world(seed)
        assert steps(first) == steps(second)
        assert first.trace == second.trace
        traces.add(first.trace)
    assert len(traces) > 10


def test_every_order_of_two_steps_occurs() -> None:
    """Whoever can go on is chosen under some seed."""
    assert {steps(world(seed))[0] for seed in range(60)} == {"a0", "b0", "c0"}


def test_numbers_and_names_come_from_the_seed() -> None:
    """random(), token() and uuid() repeat with the seed; tokens are 32 hex digits, and none comes twice."""
    one, same, other = world(1), world(1), world(2)
    tokens = [one.token() for _ in range(1000)]
    assert [same.token() for _ in range(1000)] == tokens
    assert len({*tokens, *(other.token() for _ in range(1000))}) == 2000
    assert all(len(token) == 32 and int(token, 16) >= 0 for token in tokens)
    assert one.random() == same.random() != other.random()
    assert one.uuid() == same.uuid() != other.uuid()
    assert one.uuid().version == 4


def test_ids_are_drawn_apart_from_the_rest() -> None:
    """A fake that asks for more ids changes neither jitter nor turns."""
    one, other = world(3), world(3)
    other.uuid()
    assert one.random() == other.random()
    assert steps(one) == steps(other)


STORY = """
import sys
sys.path.append(sys.argv[1])
from chatworkspace_fake.simulation import Simulation

class Store:
    def __init__(self, clock):
        self.clock, self.holder = clock, None
    def look(self, chat_id):
        return self.holder
    def claim(self, who):
        self.holder = who
    def wait_for_turn(self, look, deadline):
        self.clock.sleep(self.clock.random())

sim = Simulation(7, store=Store, coder=lambda clock: None)
first, second = sim.process("first"), sim.process("second")
first.kill(after="store.claim")
second.pause(3, before="store.claim")
sim.at(2, lambda: sim.sleep(1))
def call(process, names):
    for name in sorted(names):
        if process.store.look(name) is None:
            process.store.claim(process.clock.token())
        process.store.wait_for_turn(None, 5)
sim.run(*[lambda: call(first, {"ab", "cd", "ef"}), lambda: call(second, {"ab", "cd", "ef"})] * 3)
print(sim.trace, sim.elapsed, sim.token(), sim.uuid())
"""


def interpreters() -> list[str]:
    """Find this interpreter, and the others that a version manager has put on the machine."""
    others = sorted(Path.home().glob(".pyenv/versions/3.1[0-9]*/bin/python")) if os.name == "posix" else []
    return [sys.executable, *map(str, others)]


@pytest.mark.parametrize("interpreter", interpreters())
@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_story_is_the_same_on_every_interpreter(interpreter: str, hash_seed: str, here: str) -> None:
    """Neither the version nor the order of hashes changes what a seed gives."""
    assert tell(interpreter, hash_seed) == here


@pytest.fixture(scope="module")
def here() -> str:
    """Tell the story with this interpreter."""
    return tell(sys.executable, "2")


def tell(interpreter: str, hash_seed: str) -> str:
    """Run the story in another process."""
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (root, root / "adapters"))), "PYTHONHASHSEED": hash_seed}
    packages = str(Path(attrs.__file__).parents[1])  # attrs is pure Python: another interpreter may use this one's
    told = subprocess.run([interpreter, "-c", STORY, packages], env=environment, capture_output=True, text=True, check=True)
    assert "paused for 3 s" in told.stdout
    return told.stdout


# ------------------------------------------------------------------ what cannot go on


def test_a_deadlock_is_told_with_every_stack() -> None:
    """All wait and nothing is to come: the error says who waits for what, and where."""
    sim = world()

    def wait_for_ever() -> None:
        sim.signal().wait(None)

    def sleep_for_ever() -> None:
        sim.sleep(float("inf"))

    with pytest.raises(StuckError) as caught:
        sim.run(wait_for_ever, sleep_for_ever, lambda: sim.sleep(3))
    told = str(caught.value)
    assert told.startswith("at 3.000 s all wait, and nothing is to come")
    for expected in ("call-1 waits for a signal", "wait_for_ever", "call-2 waits for the end of a sleep of inf s", "sleep_for_ever"):
        assert expected in told
    assert "call-3" not in told


def test_a_wait_for_nothing_is_told_to_the_test() -> None:
    """Outside run() a wait that nothing can end is an error at once."""
    sim = world()
    with pytest.raises(StuckError, match="test waits for a signal"):
        sim.signal().wait(None)
    sim.sleep(1)
    assert sim.elapsed == 1


def test_a_thread_that_blocks_elsewhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock held over a wait blocks the next thread for real: the error shows both stacks, and no thread is left."""
    monkeypatch.setattr(scheduler, "PATIENCE", 0.05)
    before = threading.active_count()
    sim = world()
    lock = threading.Lock()

    def hold_the_lock() -> None:
        with lock:
            sim.sleep(10)

    with pytest.raises(StuckError, match="has taken no step") as caught:
        sim.race(hold_the_lock, threads=2)
    assert str(caught.value).count("in hold_the_lock") == 2
    assert "waits for the end of a sleep of 10 s" in str(caught.value)
    assert threading.active_count() == before


def test_a_loop_in_which_no_time_passes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polling without a pause would never end in virtual time."""
    monkeypatch.setattr(scheduler, "MOST_STEPS", 1000)
    sim = world()

    def poll() -> None:
        while sim.elapsed < 1:
            sim.sleep(0)

    with pytest.raises(StuckError, match="1000 steps, and no time has passed"):
        sim.race(poll, threads=2)
    with pytest.raises(StuckError, match="1000 steps, and no time has passed"):
        world().run(lambda: None, poll)


def test_a_world_that_failed_is_over() -> None:
    """What a test still asks of it fails with the same error, instead of hanging."""
    sim = world()
    with pytest.raises(StuckError) as caught:
        sim.run(lambda: sim.signal().wait(None))
    with pytest.raises(StuckError) as again:
        sim.sleep(1)
    assert again.value is caught.value
    with pytest.raises(StuckError):
        sim.run(lambda: None)


def test_a_deadlock_after_an_exception_names_its_cause() -> None:
    """Whoever was to wake the others may have failed: that exception is the cause of the deadlock's."""
    sim = world()
    signal = sim.signal()

    def fail() -> None:
        sim.sleep(1)
        raise ValueError("instead of setting the signal")

    with pytest.raises(StuckError) as caught:
        sim.run(lambda: signal.wait(None), fail)
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to one thread")
def test_an_interrupt_ends_the_threads() -> None:
    """Ctrl-C during run() reaches the test, and no thread is left."""
    before, main = threading.active_count(), threading.get_ident()
    sim = world()

    def interrupt() -> None:
        signals.pthread_kill(main, signals.SIGINT)
        while True:
            sim.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        sim.race(interrupt, threads=1)
    assert threading.active_count() == before


def test_threads_unwind_when_a_world_fails() -> None:
    """Their `finally` blocks run."""
    sim = world()
    cleaned: list[str] = []

    def wait(name: str) -> None:
        try:
            sim.signal().wait(None)
        finally:
            cleaned.append(name)

    with pytest.raises(StuckError):
        sim.run(lambda: wait("a"), lambda: wait("b"))
    assert sorted(cleaned) == ["a", "b"]


def test_run_within_run_is_refused() -> None:
    """A call that wants more threads gets an error that says so."""
    sim = world()
    with pytest.raises(RuntimeError, match="within"):
        sim.run(lambda: sim.run(lambda: None))
    sim.at(1, lambda: sim.run(lambda: None))
    with pytest.raises(RuntimeError, match="within"):
        sim.sleep(2)


def test_a_thread_from_elsewhere_is_refused() -> None:
    """Only threads that run() began may use the clock while it is under way: others would make the story a matter of luck."""
    sim = world()
    refused: list[str] = []

    def intrude() -> None:
        try:
            sim.sleep(1)
        except RuntimeError as error:
            refused.append(str(error))

    def call() -> None:
        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()

    sim.run(call)
    assert len(refused) == 1
    assert "did not begin" in refused[0]


def test_no_thread_is_left() -> None:
    """When run() returns, its threads are gone."""
    before = threading.active_count()
    sim = world()
    sim.at(1, lambda: sim.sleep(1))
    sim.race(lambda: sim.sleep(2), threads=20)
    assert threading.active_count() == before

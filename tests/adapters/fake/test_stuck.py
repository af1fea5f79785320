"""What cannot go on in virtual time is told, and never hangs."""

from __future__ import annotations

import os
import signal as signals
import threading

import pytest

from chatworkspace_fake._simulation import scheduler
from chatworkspace_fake._simulation.actors import StuckError
from tests.adapters.fake.worlds import world


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
    monkeypatch.setattr(scheduler, "PATIENCE", 2.0)  # on a busy machine the other has to come so far
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

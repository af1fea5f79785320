"""One call's patience: since when, until when, and how others end it early."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest

from chatworkspace import ClosedError
from chatworkspace._application.calls import Call, Calls
from chatworkspace._ports.system_clock import SystemClock
from chatworkspace_fake import Simulation

CHAT = "chat-1"


def _call(sim: Simulation, calls: Calls | None = None, wait: float | None = None, chat_id: str = CHAT) -> Call:
    return Call(Calls() if calls is None else calls, sim, chat_id, wait)


# ------------------------------------------------------------------ how long


def test_a_call_without_wait_has_no_end_of_its_own() -> None:
    """Only the limits of what it does end it."""
    sim = Simulation()
    sim.sleep(10)
    call = _call(sim)
    sim.sleep(1e6)
    assert not call.over
    assert call.deadline is None
    assert call.elapsed == 1e6
    assert call.until(5) == 1e6 + 15
    assert call.sooner(42) == 42


def test_a_call_is_over_when_its_wait_is() -> None:
    """At that instant; limits within it are nearer, others are cut to it."""
    sim = Simulation()
    sim.sleep(10)
    call = _call(sim, wait=20)
    assert call.deadline == 30
    assert (call.until(5), call.until(25), call.sooner(29), call.sooner(31)) == (15, 30, 29, 30)
    sim.sleep(19.5)
    assert not call.over
    sim.sleep(0.5)
    assert call.over


def test_a_wait_of_nothing_is_over_at_once() -> None:
    """It looks, and does not wait."""
    assert _call(Simulation(), wait=0).over


# ------------------------------------------------------------------ waiting


def test_waiting_for_a_signal() -> None:
    """True at the signal, False at the deadline."""
    sim = Simulation()
    call, signal = _call(sim), sim.signal()
    sim.at(3, signal.set)
    assert sim.run(lambda: (call.wait_for(signal, 10), sim.elapsed)) == [(True, 3)]
    assert sim.run(lambda: (call.wait_for(sim.signal(), 10), sim.elapsed)) == [(False, 10)]


def test_a_pause_lasts_until_its_end() -> None:
    """An instant, not a duration; one that has passed is no pause."""
    sim = Simulation()
    call = _call(sim)
    call.pause(7)
    assert sim.elapsed == 7
    call.pause(5)
    assert sim.elapsed == 7


def _waits(sim: Simulation, calls: Calls, work: Callable[[Call], object], chat_id: str = CHAT) -> Callable[[], tuple[object, float]]:
    def wait() -> tuple[object, float]:
        with _call(sim, calls, chat_id=chat_id) as call:
            return work(call), sim.elapsed

    return wait


@pytest.mark.parametrize("seed", range(6))
def test_interrupting_ends_the_waits_of_that_chat(seed: int) -> None:
    """All of them, at that instant, as if their time were over; those of other chats go on."""
    sim, calls = Simulation(seed), Calls()
    sim.at(3, lambda: calls.interrupt(CHAT))
    ends = sim.run(
        _waits(sim, calls, lambda call: call.wait_for(sim.signal(), 10)),
        _waits(sim, calls, lambda call: call.pause(10)),
        _waits(sim, calls, lambda call: (call.wait_for(sim.signal(), 10), call.over), chat_id="chat-2"),
    )
    assert ends == [(False, 3), (None, 3), ((False, False), 10)]


@pytest.mark.parametrize("seed", range(6))
def test_closing_ends_all_waits_with_an_error(seed: int) -> None:
    """Of every chat, at that instant."""
    sim, calls = Simulation(seed), Calls()
    sim.at(3, calls.close)

    def closed(chat_id: str) -> float:
        with pytest.raises(ClosedError):
            _waits(sim, calls, lambda call: call.wait_for(sim.signal(), 10), chat_id)()
        return sim.elapsed

    assert sim.run(lambda: closed(CHAT), lambda: closed("chat-2")) == [3, 3]
    assert len(calls) == 0


def test_an_interrupted_call_waits_no_more() -> None:
    """What it would wait for later is over at once, even if the signal is set."""
    sim, calls = Simulation(), Calls()
    with _call(sim, calls) as call:
        calls.interrupt(CHAT)
        assert call.over
        assert call.wait_for(sim.signal(), 10) is False
        call.pause(10)
        ready = sim.signal()
        ready.set()
        assert call.wait_for(ready, 10) is False
        call.check()
    assert sim.elapsed == 0


def test_a_closed_call_waits_no_more() -> None:
    """It raises at every wait, and when asked."""
    sim, calls = Simulation(), Calls()
    with _call(sim, calls) as call:
        calls.close()
        for wait in (lambda: call.wait_for(sim.signal(), 10), lambda: call.pause(10), call.check):
            with pytest.raises(ClosedError):
                wait()
    assert sim.elapsed == 0


def test_the_next_call_of_an_interrupted_chat_waits_again() -> None:
    """To interrupt ends calls, not the chat."""
    sim, calls = Simulation(), Calls()
    calls.interrupt(CHAT)
    with _call(sim, calls) as call:
        assert not call.over
        call.pause(4)
    assert sim.elapsed == 4


def test_a_call_that_has_ended_is_left_alone() -> None:
    """Nobody interrupts or closes it any more."""
    sim, calls = Simulation(), Calls()
    with _call(sim, calls) as call:
        pass
    calls.interrupt(CHAT)
    calls.close()
    assert (call.interrupted, call.closed) == (False, False)


# ------------------------------------------------------------------ being woken from something else


def test_a_call_can_be_woken_from_what_it_blocks_on() -> None:
    """While it says how, and no longer; an end that came before counts as well."""
    sim, calls = Simulation(), Calls()
    woken: list[str] = []
    with _call(sim, calls) as call:
        with call.woken_by(lambda: woken.append("then")):
            pass
        calls.interrupt(CHAT)
        assert woken == []
        with call.woken_by(lambda: woken.append("before")):
            assert woken == ["before"]
    with _call(sim, calls) as call, call.woken_by(lambda: woken.append("during")):
        calls.interrupt(CHAT)
        assert woken == ["before", "during"]
        calls.close()
        assert woken == ["before", "during", "during"]


def test_after_an_error_nobody_is_woken() -> None:
    """What the call blocked on has been left."""
    calls, woken = Calls(), list[str]()
    with _call(Simulation(), calls) as call:
        with pytest.raises(ValueError, match="left"), call.woken_by(lambda: woken.append("late")):
            raise ValueError("left")
        calls.interrupt(CHAT)
    assert woken == []


# ------------------------------------------------------------------ the book of calls


def test_calls_are_in_the_book_while_they_last() -> None:
    """However they end, and two of one chat are two."""
    sim, calls = Simulation(), Calls()
    with _call(sim, calls), _call(sim, calls):
        assert len(calls) == 2
    with pytest.raises(ValueError, match="failed"), _call(sim, calls):
        raise ValueError("failed")
    assert len(calls) == 0


def test_after_close_no_call_begins() -> None:
    """It is refused and not kept; to close twice changes nothing."""
    calls = Calls()
    calls.check()
    calls.close()
    calls.close()
    with pytest.raises(ClosedError), _call(Simulation(), calls):
        pytest.fail("it began")
    with pytest.raises(ClosedError):
        calls.check()
    assert len(calls) == 0


def test_real_threads_are_woken() -> None:
    """Every call that got in before close() ends by it, the others are refused, and none is left."""
    clock, calls, ended = SystemClock(), Calls(), list[str]()

    def work(deadline: float | None) -> None:
        try:
            while True:
                with Call(calls, clock, CHAT, None) as call:
                    call.wait_for(clock.signal(), deadline)
        except ClosedError:
            ended.append("closed")

    threads = [Thread(target=work, args=(deadline,), daemon=True) for deadline in (None, 0.0) * 4]
    for thread in threads:
        thread.start()
    while not len(calls):
        clock.sleep(0.001)
    calls.close()
    for thread in threads:
        thread.join(10)
    assert ended == ["closed"] * 8
    assert len(calls) == 0

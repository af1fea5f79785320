"""One mutex per chat within a process: fair, and gone when nobody uses it, however those in line leave it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from random import Random
from threading import Thread

import pytest

from chatworkspace import ClosedError
from chatworkspace._application.calls import Call, Calls
from chatworkspace._application.mutex import ChatMutex
from chatworkspace._ports.system_clock import SystemClock
from chatworkspace.ports import Signal
from chatworkspace_fake import Simulation

CHAT = "chat-1"
every_seed = pytest.mark.parametrize("seed", range(12))


class Line:
    """Those who want one chat's mutex, in virtual time, and a book of who was served when."""

    def __init__(self, seed: int = 0) -> None:
        self.sim = Simulation(seed)
        self.mutex = ChatMutex()
        self.calls = Calls()
        self.served: list[tuple[str, float]] = []
        self.refused: list[tuple[str, float]] = []
        self._inside: list[str] = []

    def one(self, name: str, *, comes: float = 0, wait: float | None = None, holds: float = 1, calls: Calls | None = None) -> Callable[[], bool]:
        """Return somebody who comes, waits for the turn and holds it for some seconds."""

        def use() -> bool:
            self.sim.sleep(comes)
            with Call(self.calls if calls is None else calls, self.sim, CHAT, None) as call:
                if not self.mutex.acquire(CHAT, call, None if wait is None else self.sim.elapsed + wait):
                    self.refused.append((name, self.sim.elapsed))
                    return False
                self.hold(name, holds)
                return True

        return use

    def hold(self, name: str, seconds: float) -> None:
        """Hold what was acquired, alone, and give it back."""
        self.served.append((name, self.sim.elapsed))
        assert not self._inside, "two hold one mutex"
        self._inside.append(name)
        self.sim.sleep(seconds)
        self._inside.remove(name)
        self.mutex.release(CHAT)


# ------------------------------------------------------------------ taking turns


@every_seed
def test_turns_are_taken_in_the_order_of_coming(seed: int) -> None:
    """A released mutex is handed to whoever has waited longest, and nobody comes between."""
    line = Line(seed)
    names = "abcdefgh"
    comers = [line.one(name, comes=number / 8, holds=2) for number, name in enumerate(names)]
    Random(seed).shuffle(comers)
    line.sim.run(*comers)
    assert line.served == [(name, 2 * number) for number, name in enumerate(names)]
    assert len(line.mutex) == 0


def test_whoever_comes_back_stands_behind_those_who_wait() -> None:
    """Releasing and acquiring again at once does not starve the others."""
    line = Line()
    first, second = line.one("first", holds=5), line.one("second", comes=1, holds=5)
    line.sim.run(lambda: [first(), first()], second)
    assert [name for name, _ in line.served] == ["first", "second", "first"]


def test_chats_do_not_wait_for_each_other() -> None:
    """Each has a mutex of its own."""
    sim, mutex = Simulation(), ChatMutex()

    def use(chat_id: str) -> float:
        assert mutex.acquire(chat_id, Call(Calls(), sim, chat_id, None), None)
        sim.sleep(10)
        mutex.release(chat_id)
        return sim.elapsed

    assert sim.run(*[lambda chat_id=f"chat-{number}": use(chat_id) for number in range(5)]) == [10] * 5


def test_only_what_is_used_takes_room() -> None:
    """A chat that nobody holds is forgotten, and comes back as if for the first time."""
    sim, mutex = Simulation(), ChatMutex()
    call = Call(Calls(), sim, CHAT, None)
    for number in range(1000):
        assert mutex.acquire(f"chat-{number}", call, 0.0)
        assert len(mutex) == 1
        mutex.release(f"chat-{number}")
    assert len(mutex) == 0
    assert mutex.acquire("a", call, None)
    assert mutex.acquire("b", call, None)
    assert len(mutex) == 2
    mutex.release("a")
    assert len(mutex) == 1
    mutex.release("b")
    assert len(mutex) == 0


def test_it_is_known_how_many_wait() -> None:
    """Those in line, without the one who holds it."""
    line = Line()
    seen: list[tuple[int, int]] = []
    for instant in (0.5, 3, 8, 10.5):
        line.sim.at(instant, lambda: seen.append((line.mutex.waiting(CHAT), len(line.mutex))))
    line.sim.run(line.one("a", holds=10), line.one("b", comes=1, holds=10), line.one("c", comes=2, wait=5))
    assert seen == [(0, 1), (2, 1), (1, 1), (0, 1)]
    assert (line.mutex.waiting(CHAT), len(line.mutex)) == (0, 0)


# ------------------------------------------------------------------ leaving the line


@every_seed
def test_nobody_waits_beyond_the_deadline(seed: int) -> None:
    """Whoever gives up leaves the line at that very instant, and those behind move up."""
    line = Line(seed)
    assert line.sim.run(line.one("a", holds=10), line.one("b", comes=1, wait=4), line.one("c", comes=2)) == [True, False, True]
    assert line.refused == [("b", 5)]
    assert line.served == [("a", 0), ("c", 10)]
    assert len(line.mutex) == 0


def test_a_deadline_that_is_over_takes_only_what_is_free() -> None:
    """It is asked for and not waited for."""
    line = Line()
    assert line.sim.run(line.one("a", holds=10), line.one("b", comes=1, wait=-1), line.one("c", comes=11, wait=-1)) == [True, False, True]
    assert line.refused == [("b", 1)]


@every_seed
def test_a_turn_that_comes_at_the_deadline_is_taken_or_passed_on(seed: int) -> None:
    """Never lost: whoever is told no does not hold it, whoever is told yes gives it back, and the next one is served."""
    line = Line(seed)
    _, second, third = line.sim.run(line.one("a", holds=10), line.one("b", comes=1, wait=9, holds=1), line.one("c", comes=2))
    assert third
    assert line.served[1:] == ([("b", 10), ("c", 11)] if second else [("c", 10)])
    assert len(line.mutex) == 0


@every_seed
def test_an_interrupted_call_leaves_the_line(seed: int) -> None:
    """At that instant, without an error; the others stay in it."""
    line, others = Line(seed), Calls()
    line.sim.at(5, lambda: line.calls.interrupt(CHAT))
    ends = line.sim.run(line.one("a", holds=10, calls=others), line.one("b", comes=1), line.one("c", comes=2, calls=others))
    assert ends == [True, False, True]
    assert line.refused == [("b", 5)]
    assert len(line.mutex) == 0


@every_seed
@pytest.mark.parametrize("place", [1, 3])
def test_a_closed_call_leaves_the_line(seed: int, place: float) -> None:
    """It raises at that instant, first in line or not; what is behind it moves up, and nobody is served because of it."""
    line, others = Line(seed), Calls()
    line.sim.at(5, line.calls.close)

    def closed() -> bool:
        with pytest.raises(ClosedError):
            line.one("b", comes=place)()
        return line.sim.elapsed == 5

    assert line.sim.run(line.one("a", holds=10, calls=others), closed, line.one("c", comes=2, calls=others)) == [True, True, True]
    assert line.served == [("a", 0), ("c", 10)]
    assert len(line.mutex) == 0


@every_seed
@pytest.mark.parametrize("release_first", [True, False])
def test_a_call_that_is_closed_as_its_turn_comes_passes_it_on(seed: int, release_first: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Whichever comes first, the turn or the close, before it has noticed either: the mutex goes to the next in line."""
    line, others = Line(seed), Calls()
    with Call(others, line.sim, CHAT, None) as holder:
        assert line.mutex.acquire(CHAT, holder, None)
    steps = [lambda: line.mutex.release(CHAT), line.calls.close]
    line.sim.at(5, lambda: [step() for step in (steps if release_first else reversed(steps))])

    def closed() -> bool:
        with pytest.raises(ClosedError):
            line.one("b", comes=1)()
        return True

    assert line.sim.run(closed, line.one("c", comes=2, calls=others)) == [True, True]
    assert line.served[-1] == ("c", 5)
    assert len(line.mutex) == 0


class Stopped:
    """A call whose thread is stopped while it stands in line, at the instant that it was handed the mutex or before."""

    def __init__(self, clock: SystemClock, mutex: ChatMutex, *, handed: bool) -> None:
        self._clock = clock
        self._mutex = mutex
        self._handed = handed

    def signal(self) -> Signal:
        """Return any signal."""
        return self._clock.signal()

    def refuse_within(self, other: object) -> None:
        """Be made from within no other."""

    def wait_for(self, signal: Signal, deadline: float | None) -> bool:
        """Be stopped."""
        del signal, deadline
        assert self._mutex.waiting(CHAT) == 1
        if self._handed:
            self._mutex.release(CHAT)
        raise KeyboardInterrupt


@pytest.mark.parametrize("handed", [True, False])
def test_a_stopped_thread_leaves_nothing_behind(handed: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Ctrl-C in line leaves the line; Ctrl-C just as the turn came gives it back."""
    clock, mutex = SystemClock(), ChatMutex()
    call = Call(Calls(), clock, CHAT, None)
    assert mutex.acquire(CHAT, call, None)
    with pytest.raises(KeyboardInterrupt):
        mutex.acquire(CHAT, Stopped(clock, mutex, handed=handed), None)
    assert mutex.waiting(CHAT) == 0
    if not handed:
        mutex.release(CHAT)
    assert len(mutex) == 0
    assert mutex.acquire(CHAT, call, 0.0)


# ------------------------------------------------------------------ crowds


@pytest.mark.parametrize("seed", range(40))
def test_in_any_crowd_one_holds_it_and_the_next_is_whoever_came_first(seed: int) -> None:
    """Comings, deadlines and holdings by chance, many at the same instant: exclusion, fairness, and nothing left."""
    line, chance = Line(seed), Random(seed)
    waiting: list[int] = []
    tickets = iter(range(1000))

    def comer() -> None:
        for _ in range(4):
            line.sim.sleep(chance.randrange(4))
            ticket = next(tickets)
            waiting.append(ticket)
            deadline = line.sim.elapsed + chance.randrange(6) if chance.random() < 0.6 else None
            served = line.mutex.acquire(CHAT, Call(line.calls, line.sim, CHAT, None), deadline)
            assert not served or ticket == min(waiting)
            waiting.remove(ticket)
            if served:
                line.hold(str(ticket), chance.randrange(3))

    line.sim.race(comer, threads=6)
    assert line.served
    assert len(line.mutex) == 0


@pytest.fixture
def many_switches() -> Generator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("many_switches")
def test_eight_real_threads_exclude_each_other() -> None:
    """Nothing is counted twice or lost, no turn is lost, and no chat is left."""
    clock, mutex, rounds = SystemClock(), ChatMutex(), 250
    counts = dict.fromkeys(("chat-1", "chat-2", "chat-3"), 0)
    served: list[int] = []

    def work(number: int) -> None:
        chance, mine = Random(number), 0
        for _ in range(rounds):
            chat_id = chance.choice(tuple(counts))
            deadline = None if chance.random() < 0.5 else clock.monotonic() + chance.random() / 10_000
            if mutex.acquire(chat_id, Call(Calls(), clock, chat_id, None), deadline):
                count = counts[chat_id]
                clock.sleep(0)
                counts[chat_id] = count + 1
                mutex.release(chat_id)
                mine += 1
        served.append(mine)

    threads = [Thread(target=work, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(served) == 8, "a thread waits for ever"
    assert sum(counts.values()) == sum(served) >= 8 * rounds / 4
    assert len(mutex) == 0

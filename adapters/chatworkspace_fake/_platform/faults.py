"""Faults of port calls: each is armed in one line, strikes the calls that it was armed for, and is counted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import inf
from random import Random
from threading import Lock, local
from typing import Any, Protocol, TypeVar

import attrs

from chatworkspace import InvalidArgumentError, RefusedError, UnavailableError
from chatworkspace.ports import Clock, DialError, NameTakenError, NotAnsweredError, interruptible
from chatworkspace_fake._arguments import check_finite_seconds, check_instance, check_number, check_text, check_texts_by_name, check_whole

T = TypeVar("T")


class ServedError(Exception):
    """What a server over the platform refuses with. Of a late request nobody hears it."""


class Odds:
    """Strikes by chance: the same seed, the same strikes. Used under the lock of whoever has it."""

    def __init__(self, chance: float, seed: int) -> None:
        """chance: how likely each call is struck."""
        self._chance = chance
        self._draw = Random(seed).random  # noqa: S311 # chance from a seed

    def strike(self) -> bool:
        """Tell whether the next call is struck."""
        return self._draw() < self._chance


def odds_of(chance: float | None, seed: int) -> Odds | None:
    """Return the odds, from 0 to 1; None: every call that is chosen is struck. InvalidArgumentError."""
    check_whole("seed", seed)
    return None if chance is None else Odds(check_number("chance", chance, "a number from 0 to 1, or None", least=0, most=1), seed)


@attrs.define(kw_only=True)
class _Armed:
    call: str
    skip: int
    """Calls that still go by."""
    left: int
    """Calls that it still strikes."""
    odds: Odds | None = None
    """It strikes by chance, however often."""
    what: str = ""
    seconds: float = 0.0
    error: Exception | None = None

    def __str__(self) -> str:
        return f"{self.call}: {self.what or 'nothing chosen'} ({self.left} more)"


class Caller(Protocol):
    """Who called, where that is nobody in this process: somebody at the other end of a connection."""

    def wait_until_gone(self) -> None:
        """Return when the caller has given up."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds of the clock pass."""
        ...


class Fault:
    """What the chosen calls do instead. Each method arms it."""

    def __init__(self, armed: _Armed, arm: Callable[[_Armed], None], *, refusable: bool) -> None:
        self._armed = armed
        self._arm = arm
        self._refusable = refusable

    def lose_request(self) -> None:
        """Let it never arrive: the caller waits until its deadline."""
        self._set("lose_request")

    def lose_answer(self) -> None:
        """Act upon it; the caller is never told, and waits until its deadline."""
        self._set("lose_answer")

    def arrive_late(self, seconds: float) -> None:
        """Let the caller give up first; so many seconds later it is acted upon. InvalidArgumentError."""
        self._set("arrive_late", seconds=check_finite_seconds("seconds", seconds))

    def roll_back(self) -> None:
        """Let the caller give up while it is worked on, and undo it then, as a server does that works under its caller's connection."""
        self._set("roll_back")

    def take(self, seconds: float) -> None:
        """Act upon it after so many seconds; the caller may give up first. InvalidArgumentError."""
        self._set("take", seconds=check_finite_seconds("seconds", seconds))

    def refuse(self, status: int = 400, message: str = "", validations: Mapping[str, str] | None = None) -> None:
        """Say no, as the platform. Status 409 with a validation of "name" is the conflict of names. InvalidArgumentError."""
        check_whole("status", status, least=400, most=599)
        check_text("message", message)
        check_texts_by_name("validations", {} if validations is None else validations)
        if not self._refusable:
            raise InvalidArgumentError("call", "a call of the platform: a store cannot refuse")
        fields = tuple((validations or {}).items())
        if status == 409 and self._armed.call == "create_workspace" and any(name == "name" for name, _ in fields):
            self._set("refuse", error=NameTakenError(message or "the name is taken"))
        else:
            self._set("refuse", error=RefusedError(message, detail=f"status {status}", validations=fields))

    def fail(self, error: Exception | None = None) -> None:
        """Unavailable (503), or the given error; it is not acted upon. InvalidArgumentError."""
        if error is not None:
            check_instance("error", error, Exception, "an exception")
        default = DialError("the agent did not answer") if self._armed.call == "dial" else UnavailableError("503: the server is busy")
        self._set("fail", error=error or default)

    def rate_limited(self, retry_after: float) -> None:
        """Take no more requests for now (429): nothing is done, and so many seconds later it may be asked again."""
        if not self._refusable:
            raise InvalidArgumentError("call", "a call of the platform: a store has no such limit")
        self._set("fail", error=UnavailableError("429: too many requests", retry_after=retry_after))

    def disarm(self) -> None:
        """Let it strike no more."""
        self._armed.left = 0

    def _set(self, what: str, *, seconds: float = 0.0, error: Exception | None = None) -> None:
        self._armed.what, self._armed.seconds, self._armed.error = what, seconds, error
        self._arm(self._armed)


class Faults:
    """The faults that are armed on a fake, and the requests that have not arrived yet.

    `_lock` guards both lists; nothing is acted upon or waited for under it.
    """

    def __init__(self, clock: Clock, *, calls: Collection[str], changes: Collection[str] = (), refusable: bool = True) -> None:
        self._clock = clock
        self._calls = frozenset(calls)
        self._changes = frozenset(changes)
        self._refusable = refusable
        self._lock = Lock()
        self._armed: list[_Armed] = []
        self._late: list[tuple[float, int, Callable[[], Any]]] = []
        self._count = 0
        self._here = local()

    def called_by(self, caller: Caller | None) -> None:
        """Let the calls of this thread be somebody's from now on: their deadlines are unknown here, and they go away when they give up."""
        self._here.caller = caller

    @property
    def _caller(self) -> Caller | None:
        return getattr(self._here, "caller", None)

    def when(self, call: object, *, nth: int = 1, times: int = 1, odds: Odds | None = None) -> Fault:
        """Choose the nth call of that name from now on, and those behind it, `times` in all; or every one, by chance."""
        if not isinstance(call, str) or call not in self._calls:
            raise InvalidArgumentError("call", f"one of {', '.join(sorted(self._calls))}")
        check_whole("nth", nth, least=1)
        check_whole("times", times, least=1)
        return Fault(_Armed(call=call, skip=nth - 1, left=times, odds=odds), self._arm, refusable=self._refusable)

    def _arm(self, armed: _Armed) -> None:
        with self._lock:
            self._armed.append(armed)

    def unstruck(self) -> tuple[str, ...]:
        """Return what was armed and has not struck (as often as it was to). What strikes by chance is left out."""
        with self._lock:
            return tuple(str(armed) for armed in self._armed if armed.left and armed.odds is None)

    @property
    def next_late(self) -> float:
        """When the next late request arrives; infinity: none is under way."""
        if not self._late:
            return inf
        with self._lock:
            return min((due for due, _, _ in self._late), default=inf)

    def due(self) -> list[tuple[float, Callable[[], Any]]]:
        """Take out the late requests that have arrived by now, in their order."""
        if not self._late:
            return []
        now = self._clock.monotonic()
        with self._lock:
            arrived = sorted((it for it in self._late if it[0] <= now), key=lambda it: it[:2])
            self._late = [it for it in self._late if it[0] > now]
        return [(due, act) for due, _, act in arrived]

    def struck(self, call: str) -> _Armed | None:
        """Return the fault that strikes this call, if any, and count the call."""
        if not self._armed:
            return None
        with self._lock:
            chosen: _Armed | None = None
            for armed in self._armed:
                if armed.call != call or not armed.left:
                    continue
                if armed.odds is not None:
                    chosen = armed if chosen is None and armed.odds.strike() else chosen
                elif armed.skip:
                    armed.skip -= 1
                elif chosen is None:
                    armed.left -= 1
                    chosen = armed
            return chosen

    def apply(self, call: str, act: Callable[[], T], *, deadline: float, received: Callable[[], None] = lambda: None) -> T:
        """Act, or let a fault strike. received: called when the request reaches the fake."""
        armed = self.struck(call)
        if armed is None:
            received()
            return act()
        match armed.what:
            case "lose_request":
                self._give_up(call, deadline)
            case "lose_answer":
                received()
                act()
                self._give_up(call, deadline)
            case "roll_back":
                received()
                self._give_up(call, deadline)
            case "arrive_late":
                if self._caller is not None:
                    self._caller.wait_until_gone()
                    deadline = 0.0
                self._later(max(deadline, self._clock.monotonic()) + armed.seconds, act, received)
                self._give_up(call, deadline)
            case "take":
                return self._slowly(call, act, armed.seconds, deadline, received)
            case _:
                received()
                assert armed.error is not None
                raise armed.error.with_traceback(None)  # raised again and again, it would hold on to every frame that it has passed
        raise AssertionError("whoever gives up raises")

    def _slowly(self, call: str, act: Callable[[], T], seconds: float, deadline: float, received: Callable[[], None]) -> T:
        due = self._clock.monotonic() + seconds
        if due > deadline:
            self._later(due, act, received)
            self._give_up(call, deadline)
        if self._caller is not None:
            self._caller.sleep(seconds)
        else:
            self._wait(call, due)
        received()
        return act()

    def spend(self, call: str, seconds: float, deadline: float) -> None:
        """Let the caller wait for so long, inside a call. UnavailableError: it gave up first."""
        due = self._clock.monotonic() + seconds
        if self._caller is not None:
            self._caller.sleep(seconds)
        elif due > deadline:
            self._give_up(call, deadline)
        else:
            self._wait(call, due)

    def _wait(self, call: str, until: float) -> None:
        """Wait until then. UnavailableError: nobody waits for the answer any more."""
        signal = self._clock.signal()
        with interruptible(signal.set):
            ended = signal.wait(until)
        if ended:
            raise UnavailableError(f"{call} was ended by its caller")

    def _later(self, due: float, act: Callable[[], Any], received: Callable[[], None]) -> None:
        def arrive() -> None:
            received()
            act()

        with self._lock:
            self._count += 1
            self._late.append((due, self._count, arrive))

    def _give_up(self, call: str, deadline: float) -> None:
        """Wait until the deadline, and say that there was no answer."""
        if self._caller is not None:
            self._caller.wait_until_gone()
        else:
            self._wait(call, deadline)
        if call in self._changes:
            raise NotAnsweredError(f"{call} was not answered in time")
        raise UnavailableError(f"{call} was not answered in time")

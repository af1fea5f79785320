"""One call's patience: since when it waits, until when, and how it is ended early."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from math import inf
from typing import TYPE_CHECKING, TypeVar

from chatworkspace._domain.advice import SHORTEST_PAUSE, Asked, Waited
from chatworkspace._domain.pauses import FLOOR
from chatworkspace._ports.patience import caller, swap_caller
from chatworkspace.errors import BusyError, ClosedError
from chatworkspace.model import Chat
from chatworkspace.ports import Clock, Signal

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

T = TypeVar("T")

HEARTBEAT = 5.0
"""Seconds after which a follower is told something, whatever happens."""
LOG_TICK = 1.0
"""Seconds after which a follower's call looks at the log, and tells how things stand."""
SLICE = HEARTBEAT - LOG_TICK
"""Seconds that a follower's call asks for at a stretch."""
GRACE = 0.75
"""Seconds after an interrupt in which a call may still ask what it has to tell."""
LEAST = 0.25
"""Seconds that a question has at least, however late it comes: without an answer nothing can be told."""


class Call:
    """A call under way. Used by the thread that makes it; `interrupt` and `close` come from others."""

    __slots__ = (
        "_answering",
        "_asks_until",
        "_interrupted_at",
        "_outer",
        "_spared",
        "_wake",
        "arguments",
        "asked",
        "awaited",
        "beyond",
        "book",
        "chat",
        "chat_id",
        "clock",
        "closed",
        "deadline",
        "deciding",
        "extra_time",
        "following",
        "in_vain",
        "interrupted",
        "lasting",
        "may_be_cut",
        "resumed_at",
        "started",
        "told_at",
        "under_way_for",
        "waited",
    )

    def __init__(self, book: Calls, clock: Clock, chat_id: str, wait: float | None, *, answering: float = inf, asked: Asked = Asked.LOOK) -> None:
        """answering: seconds beyond its patience that a call may take to find out what it has to tell. asked: what it is made for."""
        self.asked = asked
        self.arguments: Callable[[], int] = int
        """Gives a hash of what it was told, by which the same call is known again."""
        self.waited = Waited.WITHIN
        """How long what it waited for has taken, whoever waited for it."""
        self.beyond: float | None = None
        """Seconds by which that is more than its limit, if it is."""
        self.lasting = False  # what it reads cannot be read by coming back
        self.in_vain = False  # it wants to use what is stopped, and to start that has been in vain before
        self.under_way_for = 0.0  # seconds that it has taken
        self.book = book
        self._wake: Callable[[], object] | None = None
        self._answering = answering
        self._interrupted_at = inf
        self._outer: Call | None = None
        self._asks_until = inf
        self._spared = False
        self.clock = clock
        self.chat_id = chat_id
        self.started = clock.monotonic()
        self.deadline: float | None = None if wait is None else self.started + wait
        self.interrupted = False
        self.closed = False
        self.following = False
        self.deciding = False
        """It holds the chat's mutex, and perhaps its claim."""
        self.may_be_cut = False
        """What it asks for now changes nothing."""
        self.extra_time = 0.0
        """Seconds that it has spent on what its answer can do without."""
        self.chat: Chat | None = None
        """As it was looked at last, by calls that only look."""
        self.resumed_at = self.started
        """When it was last told to come back, and did."""
        self.told_at = self.started
        """When a follower was told something last."""
        self.awaited = -1
        """The epoch whose end was waited for last."""

    @property
    def impatient(self) -> bool:
        """It waits for nothing, or next to nothing."""
        return self.deadline is not None and self.deadline - self.started < SHORTEST_PAUSE

    @property
    def elapsed(self) -> float:
        return self.clock.monotonic() - self.started

    @property
    def over(self) -> bool:
        """Nothing may be waited for any more."""
        return self.interrupted or (self.deadline is not None and self.clock.monotonic() >= self.deadline)

    # ------------------------------------------------------------ until when

    def until(self, limit: float) -> float:
        """Return the instant that is `limit` seconds away, or the end of the call's patience if that is nearer."""
        return self.sooner(self.clock.monotonic() + limit)

    def sooner(self, instant: float) -> float:
        """Return the instant, or the end of the call's patience if that is nearer."""
        return instant if self.deadline is None else min(instant, self.deadline)

    def ask_until(self, limit: float) -> float:
        """Return until when a read may take that is made while waiting: not longer than the call, nor than a follower may be left alone."""
        return self.until(min(limit, SLICE) if self.following else limit)

    def tell_by(self) -> float:
        """Return until when a wait may take after which a follower is told how things stand: not longer than the call."""
        return self.sooner(max(self.told_at + SLICE, self.clock.monotonic() + FLOOR) if self.following else self.clock.monotonic() + HEARTBEAT)

    def answer_by(self) -> float:
        """Return until when the call may ask, beyond its patience, to be able to answer at all."""
        last = inf if self.deadline is None else self.deadline + self._answering
        return min(last, self._interrupted_at + GRACE)

    def by(self, limit: float) -> float:
        """Return until when a question may take without which nothing can be told: `limit` seconds, or less where the call is to end sooner."""
        now = self.clock.monotonic()
        return max(min(now + limit, self.answer_by()), now + LEAST)

    # ------------------------------------------------------------ waiting

    def signal(self) -> Signal:
        """Return a fresh signal to wait for."""
        return self.clock.signal()

    def wait_for(self, signal: Signal, deadline: float | None) -> bool:
        """Block until the signal (True), or the deadline or interrupt (False). ClosedError."""
        with self.woken_by(signal.set):
            woken = signal.wait(deadline)
        self.check()
        return woken and not self.interrupted

    def pause(self, until: float) -> None:
        """Do nothing until then, or until interrupted. ClosedError."""
        self.wait_for(self.clock.signal(), until)

    def woken_by(self, wake: Callable[[], object]) -> _Wakeable:
        """While inside, `wake` is called when the call is interrupted or closed; perhaps a moment later, too."""
        return _Wakeable(self, wake)

    def asking(self, until: float, *, cut: bool) -> _Asking:
        """While inside, ports are called, and may take until then. cut: what is asked for changes nothing, and is ended with the call."""
        return _Asking(self, until, cut=cut)

    def check(self) -> None:
        """Raise ClosedError if the ChatWorkspaces was closed."""
        if self.closed:
            raise ClosedError

    # ------------------------------------------------------------ what the ports know of it

    def time_left(self) -> float:
        """Return the seconds that what is asked for may still take."""
        return self._asks_until - self.clock.monotonic()

    def begin_asking(self, until: float, *, cut: bool) -> tuple[float, bool, bool]:
        """Say what the ports that are called next have to keep to; return how it was before."""
        before = self._asks_until, self.may_be_cut, self._spared
        # whoever is interrupted still asks what it has to tell, and that is not cut short by the same interrupt
        self._asks_until, self.may_be_cut, self._spared = until, cut, self.interrupted
        return before

    def end_asking(self, before: tuple[float, bool, bool]) -> None:
        """Restore how it was before."""
        self._asks_until, self.may_be_cut, self._spared = before

    def set_wake(self, wake: Callable[[], object] | None) -> Callable[[], object] | None:
        """Say how the call's thread is woken from what it now blocks on; return how it was before."""
        outer, self._wake = self._wake, wake
        if wake is not None and (self.closed or (self.interrupted and not self._spared)):
            wake()
        return outer

    def end(self, *, close: bool) -> None:
        """End the call's patience. Any thread."""
        if close:
            self.closed = True
        elif self.interrupted:
            return  # what it asks since then is what it has to tell
        else:
            self._interrupted_at = self.clock.monotonic()
            self.interrupted = True
        wake = self._wake
        if wake is not None:
            wake()

    # ------------------------------------------------------------ calls within calls

    @property
    def around(self) -> Iterator[Call]:
        """The calls of this thread within which this one is made, from the nearest on: by a callback, say."""
        outer = self._outer
        while outer is not None:
            yield outer
            outer = outer._outer  # noqa: SLF001 # of its own kind

    def refuse_within(self, other: object | None) -> None:
        """Raise BusyError if this call is made from within that one, and would have to wait for it: for ever, for it is the same thread."""
        if other is not None and any(outer is other for outer in self.around):
            raise within_itself()

    @property
    def decides_around(self) -> bool:
        """This call is made from within one for the same chat that is deciding, of any ChatWorkspaces."""
        return any(outer.deciding and outer.chat_id == self.chat_id for outer in self.around)

    def __enter__(self) -> Self:
        self.book.enter(self)
        self.go_on()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.step_back()
        self.book.leave(self)

    def go_on(self) -> None:
        """Make it the call that this thread is in."""
        self._outer = _as_call(swap_caller(self))

    def step_back(self) -> None:
        """Leave the thread in the call that it was in before."""
        swap_caller(self._outer)
        self._outer = None


def _as_call(outer: object) -> Call | None:
    return outer if isinstance(outer, Call) else None


def within_itself() -> BusyError:
    """Return the error for a call that would wait for what its own thread is doing."""
    return BusyError(
        "this call was made from within another one for the same chat, which it would have to wait for",
        retryable=False,
    )


def in_steps(call: Call, steps: Generator[T, None, None]) -> Generator[T, None, None]:
    """Yield what a call sees. Between two steps the thread is in whatever call it was in before: a suspended follower is nobody's call."""
    call.book.enter(call)
    try:
        while True:
            call.go_on()
            try:
                step = next(steps)
            except StopIteration:
                return
            finally:
                call.step_back()
            call.told_at = call.clock.monotonic()
            yield step
    finally:
        outer = swap_caller(None)  # perhaps in a finalizer, and so in the midst of anybody's call
        try:
            steps.close()
        finally:
            call.book.leave(call)
            swap_caller(outer)


class _Wakeable:
    __slots__ = ("_call", "_outer", "_wake")

    def __init__(self, call: Call, wake: Callable[[], object]) -> None:
        self._call = call
        self._wake = wake
        self._outer: Callable[[], object] | None = None

    def __enter__(self) -> None:
        self._outer = self._call.set_wake(self._wake)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._call.set_wake(self._outer)


class _Asking:
    __slots__ = ("_before", "_call", "_cut", "_until")

    def __init__(self, call: Call, until: float, *, cut: bool) -> None:
        self._call = call
        self._until = until
        self._cut = cut
        self._before = (inf, False, False)

    def __enter__(self) -> None:
        self._before = self._call.begin_asking(self._until, cut=self._cut)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._call.end_asking(self._before)


class Calls:
    """The calls under way in a process. Needs no lock: a call is noted before it asks whether all is closed, and close() says so before it looks."""

    def __init__(self) -> None:
        self._calls: dict[Call, None] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._calls)

    def enter(self, call: Call) -> None:
        """Note a call. ClosedError after close()."""
        self._calls[call] = None
        if self._closed:
            del self._calls[call]
            raise ClosedError

    def leave(self, call: Call) -> None:
        """Forget a call that has ended."""
        del self._calls[call]

    @property
    def mine(self) -> Call | None:
        """The call that this thread is in, if it is one of these."""
        call = caller()
        return call if isinstance(call, Call) and call in self._calls else None

    def interrupt(self, chat_id: str) -> None:
        """End the patience of the chat's calls."""
        for call in self._under_way():
            if call.chat_id == chat_id:
                call.end(close=False)

    def close(self) -> None:
        """Refuse new calls and end those under way."""
        self._closed = True
        for call in self._under_way():
            call.end(close=True)

    def _under_way(self) -> list[Call]:
        return list(self._calls)  # no tuple: while one is made the collector may run, and end a follower

    def check(self) -> None:
        """Raise ClosedError after close()."""
        if self._closed:
            raise ClosedError

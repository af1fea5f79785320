"""One call's patience: since when it waits, until when, and how it is ended early."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING
from uuid import UUID

from chatworkspace._application.bounds import Places
from chatworkspace._application.logs import logger
from chatworkspace._domain.advice import SHORTEST_PAUSE, Asked, Waited
from chatworkspace._domain.pauses import FLOOR
from chatworkspace._ports.patience import begin, check_cancel, here, leave
from chatworkspace.errors import BusyError, ClosedError
from chatworkspace.model import Chat
from chatworkspace.ports import Clock, Signal

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from chatworkspace._application.hearing import Heard, Listening
    from chatworkspace._domain.places import Place
    from chatworkspace._ports.patience import Cancel

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

Terms = tuple[float, bool, bool]
"""What the ports that are called have to keep to: until when they may take; whether what is asked for changes nothing, and is ended with the call;
whether the call was interrupted before: then it asks what it has to tell, and that is not cut short by the same interrupt."""


class Call:
    """A call under way. Used by the thread that makes it; `interrupt` and `close` come from others.

    arguments: gives a hash of what it was told, by which the same call is known again. deciding: it holds the chat's mutex, and perhaps its claim.
    waited: how long what it waited for has taken, whoever waited for it; beyond: seconds by which that is more than its limit, if it is;
    under_way_for: seconds that it has taken. extra_time: seconds that it has spent on what its answer can do without.
    terms: of what it asks for now. in_vain: it wants to use what is stopped, and to start that has been in vain before;
    by_person: that was stopped by somebody's word.
    lasting: what it reads cannot be read by coming back.
    placed: it has one of the places of those who wait; crowded: it was to wait, and all were taken.
    build: the latest of the workspace, as a connection has read it.
    chat: as it was looked at last, by calls that only look. told: how far a follower is; told_at: when it was told something last.
    name: of the method that was called. heard: what is heard of it; None: nobody listens.
    resumed_at: when it was last told to come back, and did. awaited: the epoch whose end was waited for last.
    """

    __slots__ = (
        "_answering",
        "_interrupted_at",
        "_outer",
        "_wake",
        "arguments",
        "asked",
        "awaited",
        "beyond",
        "book",
        "build",
        "by_person",
        "cancel",
        "chat",
        "chat_id",
        "clock",
        "closed",
        "crowded",
        "deadline",
        "deciding",
        "extra_time",
        "following",
        "heard",
        "in_vain",
        "interrupted",
        "lasting",
        "name",
        "placed",
        "resumed_at",
        "started",
        "terms",
        "told",
        "told_at",
        "under_way_for",
        "waited",
    )

    def __init__(
        self,
        book: Calls,
        clock: Clock,
        chat_id: str,
        wait: float | None,
        *,
        answering: float = inf,
        asked: Asked = Asked.LOOK,
        cancel: Cancel | None = None,
        name: str = "",
    ) -> None:
        """answering: seconds beyond its patience that a call may take to find out what it has to tell. asked: what it is made for."""
        if cancel is not None:
            check_cancel(cancel)
        self.book = book
        self.clock = clock
        self.chat_id = chat_id
        self.asked = asked
        self.name = name
        self.heard: Heard | None = None
        self.cancel = cancel
        self.started = clock.monotonic()
        self.deadline: float | None = None if wait is None else self.started + wait
        self.arguments: Callable[[], int] = int
        self.waited = Waited.WITHIN
        self.beyond: float | None = None
        self.under_way_for = self.extra_time = 0.0
        self.interrupted = self.closed = self.following = self.deciding = self.in_vain = self.by_person = False
        self.placed = self.crowded = self.lasting = False
        self.told: Place | None = None
        self.chat: Chat | None = None
        self.build: UUID | None = None
        self.resumed_at = self.told_at = self.started
        self.awaited = -1
        self._wake: Callable[[], object] | None = None
        self._answering = answering
        self._interrupted_at = inf
        self._outer: Call | None = None
        self.terms: Terms = (inf, False, False)

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

    def may_wait(self) -> bool:
        """Tell whether the call may wait: it takes one of the places for that. If all are taken its patience is over."""
        if not self.placed and not self.crowded:
            self.placed = self.book.places.take()
            if not self.placed:
                self.crowded, self.deadline = True, self.sooner(self.clock.monotonic())
        return self.placed

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
        if self.deadline is None and not self.interrupted:
            return now + (limit if limit > LEAST else LEAST)  # noqa: FURB136 # a call less for each question
        last = now + limit
        if self.deadline is not None:
            last = min(last, self.deadline + self._answering)
        if self.interrupted:
            last = min(last, self._interrupted_at + GRACE)
        return max(last, now + LEAST)

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
        return self.terms[0] - self.clock.monotonic()

    @property
    def may_be_cut(self) -> bool:
        """What it asks for now changes nothing."""
        return self.terms[1]

    def set_wake(self, wake: Callable[[], object] | None) -> Callable[[], object] | None:
        """Say how the call's thread is woken from what it now blocks on; return how it was before."""
        outer, self._wake = self._wake, wake
        if wake is not None and (self.closed or (self.interrupted and not self.terms[2])):
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
        outer, here.caller = here.caller, self
        self._outer = outer if isinstance(outer, Call) else None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self.heard is not None and (error is not None or not self.following):  # a follower's has only begun
                self.heard.end(error)
        finally:
            here.caller, self._outer = self._outer, None
            self.book.leave(self)

    def go_on(self) -> None:
        """Make it the call that this thread is in, as it is within `with`."""
        outer, here.caller = here.caller, self
        self._outer = outer if isinstance(outer, Call) else None

    def step_back(self) -> None:
        """Leave the thread in the call that it was in before."""
        here.caller, self._outer = self._outer, None


def within_itself() -> BusyError:
    """Return the error for a call that would wait for what its own thread is doing."""
    return BusyError("this call was made from within another one for the same chat, which it would have to wait for", retryable=False)


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
        self._before = call.terms

    def __enter__(self) -> None:
        self._before = self._call.terms
        self._call.terms = (self._until, self._cut, self._call.interrupted)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._call.terms = self._before


class Calls:
    """The calls under way in a process. Needs no lock: a call is noted before it asks whether all is closed, and close() says so before it looks."""

    def __init__(self, most: int | None = None, listening: Listening | None = None) -> None:
        self._listening = listening
        self._calls: dict[Call, None] = {}
        self._closed = False
        self.places = Places(most)

    def __len__(self) -> int:
        return len(self._calls)

    def enter(self, call: Call) -> None:
        """Note a call. ClosedError after close()."""
        self._calls[call] = None
        if self._closed:
            del self._calls[call]
            raise ClosedError
        if call.cancel is not None:
            begin(call.cancel, call)
        listening = self._listening
        if listening is not None and call.heard is None and (listening.listener is not None or logger.isEnabledFor(logging.INFO)):
            outer = here.caller
            if isinstance(outer, Call) and outer.heard is not None and outer.heard.telling:
                return  # a listener's own call
            wait = None if call.deadline is None else call.deadline - call.started
            call.heard = listening.begin(call.name, call.chat_id, call.started, wait)
            call.heard.within_turn = isinstance(outer, Call) and (outer.deciding or any(it.deciding for it in outer.around))

    def leave(self, call: Call) -> None:
        """Forget a call that has ended."""
        del self._calls[call]
        if call.cancel is not None:
            leave(call.cancel, call)
        if call.placed:
            call.placed = False
            self.places.give_back()

    @property
    def mine(self) -> Call | None:
        """The call that this thread is in, if it is one of these."""
        call = here.caller
        return call if isinstance(call, Call) and call.book is self else None

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

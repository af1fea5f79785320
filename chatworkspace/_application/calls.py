"""One call's patience: since when it waits, until when, and how it is ended early."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from chatworkspace.errors import ClosedError
from chatworkspace.model import Chat
from chatworkspace.ports import Clock, Signal

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


HEARTBEAT = 5.0
"""Seconds after which a follower is told something, whatever happens."""
LOG_TICK = 1.0
"""Seconds after which a follower's call looks at the log, and tells how things stand."""


class Call:
    """A call under way. Used by the thread that makes it; `interrupt` and `close` come from others."""

    __slots__ = ("_book", "_wake", "awaited", "chat", "chat_id", "clock", "closed", "deadline", "following", "interrupted", "started")

    def __init__(self, book: Calls, clock: Clock, chat_id: str, wait: float | None) -> None:
        self._book = book
        self._wake: Callable[[], object] | None = None
        self.clock = clock
        self.chat_id = chat_id
        self.started = clock.monotonic()
        self.deadline: float | None = None if wait is None else self.started + wait
        self.interrupted = False
        self.closed = False
        self.following = False
        self.chat: Chat | None = None
        """As it was looked at last, by calls that only look."""
        self.awaited = -1
        """The epoch whose end was waited for last."""

    @property
    def elapsed(self) -> float:
        return self.clock.monotonic() - self.started

    @property
    def over(self) -> bool:
        """Nothing may be waited for any more."""
        return self.interrupted or (self.deadline is not None and self.clock.monotonic() >= self.deadline)

    def until(self, limit: float) -> float:
        """Return the instant that is `limit` seconds away, or the end of the call's patience if that is nearer."""
        return self.sooner(self.clock.monotonic() + limit)

    def sooner(self, instant: float) -> float:
        """Return the instant, or the end of the call's patience if that is nearer."""
        return instant if self.deadline is None else min(instant, self.deadline)

    def ask_until(self, limit: float) -> float:
        """Return until when a read may take that is made while waiting: not longer than the call, nor than a follower may be left alone."""
        return self.until(min(limit, HEARTBEAT - LOG_TICK) if self.following else limit)

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
        """While inside, `wake` is called when the call is interrupted or closed."""
        return _Wakeable(self, wake)

    def check(self) -> None:
        """Raise ClosedError if the ChatWorkspaces was closed."""
        if self.closed:
            raise ClosedError

    def set_wake(self, wake: Callable[[], object] | None) -> None:
        """Say how the call's thread is woken from what it now blocks on."""
        self._wake = wake
        if wake is not None and (self.interrupted or self.closed):
            wake()

    def end(self, *, close: bool) -> None:
        """End the call's patience. Any thread."""
        if close:
            self.closed = True
        else:
            self.interrupted = True
        wake = self._wake
        if wake is not None:
            wake()

    def __enter__(self) -> Self:
        self._book.enter(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._book.leave(self)


class _Wakeable:
    __slots__ = ("_call", "_wake")

    def __init__(self, call: Call, wake: Callable[[], object]) -> None:
        self._call = call
        self._wake = wake

    def __enter__(self) -> None:
        self._call.set_wake(self._wake)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._call.set_wake(None)


_under_way: ContextVar[Call | None] = ContextVar("chatworkspace_call", default=None)


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
        _under_way.set(call)

    def leave(self, call: Call) -> None:
        """Forget a call that has ended."""
        del self._calls[call]
        _under_way.set(None)

    @property
    def mine(self) -> Call | None:
        """The call that this thread has begun last, if it is under way."""
        call = _under_way.get()
        return call if call in self._calls else None

    def interrupt(self, chat_id: str) -> None:
        """End the patience of the chat's calls."""
        for call in tuple(self._calls):
            if call.chat_id == chat_id:
                call.end(close=False)

    def close(self) -> None:
        """Refuse new calls and end those under way."""
        self._closed = True
        for call in tuple(self._calls):
            call.end(close=True)

    def check(self) -> None:
        """Raise ClosedError after close()."""
        if self._closed:
            raise ClosedError

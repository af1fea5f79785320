"""Whose call a thread is in, and what its adapters may know of it: how long they may take, and how they hear that nobody waits for them any more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import RLock, local
from typing import TYPE_CHECKING, Protocol

from chatworkspace._domain.arguments import check_instance

if TYPE_CHECKING:
    from types import TracebackType


class Caller(Protocol):
    """A call of the library, as it is known to the ports that its thread calls."""

    @property
    def may_be_cut(self) -> bool:
        """What is asked for changes nothing, so it may be ended before it is answered."""
        ...

    def time_left(self) -> float:
        """Return the seconds that what is asked for may still take."""
        ...

    def set_wake(self, wake: Callable[[], object] | None) -> Callable[[], object] | None:
        """Say how the thread is woken from what it now blocks on; return how it was before."""
        ...


class Here(local):
    """What each thread is in. caller: its call; of several within each other the one that began last."""

    caller: Caller | None = None


here = Here()


def swap_caller(caller: Caller | None) -> Caller | None:
    """Say whose call this thread is in from now on; return whose it was."""
    outer, here.caller = here.caller, caller
    return outer


def time_left(most: float) -> float:
    """Return the seconds that a call of a port may take: `most`, or less where whoever asks has no more time.

    For adapters whose calls have a limit of their own and no deadline, as a store's. Outside of a call of the library it is `most`.
    """
    return most if here.caller is None else max(min(most, here.caller.time_left()), 0.0)


def interruptible(end: Callable[[], object]) -> AbstractContextManager[None]:
    """While inside, `end` is called once nobody waits for the answer any more: the call was interrupted, or everything closed.

    For adapters that block. `end` makes what they block on fail at once (it shuts a socket down, cancels a statement, sets a signal), and they raise
    UnavailableError. It comes from another thread, may come more than once, never after the block was left, and must not block, nor take a lock that
    is held around the block. Requests that change something are never ended so, nor is anything outside of a call of the library: then `end` is not
    called, so that one place that sends every request may use this for all.
    """
    asks = here.caller
    return nullcontext() if asks is None or not asks.may_be_cut else _Interruptible(asks, end)


# ------------------------------------------------------------------ what a host cancels


class Ended(Protocol):
    """What a Cancel ends."""

    def end(self, *, close: bool) -> None:
        """End it; close: for everything is closed. Any thread."""
        ...


class Cancel:
    """Ends the waits of the calls that it is given to, as interrupt() does for those of a chat: `create(…, cancel=it)`, and later `it.cancel()`.

    For a client that goes away, or a job that is to end. One may be given to many calls, of any ChatWorkspaces, one after the other or at the same
    time. Safe from any thread, and from a signal handler: it takes no lock.
    """

    __slots__ = ("_calls", "_cancelled")

    def __init__(self) -> None:
        self._calls: dict[Ended, None] = {}
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """cancel() was called."""
        return self._cancelled

    def cancel(self) -> None:
        """End the waits, once and for all: a call that gets it afterwards waits for nothing. Nothing on the platform is canceled. Idempotent."""
        self._cancelled = True
        for call in list(self._calls):  # no tuple, as in Calls
            call.end(close=False)

    def __repr__(self) -> str:
        return f"<Cancel, {'cancelled' if self._cancelled else 'not cancelled'}>"


def check_cancel(cancel: object) -> None:
    """Raise InvalidArgumentError unless it is a Cancel."""
    check_instance("cancel", cancel, Cancel)


def begin(cancel: Cancel, call: Ended) -> None:
    """Note a call that begins; first of all, so that either it sees that all is over, or whoever ends all sees it."""
    cancel._calls[call] = None  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # this module's own
    if cancel.cancelled:
        call.end(close=False)


def leave(cancel: Cancel, call: Ended) -> None:
    """Forget a call that has ended."""
    cancel._calls.pop(call, None)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # as above


def cancellable(cancel: Cancel | None, end: Callable[[], object]) -> AbstractContextManager[None]:
    """While inside, `end` is called once `cancel` is cancelled; at once where it is already. None: never.

    For adapters that run commands, beside interruptible() and by the same rules: `end` comes from another thread or from this one, may come more than
    once, never after the block was left, must not block, nor take a lock that is held around the block. InvalidArgumentError: it is no Cancel.
    """
    if cancel is None:
        return nullcontext()
    check_cancel(cancel)
    return _Cancellable(cancel, end)


class _Cancellable:
    """Ends what its caller blocks on, for as long as that does. `_lock` guards `_end`, as in _Interruptible."""

    __slots__ = ("_cancel", "_end", "_lock")

    def __init__(self, cancel: Cancel, end: Callable[[], object]) -> None:
        self._cancel = cancel
        self._end: Callable[[], object] | None = end
        self._lock = RLock()

    def __enter__(self) -> None:
        begin(self._cancel, self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        leave(self._cancel, self)
        # Critical section: no end from here on.
        with self._lock:
            self._end = None

    def end(self, *, close: bool) -> None:
        del close
        # Critical section: only what is still under way is ended.
        with self._lock:
            if self._end is not None:
                self._end()


class _Interruptible:
    """Ends what its caller blocks on, for as long as that does.

    `_lock` guards `_end`, which is called under it: whoever leaves the block waits for a call under way. It may come again in the same thread, from
    a finalizer, and then does the same once more.
    """

    __slots__ = ("_caller", "_end", "_lock", "_outer")

    def __init__(self, asks: Caller, end: Callable[[], object]) -> None:
        self._caller = asks
        self._end: Callable[[], object] | None = end
        self._lock = RLock()
        self._outer: Callable[[], object] | None = None

    def __enter__(self) -> None:
        self._outer = self._caller.set_wake(self._wake)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._caller.set_wake(self._outer)
        # Critical section: no end from here on.
        with self._lock:
            self._end = None

    def _wake(self) -> None:
        # Critical section: only what is still under way is ended.
        with self._lock:
            if self._end is not None:
                self._end()

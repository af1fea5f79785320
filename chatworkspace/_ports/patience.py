"""Whose call a thread is in, and what its adapters may know of it: how long they may take, and how they hear that nobody waits for them any more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import RLock, local
from typing import TYPE_CHECKING, Protocol

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

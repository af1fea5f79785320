"""A lock beside which things can be ended by whoever must not wait: a finalizer runs in any thread, also in one that holds the lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import TIMEOUT_MAX, Lock, get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class Deferring:
    """A lock, and what is to be done under it: at once if it is free, else by whoever holds it, when it is let go."""

    __slots__ = ("_deferred", "_holder", "_lock")

    def __init__(self) -> None:
        self._lock = Lock()
        self._holder = 0
        self._deferred: deque[Callable[[], object]] = deque()

    def __enter__(self) -> None:
        self._lock.acquire()
        self._holder = get_ident()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._holder = 0
        self._lock.release()
        self._catch_up()

    @property
    def is_held_here(self) -> bool:
        """This very thread holds it: what it waits for under it never comes."""
        return self._holder == get_ident()

    def do(self, act: Callable[[], object]) -> None:
        """Act under the lock, now or in a moment. It waits for nobody, so it may come at any instant; `act` must not block, nor raise."""
        self._deferred.append(act)
        self._catch_up()

    def _catch_up(self) -> None:
        while self._deferred and self._lock.acquire(blocking=False):
            self._holder = get_ident()
            try:
                if self._deferred:
                    self._deferred.popleft()()
            finally:
                self._holder = 0
                self._lock.release()


class Bell:
    """What one thread waits for and any other rings. The standard library's Event is set under a lock of its own, which its waiter may hold."""

    __slots__ = ("_silent",)

    def __init__(self) -> None:
        self._silent = Lock()
        """Held while nobody has rung."""
        self._silent.acquire()

    def ring(self) -> None:
        """Let who waits go on, or who will next. It waits for nobody, so it may come at any instant."""
        with suppress(RuntimeError):  # it has rung already
            self._silent.release()

    def heard(self, seconds: float) -> bool:
        """Wait so long for it to ring; return whether it has, since it was last heard."""
        return self._silent.acquire(timeout=min(max(seconds, 0.0), TIMEOUT_MAX))

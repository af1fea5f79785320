"""Limits that hold: a socket's timeout begins anew with every byte, so whoever drips bytes could keep us for ever.

One thread, started when first needed, shuts down the sockets that are in use beyond their deadline.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from chatworkspace_coder._http.locks import Bell, Deferring

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

IDLE = 10.0
"""Seconds after which a watchdog without work ends; the next limit starts another."""
ENDING = 1.0
"""Seconds for which its end is waited for. A finalizer may have come in the midst of what that end has need of."""


class OverdueError(Exception):
    """The deadline has passed."""


class UnwatchedError(Exception):
    """The system has no thread for the watchdog now, and without it no limit holds."""


def left(deadline: float) -> float:
    """Return the seconds until then. OverdueError."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise OverdueError
    return min(seconds, threading.TIMEOUT_MAX)


class Limit:
    """One request's time. Entered by the thread that makes the request: UnwatchedError."""

    def __init__(self, watchdog: Watchdog, deadline: float) -> None:
        self.deadline: float = deadline
        self.struck: bool = False
        self.sent: bool = False
        """The request began to be written: perhaps it arrives."""
        self.socket: socket.socket | None = None
        self._watchdog = watchdog

    def hold(self, used: socket.socket | None) -> None:
        """Say which socket the request is on now."""
        with self._watchdog.lock:
            self.socket = used
            if self.struck:
                self.strike()

    def cut(self) -> None:
        """End the request now, from any thread, at any instant: nothing is waited for."""
        self._watchdog.lock.do(self.strike)

    def strike(self) -> None:
        """Shut the socket down: whoever reads from it or writes to it is woken with an error. Under the watchdog's lock."""
        self.struck = True
        if self.socket is not None:
            with suppress(OSError):
                # not SSLSocket.shutdown(): it takes the TLS layer away from under the thread that reads
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._watchdog.enter(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._watchdog.leave(self)


class Watchdog:
    """Ends what is overdue. `lock` guards the table of limits, and is held for a few operations, none of which waits."""

    def __init__(self) -> None:
        self.lock: Deferring = Deferring()
        self._changed = Bell()
        self._limits: dict[Limit, None] = {}
        self._wakes_at = float("inf")
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def running(self) -> bool:
        """The thread is there."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def limit(self, deadline: float) -> Limit:
        """Return a limit, to be entered."""
        return Limit(self, deadline)

    def close(self) -> None:
        """End all that is under way, and the thread; it may come at any instant. Under a lock of ours it comes into effect when that is let go."""
        thread, ended = self._thread, Bell()

        def end() -> None:
            self._closed = True
            for limit in self._limits:
                limit.strike()
            self._changed.ring()
            ended.ring()

        self.lock.do(end)
        if thread is not None and thread is not threading.current_thread() and not self.lock.is_held_here and ended.heard(ENDING):
            thread.join(ENDING)

    def enter(self, limit: Limit) -> None:
        """Watch over it from now on. UnwatchedError."""
        with self.lock:
            if self._closed:
                limit.struck = True
            elif not self.running:
                self._start()
            self._limits[limit] = None
            sooner = limit.deadline < self._wakes_at
        if sooner:
            self._changed.ring()

    def _start(self) -> None:
        """Start the thread, which waits for the lock. What could not be started is not kept: the next limit tries again."""
        thread = threading.Thread(target=self._run, name="chatworkspace-coder-watchdog", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            raise UnwatchedError from None
        self._thread = thread

    def leave(self, limit: Limit) -> None:
        """Watch over it no more: when this returns its socket is safe."""
        with self.lock:
            del self._limits[limit]
            limit.socket = None

    def _run(self) -> None:
        woken = True
        while (seconds := self._struck(woken=woken)) is not None:
            woken = self._changed.heard(seconds)

    def _struck(self, *, woken: bool) -> float | None:
        """Strike what is overdue; return the seconds until the next one may be. None: closed, or nothing to be watched came up meanwhile."""
        with self.lock:
            now = time.monotonic()
            for limit in self._limits:
                if not limit.struck and limit.deadline <= now:
                    limit.strike()
            if self._closed or not (woken or self._limits):
                self._thread, self._wakes_at = None, float("inf")
                return None
            self._wakes_at = min((limit.deadline for limit in self._limits if not limit.struck), default=float("inf"))
            return min(max(self._wakes_at - now, 0.0), IDLE)

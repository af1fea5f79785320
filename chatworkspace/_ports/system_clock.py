"""The real clock: the only module of the core that reads time, blocks, or is random."""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING


class _SystemSignal:
    """Set once, waited for by one thread. A lock alone is the smallest thing that a thread can wait for with a limit."""

    __slots__ = ("_lock", "_set")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._set = False

    def set(self) -> None:
        """Set it, once and for all."""
        self._set = True
        with suppress(RuntimeError):  # set before: the lock is free
            self._lock.release()

    def wait(self, deadline: float | None) -> bool:
        """Wait until it is set, or the deadline (of monotonic()) has come; return whether it is set."""
        if not self._set:
            self._lock.acquire(timeout=-1 if deadline is None else _left(deadline))
        return self._set


def _left(deadline: float) -> float:
    return min(max(deadline - time.monotonic(), 0.0), threading.TIMEOUT_MAX)


class SystemClock:
    """Real time, real waiting, real chance. Safe from any thread; one may serve a whole process."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.now(timezone.utc)

    if TYPE_CHECKING:

        def monotonic(self) -> float:
            """Return the instant, in seconds: time.monotonic(), which deadlines are of."""
            ...
    else:
        monotonic = staticmethod(time.monotonic)  # itself: a call of the library asks for it some dozens of times

    def signal(self) -> _SystemSignal:
        """Return a new signal, the one way to wait for another thread."""
        return _SystemSignal()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(max(seconds, 0.0))

    def random(self) -> float:
        """Return a number from 0 up to 1, for jitter; it keeps no secret."""
        return random.random()  # noqa: S311 # for jitter

    def token(self) -> str:
        """Return a text that no other call returns, in any process."""
        process = running.process
        return f"{process.name}-{next(process.numbers):x}"


MOST_OF_HOST = 100
"""Characters of a host's name that are told."""


class Process:
    """What is one process's own: a name, which tokens begin with, and a count, which they end with.

    The name is `HOST:PID:RANDOM`, so that whoever looks at a chat that is held may find out by whom. Asking the system for each token would give the
    interpreter away each time.
    """

    def __init__(self) -> None:
        host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
        self.name = f"{host[:MOST_OF_HOST]}:{os.getpid()}:{os.urandom(16).hex()}"
        self.numbers = itertools.count()


class Running:
    """What runs now. process: its own; a child of fork() has another than its parent."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Begin as another process."""
        self.process = Process()


running = Running()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=running.begin_anew)

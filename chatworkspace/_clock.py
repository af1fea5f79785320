"""The real clock: the only module of the core that reads time, blocks, or is random."""

from __future__ import annotations

import os
import random
import threading
import time
from datetime import datetime, timezone


class _SystemSignal:
    """Set once, waited for by one thread. A lock alone is the smallest thing that a thread can wait for with a limit."""

    __slots__ = ("_lock", "_set")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._set = False

    def set(self) -> None:
        self._set = True
        try:
            self._lock.release()
        except RuntimeError:
            pass  # set before: the lock is free

    def wait(self, deadline: float | None) -> bool:
        if not self._set:
            self._lock.acquire(timeout=-1 if deadline is None else _left(deadline))
        return self._set


def _left(deadline: float) -> float:
    return min(max(deadline - time.monotonic(), 0.0), threading.TIMEOUT_MAX)


class SystemClock:
    """Real time, real waiting, real chance. Safe from any thread; one may serve a whole process."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def signal(self) -> _SystemSignal:
        return _SystemSignal()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0))

    def random(self) -> float:
        return random.random()

    def token(self) -> str:
        return os.urandom(16).hex()

"""Which paths are to be read slowly now, and when each may be read next."""

from __future__ import annotations

from math import ceil
from threading import Lock
from uuid import UUID

import attrs

from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.rates import WINDOW, interval, rate_in

MOST = 1000
"""Paths that are remembered. A path of which enough is left is none of them."""
TOO_MANY = 429

Key = tuple[UUID | None, str]
"""Whose token, and the path: what the server counts by."""


@attrs.define
class _Slow:
    interval: float
    next_at: float
    refusal: Answer | None


class Pacing:
    """Of one process. Instants are of the caller's monotonic clock. Safe from any thread: `_lock` guards the table, for a few operations."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._slow: dict[Key, _Slow] = {}

    def __len__(self) -> int:
        return len(self._slow)

    def turn(self, key: Key, *, now: float, deadline: float) -> float:
        """Take the next turn to read; return the seconds to wait for it, at most half of those that are left: the answer takes time, too."""
        with self._lock:
            slow = self._slow.get(key)
            if slow is None:
                return 0.0
            at = max(slow.next_at, now)
            slow.next_at = min(at + slow.interval, now + WINDOW)
        return min(at - now, max(deadline - now, 0.0) / 2)

    def refusal(self, key: Key, *, now: float) -> tuple[Answer, float] | None:
        """Return the answer by which the server has asked not to come back yet, as it would say so now, and for how many seconds more."""
        with self._lock:
            slow = self._slow.get(key)
            if slow is None or slow.refusal is None or now >= slow.next_at:
                return None
            seconds = slow.next_at - now
            return attrs.evolve(slow.refusal, headers={**slow.refusal.headers, "retry-after": str(ceil(seconds))}), seconds

    def note(self, key: Key, answer: Answer, *, now: float) -> None:
        """Take in what an answer says."""
        pause, asked = interval(rate_in(answer.headers)), answer.retry_after if answer.status == TOO_MANY else None
        with self._lock:
            before = self._slow.pop(key, None)
            if asked is not None:
                pause = min(asked, WINDOW)
                self._put(key, _Slow(pause, now + pause, answer))
            elif pause:
                self._put(key, _Slow(pause, max(now + pause, before.next_at if before is not None else now), None))

    def _put(self, key: Key, slow: _Slow) -> None:
        """Remember it; the oldest is forgotten for it if there are many."""
        self._slow[key] = slow
        if len(self._slow) > MOST:
            del self._slow[next(iter(self._slow))]

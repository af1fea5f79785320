"""The server's rate limit: so many requests a minute to the same path."""

from __future__ import annotations

from threading import Lock

from chatworkspace.ports import Clock
from chatworkspace_simulator._http.messages import ApiError

WINDOW = 60.0
"""Seconds."""


class RateLimit:
    """Counts the requests of each key over a sliding window: those of this minute, and a share of those of the last one. Safe from any thread."""

    def __init__(self, clock: Clock, limit: int | None) -> None:
        """limit=None: none."""
        self._clock = clock
        self._limit = limit
        self._lock = Lock()
        self._counts: dict[str, tuple[int, int, int]] = {}
        """Key -> minute, requests in it, requests in the one before."""

    def count(self, key: str) -> tuple[dict[str, str], ApiError | None]:
        """Count a request; return the headers for its answer, and the refusal if there were too many."""
        if self._limit is None:
            return {}, None
        seconds = self._clock.now().timestamp()
        minute, share = int(seconds // WINDOW), 1 - seconds % WINDOW / WINDOW
        with self._lock:
            last, current, before = self._counts.get(key, (minute, 0, 0))
            if last != minute:
                current, before = 0, current if last == minute - 1 else 0
            rate = current + int(before * share)
            allowed = rate < self._limit
            self._counts[key] = minute, current + allowed, before
        left = max(self._limit - rate - 1, 0)
        headers = {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(int((minute + 1) * WINDOW)),
        }
        if allowed:
            return headers, None
        message = f"You've been rate limited for sending more than {self._limit} requests in 1m0s."
        return headers | {"Retry-After": str(int(WINDOW))}, ApiError(429, message)

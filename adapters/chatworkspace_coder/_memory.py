"""What a client keeps between requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from chatworkspace.ports import interruptible
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.pauses import Slots, Wanted

T = TypeVar("T")

KEPT = 60.0
"""Seconds for which settings of the server are not asked for again."""
MOST_CACHED = 2000


class Cache(Generic[T]):
    """Values by key, that never change. Safe from any thread: `_lock` guards that there are not too many."""

    def __init__(self, most: int = MOST_CACHED) -> None:
        self._most = most
        self._values: dict[Hashable, T] = {}
        self.begin_anew()
        begins_anew(self)

    def begin_anew(self) -> None:
        """Begin with a free lock: the values are as good in a child."""
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """Return a value, if it is there."""
        return self._values.get(key)

    def take(self, key: Hashable) -> T | None:
        """Return a value, if it is there, and forget it."""
        return self._values.pop(key, None)

    def put(self, key: Hashable, value: T) -> None:
        """Keep a value; the oldest is forgotten for it if there are many."""
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._most:
                del self._values[next(iter(self._values))]


class Kept(Generic[T]):
    """One setting of the server, asked for once in a while. Safe from any thread."""

    def __init__(self) -> None:
        self._told: tuple[T, float] | None = None
        self.begin_anew()
        begins_anew(self)

    def begin_anew(self) -> None:
        """Begin with nobody asking."""
        self._turn = Slots(1)
        """Held by the one who asks, so that others wait for the answer. It guards nothing: whoever has waited long enough asks, too."""

    def get(self, ask: Callable[[], T], deadline: float) -> T:
        """Return it, not older than KEPT."""
        told = self._fresh()
        if told is not None:
            return told[0]
        turn, wanted = self._turn, Wanted()
        with interruptible(wanted.give_up):
            mine = turn.take(changes=False, deadline=deadline, wanted=wanted)
        try:
            told = self._fresh()
            if told is None:
                told = self._told = ask(), time.monotonic() + KEPT
            return told[0]
        finally:
            if mine:
                turn.give_back(changes=False)

    def _fresh(self) -> tuple[T, float] | None:
        told = self._told
        return told if told is not None and time.monotonic() < told[1] else None


class Lacking:
    """Routes that only newer servers have, and a server of some version has not. Safe from any thread; a child knows what its parent knew."""

    def __init__(self, version: Callable[[], str]) -> None:
        """version: returns what the server has last called its version."""
        self._version = version
        self._seen: dict[str, str] = {}
        """Route -> the latest version that was seen without it."""

    def has(self, *routes: str) -> bool:
        """Say whether the server, at its version of now, is known to lack one of these routes."""
        version = self._version()
        return bool(version) and any(self._seen.get(route) == version for route in routes)

    def note(self, route: str, answer: Answer) -> bool:
        """Remember that who gave this answer lacks the route. False: it does not tell its version, and may be another the next time."""
        if answer.version:
            self._seen[route] = answer.version
        return bool(answer.version)

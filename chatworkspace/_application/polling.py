"""A watch for creators that have none: it asks, ever more seldom, at a pace that the whole process keeps to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID

from chatworkspace.errors import UnavailableError
from chatworkspace.model import Workspace
from chatworkspace.ports import Clock, WorkspaceCreator

if TYPE_CHECKING:
    from chatworkspace._application.hearing import Heard

POLLS_PER_SECOND = 50.0
"""For the whole process: a server has other things to do."""
_INTERVALS = ((5.0, 0.25), (30.0, 1.0), (float("inf"), 2.0))
"""(seconds since the first poll, interval): 60 polls in the first minute, so that eight processes stay under the 512 requests a minute
that Coder allows per path."""


class Pace:
    """The polls of a process, spread out. `_lock` guards `_next`, the first instant that is free.

    A slot is taken by whoever would poll now, not ahead of time: else a poll that is due in two seconds kept those waiting that are due before.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._next = 0.0

    def slot(self, now: float) -> float:
        """Return the first instant from now on at which one more request may be sent."""
        with self._lock:
            self._next = max(self._next + 1 / POLLS_PER_SECOND, now)
            return self._next


class PollingWatch:
    """A watch for creators that have none. Pulled by one thread at a time; close() may come from any. of: owner and workspace."""

    def __init__(self, creator: WorkspaceCreator, clock: Clock, pace: Pace, of: tuple[UUID, UUID], *, limit: float) -> None:
        self._creator = creator
        self._clock = clock
        self._pace = pace
        self._of = of
        self.reads_until: Callable[[], float] = lambda: clock.monotonic() + limit
        """Until when a read that begins now may take; whoever pulls may say."""
        self.heard: Heard | None = None
        """What is heard of whoever pulls."""
        self._began: float | None = None
        self._at = 0.0
        self._has_slot = False
        """`_at` is a slot of the process; else it is when this watch would poll."""
        self._last: Workspace | None = None
        self._closing = clock.signal()

    def next(self, deadline: float) -> Workspace | None:
        while True:
            now = self._clock.monotonic()
            if self._began is None:
                self._began = self._at = now
            if self._closing.wait(min(self._at, deadline)):
                raise UnavailableError("the watch was closed")
            now = self._clock.monotonic()
            if now < self._at:
                return None
            if not self._has_slot:
                self._at, self._has_slot = self._pace.slot(now), True
                continue
            self._at, self._has_slot = now + self._interval(now - self._began), False
            read = partial(self._creator.get_workspace, *self._of, deadline=self.reads_until())
            current = read() if self.heard is None else self.heard.ask("get_workspace", read)
            if current != self._last:
                self._last = current
                return current

    def close(self) -> None:
        self._closing.set()

    def _interval(self, age: float) -> float:
        interval = next(interval for limit, interval in _INTERVALS if age < limit)
        return interval * (0.9 + 0.2 * self._clock.random())

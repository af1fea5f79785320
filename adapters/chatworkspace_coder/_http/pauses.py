"""Waiting that ends early: with the client, or when nobody waits for the answer any more."""

from __future__ import annotations

import time
from threading import Lock

from chatworkspace_coder._http.locks import Bell

SLICE = 0.25
"""Seconds after which whoever pauses looks whether it still should."""


class Wanted:
    """Whether anybody still waits for an answer. Said from any thread, at any instant: it takes no lock."""

    __slots__ = ("_bell", "gone")

    def __init__(self) -> None:
        self.gone: bool = False
        self._bell: Bell | None = None

    def give_up(self) -> None:
        """Nobody does."""
        self.gone = True
        if self._bell is not None:
            self._bell.ring()

    def wake_by(self, bell: Bell) -> None:
        """Ring this, once nobody does."""
        self._bell = bell
        if self.gone:
            bell.ring()


class Pauses:
    """The pauses of a client: between attempts, and before a turn to read. Safe from any thread."""

    def __init__(self) -> None:
        self._bell = Bell()
        self.over: bool = False
        """The client was closed."""

    def end(self) -> None:
        """End all, also those that begin later. It may come at any instant."""
        self.over = True
        self._bell.ring()

    def wait(self, seconds: float, wanted: Wanted) -> None:
        """Let so many seconds pass, or less."""
        if seconds <= 0:
            return
        until = time.monotonic() + seconds
        while not (self.over or wanted.gone) and (rest := until - time.monotonic()) > 0:
            if self._bell.heard(min(rest, SLICE)):
                self._bell.ring()  # for whoever else waits


class Slots:
    """How many requests may be under way at a time. Some are kept for what changes something: reads that hang do not keep it back.

    Safe from any thread: `_lock` guards the counts and the queues. Whoever waits sleeps until a slot is handed to it, first come, first served.
    """

    def __init__(self, count: int) -> None:
        self._lock = Lock()
        self._free = count
        self._free_for_reads = count - kept(count)
        self._came = 0
        """How many have had to wait."""
        self._changes: dict[Bell, int] = {}
        self._reads: dict[Bell, int] = {}
        """Who waits, by when it came. Who is in none has got what it waits for."""

    def take(self, *, changes: bool, deadline: float, wanted: Wanted) -> bool:
        """Take one, by the deadline and while somebody waits for the answer; False: there was none."""
        if wanted.gone:
            return False
        # Critical section: take one, or queue.
        with self._lock:
            if self._free and (changes or self._free_for_reads):
                self._hand_out(changes=changes)
                return True
            bell, queue = Bell(), self._changes if changes else self._reads
            self._came += 1
            queue[bell] = self._came
        wanted.wake_by(bell)
        bell.heard(deadline - time.monotonic())
        # Critical section: leave, unless it was handed out.
        with self._lock:
            return queue.pop(bell, None) is None

    def give_back(self, *, changes: bool) -> None:
        """Let others have it."""
        # Critical section: hand it to whoever has waited longest, of those that may have it.
        with self._lock:
            self._free += 1
            self._free_for_reads += not changes
            bell = self._next()
        if bell is not None:
            bell.ring()

    def _next(self) -> Bell | None:
        change, read = next(iter(self._changes), None), next(iter(self._reads), None) if self._free_for_reads else None
        if change is None and read is None:
            return None
        if read is None or (change is not None and self._changes[change] < self._reads[read]):
            queue, bell = self._changes, change
        else:
            queue, bell = self._reads, read
        if bell is not None:
            del queue[bell]
            self._hand_out(changes=queue is self._changes)
        return bell

    def _hand_out(self, *, changes: bool) -> None:
        self._free -= 1
        self._free_for_reads -= not changes


def kept(count: int) -> int:
    """Return how many slots reads cannot have: one in eight, and of two or more at least one."""
    return max(count // 8, 1) if count > 1 else 0

"""Waiting that ends early: with the client, or when nobody waits for the answer any more."""

from __future__ import annotations

import time
from threading import BoundedSemaphore

from chatworkspace_coder._http.locks import Bell

SLICE = 0.25
"""Seconds after which whoever waits looks whether it still should. Nothing wakes it sooner: what gives up may be a finalizer, which takes no lock."""


class Wanted:
    """Whether anybody still waits for an answer. Said from any thread, at any instant."""

    __slots__ = ("gone",)

    def __init__(self) -> None:
        self.gone: bool = False

    def give_up(self) -> None:
        """Nobody does."""
        self.gone = True


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
    """How many requests may be under way at a time. Some are kept for what changes something: reads that hang do not keep it back."""

    def __init__(self, count: int) -> None:
        self._all = BoundedSemaphore(count)
        self._for_reads = BoundedSemaphore(count - kept(count))

    def take(self, *, changes: bool, deadline: float, wanted: Wanted) -> bool:
        """Take one, by the deadline; False: there was none."""
        if changes:
            return acquired(self._all, deadline, wanted)
        if not acquired(self._for_reads, deadline, wanted):
            return False
        if acquired(self._all, deadline, wanted):
            return True
        self._for_reads.release()
        return False

    def give_back(self, *, changes: bool) -> None:
        """Let others have it."""
        self._all.release()
        if not changes:
            self._for_reads.release()


def kept(count: int) -> int:
    """Return how many slots reads cannot have: one in eight, and of two or more at least one."""
    return max(count // 8, 1) if count > 1 else 0


def acquired(slots: BoundedSemaphore, deadline: float, wanted: Wanted) -> bool:
    """Take one by the deadline, or none: also when nobody waits any more."""
    while not wanted.gone:
        rest = deadline - time.monotonic()
        if slots.acquire(timeout=min(max(rest, 0.0), SLICE)):
            return True
        if rest <= SLICE:
            return False
    return False

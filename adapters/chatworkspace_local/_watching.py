"""Watches a workspace by looking again and again, at a floor."""

from __future__ import annotations

from collections.abc import Callable

from chatworkspace import UnavailableError, Workspace
from chatworkspace.ports import Clock, Signal, Watch, interruptible

FLOOR, CEILING = 0.05, 0.5
"""Seconds between two looks: short after a change, longer while nothing happens."""


class LocalWatch(Watch):
    """The states of one workspace. close() is safe from any thread; the steps on `_waiting` and `_closed` are each one that nothing comes between."""

    def __init__(self, clock: Clock, read: Callable[[], Workspace]) -> None:
        self._clock = clock
        self._read = read
        self._told: Workspace | None = None
        self._closed = False
        self._waiting: Signal | None = None

    def next(self, deadline: float) -> Workspace | None:
        pause = FLOOR
        while True:
            signal = self._waiting = self._clock.signal()
            self._see_open()
            state = self._read()
            if state != self._told:
                self._told = state
                return state
            now = self._clock.monotonic()
            if now >= deadline:
                return None
            with interruptible(self.close):
                signal.wait(min(deadline, now + pause))
            pause = min(2 * pause, CEILING)

    def _see_open(self) -> None:
        if self._closed:
            raise UnavailableError("the watch is closed")

    def close(self) -> None:
        self._closed = True
        waiting = self._waiting
        if waiting is not None:
            waiting.set()

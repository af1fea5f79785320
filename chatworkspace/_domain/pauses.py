"""How long to pause before something is tried again, or looked at again: twice as long each time, up to the longest, and less by chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

FLOOR = 0.1
"""Seconds between two attempts, at least."""


class Chance(Protocol):
    """The part of a clock that is asked here."""

    def random(self) -> float:
        """Return a number in [0, 1)."""
        ...


def back_off(attempt: int, most: float, chance: float) -> float:
    """Return the seconds before the attempt with this number, from 0: doubled each time up to `most`, with jitter by `chance` in [0, 1)."""
    return FLOOR + chance * (_doubled(FLOOR, attempt, most) - FLOOR)


def pauses(clock: Chance, *, first: float, longest: float) -> Iterator[float]:
    """Yield seconds, without end: twice as long each time up to the longest, and up to half of each less by chance, lest many go in step."""
    attempt = 0
    while True:
        yield _doubled(first, attempt, longest) * (1 + clock.random()) / 2
        attempt += 1


def _doubled(first: float, attempt: int, most: float) -> float:
    return min(first * 2.0 ** min(attempt, 64), most)

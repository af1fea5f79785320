"""How long to pause before something is tried again, or looked at again.

What failed: twice as long each time, up to the longest, and less by chance. What cannot be watched: each by itself, or all of an owner's in one list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import Enum
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


# ---------------------------------------------------------------- what cannot be watched

_INTERVALS = ((30.0, 0.4), (float("inf"), 2.0))
"""(seconds since the first poll, interval): 90 polls in the first minute, so that five processes stay under the 512 requests a minute
that Coder allows per path."""
YOUNG = 30.0
"""Seconds for which somebody may be looking on."""
FEW = 16
"""So many of these are read singly, whoever else waits: a list of many comes too seldom for them."""
LIST_MOST = 5.0
"""Seconds from one list of an owner to the next, at most, beside what it takes."""
REQUESTS_COUNT = 4
"""How many times as long as it takes the reading of one counts: a request costs the platform more than a row of a list."""
UNCOUNTED = 60.0
"""Seconds after which it is forgotten how long a list took: it may have been a bad moment."""


def interval(age: float, chance: float) -> float:
    """Return the seconds until one that is read by itself is read again. age: since it was first. chance: in [0, 1), lest many stay in step."""
    return next(every for limit, every in _INTERVALS if age < limit) * (0.9 + 0.2 * chance)


def are_few(ages: Collection[float]) -> bool:
    """Tell whether those that began lately are read by themselves."""
    return sum(age < YOUNG for age in ages) <= FEW


class Haste(Enum):
    """How soon an owner's next list is to be asked for: seconds from one to the next, and how many times as long as it took there is none."""

    FLOOD = (0.4, 0.0)
    """There is news of many: of the others it is on its way, and each time that it takes to be told is waited for by all of them."""
    NEWS = (0.4, 1.0)
    """There is news: more may come at once."""
    YOUNG = (0.4, 3.0)
    """Many began lately."""
    NONE = (2.0, 20.0)


FLOOD = 8
"""One in so many that are waited for is many."""


def haste_for(signs: int, waited_for: int, *, few_young: bool = True) -> Haste:
    """Return how soon the next list is wanted. signs: of how many there is news, by the last list or since; few_young: few began lately."""
    if not signs:
        return Haste.NONE if few_young else Haste.YOUNG
    return Haste.FLOOD if signs * FLOOD >= waited_for else Haste.NEWS


def next_list(began: float, ended: float, haste: Haste) -> float:
    """Return when an owner's next list is due, after the last one. It costs more the more there are, and is asked for the more seldom."""
    least, times = haste.value
    return max(began + least, ended + min(times * (ended - began), LIST_MOST))

"""How often what cannot be watched is read: each by itself, or all of an owner's in one request. Pure, but for the pace of the process."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from threading import Lock

POLLS_PER_SECOND = 50.0
"""For the whole process: a server has other things to do."""
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


class Pace:
    """Requests of a process, spread out. `_lock` guards `_next`, the first instant that is free.

    A slot is taken by whoever would ask now, not ahead of time: else one that is due in two seconds kept those waiting that are due before.
    """

    def __init__(self, per_second: float = POLLS_PER_SECOND) -> None:
        self._lock = Lock()
        self._apart = 1 / per_second
        self._next = 0.0

    def slot(self, now: float) -> float:
        """Return the first instant from now on at which one more request may be sent."""
        with self._lock:
            self._next = max(self._next + self._apart, now)
            return self._next


def interval(age: float, chance: float) -> float:
    """Return the seconds until one that is read by itself is read again. age: since it was first. chance: in [0, 1), lest many stay in step."""
    return next(every for limit, every in _INTERVALS if age < limit) * (0.9 + 0.2 * chance)


def are_few(ages: Collection[float]) -> bool:
    """Tell whether those that began lately are read by themselves."""
    return sum(age < YOUNG for age in ages) <= FEW


class Haste(Enum):
    """How soon an owner's next list is to be asked for: seconds from one to the next, and how many times as long as it took there is none."""

    NEWS = (0.4, 1.0)
    """There is news: more may come at once."""
    YOUNG = (0.4, 3.0)
    """Many began lately."""
    NONE = (2.0, 20.0)


def next_list(began: float, ended: float, haste: Haste) -> float:
    """Return when an owner's next list is due, after the last one. It costs more the more there are, and is asked for the more seldom."""
    least, times = haste.value
    return max(began + least, ended + min(times * (ended - began), LIST_MOST))

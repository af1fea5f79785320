"""How long a store pauses between two tries, or two looks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from chatworkspace._domain.pauses import back_off
from chatworkspace._ports.clock import Clock


def pauses(clock: Clock, *, first: float, longest: float) -> Iterator[float]:
    """Yield seconds, without end: at least the first, at most twice as many each time up to the longest; by chance, lest many go in step."""
    return (back_off(attempt, longest, clock.random(), floor=first) for attempt in count())

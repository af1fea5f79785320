"""How long a store pauses between two tries, or two looks."""

from __future__ import annotations

from collections.abc import Iterator

from chatworkspace._ports.clock import Clock


def pauses(clock: Clock, *, first: float, longest: float) -> Iterator[float]:
    """Yield seconds, without end: twice as long each time up to the longest, and up to half of each less by chance, lest many go in step."""
    while True:
        yield first * (1 + clock.random()) / 2
        first = min(2 * first, longest)

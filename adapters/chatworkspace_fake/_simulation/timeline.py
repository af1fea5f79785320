"""Virtual time: what the hour is, and what is to happen at which hour."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import ceil, inf

from chatworkspace_fake._simulation.actors import Actor

Action = Callable[[], object]

GRAIN = 2.0**30
"""Grains of time per second. With them sums and differences of instants are exact: 30 + 5 + 10 is 45 from whatever start."""


def whole_grains(instant: float) -> float:
    """Round up, so that who waits for an instant never wakes before it."""
    return ceil(instant * GRAIN) / GRAIN


class Timeline:
    """The present, the sleepers with their deadlines, and the agenda of at(). It only moves when told to."""

    __slots__ = ("_agenda", "_count", "_sleepers", "now")

    def __init__(self) -> None:
        self.now: float = 0.0
        self._sleepers: list[tuple[float, int, int, Actor]] = []
        self._agenda: list[tuple[float, int, Action]] = []
        self._count = 0

    def plan(self, instant: float, action: Action) -> None:
        """Put an action on the agenda; one at infinity never comes."""
        if instant < inf:
            self._count += 1
            heappush(self._agenda, (whole_grains(instant), self._count, action))

    def put_to_sleep(self, actor: Actor, deadline: float) -> bool:
        """Have the actor woken at the deadline unless its ticket has changed by then; False: the deadline is here already."""
        if deadline <= self.now:
            return False
        if deadline < inf:
            self._count += 1
            heappush(self._sleepers, (whole_grains(deadline), self._count, actor.ticket, actor))
        return True

    @property
    def due(self) -> bool:
        """An action is to be done now."""
        return bool(self._agenda) and self._agenda[0][0] <= self.now

    def take_due(self) -> tuple[float, Action]:
        """Take the next action from the agenda."""
        instant, _, action = heappop(self._agenda)
        return instant, action

    def advance(self, at_most: float) -> list[Actor] | None:
        """Jump to the next instant at which something happens, `at_most` at the latest; return who wakes. None: nothing will ever happen."""
        sleepers = self._sleepers
        while sleepers and sleepers[0][2] != sleepers[0][3].ticket:
            heappop(sleepers)
        instant = min(at_most, sleepers[0][0] if sleepers else inf, self._agenda[0][0] if self._agenda else inf)
        if instant == inf:
            return None
        self.now = max(self.now, instant)
        return self._wake()

    def _wake(self) -> list[Actor]:
        woken: list[Actor] = []
        while self._sleepers and self._sleepers[0][0] <= self.now:
            _, _, ticket, actor = heappop(self._sleepers)
            if ticket == actor.ticket:
                woken.append(actor)
        return woken

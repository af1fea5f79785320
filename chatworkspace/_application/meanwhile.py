"""What a call does while it cannot go on: it waits for its time, tells a follower that it is still there, and does not go round for ever."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from chatworkspace._application.calls import LOG_TICK, SLICE, Call
from chatworkspace._application.turn import Unknown
from chatworkspace._application.waiting import Seen
from chatworkspace._domain.pauses import FLOOR
from chatworkspace.errors import UnavailableError
from chatworkspace.model import Phase, Reason
from chatworkspace.ports import Clock
from chatworkspace.timeouts import Timeouts

LEAST_REST = 1.0
"""Seconds for which a platform that takes no more requests is left alone, even if it says that it may be asked at once: it would be, without end."""
FEW_TURNS = 4
"""Turns in a row that came to nothing, because somebody else was quicker or the claim came late; from then on there is a pause between them."""
GOES_ON = Seen(workspace=None, phase=Phase.PLANNING)
"""What a follower is told, or the furthest that it was told before, while something is asked that takes long."""

T = TypeVar("T")


class Meanwhile:
    """Passes the time of the calls of one process. Safe from any thread; used outside of every lock."""

    def __init__(self, *, clock: Clock, timeouts: Timeouts) -> None:
        self._clock = clock
        self._timeouts = timeouts

    def later(self, call: Call, seconds: float) -> Generator[Seen, None, bool]:
        """Wait until the platform may be asked again, unless the call ends before. Chance keeps those who wait from asking all at once."""
        until = self._clock.monotonic() + max(seconds, LEAST_REST) * (1 + 0.1 * self._clock.random())
        if until > (call.started + self._timeouts.build if call.deadline is None else call.deadline) or not call.may_wait():
            return False
        while not call.interrupted and (now := self._clock.monotonic()) < until:
            call.pause(min(until, now + SLICE) if call.following else until)
            yield GOES_ON
        call.resumed_at = self._clock.monotonic()
        return not call.interrupted

    def told(self, call: Call, ask: Callable[[float], T]) -> Generator[Seen, None, T]:
        """Ask what has to be known, within what is left of the call. A follower is told in between that it goes on."""
        by = call.by(self._timeouts.planning)
        if call.following and self._clock.monotonic() - call.told_at > LOG_TICK:
            yield GOES_ON
        while call.following and not call.interrupted and (until := self._clock.monotonic() + SLICE) < by:
            try:
                answer = ask(until)
            except UnavailableError as error:
                if not error.retryable or error.retry_after is not None:
                    raise
            else:
                if not isinstance(answer, Unknown) or not _passes(answer):
                    return answer
            yield GOES_ON
            call.pause(min(self._clock.monotonic() + FLOOR, by))  # a port that fails at once would be asked without end
        return ask(call.by(self._timeouts.planning) if call.interrupted else by)


def _passes(unknown: Unknown) -> bool:
    """Tell whether what is not known now may be read in a moment."""
    return unknown.retryable and unknown.reason is Reason.PLATFORM_UNAVAILABLE and unknown.retry_after is None


class Rounds:
    """Counts how often a workspace was found ready and could not be told so: it was claimed since, or the store took longer than a dial is proof."""

    def __init__(self, call: Call, clock: Clock, began: float, *, limit: float) -> None:
        self._call = call
        self._clock = clock
        self._ends_at = began + limit
        self._began = began
        self._made = 0

    def another(self) -> bool:
        """Tell whether it is to be waited for, dialled and looked at once more, and pause where that has come to nothing before."""
        call, now = self._call, self._clock.monotonic()
        took, self._began = now - self._began, now
        self._made += 1
        if now >= self._ends_at or (call.over and (self._made >= FEW_TURNS or now + took > call.answer_by())):
            return False
        if self._made > 1:
            call.pause(now + FLOOR)
        return True

"""Every limit of the library, in one value."""

from __future__ import annotations

import attrs

from chatworkspace._domain.arguments import positive_seconds


def _limit(default: float) -> float:
    limit: float = attrs.field(default=default, validator=positive_seconds)
    return limit


@attrs.frozen(kw_only=True)
class Timeouts:
    """Every limit of the library, in seconds; each must be finite and above 0, else InvalidArgumentError.

    queued (60): to wait for another caller's decision.
    planning (10): to look and to check the template; and what a call takes beyond its `wait` to be able to answer at all.
    creating (25): for one request that changes the platform. The claim lives 5 s longer.
    build (600): for a build, from when it was asked for. These three count from when the phase began, whoever waited for it, as far as that is known.
    connect (120): for the agent to connect, once the build is over.
    connect_attempt (5): for one dial that is to prove a workspace ready.
    scripts (600): for the agent's startup scripts, once it is connected.
    dial (30): for connect(), all of it.
    request (15): for one request that only reads.
    lost_after (90): an agent counts as lost when the platform has said disconnected for this long, and a dial fails.
    proof (5): for how long a dial that worked is proof of being ready.
    """

    queued: float = _limit(60)
    planning: float = _limit(10)
    creating: float = _limit(25)
    build: float = _limit(600)
    connect: float = _limit(120)
    connect_attempt: float = _limit(5)
    scripts: float = _limit(600)
    dial: float = _limit(30)
    request: float = _limit(15)
    lost_after: float = _limit(90)
    proof: float = _limit(5)

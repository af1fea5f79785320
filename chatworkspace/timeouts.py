"""Every limit of the library, in one value."""

from __future__ import annotations

import attrs

from chatworkspace._domain.arguments import positive_seconds


def _limit(default: float) -> float:
    limit: float = attrs.field(default=default, validator=positive_seconds)
    return limit


@attrs.frozen(kw_only=True)
class Timeouts:
    """Every limit of the library, in seconds; each must be finite and above 0, else InvalidArgumentError."""

    queued: float = _limit(60)
    """To wait for another caller's decision."""
    planning: float = _limit(10)
    """To look and to check the template."""
    creating: float = _limit(25)
    """For one request that changes the platform. The claim lives 5 s longer."""
    build: float = _limit(600)
    connect: float = _limit(120)
    connect_attempt: float = _limit(5)
    scripts: float = _limit(600)
    dial: float = _limit(30)
    request: float = _limit(15)
    """For one request that only reads."""
    lost_after: float = _limit(90)
    """An agent counts as lost when the platform has said disconnected for this long, and a dial fails."""
    proof: float = _limit(5)
    """For how long a dial that worked is proof of being ready."""

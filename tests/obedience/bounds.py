"""How many calls, and how much time, a world asks of whoever obeys: by what it really takes, as far as the limits let anybody wait for it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.obedience.helpers import ALL, STILL, TIMEOUTS
from tests.obedience.player import Told
from tests.obedience.truth import LOST_AFTER
from tests.obedience.worlds import SHORTEST, Build, Played

FEW = 20
"""Calls that a player may need for what it wants, beside those that waiting takes."""
PAUSE = 300.0
"""Seconds after which it is told to come back, at most, where the platform does not say another time."""
SELDOM = 30.0
"""Seconds between two calls of who waits for nothing, once something has taken long."""
UNTIL_SELDOM = 20
"""Calls until then."""
MOST_BUILDS = 6
"""To which a player is led for one wish by one process: it is made, started again, stopped, and started anew; and what its user does meanwhile."""
AWAY = TIMEOUTS.build + 2 * PAUSE
"""Seconds for which what is not answered is asked again, and a bit."""

OUTAGES = 2
"""For one wish: each call is counted by itself, and it takes more than one."""


def spent(told: Sequence[Told]) -> float:
    """Return the seconds that the player has spent on these, and on waiting between them."""
    return sum(map(_spent, told))


def most_seconds(played: Played) -> float:
    """Return how many it may have spent since somebody else changed something last."""
    return sum(_phases(played)) + len(played.plays) * (FEW * SHORTEST + PAUSE) + _without_end(played)


def most_calls(played: Played) -> float:
    """Return how many it may have made since then."""
    phases = [it for it in _phases(played) if it > 0]
    most = len(played.plays) * FEW + _without_end(played) / max(played.wait or 0.0, SHORTEST)
    if played.wait is None:
        return most + sum(1 + it / TIMEOUTS.build for it in phases)
    if played.wait == 0:
        return most + sum(UNTIL_SELDOM + it / SELDOM for it in phases)
    return most + sum(it / played.wait for it in phases)


def _without_end(played: Played) -> float:
    """Return the seconds that whatever follows upon what may go on, where that has no end: phases that begin anew each time."""
    connects = sum(
        bool(play) and play[0].tool == "connect" for play in played.plays
    )  # where no build is waited for, what goes on is known by how long it does
    return (ALL + PAUSE) * (len(played.plays) if played.quiet else connects)


def _spent(told: Told) -> float:
    return told.at - told.began + float(told.content.get("retry_after", 0))


def _phases(played: Played) -> list[float]:
    """Return how long each thing takes that a player has to wait for."""
    since, wishes = played.changed_at, len(played.plays)
    builds = [it for it in played.builds if it.until > since][: MOST_BUILDS * wishes * played.processes]
    phases = [seconds for it in builds for seconds in _of_build(it, since)]
    struck = sum(_spent(it) for it in played.told if it.began > since and (it.truth.struck or it.truth.host_failed or it.truth.planned))
    unreached = sum(_spent(it) for it in played.told if it.began > since and it.truth.unreached)
    phases += [min(struck, OUTAGES * AWAY * wishes), min(unreached, STILL * TIMEOUTS.connect * len(builds))]
    return phases


def _of_build(build: Build, since: float) -> list[float]:
    """Return what it takes, its agents and their scripts, as far as that is waited for."""
    record, life = build.record, build.life
    began = max(record.asked, since)
    queued = max(min(record.begins_at, build.until) - began, 0.0)  # a place that comes nearer is waited for without a limit
    phases = [queued, _waited(min(record.ends_at, build.until) - began - queued, TIMEOUTS.build)]
    if life is not None and life.born_at < build.until:
        phases.append(_waited(min(life.connects_at, build.until) - max(life.born_at, since), TIMEOUTS.connect))
        if life.connects_at < build.until:
            phases.append(_waited(min(life.scripts_end_at, build.until) - max(life.connects_at, since), TIMEOUTS.scripts))
        if build.troubled:
            phases.append(LOST_AFTER + STILL * TIMEOUTS.connect)
    return phases


def _waited(seconds: float, limit: float) -> float:
    """Return for how long it is waited for what takes so long: for twice its limit, and until whoever waits comes back."""
    return 0.0 if seconds <= 0 else min(seconds, STILL * limit + PAUSE)

"""How often a path may be read, so that nobody runs into the server's limit. Pure.

Coder counts the requests of a user to one path over a sliding minute, 512 by default, and says with each answer how many are left. Down to a part of
them nothing is slowed. Then each process reads no more often than would use up its share of what is left in a whole minute: less is left, less
is used, so that it never comes to an end, however many share it up to PROCESSES.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

WINDOW = 60.0
"""Seconds over which Coder counts; the longest that is waited for."""
PROCESSES = 8
"""So many may wait for the same workspace."""
PLENTY = 0.5
"""The part of the limit above which nothing is slowed."""


@attrs.frozen(kw_only=True)
class Rate:
    """What an answer says of the limit of its path."""

    limit: int
    left: int


def rate_in(headers: Mapping[str, str]) -> Rate | None:
    """Return what the headers of an answer say; None: nothing that makes sense, as without a limit."""
    limit, left = (_count(headers.get(f"x-ratelimit-{name}", "")) for name in ("limit", "remaining"))
    return None if limit is None or left is None or limit < 1 else Rate(limit=limit, left=min(left, limit))


def _count(told: str) -> int | None:
    told = told.strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None


def interval(rate: Rate | None) -> float:
    """Return the seconds that one process lets pass between two reads of a path; 0: as often as it likes."""
    if rate is None or rate.left > rate.limit * PLENTY:
        return 0.0
    return min(WINDOW * PROCESSES / max(rate.left, 1), WINDOW)

"""How long to pause before something is tried again. Pure."""

from __future__ import annotations

FLOOR = 0.1
"""Seconds between two attempts, at least."""


def back_off(attempt: int, most: float, chance: float) -> float:
    """Return the seconds before the attempt with this number, from 0: doubled each time up to `most`, with jitter by `chance` in [0, 1)."""
    return FLOOR + chance * (min(FLOOR * 2.0 ** min(attempt, 64), most) - FLOOR)

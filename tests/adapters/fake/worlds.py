"""A world that virtual time passes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatworkspace_fake import Simulation

NOTHING: Callable[[Any], Any] = lambda _clock: object()  # noqa: E731 - a store or a platform that nobody calls


def world(seed: int = 0) -> Simulation:
    """Make a world with time and chance alone."""
    return Simulation(seed, store=NOTHING, coder=NOTHING)

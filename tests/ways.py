"""What tests go over: the newest level of a server, and each older one where everything is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest

from chatworkspace_simulator._api.levels import LEVELS

NEWEST = "newest"


def exhaustive_unless(once: bool) -> tuple[pytest.MarkDecorator, ...]:  # noqa: FBT001 # the one thing that it is told
    """Return the marks of one of several ways: once says that it is the one over which tests always go."""
    return () if once else (pytest.mark.exhaustive,)


def in_turn(*axes: Iterable[object], every: int = 1) -> list[Any]:
    """Return a parameter for each combination. The last axis goes over one value for each of the others, in turn; the rest of it is exhaustive.

    every: of the combinations of the others, only each one of so many is gone over each time.
    """
    *places, ways = map(list, axes)
    return [
        pytest.param(*values, way, marks=exhaustive_unless(which % every == 0 and number == turn % len(ways)))
        for place in product(*map(enumerate, places))
        for values, which in [([value for _, value in place], sum(at * (index + 1) for index, (at, _) in enumerate(place)))]
        for turn in [sum(at for at, _ in place)]
        for number, way in enumerate(ways)
    ]


def levels(*marks: pytest.MarkDecorator, prefix: str = "") -> list[Any]:
    """Return a parameter for each level."""
    return [pytest.param(level, id=f"{prefix}{level}", marks=(*marks, *exhaustive_unless(level == NEWEST))) for level in LEVELS]

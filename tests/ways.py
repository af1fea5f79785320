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


def in_turn(*axes: Iterable[object]) -> list[Any]:
    """Return a parameter for each combination. The last axis goes over one value for each of the others, in turn; the rest of it is exhaustive."""
    *places, ways = map(list, axes)
    return [
        pytest.param(*values, way, marks=exhaustive_unless(number == sum(at for at, _ in place) % len(ways)))
        for place in product(*map(enumerate, places))
        for values in [[value for _, value in place]]
        for number, way in enumerate(ways)
    ]


def levels(*marks: pytest.MarkDecorator, prefix: str = "") -> list[Any]:
    """Return a parameter for each level."""
    return [pytest.param(level, id=f"{prefix}{level}", marks=(*marks, *exhaustive_unless(level == NEWEST))) for level in LEVELS]

"""Whatever is slow, `wait` holds: each call of a port is made slow in turn, and every public method ends in time."""

from __future__ import annotations

import pytest

from tests.patience.calls import METHODS, SITUATIONS, asked_for, slow, timed, world_of
from tests.ways import in_turn

pytestmark = pytest.mark.once

HANGING = 1000.0
"""Seconds: longer than any limit."""
PACES = {0.0: (HANGING, 1.5, 4.75, 9.5), 20.0: (HANGING, 4.75)}
"""By `wait`. Most are just within the limits of a request, so that it is answered each time, and late."""


@pytest.mark.parametrize(("name", "situation", "wait"), in_turn(METHODS, SITUATIONS, PACES, every=3))
def test_every_method_ends_in_time(name: str, situation: str, wait: float) -> None:
    """Within `wait` and what planning may take, or the request that changes something, and a quarter of a second."""
    method, late = METHODS[name], dict[str, float]()
    for call in asked_for(situation, method, wait):
        for pace in PACES[wait]:
            world = world_of(situation)
            slow(world, call, pace)
            took = timed(world, method, wait)
            if took > method.limit(wait):
                late[f"{call} takes {pace:g}"] = took
    assert late == {}, f"longer than {method.limit(wait)} s"

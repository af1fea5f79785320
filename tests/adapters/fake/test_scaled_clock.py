"""A clock that goes faster keeps the rules of a clock."""

from __future__ import annotations

import pytest

from chatworkspace import InvalidArgumentError
from chatworkspace_contracts import CLOCK_RULES, ClockWorld, Rule, run
from chatworkspace_fake import ScaledClock
from tests.hanging import not_hanging

pytestmark = pytest.mark.adapters
"""In real time, whatever the speed."""


@pytest.mark.parametrize("rule", CLOCK_RULES, ids=str)
def test_a_clock_that_goes_faster(rule: Rule[ClockWorld]) -> None:
    """At twice the speed, at which the rules' own seconds still mean something."""
    run(rule, lambda: ClockWorld(clock=ScaledClock(2)))


def test_a_minute_takes_a_second() -> None:
    """Sleeping, waiting, and the time of day."""
    clock = ScaledClock(600)
    began, day = clock.monotonic(), clock.now()
    with not_hanging():
        clock.sleep(60)
        assert not clock.signal().wait(clock.monotonic() + 60)
    assert clock.monotonic() >= began + 120
    assert (clock.now() - day).total_seconds() >= 120


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_is_none(speed: float) -> None:
    """An invalid argument."""
    with pytest.raises(InvalidArgumentError):
        ScaledClock(speed)

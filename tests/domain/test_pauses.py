"""How a store that looks again and again takes its time."""

from __future__ import annotations

from itertools import islice

import attrs
import pytest

from chatworkspace.ports import SystemClock, pauses


@attrs.define
class _Chance(SystemClock):
    """A clock whose chance is always the same."""

    chance: float

    def random(self) -> float:
        return self.chance


@pytest.mark.parametrize(("chance", "part"), [(0.0, 0.5), (0.5, 0.75), (0.999_999, 1.0)])
def test_pauses_become_longer_up_to_the_longest(chance: float, part: float) -> None:
    """Twice as long each time, so that what takes long is seldom looked at. Chance takes a half at most: who looks all the time is in the way."""
    told = list(islice(pauses(_Chance(chance), first=0.5, longest=4.0), 100))
    assert told == pytest.approx([0.5 * part, 1.0 * part, 2.0 * part, *[4.0 * part] * 97], rel=1e-5)


def test_pauses_of_two_are_not_the_same() -> None:
    """Those who began together do not look together for ever."""
    assert list(islice(pauses(SystemClock(), first=0.5, longest=4.0), 9)) != list(islice(pauses(SystemClock(), first=0.5, longest=4.0), 9))

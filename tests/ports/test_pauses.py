"""How a store that looks again and again takes its time."""

from __future__ import annotations

from itertools import islice, pairwise

import attrs

from chatworkspace.ports import SystemClock, pauses


@attrs.define
class _Chance(SystemClock):
    """A clock whose chance is always the same."""

    chance: float

    def random(self) -> float:
        return self.chance


def test_pauses_are_never_shorter_than_the_first() -> None:
    """Whatever chance says: who looks all the time keeps others from their work."""
    assert list(islice(pauses(_Chance(0.0), first=0.5, longest=4.0), 5)) == [0.5] * 5


def test_pauses_become_longer_up_to_the_longest() -> None:
    """Twice as long each time at most, so that what takes long is seldom looked at."""
    told = list(islice(pauses(_Chance(0.999_999), first=0.5, longest=4.0), 100))
    assert [round(it, 3) for it in told[:5]] == [0.5, 1.0, 2.0, 4.0, 4.0]
    assert all(before <= after <= 4.0 for before, after in pairwise(told))


def test_pauses_of_two_are_not_the_same() -> None:
    """Those who began together do not look together for ever."""
    assert list(islice(pauses(SystemClock(), first=0.5, longest=4.0), 9)) != list(islice(pauses(SystemClock(), first=0.5, longest=4.0), 9))

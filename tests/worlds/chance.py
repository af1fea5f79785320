"""What a world draws from its seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """What a world draws from its seed, by the two methods of Random that give the same on every interpreter."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def below(self, number: int) -> int:
        """Return a number from 0 on, below that."""
        return int(self._random.random() * number)

    def happens(self, likelihood: float) -> bool:
        """Tell whether it does."""
        return self._random.random() < likelihood

    def share(self) -> float:
        """Return a share of one."""
        return self._random.random()

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of them."""
        return choices[self.below(len(choices))]

    def name(self) -> str:
        """Return a name."""
        return f"{self._random.getrandbits(40):010x}"

"""How many calls may wait at a time."""

from __future__ import annotations


class Places:
    """The places of those who wait. Needs no lock: each is taken and given back by one operation of a list."""

    def __init__(self, number: int | None = None) -> None:
        """Make so many; None: one for everybody."""
        self.limited = number is not None
        self._free = [None] * (number or 0)

    def take(self) -> bool:
        """Take one; False: there is none."""
        try:
            return not self.limited or self._free.pop() is None
        except IndexError:
            return False

    def give_back(self) -> None:
        """Give back one that was taken."""
        if self.limited:
            self._free.append(None)

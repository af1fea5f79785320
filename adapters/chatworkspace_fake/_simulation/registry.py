"""The simulations of the test that is running. Imports nothing of the library, so that the pytest plugin can look here at no cost."""

from __future__ import annotations

from typing import Protocol


class Recorded(Protocol):
    """A simulation, as far as the plugin has to do with it."""

    seed: int

    @property
    def trace(self) -> str:
        """The story so far, one line per step."""
        ...

    def verify(self) -> None:
        """Raise AssertionError naming what was armed and never struck."""
        ...


class Registry:
    """What the pytest plugin watches over. Empty and shut (None) unless a test is running under the plugin."""

    __slots__ = ("simulations",)

    def __init__(self) -> None:
        self.simulations: list[Recorded] | None = None

    def record(self, simulation: Recorded) -> None:
        """Remember the simulation until the test ends or it has been verified."""
        if self.simulations is not None:
            self.simulations.append(simulation)

    def let_go(self, simulation: Recorded) -> None:
        """Forget a simulation, so that a test of many thousand worlds does not keep them all."""
        if self.simulations is not None and simulation in self.simulations:
            self.simulations.remove(simulation)


registry = Registry()

"""The simulations of the test that is running. Imports nothing, so that the pytest plugin can look here at no cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatworkspace_fake.simulation import Simulation


class Registry:
    """What the pytest plugin watches over. Empty and shut (None) unless a test is running under the plugin."""

    __slots__ = ("simulations",)

    def __init__(self) -> None:
        self.simulations: list[Simulation] | None = None

    def record(self, simulation: Simulation) -> None:
        """Remember the simulation until the test ends or it has been verified."""
        if self.simulations is not None:
            self.simulations.append(simulation)

    def let_go(self, simulation: Simulation) -> None:
        """Forget a simulation, so that a test of many thousand worlds does not keep them all."""
        if self.simulations is not None and simulation in self.simulations:
            self.simulations.remove(simulation)


registry = Registry()

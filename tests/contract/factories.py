"""Fresh stores, platforms and clocks for the suites: one factory for each adapter, and for each kind of time that it can run in."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from chatworkspace.ports import Clock, Store, SystemClock
from chatworkspace_fake import Simulation
from tests.contract.clock import ClockFactory, ClockWorld
from tests.contract.store import StoreFactory, StoreWorld
from tests.contract.threads import RealThreads, VirtualThreads

MakeStore = Callable[[Clock], Store]


# ------------------------------------------------------------------ clocks


def system_clocks() -> ClockFactory:
    """Return a factory of the system's clock."""
    return lambda: ClockWorld(clock=SystemClock(), threads=RealThreads())


def simulations() -> ClockFactory:
    """Return a factory of simulations, as clocks."""
    seeds = count()

    def factory() -> ClockWorld:
        simulation = Simulation(next(seeds))
        return ClockWorld(clock=simulation, threads=VirtualThreads(simulation))

    return factory


def clocks_of_processes() -> ClockFactory:
    """Return a factory of the clocks of a simulation's processes."""
    seeds = count()

    def factory() -> ClockWorld:
        simulation = Simulation(next(seeds))
        return ClockWorld(clock=simulation.process().clock, threads=VirtualThreads(simulation))

    return factory


# ------------------------------------------------------------------ stores


def stores_in_real_time(make: MakeStore) -> StoreFactory:
    """Return a factory of stores on the system's clock, for real threads."""

    def factory() -> StoreWorld:
        clock = SystemClock()
        return StoreWorld(store=make(clock), clock=clock, threads=RealThreads())

    return factory


def stores_in_virtual_time(make: MakeStore) -> StoreFactory:
    """Return a factory of stores in simulations, as one of their processes reaches them: every call is a place where another thread may go on."""
    seeds = count()

    def factory() -> StoreWorld:
        simulation = Simulation(next(seeds), store=make)
        process = simulation.process()
        return StoreWorld(store=process.store, clock=process.clock, threads=VirtualThreads(simulation))

    return factory

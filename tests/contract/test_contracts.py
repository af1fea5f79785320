"""Every adapter of this repository keeps the contract of its port."""

from __future__ import annotations

import pytest

from chatworkspace_fake import FakeStore, MemoryStore
from tests.contract.clock import ClockContract, ClockFactory
from tests.contract.factories import clocks_of_processes, simulations, stores_in_real_time, stores_in_virtual_time, system_clocks
from tests.contract.store import StoreContract, StoreFactory

# ------------------------------------------------------------------ stores


class TestMemoryStore(StoreContract):
    """The store of one process, under real threads."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_real_time(MemoryStore)


class TestMemoryStoreInVirtualTime(StoreContract):
    """The same in a simulation."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_virtual_time(MemoryStore)


class TestFakeStore(StoreContract):
    """The store of tests, without a fault, under real threads."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_real_time(FakeStore)


class TestFakeStoreInVirtualTime(StoreContract):
    """The same in a simulation."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_virtual_time(FakeStore)


# ------------------------------------------------------------------ clocks


class TestSystemClock(ClockContract):
    """Real time."""

    @pytest.fixture
    def clock_factory(self) -> ClockFactory:
        """Give clocks."""
        return system_clocks()


class TestSimulation(ClockContract):
    """Virtual time, as a test sees it."""

    @pytest.fixture
    def clock_factory(self) -> ClockFactory:
        """Give clocks."""
        return simulations()


class TestClockOfAProcess(ClockContract):
    """Virtual time, as a simulated process sees it."""

    @pytest.fixture
    def clock_factory(self) -> ClockFactory:
        """Give clocks."""
        return clocks_of_processes()

"""Every adapter of this repository keeps the contract of its port."""

from __future__ import annotations

import pytest

from chatworkspace.ports import Clock
from chatworkspace_fake import FakeCoder, FakeStore, MemoryStore
from tests.contract.clock import ClockContract, ClockFactory
from tests.contract.creator import CreatorFactory, WatchContract, WorkspaceCreatorContract
from tests.contract.dialer import AgentDialerContract, DialerFactory
from tests.contract.factories import (
    clocks_of_processes,
    creators_in_real_time,
    creators_in_virtual_time,
    dialers_in_real_time,
    dialers_in_virtual_time,
    simulations,
    stores_in_real_time,
    stores_in_virtual_time,
    system_clocks,
)
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


# ------------------------------------------------------------------ platforms


def coder_without_watches(clock: Clock) -> FakeCoder:
    return FakeCoder(clock, watching=False)


class TestFakeCoder(WorkspaceCreatorContract, WatchContract):
    """The platform of tests, which can be watched, under real threads."""

    @pytest.fixture
    def creator_factory(self) -> CreatorFactory:
        """Give fresh platforms."""
        return creators_in_real_time(FakeCoder)


class TestFakeCoderInVirtualTime(WorkspaceCreatorContract, WatchContract):
    """The same in a simulation."""

    @pytest.fixture
    def creator_factory(self) -> CreatorFactory:
        """Give fresh platforms."""
        return creators_in_virtual_time(FakeCoder)


class TestFakeCoderWithoutWatches(WorkspaceCreatorContract):
    """The same, as one that has to be polled."""

    @pytest.fixture
    def creator_factory(self) -> CreatorFactory:
        """Give fresh platforms."""
        return creators_in_virtual_time(coder_without_watches)

    def test_it_has_no_watch(self, creator_factory: CreatorFactory) -> None:
        """None: the core polls."""
        world = creator_factory()
        assert world.creator.watch(world.make(), deadline=world.deadline) is None


class TestDialer(AgentDialerContract):
    """The agents of the platform of tests, under real threads."""

    @pytest.fixture
    def dialer_factory(self) -> DialerFactory:
        """Give fresh platforms."""
        return dialers_in_real_time(FakeCoder)


class TestDialerInVirtualTime(AgentDialerContract):
    """The same in a simulation."""

    @pytest.fixture
    def dialer_factory(self) -> DialerFactory:
        """Give fresh platforms."""
        return dialers_in_virtual_time(FakeCoder)

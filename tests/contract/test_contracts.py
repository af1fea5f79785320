"""Every adapter of this repository keeps the contract of its port."""

from __future__ import annotations

import pytest

from chatworkspace_fake import FakeStore, MemoryStore
from tests.contract.factories import stores_in_real_time, stores_in_virtual_time
from tests.contract.store import StoreContract, StoreFactory


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

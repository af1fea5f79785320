"""A simulator, and a client of its owner."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from chatworkspace_fake import FakeCoder
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import ANA, BEN, Client


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    """One of the newest level; leaving it leaves nothing behind, whatever the test did."""
    before = set(threading.enumerate())
    with CoderSimulator(FakeCoder(), tokens={"ana": ANA, "ben": BEN}) as running:
        yield running
    assert set(threading.enumerate()) <= before


@pytest.fixture
def client(simulator: CoderSimulator) -> Client:
    return Client(simulator)
